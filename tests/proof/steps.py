"""What happens in a clinic, step by step, as it can be seen from outside: the places at which the proof strikes.

Requests as they leave the box and come back, as the services take them and carry them out, what the terminal shows, and
what the journal commits. The product knows nothing of it: its transport, and the simulator, are watched for the time of
a `with` block.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from edgepos.agent.wiring import Agent
from edgepos.outbound import Outbound
from edgepos.simulator.frontdoor import Call, CallLog, Exchange
from edgepos.simulator.terminal import Terminal


class Steps:
    """Everything that happens, counted; at those of *kill_at* the present agent is killed."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act
        """What happens at the chosen steps: as a rule, death."""
        self.seen: list[str] = []
        self.kill_at: frozenset[int] = frozenset()
        self.is_counting = False

    def cross(self, name: str) -> None:
        if not self.is_counting:
            return
        self.seen.append(name)
        if len(self.seen) in self.kill_at:
            self.act()


class Life:
    """One agent, from its start to its death."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.is_dead = False
        self.agent: Agent | None = None
        self.task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()


life_of: contextvars.ContextVar[Life | None] = contextvars.ContextVar("life_of", default=None)
"""Which agent a task belongs to."""
present: list[Steps] = []
"""Those of the round that runs."""


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Outside the product: each request as it leaves and comes back, as it is carried out and answered."""

    def cross(name: str) -> None:
        if present:
            present[-1].cross(name)

    request, arrive, carry_out, show = Outbound.request, CallLog.add, Exchange.carry_out, Terminal.tell

    async def watched_request(self: Outbound, method: str, url: str, **more: Any) -> Any:
        life = life_of.get()
        matters = _matters(url)
        path = urlsplit(url).path
        if matters:
            cross(f"ask {method} {path}")
        if life is not None and life.is_dead:
            raise asyncio.CancelledError
        try:
            return await request(self, method, url, **more)
        finally:
            if matters:
                cross(f"heard {method} {path}")
            if life is not None and life.is_dead:
                raise asyncio.CancelledError

    def watched_arrival(self: CallLog, service: str, scope: Any, body: bytes, at: str) -> Call:
        call = arrive(self, service, scope, body, at)
        if call.method != "GET" and _matters(call.path):
            cross(f"arrived {call.method} {call.path}")
        return call

    async def watched_carry_out(self: Exchange) -> Any:
        answer = await carry_out(self)
        if self.call.method != "GET" and _matters(self.call.path):
            cross(f"carried out {self.call.method} {self.call.path}")
        return answer

    def watched_tell(self: Terminal, event: Any, what: Any = None) -> None:
        show(self, event, what)
        cross(f"terminal {event}")

    with pytest.MonkeyPatch.context() as patch:
        # httpcore looks for it at every request, and looks through the whole path each time in vain.
        patch.setitem(sys.modules, "sniffio", None)
        patch.setattr(Outbound, "request", watched_request)
        patch.setattr(CallLog, "add", watched_arrival)
        patch.setattr(Exchange, "carry_out", watched_carry_out)
        patch.setattr(Terminal, "tell", watched_tell)
        gc.collect()
        yield


def _matters(path: str) -> bool:
    """Requests about terminals, and those of the sender; not the list that the desk reads in the background."""
    return not path.endswith(("/invoice/", "/terminal", "/login")) and not {"client", "patient"} & set(path.split("/"))
