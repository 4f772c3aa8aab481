"""Operations and their states: one table that a person from Nets could check.

Purchase, refund, reversal and reconciliation live the same way. A time-out is not a decline: whatever is not proven is
`unknown`, and only evidence (`evidence.py`) or a person with the terminal's slip ends that. "Asked to stop" is a fact
on an operation, not a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edgepos.domain.errors import Refused


class Kind(StrEnum):
    """What an operation asks of the terminal."""

    PURCHASE = "purchase"
    REFUND = "refund"
    REVERSAL = "reversal"
    RECONCILIATION = "reconciliation"


class Origin(StrEnum):
    """How the operation came into the journal."""

    ASKED = "asked"
    """We sent it."""
    FOUND = "found"
    """The terminal did it, we adopt it."""
    RECORDED = "recorded"
    """A person typed it in from a stand-alone slip."""


class State(StrEnum):
    """Where an operation stands."""

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"
    SETTLED_BY_HAND = "settled_by_hand"


OPEN = frozenset({State.INTENDED, State.SENT, State.UNKNOWN})
FINAL = frozenset(State) - OPEN
NOTHING_MOVED = frozenset({State.DECLINED, State.CANCELLED, State.NOT_STARTED})


class Step(StrEnum):
    """What happens to an operation."""

    SEND = "send"
    """The fence is durable; the first byte may leave."""
    LOSE = "lose"
    """The answer is lost, unreadable or contradicted; or the row stands in a restored copy and may have been sent."""
    APPROVE = "approve"
    DECLINE = "decline"
    CANCEL = "cancel"
    DISPROVE = "disprove"
    """Proven never to have begun at the terminal, or a check before sending failed."""
    SETTLE = "settle"
    """A person closed it, with the terminal's own slip."""


NEXT: Mapping[tuple[State, Step], State] = {
    (State.INTENDED, Step.SEND): State.SENT,
    (State.INTENDED, Step.DISPROVE): State.NOT_STARTED,
    (State.INTENDED, Step.LOSE): State.UNKNOWN,  # only in a restored copy: there it may have been sent
    (State.SENT, Step.APPROVE): State.APPROVED,
    (State.SENT, Step.DECLINE): State.DECLINED,
    (State.SENT, Step.CANCEL): State.CANCELLED,
    (State.SENT, Step.DISPROVE): State.NOT_STARTED,
    (State.SENT, Step.LOSE): State.UNKNOWN,  # a time-out is not a decline
    (State.UNKNOWN, Step.APPROVE): State.APPROVED,
    (State.UNKNOWN, Step.DECLINE): State.DECLINED,
    (State.UNKNOWN, Step.CANCEL): State.CANCELLED,
    (State.UNKNOWN, Step.DISPROVE): State.NOT_STARTED,
    (State.UNKNOWN, Step.SETTLE): State.SETTLED_BY_HAND,
}

STEP_TO: Mapping[State, Step] = {
    State.SENT: Step.SEND,
    State.UNKNOWN: Step.LOSE,
    State.APPROVED: Step.APPROVE,
    State.DECLINED: Step.DECLINE,
    State.CANCELLED: Step.CANCEL,
    State.NOT_STARTED: Step.DISPROVE,
    State.SETTLED_BY_HAND: Step.SETTLE,
}
"""The step that leads into each state."""


class IllegalTransition(Exception):
    """A step that the table does not have. The state is as it was."""

    def __init__(self, state: State, step: Step) -> None:
        super().__init__(f"no {step} from {state}")
        self.state, self.step = state, step


def advance(state: State, step: Step) -> State:
    """The state after *step*. Raises IllegalTransition, and nothing has changed."""
    try:
        return NEXT[state, step]
    except KeyError:
        raise IllegalTransition(state, step) from None


class Claim(StrEnum):
    """What a purchase's line holds of its invoice's part."""

    OPEN = "open"
    KEPT = "kept"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One invoice's share of an operation. *invoice* is None for an unlisted sale; *claim* is None for refunds."""

    line: int
    amount_minor: int
    practice: str = "provet"
    invoice: str | None = None
    number: str | None = None
    part: int | None = None
    due_minor: int | None = None
    kept_minor: int | None = None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The terminal's last result before ours was sent: what is newer than it may be ours. None of it is a clock."""

    stan_auth: str
    time: str
    amount_minor: int | None
    order_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation as the journal's projection holds it. Amounts in minor units of *currency*, times UTC RFC 3339."""

    id: str
    kind: Kind
    origin: Origin
    state: State
    terminal: str
    currency: str
    asked_minor: int
    operator: str
    clinic_day: str
    created_at: str
    changed_at: str
    seq: int
    """The sequence of the last event about it."""
    lines: tuple[Line, ...] = ()
    text: str = ""
    corrects: str | None = None
    request_key: str | None = None
    approved_minor: int | None = None
    """Net of tip and surcharge."""
    tip_minor: int = 0
    surcharge_minor: int = 0
    cause: str | None = None
    evidence: tuple[str, ...] = ()
    fence: Fence | None = None
    sent_boot_id: str | None = None
    sent_boottime_ms: int | None = None
    stop_asked_at: str | None = None
    result: Mapping[str, object] = field(default_factory=dict)
    """The allowed fields of the terminal's result, by their names in `evidence.TerminalResult`."""
    session: str | None = None
    period: int | None = None
    settled_outcome: str | None = None
    settled_slip: str | None = None
    settled_minor: int | None = None
    is_confirmed: bool = False
    """Settled by hand, and the terminal's totals have confirmed it."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def moved_minor(self) -> int:
        """What moved as far as it is proven or vouched for, without tip and surcharge, never negative."""
        if self.state is State.APPROVED:
            return self.approved_minor or 0
        if self.state is State.SETTLED_BY_HAND and self.settled_outcome == "taken":
            return self.settled_minor or 0
        return 0


def split(amount_minor: int, lines: tuple[Line, ...]) -> tuple[int, ...]:
    """How *amount_minor* fills *lines* in order: a part approval of a run pays the first invoices first."""
    shares = []
    for line in lines:
        share = min(line.amount_minor, amount_minor)
        shares.append(share)
        amount_minor -= share
    return tuple(shares)


def code_of_open(state: State) -> str:
    """The code of a refusal because of an operation that is open, in *state*."""
    return "payment-unknown" if state is State.UNKNOWN else "terminal-in-use"


def in_the_way(operation: Operation) -> Refused:
    """The refusal that names *operation*, which is open."""
    return Refused(
        code_of_open(operation.state),
        payment=operation.id,
        terminal=operation.terminal,
        amount_minor=operation.asked_minor,
        currency=operation.currency,
        since=operation.created_at,
    )
