"""A scripted agent for each test, in virtual time: a pause is over when nobody has any work left, and costs nothing.

English before and after each test: the language is the process's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from edgepos.clock import VirtualLoop
from edgepos.locale.words import set_language
from tui.scripted import ScriptedAgent


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
def time_is_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's timers count by the machine's clock, which stands still while virtual time runs."""
    monkeypatch.setattr("textual._time.get_time", lambda: asyncio.get_running_loop().time())


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The language is the process's: no test leaves another one behind."""
    set_language("en")
    yield
    set_language("en")


@pytest.fixture(autouse=True)
def no_fault_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fault in work beside the screen is told and kept in the log; here it fails the test."""
    monkeypatch.setattr("edgepos.tui.faults.JOURNALD", str(tmp_path / "nobody"))
    yield
    log = tmp_path / "home" / ".local" / "state" / "edgepos" / "screen.log"
    assert not log.exists(), log.read_text()


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[ScriptedAgent]:
    made = ScriptedAgent(tmp_path / "agent.sock")
    await made.start()
    yield made
    await made.stop()
