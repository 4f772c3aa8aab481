"""The power goes at any place of a busy day: nothing that was reported is missing, and nothing is there by half.

A day is recorded once, write by write, on a model of the disk (`disk.py`). Then the power is cut at places of that
record; what may remain on the disk is drawn, laid into a folder and opened by the journal's own code. It must be,
row for row, the journal as it stood after some commit, and after no earlier one than the last that was reported.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from edgepos.journal import JournalBroken, JournalDamaged
from edgepos.journal.opening import open_database
from edgepos.journal.verify import verify

from . import twins
from .busy_day import STAMP, Witness, digest
from .disk import Op, Remains, lay, recorded_disk
from .figures import SEED, SOAK, record, replay

CUTS = 10_000 * SOAK
DAYS = 5 * SOAK
ACTS = 14
TWIN_CUTS = 3_000
KILLS = 300 * SOAK
CUTS_A_KILL = 4
TEST = "tests/proof/test_power_cut.py"


@dataclass
class Day:
    """What one day did to the disk, and what its journal must hold after each commit."""

    seed: int
    log: list[Op]
    expected: dict[int, str]


def recorded_day(seed: int, folder: Path) -> Day:
    async def main() -> Day:
        with recorded_disk() as disk:
            witness = Witness(folder, random.Random(seed), vfs=disk.name, on_commit=disk.reported)
            await witness.open()
            await witness.day(ACTS)
            await witness.clinic.journal.close()
            return Day(seed, disk.log, witness.expected())

    return asyncio.run(main())


class Cutter:
    """Cuts days and judges what is left. *broken* says of each broken promise what it was and how to see it again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cuts = folder, 0
        self.broken: list[str] = []
        self._verified: set[str] = set()
        folder.mkdir()

    def cut_day(self, day: Day, cuts: int, *, is_twin: bool = False) -> None:
        """*cuts* of them, spread evenly over the day. A twin's day ends when it is convicted."""
        places = sorted(random.Random(day.seed).choices(range(len(day.log)), k=cuts))
        remains, done = Remains(), 0
        for number, place in enumerate(places):
            for op in day.log[done : place + 1]:
                remains.follow(op)
            done = place + 1
            lay(remains.cut(random.Random(f"{day.seed}.{number}")), self.folder)
            self.cuts += 1
            if wrong := self.judge(day, remains.reported):
                self.broken.append(replay(TEST, day=day.seed, cut=number, place=place, wrong=wrong))
                if is_twin:
                    return

    def kill_and_cut_day(self, day: Day, kills: int, *, is_twin: bool = False) -> None:
        """The process is killed, a new one opens the journal and tells what it reads there: then the power goes."""
        places = sorted(random.Random(day.seed).choices(range(len(day.log)), k=kills))
        remains, done = Remains(), 0
        for number, place in enumerate(places):
            for op in day.log[done : place + 1]:
                remains.follow(op)
            done = place + 1
            after = deepcopy(remains)
            lay(after.everything(), self.folder)
            for op in self._opened(after):
                after.follow(op)
            for again in range(CUTS_A_KILL):
                lay(after.cut(random.Random(f"{day.seed}.{number}.{again}")), self.folder)
                self.cuts += 1
                if wrong := self.judge(day, after.reported):
                    facts = {"day": day.seed, "kill": number, "cut": again, "place": place, "wrong": wrong}
                    self.broken.append(replay(TEST, **facts))
                    if is_twin:
                        return

    def _opened(self, after: Remains) -> list[Op]:
        """What opening the journal in the folder does to the disk, ending with the report of what was read."""
        with recorded_disk(after) as disk:
            journal = open_database(self.folder, lambda: STAMP, box_id="0" * 16, version="killed", vfs=disk.name)
            if journal.head[0] > 1:  # else it is a new one, which this process has begun
                disk.reported(journal.head[0])
            opened = list(disk.log)
            journal.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # it ends as a killed one does
            journal.close()
            return opened

    def judge(self, day: Day, reported: int) -> str:
        """What is wrong with the journal in the folder; empty if nothing is."""
        try:
            journal = open_database(self.folder, lambda: STAMP, box_id="0" * 16, version="after")
        except (JournalBroken, JournalDamaged) as error:
            return f"{error!r} after {reported} was reported"
        try:
            seq, found = journal.head[0], digest(journal.connection)
            if reported == 0 and seq == 1:
                return ""  # the power went before there was a journal: a new one was begun
            if seq < reported:
                return f"{reported} was reported, {seq} is the last one there"
            if found != day.expected.get(seq):
                return f"the journal of event {seq} is not what its commits made"
            if found not in self._verified and (problems := verify(journal.connection).problems):
                return f"verify: {problems}"
            self._verified.add(found)
            return ""
        finally:
            journal.close()


def cut_days(memory: Path, days: int, cuts: int) -> Cutter:
    cutter = Cutter(memory / "after")
    for number in range(days):
        day = recorded_day(SEED * 1000 + number, memory / f"day-{number}")
        cutter.cut_day(day, cuts // days)
    return cutter


TWINS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "synchronous=NORMAL": twins.synchronous_normal,
    "reports before the commit": twins.reports_before_commit,
}


@pytest.mark.timeout(900 * SOAK)
@pytest.mark.usefixtures("short_log")
def test_no_power_cut_loses_what_was_reported_or_leaves_anything_by_half(memory: Path) -> None:
    convicted = []
    for name, twin in TWINS.items():
        with pytest.MonkeyPatch.context() as patch:
            twin(patch)
            days = [recorded_day(SEED * 1000 + number, memory / f"twin-{len(convicted)}-{number}") for number in (0, 1)]
        cutter = Cutter(memory / f"after-twin-{len(convicted)}")
        for day in days:
            cutter.cut_day(day, TWIN_CUTS, is_twin=True)
        assert cutter.broken, f"{name} was not convicted"
        convicted.append(name)
    cutter = cut_days(memory, DAYS, CUTS)
    record("power cut", cutter.cuts, len(cutter.broken), twin_convicted=convicted)
    assert cutter.cuts >= CUTS
    assert not cutter.broken, f"{len(cutter.broken)} of {cutter.cuts}; the first:\n{cutter.broken[0]}"


@pytest.mark.timeout(600 * SOAK)
@pytest.mark.usefixtures("short_log")
def test_what_a_start_after_a_kill_reads_is_as_durable_as_what_was_committed(memory: Path) -> None:
    cutter = Cutter(memory / "after")
    for number in range(3 * SOAK):
        day = recorded_day(SEED * 1000 + 500 + number, memory / f"day-{number}")
        cutter.kill_and_cut_day(day, KILLS // 3 // SOAK)
    record("kill, start, power cut", cutter.cuts, len(cutter.broken))
    assert not cutter.broken, f"{len(cutter.broken)} of {cutter.cuts}; the first:\n{cutter.broken[0]}"
