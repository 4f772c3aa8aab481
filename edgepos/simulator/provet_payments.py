"""Payments on invoices by API: create, read, change, cancel, and the extras of one. protocols/provet.md §9 and §13."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edgepos.simulator.practice import PAYMENT_TYPES, Booking, Practice, Rejected
from edgepos.simulator.provet_lists import BadQuery, Json, record_id
from edgepos.simulator.provet_rows import Rows

API_PATH = re.compile(r"(?P<base>.*/api/0\.1/)")
LARGEST = Decimal(10_000_000)

FIELDS = {
    "invoice": {"type": "field", "required": True, "read_only": False, "label": "Faktura"},
    "payment_type": {"type": "choice", "required": True, "read_only": False, "label": "Betalningstyp"},
    "paid": {"type": "float", "required": True, "read_only": False, "label": "Betalt"},
    "status": {"type": "integer", "required": False, "read_only": False, "label": "Status"},
    "info": {"type": "string", "required": False, "read_only": False, "label": "Info", "max_length": 255},
    "created_user": {"type": "field", "required": False, "read_only": False, "label": "Skapad av"},
    "payment_date": {"type": "date", "required": False, "read_only": False, "label": "Betalningsdatum"},
}


class Payments:
    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    async def create(self, request: Request) -> Response:
        """Adds a payment. The same body twice adds two."""
        body = await _object(request)
        variants = self._practice.variants
        booking = self._practice.book(
            _relation(body, "invoice", required=True) or 0,
            _paid_minor(body),
            payment_type=_choice(body, "payment_type"),
            status=_integer(body, "status", 3),
            info=_text(body, "info"),
            created_user=_relation(body, "created_user"),
            payment_date=_day(body, "payment_date"),
        )
        if variants.created_answer == "empty":
            return Response(status_code=variants.created_status, media_type="application/json")
        return JSONResponse(self._row(request, booking), variants.created_status)

    async def one(self, request: Request) -> Response:
        return JSONResponse(self._row(request, self._booking(request)))

    async def change(self, request: Request) -> Response:
        """Only the text can be changed; other keys are ignored."""
        booking = self._booking(request)
        body = await _object(request)
        if "info" in body:
            booking.info = _text(body, "info")[: self._practice.variants.info_limit]
            booking.modified = self._practice.now()
        return JSONResponse(self._row(request, booking))

    async def cancel(self, request: Request) -> Response:
        """Takes a wrongly recorded payment back in the books. Moves no card money."""
        booking = self._booking(request)
        if self._practice.variants.cancel_payment == "forbidden":
            raise BadQuery(403, {"detail": "Du har inte tillåtelse att utföra denna förfrågan."})
        body = await _object(request)
        self._practice.cancel(booking, _text(body, "info"), _day(body, "date"))
        return JSONResponse(self._row(request, booking))

    async def list_extras(self, request: Request) -> Response:
        return JSONResponse(self._booking(request).extras)

    async def create_extra(self, request: Request) -> Response:
        booking = self._booking(request)
        extra = {"id": len(booking.extras) + 1, "key": "", "value": ""} | await _object(request)
        booking.extras.append(extra)
        return JSONResponse(extra, 201)

    async def options(self, request: Request) -> Response:
        metadata = {"name": "Invoicepayment List", "renders": ["application/json", "text/html"]}
        return JSONResponse(metadata | {"parses": ["application/json"], "actions": {"POST": FIELDS}})

    def _booking(self, request: Request) -> Booking:
        booking = self._practice.bookings.get(record_id(request))
        if booking is None:
            raise BadQuery(404, {"detail": "Hittades inte."})
        return booking

    def _row(self, request: Request, booking: Booking) -> Json:
        path = API_PATH.match(request.url.path)
        assert path is not None
        base = f"{request.url.scheme}://{request.url.netloc}{path['base']}"
        return Rows(self._practice, base).payment(booking)


async def _object(request: Request) -> Json:
    """The body; numbers with a point as Decimal. Raises BadQuery as the framework would answer."""
    if "application/json" not in request.headers.get("content-type", ""):
        raise BadQuery(415, {"detail": "Medietypen stöds inte."})
    try:
        body = json.loads(await request.body() or b"{}", parse_float=Decimal, parse_constant=Decimal)
        json.dumps(body, default=str, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError, InvalidOperation):
        raise BadQuery(400, {"detail": "JSON-tolkningsfel."}) from None
    if not isinstance(body, dict):
        raise Rejected("non_field_errors", "Ogiltig data. Förväntade ett objekt.")
    return _without_decimals(body)


def _without_decimals(body: Json) -> Json:
    """Only `paid` needs its exact form; elsewhere a number with a point is an ordinary one again."""
    return {key: value if key == "paid" else _plain(value) for key, value in body.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if math.isfinite(float(value)) else None
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _paid_minor(body: Json) -> int:
    value = body.get("paid")
    if value is None:
        raise Rejected("paid", "Detta fält är obligatoriskt.")
    try:
        amount = Decimal(value if isinstance(value, Decimal | str) else str(value))
    except InvalidOperation:
        raise Rejected("paid", "Ett giltigt tal krävs.") from None
    if isinstance(value, bool) or not amount.is_finite() or abs(amount) > LARGEST:
        raise Rejected("paid", "Ett giltigt tal krävs.")
    minor = amount * 100
    if minor != minor.to_integral_value():
        raise Rejected("paid", "Se till att det inte finns fler än 2 decimaler.")
    return int(minor)


def _relation(body: Json, key: str, *, required: bool = False) -> int | None:
    value = body.get(key)
    if value is None and not required:
        return None
    resource = "user" if key == "created_user" else key
    found = re.search(rf"/{resource}/(\d{{1,9}})/$", value, re.ASCII) if isinstance(value, str) else None
    if found is None:
        missing = key not in body
        raise Rejected(key, "Detta fält är obligatoriskt." if missing else "Ogiltig hyperlänk - Ingen URL matchade.")
    return int(found[1])


def _choice(body: Json, key: str) -> int:
    if key not in body:
        raise Rejected(key, "Detta fält är obligatoriskt.")
    value = _integer(body, key, 0)
    if value not in PAYMENT_TYPES:
        raise Rejected(key, f'"{value}" är inte ett giltigt val.')
    return value


def _integer(body: Json, key: str, default: int) -> int:
    value = body.get(key, default)
    if type(value) is not int or not 0 <= value <= 999:
        raise Rejected(key, "Ett giltigt heltal krävs.")
    return value


def _text(body: Json, key: str) -> str:
    value = body.get(key) or ""
    if not isinstance(value, str):
        raise Rejected(key, "Inte en giltig sträng.")
    return value


def _day(body: Json, key: str) -> date | None:
    value = body.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        raise Rejected(key, "Datumet har fel format. Använd YYYY-MM-DD.") from None
