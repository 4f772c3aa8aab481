"""One request to the agent, and the desk's list of 500 invoices."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bench.clinic import ended, place, until_listening
from bench.journal_rows import timed
from bench.measure import Row, by_turns, compared, limited, p99
from edgepos.client import Agent

ROUNDS, A_ROUND = 9, 200
INVOICES = 500


@contextlib.contextmanager
def raw(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of the floors of `raw.py`, running."""
    process = subprocess.Popen([sys.executable, "-m", "bench.raw", *arguments], stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        ended(process)


def _line(path: Path) -> tuple[socket.socket, BinaryIO]:
    """A line to *path*, and what comes from there. The same client on both sides, so that it weighs nothing."""
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(path))
    return line, line.makefile("rb")


def requests() -> Iterator[Row]:
    """The smallest question, on a line that stays open, against a JSON line on a raw socket."""
    with place() as here, here.agent(here.folder / "state") as agent:
        floor_path = here.folder / "lines.sock"
        with raw("lines", str(floor_path)):
            until_listening(floor_path, time.perf_counter())
            line, answers = _line(agent.socket)
            plain, words = _line(floor_path)
            kept: list[float] = []

            def ask() -> None:
                line.sendall(b"GET /v1/findings HTTP/1.1\r\nHost: edgepos\r\n\r\n")
                length = 0
                while (head := answers.readline()) != b"\r\n":
                    if head.lower().startswith(b"content-length: "):
                        length = int(head[16:])
                json.loads(answers.read(length))

            def say() -> None:
                plain.sendall(b'{"ask": "findings"}\n')
                json.loads(words.readline())

            def mean(question: Callable[[], object], kept: list[float]) -> float:
                times = [timed(question) * 1e3 for _ in range(A_ROUND)]
                kept += times
                return sum(times) / len(times)

            ours, floors = by_turns(ROUNDS, lambda: mean(ask, kept), lambda: mean(say, []))
            for one in (answers, words, line, plain):
                one.close()
    yield compared(
        "a request to the agent", "JSON lines over a raw socket", ours, floors, "ms", at_most=3,
        limit=("p99", p99(kept), 2),
    )  # fmt: skip


def listing() -> Iterator[Row]:
    """A search key in a list of 500 unpaid invoices, each key a connection of its own as the command line has it."""
    with tempfile.TemporaryDirectory() as folder, place() as here, here.agent(Path(folder)) as running:
        for _ in range(INVOICES):
            here.control("POST", "/practice/invoices", {"total_minor": 12_500, "department": 2})
        agent = Agent(running.socket)
        until = time.perf_counter() + 60
        while len(agent.get("/invoices")["invoices"]) < INVOICES and time.perf_counter() < until:
            time.sleep(0.5)
        found = len(agent.get("/invoices")["invoices"])
        for what, text in (("every one found", None), ("one found", "STH-22100")):
            times = [timed(partial(agent.get, "/invoices", find=text)) * 1e3 for _ in range(60)]
            yield limited(
                f"a search key among {found} invoices over the local API, {what}", times, "ms", 30,
                note=f"p99 {p99(times):.3g} ms",
            )  # fmt: skip
