"""A clinic for the commands: simulator and agent as processes in virtual time, and the program as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgepos.commands.demo.control import control
from edgepos.commands.demo.settings import write_settings

LOCATION = """
[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
language = "sv"
time_zone = "Europe/Stockholm"
department = "2"
[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"
[[terminal]]
id = "70000002"
name = "ROOM 2"
model = "Move3500"
"""


class Ended:
    """How a run of the program ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def document(self) -> Any:
        """stdout, which is one JSON document and nothing else."""
        return json.loads(self.out)


class Clinic:
    """A running clinic; `run` is a person at the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = str(folder / "run" / "agent.sock")
        home = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONHASHSEED": "0"}
        self._log = (folder / "log").open("wb")
        self._simulator = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "simulator", "--virtual-clock"],
            env=home, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        assert self._simulator.stdout
        self.addresses = json.loads(self._simulator.stdout.readline())
        config = folder / "config"
        for made in (config, folder / "state", folder / "run"):
            made.mkdir(mode=0o700)
        write_settings(config, self.addresses, location=LOCATION)
        self.environ = {
            **home,
            "EDGEPOS_CONFIG": str(config),
            "EDGEPOS_SOCKET": self.socket,
            "EDGEPOS_CLOCK": self.addresses["clock"],
            "STATE_DIRECTORY": str(folder / "state"),
            "RUNTIME_DIRECTORY": str(folder / "run"),
        }
        self._agent = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "agent"], env=self.environ, stdout=self._log, stderr=self._log
        )
        while self.run("status").status and self._agent.poll() is None:
            pass

    def close(self) -> None:
        for process in (self._agent, self._simulator):
            process.kill()
            process.wait()
        assert self._simulator.stdout
        self._simulator.stdout.close()
        self._log.close()

    def kill_agent(self) -> None:
        self._agent.kill()
        self._agent.wait()

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the simulator's control server."""
        return control(self.addresses["control"], method, path, body)

    def run(self, *arguments: str, typed: str = "") -> Ended:
        """`edgepos` with *arguments*. The clinic's time goes on while it runs, and stands else."""
        process = subprocess.Popen(
            [sys.executable, "-m", "edgepos", *arguments],
            env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace",
        )  # fmt: skip
        ended = threading.Event()

        def time_goes_on() -> None:
            while not ended.is_set():
                self.control("POST", "/clock", {"advance_s": 0.5})

        ticking = threading.Thread(target=time_goes_on)
        ticking.start()
        try:
            out, err = process.communicate(typed, timeout=60)
        finally:
            ended.set()
            ticking.join()
        return Ended(process.returncode, out, err)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    made = Clinic(tmp_path_factory.mktemp("clinic"))
    yield made
    made.close()
