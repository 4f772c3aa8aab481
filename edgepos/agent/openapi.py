"""The agent's OpenAPI page: made from the routes, with what each may be asked and told written beside it here.

Imports nothing of the agent, so that a test can hold each route's own code against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "maxLength": 200}
FLAG: Schema = {"type": "string", "enum": ["0", "1"]}
BOOLEAN: Schema = {"type": "boolean"}
DAY: Schema = {"type": "string", "format": "date"}
AMOUNT: Schema = {"type": "integer", "minimum": 1, "description": "minor units"}
WHOLE: Schema = {"type": "integer"}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 200}
PAGED: Mapping[str, Schema] = {"limit": LIMIT, "before": TEXT}
FOUND: Mapping[str, Schema] = {"find": TEXT, "day": DAY, "state": TEXT, "terminal": TEXT, **PAGED}

QUERIES: Mapping[str, Mapping[str, Schema]] = {
    "GET /invoices": {"find": TEXT, "all": FLAG},
    "GET /invoices/{id}": {"fresh": FLAG},
    "GET /payments": FOUND,
    "GET /payments/{id}": {"wait_s": {"type": "integer", "minimum": 0, "maximum": 60}},
    "GET /payments/{id}/receipt": {
        "slip": {"type": "string", "enum": ["customer", "merchant"]}, "copy": FLAG, "code_page": TEXT,
    },
    "GET /reconciliations": FOUND,
    "GET /outbox": {"state": {"type": "string", "enum": ["queued", "acknowledged", "parked"]}, **PAGED},
    "GET /match": {"day": DAY},
    "GET /closings": {"limit": LIMIT, "before": {"type": "integer", "minimum": 0}},
    "GET /closings/{number}": {"copy": FLAG},
    "GET /x-report": {"terminal": TEXT},
    "GET /setup": {"look": FLAG},
    "GET /verify": {"quick": FLAG},
    "GET /log": {"limit": {"type": "integer", "minimum": 1, "maximum": 2000}},
}  # fmt: skip
"""What stands behind the question mark."""


def _object(required: Sequence[str] = (), **fields: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": fields}
    return {**schema, "required": list(required)} if required else schema


_LINE = _object(("invoice", "part", "due_minor", "amount_minor"), invoice=TEXT, part=WHOLE, due_minor=WHOLE,
                amount_minor=AMOUNT)  # fmt: skip
_SHARE = _object(("line", "amount_minor"), line=WHOLE, amount_minor=AMOUNT)

BODIES: Mapping[str, Schema] = {
    "POST /payments": _object(
        terminal=TEXT, currency=TEXT, lines={"type": "array", "items": _LINE}, amount_minor=AMOUNT, text=TEXT,
        large_confirmed=BOOLEAN, gap_confirmed=BOOLEAN,
    ),
    "POST /payments/{id}/refund": _object(
        ("amount_minor",), terminal=TEXT, amount_minor=AMOUNT, lines={"type": "array", "items": _SHARE}, reason=TEXT
    ),
    "POST /payments/{id}/settle": _object(
        ("outcome",), outcome={"type": "string", "enum": ["taken", "not_taken"]}, slip_number=TEXT, amount_minor=AMOUNT,
        confirm={"type": "string", "description": "the sentence that the first call gave"},
    ),
    "POST /payments/{id}/assign": _object(("invoice",), invoice=TEXT),
    "POST /records": _object(
        ("amount_minor", "slip_number", "at"), kind={"type": "string", "enum": ["purchase", "refund"]}, terminal=TEXT,
        amount_minor=AMOUNT, slip_number=TEXT, at={"type": "string", "format": "date-time"}, invoice=TEXT, session=TEXT,
        text=TEXT,
    ),
    "POST /reconciliations": _object(terminal=TEXT),
    "POST /findings/{id}/handle": _object(("note",), note=TEXT),
    "POST /outbox/{row}/retry": _object(book_today=BOOLEAN),
    "POST /outbox/{row}/adopt": _object(("practice_payment",), practice_payment=TEXT),
    "POST /login": _object(("operator", "pin"), operator=TEXT, pin=TEXT),
    "POST /terminals/{id}/periods/{period}/total": _object(("amount_minor",), amount_minor=WHOLE, note=TEXT),
    "POST /closings": _object(day=DAY),
    "POST /setup/lamps": _object(("terminal", "green"), terminal=TEXT, green=BOOLEAN),
    "POST /operators": _object(
        ("operator",), operator=TEXT, name=TEXT, pin=TEXT, active=BOOLEAN,
        role={"type": "string", "enum": ["staff", "senior", "technician"]},
    ),
    "POST /terminals/{id}/release": _object(other_box_is_off=BOOLEAN),
    "POST /sql": _object(("query",), query={"type": "string", "maxLength": 4000}),
}  # fmt: skip
"""What a request's JSON holds. A field that is not named is ignored."""

KEYED = frozenset(
    {"POST /payments", "POST /payments/{id}/refund", "POST /payments/{id}/reverse", "POST /records",
     "POST /reconciliations"}
)  # fmt: skip
"""These take a key made once for a press: the same key gives the first answer again."""

OTHER_MEDIA: Mapping[str, str] = {"GET /events": "text/event-stream", "GET /backup": "application/vnd.sqlite3"}

_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "mend", "facts"],
            "properties": {"code": TEXT, "message": {"type": "string"}, "mend": {"type": "string"},
                           "facts": {"type": "object"}},
        }
    },
}  # fmt: skip
_REFUSALS = {
    "400": "asked in a wrong form", "403": "not allowed, or a PIN is needed", "404": "there is no such thing",
    "409": "refused", "503": "a service cannot be reached",
}  # fmt: skip


def page(routes: Iterable[tuple[str, str, str]], prefix: str, version: str) -> dict[str, Any]:
    """The page of *routes*: method, path below *prefix*, and what it does."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, does in routes:
        paths.setdefault(prefix + path, {})[method.lower()] = _operation(f"{method} {path}", does)
    return {
        "openapi": "3.1.0",
        "info": {"title": "edgepos agent", "version": version},
        "paths": paths,
        "components": {
            "responses": {
                status: {"description": meaning, "content": {"application/json": {"schema": _ERROR}}}
                for status, meaning in _REFUSALS.items()
            }
        },
    }


def _operation(route: str, does: str) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", route)
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in QUERIES.get(route, {}).items()]
    if route in KEYED:
        key = {"type": "string", "format": "uuid"}
        parameters.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": key})
    media = OTHER_MEDIA.get(route, "application/json")
    operation: dict[str, Any] = {
        "summary": " ".join(does.split()),
        "parameters": parameters,
        "responses": {
            "2XX": {"description": "the document", "content": {media: {}}},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS},
        },
    }
    if route in BODIES:
        operation["requestBody"] = {"content": {"application/json": {"schema": BODIES[route]}}}
    return operation
