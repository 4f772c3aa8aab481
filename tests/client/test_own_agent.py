"""An agent of one's own, where no box is set up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgepos.client import Agent
from edgepos.client.errors import AgentAway
from edgepos.client.start import own_agent


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "EDGEPOS_CONFIG": str(tmp_path / "config"),
    }


def test_it_answers_once_it_is_there_and_is_gone_afterwards(environ: dict[str, str]) -> None:
    with own_agent(environ) as path:
        assert Agent(path).get("/status")["location"]["is_set_up"] is False
    with pytest.raises(AgentAway):
        Agent(path).get("/status")


def test_one_that_ends_at_once_is_said_with_where_its_words_are(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config" / "location.toml").write_text("[locaton]\n")
    with pytest.raises(AgentAway) as away, own_agent(environ):
        pytest.fail("it must not be said to be ready")
    assert "could not be started" in away.value.message
    assert away.value.facts["log"] in away.value.message
    assert "locaton" in (tmp_path / "state/edgepos/agent.log").read_text()
