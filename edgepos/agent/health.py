"""How the terminals and the two services stand, as last seen. In memory only: flash wears out, and a restart asks anew.

Every question that somebody asks of a service passes its outcome here, so that one picture serves all. What staff see
of a terminal is `domain.health.terminal_state` over this and the journal; nothing here decides about money.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from edgepos.agent.conditions import Conditions
from edgepos.agent.log import logger
from edgepos.agent.ports import Cloud
from edgepos.agent.service_clocks import ServiceClocks
from edgepos.clock import Clock, rfc3339
from edgepos.connectcloud import StateAnswer
from edgepos.domain.errors import EdgeposError, NotReached
from edgepos.domain.health import ServiceState
from edgepos.domain.result import OwnReply, Result, TerminalResult

log = logger(__name__)

SLOW_S = 5.0
"""An answer that took longer is told as "slow": staff then know why everything waits."""
ACCOUNT_EVERY_S = 900.0
"""Between two looks at which terminals the account has: it changes when somebody at Nets changes it."""
ANSWERING = frozenset({ServiceState.OK, ServiceState.SLOW})
RECONCILE_CODES = frozenset({"87", "90"})
NO_BANK_CODES = frozenset({"91", "Z3"})
NO_HOST_ERROR = 7008


@dataclass(slots=True)
class Service:
    """One service's state, since when (UTC), and the code and facts that say why."""

    state: ServiceState = ServiceState.NOT_REACHED
    since: str = ""
    code: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """What was last seen of one terminal; the `…_at` are `Clock.monotonic()`."""

    reported: str | None = None
    is_offline: bool = False
    error: str = ""
    in_account: bool | None = None
    answered_at: float | None = None
    idle_from: float | None = None
    """Since it was first seen idle without anything else between; None if it is not."""
    online_at: float | None = None
    offline_at: float | None = None
    wants_reconciliation: bool = False
    has_no_bank_contact: bool = False
    since: str = ""
    """UTC, when what it reports last changed."""


