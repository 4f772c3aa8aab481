"""The agent for a screen: questions and the stream of events on an asyncio loop, over the Unix socket.

A small reader of HTTP answers, so that the screen loads no HTTP library: it asks as HTTP/1.0, which makes the agent end
each answer by closing the line, and checks the promised length. Cancelling a question abandons it at once; the agent
goes on with whatever it was asked to do.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from edgepos.client.errors import CONNECT_S, AgentAway, AgentError, AgentLost, away
from edgepos.client.events import SILENCE_S, Event, Parser
from edgepos.client.http import ANSWER_S, document_of, new_key, path_of
from edgepos.client.paths import socket_path

RECONNECT_S = (0.2, 0.5, 1.0, 2.0)
"""Pauses between attempts to find the agent again; the last one repeats. Local, so short: staff look at the word."""
LINE_LIMIT = 1 << 22
"""A `view` is one line; 4 MB hold thousands of open payments."""

__all__ = ["AgentAway", "AgentError", "AgentLost", "AsyncAgent", "Away", "Event", "new_key", "path_of"]


class Away(NamedTuple):
    """What `AsyncAgent.follow` yields when the agent cannot be heard any more, with the reason."""

    error: AgentError


class AsyncAgent:
    """The agent behind the socket at *path* (found by `socket_path` if not given). *session* is a PIN's."""

    def __init__(self, path: str | os.PathLike[str] | None = None, *, session: str | None = None) -> None:
        self.path = os.fspath(path or socket_path())
        self.session = session

    async def get(self, path: str, /, **query: object) -> Any:
        """The document at *path*. `wait_s` lengthens the wait for the answer by itself. Raises AgentError."""
        waits = query.get("wait_s", 0)
        asked = {name: str(value) for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(asked)}" if asked else path
        return await self._ask("GET", target, None, {}, ANSWER_S + (waits if isinstance(waits, int) else 0))

    async def post(self, path: str, body: Mapping[str, object] | None = None, /, *, key: str | None = None) -> Any:
        """What *path* answers to *body*. Raises AgentError; AgentLost if it may have been done all the same."""
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        return await self._ask("POST", path, json.dumps(body or {}).encode(), headers, ANSWER_S)

    async def events(self) -> AsyncGenerator[Event]:
        """What happens, from now on, the whole `view` first; raises AgentAway or AgentLost at the end of the line."""
        async with self._line(SILENCE_S) as (reader, writer):
            async with asyncio.timeout(SILENCE_S):
                status, length = await self._send(reader, writer, "GET /v1/events", None, {})
                if status >= 400:
                    document_of(status, await _body(reader, length), self.path)
            parser = Parser()
            while True:
                async with asyncio.timeout(SILENCE_S):
                    line = await reader.readline()
                if not line:
                    raise AgentLost.of("agent-away", why="lost", socket=self.path)
                if event := parser.feed(line.decode().rstrip("\r\n")):
                    yield event

    async def follow(self) -> AsyncGenerator[Event | Away]:
        """What happens, for ever: connects again by itself. Yields `Away` once each time that the line is lost."""
        failures = 0
        while True:
            stream = self.events()
            try:
                async for event in stream:
                    failures = 0
                    yield event
            except AgentError as error:
                if not failures:
                    yield Away(error)
            finally:
                await stream.aclose()
            await asyncio.sleep(RECONNECT_S[min(failures, len(RECONNECT_S) - 1)])
            failures += 1

    async def _ask(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> Any:
        async with self._line(timeout_s) as (reader, writer), asyncio.timeout(timeout_s):
            status, length = await self._send(reader, writer, f"{method} /v1{target}", body, headers)
            return document_of(status, await _body(reader, length), self.path)

    @asynccontextmanager
    async def _line(self, silence_s: float) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_unix_connection(self.path, limit=LINE_LIMIT)
        except OSError as error:
            raise away(self.path, error) from error
        try:
            yield reader, writer
        except TimeoutError as error:
            raise AgentLost.of("agent-away", why="silent", socket=self.path, waited_s=int(silence_s)) from error
        except (OSError, EOFError, ValueError) as error:  # ValueError: a line above the limit, or no HTTP
            raise AgentLost.of("agent-away", why="lost", socket=self.path) from error
        finally:
            writer.close()

    async def _send(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        question: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> tuple[int, int | None]:
        """Asks, and reads the answer's head: its status and, if promised, its length. The body is left in *reader*."""
        lines = [f"{question} HTTP/1.0", "Host: edgepos", f"Content-Length: {len(body or b'')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.session:
            lines.append(f"Edgepos-Session: {self.session}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        await writer.drain()
        _, status, *_ = (await reader.readline()).split(maxsplit=2)
        length = None
        while line := (await reader.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(status), length


async def _body(reader: asyncio.StreamReader, length: int | None) -> bytes:
    return await reader.read() if length is None else await reader.readexactly(length)
