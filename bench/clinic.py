"""A clinic for the bench: the simulator and the agent as processes in real time, or the agent in this one.

`python -m bench.clinic N` is the simulator with N terminals; everything about it is quick: cards are held at once and
the bank answers at once, so that what is measured is edgepos.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from edgepos.agent.log import Recent
from edgepos.agent.settings_files import load
from edgepos.agent.systemd import Supervisor
from edgepos.agent.wiring import Agent, Given, opened
from edgepos.chance import SystemChance
from edgepos.clock import RealClock
from edgepos.commands.demo.control import control
from edgepos.commands.demo.settings import ORGANISATION, SECRETS

FIRST_TERMINAL = 70_000_001
QUICK = {
    "cardholder_after_s": 0, "contactless_s": 0, "host_s": 0, "reply_after_s": 0, "print_s": 0, "visible_after_s": 0,
    "fresh_refuses": False, "reconcile_within_days": 0,
}  # fmt: skip
READY_S = 60.0


def simulate(terminals: int) -> None:
    """The simulator's process, with that many terminals."""
    from edgepos.simulator import terminal, world
    from edgepos.simulator.server import Options, run

    terminal.LOOKUP_S = 0.0  # a real one takes a second to say what its last transaction was

    named = ((str(FIRST_TERMINAL + number), f"PLACE {number + 1}", "Desk3500") for number in range(terminals))
    world.TERMINALS = tuple(named)  # type: ignore[assignment]
    run(Options())


def ended(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Place:
    """A folder with settings for N terminals, and the simulator that they lead to."""

    def __init__(self, folder: Path, terminals: int = 3) -> None:
        self.folder = folder
        self.terminals = [str(FIRST_TERMINAL + number) for number in range(terminals)]
        self.socket = folder / "agent.sock"
        self._simulator = subprocess.Popen(
            [sys.executable, "-m", "bench.clinic", str(terminals)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._simulator.stdout is not None
        self.addresses: dict[str, str] = json.loads(self._simulator.stdout.readline())
        for id in self.terminals:
            self.control("PUT", f"/terminals/{id}", QUICK)
        self._write_settings()

    def _write_settings(self) -> None:
        config = self.folder / "config"
        config.mkdir()
        (config / "organisation.toml").write_text(ORGANISATION.format(**self.addresses))
        location = [
            '[location]\nname = "Bench"\ncountry = "SE"\ncurrency = "SEK"\ntime_zone = "UTC"\ndepartment = "2"',
            "[limits]\ndisk_reserve_mb = 1",
            *(
                f'[[terminal]]\nid = "{id}"\nname = "PLACE {number}"\nmodel = "Desk3500"'
                for number, id in enumerate(self.terminals, 1)
            ),
        ]
        (config / "location.toml").write_text("\n\n".join(location) + "\n")
        for name, secret in SECRETS.items():
            (config / name).touch(mode=0o600)
            (config / name).write_text(secret + "\n")

    def close(self) -> None:
        ended(self._simulator)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the simulator's control server."""
        return control(self.addresses["control"], method, path, body)

    def environment(self, state: Path, run: Path) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("EDGEPOS_")},
            "EDGEPOS_CONFIG": str(self.folder / "config"), "EDGEPOS_SOCKET": str(run / "agent.sock"),
            "STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(run), "MALLOC_ARENA_MAX": "1",  # as the unit has it
        }  # fmt: skip

    @contextlib.contextmanager
    def agent(self, state: Path) -> Iterator[Running]:
        """`edgepos agent` on the journal in *state*, as a process, READY."""
        state.mkdir(exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self.folder) as run:
            running = Running(self.environment(state, Path(run)), Path(run))
            try:
                yield running
            finally:
                ended(running.process)

    @contextlib.asynccontextmanager
    async def agent_here(self, state: Path) -> AsyncIterator[Agent]:
        """An agent in this process, made by its own wiring; not yet running."""
        clock = RealClock()
        given = Given(
            settings=load(self.folder / "config"), settings_folder=self.folder / "config", state_folder=state,
            clock=clock, chance=SystemChance(), supervisor=Supervisor(clock, {}), recent=Recent(),
        )  # fmt: skip
        async with opened(given) as agent:
            yield agent


class Running:
    """An agent's process: when it was listening and when it said READY, in seconds since it was started."""

    def __init__(self, environment: dict[str, str], run: Path) -> None:
        self.socket, self.environment = run / "agent.sock", environment
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(run / "notify"))
            began = time.perf_counter()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edgepos", "agent"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env={**environment, "NOTIFY_SOCKET": str(run / "notify")},
            )  # fmt: skip
            self.listening_s = until_listening(self.socket, began)
            while not (select.select([notify], [], [], READY_S)[0] and b"READY=1" in notify.recv(4096)):
                if self.process.poll() is not None or time.perf_counter() - began > READY_S:
                    raise RuntimeError("the agent did not become ready")
            self.ready_s = time.perf_counter() - began


def until_listening(path: Path, began: float) -> float:
    """Seconds since *began* until somebody takes a connection at *path*."""
    while time.perf_counter() - began < READY_S:
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.connect(str(path))
            return time.perf_counter() - began
        time.sleep(0.002)
    raise RuntimeError(f"nobody listens at {path}")


@contextlib.contextmanager
def place(terminals: int = 3) -> Iterator[Place]:
    """A place in a temporary folder, with its simulator running."""
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        one = Place(Path(folder), terminals)
        try:
            yield one
        finally:
            one.close()


if __name__ == "__main__":
    simulate(int(sys.argv[1]))
