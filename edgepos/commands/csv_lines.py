"""CSV as every program reads it: RFC 4180, and no cell that a spreadsheet would run as a formula.

Text is escaped here, numbers are not: what begins with = + - @ or a tab, return or line feed came from a person or a
terminal and gets an apostrophe before it; a negative amount is ours.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""


def lines(names: Sequence[str], rows: Iterable[Sequence[object]], *, decimal: str = ".") -> str:
    """*rows* under a line of *names*; nothing where there is no value. Decimals are written with the sign *decimal*."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(value, decimal) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: object, decimal: str) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", decimal)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) or value is None:
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
