"""What every screen has to hold: letters that a console's font has, colours that can be told apart, all sizes."""

from __future__ import annotations

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


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize("language", ["en", "fi"])
async def test_only_letters_that_a_console_has(agent: ScriptedAgent, size: tuple[int, int], language: str) -> None:
    """FC-28."""
    rooms.everything(agent)
    agent.status["location"]["language"] = language
    foreign: dict[str, set[str]] = {}
    async with at_screen(agent, size) as person:
        async for where in rooms.walk(person):
            if found := set(person.text) - SAFE - {"\n"}:
                foreign[where] = found
    assert foreign == {}


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


async def test_the_states_are_words_without_any_colour(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    agent.status["terminals"][1] |= {"state": "not_reached"}
    async with at_screen(agent) as person:
        await person.reads("! NOT REACHED")
        await person.reads("• READY")


async def test_dark_text_is_never_bold_on_a_console(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel draws it as bright black: grey on green."""
    monkeypatch.setenv("TERM", "linux")
    rooms.everything(agent)
    dark: list[tuple[str, str]] = []
    async with at_screen(agent) as person:
        async for where in rooms.walk(person):
            for strip in person.app.screen._compositor.render_strips():
                dark += [
                    (where, segment.text)
                    for segment in strip
                    if segment.text.strip() and segment.style and segment.style.bold and segment.style.color
                    and segment.style.color.name in ("black", "color(0)")
                ]  # fmt: skip
    assert dark == []


SIZES = [(1, 1), (2, 3), (20, 5), (59, 20), (60, 19), (60, 20), (79, 23), (80, 24), (100, 30), (120, 40), (300, 100)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_size_is_drawn_and_a_running_payment_seen(agent: ScriptedAgent, size: tuple[int, int]) -> None:
    """FC-29."""
    agent.open = [documents.payment()]
    async with at_screen(agent, size) as person:
        async for where in rooms.walk(person):
            assert len(person.lines) == size[1]
            if size in ((59, 20), (60, 19)) and where != "lock":
                assert "SEK 1 250,00 AT THE TERMINAL" in person.text
                assert "60x20" in person.text


async def test_a_window_that_was_too_small_has_the_same_input_again(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.type("tova")
        await person.pilot.resize_terminal(40, 10)
        await person.reads("Make the window 60x20")
        await person.press("x", "enter", "f4")
        assert agent.posts("/payments") == []
        assert person.app.current_mode == "desk"
        await person.pilot.resize_terminal(80, 24)
        await person.reads("find: tova_")
