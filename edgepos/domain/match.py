"""The match: for one terminal and one of its periods, what the terminal, the journal and the practice system hold.

Over periods, not dates: a terminal that closes its own day at midnight ends a period there. Nothing is guessed: what
cannot be told from the sums is named `unexplained`. Amounts are minor units; money back counts negative.

    terminal   the closing report's total, tips and surcharges included; None without a readable report
    journal    what moved as far as proven or vouched for, tips and surcharges included
    practice   the bookings of these operations, by our reference or named by a person

A period is green (`agree`) only if the terminal's total and the practice system's bookings are there, nothing is left
unexplained, and no difference needs a person. Harmless, and listed while green: a tip and a surcharge (the practice
system books the invoice's share alone), a part approval (the rest of the invoice is still due), a late approval whose
finding was handled, and, where the terminal's total confirms them, what was settled by hand and a void whose payment
was in another period. A void by the bank alone, which no terminal's total has, is harmless once its finding was
handled. Between journal and practice system nothing can stay unexplained: each row is looked up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations

from edgepos.domain.booking import row_in
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.operation import Kind, Operation, Origin, State
from edgepos.domain.slip import SlipTotals

MAYBES = 12
"""Above this many doubtful amounts no combination is tried: any rest could be made of them."""


class Cause(StrEnum):
    """Why two sides differ, or may."""

    NOT_SYNCED = "not-synced"
    PARKED = "parked"
    STAND_ALONE_SALE = "stand-alone-sale"
    BOOKED_BY_HAND = "booked-by-hand"
    CHANGED_IN_PRACTICE = "changed-in-practice"
    NOT_ASSIGNED = "not-assigned"
    """Taken without an invoice, and none given to it since."""
    TIP = "tip"
    SURCHARGE = "surcharge"
    PART_APPROVAL = "part-approval"
    UNKNOWN = "unknown"
    SETTLED_BY_HAND = "settled-by-hand"
    REVERSAL_ACROSS_SESSIONS = "reversal-across-sessions"
    LATE_APPROVAL = "late-approval"
    TERMINAL_SWAPPED = "terminal-swapped"
    NOT_CLOSED = "not-closed"
    SLIP_MISSING = "slip-missing"
    SLIP_UNREADABLE = "slip-unreadable"
    CURRENCY = "currency"
    BEFORE_THIS_JOURNAL = "before-this-journal"
    PRACTICE_AWAY = "practice-away"
    WITHOUT_REFERENCE = "without-reference"
    """A card payment in the practice system that carries no reference of ours: listed, not guessed at."""
    UNEXPLAINED = "unexplained"


MEND: Mapping[Cause, str] = {
    Cause.NOT_SYNCED: "Nothing: it is booked as soon as the practice system is reached. To try now: edgepos sync now",
    Cause.PARKED: "Do what the outbox says of this booking, then: edgepos sync retry",
    Cause.STAND_ALONE_SALE: "Find the slip, then give the payment its invoice, or record it: edgepos record",
    Cause.BOOKED_BY_HAND: "If that booking is this payment: edgepos sync adopt. Else cancel one of the two there.",
    Cause.CHANGED_IN_PRACTICE: "Look at the booking in the practice system: it was changed or cancelled there.",
    Cause.NOT_ASSIGNED: "Give the payment its invoice: edgepos assign",
    Cause.TIP: "Nothing: a tip is not part of the invoice.",
    Cause.SURCHARGE: "Nothing: a surcharge is not part of the invoice.",
    Cause.PART_APPROVAL: "Nothing: the rest of the invoice can be paid as usual.",
    Cause.UNKNOWN: "Look for the payment in the terminal's own list, then: edgepos settle",
    Cause.SETTLED_BY_HAND: "Compare the slip with what was settled; correct it with: edgepos record",
    Cause.REVERSAL_ACROSS_SESSIONS: "Compare both closing reports: the void stands in a later one than its payment.",
    Cause.LATE_APPROVAL: "Look at the payment: it was approved after it had been told as not paid.",
    Cause.TERMINAL_SWAPPED: "Find the old terminal's last report and enter its total: edgepos reconcile --total",
    Cause.NOT_CLOSED: "Close the terminal's period: edgepos reconcile",
    Cause.SLIP_MISSING: "Print the terminal's copy of its report and enter its total: edgepos reconcile --total",
    Cause.SLIP_UNREADABLE: "Read the report as it is kept and enter its total: edgepos reconcile --total",
    Cause.CURRENCY: "The terminal and the settings have different currencies: ask Nets, or mend the settings.",
    Cause.BEFORE_THIS_JOURNAL: "These payments are older than this journal: find their slips and record them.",
    Cause.PRACTICE_AWAY: "Nothing now: match again when the practice system can be reached.",
    Cause.WITHOUT_REFERENCE: "If it is a payment of this list: edgepos sync adopt. Else nothing.",
    Cause.UNEXPLAINED: "Compare the terminal's list of payments with the history of this period, line by line.",
}
"""What to do, in English; translated where it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line of the match. *minor* is None where an amount cannot be told; 0 where it only has to be seen."""

    cause: Cause
    minor: int | None
    ids: tuple[str, ...]
    is_harmless: bool = False

    @property
    def mend(self) -> str:
        return MEND[self.cause]


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalMatch:
    """One terminal's period, its three sums, and why they differ."""

    terminal: str
    period: int
    session: str
    terminal_minor: int | None
    journal_minor: int
    practice_minor: int | None
    differences: tuple[Difference, ...]

    @property
    def agree(self) -> bool:
        return (
            self.terminal_minor is not None
            and self.practice_minor is not None
            and all(difference.is_harmless for difference in self.differences)
        )


