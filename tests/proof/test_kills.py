"""SIGKILL at every step of every operation, under faults of network and cloud, and again while it recovers.

First each round is played without a kill, which numbers its steps; then once for each step with a kill there and four
more a few steps later each, whatever those are by then. The box stays away for less than a card takes, or for longer
than any operation. At the end a person asks again for what had no effect, and the checker looks at all three sides.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.proof import twins_processes as twins
from tests.proof.clinic import house
from tests.proof.figures import SEED, SOAK, record
from tests.proof.rounds import ASKS, FATES, Round, play, told

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(7200)]

TABLE = "SIGKILL at every step of an operation, and in its recovery × faults"
EVERY_STEP = ("smooth", "lost request", "lost reply")
MORE_KILLS = 4
"""After the first one, each a few steps further into the recovery."""
STRIDE = 10
"""Of the other fates each push plays every tenth step, which one by the seed; the soak plays all."""
LEAST_KILLS = {"purchase": 620, "refund": 520, "reversal": 480, "reconciliation": 40}


def rounds_of(smooth: Round, draw: random.Random, times: int) -> Iterator[Round]:
    """For each step that is to be hit: the round with a kill there, and with more in what follows."""
    step = 1 if smooth.fate in EVERY_STEP or SOAK > 1 else STRIDE
    first = 1 if step == 1 else 1 + (SEED + len(smooth.fate)) % STRIDE
    for _ in range(times):
        for number in range(first, len(smooth.steps) + 1, step):
            kills, at = [number], number
            for _ in range(MORE_KILLS):
                at += draw.randrange(2, 16)
                kills.append(at)
            yield Round(smooth.ask, smooth.fate, tuple(kills), draw.randrange(1, 10_000))


@pytest.mark.parametrize("ask", ASKS)
async def test_no_kill_at_any_step_loses_doubles_or_misreports_anything(ask: str) -> None:
    draw = random.Random(SEED)
    played: list[Round] = []
    async with house() as place:
        for fate in FATES:
            smooth = await play(place, Round(ask, fate))
            played.append(smooth)
            for one in rounds_of(smooth, draw, max(1, SOAK // 10)):
                played.append(await play(place, one))
    kills = sum(one.deaths for one in played)
    bad = [one for one in played if one.problems]
    record(TABLE, kills, len(bad))
    assert not bad, told(played)
    assert kills >= LEAST_KILLS[ask]


KILL_TWINS: dict[twins.Twin, list[Round]] = {
    twins.records_after_the_reply: [Round("purchase", "smooth", (kill,), 4) for kill in range(8, 20)],
    twins.sends_again_under_a_new_reference: [Round("purchase", "lost reply"), Round("refund", "lost reply")],
    twins.takes_any_last_operation: [Round("refund", "lost request")],
    twins.believes_not_found_at_once: [Round("purchase", "late in the gateway", (kill,), 4) for kill in range(8, 20)]
    + [Round("purchase", "seen late")],
}


@pytest.mark.parametrize("twin", KILL_TWINS, ids=lambda twin: twin.__name__)
async def test_a_bad_twin_is_convicted(twin: twins.Twin) -> None:
    async with house() as place:
        honest = [await play(place, Round(one.ask, one.fate, one.kills, one.seed)) for one in KILL_TWINS[twin]]
        with twins.let_in(twin) as name:
            played = [await play(place, Round(one.ask, one.fate, one.kills, one.seed)) for one in KILL_TWINS[twin]]
    assert not any(one.problems for one in honest), told(honest)
    assert any(one.problems for one in played), f"the twin that {name} was not convicted"
    record(TABLE, 0, 0, twin_convicted=[name])
