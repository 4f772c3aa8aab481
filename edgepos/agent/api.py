"""The local API: HTTP and JSON on the agent's Unix socket, for screens and commands. CONTRACTS §7.

Nothing here decides about money: a route reads a form, asks `asking.py`, and shows a view. Every refusal is one
document `{"error": {code, message, mend, facts}}`; nothing that a client sends makes anything else of it. Who is at
the other end is the kernel's word.
"""

# ruff: noqa: E402  # what uvicorn must not load is said before it is imported

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

# Its command line, which would load click and multiprocessing with it.
sys.modules.setdefault("uvicorn.main", SimpleNamespace(Server=None, main=None, run=None))  # type: ignore[arg-type]

import uvicorn.server
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgepos import __version__
from edgepos.agent import routes_desk as desk
from edgepos.agent import routes_payments as money
from edgepos.agent import routes_technician as technician
from edgepos.agent.call import Call, Handler, Parts
from edgepos.agent.forms import MAX_BODY
from edgepos.agent.log import logger
from edgepos.agent.peers import peer_of
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
    ("GET", "/setup", technician.set_up),
    ("POST", "/setup/lamps", technician.saw_lamps),
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


def application(parts: Parts) -> Starlette:
    """The API over *parts*."""

    def endpoint(handler: Handler) -> Any:
        async def answer(request: Request) -> Response:
            return await _answer(handler, request, parts)

        return answer

    routes = [Route(PREFIX + path, endpoint(handler), methods=[method]) for method, path, handler in ROUTES]
    routes.append(Route(f"{PREFIX}/openapi.json", _openapi, methods=["GET"]))
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_route})


async def _answer(handler: Handler, request: Request, parts: Parts) -> Response:
    try:
        made = await handler(Call(request, parts, await _body(request)))
    except EdgeposError as error:
        return error_document(error)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    except JournalBroken as broken:
        parts.broken(broken)
        return _unexpected("journal-broken")
    except Exception:  # the last handler: told with a reference, its cause is in the log
        reference = f"{parts.chance.bits(32):08X}"
        log.error("unexpected", exc_info=True, code=reference)
        return _unexpected(reference)
    return made if isinstance(made, Response) else JSONResponse(made)


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            break  # `Form` says what is wrong with it
    return body


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


async def _no_such_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    said = render("usage", {"text": f"{request.method} {request.url.path[:60]}"})
    document = {"code": "usage", "message": said.message, "mend": f"See {PREFIX}/openapi.json", "facts": {}}
    return JSONResponse({"error": document}, status)


async def _openapi(request: Request) -> Response:
    """What there is, made from the routes themselves."""
    from edgepos.agent import openapi

    routes = [(method, path, handler.__doc__ or "") for method, path, handler in ROUTES]
    return JSONResponse(openapi.page(routes, PREFIX, __version__))


# --- the server


class PeerProtocol(H11Protocol):
    """Asks the kernel who connected; the answer is `request.state.peer`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # without the kernel's word it is nobody
            self.app_state = {**self.app_state, "peer": peer_of(connection)}


class Server(uvicorn.server.Server):
    """uvicorn without its signals and without its clock: its ticking would keep a virtual one from ever standing."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=PeerProtocol,
                ws="none",
                lifespan="off",
                loop="none",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=3,
            )
        )
        self._ending = asyncio.Event()
        self.up = asyncio.Event()

    async def run_on(self, listener: socket.socket) -> None:
        """Serve *listener* until `end`; when cut, nobody is left listening."""
        try:
            await self._serve(sockets=[listener])
        finally:
            for server in getattr(self, "servers", ()):
                server.close()
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            listener.close()

    def end(self) -> None:
        self._ending.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        await self._ending.wait()
