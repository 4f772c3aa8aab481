"""What edgepos asks of a practice system, and how it may fail: the one small protocol behind which Provet Cloud stands.

Another practice system is another class with these methods; `tests/practice/contract.py` says what they promise. Every
answer is in the values of `domain/invoice.py`; nothing of a system's wire form leaves its package.

Errors are sorted by what the caller has to do, never by the service's own words:

    Temporary             nothing was done; the same question later (not reached, 5xx to a question, 429, unreadable)
    Configuration         nothing was done; a person must act first: credentials, a right (rows wait, none is parked)
    Permanent             the practice system has refused this booking: it is parked with its facts
    OutcomeUnknownPost    it was sent and nobody knows: look up before anything else
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from edgepos.domain.errors import EdgeposError, NotReached, OutcomeUnknown
from edgepos.domain.invoice import Booking, Invoice, PracticePayment


class Temporary(NotReached):
    """Nothing was done. *wait_s* is the service's own wish (Retry-After), if it had one."""

    def __init__(self, cause: str, wait_s: float | None = None) -> None:
        super().__init__("sign-in-page" if cause == "sign-in-page" else "practice-away", service="practice", why=cause)
        self.cause, self.wait_s = cause, wait_s


class Configuration(NotReached):
    """Nothing was done, and nothing will be until a person mends the credentials or a right."""

    def __init__(self, cause: str, **facts: object) -> None:
        code = "credentials" if cause == "credentials" else "practice-away"
        super().__init__(code, service="practice", why=cause, **facts)
        self.cause = cause


class Permanent(EdgeposError):
    """The practice system will not take this booking as it is. *facts* say why and what was asked, without names."""

    def __init__(self, cause: str, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(cause, **(facts or {}))
        self.cause = cause


class OutcomeUnknownPost(OutcomeUnknown):
    """It may have been booked. *was_answered*: the service did answer, so that looking at once may already tell."""

    def __init__(self, cause: str, *, was_answered: bool = False) -> None:
        super().__init__("unknown", service="practice", why=cause)
        self.cause, self.was_answered = cause, was_answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The practice system's own id of what it booked."""

    payment_id: str


class Access(StrEnum):
    """Whether a feature's right is there."""

    ALLOWED = "allowed"
    MISSING = "missing"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One feature of the practice system, the right that it needs by the system's own name, and whether we have it."""

    feature: str
    permission: str
    access: Access
    is_needed: bool
    """Without it no payment can be booked; else the feature is off and a setting takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeCheck:
    """What `doctor` wants to know."""

    rights: tuple[Right, ...]
    lock_date: str | None = None
    """The first day that may be booked on, where the right to read it is there."""
    payment_fields: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What the system says of its payment's fields; empty where it says nothing."""
    ignored_filters: tuple[str, ...] = ()


class PracticeSystem(Protocol):
    """One organisation's practice system, seen from one location. Every method may raise Temporary, Configuration."""

    @property
    def timeout_s(self) -> float:
        """The longest that one request may take: what was sent may still be carried out for a while after it."""

    async def invoices(self, *, since: str | None) -> list[Invoice]:
        """The location's invoices: all that are unpaid and what changed of late, or only what changed since *since*.

        With *since*, paid and voided ones are in it too, so that a list can be kept up to date.
        """

    async def unpaid(self) -> list[Invoice] | None:
        """All that are unpaid, however old; None where the practice system does not tell them from the others."""

    async def invoice(self, id: str, *, background: bool = False) -> Invoice:
        """One invoice, fresh. *background*: leave the last of the budget to people. Raises Wrong `unknown-invoice`."""

    async def payments_of(self, invoice: Invoice, *, background: bool = False) -> list[PracticePayment]:
        """All payments of an invoice just read, from every source that the system has."""

    async def payments_since(self, day: str) -> list[PracticePayment]:
        """All payments made since the day before *day* (`YYYY-MM-DD`): the same on a moving list as on one at rest."""

    async def post(self, booking: Booking) -> Posted:
        """Book once; never repeat what may have been carried out. Raises Permanent, OutcomeUnknownPost too."""

    async def undo(self, booking: Booking) -> Posted:
        """Cancel the payment that *booking* corrects, where the tenant has that. Otherwise like `post`."""

    async def annotate(self, practice_payment: str, marks: Mapping[str, object]) -> None:
        """Add *marks* to a payment of ours, where the system has room for them; nothing may hang on it. Once, like
        `post`, with the same errors."""

    def payload(self, booking: Booking, *, undo: bool = False) -> str:
        """The exact text that `post`, or `undo`, would send: shown for a parked row."""

    async def names(self, invoices: Sequence[Invoice], *, known: Collection[str], most: int) -> Mapping[str, str]:
        """Names of owners and animals of *invoices* that are not *known*: `owner/ID` or `animal/ID` → name or ''.

        At most *most* of them: each costs a request.
        """

    async def departments(self) -> Mapping[str, str]:
        """The organisation's departments by their ids: one of them is this location."""

    async def check(self) -> PracticeCheck:
        """Rights, lock date and fields, for the doctor."""
