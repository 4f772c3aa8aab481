"""What the sender keeps in mind of the outbox between two tries: lanes, doubts, tries. Values and rules, no I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from edgepos.journal import OutboxRow, OutboxState

SECOND_LOOK_S = 60.0
"""From the first look in vain after a lost answer to the second (protocols/provet.md §11.4)."""


class MoneyBack(StrEnum):
    """How the tenant wants refunds and reversals in its books."""

    NEGATIVE = "negative"
    """A payment with a negative amount."""
    CANCEL = "cancel"
    """A whole payment that is taken back is cancelled; anything less is a negative payment."""
    BY_HAND = "by_hand"
    """Neither is taken: staff make the credit note, edgepos parks the row and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRules:
    """What the tenant allows, and how hard the sender tries."""

    allows_overpayment: bool = False
    money_back: MoneyBack = MoneyBack.NEGATIVE
    writes_extras: bool = False
    """Whether each booking gets our reference, terminal and the journal's head as its extras too."""
    lanes: int = 20
    """How many invoices are worked on side by side."""
    retry_first_s: float = 5.0
    retry_most_s: float = 300.0
    """The ceiling of the back-off: so late at most is the end of an outage noticed, if nothing else tells of it."""


DEFAULT_RULES = SyncRules()


@dataclass(frozen=True, slots=True)
class Tried:
    """Tries since the start, and why the last one did not end it."""

    count: int = 0
    cause: str | None = None


@dataclass(slots=True)
class Doubt:
    """A row that may have been posted without an answer: when it may be looked for, and when it may be posted again.

    A slow request may still be carried out for a while. So the first look that counts comes 2 time-outs after the loss,
    the second SECOND_LOOK_S after the first; only if both find nothing was it never carried out.
    """

    since: float
    may_look_at_once: bool = False
    """The service did answer: looking early may already find it. Not finding it proves nothing yet."""
    first_vain_look: float | None = None

    def look_at(self, timeout_s: float) -> float:
        """When the next look is of use."""
        if self.may_look_at_once:
            return self.since
        return self._first_at(timeout_s) if self.first_vain_look is None else self.first_vain_look + SECOND_LOOK_S

    def looked(self, now: float, timeout_s: float) -> bool:
        """A look has found nothing. True if that settles it: it was never carried out."""
        self.may_look_at_once = False
        if now < self._first_at(timeout_s):
            return False
        if self.first_vain_look is None:
            self.first_vain_look = now
            return False
        return now >= self.first_vain_look + SECOND_LOOK_S

    def _first_at(self, timeout_s: float) -> float:
        return self.since + 2 * timeout_s


@dataclass(slots=True)
class Lane:
    """An invoice and its rows that may go, in their order. Work on it happens under its lock only."""

    invoice: str
    rows: deque[OutboxRow] = field(default_factory=deque)
    failures: int = 0
    retry_at: float = 0.0
    """Back-off after a temporary failure."""
    when: float = math.inf
    """Its turn: the later of back-off and doubt."""
    is_stale: bool = False
    """The journal has news of it that came while it was worked on."""


def lanes_of(rows: Iterable[OutboxRow]) -> dict[str, list[OutboxRow]]:
    """Queued rows by invoice, without those that wait for another row."""
    lanes: dict[str, list[OutboxRow]] = {}
    for row in rows:
        if row.waits_for is None:
            lanes.setdefault(row.invoice, []).append(row)
    return lanes


def denied(row: OutboxRow) -> list[str]:
    """Payments that a person says are not this one: by releasing a row that was parked for them."""
    before = row.change.get("not_these")
    is_for_them = row.state is OutboxState.PARKED and row.cause == "booked-by-hand"
    seen = row.facts.get("practice_payments") if is_for_them else None
    return [str(one) for known in (before, seen) if isinstance(known, list | tuple) for one in known]
