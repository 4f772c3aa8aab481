"""The real agent as a process of its own, ended by a real SIGKILL at any moment, again and again on one journal.

What `test_kills.py` does at chosen steps and cheaply is done here with everything real but the time: process, signal,
sockets, start-up, disk. A few agents are started as a box starts them; most come from the `nursery`, which spares them
the second that Python needs to load one, and changes nothing else. The long run has some hundred kills on one journal,
then a new one, several clinics at a time.
"""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from edgepos.commands.demo.clinic import DemoClinic
from tests.proof.figures import SEED, SOAK, record, replay
from tests.proof.nursery import Nursery, NurseryClinic
from tests.proof.real_processes import Chapter, Tally

pytestmark = pytest.mark.timeout(4 * 3600)

KILLS_OF_STARTED_ONES = 6 if SOAK == 1 else 100
CHAPTERS, KILLS_A_CHAPTER = (1, 50) if SOAK == 1 else (41, 250)
TWINS = ("records_after_the_reply", "takes_any_last_operation")
KILLS_OF_A_TWIN = 150
"""It ends when it is convicted, as a rule after some twenty."""
TABLE = "SIGKILL of the real process at any moment"
RECOVERING = "of these, before it was READY again"
TEST = "tests/proof/test_processes.py"


def set_up(clinic: DemoClinic) -> None:
    for terminal in clinic.control("GET", "/terminals")["terminals"]:
        clinic.control("PUT", f"/terminals/{terminal['id']}", {"fresh_refuses": False})


def chapter(folder: Path, twin: str, kills: int, number: int) -> Tally:
    """One clinic with agents from a nursery of its own. A twin is judged after each story, and ends convicted."""
    first = ("tests.proof.twins_processes", twin) if twin else ()
    with Nursery() as nursery, NurseryClinic(nursery, first) as clinic:
        set_up(clinic)
        scratch = folder / f"chapter-{twin}-{number}"
        scratch.mkdir()
        played = Chapter(clinic, random.Random(SEED * 1_000 + number))
        if not twin:
            return played.play(kills, scratch)
        while played.tally.kills < kills and not played.tally.bad:
            played.play(played.tally.kills + 1, scratch)
        return played.tally


def keep(tally: Tally) -> None:
    record(TABLE, tally.kills, len(tally.bad))
    record(RECOVERING, tally.recovering, 0)


def told(tally: Tally) -> str:
    return "\n".join([*tally.bad[:20], replay(TEST, kills=tally.kills)])


@pytest.mark.parametrize("twin", TWINS)
def test_a_bad_twin_is_convicted(twin: str, tmp_path: Path) -> None:
    tally = chapter(tmp_path, twin, KILLS_OF_A_TWIN, 0)
    assert tally.bad, f"{twin} lived through {tally.kills} kills"
    record(TABLE, 0, 0, twin_convicted=[twin.replace("_", " ")])


def test_a_sigkill_at_any_moment_also_of_the_start_loses_doubles_and_misreports_nothing(tmp_path: Path) -> None:
    tally = Tally()
    with ThreadPoolExecutor(os.cpu_count() if SOAK > 1 else 1) as pool:
        for played in pool.map(partial(chapter, tmp_path, "", KILLS_A_CHAPTER), range(CHAPTERS)):
            keep(played)
            tally.add(played)
    assert not tally.bad, told(tally)
    assert tally.recovering > tally.kills // 4


def test_the_same_with_agents_that_are_started_as_a_box_starts_them(tmp_path: Path) -> None:
    with DemoClinic(virtual=True) as clinic:
        set_up(clinic)
        tally = Chapter(clinic, random.Random(SEED)).play(KILLS_OF_STARTED_ONES, tmp_path)
    keep(tally)
    assert not tally.bad, told(tally)
