"""Provet Cloud behind the practice protocol: its questions and its bookings (protocols/provet.md §5, §9, §11).

How a request travels is `link.py`'s, how JSON reads `wire.py`'s, what is only assumed stands in `assumed.py`. This
module never repeats a booking, never pages by offset, and filters each row again that a filter should have filtered.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from edgepos.clock import Clock
from edgepos.domain.booking import obstacle, row_in
from edgepos.domain.errors import NotReached, Wrong
from edgepos.domain.invoice import Booking, Invoice, PracticePayment, WhyNot
from edgepos.practice.protocol import (
    Access,
    Configuration,
    OutcomeUnknownPost,
    Permanent,
    Posted,
    PracticeCheck,
    Right,
    Temporary,
)
from edgepos.practice.provet import assumed, wire
from edgepos.practice.provet.budget import weight
from edgepos.practice.provet.link import Link, Missing, Reply, Unacceptable
from edgepos.practice.provet.lists import (
    LARGEST_PAGE,
    FilterIgnored,
    Page,
    Params,
    Row,
    last_before,
    newest,
    read_page,
    walk,
)

log = logging.getLogger(__name__)

PAGE = 50
"""The largest page of weight 1."""
MANY = 200
ANSWER_LIMIT = 300
"""So much of a refusal's body is kept with the parked row."""
ENDED, MOST_ENDED = frozenset({WhyNot.PAID, WhyNot.VOIDED, WhyNot.OTHER_DEPARTMENT}), 1_000
"""Invoices that nobody can pay here, and how many of them one reading remembers, the newest."""
NOTHING_KNOWN: Mapping[str, PracticePayment] = MappingProxyType({})
MOST_PASSES = 5
MOST_ALARMS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What is set for the organisation and this location."""

    currency: str
    department: str = ""
    """The practice system's id of this location; '' for all."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Operators of ours to users there. Whoever is not in it books as the integration's own user."""


class Provet:
    """A `PracticeSystem`."""

    def __init__(self, link: Link, tenant: Tenant, clock: Clock) -> None:
        self._link, self._tenant, self._clock = link, tenant, clock
        self._ignored: set[str] = set()
        self._off: set[str] = set()
        self._fields: Mapping[str, Mapping[str, object]] | None = None
        self._learning = asyncio.Lock()
        self._floors: dict[str, int] = {}
        self._told: set[tuple[str, str]] = set()

    @property
    def timeout_s(self) -> float:
        return self._link.timeout_s

    # --- invoices

    async def invoice(self, id: str, *, background: bool = False) -> Invoice:
        try:
            body = await self._link.get("invoice", "one", f"invoice/{id}/", background=background)
        except Missing:
            raise Wrong("unknown-invoice", invoice=id) from None
        read = self._invoice(body)
        # Half an answer must not look like an invoice that cannot be paid: that would park its bookings.
        if read is None or read.id != id or not isinstance(body, Mapping) or wire.integer(body.get("status")) is None:
            raise Temporary("unreadable")
        return read

    async def invoices(self, *, since: str | None) -> list[Invoice]:
        found: dict[str, Invoice] = {}
        try:
            if since is not None:
                await self._read_changed(found, datetime.fromisoformat(since), page_size=PAGE)
            else:
                found.update((one.id, one) for one in await self.unpaid() or ())
                recently = self._clock.now() - timedelta(days=assumed.RECENT_DAYS)
                await self._read_changed(found, recently, page_size=MANY)
        except (FilterIgnored, Unacceptable):  # a list to pick from does without: the newest rows, sorted out here
            size = PAGE if since is not None else MANY
            newest_rows = (await newest(self._invoice_page, self._here(), page_size=size)).rows
            found = {one.id: one for one in self._read(row for _, row in newest_rows)}
        return list(found.values())

    async def unpaid(self) -> list[Invoice] | None:
        unpaid: dict[str, Invoice] = {}
        try:
            async for page in walk(self._invoice_page, self._here() | assumed.UNPAID_FILTERS, page_size=MANY):
                if any(row.get("date_paid") not in (None, "") for row in page):
                    return None
                unpaid.update((one.id, one) for one in self._read(page))
        except (FilterIgnored, Unacceptable):
            return None
        return list(unpaid.values())

    async def _read_changed(self, found: dict[str, Invoice], moment: datetime, *, page_size: int) -> None:
        """What has changed since *moment*, page by page: a hospital has 60,000 rows a month, and no box has room for all
        of them at once. Of those that nobody can pay any more only the newest are kept."""
        ended: dict[str, Invoice] = {}
        since = wire.filter_time(moment)
        earliest = f"{since[:10]}T{since[11:16]}"
        async for page in walk(self._invoice_page, self._here() | {"modified__gte": since}, page_size=page_size):
            if any("" < wire.moment(row.get("modified")) < earliest for row in page):
                raise FilterIgnored("modified__gte")
            for one in self._read(page):
                found.pop(one.id, None)  # it may have been paid since it was read as unpaid
                (ended if one.why_not in ENDED else found)[one.id] = one
            while len(ended) > MOST_ENDED:
                del ended[next(iter(ended))]
        found.update(ended)

    def _read(self, rows: Iterable[Row]) -> list[Invoice]:
        return [one for row in rows if (one := self._invoice(row)) is not None]

    def _here(self) -> dict[str, str]:
        return {"department__is": self._tenant.department} if self._tenant.department else {}

    async def _invoice_page(self, params: Params) -> Page:
        cost = weight(int(params["page_size"]))
        return read_page(await self._link.get("invoice", "list", "invoice/", params, weight=cost, background=True))

    def _invoice(self, row: object) -> Invoice | None:
        return wire.invoice(row, self._tenant.currency, self._tenant.department, self._alarm)

    # --- payments

    async def payments_of(self, invoice: Invoice, *, background: bool = False) -> list[PracticePayment]:
        found: dict[str, PracticePayment] = {}
        if assumed.PAYMENT_INVOICE_FILTER not in self._ignored:
            found = await self._listed_payments(invoice, background)
        for id in invoice.payment_ids:
            if (
                id not in found
                and (one := await self._payment(id, background)) is not None
                and one.invoice == invoice.id
            ):
                found[id] = one
        return list(found.values())

    async def _listed_payments(self, invoice: Invoice, background: bool) -> dict[str, PracticePayment]:
        """By the filter; where it is not honoured, that is remembered and what came is of use all the same."""
        found: dict[str, PracticePayment] = {}

        async def fetch(params: Params) -> Page:
            return await self._payment_page(params, background=background)

        try:
            params = {assumed.PAYMENT_INVOICE_FILTER: invoice.id}
            async for page in walk(fetch, params, page_size=PAGE):
                read = [self._read_payment(row) for row in page]
                found |= {one.id: one for one in read if one.invoice == invoice.id}
                if any(one.invoice != invoice.id for one in read):
                    raise FilterIgnored(assumed.PAYMENT_INVOICE_FILTER)
        except (FilterIgnored, Unacceptable):
            self._ignored.add(assumed.PAYMENT_INVOICE_FILTER)
            log.warning("filter not honoured", extra={"service": "practice", "key": assumed.PAYMENT_INVOICE_FILTER})
        return found

    async def _payment(self, id: str, background: bool) -> PracticePayment | None:
        try:
            body = await self._link.get("invoicepayment", "one", f"invoicepayment/{id}/", background=background)
        except Missing:  # its row went away since
            return None
        return self._read_payment(body)

    async def payments_since(self, day: str) -> list[PracticePayment]:
        """Two passes in a row that agree, each up to the newest payment of the first."""
        earliest = wire.day_before(day, 1)
        try:
            if day not in self._floors:
                self._floors[day] = await last_before(self._payment_page, lambda row: _is_before(row, earliest))
            before = await self._pass(self._floors[day], earliest)
            last = max(map(int, before), default=0)
            for _ in range(MOST_PASSES):
                again = await self._pass(self._floors[day], earliest, until=last, known=before)
                if again == before:
                    return list(again.values())
                before = again
            raise Temporary("list-moving")
        except (FilterIgnored, Unacceptable):
            return await self._newest_since(earliest)

    async def _pass(
        self, floor: int, earliest: str, until: float = math.inf, known: Mapping[str, PracticePayment] = NOTHING_KNOWN
    ) -> dict[str, PracticePayment]:
        """One pass. Read page by page, and what is as it was *known* is held once: a hospital has thousands a day."""
        found: dict[str, PracticePayment] = {}
        async for page in walk(self._payment_page, {}, page_size=MANY, after=floor):
            for one in [self._read_payment(row) for row in page if not _is_before(row, earliest)]:
                if int(one.id) <= until:
                    found[one.id] = known[one.id] if known.get(one.id) == one else one
        return found

    async def _newest_since(self, earliest: str) -> list[PracticePayment]:
        """Without `id__gt` no walk is safe: one page of one moment, if it reaches back far enough."""
        page = await newest(self._payment_page, {}, page_size=LARGEST_PAGE)
        if page.has_more and not any(_is_before(row, earliest) for _, row in page.rows):
            raise Temporary("filter-ignored")
        return [self._read_payment(row) for _, row in page.rows if not _is_before(row, earliest)]

    async def _payment_page(self, params: Params, *, background: bool = True) -> Page:
        cost = weight(int(params["page_size"]))
        body = await self._link.get(
            "invoicepayment", "list", "invoicepayment/", params, weight=cost, background=background
        )
        return read_page(body)

    def _read_payment(self, row: object) -> PracticePayment:
        read = wire.payment(row, self._tenant.currency, self._alarm)
        if read is None:  # it could be the one that is looked for
            raise Temporary("unreadable")
        return read

    # --- booking

    def payload(self, booking: Booking, *, undo: bool = False) -> str:
        date_field = self._date_field()
        if undo:
            return wire.cancellation_body(booking)
        user = self._tenant.users.get(booking.operator)
        return wire.payment_body(booking, base=self._link.base, user=user, date_field=date_field)

    async def post(self, booking: Booking) -> Posted:
        await self._learn_fields()
        reply = await self._link.send("create", "invoicepayment/", self.payload(booking))
        if reply.status not in (200, 201):
            raise await self._refusal(booking, reply)
        return self._echo(booking, reply.body)

    async def undo(self, booking: Booking) -> Posted:
        path = f"invoicepayment/{booking.corrects_payment}/cancel_payment/"
        reply = await self._link.send("cancel", path, self.payload(booking, undo=True))
        if reply.status not in (200, 201):
            refusal = await self._refusal(booking, reply)
            raise Permanent("cancel-refused", refusal.facts) if refusal.cause == "refund-refused" else refusal
        return Posted(payment_id=f"cancel:{booking.corrects_payment}")

    async def annotate(self, practice_payment: str, marks: Mapping[str, object]) -> None:
        path = f"invoicepayment/{practice_payment}/extras/"
        for key, value in marks.items():
            reply = await self._link.send("create", path, wire.encode({"key": key, "value": str(value)}), to="extras")
            if reply.status not in (200, 201):
                raise Permanent("refused", {"status": reply.status, "answer": reply.text[:ANSWER_LIMIT]})

    def _echo(self, booking: Booking, body: object) -> Posted:
        """What came back is what was meant: else it is not acknowledged. Half an echo says nothing: look it up."""
        read = wire.payment(body, self._tenant.currency, self._alarm)
        if read is None or not isinstance(body, Mapping) or not body.keys() >= {"id", "paid", "info"}:
            raise OutcomeUnknownPost("no-echo", was_answered=True)
        seen = {"practice_payments": [read.id]}
        if (read.invoice, read.amount_minor) != (booking.invoice, booking.amount_minor):
            raise Permanent("echo-differs", seen | {"invoice": read.invoice, "amount_minor": read.amount_minor})
        if row_in(read.info) != booking.row:
            raise Permanent("info-lost", seen)
        return Posted(payment_id=read.id)

    async def _refusal(self, booking: Booking, reply: Reply) -> Permanent:
        """Why it was refused, from what the invoice and the rules are now: never from the words of the answer."""
        fields = sorted(str(key) for key in reply.body) if isinstance(reply.body, Mapping) else []
        facts: dict[str, object] = {"status": reply.status, "answer": reply.text[:ANSWER_LIMIT], "fields": fields[:20]}
        facts["may_book_today"] = booking.day is not None
        if reply.status == 403:
            return Permanent("right-missing", facts | {"permission": "Financial: Invoices"})
        try:
            stop = obstacle(await self.invoice(booking.invoice), booking, allows_overpayment=False)
        except Wrong:
            return Permanent("invoice-gone", facts)
        except NotReached:
            stop = None
        if stop is not None:
            return Permanent(stop.cause, {**facts, **stop.facts})
        if await self._is_locked(booking, fields):
            return Permanent("locked-period", facts)
        return Permanent("refund-refused" if booking.amount_minor < 0 else "refused", facts)

    async def _is_locked(self, booking: Booking, fields: Collection[str]) -> bool:
        if not set(fields).isdisjoint(assumed.PAYMENT_DATE_FIELDS):
            return True
        lock_date = await self._lock_date()
        return bool(lock_date and booking.day and booking.day < lock_date)

    # --- names

    async def names(self, invoices: Sequence[Invoice], *, known: Collection[str], most: int) -> Mapping[str, str]:
        wanted = dict.fromkeys(key for invoice in invoices for key in _name_keys(invoice) if key not in known)
        found: dict[str, str] = {}
        for key in list(wanted)[:most]:
            kind, _, id = key.partition("/")
            resource = "client" if kind == "owner" else "patient"
            if resource in self._off:
                continue
            try:
                row = await self._link.get(resource, "one", f"{resource}/{id}/", background=True)
            except Missing:
                row = None
            except Configuration:  # the right is missing: the list goes without
                self._off.add(resource)
                continue
            found[key] = wire.person(row) if kind == "owner" else wire.animal(row)
        return found

    # --- what the tenant can

    async def departments(self) -> dict[str, str]:
        body = await self._link.get("department", "list", "department/", {"page_size": "50"})
        rows = body.get("results") if isinstance(body, Mapping) else None
        found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        return {str(row.get("id")): str(row.get("name") or "") for row in found}

    async def check(self) -> PracticeCheck:
        rights = []
        for feature, path, permission, is_needed in assumed.RIGHTS:
            access = await self._access(path)
            rights.append(Right(feature=feature, permission=permission, access=access, is_needed=is_needed))
        self._fields = None
        await self._learn_fields()
        return PracticeCheck(
            rights=tuple(rights),
            lock_date=await self._lock_date(),
            payment_fields=self._fields or {},
            ignored_filters=tuple(sorted(self._ignored)),
        )

    async def _access(self, path: str) -> Access:
        resource = path.partition("/")[0]
        one = path == assumed.SETTINGS_PATH
        try:
            if one:
                await self._link.get(resource, "one", f"{path}{self._tenant.department or 1}/")
            else:
                await self._link.get(resource, "list", path, {"page_size": "1"})
        except Missing:
            return Access.NOT_KNOWN
        except Configuration as refused:
            if refused.cause != "right-missing":
                raise
            return Access.MISSING
        except Unacceptable:
            return Access.NOT_KNOWN
        return Access.ALLOWED

    async def _lock_date(self) -> str | None:
        """The first day that may be booked on; None where we may not know."""
        try:
            path = f"{assumed.SETTINGS_PATH}{self._tenant.department or 1}/"
            body = await self._link.get("settings", "one", path)
        except (Missing, Unacceptable, NotReached):
            return None
        found = body.get(assumed.LOCK_DATE_FIELD) if isinstance(body, Mapping) else None
        return found if isinstance(found, str) and wire.is_day(found) else None

    async def _learn_fields(self) -> None:
        """Which fields a payment has, asked once: its day's name is assumed, so it is sent only where it is known."""
        async with self._learning:  # many bookings begin at once
            if self._fields is None:
                self._fields = await self._payment_fields()

    async def _payment_fields(self) -> Mapping[str, Mapping[str, object]]:
        try:
            body = await self._link.get("invoicepayment", "one", "invoicepayment/", method="OPTIONS", background=True)
        except (Missing, Unacceptable, Configuration):
            return {}
        actions = body.get("actions") if isinstance(body, Mapping) else None
        fields = actions.get("POST") if isinstance(actions, Mapping) else None
        named = fields.items() if isinstance(fields, Mapping) else ()
        return {str(name): about for name, about in named if isinstance(about, Mapping)}

    def _date_field(self) -> str | None:
        known = self._fields or {}
        return next((name for name in assumed.PAYMENT_DATE_FIELDS if name in known), None)

    def _alarm(self, kind: str, facts: Mapping[str, object]) -> None:
        """Said once for each thing: a list is read twice a minute."""
        key = (kind, str(facts))
        if key not in self._told and len(self._told) < MOST_ALARMS:
            self._told.add(key)
            log.warning("practice system's value", extra={"cause": kind, "service": "practice"})


def _is_before(row: Row, day: str) -> bool:
    """Whether a payment was made before *day*. One without a readable time is not."""
    created = wire.moment(row.get("created"))
    return bool(created) and created < day


def _name_keys(invoice: Invoice) -> list[str]:
    owner = [f"owner/{invoice.owner_id}"] if invoice.owner_id and not invoice.owner else []
    return owner + ([] if invoice.animal else [f"animal/{id}" for id in invoice.animal_ids])
