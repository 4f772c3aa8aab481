"""The day that is photographed: what staff press and what customers do, scene by scene, at the real screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from edgepos.simulator.variants import Step
from edgepos.tui.app import EdgeposApp
from edgepos.tui.invoices import Invoices
from edgepos.tui.rows import Rows
from tests.pictures.clinic import LAB, PEOPLE, PIN, RECEPTION, ROOM, Clinic
from tests.pictures.drawing import png, svg

LIMIT_S = 20.0
ZOOM = 1.5
OWNERS = (77, 78, 79, 80, 81)
"""The simulator's clients."""
FORENOON = ((8, 2), (9, 4), (10, 5), (11, 3), (12, 1), (13, 4))
"""Hour, payments."""
CARD = Step(do="tap", after_s=25)
"""A customer who looks for the card long enough to be photographed."""


class ScreenClock:
    """The wall is the clinic's; the screen's own seconds pass with each press of a key."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return self._clinic.loop.clock.now()

    def boot_id(self) -> str:
        return "pictures"

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Camera:
    """Keeps a picture of each scene in *folder*, in each of *sizes*; only of *scenes*, where they are named."""

    def __init__(self, folder: Path, sizes: Sequence[tuple[int, int]], scenes: Sequence[str] | None) -> None:
        self._folder, self._sizes, self._scenes = folder, sizes, scenes
        self.draws_no_png = False
        folder.mkdir(parents=True, exist_ok=True)

    async def takes(self, scene: str, person: Person) -> None:
        if self._scenes is not None and scene not in self._scenes:
            return
        for width, height in self._sizes:
            await person.pilot.resize_terminal(width, height)
            await person.settles()
            picture = svg(person.app.screen._compositor.render_strips(), f"edgepos: {scene}")
            name = scene if len(self._sizes) == 1 else f"{scene}-{width}x{height}"
            (self._folder / f"{name}.svg").write_text(picture, encoding="utf-8")
            try:
                (self._folder / f"{name}.png").write_bytes(png(picture, ZOOM))
            except (ImportError, OSError):
                self.draws_no_png = True


class Person:
    """Somebody at the screen."""

    def __init__(self, app: EdgeposApp, pilot: Pilot[None], clinic: Clinic, clock: ScreenClock) -> None:
        self.app, self.pilot, self.clinic, self.clock = app, pilot, clinic, clock

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.clock.at += 1
            await self.pilot.press(key)
            await self.settles()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def settles(self) -> None:
        """Everything that was asked has been answered and drawn."""
        for _ in range(3):
            await self.pilot.pause(0.05)
        self.app._tick()
        await self.pilot.pause(0.05)

    @property
    def text(self) -> str:
        """What stands there."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def until(self, fact: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not fact():
                await self.pilot.pause(0.02)

    async def goes(self, name: str) -> None:
        self.app.go(name)
        await self.until(lambda: self.app.current_mode == name)
        await self.settles()

    async def sees(self, state: str, limit_s: float = 60) -> None:
        """Let the clinic's time pass until the payment in sight is *state*."""
        began = self.clinic.loop.time()
        while True:
            await self.settles()
            payment: Any = getattr(self.app.screen, "_payment", None)
            if payment is not None and payment["state"] == state:
                return
            if self.clinic.loop.time() - began > limit_s:
                raise TimeoutError(f"the payment in sight is not {state}:\n{self.text}")
            await self.clinic.passes(0.5)


