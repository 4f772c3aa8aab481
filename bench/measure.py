"""Figures and the table of them: rounds of ours and of the peer by turns, so that a noisy moment meets both.

A row's ratio is the median of the rounds' own ratios, and its range their lowest and highest: what else the machine
does at that moment slows both sides of one round alike.
"""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

PERCENTILE = 0.99
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured quantity: the median of its rounds, and their range."""

    median: float
    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        return f"{_short(self.median)} {self.unit} ({_short(self.low)} to {_short(self.high)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. *ratio* is ours to the peer's, in the direction that *reach* speaks of."""

    what: str
    against: str
    ours: Figure
    peer: Figure | None = None
    ratio: Figure | None = None
    reach: str = ""
    is_reached: bool | None = None
    note: str = ""


def figure(values: Sequence[float], unit: str) -> Figure:
    return Figure(median=statistics.median(values), low=min(values), high=max(values), unit=unit)


def p99(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * PERCENTILE))]


def compared(
    what: str, against: str, ours: Sequence[float], peers: Sequence[float], unit: str, *,
    at_most: float | None = None, at_least: float | None = None, limit: tuple[str, float, float] | None = None,
    note: str = "",
) -> Row:  # fmt: skip
    """A row whose mark is a ratio; *limit* (name, value, most) is a second mark on a value of its own."""
    ratio = figure([one / other for one, other in zip(ours, peers, strict=True)], "times")
    reached = (at_most is None or ratio.median <= at_most) and (at_least is None or ratio.median >= at_least)
    reach = f"≤ {at_most:g} times" if at_most is not None else f"≥ {at_least:g} times" if at_least is not None else ""
    if limit is not None:
        name, value, most = limit
        reached = reached and value <= most
        reach = ", ".join(filter(None, (reach, f"{name} ≤ {most:g} {unit}")))
        note = ", ".join(filter(None, (f"{name} {_short(value)} {unit}", note)))
    return Row(
        what=what, against=against, ours=figure(ours, unit), peer=figure(peers, unit), ratio=ratio, reach=reach,
        is_reached=reached, note=note,
    )  # fmt: skip


def limited(what: str, values: Sequence[float], unit: str, at_most: float, *, against: str = "", note: str = "") -> Row:
    """A row whose mark is a value: the median of its rounds."""
    ours = figure(values, unit)
    return Row(
        what=what, against=against, ours=ours, reach=f"≤ {at_most:g} {unit}", is_reached=ours.median <= at_most,
        note=note,
    )  # fmt: skip


def by_turns(rounds: int, *sides: Callable[[], Value]) -> list[list[Value]]:
    """The values of each side, round by round; who begins changes with each round."""
    values: list[list[Value]] = [[] for _ in sides]
    order = list(range(len(sides)))
    for _ in range(rounds):
        for side in order:
            values[side].append(sides[side]())
        order.reverse()
    return values


async def by_turns_async(rounds: int, *sides: Callable[[], Awaitable[float]]) -> list[list[float]]:
    """The same for sides that have to be awaited."""
    values: list[list[float]] = [[] for _ in sides]
    order = list(range(len(sides)))
    for _ in range(rounds):
        for side in order:
            values[side].append(await sides[side]())
        order.reverse()
    return values


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    lines = []
    for row in rows:
        mark = {True: "reached", False: "MISSED", None: ""}[row.is_reached]
        lines.append(f"{row.what}")
        lines.append(f"    edgepos  {row.ours}")
        if row.peer is not None:
            lines.append(f"    peer     {row.peer}  {row.against}")
        if row.ratio is not None:
            lines.append(f"    ratio    {row.ratio}")
        if row.reach:
            lines.append(f"    mark     {row.reach}  {mark}")
        if row.note:
            lines.append(f"    note     {row.note}")
    return "\n".join(lines)


def markdown(rows: Sequence[Row]) -> str:
    """The rows for a page."""
    lines = ["| what | edgepos | against | ratio | mark | |", "|---|---|---|---|---|---|"]
    for row in rows:
        against = f"{row.against}: {row.peer}" if row.peer is not None else row.against
        reached = {True: "reached", False: "**missed**", None: ""}[row.is_reached]
        told = "; ".join(filter(None, (reached, row.note)))
        lines.append(f"| {row.what} | {row.ours} | {against} | {row.ratio or ''} | {row.reach} | {told} |")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
