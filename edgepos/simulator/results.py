"""What a terminal answers: the result of a payment, a closed session, or a refusal with its code.

These are the simulator's own values; `wire.py` gives them the shapes of the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edgepos.simulator.bank import Kind, Origin
from edgepos.simulator.cards import Card

APPROVED, ADMINISTRATION, REJECTED, UNKNOWN = 0, 1, 2, 99


class Refused(Exception):
    """The terminal, or the cloud for it, did not take the request. The text starts with the code of §3.4."""

    def __init__(self, text: str, *, busy: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.busy = busy


BUSY = "7100 Processing previous command"
BUSY_ADMINISTRATION = "7104 Terminal busy, administration"
NOTHING_TO_CANCEL = "7101 Unable to process: nothing to cancel"
NO_ANSWER = "7009 No response from terminal"
NO_HOST = "7008 No host contact"
REBOOTED = "7016 Terminal reboot detected"
NOT_CONNECTED = "8013 Error: Invalid terminal ID or terminal not connected"
DUPLICATE_ORDER = "7501 Bad argument: orderId already used"


@dataclass(frozen=True, slots=True)
class Result:
    """The terminal's record of one financial operation, approved or not."""

    result: int
    kind: Kind
    origin: Origin
    amount_minor: int
    at: datetime
    session: str
    order_id: str = ""
    tip_minor: int = 0
    surcharge_minor: int = 0
    stan_auth: str = ""
    sequence: str = "000000"
    source: int = 0
    reason: str = ""
    response: str = ""
    card: Card | None = None
    contactless: bool = True
    signature: bool = False
    dcc: bool = False
    customer_slip: str = ""
    merchant_slip: str = ""

    @property
    def text(self) -> str:
        """What the failure says in words."""
        return "Transaction cancelled" if self.reason == "2:1" else "Transaction rejected"


@dataclass(frozen=True, slots=True)
class Closed:
    """A reconciliation that went through."""

    session: str
    at: datetime
    totals: dict[str, tuple[int, int]]
    slip: str
