"""A clinic for one test: simulator and agent on its virtual loop, over real sockets, and the client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from edgepos.agent.log import Recent
from edgepos.agent.settings_files import load
from edgepos.agent.systemd import Supervisor
from edgepos.agent.wiring import Agent, Given, opened
from edgepos.chance import SeededChance
from edgepos.client.aio import AsyncAgent
from edgepos.simulator.server import Simulator

RECEPTION, ROOM, LAB = "70000001", "70000002", "70000003"
FINAL = {"approved", "declined", "cancelled", "not_started", "settled_by_hand"}

ORGANISATION = """
[nets]
base_url = "{nets}"
username = "clinic_demo"
websocket = false

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
time_zone = "Europe/Stockholm"
department = "2"

[limits]
disk_reserve_mb = 1

[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"

[[terminal]]
id = "70000002"
name = "ROOM 2"
model = "Move3500"

[[terminal]]
id = "70000003"
name = "LAB"
model = "Lane3000"
"""


class Clinic:
    """Speaks the words of a clinic: pay, wait, kill the agent; and knows the bank's truth."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient, folder: Path) -> None:
        self.simulator = simulator
        self.http = http
        self.folder = folder
        self.clock = simulator.clock
        self.chance = SeededChance(7)
        self.socket = folder / "agent.sock"
        self._life: asyncio.Task[None] | None = None
        self.agent: Agent | None = None

    # --- the agent

    async def start(self) -> None:
        """Start an agent on the clinic's journal; returns when it is ready."""
        ready = asyncio.Event()
        self._life = asyncio.get_running_loop().create_task(self._live(ready))
        waiting = asyncio.get_running_loop().create_task(ready.wait())
        await asyncio.wait({self._life, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            waiting.cancel()
            await self._life

    def without_practice(self) -> None:
        """No practice system is set up."""
        path = self.folder / "config" / "organisation.toml"
        path.write_text(path.read_text().partition("[practice]")[0])

    async def _live(self, ready: asyncio.Event) -> None:
        given = Given(
            settings=load(self.folder / "config"),
            settings_folder=self.folder / "config",
            state_folder=self.folder / "state",
            clock=self.clock,
            chance=self.chance,
            supervisor=Supervisor(self.clock, {}),
            recent=Recent(),
        )
        async with opened(given) as self.agent:
            await self.agent.run(self.socket, ready=ready.set)

    async def kill(self) -> None:
        """The agent is gone, as by SIGKILL: nothing is tidied up but what the kernel takes back."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
            self._life = None

    async def stop(self) -> None:
        """The agent is told to end, and does."""
        assert self.agent is not None
        assert self._life is not None
        self.agent.end()
        await self._life
        self._life = None

    async def ended(self) -> BaseException | None:
        """Wait until the agent has ended by itself; gives what broke it."""
        assert self._life is not None
        life, self._life = self._life, None
        async with asyncio.timeout(600):
            await asyncio.wait({life})
        return life.exception()

    # --- what people do

    @property
    def client(self) -> AsyncAgent:
        return AsyncAgent(str(self.socket))

    async def invoice(self, nth: int = 0) -> dict[str, Any]:
        """The *nth* invoice that can be paid, as soon as the list is there."""
        payable: list[dict[str, Any]] = []

        async def listed() -> bool:
            payable[:] = [one for one in (await self.client.get("/invoices"))["invoices"] if one["payable"]]
            return len(payable) > nth

        await self.until(listed, 60)
        return payable[nth]

    def body(self, invoice: dict[str, Any], terminal: str = RECEPTION, **more: Any) -> dict[str, Any]:
        due = invoice["due_minor"]
        line = {"invoice": invoice["id"], "part": invoice["part"], "due_minor": due, "amount_minor": due}
        return {"terminal": terminal, "currency": "SEK", "lines": [line], **more}

    async def begin(self, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        payment: dict[str, Any] = await self.client.post("/payments", body, key=key or self.chance.uuid4())
        return payment

    async def begin_plain(self, amount_minor: int = 12_500, terminal: str = RECEPTION) -> dict[str, Any]:
        """A payment without an invoice."""
        return await self.begin({"terminal": terminal, "currency": "SEK", "amount_minor": amount_minor, "text": "test"})

    async def pay(self, amount_minor: int = 12_500, terminal: str = RECEPTION) -> dict[str, Any]:
        return await self.outcome(await self.begin_plain(amount_minor, terminal))

    async def payment(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.client.get(f"/payments/{id}")
        return found

    async def outcome(self, payment: dict[str, Any], limit_s: float = 2_000) -> dict[str, Any]:
        """The payment once it is final."""
        return await self.state(payment, FINAL, limit_s)

    async def state(self, payment: dict[str, Any], states: set[str], limit_s: float = 600) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            found.update(await self.payment(payment["id"]))
            return found["state"] in states

        await self.until(is_there, limit_s)
        return found

    async def is_synced(self, payment: dict[str, Any]) -> bool:
        return bool((await self.payment(payment["id"]))["sync"] == "acknowledged")

    async def until(self, condition: Callable[[], Awaitable[bool]], limit_s: float) -> None:
        """Wait on the virtual clock for a fact."""
        began = self.clock.monotonic()
        while not await condition():
            assert self.clock.monotonic() - began < limit_s, "it did not come about in time"
            await asyncio.sleep(0.5)

    # --- what fate does

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, f"{self.simulator.control_url}{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def variant(self, terminal: str = RECEPTION, **variants: Any) -> None:
        await self.control("PUT", f"/terminals/{terminal}", variants)

    async def cardholder(self, *steps: dict[str, Any], terminal: str = RECEPTION) -> None:
        await self.control("POST", f"/terminals/{terminal}/cardholder", {"steps": list(steps)})

    async def fault(self, fault: str, method: str = "POST", path: str = "transaction", **more: Any) -> str:
        """A fault of Nets at RECEPTION's *path*."""
        where = f"/v1/terminal/{RECEPTION}" + (f"/{path}" if path else "")
        body = {"service": "nets", "fault": fault, "method": method, "path": where, **more}
        return str((await self.control("POST", "/faults", body))["id"])

    async def mend(self, fault: str) -> None:
        await self.control("DELETE", f"/faults/{fault}")

    async def bank(self, terminal: str = RECEPTION) -> list[dict[str, Any]]:
        """What the bank really has of a terminal."""
        truth = await self.control("GET", "/truth")
        return [entry for session in truth["terminals"][terminal]["sessions"] for entry in session["entries"]]

    async def taken(self, terminal: str = RECEPTION) -> list[tuple[str, int]]:
        """Kind and amount of each money movement that stands."""
        return [(one["kind"], one["amount_minor"]) for one in await self.bank(terminal) if not one["voided"]]
