"""Each place, question and state of a payment as it was last looked at and found good: its text, and how that looks.

What differs is shown as a difference of texts. A change that is meant is written with

    EDGEPOS_SNAPSHOTS=write python -m pytest tests/tui/test_snapshots.py

and then read (`git diff`) and looked at (`make pictures ARGS="/tmp/p"`) before it is committed.
"""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from rich.style import Style

from tui import rooms
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

FOLDER = Path(__file__).parent / "snapshots"
WRITES = os.environ.get("EDGEPOS_SNAPSHOTS") == "write"
SMALL, WIDE = (80, 24), (120, 40)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
QUIET, QUIET_S = 3, 0.02
"""So often in a row a screen has to be the same until it is what it will be."""
CASES = [
    ("en", SMALL, "light"), ("en", WIDE, "light"), ("en", SMALL, "dark"), ("en", WIDE, "dark"), ("fi", SMALL, "light"),
    ("fi", WIDE, "light"),
]  # fmt: skip
"""Two themes, and the language with the longest words."""


class Looks:
    """The letters that stand for a look on one page: what is not drawn has none."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letter(self, style: Style | None) -> str:
        return self._letters.setdefault(named(style), LETTERS[len(self._letters) % len(LETTERS)])

    def legend(self) -> Iterator[str]:
        return (f"{letter} = {look}" for look, letter in self._letters.items())


def named(style: Style | None) -> str:
    if style is None:
        return "plain"
    ink, ground = (one.name if one else "-" for one in (style.color, style.bgcolor))
    marks = [name for name in ("bold", "dim", "italic", "underline", "reverse") if getattr(style, name)]
    return " ".join((f"{ink} on {ground}", *marks))


def page(person: Person, where: str, looks: Looks) -> list[str]:
    """One screen: its lines, and behind a bar how long which look is in each of them."""
    lines = [f"== {where}"]
    for strip in person.app.screen._compositor.render_strips():
        text = "".join(segment.text for segment in strip).replace("\xa0", " ").rstrip()
        cells = [(looks.letter(segment.style), segment.cell_length) for segment in strip]
        runs = [(letter, sum(length for _, length in same)) for letter, same in groupby(cells, lambda cell: cell[0])]
        lines.append(f"{text}  |{''.join(f'{length}{letter}' for letter, length in runs)}")
    return lines


async def settled(person: Person) -> None:
    """Wait until the screen stays as it is."""
    same, before = 0, ""
    while same < QUIET:
        await person.pilot.pause()
        await asyncio.sleep(QUIET_S)
        now = person.text
        same, before = (same + 1 if now == before else 0), now


@pytest.mark.parametrize(("language", "size", "theme"), CASES, ids=str)
async def test_each_screen_is_as_it_was_looked_at(
    agent: ScriptedAgent, language: str, size: tuple[int, int], theme: str
) -> None:
    rooms.everything(agent)
    agent.status["location"]["language"] = language
    agent.status["kiosk"]["theme"] = theme
    looks, lines = Looks(), list[str]()
    async with at_screen(agent, size) as person:
        async for where in rooms.walk(person):
            await settled(person)
            lines += page(person, where, looks)
    lines += ["== looks", *looks.legend()]
    path = FOLDER / f"{language}-{size[0]}x{size[1]}-{theme}.txt"
    if WRITES:
        FOLDER.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8").splitlines()
    differences = list(difflib.unified_diff(kept, lines, "as it was looked at", "as it is", lineterm="", n=2))
    assert not differences, "\n".join(differences[:80])
