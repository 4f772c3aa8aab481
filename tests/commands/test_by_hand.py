"""Simulator and agent started by hand, each as its own process in real time, as the README has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PATIENCE = 200


@contextmanager
def process(*arguments: str, env: Mapping[str, str], err: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "edgepos", *arguments]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=err) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.wait(60)


def test_the_simulator_writes_the_settings_with_which_an_agent_works(tmp_path: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "EDGEPOS_CONFIG": str(tmp_path / "config"),
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "RUNTIME_DIRECTORY": str(tmp_path / "run"),
        "EDGEPOS_SOCKET": str(tmp_path / "run" / "agent.sock"),
    }
    services: dict[str, str] = {}
    with (
        (tmp_path / "simulator.err").open("wb") as said,
        process("simulator", "--settings", env["EDGEPOS_CONFIG"], env=env, err=said) as simulator,
    ):
        assert simulator.stdout
        assert json.loads(simulator.stdout.readline())["nets"].startswith("http://127.0.0.1:")
        assert (tmp_path / "config" / "nets").stat().st_mode & 0o777 == 0o600
        with (tmp_path / "agent.err").open("wb") as log, process("agent", env=env, err=log):
            for _ in range(PATIENCE):
                asked = subprocess.run(
                    [sys.executable, "-m", "edgepos", "status", "--json"], env=env, capture_output=True, check=False
                )
                if asked.returncode == 0:
                    services = {name: one["state"] for name, one in json.loads(asked.stdout)["services"].items()}
                if set(services.values()) == {"ok"}:
                    break
            simulator.terminate()  # while the agent listens to it
            simulator.wait(60)
    assert services == {"nets": "ok", "practice": "ok"}
    assert (tmp_path / "simulator.err").read_text() == ""


def test_a_folder_of_somebody_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "location.toml").write_text("mine")
    ended = subprocess.run(
        [sys.executable, "-m", "edgepos", "simulator", "--settings", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == f"edgepos: {tmp_path} cannot be made: File exists. Name a new folder in a place of yours.\n"
    assert (tmp_path / "location.toml").read_text() == "mine"
