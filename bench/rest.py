"""Agent and screen at rest: memory, processor, wake-ups, writes."""

from __future__ import annotations

import contextlib
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
RATE = 2.0
"""Wake-ups a second, as agent and screen have them, of the process beside them that does nothing: what a machine charges
for waking alone."""
IDLER = "import select, sys\nwhile True: select.select([], [], [], 1 / float(sys.argv[1]))"


@contextlib.contextmanager
def idler() -> Iterator[int]:
    """A process that wakes and does nothing; its pid."""
    process = subprocess.Popen([sys.executable, "-c", IDLER, str(RATE)])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def rest() -> Iterator[Row]:
    """Three terminals, both services up, the desk on a screen: after a while a minute, looked at each second."""
    with (
        tempfile.TemporaryDirectory() as folder,
        place() as here,
        here.agent(Path(folder)) as agent,
        screen(agent.environment, b"PLACE 3") as terminal,
        idler() as beside,
    ):
        terminal.sleep(SETTLE_S)
        pids = {"the agent": agent.process.pid, "the screen": terminal.pid, "beside": beside}
        seen: dict[str, list[Seen]] = {name: [] for name in pids}
        for _ in range(SECONDS + 1):
            for name, pid in pids.items():
                seen[name].append(look(pid))
            terminal.sleep(1.0)
    yield limited("the agent's memory, one screen", [one.resident_mib for one in seen["the agent"]], "MiB", 60)
    yield limited("the screen's memory, at the desk", [one.resident_mib for one in seen["the screen"]], "MiB", 65)
    for name in ("the agent", "the screen"):
        looks, ours = seen[name], shares(seen[name])
        switches = (looks[-1].switches - looks[0].switches) / (looks[-1].at - looks[0].at)
        yield compared(
            f"{name} at rest: processor", f"a process that wakes {RATE:g} times a second and does nothing",
            ours, shares(seen["beside"]), "%", limit=("median", statistics.median(ours), 0.5),
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
