"""Agent and screen at rest: memory, processor, wake-ups, writes."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from bench.clinic import place
from bench.kernel import Seen, look
from bench.measure import Row, compared, limited
from bench.screens import screen

SETTLE_S, SECONDS = 15.0, 60
RATES = {"the agent": 2.0, "the screen": 2.0}
"""Wake-ups a second of the process beside each, that does nothing: what a machine charges for waking alone."""
IDLER = "import select, sys\nwhile True: select.select([], [], [], 1 / float(sys.argv[1]))"


SPINNER = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Keep the processors from resting, with what gives way to everything else.

    The first thing after a rest is dear: a virtual machine at rest is charged up to ten times the time for the same
    work, which says nothing of the program.
    """
    spinning = [subprocess.Popen([sys.executable, "-c", SPINNER]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@contextlib.contextmanager
def idler(rate: float) -> Iterator[int]:
    """A process that wakes *rate* times a second; its pid."""
    process = subprocess.Popen([sys.executable, "-c", IDLER, str(rate)])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def rest(long: bool) -> Iterator[Row]:
    """Three terminals, both services up, the desk on a screen: after a while a minute, looked at each second."""
    with (
        tempfile.TemporaryDirectory() as folder,
        place() as here,
        here.agent(Path(folder)) as agent,
        screen(agent.environment, b"PLACE 3") as terminal,
        idler(RATES["the agent"]) as beside_the_agent,
        idler(RATES["the screen"]) as beside_the_screen,
        awake(),
    ):
        terminal.sleep(SETTLE_S)
        pids = {"the agent": agent.process.pid, "the screen": terminal.pid,
                "beside the agent": beside_the_agent, "beside the screen": beside_the_screen}  # fmt: skip
        seen: dict[str, list[Seen]] = {name: [] for name in pids}
        for _ in range(SECONDS + 1):
            for name, pid in pids.items():
                seen[name].append(look(pid))
            terminal.sleep(1.0)
    yield limited("the agent's memory, one screen", [one.resident_mib for one in seen["the agent"]], "MiB", 60)
    yield limited("the screen's memory, at the desk", [one.resident_mib for one in seen["the screen"]], "MiB", 65)
    for name, rate in RATES.items():
        looks, ours = seen[name], shares(seen[name])
        switches = (looks[-1].switches - looks[0].switches) / (looks[-1].at - looks[0].at)
        yield compared(
            f"{name} at rest: processor", f"a process that wakes {rate:g} times a second and does nothing",
            ours, shares(seen[f"beside {name}"]), "%", limit=("median", statistics.median(ours), 0.5),
            note=f"{switches:.1f} wake-ups a second",
        )  # fmt: skip
    looks = seen["the agent"]
    writes = sum(b.writes > a.writes for a, b in pairwise(looks))
    written = (looks[-1].writes - looks[0].writes) / 1024
    yield limited(
        "the agent at rest: seconds of a minute in which anything went to the medium", [writes], "a minute", 1,
        note=f"{written:.0f} KiB",
    )  # fmt: skip


def shares(looks: Sequence[Seen]) -> list[float]:
    """What of a processor it took, in three parts of the time."""
    return [100 * (b.processor_s - a.processor_s) / (b.at - a.at) for a, b in pairwise(looks[:: SECONDS // 3])]
