"""A person at the screen, with time in the test's hand: each press of a key takes a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from textual import events
from textual.pilot import Pilot

from edgepos.client.aio import AsyncAgent
from edgepos.clock import parse_rfc3339
from edgepos.tui.app import EdgeposApp
from edgepos.tui.figures import Figures
from edgepos.tui.invoices import Invoices
from tui import documents
from tui.scripted import ScriptedAgent

LIMIT_S = 10.0


class HandClock:
    """Stands until the test moves it."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return parse_rfc3339(documents.AT) + timedelta(seconds=self.at - 1000)

    def boot_id(self) -> str:
        return "boot"

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Person:
    """Somebody at the screen."""

    def __init__(self, app: EdgeposApp, pilot: Pilot[None], clock: HandClock) -> None:
        self.app, self.pilot, self.clock = app, pilot, clock

    async def press(self, *keys: str, apart_s: float = 1.0) -> None:
        for key in keys:
            self.clock.at += apart_s
            await asyncio.sleep(apart_s)
            await self.pilot.press(key)

    async def hold_enter(self, seconds: float, every_s: float) -> None:
        """Enter is held down, and comes again as the keyboard repeats it, whatever the screen is doing."""
        for _ in range(round(seconds / every_s)):
            self.app.post_message(events.Key("enter", "\r"))
            self.clock.at += every_s
            await asyncio.sleep(every_s)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def passes(self, seconds: float) -> None:
        """Time passes, and the screen notices."""
        self.clock.at += seconds
        self.app._tick()
        await self.pilot.pause()

    async def until(self, fact: Callable[[], object]) -> None:
        """Wait for *fact*, with a limit, and until all of it is drawn."""
        async with asyncio.timeout(LIMIT_S):
            while not fact():  # noqa: ASYNC110  # a fact of the screen rings no bell
                await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def resize(self, width: int, height: int) -> None:
        """The window has another size, and is drawn in it."""
        await self.pilot.resize_terminal(width, height)

    def bright_black(self) -> list[str]:
        """Text that the kernel's console would draw in grey: black that is bold."""
        return [
            segment.text
            for strip in self.app.screen._compositor.render_strips()
            for segment in strip
            if segment.text.strip() and segment.style and segment.style.bold and segment.style.color
            and segment.style.color.name in ("black", "color(0)")
        ]  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """What a person reads."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).replace("\xa0", " ").rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def reads(self, text: str) -> None:
        """Wait until *text* stands there."""
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"{text!r} does not stand there:\n{self.text}") from None

    @property
    def headline(self) -> str:
        """The word over a payment, drawn in large letters or small."""
        return self.app.screen.query_one("#headline", Figures).text

    async def sees(self, headline: str) -> None:
        await self.until(lambda: self.app.screen.query("#headline") and self.headline == headline)


@asynccontextmanager
async def at_screen(
    agent: ScriptedAgent, size: tuple[int, int] = (80, 24), *, is_kiosk: bool = False
) -> AsyncIterator[Person]:
    clock = HandClock()
    app = EdgeposApp(AsyncAgent(agent.path), is_kiosk=is_kiosk, clock=clock)
    async with app.run_test(size=size) as pilot:
        person = Person(app, pilot, clock)
        await person.until(lambda: app.current_mode in ("desk", "fallback"))
        if app.current_mode == "desk":
            await person.until(lambda: any(rows.shown for rows in app.screen.query(Invoices)) or not agent.invoices)
        await pilot.pause()
        yield person
