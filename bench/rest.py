"""The agent at rest: memory, processor, wake-ups, writes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.clinic import place
from bench.measure import Row, limited

SETTLE_S, WINDOWS, WINDOW_S = 15.0, 3, 20.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kernel says of a process at one moment."""

    at: float
    processor_s: float
    switches: int
    writes: int
    resident_mib: float


def look(pid: int) -> Seen:
    folder = Path(f"/proc/{pid}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    switches = 0
    for task in (folder / "task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                switches += int(line.split()[1])
    written = next(line for line in (folder / "io").read_text().splitlines() if line.startswith("write_bytes"))
    resident = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return Seen(
        at=time.monotonic(), processor_s=(int(fields[11]) + int(fields[12])) / TICKS, switches=switches,
        writes=int(written.split()[1]), resident_mib=int(resident.split()[1]) / 1024,
    )  # fmt: skip


def rest(long: bool) -> Iterator[Row]:
    """Three terminals, both services up, no screen: after a quarter of a minute, three windows of twenty seconds."""
    with tempfile.TemporaryDirectory() as folder, place() as here, here.agent(Path(folder)) as agent:
        time.sleep(SETTLE_S)
        seen = [look(agent.process.pid)]
        for _ in range(WINDOWS):
            time.sleep(WINDOW_S)
            seen.append(look(agent.process.pid))
    pairs = list(pairwise(seen))
    yield limited("the agent's memory", [one.resident_mib for one in seen], "MiB", 60)
    yield limited(
        "the agent at rest: processor", [100 * (b.processor_s - a.processor_s) / (b.at - a.at) for a, b in pairs], "%",
        0.5, note=f"{(seen[-1].switches - seen[0].switches) / (seen[-1].at - seen[0].at):.1f} wake-ups a second",
    )  # fmt: skip
    minutes = (seen[-1].at - seen[0].at) / 60
    yield limited(
        "the agent at rest: written to the medium", [(seen[-1].writes - seen[0].writes) / 1024 / minutes], "KiB/min", 64
    )
