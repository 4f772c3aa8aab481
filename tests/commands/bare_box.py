"""A machine with edgepos and nothing set up, and both services in virtual time: for what is done before an agent runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from edgepos.commands.demo.control import control


class Services:
    """Both services and their terminals, in virtual time."""

    def __init__(self, folder: Path) -> None:
        self._log = (folder / "simulator.log").open("wb")
        home = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
        self._simulator = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "simulator", "--virtual-clock"],
            env=home, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        assert self._simulator.stdout
        self.addresses = json.loads(self._simulator.stdout.readline())

    def close(self) -> None:
        self._simulator.kill()
        self._simulator.wait()
        assert self._simulator.stdout
        self._simulator.stdout.close()
        self._log.close()

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the simulator's control server."""
        return control(self.addresses["control"], method, path, body)


class Bare:
    """The machine; `run` is a person at it. Its services are new ones."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.folder = folder
        self.services = services
        self.addresses, self.control = services.addresses, services.control
        self.control("POST", "/reset", {"seed": 1})
        self.config = folder / "config" / "edgepos"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "EDGEPOS_CLOCK": self.addresses["clock"],
        }

    def file(self, name: str, text: str, mode: int = 0o600) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**self.addresses))
        path.chmod(mode)
        return str(path)

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """The clinic's time goes on while it runs."""
        process = subprocess.Popen(
            [sys.executable, "-m", "edgepos", *arguments],
            env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        ended = threading.Event()

        def time_goes_on() -> None:
            while not ended.is_set():
                self.control("POST", "/clock", {"advance_s": 0.5})

        ticking = threading.Thread(target=time_goes_on)
        ticking.start()
        try:
            out, err = process.communicate(typed, timeout=110)
        finally:
            ended.set()
            ticking.join()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def taken(self) -> dict[str, list[tuple[str, int]]]:
        """What the bank has of each terminal: kind and amount."""
        terminals = self.control("GET", "/truth")["terminals"]
        return {
            id: [(one["kind"], one["amount_minor"]) for session in known["sessions"] for one in session["entries"]]
            for id, known in terminals.items()
        }
