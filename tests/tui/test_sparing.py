"""The same picture in fewer bytes: what is not sent again has to stand there already."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate
from textual.strip import Strip

from edgepos.tui.app import EdgeposApp
from edgepos.tui.rows import Rows
from edgepos.tui.sparing import others
from edgepos.tui.wire import Shown, spare
from tui import rooms
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

WIDE, HIGH = 40, 6
SENT = st.one_of(
    st.sampled_from(["\x1b[0m", "\x1b[m", "\x1b[31m", "\x1b[1;32;44m", "\x1b[38;5;16;48;5;195m", "\x1b[7m", "\x1b[4;97;104m"]),
    st.sampled_from(["\x1b[2J", "\x1b[?25l", "\x1b[38;2;1;2;3;49m", "\x1b[1;91m"]),
)  # fmt: skip
TEXT = st.one_of(st.text("ab█ å", min_size=1, max_size=6), st.integers(1, WIDE).map(lambda count: " " * count))


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A move, and what fits behind it."""
    x = draw(st.integers(0, WIDE - 1))
    parts = [f"\x1b[{draw(st.integers(1, HIGH))};{x + 1}H"]
    for text in draw(st.lists(st.one_of(SENT, TEXT), max_size=8)):
        is_sent = text.startswith("\x1b")
        parts.append(text if is_sent else text[: WIDE - x])
        x += 0 if is_sent else len(parts[-1])
    return "".join(parts)


def shown(text: str) -> list[list[object]]:
    """Every cell with its looks, as a terminal has it and a person sees it: a blank has no ink."""
    screen = pyte.Screen(WIDE, HIGH)
    pyte.Stream(screen).feed("\x1b[42m" + "old words " * (WIDE * HIGH // 10) + "\x1b[m\x1b[H" + text)
    return [[_seen(screen.buffer[y][x]) for x in range(WIDE)] for y in range(HIGH)]


def _seen(cell: pyte.screens.Char) -> object:
    if cell.data != " " or cell.underscore or cell.reverse or cell.strikethrough:
        return cell
    return cell._replace(fg="default", bold=False)


@given(st.lists(lines(), max_size=8).map("".join), st.booleans())
@settings(max_examples=500)
def test_what_is_spared_is_not_missed(frame: str, may_wipe: bool) -> None:
    frame += "\x1b[0m"
    spared = spare(frame, may_wipe=may_wipe)
    assert shown(spared) == shown(frame)
    assert shown(spared + "\x1b[6;1Hx") == shown(frame + "\x1b[6;1Hx")


def test_a_look_is_sent_once_for_as_long_as_it_lasts() -> None:
    frame = "\x1b[1;1H\x1b[31mab\x1b[0m\x1b[31mc\x1b[0m\x1b[2;2H\x1b[31md\x1b[0m\x1b[1;32me\x1b[0mx\x1b[0m"
    assert spare(frame) == "\x1b[1;1H\x1b[31mabc\x1b[2;2Hd\x1b[0;1;32me\x1b[mx"


def test_of_a_look_only_what_is_another_is_sent() -> None:
    assert spare("\x1b[31;44mab\x1b[0m\x1b[32;44mc\x1b[0m") == "\x1b[31;44mab\x1b[32mc\x1b[m"
    assert spare("\x1b[31;44mab\x1b[0m\x1b[44m   \x1b[0m\x1b[31;44mc\x1b[0m") == "\x1b[31;44mab   c\x1b[m"


def test_blanks_are_wiped_where_a_terminal_can() -> None:
    frame = "\x1b[44m" + "a" + " " * 90 + "b" + " " * 20 + "\x1b[0m\x1b[2;1H"
    assert spare(frame) == "\x1b[44m" + "a" + " " * 90 + "b" + " " * 20 + "\x1b[2;1H\x1b[m"
    assert spare(frame, may_wipe=True) == "\x1b[44ma\x1b[90X\x1b[90Cb\x1b[20X\x1b[2;1H\x1b[m"
    underlined = "\x1b[4m" + " " * 90 + "\x1b[0m"
    assert spare(underlined, may_wipe=True) == "\x1b[4m" + " " * 90 + "\x1b[m"


@pytest.mark.parametrize(
    ("term", "can"), [("xterm-256color", True), ("linux", True), ("screen-256color", False), ("nothing-known", False)]
)
def test_whether_a_terminal_wipes_in_colour_is_looked_up(term: str, can: bool) -> None:
    """In a process of its own: a program reads about one terminal."""
    asked = [sys.executable, "-c", "from edgepos.tui.wire import wipes; print(wipes(2))"]
    said = subprocess.run(asked, env={**os.environ, "TERM": term}, capture_output=True, text=True, check=True)
    assert said.stdout == f"{can}\n"


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


CONSOLE = Console(force_terminal=True, color_system="truecolor", width=12)
PUTS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 3), st.just(0), LINES),
        st.tuples(st.integers(0, 3), st.integers(0, 11), LINES, st.integers(1, 12)),
        st.just(()),
    ),
    max_size=12,
)