class Ended(StrEnum):
    """How a period ended."""

    OPEN = "open"
    ASKED = "asked"
    TERMINAL = "terminal"
    SWAP = "swap"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSide:
    """A period as the terminal tells it. *totals* is None without a report, or with one that was *unread*."""

    terminal: str
    period: int
    session: str
    ended: Ended
    currency: str
    """The clinic's."""
    totals: SlipTotals | None = None
    is_unread: bool = False
    is_before_journal: bool = False
    """The period in which this journal began on a terminal in use: the terminal may hold more than we know."""
    foreign_sales: tuple[tuple[str, int], ...] = ()
    """Results at this terminal that fit nothing of ours: finding and amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One booking that the practice system should have. *adopted*: the id of the booking that a person named."""

    row: str
    invoice: str
    amount_minor: int
    state: str = "acknowledged"
    adopted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSide:
    """A period as the journal has it."""

    operations: Sequence[Operation]
    rows: Mapping[str, Sequence[Row]]
    """Of each operation."""
    period_of: Mapping[str, int | None] = field(default_factory=dict)
    """Periods of operations that these name in `corrects`."""
    unseen: Collection[str] = ()
    """Operations with a finding that nobody has handled."""


class Bookings:
    """The practice system's card payments, found by our reference, by id, and those without reference by amount.

    A payment without reference is used up by the first row that it may stand for; what is left is `left`.
    """

    def __init__(self, payments: Sequence[PracticePayment]) -> None:
        self._by_row: dict[str, list[PracticePayment]] = defaultdict(list)
        self._by_id: dict[str, PracticePayment] = {}
        self._without: dict[str, PracticePayment] = {}
        self._alike: dict[tuple[str, int | None], list[str]] = defaultdict(list)
        for payment in payments:
            if payment.is_cancelled:
                continue
            self._by_id[payment.id] = payment
            if row := row_in(payment.info):
                self._by_row[row].append(payment)
            elif payment.is_card:
                self._without[payment.id] = payment
                self._alike[payment.invoice, payment.amount_minor].append(payment.id)

    def of(self, row: Row) -> list[PracticePayment]:
        """What the practice system holds for *row*: by reference, or the one that a person named."""
        found = list(self._by_row.get(row.row, ()))
        if row.adopted and (named := self._by_id.get(row.adopted)):
            self._without.pop(row.adopted, None)
            if named not in found:
                found.append(named)
        return found

    def has(self, row: str) -> bool:
        """Whether a booking carries the reference of *row*."""
        return row in self._by_row

    def by_hand(self, row: Row) -> PracticePayment | None:
        """A payment without reference of the row's invoice and amount, given out once."""
        alike = self._alike.get((row.invoice, row.amount_minor), [])
        while alike:
            if payment := self._without.pop(alike.pop(0), None):
                return payment
        return None

    @property
    def left(self) -> tuple[PracticePayment, ...]:
        return tuple(self._without.values())


def match_period(terminal: TerminalSide, journal: JournalSide, bookings: Bookings | None) -> TerminalMatch:
    """The three sides of one period. *bookings* is None while the practice system cannot be asked."""
    superseded = _superseded(journal.operations)
    counted = [operation for operation in journal.operations if operation.id not in superseded]
    journal_minor = journal_total(journal.operations)
    terminal_minor, differences = _terminal_total(terminal)
    gap = None if terminal_minor is None else terminal_minor - journal_minor
    differences += _at_terminal(terminal, journal, counted, gap)
    differences += _to_be_seen(journal, counted)
    practice_minor = None
    if bookings is None:
        differences.append(Difference(cause=Cause.PRACTICE_AWAY, minor=None, ids=()))
    else:
        practice_minor, at_practice = _at_practice(journal, counted, superseded, bookings)
        differences += at_practice
    return TerminalMatch(
        terminal=terminal.terminal,
        period=terminal.period,
        session=terminal.session,
        terminal_minor=terminal_minor,
        journal_minor=journal_minor,
        practice_minor=practice_minor,
        differences=tuple(differences),
    )


