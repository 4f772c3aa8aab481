"""What holds for each of the other places: no foreign sign, no size breaks it, Esc leads back and stops nothing."""

from __future__ import annotations

import pytest

from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

KEYS = ("f3", "f4", "f5", "f6", "f8", "f9", "f12", "f1")
ALLOWED = set("─│┌┐└┘├┤┬┴┼━┃┏┓┗┛═║█░▒•●▲▼▶←↑→↓…“”§–’·° \xa0")
STEPS = (
    *((key,) for key in KEYS),
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
SIZES = ((1, 1), (59, 19), (60, 20), (79, 23), (80, 24), (99, 33), (120, 40), (300, 100), (80, 24))


def dark_and_bold(person: Person) -> list[str]:
    """Text that the kernel's console would draw in bright black, which is grey."""
    return [
        segment.text
        for strip in person.app.screen._compositor.render_strips()
        for segment in strip
        if segment.text.strip() and segment.style and segment.style.bold and segment.style.color
        and segment.style.color.name in ("black", "color(0)")
    ]  # fmt: skip


@pytest.mark.parametrize("keys", STEPS, ids=" ".join)
async def test_a_console_has_every_sign_and_every_size_can_be_drawn(
    agent: ScriptedAgent, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "linux")
    agent.open = [documents.payment(state="unknown")]
    paid = documents.payment("E7K2M9Q4T1XB4", "approved")
    agent.answers["GET", "/payments"] = {"payments": [*agent.open, paid]}
    async with at_screen(agent) as person:
        for key in keys:
            await person.press(key)
            await person.pilot.pause(0.05)
        for width, height in SIZES:
            await person.pilot.resize_terminal(width, height)
            await person.pilot.pause()
            foreign = {sign for sign in person.text if not (sign.isascii() or sign.isalpha() or sign in ALLOWED)}
            assert not foreign
            assert dark_and_bold(person) == []
            if width < 60 or height < 20:
                assert len(person.lines) == height


@pytest.mark.parametrize("key", [key for key in KEYS if key != "f9"])
async def test_esc_goes_back_and_stops_nothing(agent: ScriptedAgent, key: str) -> None:
    agent.open = [documents.payment()]
    async with at_screen(agent) as person:
        await person.press(key, "escape")
        await person.until(lambda: person.app.current_mode == "desk")
        assert [path for method, path, _body, _key in agent.asked if method == "POST"] == []
