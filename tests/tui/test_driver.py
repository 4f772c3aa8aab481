"""The thread that reads keys: what it waits for, and for how long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from edgepos.tui.driver import ESCAPE_S, Driver

ESC, END, NOTHING = b"\x1b", b"end", b""


class Alone(Driver):
    """A driver without an app and a terminal; what it would tell the app is kept."""

    def __init__(self, keys: int) -> None:
        self.fileno, self._debug = keys, False
        self.told: list[str] = []

    def process_message(self, message: Any) -> None:
        self.told.append(message.key)


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def play(line: tuple[int, int], monkeypatch: pytest.MonkeyPatch, *typed: bytes) -> tuple[list[str], list[float | None]]:
    """The keys that the app hears of *typed*, where nothing is a pause; and how long each wait may be."""
    reads, writes = line
    driver, waits, coming, now = Alone(reads), [], iter([*typed, END]), [0.0]

    def select(waiting: list[int], _: Any, __: Any, pause: float | None) -> tuple[list[int], list[int], list[int]]:
        waits.append(pause)
        match next(coming):
            case b"end":
                return [waiting[1]], [], []
            case b"":
                now[0] += pause or 0
                return [], [], []
            case some:
                os.write(writes, some)
                return [reads], [], []

    monkeypatch.setattr("edgepos.tui.driver.select.select", select)
    monkeypatch.setattr("textual._parser.get_time", lambda: now[0])
    monkeypatch.setattr("textual._time.get_time", lambda: now[0])
    driver.run_input_thread()
    return driver.told, waits


def test_nobody_typing_wakes_nobody(line: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    told, waits = play(line, monkeypatch, b"1", b"2", NOTHING, b"3")
    assert told == ["1", "2", "3"]
    assert waits == [None, ESCAPE_S, ESCAPE_S, None, ESCAPE_S]


def test_an_escape_that_nothing_follows_is_a_key(line: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(line, monkeypatch, ESC, NOTHING, b"1")[0] == ["escape", "1"]


def test_a_key_that_comes_in_pieces_is_one_key(line: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(line, monkeypatch, b"\xc3", b"\xa5", b"\x1b[1", b"7~")[0] == ["å", "f6"]


def test_bytes_that_are_no_text_end_nothing(line: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(line, monkeypatch, b"\xff\xfe", b"\xc3(", b"7")[0][-1] == "7"
