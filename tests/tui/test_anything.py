"""Somebody leans on the keyboard: any keys, clicks, pastes and sizes, on a real agent that takes real payments meanwhile.

What is pressed comes from a seed, which the failure names. The screen has to live through it without a fault, and at the
end bank, journal and practice system have the same: nothing that was pressed lost, doubled or misreported anything.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.pilot import OutOfBounds, Pilot

from edgepos.client.aio import AsyncAgent
from edgepos.commands.demo.truth import compare
from edgepos.tui.app import EdgeposApp
from tui.real_clinic import OPEN, RealClinic
from tui.until import until

pytestmark = pytest.mark.timeout(3600)

SEED = int(os.environ.get("EDGEPOS_SEED", "1"))
PRESSES = 5_000 if os.environ.get("EDGEPOS_SOAK") else 350
KILL_EVERY = 150
"""Presses between two ends of the agent: the fallback is a place too."""
TEXTS = ("12,50", "1 250", "12.345,67", "E7K2M9Q4T1XA3", "åäöÅÄÖ ñ 🐶", "\x1b[2J", "0" * 200, "a\nb\tc", "-1", "1e9")
KEYS = {
    20: tuple("0123456789,."),
    12: tuple("abcdefghijklmnopqrstuvwxyzåäö/?+-* "),
    18: ("enter",),
    10: ("escape", "backspace", "delete", "tab", "shift+tab", "space"),
    14: ("up", "down", "left", "right", "pageup", "pagedown", "home", "end"),
    16: tuple(f"f{number}" for number in range(1, 13)),
    3: ("ctrl+c", "ctrl+z", "ctrl+d", "ctrl+l", "ctrl+p", "ctrl+q", "ctrl+u", "shift+f1", "alt+x"),
}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[RealClinic]:
    one = RealClinic(tmp_path)
    try:
        yield one
    finally:
        one.close()


class Somebody:
    def __init__(self, pilot: Pilot[None], draw: random.Random) -> None:
        self.pilot, self.draw = pilot, draw
        self.done: list[str] = []

    async def does_anything(self) -> None:
        match self.draw.choices(("key", "click", "paste", "resize", "wait"), (80, 10, 3, 4, 3))[0]:
            case "click":
                size = self.pilot.app.size
                at = (self.draw.randrange(size.width), self.draw.randrange(size.height))
                self.done.append(f"click {at}")
                try:
                    await self.pilot.click(offset=at)
                except OutOfBounds:
                    return  # of a screen that is another one by now
            case "paste":
                text = self.draw.choice(TEXTS)
                self.done.append(f"paste {text!r}")
                self.pilot.app.post_message(events.Paste(text))
            case "resize":
                size = self.draw.choice(((80, 24), (120, 40), (60, 20), (self.draw.randrange(1, 140), 12)))
                self.done.append(f"resize {size}")
                await self.pilot.resize_terminal(*size)
            case "wait":
                await asyncio.sleep(0.2)
            case _:
                [keys] = self.draw.choices(list(KEYS.values()), list(KEYS))
                key = self.draw.choice(keys)
                self.done.append(key)
                await self.pilot.press(key)


async def lean_on(clinic: RealClinic, draw: random.Random) -> None:
    app = EdgeposApp(AsyncAgent(clinic.socket), is_kiosk=True)  # no key leads out of it
    async with app.run_test(size=(80, 24)) as pilot:
        somebody = Somebody(pilot, draw)
        for number in range(1, PRESSES + 1):
            await somebody.does_anything()
            if number % KILL_EVERY == 0:
                clinic.kill_agent()
                await asyncio.sleep(0.2)
                clinic.start_agent()
            assert app._exception is None, f"after {', '.join(somebody.done[-30:])}"
            if not app.is_running:
                pytest.fail(f"the screen has ended, after {', '.join(somebody.done[-30:])}")


async def test_whatever_is_pressed_the_screen_lives_and_the_money_is_right(
    clinic: RealClinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    for number in range(12):
        clinic.control("POST", "/practice/invoices", {"total_minor": 10_000 + number, "department": 2})
    await lean_on(clinic, random.Random(SEED))
    faults = tmp_path / "home" / "edgepos" / "screen.log"
    assert not faults.exists(), f"EDGEPOS_SEED={SEED}\n{faults.read_text()}"
    until(lambda: clinic.terminal_state() != "", "the agent answers")
    for one in clinic.payments():
        if one["state"] in OPEN:
            until(lambda one=one: clinic.state(one["id"]) not in OPEN, f"{one['id']} ends")  # type: ignore[misc]
    until(lambda: not clinic.agent.get("/status")["outbox"]["queued"], "all is booked")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    sides = compare(clinic.control("GET", "/truth"), tmp_path / "state" / "journal.db", scratch)
    assert not sides.differences, f"EDGEPOS_SEED={SEED}: {sides.differences}"
