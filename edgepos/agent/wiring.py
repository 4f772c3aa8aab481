"""The one place where the agent's parts are made and put together. Everything they need is handed to them.

`opened` gives an agent with its journal open and nothing running; `Agent.run` is its life until `end`. What `main.py`
adds is the process: signals, exit statuses, systemd.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from edgepos import __version__
from edgepos.agent import recovery, sockets
from edgepos.agent.adopting import Adopting
from edgepos.agent.alerts import Alerts
from edgepos.agent.api import Server, application
from edgepos.agent.asking import Asking
from edgepos.agent.backups import Backups
from edgepos.agent.call import Parts
from edgepos.agent.charging import Charging
from edgepos.agent.closing import Closings
from edgepos.agent.conditions import Conditions
from edgepos.agent.health import Health
from edgepos.agent.holding import Holding
from edgepos.agent.hub import Hub
from edgepos.agent.invoices import Desk
from edgepos.agent.lanes import MoneyBack, SyncRules
from edgepos.agent.log import Recent, logger
from edgepos.agent.matching import Matcher
from edgepos.agent.operators import Operators
from edgepos.agent.periods import Periods
from edgepos.agent.ports import AbsentCloud, Cloud
from edgepos.agent.record import TerminalRecord
from edgepos.agent.service_clocks import ServiceClocks
from edgepos.agent.set_up_steps import SetUp
from edgepos.agent.settings import Settings, TerminalSettings
from edgepos.agent.settings_files import Secrets
from edgepos.agent.sync import Sender
from edgepos.agent.systemd import Supervisor
from edgepos.agent.upkeep import Upkeep
from edgepos.agent.view import View
from edgepos.agent.worker import Crew, Tools
from edgepos.chance import Chance
from edgepos.clock import Clock
from edgepos.connectcloud import ConnectCloud, LiveTexts, Times
from edgepos.domain.day import clinic_day
from edgepos.domain.errors import NotReached
from edgepos.domain.health import ServiceState
from edgepos.journal import Event, Journal
from edgepos.journal.files import Lock
from edgepos.outbound import Outbound
from edgepos.practice import Configuration, Link, Provet, Tenant
from edgepos.practice.provet.budget import Budget

log = logger(__name__)

DRAIN_S = 15.0
"""At the end a running operation has this long to be answered; then it is left to the next start, as after a cut."""
Loop = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Agent:
    """An agent, whole. Made by `opened`."""

    parts: Parts
    supervisor: Supervisor
    loops: dict[str, Loop]
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    broken: BaseException | None = None

    def end(self) -> None:
        """Begin to end: no new requests, what runs is drained."""
        self.ending.set()

    async def run(
        self, socket_path: Path, *, ready: Callable[[], None] = lambda: None, listener: socket.socket | None = None
    ) -> None:
        """Recover, open the socket (if *listener* is not it), say *ready*, live until `end`. Raises what broke it."""
        parts = self.parts
        is_open = bool(await recovery.close_unsent(parts.journal))
        tasks: list[asyncio.Task[None]] = []
        async with asyncio.TaskGroup() as group:

            def begin() -> None:
                tasks.extend(group.create_task(loop(), name=name) for name, loop in self.loops.items())

            if is_open:  # it is looked for before anybody is told that all is well
                begin()
                self.supervisor.extend(recovery.FIRST_ROUND_S * 2)
                await recovery.first_round(parts.crew)
            listener = listener or sockets.listen(socket_path)
            inode = os.lstat(socket_path).st_ino
            server = Server(application(parts))
            serving = group.create_task(server.run_on(listener), name="api")
            await server.up.wait()
            log.info("ready", version=__version__, count=len(parts.crew.workers))
            ready()
            if not is_open:  # then nothing had to be asked first, and the first talk to the services is not waited for
                begin()
            self.supervisor.status(f"{len(parts.crew.workers)} terminals")
            await self.ending.wait()
            self.supervisor.stopping()
            sockets.remove(socket_path, inode)
            parts.hub.bye()
            server.end()
            await serving
            if self.broken is not None:
                raise self.broken
            await self._drain()
            for task in tasks:
                task.cancel()
        await parts.journal.stopped("asked")

    async def _drain(self) -> None:
        if self.parts.sender is not None:
            self.parts.sender.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self.parts.crew.is_at_terminal:
                    await self.parts.clock.sleep(0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an agent is made of, from outside."""

    settings: Settings
    settings_folder: Path
    state_folder: Path
    clock: Clock
    chance: Chance
    supervisor: Supervisor
    recent: Recent
    lock: Lock | None = None
    """The journal's, if it is held already."""

    def today(self) -> str:
        """The clinic day of now."""
        place = self.settings.place
        return clinic_day(self.clock.now(), place.zone, place.day_starts)


