"""`python -m tests.proof`: run the proof and print its table. With the name of a round: play that one again.

    python -m tests.proof                         what `make proof` does
    python -m tests.proof --soak                  what `make soak` does
    python -m tests.proof 'purchase:seen late:12,19:7'

It runs pytest and reads what the harnesses have recorded; a harness that failed has a number above zero in its row.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgepos.clock import VirtualLoop
from tests.proof.clinic import house
from tests.proof.figures import Figure, read
from tests.proof.rounds import Round, play

ROOT = Path(__file__).parents[2]
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:logging")
LONG = (*PYTEST, "-m", "long", "tests")
WEEK = (sys.executable, "-m", "tests.proof.hospital_week")
COVERAGE = (
    "--cov=edgepos.domain", "--cov=edgepos.journal", "--cov-branch", "--cov-report=term-missing:skip-covered",
    "--cov-fail-under=100", "--timeout=900",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case []:
            return prove(soak=False)
        case ["--soak"]:
            return prove(soak=True)
        case [name] if name.count(":") == 3:
            return again(name)
    sys.stderr.write(f"{__doc__}\n")
    return 2


def prove(*, soak: bool) -> int:
    """Run everything in tests/proof and print its table; then see that tests take each branch of domain and journal."""
    with tempfile.TemporaryDirectory(prefix="edgepos-proof-") as folder:
        asked = {"EDGEPOS_PROOF": folder, **({"EDGEPOS_SOAK": "1"} if soak else {})}
        environment = {**os.environ, **asked}
        proof = subprocess.run([*PYTEST, "tests/proof"], cwd=ROOT, env=environment, check=False).returncode
        if soak:
            for more in (LONG, WEEK):
                proof |= subprocess.run([*more], cwd=ROOT, env=environment, check=False).returncode
        sys.stdout.write(table(read(Path(folder))))
        sys.stdout.flush()
    covered = subprocess.run([*PYTEST, *COVERAGE, "tests/domain", "tests/journal"], cwd=ROOT, check=False)
    return proof or covered.returncode


def table(figures: Sequence[Figure]) -> str:
    """One line a harness: how often, how many broke a promise, and which bad twins it has caught."""
    counts: dict[str, list[int]] = {}
    twins: dict[str, list[str]] = {}
    for row in figures:
        sums = counts.setdefault(row["name"], [0, 0])
        sums[0] += row["count"]
        sums[1] += row["failures"]
        twins.setdefault(row["name"], []).extend(row["twin_convicted"])
    width = max(map(len, counts), default=0)
    lines = [f"{'what':{width}}  {'tried':>9}  {'broken':>6}  bad twins convicted"]
    for name, (tried, broken) in counts.items():
        lines.append(f"{name:{width}}  {tried:>9,}  {broken:>6,}  {', '.join(dict.fromkeys(twins[name]))}".rstrip())
    return "\n".join(["", *lines, ""])


def again(name: str) -> int:
    """Play one round, and say what happened in it, step by step."""

    async def once() -> Round:
        async with house() as place:
            return await play(place, Round.named(name))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        played = runner.run(once())
    for number, step in enumerate(played.steps, 1):
        sys.stdout.write(f"{number:4} {'KILL ' if number in played.kills else '     '}{step}\n")
    sys.stdout.write("\n".join(played.problems or ["every promise was kept"]) + "\n")
    return 1 if played.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
