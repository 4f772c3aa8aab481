"""The agent's stream of events, blocking: for commands that follow what happens.

The first event is always the whole `view`; then come whole objects, never patches. Nothing is sent again: whoever
connects anew gets a new `view`. The agent sends a comment line every 10 s, so 25 s of silence are a dead line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from edgepos.client.http import Agent

SILENCE_S = 25.0


class Event(NamedTuple):
    """One thing that changed. *name* is `view`, `status`, `payment`, …; *seq* is the journal's, if it has one."""

    name: str
    data: Any
    seq: int | None = None


class Parser:
    """Server-sent events from lines. One parser for each connection; comments and unknown fields are passed over."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._name = "message"
        self._seq: int | None = None
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        """The event that *line* (without its end) completes, if any."""
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                self._data.append(value)
            elif field == "event":
                self._name = value
            elif field == "id" and value.isdecimal():
                self._seq = int(value)
            return None
        event = Event(self._name, json.loads("\n".join(self._data)), self._seq) if self._data else None
        self._forget()
        return event


def events(agent: Agent) -> Iterator[Event]:
    """What happens, from now on. Raises AgentAway when nobody is there, AgentLost when the agent ends or is silent."""
    parser = Parser()
    for line in agent.lines("/events", SILENCE_S):
        if event := parser.feed(line.decode().rstrip("\r\n")):
            yield event