@contextlib.asynccontextmanager
async def opened(given: Given) -> AsyncIterator[Agent]:
    """An agent on its journal; leaving the block closes everything. Raises the journal's errors."""
    async with contextlib.AsyncExitStack() as stack:
        journal = await Journal.open(
            given.state_folder, clock=given.clock, chance=given.chance, version=__version__, lock=given.lock
        )
        stack.push_async_callback(journal.close)
        after_clean_stop = await _ended_cleanly(journal)
        await journal.started(__version__)
        clocks = ServiceClocks(given.clock)
        cloud = _cloud(given, stack, partial(clocks.dated, "nets"))
        terminals = [*given.settings.terminals, *await _left_over(journal, given.settings)]
        location = given.settings.location
        conditions = Conditions(given.state_folder, reserve_mb=location.limits.disk_reserve_mb, clock=given.clock)
        changed, back, listed = _Later(), _Later(), _Later()
        health = _health(given, cloud, terminals, conditions=conditions, clocks=clocks, changed=changed)
        practice = _practice(given, stack, _practice_state(health, back), partial(clocks.dated, "practice"))
        desk = sender = None
        if practice is not None:
            desk = _desk(given, practice, journal, stack, listed)
            rules = _rules(given.settings)
            sender = Sender(journal, practice, given.clock, given.chance, rules, after_clean_stop=after_clean_stop)
            back.to = sender.wake
        backups = Backups(journal, given.state_folder, location.backup, given.clock)
        charging = Charging(journal, desk, given.clock)
        crew = Crew(terminals, _tools(given, journal, cloud, charging=charging, health=health, conditions=conditions))
        closings = _closings(given, journal, practice)
        view = View(
            journal,
            settings=given.settings,
            health=health,
            crew=crew,
            conditions=conditions,
            backups=backups,
            clock=given.clock,
            today=given.today,
            totals_agree=closings.totals_agree,
        )
        hub = Hub(journal, view)
        changed.to = hub.touch
        listed.to = hub.listed
        broken = _Broken()
        parts = Parts(
            journal=journal,
            settings=given.settings,
            settings_folder=given.settings_folder,
            state_folder=given.state_folder,
            cloud=cloud,
            crew=crew,
            health=health,
            view=view,
            hub=hub,
            asking=Asking(
                journal,
                settings=given.settings,
                crew=crew,
                charging=charging,
                conditions=conditions,
                today=given.today,
            ),
            charging=charging,
            holding=Holding(
                journal,
                Adopting(
                    journal, cloud, practice, clock=given.clock, currency=given.settings.currency, today=given.today
                ),
            ),
            practice=practice,
            desk=desk,
            sender=sender,
            closings=closings,
            operators=Operators(given.state_folder / "operators.json", clock=given.clock, chance=given.chance),
            set_up=SetUp(given.state_folder),
            recent=given.recent,
            clock=given.clock,
            chance=given.chance,
            broken=broken,
        )
        stack.callback(journal.subscribe(partial(_hear, parts)))
        alerts = Alerts(location.alerts.command, given.clock, given.state_folder / "alerts.json")
        upkeep = Upkeep(journal, view, backups, alerts, given.clock)
        loops = _loops(given, parts, cloud) | {"upkeep": upkeep.run}
        agent = Agent(parts=parts, supervisor=given.supervisor, loops=loops)
        broken.agent = agent
        yield agent