@given(PUTS)
def test_what_is_not_sent_stands_there_already(puts: list[tuple[Any, ...]]) -> None:
    """Whole lines, pieces of them, and in between all is forgotten: each time the terminal shows what was put."""
    screen = pyte.Screen(12, 4)
    stream = pyte.Stream(screen)
    wanted: dict[tuple[int, int], object] = {}
    shown_lines = Shown()
    for put in puts:
        match put:
            case (y, _, line):
                sent, x = shown_lines.put_line(y, line, CONSOLE), 0
            case (y, x, line, width):
                line = line.crop(0, min(width, 12 - x))
                sent = shown_lines.put(y, x, line, CONSOLE)
            case _:
                shown_lines.forget()
                continue
        stream.feed(spare(sent, may_wipe=True))
        wanted |= {(y, x + at): (letter, bool(style.bold)) for at, (letter, style) in enumerate(cells(line))}
    stands = {(y, x): (screen.buffer[y][x].data, screen.buffer[y][x].bold) for y, x in wanted}
    blank = [at for at, (letter, _) in wanted.items() if letter == " "]
    assert {at: stands[at] for at in wanted if at not in blank} == {at: wanted[at] for at in wanted if at not in blank}
    assert {stands[at][0] for at in blank} <= {" "}


def test_what_stands_there_is_not_sent_again_until_it_is_forgotten() -> None:
    line, shown_lines = Strip([Segment("abcdefghijkl", Style())]), Shown()
    whole = shown_lines.put_line(0, line, CONSOLE)
    assert "abcdefghijkl" in whole
    assert shown_lines.put_line(0, line, CONSOLE) == ""
    assert shown_lines.put(0, 3, Strip([Segment("dXf", Style())]), CONSOLE).endswith("\x1b[1;5HX")
    shown_lines.forget()
    assert shown_lines.put_line(0, line, CONSOLE) == whole


def picture(person: Person) -> list[list[tuple[str, object]]]:
    """Every cell with its looks, as it was drawn piece by piece."""
    return [cells(strip) for strip in person.app.screen._compositor.render_strips()]


def texts(picture: list[list[tuple[str, object]]]) -> list[str]:
    return ["".join(letter for letter, _ in line) for line in picture]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_what_was_drawn_piece_by_piece_is_the_whole_picture(
    agent: ScriptedAgent, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each key on each place: nothing of the picture before is left over, neither here nor at the line's end."""
    rooms.everything(agent)
    far = pyte.Screen(*size)
    line = pyte.Stream(far)

    def display(app: EdgeposApp, screen: object, update: object) -> None:
        if isinstance(update, CompositorUpdate) and not app._batch_count:
            line.feed(spare(update.render_segments(CONSOLE), may_wipe=True))

    monkeypatch.setattr(EdgeposApp, "_display", display)
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
                await person.until(lambda: far.display == texts(picture(person)))


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
