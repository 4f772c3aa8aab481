"""The process: socket rules, signals, exit statuses, READY. Real processes, real time, no service anywhere."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepos.agent.peers import Role, peer_of
from edgepos.agent.sockets import listen
from edgepos.client import Agent
from edgepos.domain.errors import Refused

LIMIT_S = 20


RUN = "import sys; from edgepos.agent.main import run; sys.exit(run())"
SAYS_WHEN_SETTLED = """
import gc, sys
from edgepos import loading

def settle(settle=loading.settle):
    settle()
    sys.stderr.write(f"settled {gc.isenabled()} {gc.get_freeze_count() > 10_000}\\n")

loading.settle, loading.SETTLED_S = settle, 0
"""


class Process:
    def __init__(self, folder: Path, *, before: str = "", **environ: str) -> None:
        self.socket = folder / "run" / "agent.sock"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / f"notify-{os.urandom(4).hex()}"
        self.notify.bind(str(address))
        self.notify.settimeout(LIMIT_S)
        (folder / "config").mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-c", before + RUN],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "EDGEPOS_CONFIG": str(folder / "config"),
                "STATE_DIRECTORY": str(folder / "state"),
                "RUNTIME_DIRECTORY": str(folder / "run"),
                "NOTIFY_SOCKET": str(address),
                **environ,
            },
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        while b"READY=1" not in self.notify.recv(4096):
            pass

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def said(self) -> str:
        return self.process.communicate(timeout=LIMIT_S)[1]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for one in started:
        one.notify.close()
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def start(processes: list[Process], folder: Path, *, before: str = "", **environ: str) -> Process:
    processes.append(Process(folder, before=before, **environ))
    return processes[-1]


def test_whoever_asks_while_it_starts_waits_and_is_answered(processes: list[Process], tmp_path: Path) -> None:
    agent = start(processes, tmp_path)
    until = time.monotonic() + LIMIT_S
    with socket.socket(socket.AF_UNIX) as line:
        while line.connect_ex(str(agent.socket)):
            assert time.monotonic() < until
    assert "terminals" in Agent(agent.socket).get("/status")


def test_it_says_ready_answers_and_ends_when_told(processes: list[Process], tmp_path: Path) -> None:
    agent = start(processes, tmp_path)
    agent.ready()
    assert stat.S_IMODE(agent.socket.stat().st_mode) == 0o660
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert Agent(str(agent.socket)).get("/status")["terminals"] == []
    assert agent.end() == 0
    assert not agent.socket.exists()
    events = [json.loads(line)["event"] for line in agent.said().splitlines()]
    assert "ready" in events


def test_once_it_has_started_rubbish_is_looked_for_among_what_is_new(processes: list[Process], tmp_path: Path) -> None:
    """Never among what it has loaded: that held an event up for as long as a person sees."""
    agent = start(processes, tmp_path, before=SAYS_WHEN_SETTLED)
    assert agent.process.stderr is not None
    while (said := agent.process.stderr.readline()) and not said.startswith("settled"):
        pass
    assert said == "settled True True\n"


def test_a_killed_ones_socket_is_replaced_at_once(processes: list[Process], tmp_path: Path) -> None:
    """FC-24."""
    for _ in range(2):
        agent = start(processes, tmp_path)
        agent.ready()
        agent.end(signal.SIGKILL)
        assert agent.socket.exists()
    agent = start(processes, tmp_path)
    agent.ready()
    assert Agent(str(agent.socket)).get("/status")


def test_a_second_agent_ends_and_names_the_first(processes: list[Process], tmp_path: Path) -> None:
    first = start(processes, tmp_path)
    first.ready()
    second = start(processes, tmp_path)
    assert second.process.wait(LIMIT_S) == 1
    assert str(first.process.pid) in second.said()
    assert Agent(str(first.socket)).get("/status")


def test_wrong_settings_end_with_78_and_a_sentence(processes: list[Process], tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "organisation.toml").write_text('[nets]\nusrname = "x"\n')
    agent = start(processes, tmp_path)
    assert agent.process.wait(LIMIT_S) == 78
    said = agent.said()
    assert "organisation.toml, line 2" in said
    assert "username" in said
    assert "Traceback" not in said


def test_virtual_time_is_refused_where_a_service_is_real(processes: list[Process], tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "organisation.toml").write_text('[nets]\nusername = "x"\n')
    agent = start(processes, tmp_path, EDGEPOS_CLOCK="127.0.0.1:9")
    assert agent.process.wait(LIMIT_S) == 78
    assert "EDGEPOS_CLOCK" in agent.said()


def test_a_newer_journal_ends_with_65_and_is_left_alone(processes: list[Process], tmp_path: Path) -> None:
    """FC-25."""
    import apsw

    agent = start(processes, tmp_path)
    agent.ready()
    agent.end()
    journal = tmp_path / "state" / "journal.db"
    database = apsw.Connection(str(journal))
    database.pragma("user_version", 9_999)
    database.close()
    before = journal.read_bytes()
    agent = start(processes, tmp_path)
    assert agent.process.wait(LIMIT_S) == 65
    assert journal.read_bytes() == before
    assert "Traceback" not in agent.said()


def test_what_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    """FC-24."""
    path = tmp_path / "agent.sock"
    path.write_text("mine")
    with pytest.raises(Refused):
        listen(path)
    link = tmp_path / "link.sock"
    link.symlink_to(path)
    with pytest.raises(Refused):
        listen(link)
    assert path.read_text() == "mine"
    assert link.is_symlink()


def test_a_live_socket_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with listen(path):
        with pytest.raises(Refused):
            listen(path)
        assert path.is_socket()


def test_the_kernel_says_who_is_there(tmp_path: Path) -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        peer = peer_of(here)
        assert (peer.pid, peer.uid) == (os.getpid(), os.getuid())
        assert peer.role is Role.TECHNICIAN  # the agent's own user
