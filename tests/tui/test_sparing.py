"""The same picture in fewer bytes: what is not sent again has to stand there already."""

from __future__ import annotations

import asyncio

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor
from textual.strip import Strip

from edgepos.tui.rows import Rows
from edgepos.tui.sparing import others
from edgepos.tui.wire import spare
from tui import rooms
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

PARTS = st.one_of(
    st.sampled_from(["\x1b[0m", "\x1b[m", "\x1b[31m", "\x1b[1;32;44m", "\x1b[38;5;16;48;5;195m", "\x1b[7m"]),
    st.sampled_from(["\x1b[2J", "\x1b[K", "\x1b[?25l", "\r\n", "\x1b[2;3H", "\x1b[5;1H", "\x1b[1;9H"]),
    st.text("ab█ å", min_size=1, max_size=6),
)


def shown(text: str) -> list[list[object]]:
    """Every cell with its looks, as a terminal has it."""
    screen = pyte.Screen(12, 6)
    pyte.Stream(screen).feed(text)
    return [[screen.buffer[y][x] for x in range(12)] for y in range(6)]


@given(st.lists(PARTS, max_size=30).map("".join))
@settings(max_examples=300)
def test_what_is_spared_is_not_missed(frame: str) -> None:
    frame += "\x1b[0m"
    assert shown(spare(frame)) == shown(frame)
    assert shown(spare(frame) + "\x1b[6;1Hx") == shown(frame + "\x1b[6;1Hx")


def test_a_look_is_sent_once_for_as_long_as_it_lasts() -> None:
    frame = "\x1b[1;1H\x1b[31mab\x1b[0m\x1b[31mc\x1b[0m\x1b[2;2H\x1b[31md\x1b[0m\x1b[1;32me\x1b[0mx\x1b[0m"
    assert spare(frame) == "\x1b[1;1H\x1b[31mabc\x1b[2;2Hd\x1b[0;1;32me\x1b[mx"


LOOKS = st.sampled_from([Style(), Style(bold=True), Style(color="red")])
SEGMENTS = st.builds(Segment, st.text("ab█ ", max_size=4), LOOKS, st.none())
LINES = st.lists(SEGMENTS, max_size=6).map(lambda segments: Strip([*segments, Segment(" " * 12, Style())]).crop(0, 12))


def cells(strip: Strip) -> list[tuple[str, object]]:
    return [(letter, segment.style) for segment in strip for letter in segment.text]


@given(st.lists(st.tuples(LINES, LINES), max_size=4))
def test_what_is_another_is_within_the_regions(pairs: list[tuple[Strip, Strip]]) -> None:
    regions = {region.y: region for region in others([old for old, _ in pairs], [new for _, new in pairs])}
    for y, (old, new) in enumerate(pairs):
        changed = [x for x, (one, other) in enumerate(zip(cells(old), cells(new), strict=True)) if one != other]
        inside = range(regions[y].x, regions[y].right) if y in regions else range(0)
        assert set(changed) <= set(inside)
        assert 0 <= inside.start <= inside.stop <= 12


def picture(person: Person) -> list[list[tuple[str, object]]]:
    """Every cell with its looks, as it was drawn piece by piece."""
    return [cells(strip) for strip in person.app.screen._compositor.render_strips()]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_what_was_drawn_piece_by_piece_is_the_whole_picture(agent: ScriptedAgent, size: tuple[int, int]) -> None:
    """After each key on each place: nothing of the picture before is left over."""
    rooms.everything(agent)
    async with at_screen(agent, size) as person:
        async for where in rooms.walk(person):
            for key in ("down", "end", "1", "tab", "2", "backspace"):
                await person.pilot.press(key)
                await person.until(lambda: person.app.screen.is_attached)
                await asyncio.sleep(0.5)
                pieces = picture(person)
                for widget in person.app.screen.walk_children():
                    widget._styles_cache.clear()
                    widget._set_dirty()
                whole = picture(person)
                left_over = [
                    (x, y, cell, whole[y][x])
                    for y, line in enumerate(pieces)
                    for x, cell in enumerate(line)
                    if cell != whole[y][x]
                ]
                assert left_over == [], (where, key)


async def test_another_theme_is_seen_everywhere(agent: ScriptedAgent) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await asyncio.sleep(2)
        before = picture(person)
        person.app.choose(theme="dark")
        await asyncio.sleep(2)
        other = picture(person)
        same = [
            (x, y)
            for y, line in enumerate(other)
            for x, cell in enumerate(line)
            if cell == before[y][x] and cell[0].strip()
        ]
        assert same == []


async def test_a_bar_that_moves_draws_two_rows(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_screen(agent) as person:
        await asyncio.sleep(2)
        rows = person.app.screen.query(Rows).first()
        drawn: list[int] = []
        before = Rows._set_dirty

        def watched(self: Rows, *regions: object) -> None:
            drawn.append(len(regions))
            before(self, *regions)  # type: ignore[arg-type]  # as it came

        monkeypatch.setattr(Rows, "_set_dirty", watched)
        await person.press("down")
        assert rows.cursor == 1
        assert drawn == [2]


async def test_what_changes_under_a_step_draws_nothing_of_it(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk goes on under a payment, with all that happens in the house."""
    async with at_screen(agent) as person:
        await person.press("enter")
        await person.reads("Choose the terminal")
        await asyncio.sleep(2)
        whole: list[int] = []
        before = Compositor.render_full_update

        def counted(self: Compositor, simplify: bool = False) -> object:
            whole.append(1)
            return before(self, simplify)

        monkeypatch.setattr(Compositor, "render_full_update", counted)
        for count in range(24, 30):
            today = agent.status["today"] | {"count": count}
            await agent.tell("status", agent.status | {"today": today})
            await asyncio.sleep(1)
        await person.press("1", "2")
        assert whole == []
        await person.press("escape", "escape")
        await person.reads("Today 29 payments")
