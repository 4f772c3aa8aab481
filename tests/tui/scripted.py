"""An agent that says what the test wants, on a real Unix socket; it keeps every question that it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tui import documents

Answer = Any
"""A document; `(status, document)` for a refusal; or a function of the body that gives one of them, or None: no answer."""


class ScriptedAgent:
    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.status = documents.status()
        self.open: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []
        self.invoices = list(documents.INVOICES)
        self.asked: list[tuple[str, str, dict[str, Any], str]] = []
        """Method, path, body, key."""
        self.answers: dict[tuple[str, str], Answer] = {}
        self._streams: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """As if it were killed: nobody listens, and every line is cut."""
        if self._server is not None:
            self._server.close()
        for stream in list(self._streams):
            stream.close()
        self._streams.clear()
        Path(self.path).unlink(missing_ok=True)

    def posts(self, path: str) -> list[dict[str, Any]]:
        """The bodies of what was asked of *path*."""
        return [body for method, asked, body, _key in self.asked if method == "POST" and asked == path]

    def keys(self, path: str) -> list[str]:
        return [key for method, asked, _body, key in self.asked if method == "POST" and asked == path]

    # --- the stream

    async def tell(self, name: str, data: Any) -> None:
        if name == "status":
            self.status = data
        for stream in list(self._streams):
            stream.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
            await stream.drain()

    async def tell_payment(self, payment: dict[str, Any]) -> None:
        self.open = [one for one in self.open if one["id"] != payment["id"]]
        if payment["state"] in ("intended", "sent", "unknown"):
            self.open.append(payment)
        await self.tell("payment", payment)

    def _view(self) -> dict[str, Any]:
        return {"status": self.status, "open": self.open, "findings": self.findings}

    # --- the questions

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, target, _ = (await reader.readline()).decode().split(" ")
            length, key = 0, ""
            while line := (await reader.readline()).decode().strip():
                name, _, value = line.partition(": ")
                if name.lower() == "content-length":
                    length = int(value)
                elif name.lower() == "idempotency-key":
                    key = value
            body = json.loads(await reader.readexactly(length)) if length else {}
            split = urlsplit(target)
            path = unquote(split.path).removeprefix("/v1")
            if path == "/events":
                await self._stream(writer)
                return
            self.asked.append((method, path, body, key))
            answer = self._answer(
                method, path, body, {name: values[0] for name, values in parse_qs(split.query).items()}
            )
            if answer is not None:
                code, document = answer if isinstance(answer, tuple) else (200, answer)
                text = json.dumps(document).encode()
                writer.write(f"HTTP/1.0 {code} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            if writer not in self._streams:
                writer.close()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        self._streams.add(writer)
        writer.write(f"event: view\ndata: {json.dumps(self._view())}\n\n".encode())
        await writer.drain()

    def _answer(self, method: str, path: str, body: dict[str, Any], query: dict[str, str]) -> Answer:
        told = self.answers.get((method, path))
        if isinstance(told, Callable):  # type: ignore[arg-type]
            return told(body)
        if told is not None:
            return told
        if path == "/status":
            return self.status
        if path == "/invoices":
            return {"as_of": documents.AT, "stale_s": 3.0, "invoices": self.invoices}
        if path.startswith("/invoices/"):
            return next((one for one in self.invoices if one["id"] == path.rpartition("/")[2]), (404, {}))
        if path == "/payments":
            return {"payments": self.open}
        if path == "/reconciliations":
            return {"reconciliations": []}
        if path.startswith("/payments/"):
            found = next((one for one in self.open if one["id"] == path.split("/")[2]), None)
            if path.endswith("/receipt"):
                return {"payment": path.split("/")[2], "text": "KÖP\r\nSEK 1 250,00\r\nGODKÄNT", "copies": 0}
            return found or documents.refusal("unknown-payment", 404)
        return self._place(path)

    def _place(self, path: str) -> Answer:
        match path:
            case "/x-report":
                sums = dict.fromkeys(
                    ("count", "amount_minor", "back_count", "back_minor", "tip_minor", "surcharge_minor"), 0
                )
                hours = [sums | {"hour": f"2026-11-25T{hour:02}", "count": hour % 5} for hour in range(8, 15)]
                return sums | {
                    "terminals": [], "currency": "SEK", "by_terminal": [], "by_operator": [], "by_scheme": [],
                    "by_hour": hours,
                }  # fmt: skip
            case "/outbox":
                return {"outbox": []}
            case "/match":
                return {"day": "2026-11-25", "agree": True, "terminals": [], "earlier": [], "without_reference": []}
            case "/doctor":
                return {"ok": True, "checks": [{"name": "clock", "ok": True, "message": "", "mend": ""}]}
            case "/operators":
                return {"operators": []}
            case "/findings":
                return {"findings": self.findings}
            case "/closings":
                return {"closings": []}
        return documents.refusal("usage", 404)
