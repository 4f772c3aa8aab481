"""How each assumed fact of Provet Cloud is tried, in a test organisation, on invoices that a person made for it.

All bookings of the pilot are small and carry `PILOT` in their text; they stay in the test organisation's books.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from edgepos.agent.pilot.facts import Value
from edgepos.agent.pilot.line import Line, Reply
from edgepos.agent.pilot.nets_bench import CannotTry
from edgepos.agent.pilot.person import Person
from edgepos.agent.settings import Settings
from edgepos.chance import Chance
from edgepos.clock import Clock
from edgepos.practice.provet import assumed
from edgepos.practice.provet.wire import encode

SMALL = Decimal(1)
"""Of the currency's whole units: what the pilot books at a time."""
FAR_BACK = "2020-01-02"
LAG_S = 120.0
HEAVY = {"page_size": "1000"}


class Tenant:
    """The test organisation. The person's invoices are asked for when a trial first needs one."""

    def __init__(
        self, line: Line, *, settings: Settings, secret: str, person: Person, clock: Clock, chance: Chance
    ) -> None:
        practice = settings.organisation.practice
        assert practice is not None
        self.line, self.person, self.clock, self.chance = line, person, clock, chance
        self.settings = settings
        self._client, self._secret = practice.client_id, secret
        self._root = f"/{practice.provet_id}"
        self._base_url = practice.base_url
        self._asked: dict[str, str] = {}
        self._date_field: str | None = None

    async def sign_in(self) -> Reply:
        basic = base64.b64encode(f"{self._client}:{self._secret}".encode()).decode()
        reply = await self.line.ask(
            "POST", f"{self._root}/oauth2/token/", token="", headers={"Authorization": f"Basic {basic}"},
            form="grant_type=client_credentials",
        )  # fmt: skip
        token = reply.object.get("access_token")
        if not isinstance(token, str):
            raise CannotTry(f"the sign-in gave no token: {reply.shown}")
        self.line.token = token
        return reply

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Reply:
        return await self.line.ask(method, f"{self._root}/api/0.1/{path}", body, **more)

    async def rows(self, path: str, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Of a list. Raises CannotTry where there is none."""
        reply = await self.ask("GET", path, query=query)
        found = reply.object.get("results")
        if not isinstance(found, list):
            raise CannotTry(f"{path} gave no list: {reply.shown}")
        return [row for row in found if isinstance(row, Mapping)]

    async def invoice(self, what: str = "payable") -> str:
        """The id of an invoice that the person made for the pilot. Raises CannotTry where there is none."""
        wishes = {
            "payable": "Make a finalised, unpaid invoice of at least 100 in the test organisation. Its id or number:",
            "draft": "Make a draft of an invoice. Its id (Enter: none):",
            "invoicing": "Make an invoice with the status Invoicing, sent for later payment. Its id (Enter: none):",
        }
        if what not in self._asked:
            self._asked[what] = await self._found((await self.person.answer(f"invoice-{what}", wishes[what])).strip())
        if not self._asked[what]:
            raise CannotTry("no such invoice was made")
        return self._asked[what]

    async def _found(self, named: str) -> str:
        """The id of what a person typed: itself, or the newest invoice with that number."""
        if not named or (named.isdecimal() and (await self.ask("GET", f"invoice/{named}/")).is_done):
            return named
        number = named.rpartition("-")[2]
        for row in await self.rows("invoice/", {"ordering": "-id", "page_size": "200"}):
            if str(row.get("invoice_number")) == number:
                return str(row.get("id"))
        return ""

    async def due(self, invoice: str) -> Decimal:
        reply = await self.ask("GET", f"invoice/{invoice}/")
        try:
            return Decimal(str(reply.object.get("client_due_sum")))
        except InvalidOperation:
            raise CannotTry(f"the invoice tells no due sum: {reply.shown}") from None

    def body(
        self, invoice: str, amount: Decimal = SMALL, *, info: str = "", day: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        """A payment's body, with a text of its own. *day*: the day that it is booked on, under its name."""
        text = info or f"PILOT{self.chance.bits(40):012d} VISA **** 0119"
        address = f"{self._base_url}{self._root}/api/0.1/invoice/{invoice}/"
        return {"invoice": address, "payment_type": 0, "paid": amount, "status": assumed.PAYMENT_DONE,
                "info": text, **(day or {})}  # fmt: skip

    async def book(self, body: Mapping[str, object]) -> Reply:
        return await self.ask("POST", "invoicepayment/", encode(body))

    async def payments(self, invoice: str) -> list[Mapping[str, Any]]:
        """All of an invoice, by the invoice's own list of them."""
        reply = await self.ask("GET", f"invoice/{invoice}/")
        found: list[Mapping[str, Any]] = []
        for address in reply.object.get("invoice_payment") or []:
            id = str(address).rstrip("/").rpartition("/")[2]
            found.append((await self.ask("GET", f"invoicepayment/{id}/")).object)
        return found

    async def paid(self) -> Mapping[str, Any]:
        """A small payment on the test invoice, as it is kept. Raises CannotTry."""
        invoice = await self.invoice()
        before = {row.get("id") for row in await self.payments(invoice)}
        reply = await self.book(self.body(invoice))
        new = [row for row in await self.payments(invoice) if row.get("id") not in before]
        if not reply.is_done or not new:
            raise CannotTry(f"the booking did not go through: {reply.shown}")
        return new[-1]

    async def date_field(self) -> str | None:
        """The name of a payment's day, from OPTIONS."""
        known = await self.fields()
        return next((name for name in assumed.PAYMENT_DATE_FIELDS if name in known), None)

    async def fields(self) -> Mapping[str, Any]:
        reply = await self.ask("OPTIONS", "invoicepayment/")
        actions = reply.object.get("actions")
        known = actions.get("POST") if isinstance(actions, Mapping) else None
        return known if isinstance(known, Mapping) else {}


Trial = Callable[[Tenant], AsyncIterator[Value]]


async def account(tenant: Tenant) -> AsyncIterator[Value]:
    reply = await tenant.sign_in()
    life_s = reply.object.get("expires_in")
    if isinstance(life_s, int):
        yield Value("token-life", "10h" if abs(life_s - 36_000) <= 60 else "other", {"seconds": life_s})
    else:
        yield Value("token-life", "untold", {"keys": ", ".join(reply.object)})
    first = tenant.line.token
    await tenant.sign_in()
    old = await tenant.ask("GET", "department/", token=first)
    yield Value("second-token", "both" if old.is_done else "newest", {"first token": old.status})
    bare = await tenant.ask("GET", "department")
    is_redirect = 300 <= bare.status < 400
    yield Value("slash", "redirect" if is_redirect else "answer" if bare.is_done else "other", {"answer": bare.status})


async def rights(tenant: Tenant) -> AsyncIterator[Value]:
    seen: dict[str, object] = {}
    lacking, extra = [], []
    for feature, path, permission, is_needed in assumed.RIGHTS:
        asked = path
        if path == assumed.SETTINGS_PATH:
            asked = f"{path}{tenant.settings.place.department or '1'}/"
        reply = await tenant.ask("GET", asked, query={"page_size": "1"})
        seen[feature] = reply.status
        if reply.status == 403 and is_needed:
            lacking.append(permission)
        if reply.is_done and permission.startswith("Settings"):
            extra.append(feature)
    value = "too_few" if lacking else "full" if extra else "default"
    yield Value("rights", value, seen)
    named = await tenant.ask("GET", "user/current/active_permissions/")
    yield Value("active-permissions", "yes" if named.is_done else "no", {"answer": named.shown})
    known = await tenant.fields()
    field = await tenant.date_field()
    yield Value("date-field", "known" if field else "other", {"fields": ", ".join(known)})


async def lists(tenant: Tenant) -> AsyncIterator[Value]:
    odd = await tenant.ask("GET", "invoice/", query={"pilot_no_such_field__is": "1", "page_size": "1"})
    yield Value("unknown-filter", "ignored" if odd.is_done else "refused", {"answer": odd.status})
    honoured = []
    for name, filter in (("guide", "status__is"), ("schema", "_status__is")):
        rows = await tenant.rows("invoice/", {filter: "99", "page_size": "50"})
        if all(row.get("status") == 99 for row in rows):
            honoured.append(name)
    value = "both" if len(honoured) == 2 else honoured[0] if honoured else "none"
    yield Value("status-filter", value, {"honoured": ", ".join(honoured)})
    rows = await tenant.rows("invoice/", {"ordering": "-id", "page_size": "50"})
    sums = [row.get(name) for row in rows for name in ("total", "total_vat", "client_due_sum", "due_sum")]
    is_mixed = any(isinstance(one, str) for one in sums)
    yield Value("numbers", "mixed" if is_mixed else "number", {"looked at": len(sums)})
    keys = {key for row in rows for key in row if "currency" in key.lower()}
    yield Value("currency", "yes" if keys else "no", {"keys": ", ".join(sorted(keys))})


async def payment_filters(tenant: Tenant) -> AsyncIterator[Value]:
    own = await tenant.paid()
    invoice = await tenant.invoice()
    rows = await tenant.rows("invoicepayment/", {"invoice__is": invoice, "page_size": "50"})
    by_invoice = all(str(row.get("invoice", "")).rstrip("/").rpartition("/")[2] == invoice for row in rows)
    by_text = await tenant.rows("invoicepayment/", {"info__icontains": str(own.get("info"))[:17], "page_size": "50"})
    is_text = bool(by_text) and all(str(own.get("info"))[:17] in str(row.get("info")) for row in by_text)
    others = await tenant.rows("invoicepayment/", {"page_size": "50"})
    if by_invoice and len(others) <= len(rows):
        raise CannotTry("there are no payments of other invoices to tell a filter by")
    value = "ignore" if not by_invoice else "strict" if is_text else "some"
    yield Value("filters", value, {"by invoice": len(rows), "by text": len(by_text)})


async def booking(tenant: Tenant) -> AsyncIterator[Value]:
    invoice = await tenant.invoice()
    due = await tenant.due(invoice)
    body = tenant.body(invoice)
    known = {row.get("id") for row in await tenant.payments(invoice)}
    reply = await tenant.book(body)
    began = tenant.clock.monotonic()
    if not reply.is_done:
        raise CannotTry(f"the booking was refused: {reply.shown}")
    answer = (
        "full" if {"id", "invoice", "paid", "info"} <= reply.object.keys() else "other" if reply.object else "empty"
    )
    yield Value("created-answer", answer, {"keys": ", ".join(reply.object)})
    status = str(reply.status) if reply.status in (200, 201) else "other"
    yield Value("created-status", status, {"status": reply.status})
    new = [row for row in await tenant.payments(invoice) if row.get("id") not in known]
    info = str(new[0].get("info") or "") if new else ""
    yield Value("info-kept", "keep" if info == body["info"] else "changed" if info else "drop", {"kept": info})
    value = "at_once"
    while (now := await tenant.due(invoice)) >= due:
        value = "later"
        if tenant.clock.monotonic() - began > LAG_S:
            value = "never"
            break
        await tenant.clock.sleep(1.0)
    yield Value("due-falls", value, {"before": due, "after": now, "seconds": round(tenant.clock.monotonic() - began)})
    again = await tenant.book(body)
    after = [row for row in await tenant.payments(invoice) if row.get("id") not in known]
    value = "two" if len(after) > len(new) else "one" if again.is_done else "refused"
    yield Value("duplicate", value, {"answer": again.shown})


async def texts(tenant: Tenant) -> AsyncIterator[Value]:
    invoice = await tenant.invoice()
    kept: dict[int, int] = {}
    for length in (100, 255, 300):
        text = f"PILOT{tenant.chance.bits(40):012d}".ljust(length, "x")
        known = {row.get("id") for row in await tenant.payments(invoice)}
        reply = await tenant.book(tenant.body(invoice, info=text))
        new = [row for row in await tenant.payments(invoice) if row.get("id") not in known]
        kept[length] = len(str(new[0].get("info") or "")) if reply.is_done and new else -1
    is_cut = any(0 <= got < asked for asked, got in kept.items())
    value = "short" if kept[100] != 100 else "truncate" if is_cut else "keep"
    yield Value("info-limit", value, {f"{asked} letters": "refused" if got < 0 else got for asked, got in kept.items()})


async def corrections(tenant: Tenant) -> AsyncIterator[Value]:
    own = await tenant.paid()
    invoice = await tenant.invoice()
    extra = await tenant.ask("POST", f"invoicepayment/{own['id']}/extras/", {"key": "pilot", "value": "1"})
    yield Value("extras", "yes" if extra.is_done else "no", {"answer": extra.shown})
    refund = await tenant.book(tenant.body(invoice, -SMALL))
    yield Value("refund", "accept" if refund.is_done else "refuse", {"answer": refund.shown})
    other = await tenant.paid()
    path = f"invoicepayment/{other['id']}/cancel_payment/"
    cancelled = await tenant.ask("POST", path, {"info": "PILOT"})
    value = "allowed" if cancelled.is_done else "forbidden" if cancelled.status == 403 else "other"
    yield Value("cancel-payment", value, {"answer": cancelled.shown})
    if not cancelled.is_done:
        return
    now = (await tenant.ask("GET", f"invoicepayment/{other['id']}/")).object
    changed = sorted(key for key in now if now[key] != other.get(key))
    is_marked = any(now.get(mark) for mark in assumed.CANCELLED_MARKS)
    yield Value("cancel-mark", "known" if is_marked else "other", {"changed": ", ".join(changed)})
    again = await tenant.ask("POST", path, {"info": "PILOT"})
    yield Value("cancel-twice", "taken" if again.is_done else "refused", {"answer": again.shown})


async def refusals(tenant: Tenant) -> AsyncIterator[Value]:
    for what in ("draft", "invoicing"):
        try:
            invoice = await tenant.invoice(what)
        except CannotTry:
            continue
        reply = await tenant.book(tenant.body(invoice))
        yield Value(what, "taken" if reply.is_done else "refused", {"answer": reply.shown})
    field = await tenant.date_field()
    if field is None:
        raise CannotTry("the day of a payment cannot be set")
    reply = await tenant.book(tenant.body(await tenant.invoice(), day={field: FAR_BACK}))
    yield Value("lock-date", "taken" if reply.is_done else "refused", {"answer": reply.shown})


async def paid_off(tenant: Tenant) -> AsyncIterator[Value]:
    invoice = await tenant.invoice()
    rest = await tenant.due(invoice)
    if rest > 0:
        reply = await tenant.book(tenant.body(invoice, rest))
        if not reply.is_done:
            raise CannotTry(f"the rest could not be booked: {reply.shown}")
        await tenant.clock.sleep(1.0)
    now = (await tenant.ask("GET", f"invoice/{invoice}/")).object
    if now.get("due_sum") in (0, "0", "0.00", None) or await tenant.due(invoice) <= 0:
        is_whole = Decimal(str(now.get("due_sum") or 0)) == 0
        if is_whole:
            yield Value("date-paid", "set" if now.get("date_paid") else "never", {"date_paid": now.get("date_paid")})
    over = await tenant.book(tenant.body(invoice))
    yield Value("overpayment", "allow" if over.is_done else "refuse", {"answer": over.shown})


async def reports(tenant: Tenant) -> AsyncIterator[Value]:
    await tenant.paid()
    for fact, question in (
        ("no-terminal-run", "Did a terminal of Provet's own start when the pilot booked? yes, no, Enter: cannot say"),
        ("reports", "Do the pilot's payments stand in Provet's end-of-day report as card payments? yes, no, Enter: ?"),
    ):
        said = (await tenant.person.answer(fact, question)).strip().lower()
        if said in ("y", "yes", "n", "no"):
            yield Value(fact, "yes" if said in ("y", "yes") else "no")


async def limits(tenant: Tenant) -> AsyncIterator[Value]:
    for _ in range(5):
        reply = await tenant.ask("GET", "invoice/", query=HEAVY)
        if reply.status == 429:
            said = reply.headers.get("retry-after", "")
            value = "seconds" if said.isdecimal() else "http_date" if said else "absent"
            yield Value("retry-after", value, {"Retry-After": said or "-"})
            return
    yield Value("retry-after", "never", {"lists of 1000": 5})


TRIALS: Mapping[Trial, tuple[str, ...]] = {
    account: ("token-life", "second-token", "slash"),
    rights: ("rights", "active-permissions", "date-field"),
    lists: ("unknown-filter", "status-filter", "numbers", "currency"),
    booking: ("created-answer", "created-status", "info-kept", "due-falls", "duplicate"),
    texts: ("info-limit",),
    payment_filters: ("filters",),
    corrections: ("extras", "refund", "cancel-payment", "cancel-mark", "cancel-twice"),
    refusals: ("draft", "invoicing", "lock-date"),
    reports: ("no-terminal-run", "reports"),
    paid_off: ("date-paid", "overpayment"),
    limits: ("retry-after",),
}
"""In this order: the test invoice is paid off near the end, and the limits are strained last."""
