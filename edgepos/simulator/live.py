"""Connect@Cloud's WebSocket: what terminals show, print and decide, as it happens, and the commands that fit beside.

protocols/connectcloud.md §1.4 and §2.6 to §2.8. One socket carries all terminals of the account. Frames to the client
are binary; nothing is replayed after a reconnect, and a client that does not read misses what comes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from edgepos.simulator import slips, wire
from edgepos.simulator.bank import Kind
from edgepos.simulator.crew import Crew
from edgepos.simulator.results import NOT_CONNECTED, Refused, Result
from edgepos.simulator.terminal import Terminal

UNREAD_LIMIT = 256

TEXT_IDS = {"waiting_card": "1011", "pin": "1", "host_wait": "1004", "approved": "0", "declined": "1043"}
KINDS: dict[str, Kind] = {"48": "purchase", "49": "refund"}


@dataclass(slots=True)
class _Socket:
    """One client's connection."""

    ecr: str
    unread: asyncio.Queue[bytes]
    opened: set[str]

    def tell(self, terminal_id: str, event: str, body: Any) -> None:
        head = {"$": {"ECRID": self.ecr, "TerminalID": terminal_id, "VersionNumber": 1}}
        message = {"NetsResponse": {"MessageHeader": head, event: body}}
        if not self.unread.full():
            self.unread.put_nowait(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))

    def reject(self, terminal_id: str, refused: Refused) -> None:
        code, _, text = refused.text.partition(" ")
        if refused.text == NOT_CONNECTED:
            self.tell(terminal_id, "Dfs13Error", {"ErrorCode": int(code), "ErrorString": text})
        else:
            self.tell(terminal_id, "MethodRejected", {"Code": code, "Info": text})


class LiveFeed:
    def __init__(self, terminals: dict[str, Terminal], knows_token: Callable[[str], bool], crew: Crew) -> None:
        self._terminals = terminals
        self._knows_token = knows_token
        self._crew = crew

    async def connect(self, websocket: WebSocket) -> None:
        """Serves one socket until either side closes it."""
        scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":  # as reported: only the lower-case word is understood here
            await websocket.send_denial_response(PlainTextResponse("", 400))
            return
        if not self._knows_token(token or websocket.query_params.get("auth_token", "")):
            await websocket.send_denial_response(PlainTextResponse("", 401))
            return
        await websocket.accept("json" if "json" in websocket.scope["subprotocols"] else None)
        socket = _Socket("", asyncio.Queue(UNREAD_LIMIT), set())

        def listen(terminal: Terminal, event: str, what: Any) -> None:
            _tell_event(socket, terminal, event, what)

        for terminal in self._terminals.values():
            terminal.listeners.append(listen)
        try:
            await self._serve(websocket, socket)
        finally:
            for terminal in self._terminals.values():
                terminal.listeners.remove(listen)

    async def _serve(self, websocket: WebSocket, socket: _Socket) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(_send(websocket, socket), name="events to a WebSocket")
                while (message := await websocket.receive())["type"] != "websocket.disconnect":
                    self._take(socket, message.get("text") or message.get("bytes") or b"")
                sending.cancel()
        except* WebSocketDisconnect:
            pass  # it left while something was being sent

    def _take(self, socket: _Socket, text: str | bytes) -> None:
        """One request. What it starts goes on by itself; its events come as they happen."""
        try:
            request = json.loads(text)["NetsRequest"]
            head = request["MessageHeader"]["$"]
            socket.ecr = str(head["ECRID"])
            terminal_id = str(head["TerminalID"])
            ((command, body),) = ((key, value) for key, value in request.items() if key != "MessageHeader")
            body = dict(body)
        except (ValueError, KeyError, TypeError, RecursionError):
            socket.tell("", "Dfs13Error", {"ErrorCode": 9001, "ErrorString": "Error: cannot parse message"})
            return
        terminal = self._terminals.get(terminal_id)
        if terminal is None or not terminal.is_connected:
            socket.reject(terminal_id, Refused(NOT_CONNECTED))
            return
        self._crew.spawn(self._obey(socket, terminal, command, body), f"{command} {terminal_id}")

    async def _obey(self, socket: _Socket, terminal: Terminal, command: str, body: dict[str, Any]) -> None:
        try:
            match command:
                case "Open":
                    self._open(socket, terminal)
                case "Dfs13TransferAmount":
                    await self._pay(terminal, body)
                case "Dfs13Administration":
                    await self._administer(socket, terminal, str(body.get("AdmCode")))
                case _:
                    raise Refused("7507 Bad argument: command")
        except Refused as refused:
            socket.reject(terminal.id, refused)

    def _open(self, socket: _Socket, terminal: Terminal) -> None:
        if terminal.id in socket.opened:
            raise Refused("7102 ALREADY_OPEN")
        socket.opened.add(terminal.id)
        socket.tell(terminal.id, "Dfs13TerminalReady", {"TerminalId": terminal.id})

    async def _pay(self, terminal: Terminal, body: dict[str, Any]) -> None:
        kind = KINDS.get(str(body.get("TransactionType")))
        amount, operator = str(body.get("Amount1")), str(body.get("OperId"))
        if kind is None:
            raise Refused("7503 Bad argument: TransactionType")
        if not (amount.isascii() and amount.isdecimal() and len(amount) <= 8 and int(amount) > 0):
            raise Refused("7501 Bad argument: Amount1")
        if not (operator.isascii() and operator.isdecimal() and len(operator) == 4):
            raise Refused("7506 Bad argument: OperId")
        await terminal.pay(kind, int(amount), "", "ws")

    async def _administer(self, socket: _Socket, terminal: Terminal, code: str) -> None:
        match code:
            case "12592":  # reconciliation
                closed = await terminal.reconcile()
                socket.tell(terminal.id, "Dfs13PrintText", {"Text": _event_text(closed.slip)})
                socket.tell(terminal.id, "Dfs13LocalMode", {"Result": "1", "TerminalID": terminal.id})
            case "12594":  # cancel request
                await terminal.cancel()
            case "12605":  # send last financial result
                last = await terminal.last_result()
                if last is None:
                    raise Refused("7101 Unable to process: no result")
                socket.tell(terminal.id, "Dfs13LastFinancialResult", _as_text(terminal, last))
            case _:
                raise Refused("7507 Bad argument: AdmCode")


async def _send(websocket: WebSocket, socket: _Socket) -> None:
    while True:
        await websocket.send_bytes(await socket.unread.get())


def _tell_event(socket: _Socket, terminal: Terminal, event: str, what: Any) -> None:
    words = slips.WORDS[terminal.variants.country]
    match event:
        case "display":
            source = "2" if what == "approved" else "1"
            text = {"$": {"Source": source, "TextID": TEXT_IDS[what]}, "_": f"{getattr(words, what)}\r"}
            socket.tell(terminal.id, "Dfs13DisplayText", text)
        case "result":
            if what.customer_slip:
                socket.tell(terminal.id, "Dfs13PrintText", {"Text": _event_text(what.customer_slip)})
            socket.tell(terminal.id, "Dfs13LocalMode", _as_text(terminal, what))
        case "ready":
            socket.tell(terminal.id, "Dfs13TerminalReady", {"TerminalId": terminal.id})


def _event_text(slip: str) -> str:
    return slip.replace("\r\n", "\n") + "\f"


def _as_text(terminal: Terminal, result: Result) -> dict[str, str | None]:
    """A result with every value as text, as events carry it."""
    fields = wire.local_mode(terminal, result, "reply")
    return {key: None if value is None else str(value) for key, value in fields.items()}
