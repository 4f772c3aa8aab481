"""HTTP/1.1 on the agent's Unix socket: as much of it as `http.client`, curl and our own clients speak, and no more.

A request is read whole, within limits, and handed on; its answer is one piece with its length, or a stream that ends
with the connection. Requests of one connection are answered one after the other. Whoever goes away ends a stream, and
nothing else: what was asked for goes on, since it may be about money. Bodies need a `Content-Length`.

It knows nothing of routes, roles or payments, raises nothing, and reads no clock: its one timer is the loop's.
A general server was measured here first: three quarters of a question's time were spent in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl

from edgepos.agent.peers import Peer, peer_of

MAX_HEAD = 16 * 1024
IDLE_S = 75.0
"""A connection without a question for so long is closed, and so is one whose question does not come to an end."""
GRACE_S = 3.0
"""At the end, requests have this long to be answered."""
HEAD_END = b"\r\n\r\n"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Request:
    """One request. *path* is as it was sent, percent signs and all; header names are in lower case.

    *body* is cut one byte above the limit: whoever reads it sees that it is too long.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    peer: Peer | None


class Response:
    """An answer in one piece."""

    media_type = "application/octet-stream"

    def __init__(
        self, content: bytes = b"", status: int = 200, *, media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.content, self.status, self.headers = content, status, headers or {}
        self.media_type = media_type or self.media_type

    def head(self, length: int | None, *, is_last: bool) -> bytes:
        """The status line and the headers."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}", f"Content-Type: {self.media_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if is_last:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class JSONResponse(Response):
    """A document."""

    media_type = "application/json"

    def __init__(self, document: object, status: int = 200) -> None:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        super().__init__(text.encode(), status)


class StreamingResponse(Response):
    """An answer that comes in *pieces*; without a `Content-Length` among its headers its end is the connection's."""

    def __init__(
        self, pieces: AsyncIterator[bytes], *, media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self.pieces = pieces


Answer = Callable[[Request], Awaitable[Response]]
"""Gives the response to every request there can be; raises nothing but CancelledError."""


class Server:
    """Serves one listening socket with *answer*; a request's body may be *max_body* bytes long."""

    def __init__(self, answer: Answer, *, max_body: int) -> None:
        self.answer, self.max_body = answer, max_body
        self.connections: set[Connection] = set()
        self.up = asyncio.Event()
        self._ending = asyncio.Event()

    async def run_on(self, listener: socket.socket) -> None:
        """Serve *listener* until `end`, and close it; when cut, nobody is left listening."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_unix_server(lambda: Connection(self), sock=listener)
            self.up.set()
            await self._ending.wait()
            server.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await self._answered()
        finally:
            listener.close()
            for connection in tuple(self.connections):
                connection.cut()

    def end(self) -> None:
        self._ending.set()

    async def _answered(self) -> None:
        """Until no request is unanswered; connections that have none are closed."""
        while busy := [connection.finish() for connection in tuple(self.connections) if not connection.close_if_idle()]:
            await asyncio.wait(busy)


@dataclass(slots=True)
class _Head:
    """A request's head, and what has come of its body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    is_last: bool
    missing: int
    body: bytearray = field(default_factory=bytearray)


class _Malformed(Exception):
    """What came is no request that is understood here. Its argument is the status to answer."""


class Connection(asyncio.Protocol):
    """One client's line."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._got = b""
        self._head: _Head | None = None
        self._task: asyncio.Task[None] | None = None
        self._streams = False
        self._idle: asyncio.TimerHandle | None = None
        self._can_write = asyncio.Event()
        self._can_write.set()

    # --- what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)
        with contextlib.suppress(OSError):  # without the kernel's word it is nobody
            self._peer = peer_of(transport.get_extra_info("socket"))
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self._task is None:
            self._read()
        elif len(self._got) > MAX_HEAD:  # more questions before the answer: they wait in the kernel
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._server.connections.discard(self)
        self._stop_waiting()
        self._can_write.set()
        if self._task is not None and self._streams:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()

    # --- the end

    def close_if_idle(self) -> bool:
        if self._task is None:
            self._transport.close()
        return self._task is None

    def finish(self) -> asyncio.Task[None]:
        """The request that is being answered, after which there is no other."""
        assert self._task is not None
        if self._head is not None:
            self._head.is_last = True
        return self._task

    def cut(self) -> None:
        self._transport.abort()
        if self._task is not None:
            self._task.cancel()

    # --- one request after the other

    def _wait(self) -> None:
        self._idle = self._loop.call_later(IDLE_S, self._transport.close)

    def _stop_waiting(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _read(self) -> None:
        """Go on with what has come, up to one whole request."""
        try:
            if self._head is None:
                self._read_head()
        except _Malformed as wrong:
            self._head = None
            self._write(Response(status=wrong.args[0]), is_last=True)
            return
        if (head := self._head) is None:
            return
        taken, self._got = self._got[: head.missing], self._got[head.missing :]
        head.missing -= len(taken)
        head.body += taken[: max(0, self._server.max_body + 1 - len(head.body))]
        if not head.missing:
            self._stop_waiting()
            self._task = self._loop.create_task(self._reply(head), name="api request")

    def _read_head(self) -> None:
        text, end, rest = self._got.partition(HEAD_END)
        if len(text) > MAX_HEAD:
            raise _Malformed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not end:
            return
        self._got = rest
        self._head = _head(text.decode("latin-1").lstrip("\r\n"))
        if self._head.missing and self._head.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def _reply(self, head: _Head) -> None:
        request = Request(head.method, head.path, head.query, head.headers, bytes(head.body), self._peer)
        try:
            response = await self._server.answer(request)
            if isinstance(response, StreamingResponse):
                await self._stream(response, head)
            elif not self._transport.is_closing():
                self._write(response, is_last=head.is_last, with_content=head.method != "HEAD")
        finally:
            self._task = self._head = None
            if not self._transport.is_closing():
                self._wait()
                self._transport.resume_reading()
                if self._got:
                    self._read()

    def _write(self, response: Response, *, is_last: bool, with_content: bool = True) -> None:
        head = response.head(len(response.content), is_last=is_last)
        self._transport.write(head + response.content if with_content else head)
        if is_last:
            self._transport.close()

    async def _stream(self, response: StreamingResponse, head: _Head) -> None:
        is_last = head.is_last or "Content-Length" not in response.headers
        async with contextlib.aclosing(response.pieces) as pieces:  # type: ignore[type-var]  # a generator
            if self._transport.is_closing():
                return
            self._streams = True
            self._transport.write(response.head(None, is_last=is_last))
            async for piece in pieces:
                self._transport.write(piece)
                await self._can_write.wait()
        self._streams = False
        if is_last:
            self._transport.close()


def _head(text: str) -> _Head:
    """Raises _Malformed."""
    first, *lines = text.split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not (TOKEN.fullmatch(method) and target.startswith("/") and version in ("HTTP/1.0", "HTTP/1.1")):
        raise _Malformed(HTTPStatus.BAD_REQUEST)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if not (colon and TOKEN.fullmatch(name)):
            raise _Malformed(HTTPStatus.BAD_REQUEST)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "transfer-encoding" in headers:
        raise _Malformed(HTTPStatus.LENGTH_REQUIRED)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 16):
        raise _Malformed(HTTPStatus.BAD_REQUEST)
    path, _, query = target.partition("?")
    asked = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    kept = headers.get("connection", "").lower()
    is_last = kept == "close" or (version == "HTTP/1.0" and kept != "keep-alive")
    return _Head(method, path, asked, headers, is_last, int(length))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
