"""A clinic for pictures: the real agent and the simulator on a loop of their own, whose time stands until it is moved.

The screen lives on an ordinary loop and asks over the socket, as ever; so what it shows has been committed. Names,
numbers and cards are the simulator's, all invented, and the same each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from edgepos.agent.log import Recent
from edgepos.agent.settings_files import load
from edgepos.agent.systemd import Supervisor
from edgepos.agent.wiring import Given, opened
from edgepos.chance import SeededChance
from edgepos.client.aio import AsyncAgent
from edgepos.clock import Master, VirtualLoop
from edgepos.simulator.faults import FaultRule
from edgepos.simulator.server import Simulator
from edgepos.simulator.terminal import Terminal
from edgepos.simulator.variants import Step
from edgepos.simulator.world import World

T = TypeVar("T")
RECEPTION, ROOM, LAB = "70000001", "70000002", "70000003"
FINAL = frozenset({"approved", "declined", "cancelled", "not_started", "settled_by_hand"})
PET = 11
"""From a client's number to the animal's, in the simulator's books."""
UTC_OFFSET_H = 1
"""Of the clinic on the day that is played."""

ORGANISATION = """
[nets]
base_url = "{nets}"
username = "clinic_demo"

[practice]
base_url = "{provet}"
provet_id = "1234"
client_id = "edgepos-demo-client"
"""
LOCATION = """
[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
language = "{language}"
time_zone = "Europe/Stockholm"
department = "2"
support_phone = "010-000 00 00"
training = {training}

[kiosk]
theme = "{theme}"

[limits]
disk_reserve_mb = 1
refund_pin_above_minor = 50000

[[terminal]]
id = "70000001"
name = "{names[0]}"
model = "Desk3500"

[[terminal]]
id = "70000002"
name = "{names[1]}"
model = "Move3500"

[[terminal]]
id = "70000003"
name = "{names[2]}"
model = "Lane3000"
"""
NAMES = {"en": ("RECEPTION", "ROOM 2", "LAB"), "sv": ("RECEPTION", "RUM 2", "LAB")}
SECRETS = {"nets": "demo-password", "provet": "edgepos-demo-secret"}
PEOPLE = (
    ("anna", "Anna Provsson", "senior"),
    ("bo", "Bo Exempelsson", "staff"),
    ("tekla", "Tekla Teknik", "technician"),
)
PIN = "2580"