def journal_total(operations: Sequence[Operation]) -> int:
    """What moved by *operations*, as the terminal should count it."""
    superseded = _superseded(operations)
    return sum(_gross(operation) for operation in operations if operation.id not in superseded)


def _sign(operation: Operation) -> int:
    return 1 if operation.kind is Kind.PURCHASE else -1


def _extra(operation: Operation) -> tuple[int, int]:
    """Tip and surcharge that moved."""
    return (operation.tip_minor, operation.surcharge_minor) if operation.state is State.APPROVED else (0, 0)


def _gross(operation: Operation) -> int:
    """What moved at the terminal, with tip and surcharge."""
    return _sign(operation) * (operation.moved_minor + sum(_extra(operation)))


def _superseded(operations: Sequence[Operation]) -> dict[str, str]:
    """Settled as taken, and later found in the terminal's own record: that one counts. Settled id to found id."""
    settled = {operation.id: operation for operation in operations if operation.state is State.SETTLED_BY_HAND}
    return {
        found.corrects: found.id
        for found in operations
        if found.origin is Origin.FOUND and found.corrects in settled and found.kind is settled[found.corrects].kind
    }


def _terminal_total(terminal: TerminalSide) -> tuple[int | None, list[Difference]]:
    totals = terminal.totals
    if totals is not None and totals.currency == terminal.currency:
        return totals.amount_minor, []
    if totals is not None:
        cause = Cause.CURRENCY
    elif terminal.is_unread:
        cause = Cause.SLIP_UNREADABLE
    else:
        missing = {Ended.OPEN: Cause.NOT_CLOSED, Ended.SWAP: Cause.TERMINAL_SWAPPED}
        cause = missing.get(terminal.ended, Cause.SLIP_MISSING)
    return None, [Difference(cause=cause, minor=None, ids=(f"{terminal.terminal}/{terminal.period}",))]


# --- terminal and journal


def _at_terminal(
    terminal: TerminalSide, journal: JournalSide, counted: Sequence[Operation], gap: int | None
) -> list[Difference]:
    """What may stand between terminal and journal; *gap* is their difference, None without the terminal's total.

    A doubtful amount is taken to be in the terminal's total where exactly one combination of the fewest makes the gap.
    """
    doubtful = _doubtful(journal, counted)
    foreign = [Difference(cause=Cause.STAND_ALONE_SALE, minor=minor, ids=(id,)) for id, minor in terminal.foreign_sales]
    if gap is None:
        return [Difference(cause=line.cause, minor=None, ids=line.ids) for line in [*doubtful, *foreign]]
    taken_back = {one.id for one in counted if one.origin is Origin.FOUND and _is_across(one, journal)}
    chosen = _combination([*doubtful, *foreign], gap)
    rest = gap - sum(line.minor or 0 for line in chosen)
    lines = []
    for line in doubtful:
        is_in = line in chosen
        is_seen = line.ids[0] in taken_back and not any(id in journal.unseen for id in line.ids)
        is_harmless = rest == 0 and line.cause is not Cause.UNKNOWN and (not is_in or is_seen)
        lines.append(
            Difference(cause=line.cause, minor=line.minor if is_in else 0, ids=line.ids, is_harmless=is_harmless)
        )
    lines += [line for line in foreign if line in chosen]
    if rest:
        cause = Cause.BEFORE_THIS_JOURNAL if terminal.is_before_journal else Cause.UNEXPLAINED
        lines.append(Difference(cause=cause, minor=rest, ids=("terminal", "journal")))
    return lines


def _doubtful(journal: JournalSide, counted: Sequence[Operation]) -> list[Difference]:
    """Each operation that the terminal may count otherwise than the journal, with what the terminal would have more."""
    lines = []
    for operation in counted:
        sign = _sign(operation)
        if operation.kind is Kind.RECONCILIATION:
            if operation.is_open:
                lines.append(Difference(cause=Cause.UNKNOWN, minor=0, ids=(operation.id,)))
        elif operation.is_open:
            lines.append(Difference(cause=Cause.UNKNOWN, minor=sign * operation.asked_minor, ids=(operation.id,)))
        elif operation.state is State.SETTLED_BY_HAND and not operation.is_confirmed:
            more = -operation.moved_minor if operation.settled_outcome == "taken" else operation.asked_minor
            lines.append(Difference(cause=Cause.SETTLED_BY_HAND, minor=sign * more, ids=(operation.id,)))
        elif _is_across(operation, journal):
            ids = (operation.id, operation.corrects or "")
            lines.append(Difference(cause=Cause.REVERSAL_ACROSS_SESSIONS, minor=-_gross(operation), ids=ids))
    return lines


