"""A clinic for the proof: simulator and agent on one virtual loop, over real sockets, where the agent can be killed.

A kill is what SIGKILL leaves behind: the journal's files as they stand at that instant are taken over by the next agent
(a copy, torn log frames included), every line to the services is cut, and nothing that the dying agent still does
reaches journal, services or simulator any more. `test_processes.py` does the same to real processes, with the real
signal; here a kill costs milliseconds, so that there can be one at every step.

Nothing in the product knows of this; `steps.py` says what a step is.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from edgepos.agent.asking import Who
from edgepos.agent.forms import Form
from edgepos.agent.log import Recent
from edgepos.agent.peers import Role
from edgepos.agent.settings import Settings
from edgepos.agent.settings_files import load
from edgepos.agent.systemd import Supervisor
from edgepos.agent.wiring import Agent, Given, opened
from edgepos.chance import SeededChance
from edgepos.clock import VirtualLoop
from edgepos.domain.errors import EdgeposError, Refused
from edgepos.domain.operation import NOTHING_MOVED, Kind, Operation, State
from edgepos.journal import Event
from edgepos.practice import Temporary
from edgepos.simulator.faults import FaultRule
from edgepos.simulator.server import Simulator
from edgepos.simulator.terminal import Terminal
from edgepos.simulator.variants import Step
from tests.proof.steps import Life, Steps, life_of, present, watching

RECEPTION, ROOM = "70000001", "70000002"
INVOICE = 502
"""A plain one of 625,00: due is what it costs."""
STAFF = Who(operator="kiosk", role=Role.SENIOR)
SHARED_MEMORY = Path("/dev/shm")
"""Where it is there: this proof is not about the disk, and a sync that costs nothing buys more kills."""
FILES = ("journal.db", "journal.db-wal", "cache.db", "operators.json")

ORGANISATION = """
[nets]
base_url = "{nets}"
username = "clinic_demo"
websocket = false

[practice]
base_url = "{provet}"
provet_id = "1234"
client_id = "edgepos-demo-client"

