"""The disk fails, or is full, at each write, sync, truncation and removal of a day, once and for good.

What becomes of the commit that met it is not known: the journal takes and tells nothing more. Opened again it stands as
before that commit or as after it, and holds all that was ever reported, also when the power goes right after: a failed
sync leaves data that is read from memory and is not on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw
import pytest
from journal.clinic import RECEPTION, Clinic, line, purchase

from edgepos.domain.errors import EdgeposError
from edgepos.domain.operation import State
from edgepos.journal import JournalBroken, JournalDamaged
from edgepos.journal.opening import open_database

from . import twins
from .busy_day import STAMP, Witness, digest
from .disk import Disk, Fault, Remains, free_in, lay, recorded_disk
from .figures import SEED, record, replay

TEST = "tests/proof/test_disk_trouble.py"
FAILING = (Fault(0, apsw.IOError), Fault(0, apsw.FullError, kinds=frozenset({"write"})))
"""A disk tells that it is full when it is written to, and of a broken one at any step."""
ACTS_AFTER = 3
ENDS = (JournalBroken, EdgeposError, RuntimeError)
"""What a journal, or its twin, may answer from its fault on; RuntimeError is that of one that is closed."""


async def short_day(witness: Witness) -> None:
    """A few of each kind of write to the disk: a new journal, commits, a checkpoint, an end and a start."""
    await witness.open()
    await witness.day(3)
    await witness.clinic.journal.close()
    await witness.open()
    await witness.clinic.pay(purchase(5, line(1, 5, "900")))
    await witness.clinic.journal.close()


@dataclass
class Trouble:
    """Days with one fault each. *broken*: what went wrong beyond it, and how to see it again."""

    folder: Path
    expected: dict[int, str]
    faults: int = 0
    broken: list[str] = field(default_factory=list)

    def strike(self, fault: Fault) -> bool:
        """Whether the day had so many steps. The fault's day, the start after it, and two cuts of the power."""
        folder = self.folder / "struck"
        shutil.rmtree(folder, ignore_errors=True)
        with recorded_disk() as disk:
            disk.fault = fault
            witness = Witness(folder, random.Random(SEED), vfs=disk.name, on_commit=disk.reported)
            asyncio.run(troubled_day(witness))
            if not fault.hit:
                return False
            self.faults += 1
            remains = Remains()
            for op in disk.log:
                remains.follow(op)
        facts = {"at": fault.at, "hit": fault.hit, "code": fault.code.__name__, "for_good": fault.for_good}
        for number in range(2):
            after = self.folder / "after"
            after.mkdir(exist_ok=True)
            lay(remains.cut(random.Random(number)) if number else remains.everything(), after)
            if wrong := self._judge(after, witness, remains.reported):
                self.broken.append(replay(TEST, **facts, cut=number, wrong=wrong))
        return True

    def _judge(self, folder: Path, witness: Witness, reported: int) -> str:
        try:
            journal = open_database(folder, lambda: STAMP, box_id="0" * 16, version="after")
        except (JournalBroken, JournalDamaged) as error:
            return f"{error!r} after {reported} was reported"
        try:
            seq = journal.head[0]
            kept = dict(journal.connection.execute("SELECT seq, hash FROM event"))
            for event in witness.events[:reported]:
                if kept.get(event.seq) != event.hash:
                    return f"{event.kind} {event.seq} was reported, and is not in the journal of {seq} events"
            if seq > 1 and digest(journal.connection) != self.expected.get(seq):
                return f"{seq} events are neither what was before the failed commit nor what is after it"
            return ""
        finally:
            journal.close()


async def troubled_day(witness: Witness) -> None:
    """A day to the fault, and on: a journal that has met it refuses all that follows."""
    with contextlib.suppress(*ENDS):
        await short_day(witness)
    if not witness.events:
        return  # it was never opened
    for _ in range(ACTS_AFTER):
        with contextlib.suppress(*ENDS):
            await witness.day(1)
    with contextlib.suppress(*ENDS):
        await witness.clinic.journal.close()


def all_faults(trouble: Trouble) -> None:
    for failing in FAILING:
        for for_good in (False, True):
            at = 1
            while trouble.strike(replace(failing, at=at, for_good=for_good)):
                at += 1


