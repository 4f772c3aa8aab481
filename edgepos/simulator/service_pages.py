"""OpenAPI pages of the two simulated services, for people and for tools that throw odd requests at them.

They describe what the simulator takes and answers; the protocol pages say what the real services do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgepos.simulator.nets import KINDS, LARGEST_MINOR
from edgepos.simulator.openapi import Operation, document
from edgepos.simulator.practice import PAYMENT_TYPES
from edgepos.simulator.provet import API, PROVET_ID

OK = (200, "Done")
CREATED = (201, "Done")
FAILURE = (400, "A failure: refused, declined or cancelled")
UNKNOWN_TERMINAL = (404, "No terminal of this account")
UNAUTHORISED = (401, "No token, or one that has ended")
NOT_FOUND = (404, "Not found")
BAD = (400, "What is wrong with which field")
FORBIDDEN = (403, "A right is missing")
THROTTLED = (429, "Too many requests; see Retry-After")

TERMINAL_IDS = ("70000001", "70000002", "70000003")
RECORD_IDS = ("2", "12", "77", "88", "501", "502", "900", "9001", "9002")

AMOUNT = {"type": "integer", "minimum": 1, "maximum": LARGEST_MINOR}
ACTIONS = ["reconciliation", "cancelAction", "downloadDataset", "downloadSoftware", "balanceInquiry"]


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


PAYMENT = _object(
    ["transactionType", "amount"],
    transactionType={"enum": list(KINDS)},
    amount=AMOUNT,
    amountCashback=AMOUNT,
    orderId={"type": "string", "pattern": "^[0-9A-Za-z]{0,20}$"},
)
LOGIN = _object(["username", "password"], username={"type": "string"}, password={"type": "string"})
SIGN_IN = _object(
    ["grant_type"],
    grant_type={"const": "client_credentials"},
    client_id={"type": "string"},
    client_secret={"type": "string"},
)
BOOKING = _object(
    ["invoice", "payment_type", "paid"],
    invoice={"type": "string", "format": "uri"},
    payment_type={"enum": list(PAYMENT_TYPES)},
    paid={"type": ["number", "string"]},
    status={"type": "integer"},
    info={"type": "string"},
    created_user={"type": "string", "format": "uri"},
    payment_date={"type": "string", "format": "date"},
)
CANCELLATION = _object([], info={"type": "string"}, date={"type": "string", "format": "date"})


def nets_page(url: str) -> dict[str, Any]:
    """Connect@Cloud as simulated, served at *url*."""
    one = "/v1/terminal/{tid}"
    always = (UNAUTHORISED, UNKNOWN_TERMINAL)
    settings = _object([], printerWidth={"type": "integer", "minimum": 0, "maximum": 100})
    administration = _object(["action"], action={"enum": ACTIONS})
    void = _object(["amount"], amount=AMOUNT)
    operations = [
        Operation("POST", "/v1/login", "Sign in", LOGIN, (OK, (400, "No object"), (401, "Wrong name or password"))),
        Operation("GET", "/v1/terminal", "Terminals of the account", None, (OK, UNAUTHORISED)),
        Operation("GET", one, "State of a terminal", None, (OK, FAILURE, *always)),
        Operation("GET", f"{one}/settings", "Read settings", None, (OK, *always)),
        Operation("PUT", f"{one}/settings", "Change settings", settings, (OK, FAILURE, *always)),
        Operation("POST", f"{one}/transaction", "Pay; blocks until done", PAYMENT, (CREATED, FAILURE, *always)),
        Operation("GET", f"{one}/transaction", "Last result", None, (OK, FAILURE, *always)),
        Operation("DELETE", f"{one}/transaction", "Void the last one", void, (CREATED, FAILURE, *always)),
        Operation("POST", f"{one}/administration", "Reconcile, cancel …", administration, (OK, FAILURE, *always)),
    ]
    operations = [replace(o, ids=TERMINAL_IDS) for o in operations]
    return document("Connect@Cloud, simulated", "protocols/connectcloud.md", operations, url)


def provet_page(url: str) -> dict[str, Any]:
    """The practice system as simulated, served at *url*."""
    always = (UNAUTHORISED, THROTTLED)
    listed, single = (OK, BAD, NOT_FOUND, *always), (OK, NOT_FOUND, *always)
    sign_in_answers = (OK, BAD, UNAUTHORISED)
    payment = f"{API}invoicepayment/"
    operations = [
        Operation("POST", f"/{PROVET_ID}/oauth2/token/", "Sign in", SIGN_IN, sign_in_answers,
                  "application/x-www-form-urlencoded"),
        Operation("POST", payment, "Book a payment", BOOKING, (CREATED, BAD, *always)),
        Operation("OPTIONS", payment, "Fields of a payment", None, (OK, *always)),
        Operation("PATCH", f"{payment}{{id}}/", "Change the text", BOOKING | {"required": []}, (*single, BAD)),
        Operation("POST", f"{payment}{{id}}/cancel_payment/", "Cancel", CANCELLATION, (*single, BAD, FORBIDDEN)),
        Operation("GET", f"{payment}{{id}}/extras/", "Extras of a payment", None, single),
        Operation("POST", f"{payment}{{id}}/extras/", "Add an extra", {"type": "object"}, (*single, CREATED, BAD)),
        Operation("GET", f"{API}invoicerow/", "Rows of invoices", None, listed),
        Operation("GET", f"{API}user/current/active_permissions/", "What the token may do", None, (OK, *always)),
        Operation("GET", f"{API}paymentmethod/", "Methods of payment", None, (*listed, FORBIDDEN)),
        Operation("GET", f"{API}settings/department/{{id}}/", "Lock date", None, (*single, FORBIDDEN)),
    ]  # fmt: skip
    for name in ("invoice", "invoicepayment", "client", "patient", "department", "user", "consultation"):
        operations.append(Operation("GET", f"{API}{name}/", f"List of {name}s", None, listed))
        operations.append(Operation("GET", f"{API}{name}/{{id}}/", f"One {name}", None, single))
    operations = [replace(o, ids=RECORD_IDS) for o in operations]
    return document("Provet Cloud, simulated", "protocols/provet.md", operations, url)