[times]
poll_s = 60
"""
LOCATION = """
[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
time_zone = "Europe/Stockholm"
department = "2"

[limits]
disk_reserve_mb = 1

[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"
"""
SECOND_TERMINAL = """
[[terminal]]
id = "70000002"
name = "ROOM 2"
model = "Move3500"
"""


class Clinic:
    """One round's clinic: its simulator's world is new, its agent has no journal yet."""

    def __init__(self, simulator: Simulator, settings: Settings, folder: Path, seed: int) -> None:
        self.simulator = simulator
        self.folder = folder
        self.clock = simulator.clock
        self.steps = Steps(self.kill)
        self.deaths = 0
        self.changed = asyncio.Event()
        """Something was committed, or the agent has died."""
        self._presses: list[asyncio.Task[None]] = []
        self._settings = settings
        self._chance = SeededChance(seed)
        self._lives = 0
        self._life: Life | None = None
        self.state = folder / "state-0"
        self.state.mkdir(mode=0o700)
        for terminal in simulator.world.terminals.values():
            terminal.change(terminal.variants.model_copy(update={"fresh_refuses": False}))

    # --- the agent

    @property
    def agent(self) -> Agent:
        assert self._life is not None
        assert self._life.agent is not None
        return self._life.agent

    @property
    def is_alive(self) -> bool:
        return self._life is not None and not self._life.is_dead

    async def start(self) -> bool:
        """Start an agent on the journal as it is; False if it was killed before it was ready."""
        life = self._life = Life(self.state)
        life.task = asyncio.get_running_loop().create_task(self._live(life), name="agent")
        ready = asyncio.get_running_loop().create_task(life.ready.wait())
        await asyncio.wait({life.task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            return True
        ready.cancel()
        await self._bury(life)
        return False

    async def _live(self, life: Life) -> None:
        life_of.set(life)
        given = Given(
            settings=self._settings,
            settings_folder=self.folder.parent / "config",
            state_folder=life.state,
            clock=self.clock,
            chance=self._chance,
            supervisor=Supervisor(self.clock, {}),
            recent=Recent(),
        )
        async with opened(given) as life.agent:
            life.agent.loops.pop("invoices")  # the desk's list is a thing to pick from: here it is known what is paid
            life.agent.parts.journal.subscribe(lambda events: self._committed(life, events))
            await life.agent.run(self.folder / "agent.sock", ready=life.ready.set)

    def _committed(self, life: Life, events: Sequence[Event]) -> None:
        if life.is_dead:
            return
        self.changed.set()
        for event in events:
            self.steps.cross(f"commit {event.kind}")

    def kill(self) -> None:
        """Now: the files as they are at this instant are all that is left of the agent."""
        life = self._life
        if life is None or life.is_dead:
            return
        life.is_dead = True
        self.deaths += 1
        self.changed.set()
        self.state = self.folder / f"state-{self.deaths}"
        self.state.mkdir(mode=0o700)
        for name in FILES:
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(life.state / name, self.state / name)
        if life.task is not None:
            life.task.cancel()

    async def dead(self) -> None:
        """The remains of a killed agent are gone."""
        if self._life is not None:
            await self._bury(self._life)

    async def _bury(self, life: Life) -> None:
        assert life.task is not None
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(life.task)
        shutil.rmtree(life.state, ignore_errors=True)

    async def close(self) -> None:
        self.steps.is_counting = False
        if self.is_alive:
            self.kill()
            await self.dead()

    # --- what people ask

    async def pay(self, amount_minor: int | None = None, *, invoice: int = INVOICE, terminal: str = RECEPTION) -> str:
        """Ask for a payment of the invoice's whole due sum; its reference. Raises what the agent refuses with."""
        parts = self.agent.parts
        due = self.simulator.world.practice.client_due_minor(self.simulator.world.practice.invoices[invoice])
        part = 1 + sum(1 for line in await parts.journal.invoice_kept(str(invoice)))
        line = {"invoice": str(invoice), "part": part, "due_minor": due, "amount_minor": amount_minor or due}
        form = Form({"terminal": terminal, "currency": "SEK", "lines": [line]})
        return (await parts.asking.purchase(form, STAFF, self._chance.uuid4())).id

    async def pay_plain(self, amount_minor: int) -> str:
        """A sale without an invoice."""
        form = Form(
            {"terminal": RECEPTION, "currency": "SEK", "amount_minor": amount_minor, "text": "over the counter"}
        )
        return (await self.agent.parts.asking.purchase(form, STAFF, self._chance.uuid4())).id

    def key(self) -> str:
        """A request key, as a client makes one for each press."""
        return self._chance.uuid4()

    async def refund(self, payment: str, amount_minor: int) -> str:
        form = Form({"terminal": RECEPTION, "amount_minor": amount_minor})
        asking = self.agent.parts.asking
        return (await asking.refund(await self.operation(payment), form, STAFF, self._chance.uuid4())).id

    async def reverse(self, payment: str) -> str:
        asking = self.agent.parts.asking
        return (await asking.reverse(await self.operation(payment), STAFF, self._chance.uuid4())).id

    async def reconcile(self) -> str:
        form = Form({"terminal": RECEPTION})
        return (await self.agent.parts.asking.reconcile(form, STAFF, self._chance.uuid4())).id

    async def cancel(self, payment: str) -> None:
        await self.agent.parts.asking.cancel(await self.operation(payment), STAFF)

    def ask_to_stop(self) -> None:
        """Somebody presses cancel now, on whatever runs at the reception."""

        async def press() -> None:
            for one in await self.agent.parts.journal.open_operations():
                with contextlib.suppress(Refused):
                    await self.cancel(one.id)

        self._presses.append(asyncio.get_running_loop().create_task(press()))

    async def operation(self, id: str) -> Operation:
        return await self.agent.parts.journal.operation(id)

    async def outcome(self, id: str, limit_s: float = 1_500) -> Operation:
        """The operation once it is final."""
        await self.until(lambda: self._is_final(id), limit_s)
        return await self.operation(id)

    async def outcome_or_unknown(self, id: str, limit_s: float = 600) -> Operation:
        """The operation once it is final, or known to be unknown."""

        async def is_told() -> bool:
            return (await self.operation(id)).state not in (State.INTENDED, State.SENT)

        await self.until(is_told, limit_s)
        return await self.operation(id)

    async def _is_final(self, id: str) -> bool:
        return not (await self.operation(id)).is_open

    async def is_at_rest(self) -> bool:
        """Nothing is open but what only a later session proves, and nothing waits to be booked."""
        journal = self.agent.parts.journal
        open_ones = [
            one
            for one in await journal.open_operations()
            if one.kind is not Kind.RECONCILIATION or one.state is not State.UNKNOWN
        ]
        return not open_ones and not (await journal.outbox_summary()).queued

    async def is_booked(self) -> bool:
        """Nothing waits to be booked."""
        return not (await self.agent.parts.journal.outbox_summary()).queued

    async def at_rest(self, limit_s: float = 1_500) -> bool:
        """Wait for rest; False if the agent dies before, or there is none within *limit_s*."""
        return await self.until(self.is_at_rest, limit_s)

    async def until(self, condition: Callable[[], Any], limit_s: float) -> bool:
        """Wait for a fact in the journal; False if the agent dies before, or it does not come about in time."""
        over = self.clock.monotonic() + limit_s
        while self.is_alive:
            self.changed.clear()
            try:
                is_there = await condition()
            except (RuntimeError, asyncio.CancelledError):
                if self.is_alive:
                    raise
                return False
            if is_there:
                return self.is_alive
            left_s = over - self.clock.monotonic()
            if left_s <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self.changed.wait()
        return False

    async def persist(self, ask: Callable[[], Awaitable[str]]) -> Operation:
        """As a person does: what ends without effect is asked for again, half a minute later."""
        for _ in range(20):
            try:
                ended = await self.outcome(await ask())
            except (EdgeposError, Temporary):
                ended = None
            if ended is not None and ended.state not in NOTHING_MOVED:
                return ended
            await self.clock.sleep(30.0)
        raise AssertionError("twenty times in vain")

    # --- what fate does

    def fault(
        self, fault: str, method: str | None = "POST", path: str = "*", service: str = "nets", **more: Any
    ) -> str:
        rule = {"service": service, "fault": fault, "method": method, "path": path, **more}
        return self.simulator.add_fault(FaultRule.model_validate(rule)).id

    async def mend(self) -> None:
        """All faults are over."""
        for fault in list(self.simulator.world.faults.active):
            await self.simulator.remove_fault(fault)

    def variant(self, terminal: str = RECEPTION, **variants: Any) -> None:
        device = self.terminal(terminal)
        merged = {**device.variants.model_dump(), **variants}
        device.change(type(device.variants).model_validate(merged))

    def terminal(self, id: str = RECEPTION) -> Terminal:
        return self.simulator.world.terminals[id]

    def cardholder(self, *steps: dict[str, Any], terminal: str = RECEPTION) -> None:
        self.terminal(terminal).steps.extend(Step.model_validate(step) for step in steps)

    async def at_terminal(self) -> None:
        """The terminal shows the amount."""

        async def is_sent() -> bool:
            return any(one.state is State.SENT for one in await self.agent.parts.journal.open_operations())

        await self.until(is_sent, 30)

    def calls(self, method: str, path: str) -> int:
        """How many such requests Nets has seen, *path* being how they end."""
        seen = self.simulator.world.calls
        return sum(one.service == "nets" and one.method == method and one.path.endswith(path) for one in seen)

    # --- what is true

    def truth(self) -> dict[str, Any]:
        return self.simulator.world.truth()

    def copy_of_journal(self) -> Path:
        """The journal's files as they are on the disk now, in a folder of their own."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        for name in FILES[:2]:
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(self.state / name, folder / name)
        return folder / "journal.db"


class House:
    """Gives one clinic after another, all on one simulator process's sockets."""

    def __init__(self, simulator: Simulator, folder: Path, *, terminals: int = 1) -> None:
        self._simulator = simulator
        self._folder = folder
        config = folder / "config"
        config.mkdir()
        (config / "organisation.toml").write_text(
            ORGANISATION.format(nets=simulator.nets_url, provet=simulator.provet_url)
        )
        (config / "location.toml").write_text(LOCATION + (SECOND_TERMINAL if terminals == 2 else ""))
        for name, secret in (("nets", "demo-password"), ("provet", "edgepos-demo-secret")):
            (config / name).touch(mode=0o600)
            (config / name).write_text(secret + "\n")
        self._settings = load(config)

    @contextlib.asynccontextmanager
    async def clinic(self, seed: int = 1) -> AsyncIterator[Clinic]:
        """A clinic with a new world, and no agent yet."""
        await self._simulator.reset(seed)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            clinic = Clinic(self._simulator, self._settings, Path(folder), seed)
            present.append(clinic.steps)
            try:
                yield clinic
            finally:
                await clinic.close()
                present.pop()


@contextlib.asynccontextmanager
async def house(*, terminals: int = 1) -> AsyncIterator[House]:
    """A place for clinics, on the running virtual loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    with tempfile.TemporaryDirectory(prefix="edgepos-proof-", dir=_somewhere()) as folder, watching():
        async with Simulator(loop.clock) as simulator:
            yield House(simulator, Path(folder), terminals=terminals)


def _somewhere() -> Path | None:
    return SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
