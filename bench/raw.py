"""The floors that run as processes of their own: the least that could do the same work, in Python.

`python -m bench.raw lines SOCKET` answers each JSON line with the same document; `python -m bench.raw open SOCKET DB`
opens a database and listens; `python -m bench.raw books PORT DELAY_MS` answers what the sender asks of a practice
system, each reply after the delay, without limits.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Coroutine

DOCUMENT = json.dumps({"findings": []}).encode() + b"\n"


async def lines(path: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            json.loads(line)
            writer.write(DOCUMENT)
        writer.close()

    async with await asyncio.start_unix_server(serve, path) as server:
        await server.serve_forever()


async def opened(path: str, database: str) -> None:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT)")
    connection.execute("SELECT max(seq) FROM event").fetchone()
    await lines(path)


class Books(asyncio.Protocol):
    """HTTP/1.1, as little of it as the client uses: an invoice, its payments, a booking, a token, fields."""

    delay_s = 0.05
    ids = iter(range(1, 10**9))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._got = b""

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = self._got[:end].decode("latin-1")
            length = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._got) < whole:
                return
            body, self._got = self._got[end + 4 : whole], self._got[whole:]
            status, answer = self._answer(head.split(" ", 2)[0], head.split(" ", 2)[1], body)
            text = json.dumps(answer).encode()
            reply = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
            asyncio.get_running_loop().call_later(self.delay_s, self._send, reply.encode() + text)

    def _send(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)  # type: ignore[attr-defined]

    def _answer(self, method: str, target: str, body: bytes) -> tuple[int, object]:
        if "/oauth2/token/" in target:
            return 200, {"access_token": "made-up", "expires_in": 36_000, "token_type": "Bearer", "scope": "restapi"}
        if found := re.search(r"/invoice/(\d+)/", target):
            id = int(found[1])
            return 200, {
                "id": id, "status": 3, "invoice_number": id, "invoice_prefix": "STH", "client": None,
                "credit_note": False, "department": "http://127.0.0.1/1234/api/0.1/department/2/", "patients": [],
                "total_with_vat": 125.0,
                "due_sum": 125.0, "client_due_sum": 125.0, "invoice_payment": [], "date_paid": None, "payer_name": "T",
                "created": "2026-11-24T15:02:11+01:00", "modified": "2026-11-24T15:09:40+01:00",
            }  # fmt: skip
        if method == "POST":
            return 201, {**json.loads(body), "id": next(self.ids)}
        if method == "OPTIONS":
            return 200, {"actions": {"POST": {}}}
        return 200, {"count": 0, "num_pages": 1, "next": None, "previous": None, "results": []}


async def books(port: str, delay_ms: str) -> None:
    Books.delay_s = float(delay_ms) / 1000
    server = await asyncio.get_running_loop().create_server(Books, "127.0.0.1", int(port))
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    floors: dict[str, Callable[..., Coroutine[None, None, None]]] = {"lines": lines, "open": opened, "books": books}
    asyncio.run(floors[sys.argv[1]](*sys.argv[2:]))
