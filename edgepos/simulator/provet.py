"""The practice system as a server: sign-in, invoices, payments on them and what stands around them.

It follows protocols/provet.md and behaves like the web framework that page assumes: trailing slashes, one error shape
a kind of error, texts in Swedish. The name that it assumes for a payment's day is `payment_date`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Match, Route

from edgepos.clock import Clock
from edgepos.simulator.draw import Draw
from edgepos.simulator.practice import Booking, Invoice, Practice, Rejected
from edgepos.simulator.provet_lists import (
    BadQuery,
    Budget,
    Json,
    filtered,
    moment_in,
    ordered,
    paged,
    record_id,
    weight,
)
from edgepos.simulator.provet_payments import Payments
from edgepos.simulator.provet_rows import Rows

PROVET_ID = 1234
CLIENT_ID = "edgepos-demo-client"
CLIENT_SECRET = "edgepos-demo-secret"  # invented, for the simulator only

API = f"/{PROVET_ID}/api/0.1/"
PERMISSIONS = (
    "Financial: Invoices", "General: Patients and clients", "General: Consultations and its items",
    "Profile: User profile page",
)  # fmt: skip
SETTINGS_PERMISSIONS = ("Settings: Settings page", "Settings: Integration settings", "Settings: Department settings")

INVOICE_FILTERS = (
    "invoice_date", "modified", "created", "date_paid", "client", "department", "credit_note", "consultation", "id",
)  # fmt: skip

# Every route takes all of them: a wrong one gets this service's own 405, in its own words.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Endpoint = Callable[[Request], Awaitable[Response]]


class Provet:
    def __init__(self, practice: Practice, clock: Clock, draw: Draw) -> None:
        self.practice = practice
        self.tokens: dict[str, float] = {}
        self.budget = Budget(clock.monotonic)
        self._clock = clock
        self._draw = draw
        self._payments = Payments(practice)
        self.app = Starlette(routes=self._routes())
        self.app.router.redirect_slashes = False

    def _routes(self) -> list[Route]:
        pay = self._payments
        routes = [Route(f"/{PROVET_ID}/oauth2/token/", self.token, methods=METHODS)]
        for path, endpoint, by_method in (
            ("invoice/", "invoice", {"GET": ("list", self.list_invoices)}),
            ("invoice/{id}/", "invoice", {"GET": ("one", self.one_invoice)}),
            ("invoicerow/", "invoicerow", {"GET": ("list", self.list_invoice_rows)}),
            ("invoicepayment/", "invoicepayment", {
                "GET": ("list", self.list_payments), "POST": ("create", pay.create), "OPTIONS": ("one", pay.options)}),
            ("invoicepayment/{id}/", "invoicepayment", {
                "GET": ("one", pay.one), "PATCH": ("change", pay.change), "PUT": ("change", pay.change)}),
            ("invoicepayment/{id}/cancel_payment/", "invoicepayment", {"POST": ("cancel", pay.cancel)}),
            ("invoicepayment/{id}/extras/", "extras", {
                "GET": ("list", pay.list_extras), "POST": ("create", pay.create_extra)}),
            ("user/current/active_permissions/", "user", {"GET": ("one", self.permissions)}),
            ("paymentmethod/", "paymentmethod", {"GET": ("list", self.payment_methods)}),
            ("transaction_terminal/", "transaction_terminal", {"GET": ("list", self.transaction_terminals)}),
            ("settings/department/{id}/", "settings", {"GET": ("one", self.department_settings)}),
        ):  # fmt: skip
            routes.append(self._route(path, endpoint, by_method))
        for name in ("client", "patient", "department", "user", "consultation"):
            routes.append(self._route(f"{name}/", name, {"GET": ("list", self._list_of(name))}))
            routes.append(self._route(f"{name}/{{id}}/", name, {"GET": ("one", self._one_of(name))}))
        routes.append(Route("/{path:path}", self.elsewhere, methods=METHODS))
        return routes

    # Sign-in.

    async def token(self, request: Request) -> Response:
        """Client credentials, as HTTP Basic or as form fields, for a token of 10 h."""
        if request.method != "POST":
            return _not_allowed(request)
        form = {}
        if "application/x-www-form-urlencoded" in request.headers.get("content-type", ""):
            form = {key: values[0] for key, values in parse_qs((await request.body()).decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        client = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if client != (CLIENT_ID, CLIENT_SECRET) or self.practice.variants.tokens_refused:
            return JSONResponse({"error": "invalid_client"}, 401, {"www-authenticate": 'Bearer error="invalid_client"'})
        token = self._draw.token("provet/token")
        life_s = self.practice.variants.token_life_s
        self.tokens[token] = self._clock.monotonic() + life_s
        answer = {"access_token": token, "expires_in": int(life_s), "token_type": "Bearer", "scope": "restapi"}
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    def revoke_tokens(self) -> None:
        self.tokens.clear()

    def _is_authorised(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and self._clock.monotonic() < self.tokens.get(token, 0.0)

    # Every call.

    def _route(self, path: str, name: str, by_method: Mapping[str, tuple[str, Endpoint]]) -> Route:
        async def endpoint(request: Request) -> Response:
            if not self._is_authorised(request):
                body = {"detail": "Autentiseringsuppgifter ej tillhandahållna eller ogiltiga."}
                return JSONResponse(body, 401, {"www-authenticate": 'Bearer realm="api"'})
            if request.method not in by_method:
                return _not_allowed(request)
            action, handler = by_method[request.method]
            cost = weight(request.query_params) if action == "list" else 1
            wait_s = self.budget.spend((name, action), cost) if self.practice.variants.rate_limits else None
            if wait_s is not None:
                return self._too_many(wait_s)
            try:
                answer = await handler(request)
            except BadQuery as bad:
                answer = JSONResponse(bad.body, bad.status)
            except Rejected as rejected:
                answer = JSONResponse({rejected.field: [rejected.text]}, 400)
            if "text/html" in request.headers.get("accept", "") and request.method == "GET":
                return HTMLResponse("<!DOCTYPE html><html><body>Provet Cloud REST API</body></html>")
            return answer

        return Route(f"{API}{path}", endpoint, methods=METHODS)

    def _too_many(self, wait_s: int) -> Response:
        match self.practice.variants.retry_after:
            case "seconds":
                headers = {"retry-after": str(wait_s)}
            case "http_date":
                at = self._clock.now() + timedelta(seconds=wait_s)
                headers = {"retry-after": format_datetime(at, usegmt=True)}
            case "absent":
                headers = {}
        return JSONResponse({"detail": f"Förfrågan stryptes. Försök igen om {wait_s} sekunder."}, 429, headers)

    async def elsewhere(self, request: Request) -> Response:
        """301 where only the trailing slash is missing, 404 for all else."""
        path = request.url.path
        if not path.endswith("/"):
            scope = {"type": "http", "path": path + "/", "root_path": "", "method": request.method}
            known = self.app.routes[:-1]
            if any(route.matches(scope)[0] is Match.FULL for route in known):
                return RedirectResponse(request.url.replace(path=path + "/"), 301)
        return JSONResponse({"detail": "Hittades inte."}, 404)

    # Resources.

    async def list_invoices(self, request: Request) -> Response:
        rows = Rows(self.practice, _base(request))
        asked_for = [rows.invoice_keys(invoice) for invoice in self._invoices_asked_for(request)]
        answer = self._page(request, asked_for, self._invoice_filters())
        shown = [self.practice.invoices[row["id"]] for row in answer["results"]]
        answer["results"] = [rows.invoice(invoice) for invoice in shown]
        for invoice in shown:
            if invoice.grows_when_listed:
                self.practice.grow(invoice)
        return JSONResponse(answer)

    def _invoices_asked_for(self, request: Request) -> Iterable[Invoice]:
        """Without most that the filters would leave out anyway: who walks by id, or asks every half minute for what has
        changed, would have a week's invoices looked through each time."""
        query, invoices = request.query_params, self.practice.invoices.values()
        if self.practice.variants.filters == "ignore" or "filter_type" in query:
            return invoices
        after, since = _after(query), moment_in(query.get("modified__gte", ""))
        earliest = since - timedelta(seconds=1) if since else None  # rows show whole seconds
        return [one for one in invoices if one.id > after and (earliest is None or one.modified > earliest)]

    def _invoice_filters(self) -> dict[str, str]:
        known = {name: name for name in INVOICE_FILTERS}
        form = self.practice.variants.status_filter
        if form != "schema":
            known["status"] = "status"
        if form != "guide":
            known["_status"] = "status"
        return known

    async def one_invoice(self, request: Request) -> Response:
        invoice = self.practice.invoices.get(record_id(request))
        if invoice is None:
            raise BadQuery(404, {"detail": "Hittades inte."})
        return JSONResponse(Rows(self.practice, _base(request)).invoice(invoice))

    async def list_invoice_rows(self, request: Request) -> Response:
        rows = Rows(self.practice, _base(request))
        found = [row for invoice in self.practice.invoices.values() for row in rows.invoice_rows(invoice)]
        return JSONResponse(self._page(request, found, {"invoice": "invoice", "id": "id"}))

    async def list_payments(self, request: Request) -> Response:
        rows = Rows(self.practice, _base(request))
        known = {name: name for name in ("invoice", "id", "created", "modified")}
        if self.practice.variants.filters == "strict":
            known |= {"info": "info", "payment_type": "payment_type"}
        found = [rows.payment(booking) for booking in self._payments_asked_for(request)]
        return JSONResponse(self._page(request, found, known, shifts=self.practice.variants.shifting_pages))

    def _payments_asked_for(self, request: Request) -> Iterable[Booking]:
        """Those of one invoice come from its own list: writing out all for each question took most of a long day."""
        query, bookings = request.query_params, self.practice.bookings.values()
        if self.practice.variants.filters == "ignore" or "filter_type" in query:
            return bookings
        asked, after = query.get("invoice__is", ""), _after(query)
        invoice = self.practice.invoices.get(int(asked)) if asked.isdecimal() else None
        return [one for one in (self.practice.bookings_of(invoice) if invoice else bookings) if one.id > after]

    def _list_of(self, name: str) -> Endpoint:
        async def listed(request: Request) -> Response:
            write = getattr(Rows(self.practice, _base(request)), name)
            rows = [write(record) for record in getattr(self.practice, f"{name}s").values()]
            return JSONResponse(self._page(request, rows, {"id": "id", "client": "client", "lastname": "lastname"}))

        return listed

    def _one_of(self, name: str) -> Endpoint:
        async def one(request: Request) -> Response:
            record = getattr(self.practice, f"{name}s").get(record_id(request))
            if record is None:
                raise BadQuery(404, {"detail": "Hittades inte."})
            return JSONResponse(getattr(Rows(self.practice, _base(request)), name)(record))

        return one

    async def permissions(self, request: Request) -> Response:
        full = self.practice.variants.template == "full"
        return JSONResponse([*PERMISSIONS, *(SETTINGS_PERMISSIONS if full else ())])

    async def payment_methods(self, request: Request) -> Response:
        self._need_template()
        methods = [{"id": 1, "name": "Kort", "payment_type": 0, "active": True}]
        return JSONResponse(self._page(request, methods, {}))

    async def transaction_terminals(self, request: Request) -> Response:
        self._need_template()
        return JSONResponse(self._page(request, [], {}))

    async def department_settings(self, request: Request) -> Response:
        self._need_template()
        if record_id(request) not in self.practice.departments:
            raise BadQuery(404, {"detail": "Hittades inte."})
        lock = self.practice.variants.lock_date
        return JSONResponse({"financial_period_lock_date": lock.isoformat() if lock else None})

    def _need_template(self) -> None:
        if self.practice.variants.template != "full":
            raise BadQuery(403, {"detail": "Du har inte tillåtelse att utföra denna förfrågan."})

    def _page(self, request: Request, rows: list[Json], known: dict[str, str], *, shifts: bool = False) -> Json:
        query = request.query_params
        if self.practice.variants.filters != "ignore":
            rows = filtered(rows, query.multi_items(), known)
        rows = ordered(rows, query.get("ordering", ""))
        if shifts and query.get("page", "1") != "1":
            rows = rows[1:]  # the first row went away after the first page was read
        own_url = request.url.replace(query=None)

        def url(page: int) -> str:
            kept = [(key, value) for key, value in query.multi_items() if key != "page"]
            return f"{own_url}?{urlencode([*kept, ('page', page)])}"

        return paged(rows, query, url)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{API}"


def _after(query: Mapping[str, str]) -> int:
    """The id above which rows are asked for; -1 for all, and for what is no id."""
    text = query.get("id__gt", "")
    return int(text) if text.isdecimal() else -1


def _not_allowed(request: Request) -> Response:
    return JSONResponse({"detail": f'Metoden "{request.method}" tillåts inte.'}, 405)


def _basic(request: Request) -> tuple[str, str] | None:
    found = re.fullmatch(r"Basic ([A-Za-z0-9+/=]+)", request.headers.get("authorization", ""))
    if found is None:
        return None
    try:
        name, _, secret = base64.b64decode(found[1]).decode("latin-1").partition(":")
    except binascii.Error:
        return None
    return name, secret
