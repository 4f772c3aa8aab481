"""Copies: checked, named by their head, and brought back as another box that trusts nothing it was in the middle of."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from edgepos.domain.errors import Refused
from edgepos.domain.operation import State
from edgepos.journal import JournalDamaged, JournalLocked, JournalNewer, copies, restore
from edgepos.journal.schema import MIGRATIONS

from .clinic import RECEPTION, SURGERY, Clinic, line, names, purchase
from .test_opening import change, prints


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    folder = tmp_path / "usb"
    folder.mkdir()
    return folder


async def test_a_copy_is_one_file_named_by_box_sequence_and_head(clinic: Clinic, backups: Path) -> None:
    await clinic.pay(purchase(8000, line(1, 8000)))
    seq, head = clinic.journal.head
    made = await clinic.journal.backup(backups)
    assert made.path.name == f"journal-{clinic.journal.box_id}-{seq}-{head[:12]}.db"
    size, mode = made.path.stat().st_size, made.path.stat().st_mode
    assert (made.seq, made.head, made.bytes, mode & 0o777) == (seq, head, size, 0o600)
    assert names(backups) == [made.path.name]
    last = await clinic.journal.sql("SELECT kind, subject FROM event ORDER BY seq DESC LIMIT 1")
    assert last.rows == (("backup.made", made.path.name),)


async def test_payments_go_on_while_the_copy_is_made_and_are_in_it(
    clinic: Clinic, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "PAGES_A_STEP", 1)
    copying = asyncio.create_task(clinic.journal.backup(backups))
    for number in range(5):
        await clinic.pay(purchase(100, line(1, 100, str(number))))
    made = await copying
    assert made.seq > 1
    assert (await clinic.journal.verify()).ok


async def test_a_folder_that_is_not_there_is_said(clinic: Clinic, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        await clinic.journal.backup(tmp_path / "nowhere")
    assert caught.value.code == "backup-failed"
    await clinic.pay(purchase(100))


# --- restore


async def moved_on(clinic: Clinic, backups: Path) -> Path:
    """A copy with one intended, one sent and one approved; after it the journal went on."""
    await clinic.pay(purchase(8000, line(1, 8000)))
    await clinic.send(purchase(200))
    await clinic.journal.intend(purchase(300, terminal=SURGERY))
    copy = (await clinic.journal.backup(backups)).path
    await clinic.journal.stopped("lost")
    await clinic.journal.close()
    return copy


async def test_a_restored_journal_is_another_box_with_all_open_unknown_and_all_held(
    clinic: Clinic, backups: Path
) -> None:
    copy = await moved_on(clinic, backups)
    old_box, old_tag = clinic.journal.box_id, clinic.journal.tag
    await restore(copy, clinic.folder, clock=clinic.clock, chance=clinic.dice)
    journal = await clinic.open()
    assert journal.box_id != old_box
    assert journal.tags == {journal.tag, old_tag}
    assert [one.state for one in await journal.open_operations()] == [State.UNKNOWN, State.UNKNOWN]
    assert {one.id: one.held for one in await journal.terminals()} == {RECEPTION: "restored", SURGERY: "restored"}
    with pytest.raises(Refused) as caught:
        await journal.intend(purchase(1))
    assert caught.value.code == "terminal-held"
    assert (await journal.verify()).ok
    assert [path.name for path in clinic.folder.glob("journal-replaced-*")] == ["journal-replaced-1.db"]


async def test_a_restore_twice_keeps_both_old_journals(clinic: Clinic, backups: Path) -> None:
    copy = await moved_on(clinic, backups)
    for _ in range(2):
        await restore(copy, clinic.folder, clock=clinic.clock, chance=clinic.dice)
    assert len(list(clinic.folder.glob("journal-replaced-*.db"))) == 2
    journal = await clinic.open()
    assert len(journal.tags) == 2


async def test_a_restore_into_an_empty_folder(clinic: Clinic, backups: Path, tmp_path: Path) -> None:
    copy = await moved_on(clinic, backups)
    other = Clinic(tmp_path / "new box")
    await restore(copy, other.folder, clock=other.clock, chance=other.dice)
    journal = await other.open()
    assert (await journal.verify()).ok
    await journal.close()


@pytest.mark.parametrize("step", range(5))
async def test_a_restore_cut_off_at_any_step_is_finished_by_the_next_start(
    clinic: Clinic, backups: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    copy = await moved_on(clinic, backups)
    (clinic.folder / "journal.db-wal").write_bytes(b"the old log must never meet the new journal")
    real, calls = Path.rename, 0

    def cut(path: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls > step:
            raise KeyboardInterrupt
        return real(path, target)

    monkeypatch.setattr(Path, "rename", cut)
    with pytest.raises(KeyboardInterrupt) if step < 4 else pytest.MonkeyPatch.context():
        await restore(copy, clinic.folder, clock=clinic.clock, chance=clinic.dice)
    monkeypatch.undo()
    if step == 0:  # it was not ready yet: the old journal is whole
        (clinic.folder / "journal.db-wal").unlink()
    journal = await clinic.open()
    assert (len(journal.tags) == 2) is (step > 0)
    assert (await journal.verify()).ok


async def test_what_must_not_be_restored_changes_nothing(clinic: Clinic, backups: Path, tmp_path: Path) -> None:
    copy = await moved_on(clinic, backups)
    before = prints(clinic.folder)
    newer = tmp_path / "newer.db"
    newer.write_bytes(copy.read_bytes())
    change(newer, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    renamed = copy.with_name(
        copy.name.replace("-12-", "-13-") if "-12-" in copy.name else f"journal-{'0' * 16}-99-{'0' * 12}.db"
    )
    renamed.write_bytes(copy.read_bytes())
    torn = tmp_path / "torn.db"
    torn.write_bytes(copy.read_bytes()[:40000])
    for wrong, error in (
        (newer, JournalNewer),
        (renamed, JournalDamaged),
        (torn, JournalDamaged),
        (tmp_path / "none", JournalDamaged),
    ):
        with pytest.raises(error):
            await restore(wrong, clinic.folder, clock=clinic.clock, chance=clinic.dice)
    assert prints(clinic.folder) == before


async def test_nothing_is_restored_under_a_running_agent(clinic: Clinic, backups: Path) -> None:
    made = await clinic.journal.backup(backups)
    with pytest.raises(JournalLocked):
        await restore(made.path, clinic.folder, clock=clinic.clock, chance=clinic.dice)
    await clinic.pay(purchase(100))


def test_a_copy_of_nothing_is_no_copy(tmp_path: Path) -> None:
    source = apsw.Connection(":memory:")
    for _ in copies.copy_steps(source, tmp_path / "x.part"):
        pass
    with pytest.raises(JournalDamaged):
        copies.finish_copy(tmp_path / "x.part", tmp_path)
    assert list(tmp_path.iterdir()) == []
