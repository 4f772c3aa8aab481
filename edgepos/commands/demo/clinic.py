"""The demo's clinic: a folder of throw-away state, the simulator and the agent as processes, and the hands of people.

Time is virtual in the scripted day: it stands while anybody has work and moves only when the script says so.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import IO, Any, Protocol

from edgepos.client import Agent
from edgepos.client.http import new_key
from edgepos.commands.demo.control import DemoFailed, control
from edgepos.commands.demo.settings import LOCATION, ORGANISATION, write_settings

WAIT_S = 60
RESTART_S = 2
"""As long as the unit has it between an agent's death and its next start."""
PATIENCE_S, PAUSE_S = 30, 0.05
"""How long, and how long each time, it is waited for a process that starts or ends."""
PARTICIPANTS = ("simulator", "agent")
"""Whose wall clocks there are."""


class Running(Protocol):
    """A process that was started, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def end_together() -> None:
    """Whoever is told to end takes the processes of its clinic with it."""
    for told in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, signal.default_int_handler)


class DemoClinic:
    """Everything that one demo needs; leaving the context ends what it started and removes the folder.

    *organisation* and *location* are the texts of the two settings files.
    """

    pause_s = PAUSE_S
    """How long it is waited each time for a process; one that starts quicker than most may be looked at more often."""

    def __init__(self, *, virtual: bool, organisation: str = ORGANISATION, location: str = LOCATION) -> None:
        self._virtual = virtual
        self._organisation = organisation
        self.location = location
        self._folder = tempfile.TemporaryDirectory(prefix="edgepos-demo-")
        self.folder = Path(self._folder.name)
        self.journal = self.folder / "state" / "journal.db"
        self.socket = self.folder / "run" / "agent.sock"
        self._log = (self.folder / "log").open("wb")
        self._simulator: Running | None = None
        self._agent: Running | None = None
        self._notify: socket.socket | None = None
        self.addresses: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self._skipped_s = 0.0

    def __enter__(self) -> DemoClinic:
        try:
            self._start_simulator()
            self._write_settings()
            self.start_agent()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def agent(self) -> Agent:
        return Agent(self.socket)

    def _start_simulator(self) -> None:
        options = ["--virtual-clock"] if self._virtual else []
        self._simulator = self._process(["simulator", *options], self._environment(), subprocess.PIPE)
        assert self._simulator.stdout is not None
        line = self._simulator.stdout.readline()
        if not line:
            raise DemoFailed(f"The simulator did not start. Its last words: {self.last_words()}")
        self.addresses = json.loads(line)

    def _write_settings(self) -> None:
        config = self.folder / "config"
        for name in ("config", "state", "run"):
            (self.folder / name).mkdir(mode=0o700)
        write_settings(config, self.addresses, organisation=self._organisation, location=self.location)
        self.environment = {
            "EDGEPOS_CONFIG": str(config),
            "EDGEPOS_SOCKET": str(self.socket),
            "STATE_DIRECTORY": str(self.folder / "state"),
            "RUNTIME_DIRECTORY": str(self.folder / "run"),
        }
        if self._virtual:
            self.environment["EDGEPOS_CLOCK"] = self.addresses["clock"]

    def set_location(self, text: str) -> None:
        """Other settings of the clinic, from the agent's next start on."""
        self.location = text
        (self.folder / "config" / "location.toml").write_text(text)

    def _process(self, arguments: list[str], environment: dict[str, str], stdout: int | IO[bytes]) -> Running:
        return subprocess.Popen(
            [sys.executable, "-m", "edgepos", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=self._log,
            env=environment,
            start_new_session=True,  # Ctrl-C at the demo ends the demo, which ends them in order
        )

    def _environment(self, **extra: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EDGEPOS_")}
        return kept | self.environment | extra

    def begin_agent(self) -> None:
        """Start the agent and wait for nothing."""
        path = self.folder / "run" / "notify"
        path.unlink(missing_ok=True)
        if self._notify is not None:
            self._notify.close()
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(path))
        self._agent = self._process(["agent"], self._environment(NOTIFY_SOCKET=str(path)), self._log)

    @property
    def is_running(self) -> bool:
        """Whether there is an agent that has not ended."""
        return self._agent is not None and self._agent.poll() is None

    def is_ready(self, wait_s: float = 0.0) -> bool:
        """Whether the agent that was begun says READY within *wait_s*. It is said once."""
        assert self._notify is not None
        readable = select.select([self._notify], [], [], wait_s)[0]
        return bool(readable) and b"READY=1" in self._notify.recv(4096).splitlines()

    def start_agent(self) -> None:
        """Start the agent and wait until it says READY: it has recovered, and listens."""
        self.begin_agent()
        assert self._agent is not None
        for _ in range(int(PATIENCE_S / self.pause_s)):
            if self.is_ready(self.pause_s):
                return
            if self._agent.poll() is not None:
                break
            self._let_pass(PAUSE_S)
        raise DemoFailed(f"The agent did not become ready. Its last words: {self.last_words()}")

    @contextmanager
    def agent_kept_alive(self) -> Iterator[None]:
        """Meanwhile an agent that has died is started again, as systemd does on a box."""
        is_over = Event()

        def keep() -> None:
            while not is_over.wait(RESTART_S):
                if self._agent is not None and self._agent.poll() is not None:
                    with suppress(DemoFailed):  # the next round tries again
                        self.start_agent()

        keeper = Thread(target=keep, name="restarts the agent")
        keeper.start()
        try:
            yield
        finally:
            is_over.set()
            keeper.join()

    def reconcile_all(self) -> None:
        """Close every terminal's session, side by side, so that each is ready to take a payment."""
        terminals = [terminal["id"] for terminal in self.agent.get("/status")["terminals"]]
        for asked in [self.agent.post("/reconciliations", {"terminal": id}, key=new_key()) for id in terminals]:
            self.agent.get(f"/payments/{asked['id']}", wait_s=WAIT_S)

    def command(self, *arguments: str) -> None:
        """What a technician types."""
        status = self._process([*arguments], self._environment(), self._log).wait(WAIT_S)
        if status:
            raise DemoFailed(f"edgepos {arguments[0]} ended with status {status}: {self.last_words()}")

    def kill_agent(self) -> None:
        """SIGKILL, as a power cut would: no goodbye, nothing flushed."""
        assert self._agent is not None
        self._agent.kill()
        self._agent.wait()

    def stop_agent(self) -> int:
        """SIGTERM, and the status with which it ended."""
        assert self._agent is not None
        self._agent.terminate()
        for _ in range(int(PATIENCE_S / PAUSE_S)):
            try:
                return self._agent.wait(PAUSE_S)
            except subprocess.TimeoutExpired:
                self._let_pass(PAUSE_S)
        raise DemoFailed(f"The agent did not end when it was told to. Its last words: {self.last_words()}")

    def _stop(self) -> None:
        started = [process for process in (self._agent, self._simulator) if process is not None]
        for process in started:  # both at once: with the simulator goes virtual time, which an agent may need to end
            if process.poll() is None:
                process.terminate()
        for process in started:
            if process.poll() is None:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self._notify is not None:
            self._notify.close()
        self._log.close()
        self._folder.cleanup()

    def last_words(self) -> str:
        self._log.flush()
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return " / ".join(lines[-3:]) or "none"

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the simulator's control server."""
        return control(self.addresses["control"], method, path, body)

    def _let_pass(self, seconds: float) -> None:
        """While another process starts or ends: its time may have to pass too."""
        if self._virtual:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass; returns when everybody has settled there."""
        self.control("POST", "/clock", {"advance_s": seconds})

    def meanwhile(self, asked: Callable[[], object]) -> None:
        """Ask what takes the agent some of the clinic's time to answer."""
        with ThreadPoolExecutor(1) as aside:
            answer = aside.submit(asked)
            while not answer.done():
                self.advance(0.5)
            answer.result()

    def skip_to(self, moment: datetime) -> None:
        """It is *moment* now, for box and services alike; nothing happened meanwhile."""
        now = datetime.fromisoformat(self.control("GET", "/clock")["now"])
        self._skipped_s += (moment - now).total_seconds()
        for participant in PARTICIPANTS:
            self.control("POST", "/clock", {"participant": participant, "wall_offset_s": self._skipped_s})
        self.advance(1)

    def until(self, what: str, condition: Callable[[], bool], limit_s: float = 900, step_s: float = 1) -> None:
        """Let time pass in small steps until *condition* holds. Raises DemoFailed after *limit_s* of virtual time."""
        passed = 0.0
        while not condition():
            if passed >= limit_s:
                raise DemoFailed(f"Waited {limit_s:.0f} s of the clinic's time for {what}.")
            self.advance(step_s)
            passed += step_s
