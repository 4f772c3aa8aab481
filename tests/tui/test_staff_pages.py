"""The pages for staff name keys and words as the app has them in that language, and pictures that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

import edgepos.tui
from edgepos.locale.words import FOLDER, _, set_language
from edgepos.tui.chrome import key_name

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": "staff.md", "sv": "staff.sv.md"}
MOST_BYTES = 150_000
ACT = re.compile(r'Act\(\s*"[^"]*",\s*"(\w)"')
ON_THE_TERMINAL = "."
"""A key of the terminal's own keypad."""


def page(language: str) -> str:
    return (DOCS / PAGES[language]).read_text(encoding="utf-8")


def bindings() -> Iterator[Binding]:
    """Every key of every screen and widget."""
    for module in iter_modules(edgepos.tui.__path__):
        for held in vars(import_module(f"edgepos.tui.{module.name}")).values():
            if isinstance(held, type) and issubclass(held, DOMNode):
                yield from (one for one in held.__dict__.get("BINDINGS", ()) if isinstance(one, Binding))


def letters() -> set[str]:
    """The letters of what can be tapped."""
    sources = Path(edgepos.tui.__file__).parent.glob("*.py")
    return {letter.upper() for source in sources for letter in ACT.findall(source.read_text(encoding="utf-8"))}


def words(language: str) -> set[str]:
    """Every text that the app can show in *language*."""
    from babel.messages.pofile import read_po

    path = FOLDER / ("edgepos.pot" if language == "en" else f"{language}/LC_MESSAGES/edgepos.po")
    with path.open("rb") as file:
        messages: list[Any] = [one for one in read_po(file) if one.id]
    texts = [one.id if language == "en" else one.string for one in messages]
    return {text for each in texts for text in (each if isinstance(each, (list, tuple)) else [each])}


@pytest.mark.parametrize("language", PAGES)
def test_each_key_and_label_is_the_apps(language: str) -> None:
    set_language(language)
    keys, labelled = letters(), set()
    for binding in bindings():
        for key in binding.key.split(","):
            keys.add(key_name(key))
            labelled.add(f"{key_name(key)} {_(binding.description)}")
    known = keys | labelled | words(language) | {ON_THE_TERMINAL}
    named = {span for span in re.findall(r"`([^`]+)`", page(language)) if span not in ("like this", "så här")}
    assert len(named) > 30
    assert named - known == set()


@pytest.mark.parametrize("language", PAGES)
def test_each_picture_is_there_small_and_asks_nobody_for_a_font(language: str) -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page(language))
    assert len(pictures) >= 8
    for name in pictures:
        png, svg = DOCS / name, (DOCS / name).with_suffix(".svg")
        assert png.parent.name == language
        assert 1_000 < png.stat().st_size <= MOST_BYTES
        assert 1_000 < svg.stat().st_size <= MOST_BYTES
        drawn = svg.read_text(encoding="utf-8")
        assert re.findall(r"(?:https?:|@font-face|href)[^\s\"]*", drawn) == ["http://www.w3.org/2000/svg"]


def test_both_pages_show_the_same_and_say_the_same_keys() -> None:
    def shape(language: str) -> tuple[list[str], list[str]]:
        text = page(language)
        names = [Path(name).name for name in re.findall(r"\(pictures/([^)]+)\)", text)]
        return names, re.findall(r"`(F\d+|[A-Z←→]|Tab|Enter)\b", text)

    assert shape("en") == shape("sv")