async def play(clinic: Clinic, camera: Camera) -> None:
    """The whole day."""
    await forenoon(clinic)
    clock = ScreenClock(clinic)
    app = EdgeposApp(clinic.agent, clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        person = Person(app, pilot, clinic, clock)
        await person.until(lambda: app.current_mode == "desk")
        await person.until(lambda: any(rows.shown for rows in app.screen.query(Invoices)))
        await payments(clinic, camera, person)
        await lists(clinic, camera, person)
        await evening(clinic, camera, person)
        await trouble(clinic, camera, person)
        await clinic.stop_agent()
        await person.until(lambda: app.view.away is not None)
        await person.press("x")
        clock.at += 10
        app._tick()
        await person.until(lambda: app.current_mode == "fallback")
        await camera.takes("fallback", person)


async def forenoon(clinic: Clinic) -> None:
    paid = []
    for terminal in (RECEPTION, ROOM, LAB):
        await clinic.reconcile(terminal)
    for hour, count in FORENOON:
        await clinic.until_hour(hour, 5)
        await clinic.works(PEOPLE[hour % 2][0])
        for nth in range(count):
            amount = 100 * (180 + (hour * 37 + nth * 211) % 1400)
            terminal = (RECEPTION, RECEPTION, ROOM)[(hour + nth) % 3]
            paid.append(await clinic.pay(amount, OWNERS[(hour + nth) % 5], terminal))
    await clinic.refund(paid[3], 12_000)
    await clinic.until(clinic.is_booked)
    for minute, amount, client in ((2, 48_000, 78), (9, 189_500, 80), (18, 125_000, 77)):
        await clinic.until_hour(14, minute)
        await clinic.invoice(amount, client)
    await clinic.until(clinic.is_booked)
    await clinic.until_hour(14, 20)
    await clinic.works("anna")


async def payments(clinic: Clinic, camera: Camera, person: Person) -> None:
    """One that is paid, one that is declined, one whose answer is lost."""
    await camera.takes("desk", person)
    await person.type("tes")
    await camera.takes("find", person)
    await person.press("escape")
    await clinic.cardholder(RECEPTION, CARD)
    await person.press("enter")
    await camera.takes("terminal", person)
    await person.press("enter")
    await camera.takes("question", person)
    await person.press("enter")
    await person.sees("sent")
    await clinic.passes(12)
    await camera.takes("pay", person)
    await clinic.passes(30)
    await person.sees("approved")
    await camera.takes("approved", person)
    await person.press("enter")
    await clinic.passes(20)
    await person.settles()

    await clinic.cardholder(RECEPTION, Step(do="tap", after_s=2, decline_code="51"))
    await person.press("enter", "enter")
    await person.sees("sent")
    await clinic.passes(20)
    await person.sees("declined")
    await camera.takes("declined", person)
    await person.press("escape")

    path = f"/v1/terminal/{RECEPTION}/transaction"
    lost = await clinic.fault(service="nets", method="POST", path=path, times=1, fault="drop_after")
    await person.press("enter", "enter")
    await person.sees("sent")
    looks = await clinic.fault(service="nets", method="GET", path=path, fault="down")
    await clinic.passes(20)
    await person.sees("unknown")
    await clinic.passes(14)
    await camera.takes("unknown", person)
    await person.press("escape")
    await camera.takes("desk-unknown", person)
    await person.goes("attention")
    await camera.takes("attention-unknown", person)
    await clinic.mend(lost)
    await clinic.mend(looks)
    await person.goes("desk")
    await clinic.passes(120)
    await clinic.until(clinic.is_booked)
    await person.settles()


async def lists(clinic: Clinic, camera: Camera, person: Person) -> None:
    """What was: the day, a payment, its slip, money back."""
    await person.goes("today")
    await camera.takes("today", person)
    await person.press("tab")
    await camera.takes("sums", person)
    await person.press("tab")
    await person.type("bella")
    await camera.takes("history", person)
    await person.press("enter")
    await camera.takes("payment", person)
    await person.type("p")
    await camera.takes("receipt", person)
    await person.press("escape", "escape", "escape")
    await person.goes("refund")
    await camera.takes("refund", person)
    await person.press("enter")
    await camera.takes("give-back", person)
    await person.press("escape")
    await person.goes("amount")
    await camera.takes("amount", person)
    await person.press("escape")
    for name in ("help", "technician"):
        await person.goes(name)
        await camera.takes(name, person)
    await person.goes("desk")
    await person.press("f10")
    await camera.takes("menu", person)
    await person.press("escape")
    await person.goes("lock")
    await person.until(lambda: person.app.screen.query_one(Rows).shown)
    await camera.takes("lock", person)
    await person.press("enter")
    await person.type(PIN)
    await person.press("enter")
    await person.until(lambda: person.app.current_mode == "desk")


async def evening(clinic: Clinic, camera: Camera, person: Person) -> None:
    """Each terminal is reconciled, and the three sums agree."""
    await clinic.until_hour(17, 30)
    await person.goes("close-day")
    await camera.takes("close-day-open", person)
    for terminal in (RECEPTION, ROOM, LAB):
        await clinic.reconcile(terminal)
    await clinic.until(clinic.is_booked)
    await clinic.passes(120)
    await person.press("c")
    await camera.takes("close-day", person)
    await person.goes("attention")
    await camera.takes("attention-empty", person)


async def trouble(clinic: Clinic, camera: Camera, person: Person) -> None:
    """A terminal without a line, a sale on a keypad, a booking that the practice system does not take."""
    await clinic.changes(ROOM, connected=False)
    await clinic.at(LAB, lambda one: one.keypad_sale(4_500))
    invoice = await clinic.invoice(23_000, 79)
    paid = await clinic.begin(invoice)
    await clinic.passes(1)
    practice = clinic.world.practice
    await clinic.does(lambda: setattr(practice.invoices[int(invoice["id"])], "status", 0))
    await clinic.passes(700)
    await clinic.stands(paid, frozenset({"approved"}))
    for name in ("terminals", "attention"):
        await person.goes(name)
        await camera.takes(name, person)
    await person.goes("desk")
    await camera.takes("desk-trouble", person)
