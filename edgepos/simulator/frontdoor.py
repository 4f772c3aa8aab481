"""The way into a simulated service: every request is written down, and the faults happen here.

The service's whole answer is taken first and sent afterwards, so that a fault can come before, between or after. A
request that has begun is carried out to its end even if the client is gone, as with the real services.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from edgepos.clock import Clock, rfc3339
from edgepos.simulator.crew import Crew
from edgepos.simulator.faults import ActiveFault, FaultArgs, FaultList
from edgepos.simulator.serving import App, Message, Receive, Scope, Send, gone, hang_up, header

Headers = list[tuple[bytes, bytes]]

SIGN_IN_PAGE = b"<!DOCTYPE html><html><head><title>Guest network</title></head><body>Please sign in.</body></html>"
OUT_OF_ORDER = b"<html><head><title>503</title></head><body>Service Temporarily Unavailable</body></html>"
GATEWAY_TIMEOUT = b"<html><head><title>504</title></head><body>Gateway Time-out</body></html>"
CALLS_KEPT = 20_000
HIDDEN = ("password", "client_secret")


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)


@dataclass(slots=True)
class Call:
    """One request as GET /calls shows it."""

    seq: int
    at: str
    service: str
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int | None = None
    fault: str | None = None
    carried_out: int = 0


class CallLog:
    """The last requests to both services; a week of polling would not fit whole."""

    def __init__(self) -> None:
        self.kept: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._count = 0

    def __iter__(self) -> Iterator[Call]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)

    def add(self, service: str, scope: Scope, body: bytes, at: str) -> Call:
        self._count += 1
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        call = Call(self._count, at, service, scope["method"], scope["path"], query, _readable(body, scope))
        self.kept.append(call)
        return call


@dataclass(slots=True)
class Exchange:
    """A request, and everything that a fault can do about it."""

    door: FrontDoor
    scope: Scope
    body: bytes
    receive: Receive
    send: Send
    call: Call

    async def carry_out(self) -> Reply:
        self.call.carried_out += 1
        return await _ask(self.door.app, self.scope, self.body)

    async def reply(self, reply: Reply, *, sent: bytes | None = None) -> None:
        """Sends the answer; *sent* is a beginning of the body after which the line is closed."""
        self.call.status = reply.status
        headers = [(name, value) for name, value in reply.headers if name.lower() not in (b"content-length", b"date")]
        headers.append((b"date", self.door.date()))
        if reply.status != 304 and reply.status >= 200:
            headers.append((b"content-length", str(len(reply.body)).encode()))
        await self.send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if sent is None:
            await self.send({"type": "http.response.body", "body": reply.body})
        else:
            await self.send({"type": "http.response.body", "body": sent, "more_body": True})
            await self.hang_up()

    async def hang_up(self, *, reset: bool = False) -> None:
        hang_up(self.scope, reset=reset)
        await gone(self.receive)

    async def wait_until_gone(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await gone(self.receive)
        except TimeoutError:
            return


class FrontDoor:
    """The ASGI application of one service: its log, its faults, then the service itself."""

    def __init__(
        self,
        service: str,
        app: App,
        *,
        clock: Clock,
        faults: FaultList,
        calls: CallLog,
        crew: Crew,
        wall_offset_s: Callable[[], float],
        revoke_tokens: Callable[[], None],
    ) -> None:
        self.service = service
        self.app = app
        self.faults = faults
        self.revoke_tokens = revoke_tokens
        self.crew = crew
        self._clock = clock
        self._calls = calls
        self._wall_offset_s = wall_offset_s

    def date(self) -> bytes:
        now = self._clock.now() + timedelta(seconds=self._wall_offset_s())
        return format_datetime(now, usegmt=True).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return
        call = self._calls.add(self.service, scope, body, rfc3339(self._clock.now()))
        exchange = Exchange(self, scope, body, receive, send, call)
        fault = self.faults.take(self.service, scope["method"], scope["path"])
        if fault is None:
            await exchange.reply(await exchange.carry_out())
        else:
            call.fault = fault.id
            await self._misbehave(exchange, fault)

    async def _misbehave(self, exchange: Exchange, fault: ActiveFault) -> None:
        await EFFECTS[fault.rule.fault](exchange, fault.rule.args)


# --- what each fault does


async def _drop_before(exchange: Exchange, args: FaultArgs) -> None:
    await exchange.hang_up()


async def _drop_after(exchange: Exchange, args: FaultArgs) -> None:
    await exchange.carry_out()
    await exchange.hang_up()


async def _cut_body(exchange: Exchange, args: FaultArgs) -> None:
    reply = await exchange.carry_out()
    await exchange.reply(reply, sent=reply.body[: len(reply.body) // 2])


async def _reset(exchange: Exchange, args: FaultArgs) -> None:
    if args.carried is not False:
        await exchange.carry_out()
    await exchange.hang_up(reset=True)


async def _hang(exchange: Exchange, args: FaultArgs) -> None:
    if args.carried:
        await exchange.carry_out()
    await exchange.wait_until_gone(3600.0 if args.seconds is None else args.seconds)
    await exchange.hang_up()


async def _delay(exchange: Exchange, args: FaultArgs) -> None:
    await asyncio.sleep(10.0 if args.seconds is None else args.seconds)
    await exchange.reply(await exchange.carry_out())


async def _late(exchange: Exchange, args: FaultArgs) -> None:
    limit_s = 600.0 if args.seconds is None else args.seconds
    if args.commit_after_s is None:
        reply = await exchange.carry_out()
        await exchange.wait_until_gone(limit_s)
    else:
        await exchange.wait_until_gone(limit_s)
        await asyncio.sleep(args.commit_after_s)
        reply = await exchange.carry_out()
    await exchange.reply(reply)  # into a closed line, as a rule


async def _status(exchange: Exchange, args: FaultArgs) -> None:
    if args.carried:
        await exchange.carry_out()
    kind = b"text/html" if args.body.startswith("<") else b"application/json"
    body = b"" if args.status in (204, 304) else args.body.encode("utf-8", "replace")
    await exchange.reply(Reply(args.status, body, [(b"content-type", kind)]))


async def _html(exchange: Exchange, args: FaultArgs) -> None:
    await _sign_in_page(exchange, args, 200, [])


async def _redirect(exchange: Exchange, args: FaultArgs) -> None:
    await _sign_in_page(exchange, args, 302, [(b"location", args.location.encode())])


async def _network_sign_in(exchange: Exchange, args: FaultArgs) -> None:
    await _sign_in_page(exchange, args, 511, [])


async def _sign_in_page(exchange: Exchange, args: FaultArgs, status: int, headers: Headers) -> None:
    if args.carried:
        await exchange.carry_out()
    await exchange.reply(Reply(status, SIGN_IN_PAGE, [(b"content-type", b"text/html; charset=utf-8"), *headers]))


async def _cut_json(exchange: Exchange, args: FaultArgs) -> None:
    reply = await exchange.carry_out()
    await exchange.reply(Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers))


async def _wrong_type(exchange: Exchange, args: FaultArgs) -> None:
    reply = await exchange.carry_out()
    await exchange.reply(Reply(reply.status, b'"unexpected"', reply.headers))


async def _empty(exchange: Exchange, args: FaultArgs) -> None:
    if args.carried is not False:
        await exchange.carry_out()
    await exchange.reply(Reply(200))


async def _duplicate(exchange: Exchange, args: FaultArgs) -> None:
    await exchange.carry_out()
    await asyncio.sleep(args.seconds or 0.0)
    await exchange.reply(await exchange.carry_out())


async def _retry_after(exchange: Exchange, args: FaultArgs) -> None:
    headers = [(b"content-type", b"application/json")]
    if args.retry_after is not None:
        headers.append((b"retry-after", args.retry_after.encode()))
    await exchange.reply(Reply(429, b'{"detail": "F\xc3\xb6r m\xc3\xa5nga anrop."}', headers))


async def _gateway_gives_up(exchange: Exchange, args: FaultArgs) -> None:
    """The gateway drops a long wait; behind it the request goes on."""
    work = exchange.door.crew.spawn(exchange.carry_out(), "behind the gateway")
    done, _ = await asyncio.wait({work}, timeout=60.0 if args.seconds is None else args.seconds)
    timed_out = Reply(504, GATEWAY_TIMEOUT, [(b"content-type", b"text/html")])
    await exchange.reply(work.result() if done else timed_out)


async def _token_revoked(exchange: Exchange, args: FaultArgs) -> None:
    exchange.door.revoke_tokens()
    await exchange.reply(await exchange.carry_out())


async def _unauthorised_yet_executed(exchange: Exchange, args: FaultArgs) -> None:
    await exchange.carry_out()
    body = b'{"error": "Unauthorized", "detail": "Unauthorized"}'
    await exchange.reply(Reply(401, body, [(b"content-type", b"application/json")]))


async def _down(exchange: Exchange, args: FaultArgs) -> None:
    await exchange.reply(Reply(503, OUT_OF_ORDER, [(b"content-type", b"text/html")]))


EFFECTS: dict[str, Callable[[Exchange, FaultArgs], Awaitable[None]]] = {
    "drop_before": _drop_before, "drop_after": _drop_after, "cut_body": _cut_body, "reset": _reset, "hang": _hang,
    "delay": _delay, "late": _late, "status": _status, "html": _html, "redirect": _redirect, "511": _network_sign_in,
    "cut_json": _cut_json, "wrong_type": _wrong_type, "empty": _empty, "duplicate": _duplicate,
    "retry_after": _retry_after, "504_at_60s": _gateway_gives_up, "token_revoked": _token_revoked,
    "401_executed": _unauthorised_yet_executed, "down": _down,
}  # fmt: skip


# --- the request and the answer as a whole


async def _whole_body(receive: Receive) -> bytes | None:
    """The body, or None if the client left before it had sent all of it."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _ask(app: App, scope: Scope, body: bytes) -> Reply:
    reply = Reply(500)

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message.get("headers", []))
        else:
            reply.body += message.get("body", b"")

    await app(dict(scope), receive, send)
    return reply


def _readable(body: bytes, scope: Scope) -> Any:
    """The body for the log, secrets hidden: JSON as it is, a form as an object, else the text."""
    text = body.decode("utf-8", "replace")
    if "form" in header(scope["headers"], b"content-type"):
        said: Any = dict(parse_qsl(text))
    else:
        try:
            said = json.loads(text, parse_constant=str, parse_float=_finite) if text else None
        except (ValueError, RecursionError):
            return text
    if isinstance(said, dict):
        return {key: "***" if key in HIDDEN else value for key, value in said.items()}
    return said


def _finite(text: str) -> float | str:
    """A number that JSON can carry back."""
    value = float(text)
    return value if math.isfinite(value) else text
