"""What holds for each of the other places and their steps: no foreign sign, no size breaks it, Esc stops nothing."""

from __future__ import annotations

import pytest

from tui import documents
from tui.screen import at_screen
from tui.scripted import ScriptedAgent
from tui.test_looks import SAFE

KEYS = ("f3", "f4", "f5", "f6", "f8", "f9", "f12", "f1")
STEPS = (
    ("f3", "enter"),
    ("f4", "tab"),
    ("f4", "enter"),
    ("f4", "enter", "h"),
    ("f4", "enter", "h", "right"),
    ("f4", "down", "enter", "p"),
    ("f5", "x"),
    ("f5", "enter"),
    ("f5", "e"),
    ("f6", "r"),
    ("f12", "end", "up"),
)
SIZES = ((1, 1), (60, 20), (80, 24), (120, 40), (300, 100), (80, 24))


@pytest.mark.parametrize("keys", STEPS, ids=" ".join)
async def test_a_console_has_every_sign_of_each_step_and_every_size_can_be_drawn(
    agent: ScriptedAgent, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "linux")
    agent.open = [documents.payment(state="unknown")]
    paid = documents.payment("E7K2M9Q4T1XB4", "approved")
    agent.answers["GET", "/payments"] = {"payments": [*agent.open, paid]}
    async with at_screen(agent) as person:
        for key in keys:
            await person.press(key)
            await person.pilot.pause()
        for width, height in SIZES:
            await person.resize(width, height)
            assert set(person.text) - SAFE - {"\n"} == set()
            assert person.bright_black() == []
            assert len(person.lines) == height


@pytest.mark.parametrize("key", [key for key in KEYS if key != "f9"])
async def test_esc_goes_back_and_stops_nothing(agent: ScriptedAgent, key: str) -> None:
    agent.open = [documents.payment()]
    async with at_screen(agent) as person:
        await person.press(key, "escape")
        await person.until(lambda: person.app.current_mode == "desk")
        assert [path for method, path, _body, _key in agent.asked if method == "POST"] == []
