"""Agents without the second that Python needs to load one: a process that has loaded everything forks them.

The nursery has one thread, no loop and no open database; what it forks becomes a process of its own (pid, session,
environment, output), runs `edgepos agent` from `main` on, and dies by a real SIGKILL. All that differs from a process
that was exec'd is where its code was loaded. A bad twin is let in after the fork, before `main`.

    python -m tests.proof.nursery        asked by JSON lines on stdin, answering on stdout; ends with its stdin
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from edgepos.commands.demo.clinic import DemoClinic, Running
from edgepos.commands.demo.settings import LOCATION

ROOT = Path(__file__).parents[2]
LOADED = ("edgepos.commands.dispatch", "edgepos.commands.services", "edgepos.commands.usage", "edgepos.agent.main",
          "edgepos.agent.life")  # fmt: skip
"""What an agent imports while it starts; `MORE` is what its libraries look for at their first use."""
MORE = (
    "anyio._backends._asyncio", "certifi", "encodings.ascii", "encodings.idna", "encodings.utf_8_sig", "httpcore",
    "sqlite_utils", "uvicorn.lifespan.off", "uvicorn.loops.auto", "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)  # fmt: skip
POLL_S = 0.02
ONE_TERMINAL = LOCATION.partition('[[terminal]]\nid = "70000002"')[0]
"""What two more would ask for and be told meanwhile costs more than all the rest."""


# --- asked by a clinic


class Nursery:
    """Forks agents until its block ends; those that are left are killed then."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def born(self, environment: dict[str, str], log: Path, first: Sequence[object] = ()) -> Agent:
        return Agent(self, self.ask(environment=environment, log=str(log), first=first))

    def ask(self, **what: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the nursery has ended")
        return json.loads(answer)


class Agent:
    """A forked process, as `subprocess.Popen` would have it."""

    stdout = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._line = os.pidfd_open(pid)
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            with suppress(subprocess.TimeoutExpired):
                self.wait(0)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        if self._status is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("edgepos agent", timeout or 0)
            os.close(self._line)
            self._status = int(self._nursery.ask(buried=self.pid))
        return self._status

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self._status is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._line, number)


class NurseryClinic(DemoClinic):
    """The demo's clinic with agents from *nursery*.

    *first*: what each of them does before anything else: a module, the name of a function there that changes the
    program by a MonkeyPatch, and what else it is given.
    """

    pause_s = POLL_S

    def __init__(self, nursery: Nursery, first: Sequence[object] = ()) -> None:
        super().__init__(virtual=True, location=ONE_TERMINAL)
        self._nursery, self.first = nursery, first

    def _process(self, arguments: list[str], environment: dict[str, str], stdout: int | IO[bytes]) -> Running:
        if arguments != ["agent"]:
            return super()._process(arguments, environment, stdout)
        return self._nursery.born(environment, self.folder / "log", self.first)


# --- the process itself


def main() -> None:
    for name in (*LOADED, *MORE):
        import_module(name)
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    try:
        for line in sys.stdin:
            _answer(json.loads(line), children)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _answer(asked: dict[str, Any], children: set[int]) -> None:
    if pid := asked.get("buried"):
        said = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        children.discard(pid)
    else:
        assert threading.active_count() == 1, "a thread would not live on in what is forked"
        said = os.fork()
        if not said:
            _live(asked)
        children.add(said)
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()


def _live(asked: dict[str, Any]) -> None:
    """In the child: what exec would have given, then the program. Does not return."""
    status = 1
    try:
        os.setsid()
        nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        os.closerange(3, 64)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = ["edgepos", "agent"]
        if first := asked["first"]:
            import pytest

            getattr(import_module(first[0]), first[1])(pytest.MonkeyPatch(), *first[2:])
        from edgepos.__main__ import main as edgepos

        status = edgepos(["agent"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
