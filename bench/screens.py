"""The screen in a terminal of its own: from the start of the process to the desk, and from a key to its repaint."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.clinic import Place, Running, place
from bench.kernel import look
from bench.measure import Row, by_turns, compared, limited, p99
from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key

ROWS, COLUMNS = 40, 120
STARTS, ROUNDS, KEYS = 5, 7, 20
INVOICES = 500
PAINTED_S, QUIET_S = 60.0, 0.015
FINAL = {"approved", "declined", "cancelled", "not_started"}


class Terminal:
    """A program in a pseudo-terminal, and what it has written there."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, *command], {**environment, "TERM": "xterm-256color"})
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.written = b""

    def until(self, *texts: bytes) -> float:
        """Seconds since its start until all of *texts* were written."""
        while not all(text in self.written for text in texts):
            if time.perf_counter() - self.began > PAINTED_S or not self._read(1.0):
                raise RuntimeError(f"the screen was not painted: {self.written[-300:]!r}")
        return time.perf_counter() - self.began

    def key(self, key: bytes) -> tuple[float, int]:
        """Milliseconds from a key to the last byte of what it changed, and how many bytes that were."""
        self._drain()
        began = last = time.perf_counter()
        before = len(self.written)
        os.write(self._master, key)
        while self._read(QUIET_S if len(self.written) > before else 1.0):
            last = time.perf_counter()
        return (last - began) * 1e3, len(self.written) - before

    def press(self, key: bytes) -> None:
        os.write(self._master, key)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and take what is written meanwhile: a terminal that nobody reads would stop its program."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self._read(min(left, 0.5))

    def _drain(self) -> None:
        while self._read(QUIET_S):
            pass

    def _read(self, wait_s: float) -> bool:
        if not select.select([self._master], [], [], wait_s)[0]:
            return wait_s >= 1.0 and time.perf_counter() - self.began < PAINTED_S
        with contextlib.suppress(OSError):  # it has ended
            self.written += os.read(self._master, 1 << 16)
            return True
        return False

    def end(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        while self._read(5.0):
            pass
        os.close(self._master)
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def screen(environment: Mapping[str, str], *texts: bytes) -> Iterator[Terminal]:
    """The desk, painted with *texts* on it."""
    terminal = Terminal(["-m", "edgepos"], environment)
    try:
        terminal.until(*texts)
        yield terminal
    finally:
        terminal.end()


def painted() -> Iterator[Row]:
    """From the start of the process to the desk with its list, against a minimal Textual app of the same widgets."""
    with tempfile.TemporaryDirectory() as state, place() as here, here.agent(Path(state)) as agent:
        _listed(agent, 1)

        def start(command: Sequence[str]) -> float:
            terminal = Terminal(command, agent.environment)
            try:
                return terminal.until(b"PLACE 3", b"STH-")
            finally:
                terminal.end()

        start(["-m", "edgepos"])
        ours, floors = by_turns(STARTS, lambda: start(["-m", "edgepos"]), lambda: start(["-m", "bench.bare_screen"]))
    yield compared(
        "screen: start to desk painted", "a minimal Textual app of the same widgets", ours, floors, "s", at_most=1.5
    )


def keys() -> Iterator[Row]:
    """A key typed into the desk's search: 500 invoices and 20 terminals at work, against nothing listed, at rest."""
    with tempfile.TemporaryDirectory() as states, place(20) as full, place() as empty:
        for _ in range(INVOICES):
            full.control("POST", "/practice/invoices", {"total_minor": 12_500, "department": 2})
        for invoice in empty.control("GET", "/truth")["invoices"]:
            empty.control("PATCH", f"/practice/invoices/{invoice}", {"status": 4})
        with full.agent(Path(states) / "full") as busy, empty.agent(Path(states) / "empty") as idle:
            _listed(busy, INVOICES)
            with (
                screen(busy.environment, b"PLACE 3", b"STH-") as ours,
                screen(idle.environment, b"PLACE 3") as peer,
                _payments(full, busy),
            ):
                yield from _typed(ours, peer)
                yield limited("the screen's memory", [look(ours.pid).resident_mib], "MiB", 65)


def _typed(ours: Terminal, peer: Terminal) -> Iterator[Row]:
    kept: list[float] = []
    lengths: list[int] = []

    def typing(terminal: Terminal, kept: list[float], lengths: list[int]) -> float:
        times = []
        for number in range(KEYS):
            took_ms, length = terminal.key(b"2" if number % 2 == 0 else b"\x7f")
            times.append(took_ms)
            lengths.append(length)
        kept += times
        return sum(times) / len(times)

    each, peers = by_turns(ROUNDS, lambda: typing(ours, kept, lengths), lambda: typing(peer, [], []))
    yield compared(
        f"screen: key to repaint, {INVOICES} invoices, 20 terminals at work", "the same with nothing listed, at rest",
        each, peers, "ms", at_most=1.5, limit=("p99", p99(kept), 35),
        note=f"{sorted(lengths)[len(lengths) // 2]:,} bytes a key at the median",
    )  # fmt: skip


@contextlib.contextmanager
def _payments(here: Place, running: Running) -> Iterator[None]:
    """Payments at all terminals, one after the other at each, while the block runs."""
    is_over = threading.Event()

    def pay(terminal: str) -> None:
        agent = Agent(running.socket)
        while not is_over.wait(1.0):
            with contextlib.suppress(AgentError):
                body = {"terminal": terminal, "currency": "SEK", "amount_minor": 12_500, "text": "bench"}
                payment = agent.post("/payments", body, key=new_key())
                while payment["state"] not in FINAL and not is_over.is_set():
                    payment = agent.get(f"/payments/{payment['id']}", wait_s=5)

    threads = [threading.Thread(target=pay, args=(terminal,)) for terminal in here.terminals]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _listed(running: Running, count: int) -> None:
    """Until the agent has read so many invoices."""
    agent, until = Agent(running.socket), time.perf_counter() + PAINTED_S
    ask: Callable[[], int] = lambda: len(agent.get("/invoices")["invoices"])  # noqa: E731
    while ask() < count and time.perf_counter() < until:
        time.sleep(0.2)
