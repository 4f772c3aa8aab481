"""Agent and screen at rest: memory, processor, wake-ups, writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from bench.clinic import place
from bench.kernel import Seen, look
from bench.measure import Row, limited
from bench.screens import screen

SETTLE_S, SECONDS = 15.0, 60


def rest(long: bool) -> Iterator[Row]:
    """Three terminals, both services up, the desk on a screen: after a while a minute, looked at each second."""
    with (
        tempfile.TemporaryDirectory() as folder,
        place() as here,
        here.agent(Path(folder)) as agent,
        screen(agent.environment, b"PLACE 3") as terminal,
    ):
        terminal.sleep(SETTLE_S)
        pids = {"the agent": agent.process.pid, "the screen": terminal.pid}
        seen: dict[str, list[Seen]] = {name: [] for name in pids}
        for _ in range(SECONDS + 1):
            for name, pid in pids.items():
                seen[name].append(look(pid))
            terminal.sleep(1.0)
    yield limited("the agent's memory, one screen", [one.resident_mib for one in seen["the agent"]], "MiB", 60)
    yield limited("the screen's memory, at the desk", [one.resident_mib for one in seen["the screen"]], "MiB", 65)
    for name, looks in seen.items():
        windows = list(pairwise(looks[:: SECONDS // 3]))
        switches = (looks[-1].switches - looks[0].switches) / (looks[-1].at - looks[0].at)
        yield limited(
            f"{name} at rest: processor",
            [100 * (b.processor_s - a.processor_s) / (b.at - a.at) for a, b in windows],
            "%", 0.5, note=f"{switches:.1f} wake-ups a second",
        )  # fmt: skip
    looks = seen["the agent"]
    writes = sum(b.writes > a.writes for a, b in pairwise(looks))
    written = (looks[-1].writes - looks[0].writes) / 1024
    yield limited(
        "the agent at rest: seconds of a minute in which anything went to the medium", [writes], "a minute", 1,
        note=f"{written:.0f} KiB",
    )  # fmt: skip
