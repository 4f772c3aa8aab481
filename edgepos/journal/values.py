"""What goes into the journal and what comes out of it, beside `domain.operation.Operation`; and its errors.

Nothing here knows SQL. Amounts are minor units, times UTC RFC 3339, mappings are plain JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from edgepos.domain.errors import Refused
from edgepos.domain.invoice import Booking
from edgepos.domain.operation import Kind, Line

# --- errors


class JournalLocked(Refused):
    """Another process holds the journal of this folder; *pid* is what it wrote into the lock, 0 if unreadable."""

    def __init__(self, pid: int) -> None:
        super().__init__("journal-locked", pid=pid)
        self.pid = pid


class JournalNewer(Refused):
    """A newer edgepos wrote this journal. It was not touched."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__("journal-newer", found=found, known=known)
        self.found, self.known = found, known


class JournalOlder(Refused):
    """An older edgepos left operations open: that one has to finish them before this one changes the schema."""

    def __init__(self, found: int, known: int, payments: list[str]) -> None:
        super().__init__("journal-older", found=found, known=known, payments=payments)


class JournalDamaged(Refused):
    """The file is no journal, or its chain, schema or projections are not what they were when written."""

    def __init__(self, what: str) -> None:
        super().__init__("journal-damaged", what=what)
        self.what = what


class JournalBroken(Exception):
    """The disk failed at a write: whether it is on the disk is not known. Nothing is taken any more; the agent has to
    end, start again and read what is there. Deliberately no `EdgeposError`: no handler of refusals may swallow it."""


# --- what is asked of the journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What somebody wants of a terminal, before anything was sent.

    *lines* of a purchase say how it splits over invoices (none: one unlisted line of the whole amount). *lines* of a
    refund name lines of the payment *corrects* by their number (none: last line first); a reversal takes all of them.
    """

    kind: Kind
    terminal: str
    currency: str
    asked_minor: int
    operator: str
    clinic_day: str
    lines: tuple[Line, ...] = ()
    text: str = ""
    corrects: str | None = None
    request_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodEnd:
    """What a reconciliation's slip says of the session that it closed."""

    session: str | None = None
    totals: tuple[Mapping[str, object], ...] = ()
    slip: str = ""


# --- what the journal holds


class OutboxState(StrEnum):
    QUEUED = "queued"
    ACKNOWLEDGED = "acknowledged"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One effect that the practice system has to have exactly once. *row* is `REFERENCE.LINE`."""

    row: str
    payment: str
    line: int
    practice: str
    invoice: str
    amount_minor: int
    """Negative for money back."""
    currency: str
    state: OutboxState
    cause: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    change: Mapping[str, object] = field(default_factory=dict)
    """What a person asked for when releasing it, e.g. `{"book_today": true}`."""
    practice_payment: str | None = None
    via: str | None = None
    """How it was acknowledged: post, lookup or adopted."""
    waits_for: str | None = None
    """A row that has to be acknowledged before this one; None once it is."""
    created_at: str
    seq: int
    """The event that made the row."""
    booking: Booking


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """What edgepos moved on one invoice by one outbox row, for reckoning what may still be charged."""

    row: str
    part: int | None
    """None for money back."""
    kept_minor: int
    """Negative for money back."""
    due_minor: int | None
    """The invoice's due sum that the person saw before."""
    practice_payment: str | None
    """None: not booked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSummary:
    queued: int
    parked: int
    oldest_queued_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceHeld:
    """What the journal has of one invoice: the part that is next, and what was moved on it, in order."""

    part: int = 1
    kept: tuple[KeptLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalRow:
    """What the journal knows of a terminal."""

    id: str
    echoes: bool | None = None
    """Whether its look-ups carry our `orderId`."""
    held: str | None = None
    """The cause for which nothing is sent to it."""
    period: int = 1
    """The open one."""
    session: str | None = None
    """The open period's session, once an operation has told it."""
    last_session: str | None = None
    """The session that its last result told."""
    last_operation: str | None = None
    """The operation whose result was last seen there."""
    last_result: Mapping[str, object] = field(default_factory=dict)
    """That result's fields, by their names in `evidence.TerminalResult`."""
    last_reconciled_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A terminal's time between two closings; *by* is None while it is open, else asked, terminal or swap."""

    terminal: str
    period: int
    session: str | None = None
    opened_at: str
    closed_at: str | None = None
    by: str | None = None
    operation: str | None = None
    totals: tuple[Mapping[str, object], ...] = ()
    slip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A day's closing report of the location."""

    number: int
    clinic_day: str
    terminals: tuple[str, ...]
    periods: tuple[Mapping[str, object], ...]
    match: Mapping[str, object]
    operator: str
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """Something that fits nothing, or less than well, until a person has handled it. *finding* is `F` + sequence."""

    finding: str
    kind: str
    subject: str
    facts: Mapping[str, object]
    raised_at: str
    handled_at: str | None = None
    operator: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slips:
    """The terminal's slips of one operation, word for word. *copies*: how often one was printed again."""

    customer: str = ""
    merchant: str = ""
    copies: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """What moved on one clinic day, without tips. *count*: purchases that moved money."""

    count: int
    amount_minor: int
    refunds_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """*problems* is empty iff all is well. *head* is the hash of the last event, hexadecimal."""

    ok: bool
    events: int
    seq: int
    head: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    """A checked copy. Its name carries box, sequence and head: `journal-BOX-SEQ-HEAD.db`."""

    path: Path
    seq: int
    head: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlAnswer:
    """*is_cut*: there were more rows than are given."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    is_cut: bool = False
