"""What each harness of the proof counted, kept for the table that `make proof` prints.

A harness says `record(...)` once at its end, whether it found anything or not. The lines go to `proof.jsonl` in the
folder that `$EDGEPOS_PROOF` names; without it nothing is kept, so that a plain test run leaves no files behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

FOLDER = os.environ.get("EDGEPOS_PROOF")
"""Read when the tests are collected: each test runs in a clean environment."""

SOAK = 20 if os.environ.get("EDGEPOS_SOAK") else 1
"""How many times more of everything the longer run does."""

SEED = int(os.environ.get("EDGEPOS_SEED", "1"))
"""Everything that a harness draws comes from this; a failure prints the one that replays it."""


class Figure(TypedDict):
    """One row of the table."""

    name: str
    count: int
    failures: int
    twin_convicted: list[str]


def record(name: str, count: int, failures: int, *, twin_convicted: Sequence[str] = ()) -> None:
    """Keep one harness's figures: tries, tries that broke a promise, and the bad twins it caught."""
    if not FOLDER:
        return
    row = Figure(name=name, count=count, failures=failures, twin_convicted=list(twin_convicted))
    Path(FOLDER).mkdir(parents=True, exist_ok=True)
    with (Path(FOLDER) / "proof.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")


def read(folder: Path) -> list[Figure]:
    """The rows of one run, in the order in which the harnesses ended."""
    path = folder / "proof.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def replay(test: str, **drawn: object) -> str:
    """The sentence for a failure: what was drawn, and the command that draws it again."""
    facts = " ".join(f"{name}={value}" for name, value in drawn.items())
    return f"{facts}\nreplay: EDGEPOS_SEED={SEED} .venv/bin/python -m pytest {test}"