def _hear(parts: Parts, events: Sequence[Event]) -> None:
    """Pass on what the journal has committed."""
    parts.crew.hear(events)
    parts.hub.hear(events)
    if parts.desk is not None:
        for event in events:
            if event.kind == "outbox.acknowledged":
                parts.desk.booked(event.subject)


def _loops(given: Given, parts: Parts, cloud: Cloud) -> dict[str, Loop]:
    loops: dict[str, Loop] = {
        "workers": parts.crew.run,
        "health": parts.health.run,
        "hub": parts.hub.run,
        "closings": parts.closings.watch,
        "strangers": partial(parts.holding.look_for_others, list(parts.crew.workers), given.clock),
        "watchdog": partial(given.supervisor.run, parts.journal.outbox_summary),
    }
    if parts.desk is not None and parts.sender is not None:
        loops |= {"invoices": parts.desk.run, "sync": parts.sender.run}
    nets = given.settings.organisation.nets
    if isinstance(cloud, ConnectCloud) and nets is not None and nets.websocket:
        loops["texts"] = partial(_pass_texts, cloud.live_texts(given.chance.uniform), parts.crew, parts.hub)
    return loops


def _health(
    given: Given,
    cloud: Cloud,
    terminals: Sequence[TerminalSettings],
    *,
    conditions: Conditions,
    clocks: ServiceClocks,
    changed: _Later,
) -> Health:
    organisation = given.settings.organisation
    return Health(
        cloud,
        [terminal.id for terminal in terminals],
        clock=given.clock,
        poll_s=organisation.times.poll_s,
        is_set_up={"nets": organisation.nets is not None, "practice": organisation.practice is not None},
        conditions=conditions,
        clocks=clocks,
        changed=changed,
        beat=given.supervisor.beat,
    )


def _tools(
    given: Given, journal: Journal, cloud: Cloud, *, charging: Charging, health: Health, conditions: Conditions
) -> Tools:
    place = given.settings.place
    return Tools(
        journal=journal,
        cloud=cloud,
        desk=charging,
        health=health,
        conditions=conditions,
        record=TerminalRecord(journal, currency=place.currency, today=given.today),
        periods=Periods(journal, cloud, health, clock=given.clock, country=place.country, currency=place.currency),
        clock=given.clock,
        times=given.settings.organisation.times,
        began_at=given.clock.monotonic(),
    )


def _desk(
    given: Given,
    practice: Provet,
    journal: Journal,
    stack: contextlib.AsyncExitStack,
    listed: Callable[[str], None],
) -> Desk:
    scope = f"{given.settings.organisation.practice}/{given.settings.place.department}"
    spread = int(journal.box_id[:4], 16) / 0x10000
    desk = Desk(practice, given.state_folder, given.clock, scope=scope, spread=spread, changed=listed)
    stack.push_async_callback(desk.close)
    return desk


def _closings(given: Given, journal: Journal, practice: Provet | None) -> Closings:
    place = given.settings.place
    matcher = Matcher(
        journal,
        practice,
        terminals={terminal.id for terminal in given.settings.terminals},
        clock=given.clock,
        country=place.country,
        currency=place.currency,
        zone=place.zone,
        day_starts=place.day_starts,
    )
    return Closings(journal, matcher, clock=given.clock, currency=place.currency, zone=place.zone)


