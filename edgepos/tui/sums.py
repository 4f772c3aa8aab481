"""A day's sums from its payments: by terminal, person, card scheme and hour. The agent's closing is the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edgepos.tui.view import Document

BLOCK = "█"
"""The chart is drawn with it: a console's font has it, and none of the part blocks."""


@dataclass
class Sum:
    """What was taken and given back, in minor units."""

    count: int = 0
    minor: int = 0
    back_count: int = 0
    back_minor: int = 0
    tip_minor: int = 0

    def add(self, payment: Document) -> None:
        moved = moved_minor(payment)
        if payment["kind"] == "purchase":
            self.count += 1
            self.minor += moved
            self.tip_minor += int(payment["tip_minor"] or 0)
        else:
            self.back_count += 1
            self.back_minor += moved


@dataclass
class Sums:
    total: Sum = field(default_factory=Sum)
    by_terminal: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_operator: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_scheme: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_hour: dict[int, Sum] = field(default_factory=lambda: defaultdict(Sum))


def moved_minor(payment: Document) -> int:
    """What really moved: approved, or vouched for by a person."""
    state = payment["state"]
    if state == "approved" or (state == "settled_by_hand" and payment["settled_outcome"] == "taken"):
        return int(payment["approved_minor"] or 0)
    return 0


def sums_of(payments: Iterable[Document], hour_of: Callable[[str], int | None]) -> Sums:
    """*hour_of* gives the clinic's hour of a point in time."""
    sums = Sums()
    for payment in payments:
        if not moved_minor(payment):
            continue
        groups: list[Sum] = [
            sums.total,
            sums.by_terminal[str(payment["terminal"])],
            sums.by_operator[str(payment["operator"])],
            sums.by_scheme[str(payment.get("card_scheme") or "")],
        ]
        if (hour := hour_of(str(payment["created_at"]))) is not None:
            groups.append(sums.by_hour[hour])
        for group in groups:
            group.add(payment)
    return sums


def bars(by_hour: Mapping[int, Sum], width: int) -> Sequence[tuple[int, str, Sum]]:
    """Hour, bar, sum for each hour from the first to the last in which something was paid. *width*: the longest bar."""
    paid = {hour: one for hour, one in by_hour.items() if one.count}
    if not paid:
        return ()
    most = max(one.minor for one in paid.values())
    empty = Sum()
    return [
        (hour, BLOCK * (max(1, one.minor * width // most) if one.minor else 0), one)
        for hour in range(min(paid), max(paid) + 1)
        for one in (paid.get(hour, empty),)
    ]
