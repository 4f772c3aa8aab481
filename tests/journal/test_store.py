"""The one thread: nothing handed over is lost, a failing disk ends the journal, room is kept for results."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from edgepos.clock import VirtualLoop
from edgepos.domain.errors import Wrong
from edgepos.domain.operation import State
from edgepos.journal import JournalBroken, JournalDamaged, files
from edgepos.journal.files import MEGABYTE, Reserve

from .clinic import Clinic, line, purchase
from .disk import NAME, FailingDisk, failing_disk

# --- the thread


async def test_a_cancelled_awaiter_loses_nothing(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000, line(1, 8000)))
    heard: list[str] = []
    clinic.journal.subscribe(lambda events: heard.extend(event.kind for event in events))
    task = asyncio.create_task(clinic.journal.decided(sent.id, clinic.approved(8000)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await clinic.journal.operation(sent.id)).state is State.APPROVED
    assert heard == ["operation.decided"]


async def test_what_was_handed_over_before_the_end_is_carried_out(clinic: Clinic) -> None:
    tasks = [asyncio.create_task(clinic.journal.stopped(str(number))) for number in range(5)]
    await asyncio.sleep(0)
    await clinic.journal.close()
    await asyncio.gather(*tasks)
    journal = await clinic.open()
    assert journal.head[0] == 6


async def test_a_cancelled_awaiter_of_a_refusal_is_no_error_of_the_loop(clinic: Clinic) -> None:
    task = asyncio.create_task(clinic.journal.operation("E"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await clinic.journal.open_findings()


async def test_a_subscriber_hears_each_commit_once_and_a_repeat_never(clinic: Clinic) -> None:
    heard: list[int] = []
    end = clinic.journal.subscribe(lambda events: heard.extend(event.seq for event in events))
    await clinic.journal.intend(purchase(100, key="k"))
    await clinic.journal.intend(purchase(100, key="k"))
    end()
    await clinic.journal.stopped("x")
    assert heard == [2]


def test_virtual_time_stands_while_the_thread_works(tmp_path: Path) -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        clinic = Clinic(tmp_path / "state")
        began = loop.time()
        async with asyncio.timeout(1):
            await clinic.open()
            for number in range(20):
                await clinic.pay(purchase(100, line(1, 100, str(number))))
            await clinic.journal.close()
        return loop.time() - began

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()) == 0


# --- a failing disk


@pytest.mark.parametrize("code", [apsw.IOError, apsw.FullError])
async def test_a_disk_error_at_any_write_of_a_commit_ends_the_journal_and_loses_nothing_before(
    tmp_path: Path, code: type[apsw.Error]
) -> None:
    with failing_disk() as disk:
        for fail_at in range(1, 40):
            clinic = Clinic(tmp_path / f"{fail_at}")
            await clinic.open(vfs=NAME)
            sent = await clinic.send(purchase(8000, line(1, 8000)))
            if not await break_at(disk, fail_at, code, clinic, sent.id):
                break
            disk.fail_at = 0
            journal = await clinic.open(vfs=NAME)
            state = (await journal.operation(sent.id)).state
            assert state in (State.SENT, State.APPROVED)
            assert len(await journal.queued()) == (state is State.APPROVED)
            assert (await journal.verify()).ok
            await journal.close()
        assert fail_at > 3, "the commit has several writes and a sync"


async def break_at(disk: FailingDisk, fail_at: int, code: type[apsw.Error], clinic: Clinic, id: str) -> bool:
    """Whether the commit of the result met the failing write; then the journal has to refuse all that follows."""
    disk.count, disk.fail_at, disk.code = 0, fail_at, code
    try:
        await clinic.journal.decided(id, clinic.approved(8000))
    except JournalBroken:
        for again in (
            clinic.journal.operation(id),
            clinic.journal.stopped("x"),
            clinic.journal.decided(id, clinic.approved(8000)),
        ):
            with pytest.raises(JournalBroken):
                await again
        await clinic.journal.close()
        return True
    disk.fail_at = 0
    await clinic.journal.close()
    return False


async def test_a_disk_that_fails_at_the_very_end_is_said_and_loses_nothing(tmp_path: Path) -> None:
    with failing_disk() as disk:
        clinic = Clinic(tmp_path)
        await clinic.open(vfs=NAME)
        payment = await clinic.pay(purchase(8000, line(1, 8000)))
        disk.count, disk.fail_at = 0, 1
        with pytest.raises(JournalBroken):
            await clinic.journal.close()
        disk.fail_at = 0
        journal = await clinic.open(vfs=NAME)
        assert (await journal.operation(payment.id)).state is State.APPROVED
        await journal.close()


async def test_a_disk_that_fails_while_a_journal_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    with failing_disk() as disk:
        for fail_at in range(1, 200):
            clinic = Clinic(tmp_path / f"{fail_at}")
            disk.count, disk.fail_at = 0, fail_at
            try:
                await clinic.open(vfs=NAME)
            except (JournalBroken, JournalDamaged):
                disk.fail_at = 0
                await clinic.open(vfs=NAME)
                assert clinic.journal.head[0] == 1
                await clinic.journal.close()
            else:
                disk.fail_at = 0
                await clinic.journal.close()
                break
        assert fail_at > 5


# --- room


async def test_the_reserve_is_given_up_for_a_result_on_a_full_disk(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:  # FC-26
    reserve = clinic.folder / "reserve"
    assert reserve.stat().st_size == MEGABYTE
    assert reserve.stat().st_blocks * 512 >= MEGABYTE
    sent = await clinic.send(purchase(8000))
    free = 0
    monkeypatch.setattr(clinic.journal._reserve, "_free", lambda folder: free)
    assert clinic.journal.free_mb == 0
    await clinic.journal.decided(sent.id, clinic.approved(8000))
    assert not reserve.exists()
    assert not clinic.journal.keep_reserve()
    await clinic.pay(purchase(100))
    free = 50 * MEGABYTE
    assert clinic.journal.keep_reserve()
    assert clinic.journal.keep_reserve()
    assert reserve.exists()


def test_a_reserve_for_which_the_room_went_meanwhile_is_not_kept_by_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "posix_fallocate", full)
    assert not Reserve(tmp_path, 1).keep()
    assert list(tmp_path.iterdir()) == []


def test_on_a_full_disk_the_lock_is_held_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(number: int) -> object:
        def write(*_: object) -> None:
            raise OSError(number, "disk")

        return write

    monkeypatch.setattr(files.os, "pwrite", fail(28))
    lock = files.Lock(tmp_path)
    lock.release()
    lock.release()
    monkeypatch.setattr(files.os, "pwrite", fail(5))
    with pytest.raises(OSError, match="disk"):
        files.Lock(tmp_path)
    monkeypatch.undo()
    files.Lock(tmp_path).release()


# --- read-only questions


async def test_a_question_gets_columns_and_rows(clinic: Clinic) -> None:
    await clinic.pay(purchase(100))
    answer = await clinic.journal.sql("SELECT id, state FROM operation")
    assert (answer.columns, answer.rows[0][1], answer.is_cut) == (("id", "state"), "approved", False)
    assert (await clinic.journal.sql("SELECT 1 AS one WHERE 0")).columns == ("one",)
    many = await clinic.journal.sql(
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 1500) SELECT x FROM n"
    )
    assert (len(many.rows), many.is_cut) == (1000, True)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM event",
        "UPDATE operation SET state = 'approved'",
        "INSERT INTO meta VALUES ('x', 'y')",
        "DROP TABLE event",
        "PRAGMA synchronous = OFF",
        "ATTACH 'x.db' AS x",
        "BEGIN",
        "SELECT 1; DELETE FROM event",
        "SELEKT",
        "SELECT :x",
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    ],
)
async def test_a_question_that_writes_or_never_ends_is_wrong(clinic: Clinic, query: str) -> None:
    with pytest.raises(Wrong) as caught:
        await clinic.journal.sql(query)
    assert caught.value.facts["why"] == "sql"
    await clinic.pay(purchase(100))
    assert (await clinic.journal.verify()).ok