class Health:
    """*changed* is called, on the loop, whenever the picture is another."""

    def __init__(
        self,
        cloud: Cloud,
        terminals: Collection[str],
        *,
        clock: Clock,
        poll_s: float,
        is_set_up: Mapping[str, bool],
        conditions: Conditions,
        clocks: ServiceClocks,
        changed: Callable[[], None],
        beat: Callable[[str], None],
    ) -> None:
        self._cloud = cloud
        self._clock = clock
        self._poll_s = poll_s
        self._conditions = conditions
        self._clocks = clocks
        self._changed = changed
        self._beat = beat
        self.terminals = {terminal: Seen(since=self._now()) for terminal in terminals}
        self.services = {
            name: Service(
                state=ServiceState.NOT_REACHED if is_set else ServiceState.NOT_SET_UP,
                since=self._now(),
                code=None if is_set else "settings",
            )
            for name, is_set in is_set_up.items()
        }

    def idle_s(self, terminal: str, *, since: float) -> float:
        """How long *terminal* has shown itself idle, counted from *since* at the earliest; 0 if it does not now."""
        seen = self.terminals[terminal]
        if seen.idle_from is None or seen.answered_at is None:
            return 0.0
        return max(0.0, seen.answered_at - max(seen.idle_from, since))

    @property
    def is_nets_ok(self) -> bool:
        return self.services["nets"].state in ANSWERING

    async def run(self) -> None:
        """Ask how every terminal stands, for ever."""
        account_at: float | None = None
        while True:
            self._beat("health")
            if self.services["nets"].state is not ServiceState.NOT_SET_UP:
                now = self._clock.monotonic()
                if account_at is None or now - account_at >= ACCOUNT_EVERY_S:
                    account_at = now if await self._ask_account() else None
                await self._ask_all()
            await self._clock.sleep(self._poll_s)

    async def _ask_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for terminal in self.terminals:
                group.create_task(self._ask_quietly(terminal), name=f"state of {terminal}")

    async def _ask_quietly(self, terminal: str) -> None:
        try:
            await self.ask(terminal)
        except NotReached:
            return  # `ask` has noted it

    async def _ask_account(self) -> bool:
        try:
            ids = await self._cloud.terminals()
        except NotReached as error:
            self.note_service("nets", error)
            return False
        for terminal, seen in self.terminals.items():
            seen.in_account = None if ids is None else terminal in ids
        self._changed()
        return True

    async def ask(self, terminal: str) -> StateAnswer:
        """How *terminal* stands, right now. Raises NotReached."""
        began = self._clock.monotonic()
        try:
            answer = await self._cloud.state(terminal)
        except NotReached as error:
            self.note_service("nets", error)
            raise
        now = self._clock.monotonic()
        self.note_service("nets", None, elapsed_s=now - began)
        seen = self.terminals[terminal]
        before = (seen.reported, seen.is_offline)
        seen.reported, seen.is_offline, seen.error = answer.reported, answer.is_offline, answer.error
        seen.answered_at = now
        if answer.reported != "idle" or answer.is_offline:
            seen.idle_from = None
        elif seen.idle_from is None:
            seen.idle_from = now
        if answer.is_offline:
            seen.offline_at = now
        elif answer.reported is not None:
            seen.online_at = now
        if before != (seen.reported, seen.is_offline):
            seen.since = self._now()
            log.info("terminal changed", terminal=terminal, state="offline" if answer.is_offline else answer.reported)
            self._changed()
        return answer

    def note_service(self, name: str, error: EdgeposError | None, *, elapsed_s: float = 0.0) -> None:
        """How a question to a service ended."""
        state = _service_state(error, elapsed_s)
        self._stands(name, state, error.code if error else None, error.facts if error else {})

    def heard(self, name: str, state: ServiceState, why: str) -> None:
        """A service stands so now."""
        self._stands(name, state, None, {"why": why} if why else {})

    def _stands(self, name: str, state: ServiceState, code: str | None, facts: Mapping[str, object]) -> None:
        if state not in ANSWERING:
            self._clocks.forget(name)
        elif (off_s := self._clocks.off_s(name)) is not None:
            state, code, facts = ServiceState.CLOCK_WRONG, "clock-wrong", {"why": "services", "offset_s": round(off_s)}
        if state is ServiceState.CLOCK_WRONG and code != "clock-wrong":
            code, facts = "clock-wrong", {"why": "certificate"}
        service = self.services[name]
        if (state, code) == (service.state, service.code):
            return
        service.code, service.facts = code, dict(facts)
        if state is not service.state:
            why = code or facts.get("why")
            log.info("service changed", service=name, from_state=str(service.state), state=str(state), cause=why)
            service.state, service.since = state, self._now()
        wrong = (one.facts for one in self.services.values() if one.state is ServiceState.CLOCK_WRONG)
        self._conditions.services_say = next(wrong, None)
        self._changed()

    def note_result(self, terminal: str, result: TerminalResult | None, reply: OwnReply | None = None) -> None:
        """What an operation's end tells of its terminal: a wish for a reconciliation, no contact with the bank."""
        seen = self.terminals.get(terminal)
        if seen is None:
            return
        code = result.response_code if result else ""
        if (reply is not None and NO_HOST_ERROR in reply.codes) or code in NO_BANK_CODES:
            seen.has_no_bank_contact = True
        elif result is not None and result.result is Result.MOVED:
            seen.has_no_bank_contact = False
        if code in RECONCILE_CODES:
            seen.wants_reconciliation = True
        elif result is not None and result.result is Result.MOVED:
            seen.wants_reconciliation = False
        self._changed()

    def reconciled(self, terminal: str) -> None:
        """A reconciliation went through: the terminal and its bank have spoken."""
        if seen := self.terminals.get(terminal):
            seen.wants_reconciliation = seen.has_no_bank_contact = False
            self._changed()

    def _now(self) -> str:
        return rfc3339(self._clock.now())


def _service_state(error: EdgeposError | None, elapsed_s: float) -> ServiceState:
    if error is None:
        return ServiceState.SLOW if elapsed_s > SLOW_S else ServiceState.OK
    if error.facts.get("why") == "clock":
        return ServiceState.CLOCK_WRONG
    if error.code == "sign-in-page":
        return ServiceState.SIGN_IN_PAGE
    if error.code == "credentials":
        return ServiceState.REFUSED
    if error.facts.get("why") == "not-set-up":
        return ServiceState.NOT_SET_UP
    return ServiceState.NOT_REACHED