async def _pass_texts(live: LiveTexts, crew: Crew, hub: Hub) -> None:
    """What the terminals show, for the screens: a comfort, on which nothing depends."""
    async for shown in live.texts():
        if worker := crew.workers.get(shown.terminal):
            hub.tell("terminal_text", {"terminal": shown.terminal, "payment": worker.at_work_on, "text": shown.text})


class _Broken:
    """The journal is broken: the agent ends, and says why."""

    agent: Agent | None = None

    def __call__(self, error: BaseException) -> None:
        if self.agent is not None:
            self.agent.broken = error
            self.agent.end()


class _Later:
    """A call whose target is made after its caller."""

    to: Callable[..., None] | None = None

    def __call__(self, *facts: object) -> None:
        if self.to is not None:
            self.to(*facts)


def _cloud(given: Given, stack: contextlib.AsyncExitStack, dated: Callable[[datetime], None]) -> Cloud:
    nets = given.settings.organisation.nets
    if nets is None:
        return AbsentCloud()
    outbound = Outbound(nets.base_url, setting="nets.base_url", clock=given.clock, dated=dated)

    def password() -> str:
        secret = Secrets(given.settings_folder).read("nets")
        if secret is None:
            raise NotReached("credentials", service="nets", why="missing")
        return secret.get_secret_value()

    times = Times(**given.settings.organisation.times.model_dump())
    cloud = ConnectCloud(
        outbound, base_url=nets.base_url, username=nets.username, password=password, clock=given.clock, times=times
    )
    stack.push_async_callback(cloud.aclose)
    return cloud


def _practice(
    given: Given,
    stack: contextlib.AsyncExitStack,
    heard: Callable[[ServiceState, str], None],
    dated: Callable[[datetime], None],
) -> Provet | None:
    practice = given.settings.organisation.practice
    if practice is None:
        return None
    outbound = Outbound(practice.base_url, setting="practice.base_url", clock=given.clock, dated=dated)
    stack.push_async_callback(outbound.aclose)

    def secret() -> str:
        found = Secrets(given.settings_folder).read("provet")
        if found is None:
            raise Configuration("credentials")
        return found.get_secret_value()

    link = Link(
        outbound,
        base_url=practice.base_url,
        provet_id=practice.provet_id,
        client_id=practice.client_id,
        secret=secret,
        budget=Budget(given.clock, boxes=practice.boxes),
        clock=given.clock,
        chance=given.chance,
        heard=heard,
    )
    place = given.settings.place
    tenant = Tenant(currency=place.currency, department=place.department, users=practice.users)
    return Provet(link, tenant, given.clock)


def _rules(settings: Settings) -> SyncRules:
    practice = settings.organisation.practice
    if practice is None:
        return SyncRules()
    return SyncRules(
        allows_overpayment=practice.allows_overpayment,
        money_back=MoneyBack(practice.money_back),
        writes_extras=practice.extras,
    )


def _practice_state(health: Health, back: Callable[[], None]) -> Callable[[ServiceState, str], None]:
    """Notes how the practice system stands; when it is back, what waits for it is woken."""

    def heard(state: ServiceState, why: str) -> None:
        was_ok = health.services["practice"].state in (ServiceState.OK, ServiceState.SLOW)
        health.heard("practice", state, why)
        if state is ServiceState.OK and not was_ok:
            back()

    return heard


async def _left_over(journal: Journal, settings: Settings) -> list[TerminalSettings]:
    """Terminals that left the settings with an operation open: it is still carried to its end."""
    known = {terminal.id for terminal in settings.terminals}
    ids = sorted({operation.terminal for operation in await journal.open_operations()} - known)
    return [TerminalSettings(id=id, name=id, model="Desk3500") for id in ids]


async def _ended_cleanly(journal: Journal) -> bool:
    """Whether the agent before this one ended with nothing in flight."""
    last = await journal.sql("SELECT kind FROM event ORDER BY seq DESC LIMIT 1")
    return bool(last.rows) and last.rows[0][0] == "agent.stopped"
