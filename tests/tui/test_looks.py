"""What every screen has to hold: letters that a console's font has, colours that can be told apart, all sizes."""

from __future__ import annotations

import os
from itertools import count
from random import Random

import pytest
from textual.color import Color

from edgepos.tui.themes import CONSOLE, PAIRS, THEMES, TOKENS, theme_for
from tui import documents, rooms
from tui.screen import at_screen
from tui.scripted import ScriptedAgent

SAFE = frozenset(
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    "\xa0£§°·×éüåäöæøÉÜÅÄÖÆØ–—‘’“”„…•€"
    "─│┌┐└┘├┤┬┴┼━┃┏┓┗┛═║╔╗╚╝╭╮╰╯█░▒▶▲▼←↑→↓●"
)
"""Each of them is in all Terminus and Lat15 console fonts of Debian 12 (console-setup 1.221)."""

ANSI = {  # the kernel console's own palette; bold is drawn as bright
    "black": "#000000", "red": "#aa0000", "green": "#00aa00", "yellow": "#aa5500", "blue": "#0000aa",
    "magenta": "#aa00aa", "cyan": "#00aaaa", "white": "#aaaaaa",
    "bright_black": "#555555", "bright_red": "#ff5555", "bright_green": "#55ff55", "bright_yellow": "#ffff55",
    "bright_blue": "#5555ff", "bright_magenta": "#ff55ff", "bright_cyan": "#55ffff", "bright_white": "#ffffff",
}  # fmt: skip


SMALL, WIDE = (80, 24), (120, 40)


@pytest.mark.parametrize(
    ("language", "size"),
    [("en", SMALL), ("sv", WIDE), ("nb", WIDE), ("da", WIDE), ("fi", WIDE), ("fi", SMALL)],
    ids=str,
)
async def test_only_letters_that_a_console_has_and_none_in_grey(
    agent: ScriptedAgent, language: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FC-28. Grey: what is black and bold there."""
    monkeypatch.setenv("TERM", "linux")
    rooms.everything(agent)
    agent.status["location"]["language"] = language
    async with at_screen(agent, size) as person:
        async for where in rooms.walk(person):
            assert set(person.text) - SAFE - {"\n"} == set(), where
            assert person.bright_black() == [], where


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours."""

    def luminance(name: str) -> float:
        color = Color.parse(ANSI.get(name.removeprefix("ansi_"), name))
        parts = [value / 255 for value in color.rgb]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", TOKENS)
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_text_can_be_read_on_its_ground(theme: str, ink: str, ground: str, least: float) -> None:
    assert contrast(TOKENS[theme][ink], TOKENS[theme][ground]) >= least


def test_every_theme_has_every_token() -> None:
    assert {theme.name for theme in THEMES} == set(TOKENS)
    assert len({frozenset(tokens) for tokens in TOKENS.values()}) == 1
    named = {name for ink, ground, _least in PAIRS for name in (ink, ground)}
    assert named <= set(TOKENS[CONSOLE])


def test_the_console_has_eight_grounds_and_no_dark_text_that_is_bold() -> None:
    grounds = {TOKENS[CONSOLE][ground] for _ink, ground, _least in PAIRS}
    assert not [ground for ground in grounds if "bright" in ground]


@pytest.mark.parametrize(
    ("environ", "setting", "theme"),
    [
        ({"TERM": "linux"}, "dark", CONSOLE),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "dark", CONSOLE),
        ({"TERM": "xterm"}, "dark", "dark"),
        ({"TERM": "xterm"}, "neon", "light"),
    ],
)
def test_the_terminals_limits_go_before_the_setting(environ: dict[str, str], setting: str, theme: str) -> None:
    assert theme_for(setting, environ) == theme


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=str)
async def test_without_colours_nothing_is_lost(
    agent: ScriptedAgent, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one colour is sent; what has a ground of its own is reversed, so that bar, headline and answer are still seen."""
    monkeypatch.setenv("NO_COLOR", "1")
    rooms.everything(agent)
    agent.status["training"] = False
    async with at_screen(agent, size) as person:
        async for where in rooms.walk(person):
            segments = [one for strip in person.app.screen._compositor.render_strips() for one in strip if one.style]
            colours = {str(colour) for one in segments for colour in (one.style.color, one.style.bgcolor) if colour}
            assert not {one for one in colours if "default" not in one}, where
            assert any(one.style.reverse for one in segments if one.text.strip()) or where in ("menu", "sure"), where
        person.app.go("desk")
        await person.reads("• READY")
        await person.reads("! BUSY")


SOAK = bool(os.environ.get("EDGEPOS_SOAK"))
EDGES = [(1, 1), (2, 3), (59, 20), (60, 19), (60, 20), (79, 23), (80, 24), (100, 32), (120, 40), (300, 100)]
"""Where something changes."""
DRAWN = Random(29)


def sizes(where: str) -> list[tuple[int, int]]:
    """All up to 100x30 where there is time for it; else some, at each stop its own, and at each place the edges."""
    if SOAK:
        return [*EDGES, *((width, height) for width in range(1, 101) for height in range(1, 31))]
    drawn = [(DRAWN.randint(60, 100), DRAWN.randint(20, 30)) for _ in range(3)]
    drawn.append((DRAWN.randint(1, 100), DRAWN.randint(1, 30)))
    return drawn if where.startswith("payment") else [*EDGES, *drawn]


PARTS = 4 if SOAK else 1


@pytest.mark.timeout(0 if SOAK else 120)
@pytest.mark.parametrize("part", range(PARTS))
async def test_every_size_is_drawn_and_a_running_payment_seen(agent: ScriptedAgent, part: int) -> None:
    """FC-29. In parts, of which several processes take one each."""
    agent.open = [documents.payment()]
    async with at_screen(agent) as person:
        stops = count()
        async for where in rooms.walk(person):
            for width, height in sizes(where) if next(stops) % PARTS == part else ():
                await person.resize(width, height)
                assert len(person.lines) == height, (where, width, height)
                if (width, height) in ((59, 20), (60, 19)) and where != "lock":
                    assert "SEK 1 250,00 AT THE TERMINAL" in person.text, where
                    assert "60x20" in person.text, where
            await person.resize(80, 24)


async def test_a_window_that_was_too_small_has_the_same_input_again(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.type("tova")
        await person.resize(40, 10)
        await person.reads("Make the window 60x20")
        await person.press("x", "enter", "f4")
        assert agent.posts("/payments") == []
        assert person.app.current_mode == "desk"
        await person.resize(80, 24)
        await person.reads("find: tova_")


@pytest.mark.parametrize("key", ["escape", "f4", "f6"])
async def test_the_line_on_top_is_laid_out_anew_for_another_width(agent: ScriptedAgent, key: str) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await person.press(key)
        for width, height in ((80, 24), (100, 30), (120, 40)):
            await person.resize(width, height)
            await person.until(lambda width=width: len(person.lines[0]) == width - 1)
            assert person.lines[0].endswith(person.app.now_text)
