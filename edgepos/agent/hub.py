"""What happens, to any number of listeners: whole objects, never patches, the whole view first.

Nothing is sent again and nothing is kept for whoever was away: a listener that reconnects, or that reads too slowly for
its queue, gets a new view in place of what it missed. Objects are read from the journal after the commit that changed
them, so a screen never shows what is not on the disk.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from edgepos.agent.view import View, finding
from edgepos.domain.operation import Kind, Operation
from edgepos.journal import Event, Journal, Pictures, Surroundings

QUEUE = 64
"""Messages that one listener may lag behind before they collapse into one new view."""
STATUS_PAUSE_S = 0.1
COMMENT_S = 10.0
"""A silent stream says so this often that it is there; a client calls the line dead after 25 s."""


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event, as its name and as the bytes that go out."""

    name: str
    sent: bytes

    @classmethod
    def of(cls, name: str, data: Any, seq: int | None) -> Message:
        head = f"event: {name}\n" + (f"id: {seq}\n" if seq is not None else "")
        return cls(name, f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode())


class Listener:
    """One listener's queue."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._there = asyncio.Event()
        self.wants_view = True

    def put(self, message: Message) -> None:
        if len(self._messages) >= QUEUE:
            self._messages.clear()
            self.wants_view = True
        if not self.wants_view or message.name in ("bye", "terminal_text"):
            self._messages.append(message)
        self._there.set()

    async def next(self) -> list[Message]:
        """All that waits, as soon as anything does; nothing where a whole view is due."""
        if not self.wants_view and not self._messages:
            self._there.clear()
            await self._there.wait()
        if self.wants_view:
            self.wants_view = False
            return []
        messages = list(self._messages)
        self._messages.clear()
        return messages


class Hub:
    def __init__(self, journal: Journal, view: View) -> None:
        self._journal = journal
        self._view = view
        self._listeners: set[Listener] = set()
        self._reconciliations: list[tuple[int, Operation, Surroundings]] = []
        self._changed_findings = False
        self._closings: list[int] = []
        self._wanted = asyncio.Event()
        self._status_wanted = asyncio.Event()
        self._moved = asyncio.Event()
        self.is_ending = False

    # --- what is new

    def hear(self, events: Sequence[Event]) -> None:
        """The journal has committed *events*. Called on the loop."""
        for event in events:
            if event.kind.startswith("finding."):
                self._changed_findings = True
            elif event.kind == "closing.made":
                self._closings.append(event.seq)
        self.touch()

    def _see(self, changed: Pictures) -> None:
        """Payments are told here and now: with twenty terminals at work each turn of the loop is long."""
        for seq, operation, around in changed:
            if operation.kind is Kind.RECONCILIATION:
                self._reconciliations.append((seq, operation, around))
                self._wanted.set()
            else:
                self.tell("payment", self._view.pictured_at_once(operation, around), seq)

    def touch(self) -> None:
        """Something that the status shows may be another."""
        self._wanted.set()
        self._status_wanted.set()
        self._moved.set()
        self._moved = asyncio.Event()

    def tell(self, name: str, data: Any, seq: int | None = None) -> None:
        """Send one message to everybody; it is written out once, however many listen."""
        if self._listeners:
            message = Message.of(name, data, seq)
            for listener in self._listeners:
                listener.put(message)

    def listed(self, as_of: str) -> None:
        """The desk's list is another, and stands as of then: to be read again."""
        self.tell("invoices", {"as_of": as_of})

    def bye(self) -> None:
        """The agent ends: every stream does, after a word."""
        self.is_ending = True
        self.tell("bye", {})
        self.touch()

    @property
    def moved(self) -> asyncio.Event:
        """Set at the next change of anything. Take it before reading what may change, so that none is missed."""
        return self._moved

    # --- to whom

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        self._journal.picture(self._see)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._journal.picture(None)

    async def stream(self) -> AsyncIterator[bytes]:
        """Server-sent events for one listener: the view, then what changes; ends after `bye`."""
        with self.listening() as listener:
            while True:
                try:
                    async with asyncio.timeout(COMMENT_S):
                        messages = await listener.next()
                except TimeoutError:
                    yield b": here\n\n"
                    continue
                if not messages:
                    messages = [Message.of("view", await self._view.whole(), self._journal.head[0])]
                yield b"".join(message.sent for message in messages)
                if messages[-1].name == "bye":
                    return

    # --- the loop

    async def run(self) -> None:
        """Pass on what changed, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass_on_changes(), name="hub changes")
            group.create_task(self._pass_on_status(), name="hub status")

    async def _pass_on_changes(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            reconciled, self._reconciliations = self._reconciliations, []
            has_findings, self._changed_findings = self._changed_findings, False
            closings, self._closings = self._closings, []
            if not self._listeners:
                continue
            for seq, operation, around in reconciled:
                self.tell("payment", await self._view.pictured(operation, around), seq)
            if has_findings:
                self.tell("finding", {"open": [finding(row) for row in await self._journal.open_findings()]})
            for seq in closings:
                newest = (await self._journal.closings(limit=1))[0]
                self.tell("closing", {"number": newest.number, "clinic_day": newest.clinic_day}, seq)

    async def _pass_on_status(self) -> None:
        """By itself, no faster than eyes are, and a moment behind what has changed it: a payment is sent as soon as it
        is intended, and its second message would wait until every screen has the picture of all terminals."""
        while True:
            await self._status_wanted.wait()
            await asyncio.sleep(STATUS_PAUSE_S)
            self._status_wanted.clear()
            if self._listeners:
                self.tell("status", await self._view.status(), self._journal.head[0])
