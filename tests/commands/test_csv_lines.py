"""CSV that every program reads, and that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from edgepos.commands.csv_lines import lines


def test_lines_end_as_the_standard_says_and_quotes_are_doubled() -> None:
    made = lines(("a", "b"), [('say "hi", then\ngo', 7)])
    assert made == 'a,b\r\n"say ""hi"", then\ngo",7\r\n'
    assert list(csv.reader(io.StringIO(made, newline="")))[1] == ['say "hi", then\ngo', "7"]


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_what_a_spreadsheet_would_run_is_text(evil: str) -> None:
    [_, row] = csv.reader(io.StringIO(lines(("text",), [(evil,)]), newline=""))
    assert row == [f"'{evil}"]


def test_our_own_numbers_stay_numbers() -> None:
    made = lines(("a", "b", "c", "d"), [(-5, Decimal("-12.50"), None, True)])
    assert made.splitlines()[1] == "-5,-12.50,,yes"
    assert lines(("b",), [(Decimal("-12.50"),)], decimal=",").splitlines()[1] == '"-12,50"'