def reference(folder: Path) -> dict[int, str]:
    """The same day on a disk without fault."""

    async def main() -> dict[int, str]:
        with recorded_disk() as disk:
            witness = Witness(folder, random.Random(SEED), vfs=disk.name, on_commit=disk.reported)
            await short_day(witness)
            return witness.expected()

    return asyncio.run(main())


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("short_log")
def test_a_fault_at_any_step_of_the_disk_ends_the_journal_and_loses_nothing_reported(memory: Path) -> None:
    expected = reference(memory / "reference")
    with pytest.MonkeyPatch.context() as patch:
        twins.goes_on_after_an_error(patch)
        twin = Trouble(memory / "twin", expected)
        for at in range(200, 240):
            twin.strike(Fault(at))
        assert any("was reported" in broken for broken in twin.broken), "the twin was not convicted"
    trouble = Trouble(memory / "real", expected)
    all_faults(trouble)
    record("I/O error, disk full", trouble.faults, len(trouble.broken), twin_convicted=["goes on after an I/O error"])
    assert not trouble.broken, f"{len(trouble.broken)} of {trouble.faults}; the first:\n{trouble.broken[0]}"


# --- a full disk, and room again


async def at_the_terminal_on_a_full_disk(disk: Disk, clinic: Clinic) -> str:
    """A payment is at the terminal; then somebody else takes all the room, the reserve's excepted."""
    await clinic.open(vfs=disk.name)
    sent = await clinic.send(purchase(8000, line(1, 8000)))
    used = -free_in(clinic.folder, 0)
    disk.full_at = (clinic.folder, used)
    clinic.journal._reserve._free = lambda folder: free_in(folder, used)  # statvfs sees the machine's disk
    return sent.id


async def _pay_until_the_reserve_is_used_up(clinic: Clinic) -> None:
    for number in range(1000):
        await clinic.pay(purchase(100, line(1, 100, f"n{number}")))


async def test_a_payment_on_the_terminal_is_recorded_on_a_full_disk_and_all_goes_on_with_room_again(
    memory: Path,
) -> None:  # FC-26
    with recorded_disk() as disk:
        clinic = Clinic(memory / "clinic")
        id = await at_the_terminal_on_a_full_disk(disk, clinic)
        paid = await clinic.journal.decided(id, clinic.approved(8000))
        assert paid.state is State.APPROVED
        assert not (clinic.folder / "reserve").exists()
        with pytest.raises(JournalBroken):
            await _pay_until_the_reserve_is_used_up(clinic)
        before = clinic.journal.head
        await clinic.journal.close()
        disk.full_at = None
        journal = await clinic.open(vfs=disk.name)
        assert journal.head[0] >= before[0]
        assert (await journal.verify(before)).ok
        assert (await journal.operation(id)).state is State.APPROVED
        for operation in await journal.open_operations():
            assert operation.terminal == RECEPTION
        assert (clinic.folder / "reserve").exists()
        await journal.close()


async def test_without_a_reserve_the_result_would_be_lost_to_a_full_disk(memory: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, recorded_disk() as disk:
        twins.keeps_no_reserve(patch)
        clinic = Clinic(memory / "clinic")
        id = await at_the_terminal_on_a_full_disk(disk, clinic)
        with pytest.raises(JournalBroken):
            await clinic.journal.decided(id, clinic.approved(8000))
        await clinic.journal.close()


async def test_a_start_on_a_full_disk_reads_what_is_there_and_waits_for_room(memory: Path) -> None:  # FC-26
    with recorded_disk() as disk:
        clinic = Clinic(memory / "clinic")
        id = await at_the_terminal_on_a_full_disk(disk, clinic)
        killed = memory / "killed"
        killed.mkdir()
        for path in clinic.folder.glob("journal.db*"):
            (killed / path.name).write_bytes(path.read_bytes())
        await clinic.journal.close()
        disk.full_at = (killed, -free_in(killed, 0))
        journal = open_database(killed, lambda: STAMP, box_id="0" * 16, version="full", vfs=disk.name)
        assert journal.connection.execute("SELECT state FROM operation WHERE id = ?", (id,)).get == "sent"
        journal.close()
