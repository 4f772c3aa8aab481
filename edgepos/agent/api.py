"""The local API: HTTP and JSON on the agent's Unix socket, for screens and commands. CONTRACTS §7.

Nothing here decides about money: a route reads a form, asks `asking.py`, and shows a view. Every refusal is one
document `{"error": {code, message, mend, facts}}`; nothing that a client sends makes anything else of it. Who is at
the other end is the kernel's word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import unquote

from edgepos import __version__
from edgepos.agent import openapi
from edgepos.agent import routes_desk as desk
from edgepos.agent import routes_payments as money
from edgepos.agent import routes_technician as technician
from edgepos.agent.call import Call, Handler, Parts
from edgepos.agent.forms import MAX_BODY
from edgepos.agent.log import logger
from edgepos.agent.serving import JSONResponse, Request, Response, Server
from edgepos.domain.errors import EdgeposError, NotReached, Refused, Wrong
from edgepos.journal import JournalBroken
from edgepos.locale.messages import render

log = logger(__name__)

ROUTES: Sequence[tuple[str, str, Handler]] = (
    ("GET", "/status", desk.status),
    ("GET", "/events", desk.events),
    ("GET", "/invoices", desk.invoices),
    ("GET", "/invoices/{id}", desk.invoice),
    ("POST", "/payments", money.pay),
    ("GET", "/payments", money.payments),
    ("GET", "/payments/{id}", money.payment),
    ("GET", "/payments/{id}/receipt", money.receipt),
    ("POST", "/payments/{id}/cancel", money.cancel),
    ("POST", "/payments/{id}/recheck", money.recheck),
    ("POST", "/payments/{id}/refund", money.refund),
    ("POST", "/payments/{id}/reverse", money.reverse),
    ("POST", "/payments/{id}/settle", money.settle),
    ("POST", "/payments/{id}/assign", money.assign),
    ("POST", "/records", money.record),
    ("POST", "/reconciliations", money.reconcile),
    ("GET", "/reconciliations", money.reconciliations),
    ("GET", "/findings", desk.findings),
    ("POST", "/findings/{id}/handle", desk.handle),
    ("GET", "/outbox", desk.outbox),
    ("POST", "/outbox/now", desk.outbox_now),
    ("POST", "/outbox/{row}/retry", desk.outbox_retry),
    ("POST", "/outbox/{row}/park", desk.outbox_park),
    ("POST", "/outbox/{row}/adopt", desk.outbox_adopt),
    ("POST", "/login", desk.login),
    ("POST", "/logout", desk.logout),
    ("GET", "/match", technician.match),
    ("POST", "/terminals/{id}/periods/{period}/total", technician.tell_total),
    ("POST", "/closings", technician.close_day),
    ("GET", "/closings", technician.closings),
    ("GET", "/closings/{number}", technician.closing),
    ("GET", "/x-report", technician.x_report),
    ("GET", "/settings", technician.settings),
    ("GET", "/doctor", technician.doctor),
    ("GET", "/log", technician.log_lines),
    ("GET", "/operators", technician.operators),
    ("POST", "/operators", technician.change_operator),
    ("POST", "/terminals/{id}/release", technician.release),
    ("GET", "/verify", technician.verify),
    ("GET", "/backup", technician.backup),
    ("GET", "/backup/operators", technician.backup_operators),
    ("POST", "/restore", technician.restore),
    ("POST", "/sql", technician.sql),
)
PREFIX = "/v1"
FORBIDDEN = frozenset({"pin-needed", "pin-wrong", "not-allowed"})
Methods = Mapping[str, Handler]


def server(parts: Parts) -> Server:
    """The API over *parts*."""

    async def answer(request: Request) -> Response:
        return await _answer(request, parts)

    return Server(answer, max_body=MAX_BODY)


async def _answer(request: Request, parts: Parts) -> Response:
    methods, path = _route(request.path)
    handler = methods.get(request.method)
    try:
        if handler is None:
            return _no_such_route(request, methods)
        made = await handler(Call(request, path, parts))
    except EdgeposError as error:
        return error_document(error)
    except JournalBroken as broken:
        parts.broken(broken)
        return _unexpected("journal-broken")
    except Exception:  # the last handler: told with a reference, its cause is in the log
        reference = f"{parts.chance.bits(32):08X}"
        log.error("unexpected", exc_info=True, code=reference)
        return _unexpected(reference)
    return made if isinstance(made, Response) else JSONResponse(made)


def _route(path: str) -> tuple[Methods, Mapping[str, str]]:
    """What can be asked at *path*, with the parts of it that have a name; nothing where there is no such path."""
    if "{" not in path and (methods := _PATHS.get(path)) is not None:
        return methods, {}
    parts = path.split("/")
    for pattern, methods in _PATTERNS.get(len(parts), ()):
        pairs = list(zip(pattern, parts, strict=True))
        if all(name == given or (given and name[:1] == "{") for name, given in pairs):
            return methods, {name[1:-1]: unquote(given) for name, given in pairs if name[:1] == "{"}
    return {}, {}


def error_document(error: EdgeposError) -> JSONResponse:
    """The one form of every refusal."""
    said = render(error.code, error.facts)
    document = {"code": error.code, "message": said.message, "mend": said.mend, "facts": dict(error.facts)}
    return JSONResponse({"error": document}, _status(error))


def _status(error: EdgeposError) -> int:
    match error:
        case NotReached():
            return 503
        case Wrong():
            return 404 if error.code.startswith("unknown-") else 400
        case Refused():
            return 403 if error.code in FORBIDDEN else 409
    return 409


def _unexpected(reference: str) -> JSONResponse:
    said = render("unexpected", {"reference": reference})
    facts = {"reference": reference}
    error = {"code": "unexpected", "message": said.message, "mend": said.mend, "facts": facts}
    return JSONResponse({"error": error}, 500)


def _no_such_route(request: Request, methods: Methods) -> Response:
    said = render("usage", {"text": f"{request.method} {request.path[:60]}"})
    document = {"code": "usage", "message": said.message, "mend": f"See {PREFIX}/openapi.json", "facts": {}}
    response = JSONResponse({"error": document}, HTTPStatus.METHOD_NOT_ALLOWED if methods else HTTPStatus.NOT_FOUND)
    if methods:
        response.headers = {"Allow": ", ".join(methods)}
    return response


async def _openapi(call: Call) -> Response:
    """What there is, made from the routes themselves."""
    routes = [(method, path, handler.__doc__ or "") for method, path, handler in ROUTES]
    return JSONResponse(openapi.page(routes, PREFIX, __version__))


def _by_path() -> Mapping[str, Methods]:
    paths: dict[str, dict[str, Handler]] = {}
    for method, path, handler in (*ROUTES, ("GET", "/openapi.json", _openapi)):
        paths.setdefault(PREFIX + path, {})[method] = handler
    return paths


def _by_length(paths: Mapping[str, Methods]) -> Mapping[int, Sequence[tuple[Sequence[str], Methods]]]:
    """Those of *paths* that have named parts, in their parts, by how many these are."""
    found: dict[int, list[tuple[Sequence[str], Methods]]] = {}
    for path, methods in paths.items():
        if "{" in path:
            found.setdefault(path.count("/") + 1, []).append((path.split("/"), methods))
    return found


_PATHS = _by_path()
_PATTERNS = _by_length(_PATHS)
