"""The bench's bookkeeping: every row that can be named can be loaded, ratios are the rounds' own, the page is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.__main__ import BEGIN, END, MEASURES, load, write
from bench.measure import by_turns, compared, limited, p99

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


@pytest.mark.parametrize("name", MEASURES)
def test_each_row_has_its_measure_and_its_explanation(name: str) -> None:
    assert load(name).__doc__
    assert f"(`{name}`)" in PAGE.read_text(encoding="utf-8")


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    row = compared("a", "b", [10.0, 20.0, 90.0], [10.0, 10.0, 30.0], "ms", at_most=2)
    assert row.ratio is not None
    assert (row.ratio.median, row.ratio.low, row.ratio.high, row.is_reached) == (2.0, 1.0, 3.0, True)
    assert compared("a", "b", [1.0], [2.0], "1/s", at_least=0.6).is_reached is False


def test_a_second_mark_is_missed_on_its_own() -> None:
    assert compared("a", "b", [1.0], [1.0], "ms", at_most=2, limit=("p99", 9.0, 5.0)).is_reached is False
    assert p99([1.0] * 99 + [7.0]) == 7.0


def test_who_begins_changes_with_each_round() -> None:
    order: list[str] = []
    by_turns(2, lambda: order.append("ours"), lambda: order.append("peer"))
    assert order == ["ours", "peer", "peer", "ours"]


def test_a_page_keeps_all_but_the_last_runs_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before {BEGIN} old {END} after")
    write(page, [limited("memory", [40.0], "MiB", 60)], {"load": 0.1})
    text = page.read_text()
    assert text.startswith(f"before {BEGIN}")
    assert text.endswith(f"{END} after")
    assert "old" not in text
    assert "| memory | 40 MiB (40 to 40) |" in text
    assert text.count("reached") == 1
