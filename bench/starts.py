"""Starting: the commands that staff and monitoring wait for, and the agent until it listens and is READY."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.clinic import ended, place, until_listening
from bench.journal_rows import timed
from bench.measure import Row, by_turns, compared

ROUNDS, STARTS = 15, 7


def _run(*arguments: str, environment: Mapping[str, str]) -> float:
    command = [sys.executable, *arguments]

    def work() -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment, check=True)

    return timed(work) * 1e3


def commands() -> Iterator[Row]:
    """Each as the installed `edgepos` does it, against an interpreter that does nothing."""
    script = "from edgepos.__main__ import main; raise SystemExit(main())"
    with tempfile.TemporaryDirectory() as state, place() as here, here.agent(Path(state)) as agent:
        environment = agent.environment

        def edgepos(*words: str) -> float:
            return _run("-c", script, *words, environment=environment)

        status, pay, floors = by_turns(
            ROUNDS, lambda: edgepos("status", "--json"), lambda: edgepos("pay", "--help"),
            lambda: _run("-c", "pass", environment=environment),
        )  # fmt: skip
    yield compared("edgepos status --json", "python -c pass", status, floors, "ms", at_most=7)
    yield compared("edgepos pay --help", "python -c pass", pay, floors, "ms", at_most=4)


def start() -> Iterator[Row]:
    """The agent with three terminals, both services up, against the least that opens a database and listens."""
    with tempfile.TemporaryDirectory() as folder, place() as here:
        state = Path(folder) / "state"

        def ours() -> tuple[float, float]:
            with here.agent(state) as agent:
                return agent.listening_s, agent.ready_s

        def floor() -> tuple[float, float]:
            path = Path(folder) / "raw.sock"
            path.unlink(missing_ok=True)
            began = time.perf_counter()
            process = subprocess.Popen([sys.executable, "-m", "bench.raw", "open", str(path), f"{folder}/raw.db"])
            seconds = until_listening(path, began)
            ended(process)
            return seconds, seconds

        ours()  # makes the journal
        both, floors = by_turns(STARTS, ours, floor)
    against = "asyncio and SQLite, listening"
    plain = [one[0] for one in floors]
    yield compared("agent, listening", against, [one[0] for one in both], plain, "s", at_most=5)
    yield compared("agent, READY", against, [one[1] for one in both], plain, "s", at_most=7)
