"""What a long run leaves behind, as series: memory, files, descriptors, tasks, the log's length, the databases' length.

Read from the kernel and from the folder, an hour of the clinic's time apart; of asyncio's tasks the agent tells itself.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One hour's end. *life*: which start of the agent it belongs to. Lengths in KiB."""

    hour: float
    life: int
    payments: int
    agent_kib: int
    screens_kib: int
    files: int
    descriptors: int
    threads: int
    tasks: int
    log_kib: int
    journal_kib: int
    cache_kib: int


def sample(
    pid: int, folder: Path, *, hour: float, life: int, payments: int, screens_kib: int, tasks: int
) -> Sample:  # fmt: skip
    process, state = Path(f"/proc/{pid}"), folder / "state"
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
    return Sample(
        hour=round(hour, 1), life=life, payments=payments, agent_kib=int(status["VmRSS"].split()[0]),
        screens_kib=screens_kib, files=sum(len(names) for _, _, names in os.walk(state)),
        descriptors=len(os.listdir(process / "fd")), threads=int(status["Threads"]), tasks=tasks,
        log_kib=_length_kib(folder, "log"), journal_kib=_length_kib(state, "journal.db*"),
        cache_kib=_length_kib(state, "cache.db*"),
    )  # fmt: skip


def _length_kib(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern)) // KIB


def table(samples: Sequence[Sample], every: int = 1) -> str:
    """Every so many samples a line, and the last one."""
    names = [field.name for field in fields(Sample)]
    lines = ["  ".join(f"{name:>11}" for name in names)]
    shown = [*samples[:-1:every], *samples[-1:]]
    lines += ["  ".join(f"{value:>11,}" for value in asdict(one).values()) for one in shown]
    return "\n".join(lines)


def growth(samples: Sequence[Sample], *, since_first_hour: bool = False) -> dict[str, float]:
    """In percent, of the last life against the first: what a restart does not cure.

    Within a life the caches fill; a second life that needs more than the first has found a leak of the box, or a cost
    that grows with the years. *since_first_hour*: of the very end against the end of the first hour, caches and all.
    """
    first = [one for one in samples if one.life == samples[0].life][1:] or list(samples)
    last = [one for one in samples if one.life == samples[-1].life][1:] or list(samples)
    if since_first_hour:
        first, last = list(samples[:1]), list(samples[-1:])
    return {
        name: round(100 * (_typical(last, name) / max(1.0, _typical(first, name)) - 1), 1)
        for name in ("agent_kib", "screens_kib", "files", "descriptors", "threads", "tasks")
    }


def _typical(samples: Sequence[Sample], name: str) -> float:
    return statistics.median(float(getattr(one, name)) for one in samples)
