"""What the kernel says of a process, and what the medium takes."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kernel says of a process at one moment."""

    at: float
    processor_s: float
    switches: int
    writes: int
    resident_mib: float


def sync_ms(times: int = 40) -> float:
    """What the medium of the temporary folder takes to keep 4 KB for good, at the median: what a commit waits for."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def rested_times(rounds: int = 8, rest_s: float = 0.5) -> float:
    """What a walk over some megabytes takes of the processor after half a second of rest, in times of what it takes
    without: near 1 on a machine that has its memory to itself. A virtual one may have to be given each page again."""
    things = [{"number": number, "text": str(number)} for number in range(60_000)]

    def walk() -> float:
        began = time.process_time()
        sum(len(str(thing["text"])) for thing in things[::40])
        return time.process_time() - began

    walk()
    at_once = [walk() for _ in range(rounds)]
    rested = []
    for _ in range(rounds):
        time.sleep(rest_s)
        rested.append(walk())
    return statistics.median(rested) / statistics.median(at_once)


def look(pid: int) -> Seen:
    folder = Path(f"/proc/{pid}")
    switches, processor_ns = 0, 0
    for task in (folder / "task").iterdir():
        # To the nanosecond: by `stat` whoever wakes with the kernel's tick is charged the whole of it.
        processor_ns += int((task / "schedstat").read_text().split()[0])
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                switches += int(line.split()[1])
    written = next(line for line in (folder / "io").read_text().splitlines() if line.startswith("write_bytes"))
    resident = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return Seen(
        at=time.monotonic(), processor_s=processor_ns / 1e9, switches=switches,
        writes=int(written.split()[1]), resident_mib=int(resident.split()[1]) / 1024,
    )  # fmt: skip
