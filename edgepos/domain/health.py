"""How terminals and services stand, derived from what was observed. Each state is a word that staff see.

Only `idle` is proven as a terminal's own state for "ready" (connectcloud.md §4): anything else is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ServiceState(StrEnum):
    """How a cloud service answers."""

    OK = "ok"
    SLOW = "slow"
    NOT_REACHED = "not_reached"
    SIGN_IN_PAGE = "sign_in_page"
    REFUSED = "refused"
    """Credentials or rights."""
    CLOCK_WRONG = "clock_wrong"
    NOT_SET_UP = "not_set_up"


class TerminalState(StrEnum):
    """How a terminal stands, worst reason first as `terminal_state` tries them."""

    HELD = "held"
    PAYMENT_UNKNOWN = "payment_unknown"
    IN_USE = "in_use"
    NOT_CHECKED = "not_checked"
    NOT_IN_ACCOUNT = "not_in_account"
    RESTARTING = "restarting"
    NOT_REACHED = "not_reached"
    NO_BANK_CONTACT = "no_bank_contact"
    RECONCILE_FIRST = "reconcile_first"
    BUSY = "busy"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is known of one terminal right now."""

    is_service_ok: bool
    in_account: bool | None = None
    reported: str | None = None
    """`terminalState` as it came, in lower case; None if never answered."""
    is_offline: bool = False
    """The cloud has no link to it: 8013, 404, or its own word."""
    was_online_s_ago: float | None = None
    """Since it was last idle or busy; None if never."""
    is_held: bool = False
    has_unknown: bool = False
    has_open: bool = False
    wants_reconciliation: bool = False
    """It refused a payment with 87 or 90, or it is new to the journal and never reconciled."""
    has_no_bank_contact: bool = False
    """7008, or response code 91, Z3, since the last success."""


RESTART_S = 120.0
"""A terminal that was there this recently and is gone is taken to be restarting: that takes it about a minute a day."""


def terminal_state(seen: Observed) -> TerminalState:
    """The one word for a terminal, the most pressing first."""
    if seen.is_held:
        return TerminalState.HELD
    if seen.has_unknown:
        return TerminalState.PAYMENT_UNKNOWN
    if seen.has_open:
        return TerminalState.IN_USE
    if not seen.is_service_ok:
        return TerminalState.NOT_CHECKED
    if seen.in_account is False:
        return TerminalState.NOT_IN_ACCOUNT
    if seen.is_offline:
        recently = seen.was_online_s_ago is not None and seen.was_online_s_ago <= RESTART_S
        return TerminalState.RESTARTING if recently else TerminalState.NOT_REACHED
    if seen.reported is None:
        return TerminalState.NOT_CHECKED
    if seen.has_no_bank_contact:
        return TerminalState.NO_BANK_CONTACT
    if seen.wants_reconciliation:
        return TerminalState.RECONCILE_FIRST
    return TerminalState.READY if seen.reported == "idle" else TerminalState.BUSY
