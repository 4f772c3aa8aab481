"""What a terminal says of its operations, in edgepos' own words: the sources that evidence is made of.

Read leniently by connectcloud/ and kept as they are: nothing here judges. A missing or senseless amount is None,
never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from edgepos.domain.operation import Fence

NOT_STARTED_CODES = frozenset({6003, 6006, 7100, 7101, 7103, 7104})
"""The terminal's own refusal of this request (connectcloud.md §3.4), together with all of 74xx and 75xx."""


class Result(StrEnum):
    """The meaning of the wire's `Result` (connectcloud.md §3.1). Anything else is unknown, and 1 never approves."""

    MOVED = "0"
    ADMINISTRATIVE = "1"
    REJECTED = "2"
    LOYALTY = "3"
    UNKNOWN = "99"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalResult:
    """A terminal's own record of one operation: the fields of connectcloud.md §3.3 that may be kept, and the slips.

    Amounts in minor units; None where the wire had none or nonsense. *masked_card* never has more than ten digits.
    """

    result: Result | None
    terminal: str = ""
    order_id: str = ""
    total_minor: int | None = None
    tip_minor: int = 0
    surcharge_minor: int = 0
    stan_auth: str = ""
    time_stamp: str = ""
    session: str = ""
    sequence: str = ""
    response_code: str = ""
    rejection_source: str = ""
    rejection_reason: str = ""
    verification: str = ""
    """CVM: 0 PIN, 1 signature, 2 none, 4 consumer device, or empty."""
    masked_card: str = ""
    card_scheme: str = ""
    issuer_id: str = ""
    application_id: str = ""
    cardholder_currency: str = ""
    """Set when the cardholder chose to pay in an own currency (DCC)."""
    customer_slip: str = ""
    merchant_slip: str = ""

    @property
    def net_minor(self) -> int | None:
        """What moved for the goods: total less tip and surcharge."""
        return None if self.total_minor is None else self.total_minor - self.tip_minor - self.surcharge_minor

    @property
    def fence(self) -> Fence:
        """This result as the mark that a newer one is measured against."""
        return Fence(
            stan_auth=self.stan_auth,
            time=self.time_stamp,
            amount_minor=self.total_minor,
            order_id=self.order_id or None,
        )

    def kept(self) -> dict[str, object]:
        """The fields for the journal, without the slips and without empty ones."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: str(value) if isinstance(value, Result) else value
            for name, value in named.items()
            if value not in (None, "", 0) and name not in ("customer_slip", "merchant_slip")
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReply:
    """The answer of our own request. *accepted*: 2xx; else the wire's 400 with a `failure`."""

    accepted: bool
    result: TerminalResult | None
    error: str = ""
    codes: frozenset[int] = frozenset()
    elapsed_s: float = 0.0
    """When it came, since `sent`."""

    @property
    def is_refusal(self) -> bool:
        """The terminal's own word that this request was not begun."""
        return (
            not self.accepted
            and self.result is None
            and bool(self.codes)
            and all(code in NOT_STARTED_CODES or code // 100 in (74, 75) for code in self.codes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """The request was sent, or may have been, and its answer is lost or no answer: 401, 5xx, cut, HTML, time-out."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """The terminal's last result, asked at idle. *result* is None where it says that it has none."""

    result: TerminalResult | None
    elapsed_s: float
    """Since `sent`."""
    since_restart_s: float | None = None
    """Since the terminal last showed a sign of restarting (7016, 8013, offline); None if it did not since `sent`."""
