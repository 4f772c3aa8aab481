"""Connect@Cloud as a server: login, terminals, payments, look-up, void, administration; the WebSocket is in `live`.

It follows protocols/connectcloud.md §1 and §2 and knows nothing of any client. Every answer that an operation gives
comes from a `Terminal`; closing the connection never stops one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeGuard

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from edgepos.clock import Clock
from edgepos.simulator import wire
from edgepos.simulator.bank import Kind
from edgepos.simulator.crew import Crew
from edgepos.simulator.draw import Draw
from edgepos.simulator.live import LiveFeed
from edgepos.simulator.results import Refused
from edgepos.simulator.terminal import Terminal
from edgepos.simulator.variants import ConnectCloudVariants

USERNAME = "clinic_demo"
PASSWORD = "demo-password"  # invented, for the simulator only

KINDS: dict[str, Kind] = {
    "purchase": "purchase",
    "purchaseWithCashback": "purchase",
    "returnOfGoods": "refund",
    "deposit": "deposit",
}
LARGEST_MINOR = 99_999_999
ORDER_ID = re.compile(r"[0-9A-Za-z]{1,20}")

Handler = Callable[[Request, Terminal], Awaitable[wire.Answer]]


class BadRequest(Exception):
    """A body that Connect@Cloud cannot take; the text starts with its code."""


class ConnectCloud:
    def __init__(self, terminals: dict[str, Terminal], clock: Clock, draw: Draw, crew: Crew) -> None:
        self.terminals = terminals
        self.variants = ConnectCloudVariants()
        self.tokens: dict[str, float] = {}
        self._clock = clock
        self._draw = draw
        live = LiveFeed(terminals, self.knows_token, crew)
        one = "/v1/terminal/{tid}"
        self.app = Starlette(
            routes=[
                Route("/v1/login", self.login, methods=["POST"]),
                Route("/v1/terminal", self.list_terminals, methods=["GET"]),
                Route(one, self._for_terminal(self.state), methods=["GET"]),
                Route(f"{one}/settings", self._for_terminal(self.settings), methods=["GET", "PUT"]),
                Route(f"{one}/transaction", self._for_terminal(self.pay), methods=["POST"]),
                Route(f"{one}/transaction", self._for_terminal(self.look_up), methods=["GET"]),
                Route(f"{one}/transaction", self._for_terminal(self.void), methods=["DELETE"]),
                Route(f"{one}/administration", self._for_terminal(self.administer), methods=["POST"]),
                WebSocketRoute("/ws/json", live.connect),
                WebSocketRoute("/ws/json/", live.connect),
            ],
            exception_handlers={HTTPException: _plain_error},
        )

    # Account.

    async def login(self, request: Request) -> Response:
        """Takes the account's name and password, gives a token for 24 h."""
        body = await _json(request)
        if not isinstance(body, dict):
            return JSONResponse({"error": "Bad request"}, 400)
        if self.variants.logins_refused or (body.get("username"), body.get("password")) != (USERNAME, PASSWORD):
            return JSONResponse({"error": "Invalid username or password"}, 401)
        answer: dict[str, Any] = {"token": self._new_token()}
        if self.variants.login == "full":
            answer |= {"username": USERNAME, "terminals": list(self.terminals)}
        return JSONResponse(answer)

    def _new_token(self) -> str:
        life = self.variants.token_life_s
        issued = self._clock.now() + timedelta(seconds=self.variants.clock_offset_s)
        claims = {
            "sub": USERNAME,
            "iat": int(issued.timestamp()),
            "exp": int(issued.timestamp() + life),
            "jti": self._draw.token("nets/token"),
        }
        signed = f"{_base64({'alg': 'HS256', 'typ': 'JWT'})}.{_base64(claims)}"
        token = f"{signed}.{hashlib.sha256(signed.encode()).hexdigest()}"
        self.tokens[token] = self._clock.monotonic() + life
        return token

    def is_authorised(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.query_params.get("auth_token", "")
        return self.knows_token(token.strip())

    def knows_token(self, token: str) -> bool:
        return self._clock.monotonic() < self.tokens.get(token, 0.0)

    def revoke_tokens(self) -> None:
        self.tokens.clear()

    # Terminals.

    async def list_terminals(self, request: Request) -> Response:
        """All terminals of the account, reachable or not."""
        if not self.is_authorised(request):
            return _unauthorised()
        return JSONResponse({"terminals": [{"terminalId": tid} for tid in self.terminals]})

    def _for_terminal(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if not self.is_authorised(request):
                return _unauthorised()
            terminal = self.terminals.get(request.path_params["tid"])
            if terminal is None:
                return JSONResponse({"error": "Terminal not found"}, 404)
            try:
                status, body = await handler(request, terminal)
            except Refused as refused:
                status, body = wire.refusal_answer(terminal, refused)
            except BadRequest as bad:
                status, body = 400, {"failure": {"error": str(bad)}}
            return JSONResponse(body, status)

        return endpoint

    async def state(self, request: Request, terminal: Terminal) -> wire.Answer:
        """idle, busy or offline; an offline one may also be answered as 8013 or 404."""
        if terminal.is_connected:
            return 200, {"terminal": {"terminalState": "idle" if terminal.is_idle else "busy"}}
        match terminal.variants.offline_as:
            case "state":
                return 200, {"terminal": {"terminalState": "offline"}}
            case "8013":
                return 400, {"failure": {"error": "8013 Error: Invalid terminal ID or terminal not connected"}}
            case "404":
                return 404, {"error": "Terminal not found"}

    async def settings(self, request: Request, terminal: Terminal) -> wire.Answer:
        """Reads or changes settings; of these only `printerWidth` does anything (0: the terminal prints itself)."""
        if request.method == "PUT":
            body = await _object(request)
            width = body.get("printerWidth", terminal.printer_width)
            if not _is_int(width) or not 0 <= width <= 100:
                raise BadRequest("7401 Bad setting: printerWidth")
            terminal.printer_width = width
        return 200, {"printerWidth": terminal.printer_width}

    async def pay(self, request: Request, terminal: Terminal) -> wire.Answer:
        """Purchase, refund or deposit. Blocks until the cardholder is done."""
        body = await _object(request)
        kind_text = body.get("transactionType")
        if not isinstance(kind_text, str) or kind_text not in KINDS:
            raise BadRequest("7503 Bad argument: transactionType")
        amount = _amount(body, "amount")
        if kind_text == "purchaseWithCashback":
            amount += _amount(body, "amountCashback")
        order_id = body.get("orderId", "")
        if not isinstance(order_id, str) or (order_id and not ORDER_ID.fullmatch(order_id)):
            raise BadRequest("7504 Bad argument: orderId")
        return wire.payment_answer(terminal, await terminal.pay(KINDS[kind_text], amount, order_id, "rest"))

    async def look_up(self, request: Request, terminal: Terminal) -> wire.Answer:
        """The terminal's last result, whoever started it."""
        return wire.lookup_answer(terminal, await terminal.last_result())

    async def void(self, request: Request, terminal: Terminal) -> wire.Answer:
        """Voids the terminal's last purchase, if the amount is the same."""
        amount = _amount(await _object(request), "amount")
        return wire.payment_answer(terminal, await terminal.reverse_last(amount))

    async def administer(self, request: Request, terminal: Terminal) -> wire.Answer:
        """Reconciliation, request to cancel, downloads."""
        match (await _object(request)).get("action"):
            case "reconciliation":
                return wire.reconciliation_answer(terminal, await terminal.reconcile())
            case "cancelAction":
                await terminal.cancel()
                return 200, {"result": {}}
            case "downloadDataset" | "downloadSoftware":
                await terminal.download()
                return 200, {"result": {"localModeEventArgs": {"Result": 1}}, "printText": {"Text": ""}}
            case "balanceInquiry":
                raise Refused("7101 Unable to process: no balance on this card")
            case _:
                raise BadRequest("7507 Bad argument: action")


def _unauthorised() -> Response:
    return JSONResponse({"error": "Unauthorized"}, 401)


async def _plain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None


async def _object(request: Request) -> dict[str, Any]:
    body = await _json(request)
    if not isinstance(body, dict):
        raise BadRequest("7515 Bad argument: JSON")
    return body


def _amount(body: dict[str, Any], key: str) -> int:
    amount = body.get(key)
    if not _is_int(amount) or not 0 < amount <= LARGEST_MINOR:
        raise BadRequest(f"7501 Bad argument: {key}")
    return amount


def _is_int(value: object) -> TypeGuard[int]:
    return type(value) is int


def _base64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
