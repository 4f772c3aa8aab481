"""What the screen holds after many changes: a stream of them on a socket, as fast as the screen takes it.

The documents are a real agent's; only their states, times and sums are others. Meanwhile somebody goes from place to
place, so that whatever a place leaves behind is counted too.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.clinic import Place, Running, place
from bench.kernel import look
from bench.measure import Row, limited
from bench.screens import FINAL, Terminal, screen
from edgepos.client import Agent
from edgepos.client.http import new_key

CHANGES, WARM = 100_000, 10_000
COURSE = ("intended", "sent", "unknown", "approved", "intended", "sent", "declined", "intended", "sent", "cancelled")
"""The states of three payments, one after the other."""
STATUS_EVERY, TEXT_EVERY = 10, 7
PRICES = 499
"""Different amounts: what is written once is kept, within bounds, and the bounds are reached early."""
KEYS = (b"\x1bOS", b"\x1b[17~", b"\x1b[19~", b"\x1b", b"sth", b"\x1b")
"""F4, F6, F8, back to the desk, a search, cleared."""
APART_S = 0.3
WALKS = 15
"""At least so often before it is looked at: what a place keeps of its first visits is no growth."""
LIMIT_S = 900.0
Document = dict[str, Any]


class Stream:
    """An agent of which nothing is left but its documents and its stream: it tells *count* changes when asked to."""

    def __init__(self, path: Path, documents: dict[str, Document], payment: Document) -> None:
        self._path, self._documents, self._payment = path, documents, payment
        self._lines: list[asyncio.StreamWriter] = []
        self._told = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.start_unix_server(self._serve, path), self._loop).result(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def tell(self, count: int) -> None:
        """So many changes; over when the screen has taken them all off the line but what its buffers hold."""
        asyncio.run_coroutine_threadsafe(self._tell(count), self._loop)

    async def _tell(self, count: int) -> None:
        for _ in range(count):
            self._told += 1
            await self._say("payment", self._changed(self._told))
            if self._told % TEXT_EVERY == 0:
                await self._say("terminal_text", {"terminal": self._payment["terminal"], "text": f"KORT {self._told}"})
            if self._told % STATUS_EVERY == 0:
                await self._say("status", self._status_after(self._told))

    def _changed(self, number: int) -> Document:
        state = COURSE[number % len(COURSE)]
        nth = sum(one == "intended" for one in COURSE[: number % len(COURSE) + 1])
        id = f"{number // len(COURSE):07}{nth:06}"
        return self._payment | {
            "id": id,
            "reference": id,
            "state": state,
            "seq": number,
            "amount_minor": 100 * (number % PRICES),
        }

    def _status_after(self, number: int) -> Document:
        status = self._documents["/status"]
        today = status["today"] | {"count": number, "amount_minor": 100 * number}
        self._documents["/status"] = told = status | {"today": today}
        return told

    async def _say(self, name: str, document: Document) -> None:
        text = f"event: {name}\ndata: {json.dumps(document)}\n\n".encode()
        for line in list(self._lines):
            try:
                line.write(text)
                await line.drain()
            except OSError:
                self._lines.remove(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = (await reader.readline()).decode().partition(" ")[2].partition(" ")[0]
        if not question:  # somebody looked whether anybody is there
            writer.close()
            return
        while (await reader.readline()).strip():
            pass
        path = question.removeprefix("/v1").partition("?")[0]
        if path == "/events":
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            self._lines.append(writer)
            await self._say("view", {"status": self._documents["/status"], "open": [], "findings": []})
            return
        document = self._documents.get(path)
        body = json.dumps(document if document is not None else {"error": {"code": "usage"}}).encode()
        head = f"HTTP/1.0 {200 if document is not None else 404} X\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()  # once it is written; whoever has gone meanwhile needs no answer


def held() -> Iterator[Row]:
    """The screen's memory after 100,000 changes, beyond what it was after the first 10,000."""
    with tempfile.TemporaryDirectory() as folder, place() as here:
        with here.agent(Path(folder) / "state") as running:
            documents, payment = _documents(here, running)
            environment = running.environment
        path = Path(folder) / "agent.sock"
        stream = Stream(path, documents, payment)
        try:
            with screen(environment | {"EDGEPOS_SOCKET": str(path)}, b"PLACE 3") as terminal:
                warm = _after(stream, terminal, WARM, WARM)
                began = time.perf_counter()
                end = _after(stream, terminal, CHANGES - WARM, CHANGES)
                rate = (CHANGES - WARM) / (time.perf_counter() - began)
        finally:
            stream.close()
    yield limited(
        f"the screen's memory after {CHANGES:,} changes, beyond that after {WARM:,}", [end - warm], "MiB", 0.5,
        note=f"{end:.1f} MiB at the end, {rate:,.0f} changes a second",
    )  # fmt: skip


def _after(stream: Stream, terminal: Terminal, more: int, told: int) -> float:
    """What it holds in MiB once *more* changes have come through, and it has been through every place."""
    stream.tell(more)
    began, shown = time.perf_counter(), f"Today {told} payments".encode()
    terminal.written = b""
    walks = 0
    while shown not in terminal.written or walks < WALKS:
        walks += 1
        if time.perf_counter() - began > LIMIT_S:
            raise RuntimeError(f"the screen did not come to the end: {terminal.written[-300:]!r}")
        terminal.written = terminal.written[-len(shown) :]
        _walk(terminal)
    terminal.sleep(APART_S)
    return look(terminal.pid).resident_mib


def _walk(terminal: Terminal) -> None:
    for key in KEYS:
        terminal.press(key)
        terminal.sleep(APART_S)


def _documents(here: Place, running: Running) -> tuple[dict[str, Document], Document]:
    """What the screen asks for, and a payment that was made."""
    agent = Agent(running.socket)
    body = {"terminal": here.terminals[0], "currency": "SEK", "amount_minor": 12_500, "text": "bench"}
    payment = agent.post("/payments", body, key=new_key())
    while payment["state"] not in FINAL:
        payment = agent.get(f"/payments/{payment['id']}", wait_s=5)
    paths = ("/status", "/invoices", "/payments", "/findings", "/outbox", "/match", "/operators", "/reconciliations")
    return {path: agent.get(path) for path in paths}, payment