class Clinic:
    """What people and fate do. Its methods are called on the screen's loop and work on the clinic's."""

    def __init__(self, folder: Path, loop: VirtualLoop, master: Master, simulator: Simulator) -> None:
        self.folder = folder
        self.loop = loop
        self.simulator = simulator
        self._master = master
        self._chance = SeededChance(7)
        self._life: asyncio.Task[None] | None = None
        self._session: str | None = None

    @property
    def agent(self) -> AsyncAgent:
        return AsyncAgent(self.folder / "agent.sock", session=self._session)

    @property
    def world(self) -> World:
        return self.simulator.world

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """*work*, on the clinic's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def does(self, act: Callable[[], T]) -> T:
        """*act*, on the clinic's loop."""

        async def work() -> T:
            return act()

        return await self.there(work())

    async def passes(self, seconds: float) -> None:
        await self.there(self._master.advance(seconds))

    async def until(self, fact: Callable[[], Awaitable[object]], limit_s: float = 900, step_s: float = 0.5) -> None:
        """Let time pass until *fact* holds."""
        began = self.loop.time()
        while not await fact():
            if self.loop.time() - began > limit_s:
                raise TimeoutError("the day does not go as it was written")
            await self.passes(step_s)

    async def until_hour(self, hour: int, minute: int = 0) -> None:
        """Let time pass until the clinic's clock shows *hour*."""
        now = self.loop.clock.now()
        await self.passes(max(1, (hour - UTC_OFFSET_H - now.hour) * 3600 + (minute - now.minute) * 60 - now.second))

    # --- the agent

    async def start_agent(self) -> None:
        ready = asyncio.Event()
        self._life = await self.does(lambda: self.loop.create_task(self._live(ready)))

        async def is_ready() -> bool:
            if self._life is not None and self._life.done():
                self._life.result()
            return ready.is_set()

        await self.until(is_ready, 60)
        await self.passes(30)

    async def _live(self, ready: asyncio.Event) -> None:
        given = Given(
            settings=load(self.folder / "config"),
            settings_folder=self.folder / "config",
            state_folder=self.folder / "state",
            clock=self.loop.clock,
            chance=self._chance,
            supervisor=Supervisor(self.loop.clock, {}),
            recent=Recent(),
        )
        async with opened(given) as agent:
            await agent.run(self.folder / "agent.sock", ready=ready.set)

    async def stop_agent(self) -> None:
        """As a power cut would; nothing is tidied up."""

        async def end() -> None:
            if self._life is not None:
                self._life.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._life
                self._life = None

        await self.there(end())

    # --- people

    async def hire(self) -> None:
        """Three people who have a PIN."""
        for id, name, role in PEOPLE:
            await self.agent.post("/operators", {"operator": id, "name": name, "role": role, "pin": PIN})

    async def works(self, operator: str) -> None:
        """From now on it is *operator* who does what is done."""
        self._session = (await self.agent.post("/login", {"operator": operator, "pin": PIN}))["session"]

    async def invoice(self, total_minor: int, client: int, insurer_minor: int = 0) -> dict[str, Any]:
        """An invoice that the practice system has just finalised, as soon as the desk's list has it."""
        made = await self.does(
            lambda: self.world.practice.new_invoice(
                total_minor=total_minor,
                department=2,
                client=client,
                patients=(client + PET,),
                insurer_minor=insurer_minor,
            )
        )
        found: list[dict[str, Any]] = []

        async def is_listed() -> bool:
            listed = (await self.agent.get("/invoices"))["invoices"]
            found[:] = [one for one in listed if str(one["id"]) == str(made.id)]
            return found

        await self.until(is_listed, 300, 5)
        return found[0]

    async def begin(self, invoice: dict[str, Any], terminal: str = RECEPTION) -> dict[str, Any]:
        due = invoice["due_minor"]
        line = {"invoice": invoice["id"], "part": invoice["part"], "due_minor": due, "amount_minor": due}
        body = {"terminal": terminal, "currency": "SEK", "lines": [line], "large_confirmed": True}
        made: dict[str, Any] = await self.agent.post("/payments", body, key=self._chance.uuid4())
        return made

    async def pay(self, total_minor: int, client: int, terminal: str = RECEPTION, *steps: Step) -> dict[str, Any]:
        """A payment of a new invoice, to its end."""
        invoice = await self.invoice(total_minor, client)
        await self.cardholder(terminal, *steps)
        return await self.stands(await self.begin(invoice, terminal), FINAL)

    async def refund(self, payment: dict[str, Any], minor: int) -> None:
        body = {"terminal": payment["terminal"], "amount_minor": minor, "reason": "returned"}
        asked = await self.agent.post(f"/payments/{payment['id']}/refund", body, key=self._chance.uuid4())
        await self.stands(asked, FINAL)

    async def reconcile(self, terminal: str) -> None:
        asked = await self.agent.post("/reconciliations", {"terminal": terminal}, key=self._chance.uuid4())
        await self.stands(asked, FINAL)

    async def stands(self, operation: dict[str, Any], states: frozenset[str]) -> dict[str, Any]:
        """*operation*, as soon as it is in one of *states*."""
        found: dict[str, Any] = {}

        async def is_so() -> bool:
            found.update(await self.agent.get(f"/payments/{operation['id']}"))
            return found["state"] in states

        await self.until(is_so)
        return found

    async def is_booked(self) -> bool:
        outbox = (await self.agent.get("/status"))["outbox"]
        return not outbox["queued"]

    # --- customers and fate

    async def at(self, terminal: str, act: Callable[[Terminal], object]) -> None:
        await self.does(lambda: act(self.world.terminals[terminal]))

    async def cardholder(self, terminal: str, *steps: Step) -> None:
        await self.at(terminal, lambda one: one.steps.extend(steps))

    async def changes(self, terminal: str, **variants: Any) -> None:
        await self.at(terminal, lambda one: one.change(one.variants.model_copy(update=variants)))

    async def fault(self, **rule: Any) -> str:
        return (await self.does(lambda: self.simulator.add_fault(FaultRule(**rule)))).id

    async def mend(self, fault: str) -> None:
        await self.there(self.simulator.remove_fault(fault))


@contextlib.asynccontextmanager
async def clinic_of(language: str, theme: str, *, is_training: bool) -> AsyncIterator[Clinic]:
    """A clinic with an agent at work; its loop runs in a thread of its own."""
    with tempfile.TemporaryDirectory(prefix="edgepos-pictures-") as name:
        folder, master = Path(name), Master()
        master.until = 0.0
        loop = VirtualLoop(master)
        thread = threading.Thread(target=loop.run_forever, name="clinic")
        thread.start()
        try:
            simulator = Simulator(loop.clock)
            clinic = Clinic(folder, loop, master, simulator)
            await clinic.there(simulator.__aenter__())
            try:
                _settings(clinic, language, theme, is_training)
                for terminal in (RECEPTION, ROOM):
                    await clinic.changes(terminal, fresh_refuses=False)
                await clinic.start_agent()
                await clinic.hire()
                yield clinic
            finally:
                await clinic.stop_agent()
                await clinic.there(simulator.__aexit__(None, None, None))
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def _settings(clinic: Clinic, language: str, theme: str, is_training: bool) -> None:
    config = clinic.folder / "config"
    for folder in (config, clinic.folder / "state"):
        folder.mkdir(mode=0o700)
    simulator = clinic.simulator
    (config / "organisation.toml").write_text(ORGANISATION.format(nets=simulator.nets_url, provet=simulator.provet_url))
    (config / "location.toml").write_text(
        LOCATION.format(
            language=language, theme=theme, training=str(is_training).lower(), names=NAMES.get(language, NAMES["en"])
        )
    )
    for name, secret in SECRETS.items():
        (config / name).touch(mode=0o600)
        (config / name).write_text(secret + "\n")
