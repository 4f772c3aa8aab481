"""One request at the local API: who asks, what for, and the parts of the agent that answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edgepos.agent.asking import Asking, Who
from edgepos.agent.charging import Charging
from edgepos.agent.closing import Closings
from edgepos.agent.forms import Form
from edgepos.agent.health import Health
from edgepos.agent.holding import Holding
from edgepos.agent.hub import Hub
from edgepos.agent.invoices import Desk
from edgepos.agent.log import Recent
from edgepos.agent.operators import Operators
from edgepos.agent.peers import Peer, Role
from edgepos.agent.ports import Cloud
from edgepos.agent.set_up_steps import SetUp
from edgepos.agent.settings import Settings
from edgepos.agent.sync import Sender
from edgepos.agent.view import View
from edgepos.agent.worker import Crew
from edgepos.chance import Chance
from edgepos.clock import Clock
from edgepos.domain.errors import NotReached, Refused, Wrong
from edgepos.domain.identifiers import parse_reference
from edgepos.domain.operation import Operation
from edgepos.journal import Journal
from edgepos.practice import PracticeSystem

REQUEST_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.I)
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the routes work with. *practice*, *desk* and *sender* are None where no practice system is set up."""

    journal: Journal
    settings: Settings
    settings_folder: Path
    state_folder: Path
    cloud: Cloud
    crew: Crew
    health: Health
    view: View
    hub: Hub
    asking: Asking
    charging: Charging
    holding: Holding
    practice: PracticeSystem | None
    desk: Desk | None
    sender: Sender | None
    closings: Closings
    operators: Operators
    set_up: SetUp
    recent: Recent
    clock: Clock
    chance: Chance
    broken: Callable[[BaseException], None]
    """The journal is broken: the agent has to end."""


class Call:
    """One request, read."""

    def __init__(self, request: Request, parts: Parts, body: bytes) -> None:
        self._request = request
        self.parts = parts
        self.form = Form.parse(body)
        self.who = _who(request, parts)

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self._request.path_params[name])

    def query(self, name: str) -> str | None:
        return self._request.query_params.get(name)

    def number(self, name: str, default: int, most: int) -> int:
        text = self.query(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= most):
            raise Wrong("usage", text=f"{name}={text[:20]}", expected=f"a number up to {most}")
        return int(text)

    def flag(self, name: str) -> bool:
        """Whether *name* was said, and not said to be off."""
        return self.query(name) not in (None, "", "0", "False", "false")

    @property
    def limit(self) -> int:
        return max(1, self.number("limit", 50, MOST))

    @property
    def key(self) -> str:
        """The key made once for a press, so that a repeated request gives the first answer again."""
        key = self._request.headers.get("idempotency-key", "")
        if not REQUEST_KEY.fullmatch(key):
            raise Wrong("usage", text="Idempotency-Key", expected="a fresh UUID (version 4) for each press of a button")
        return key.lower()

    @property
    def session(self) -> str:
        return self._request.headers.get("edgepos-session", "")

    async def payment(self) -> Operation:
        """The operation that the path names."""
        return await self.parts.journal.operation(parse_reference(self.part("id")))

    def technician(self) -> None:
        self.who.demand(Role.TECHNICIAN)

    @property
    def sender(self) -> Sender:
        if self.parts.sender is None:
            raise NotReached("practice-away", service="practice", why="not-set-up")
        return self.parts.sender


Handler = Callable[[Call], Awaitable[dict[str, Any] | Response]]


def _who(request: Request, parts: Parts) -> Who:
    peer: Peer | None = getattr(request.state, "peer", None)
    role, operator = (peer.role, peer.operator) if peer else (Role.NOBODY, "kiosk")
    if role is Role.NOBODY:
        raise Refused("not-allowed", needed="edgepos-users", role="none")
    session = parts.operators.session(request.headers.get("edgepos-session", ""))
    if session is not None:
        return Who(operator=session.operator.id, role=max(role, session.operator.role))
    return Who(operator=operator, role=role)
