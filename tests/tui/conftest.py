"""A scripted agent for each test, and English before and after it: the language is the process's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from edgepos.locale.words import set_language
from tui.scripted import ScriptedAgent


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The language is the process's: no test leaves another one behind."""
    set_language("en")
    yield
    set_language("en")


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[ScriptedAgent]:
    made = ScriptedAgent(tmp_path / "agent.sock")
    await made.start()
    yield made
    await made.stop()
