"""What a journal must hold, said a second time in the plainest way: lists and sums, no table, no event, no file.

The state machine plays the same day to this and to the real journal and compares. Nothing of the journal's code is used
here: the rules are those of the design, "what may never happen".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgepos.domain.operation import Kind, Operation, State

OPEN = {State.INTENDED, State.SENT, State.UNKNOWN}
MONEY_BACK = {Kind.REFUND, Kind.REVERSAL}


@dataclass
class Share:
    """One line of an operation."""

    line: int
    invoice: str | None
    amount: int
    part: int | None = None
    kept: int | None = None
    claim: str | None = None


@dataclass
class Done:
    """One operation."""

    id: str
    kind: Kind
    origin: str
    terminal: str
    asked: int
    shares: list[Share]
    state: State = State.INTENDED
    corrects: str | None = None
    moved: int = 0
    is_booked: bool = True

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def holds_terminal(self) -> bool:
        """An unknown reconciliation holds nothing but the closing."""
        lost_closing = self.kind is Kind.RECONCILIATION and self.state is State.UNKNOWN
        return self.origin == "asked" and self.is_open and not lost_closing

    @property
    def used(self) -> int:
        """Of money back: what it has taken or may take."""
        return self.asked if self.is_open else self.moved

    def ends(self, state: State, moved: int) -> None:
        """Fill the lines in order; what is more than was asked stays on the last one."""
        self.state, self.moved = state, moved
        left = moved
        for share in self.shares:
            share.kept = left if share is self.shares[-1] else min(share.amount, left)
            left -= share.kept
            if share.claim:
                share.claim = "kept" if share.kept > 0 and self.is_booked else "released"


@dataclass
class Row:
    """One effect that the practice system has to have once."""

    invoice: str
    amount: int
    state: str = "queued"
    practice_payment: str | None = None


@dataclass
class Books:
    """The whole journal."""

    done: dict[str, Done] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    periods: dict[str, int] = field(default_factory=dict)
    findings: dict[tuple[str, str], str] = field(default_factory=dict)

    # --- what may begin

    def is_free(self, terminal: str, *, closing: bool = False) -> bool:
        in_use = any(one.terminal == terminal and one.holds_terminal for one in self.done.values())
        return not in_use and (closing or terminal not in self.held)

    def is_claimed(self, invoice: str, part: int | None = None) -> bool:
        """Whether a purchase under way has the invoice (or just that part of it)."""
        return any(
            share.claim == "open" and share.invoice == invoice and part in (None, share.part)
            for one in self.done.values()
            for share in one.shares
        )

    def next_part(self, invoice: str) -> int:
        kept = [
            share.part or 0
            for one in self.done.values()
            for share in one.shares
            if share.invoice == invoice and share.claim == "kept"
        ]
        return 1 + max(kept, default=0)

    # --- money back

    def given_back(self, payment: str) -> list[Done]:
        return [one for one in self.done.values() if one.corrects == payment and one.kind in MONEY_BACK]

    def left(self, payment: Done) -> int:
        return payment.moved - sum(back.used for back in self.given_back(payment.id))

    def left_lines(self, payment: Done) -> list[Share]:
        """What each line still has, of those that have anything."""
        lines = []
        for share in payment.shares:
            used = sum(
                back.amount if back.kept is None else back.kept
                for one in self.given_back(payment.id)
                for back in one.shares
                if back.line == share.line
            )
            if (share.kept or 0) > used:
                lines.append(Share(share.line, share.invoice, (share.kept or 0) - used))
        return lines

    def money_back_lines(self, payment: Done, amount: int) -> list[Share]:
        """The last line first."""
        taken = []
        for share in reversed(self.left_lines(payment)):
            share.amount = min(share.amount, amount)
            amount -= share.amount
            if share.amount:
                taken.append(share)
        return taken[::-1]

    # --- the outbox

    def book(self, one: Done) -> None:
        """Each line with an invoice that moved money is owed to the practice system, once."""
        sign = -1 if one.kind in MONEY_BACK else 1
        for share in one.shares:
            if one.is_booked and share.invoice and share.kept and one.moved:
                self.rows.setdefault(f"{one.id}.{share.line}", Row(share.invoice, sign * share.kept))

    def is_taken(self, practice_payment: str) -> bool:
        return any(row.practice_payment == practice_payment for row in self.rows.values())

    def of(self, *states: State, kinds: Sequence[Kind] = tuple(Kind)) -> list[Done]:
        return [one for one in self.done.values() if one.state in states and one.kind in kinds]


def differs(one: Done, found: Operation) -> str:
    """Where the journal's operation is another one than the model's; empty if nowhere."""
    ours = (one.kind, one.origin, one.terminal, one.state, one.asked, one.moved, one.corrects)
    theirs = (
        found.kind, str(found.origin), found.terminal, found.state, found.asked_minor, found.moved_minor, found.corrects,
    )  # fmt: skip
    lines = [(share.line, share.invoice, share.part, share.amount, share.kept, share.claim) for share in one.shares]
    found_lines = [
        (line.line, line.invoice, line.part, line.amount_minor, line.kept_minor, line.claim and str(line.claim))
        for line in found.lines
    ]
    return "" if (ours, lines) == (theirs, found_lines) else f"{one.id}: {theirs} {found_lines}, not {ours} {lines}"
