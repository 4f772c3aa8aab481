"""Rounds that come from a seed each: played one after the other, told with the seeds that broke a promise, and the same
for twins, which some seed has to convict."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from tests.proof.clinic import House, house
from tests.proof.figures import SEED, record, replay

Play = Callable[[House, int], Awaitable[list[str]]]
"""One round from a seed: what is wrong at its end."""
Twin = Callable[[pytest.MonkeyPatch], None]
FIRST = SEED * 10_000
SEEDS_OF_A_TWIN = 40
TOLD = 5


async def play_all(play: Play, count: int, table: str) -> Mapping[int, list[str]]:
    """*count* rounds at two terminals: the seeds of those that broke a promise, each with what was wrong."""
    async with house(terminals=2) as place:
        played = {seed: await play(place, seed) for seed in range(FIRST, FIRST + count)}
    bad = {seed: problems for seed, problems in played.items() if problems}
    record(table, count, len(bad))
    return bad


def told(bad: Mapping[int, list[str]], test: str) -> str:
    lines = [f"round {seed}: {problem}" for seed, problems in list(bad.items())[:TOLD] for problem in problems]
    return "\n".join([*lines, replay(test, bad=len(bad))])


async def convict(twin: Twin, patch: pytest.MonkeyPatch, play: Play, table: str) -> None:
    """Play rounds with *twin* in the program's place until one finds it out. Raises AssertionError if none does."""
    twin(patch)
    name = twin.__name__.replace("_", " ")
    async with house(terminals=2) as place:
        for seed in range(FIRST, FIRST + SEEDS_OF_A_TWIN):
            if await play(place, seed):
                record(table, 0, 0, twin_convicted=[name])
                return
    raise AssertionError(f"the twin that {name} was not convicted")