def _is_across(operation: Operation, journal: JournalSide) -> bool:
    """A void that moved money and whose payment stands in another period."""
    if operation.kind is not Kind.REVERSAL or not operation.corrects or not operation.moved_minor:
        return False
    return journal.period_of.get(operation.corrects, operation.period) != operation.period


def _combination(doubtful: Sequence[Difference], gap: int) -> Sequence[Difference]:
    """The one combination of the fewest doubtful amounts that makes *gap*; none if there are several, or too many."""
    weighty = [line for line in doubtful if line.minor]
    for size in range(len(weighty) + 1 if len(weighty) <= MAYBES else 2):
        fitting = [some for some in combinations(weighty, size) if sum(line.minor or 0 for line in some) == gap]
        if fitting:
            return fitting[0] if len(fitting) == 1 else ()
    return ()


def _to_be_seen(journal: JournalSide, counted: Sequence[Operation]) -> list[Difference]:
    """What changes no sum and has to be known all the same; *minor* is the amount in question."""
    lines = []
    for operation in counted:
        if operation.origin is Origin.FOUND and operation.kind is Kind.PURCHASE and operation.corrects:
            is_seen = operation.id not in journal.unseen and operation.corrects not in journal.unseen
            ids, minor = (operation.id, operation.corrects), _gross(operation)
            lines.append(Difference(cause=Cause.LATE_APPROVAL, minor=minor, ids=ids, is_harmless=is_seen))
        elif operation.state is State.APPROVED and operation.cause == "part-approved":
            rest = _sign(operation) * (operation.asked_minor - operation.moved_minor)
            lines.append(Difference(cause=Cause.PART_APPROVAL, minor=rest, ids=(operation.id,), is_harmless=True))
    return lines


# --- journal and practice system


def _at_practice(
    journal: JournalSide, counted: Sequence[Operation], superseded: Mapping[str, str], bookings: Bookings
) -> tuple[int, list[Difference]]:
    """What the practice system holds for these operations, and each reason why the journal has more or less."""
    held, lines = 0, []
    rows_minor: dict[str, int] = defaultdict(int)
    for operation in journal.operations:
        for row in journal.rows.get(operation.id, ()):
            rows_minor[superseded.get(operation.id, operation.id)] += row.amount_minor
            here = bookings.of(row)
            here_minor = sum(payment.amount_minor or 0 for payment in here)
            held += here_minor
            if here_minor != row.amount_minor:
                lines.append(_missing(row, here, row.amount_minor - here_minor, bookings))
    extras: dict[Cause, list[tuple[int, str]]] = {Cause.TIP: [], Cause.SURCHARGE: []}
    for operation in counted:
        for cause, extra in zip(extras, _extra(operation), strict=True):
            if extra:
                extras[cause].append((_sign(operation) * extra, operation.id))
        unbooked = _sign(operation) * operation.moved_minor - rows_minor[operation.id]
        if unbooked:
            is_ours = operation.origin is Origin.ASKED or operation.result.get("order_id")
            cause = Cause.NOT_ASSIGNED if is_ours else Cause.STAND_ALONE_SALE
            if operation.id in superseded.values():  # booked as it was settled, and the terminal says another amount
                cause = Cause.SETTLED_BY_HAND
            lines.append(Difference(cause=cause, minor=unbooked, ids=(operation.id,)))
    for cause, some in extras.items():
        if some:
            minor, ids = sum(extra for extra, _ in some), tuple(id for _, id in some)
            lines.append(Difference(cause=cause, minor=minor, ids=ids, is_harmless=True))
    return held, lines


def _missing(row: Row, here: Sequence[PracticePayment], minor: int, bookings: Bookings) -> Difference:
    """Why the practice system does not hold what *row* says."""
    if here or row.state == "acknowledged":
        ids = (row.row, *(payment.id for payment in here))
        return Difference(cause=Cause.CHANGED_IN_PRACTICE, minor=minor, ids=ids)
    if by_hand := bookings.by_hand(row):
        return Difference(cause=Cause.BOOKED_BY_HAND, minor=minor, ids=(row.row, by_hand.id))
    cause = Cause.PARKED if row.state == "parked" else Cause.NOT_SYNCED
    return Difference(cause=cause, minor=minor, ids=(row.row,))
