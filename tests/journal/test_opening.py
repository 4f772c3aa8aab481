"""Opening: one opener, the right version, every setting in force, and nothing touched that is not ours."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from edgepos.domain.errors import Refused
from edgepos.domain.operation import State
from edgepos.journal import Journal, JournalDamaged, JournalLocked, JournalNewer, JournalOlder, opening, verify
from edgepos.journal.database import PRAGMAS, Database
from edgepos.journal.schema import APPLICATION_ID, MIGRATIONS

from .clinic import Clinic, line, purchase

SECOND = (*MIGRATIONS, "ALTER TABLE meta ADD COLUMN note TEXT")


def prints(folder: Path) -> dict[str, str]:
    """What each file of *folder* holds, but for the lock, which names its last holder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name not in ("journal.lock", "reserve") and path.is_file()
    }


def change(path: Path, *statements: str) -> None:
    """Change a closed journal behind its back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def open_plain(folder: Path, migrations: tuple[str, ...] = MIGRATIONS) -> Database:
    return opening.open_database(
        folder, lambda: ("2026-11-25T08:00:00.000Z", "b"), box_id="0" * 16, version="1", migrations=migrations
    )


async def test_a_new_journal_is_private_and_says_what_it_is(clinic: Clinic) -> None:
    assert stat.S_IMODE(clinic.folder.stat().st_mode) == 0o700
    for path in clinic.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    await clinic.journal.close()
    connection = sqlite3.connect(clinic.folder / "journal.db")
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    kinds = [row[0] for row in connection.execute("SELECT kind FROM event")]
    assert kinds == ["journal.created"]
    connection.close()


async def test_it_is_the_same_box_after_a_restart(clinic: Clinic) -> None:
    box_id, tag, head = clinic.journal.box_id, clinic.journal.tag, clinic.journal.head
    journal = await clinic.restart()
    assert (journal.box_id, journal.tag, journal.head, journal.tags) == (box_id, tag, head, {tag})


async def test_every_setting_is_in_force(clinic: Clinic) -> None:
    connection = clinic.journal._database.connection
    for name, (_, expected) in PRAGMAS.items():
        assert connection.pragma(name) == expected
    assert connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1) == 1
    assert not (clinic.folder / "journal.db-shm").exists(), "no second process can join"


def test_a_setting_that_does_not_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRAGMAS, "synchronous", ("FULL", 3))  # type: ignore[attr-defined]
    with pytest.raises(JournalDamaged, match="synchronous"):
        open_plain(tmp_path)


# --- one opener


async def test_a_second_opener_is_told_who_the_first_is(clinic: Clinic) -> None:
    with pytest.raises(JournalLocked) as caught:
        await Journal.open(clinic.folder, clock=clinic.clock, chance=clinic.dice, version="1")
    assert caught.value.pid == os.getpid()
    await clinic.journal.intend(purchase(100))


async def test_a_lock_without_a_readable_holder_still_holds(clinic: Clinic) -> None:
    os.truncate(clinic.folder / "journal.lock", 0)
    with pytest.raises(JournalLocked) as caught:
        await Journal.open(clinic.folder, clock=clinic.clock, chance=clinic.dice, version="1")
    assert caught.value.pid == 0


async def test_many_openers_at_once_are_one(tmp_path: Path) -> None:
    clinics = [Clinic(tmp_path / "state") for _ in range(8)]
    opened = await asyncio.gather(*(clinic.open() for clinic in clinics), return_exceptions=True)
    journals = [one for one in opened if isinstance(one, Journal)]
    assert len(journals) == 1
    assert sum(isinstance(one, JournalLocked) for one in opened) == 7
    await journals[0].close()


async def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("kept")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        await Clinic(tmp_path / "state").open()
    assert target.read_text() == "kept"


# --- versions


async def test_a_newer_journal_is_not_touched(clinic: Clinic) -> None:  # FC-25
    await clinic.pay(purchase(8000, line(1, 8000)))
    await clinic.journal.close()
    change(clinic.folder / "journal.db", f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = prints(clinic.folder)
    with pytest.raises(JournalNewer) as caught:
        await clinic.open()
    assert (caught.value.found, caught.value.known) == (len(MIGRATIONS) + 1, len(MIGRATIONS))
    assert prints(clinic.folder) == before
    change(clinic.folder / "journal.db", f"PRAGMA user_version = {len(MIGRATIONS)}")
    await clinic.open()


def test_a_newer_version_that_is_only_in_the_log_is_seen_and_not_touched(tmp_path: Path) -> None:
    code = (
        "import apsw, os, sys\n"
        "c = apsw.Connection(sys.argv[1]); c.pragma('locking_mode', 'EXCLUSIVE'); c.pragma('journal_mode', 'WAL')\n"
        f"c.execute('CREATE TABLE t (x)'); c.pragma('application_id', {APPLICATION_ID}); c.pragma('user_version', 1)\n"
        "c.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE); c.pragma('user_version', 99); os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "journal.db")], check=False)
    before = prints(tmp_path)
    assert before.keys() == {"journal.db", "journal.db-wal"}
    with pytest.raises(JournalNewer):
        open_plain(tmp_path)
    assert prints(tmp_path) == before


def test_an_older_journal_is_brought_up_after_a_checked_copy(tmp_path: Path) -> None:
    open_plain(tmp_path).close()
    database = open_plain(tmp_path, SECOND)
    assert database.connection.pragma("user_version") == 2
    database.close()
    (copy,) = (tmp_path / "backups").iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.name.startswith(f"journal-{'0' * 16}-1-")
    connection = apsw.Connection(str(copy))
    assert (connection.pragma("user_version"), verify.verify(connection).ok) == (1, True)
    connection.close()
    with pytest.raises(JournalNewer):
        open_plain(tmp_path)


async def test_an_older_journal_with_an_open_payment_is_left_as_it_is(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000))
    await clinic.journal.close()
    before = prints(clinic.folder)
    with pytest.raises(JournalOlder) as caught:
        open_plain(clinic.folder, SECOND)
    assert caught.value.facts["payments"] == [sent.id]
    assert prints(clinic.folder)["journal.db"] == before["journal.db"]
    await clinic.open()


def test_an_older_journal_that_is_damaged_is_not_brought_up(tmp_path: Path) -> None:
    open_plain(tmp_path).close()
    change(tmp_path / "journal.db", "DROP TRIGGER event_is_never_changed", "UPDATE event SET at = 'x'")
    with pytest.raises(JournalDamaged):
        open_plain(tmp_path, SECOND)
    assert list((tmp_path / "backups").iterdir()) == []
    assert sqlite3.connect(tmp_path / "journal.db").execute("PRAGMA user_version").fetchone() == (1,)


# --- what is no journal


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.db").write_bytes(content)
    with pytest.raises(JournalDamaged):
        await Clinic(tmp_path).open()
    assert (tmp_path / "journal.db").read_bytes() == content


async def test_another_database_in_its_place_is_refused_and_kept(tmp_path: Path) -> None:
    change(tmp_path / "journal.db", "CREATE TABLE other (x)")
    before = prints(tmp_path)
    with pytest.raises(JournalDamaged, match="no journal"):
        await Clinic(tmp_path).open()
    assert prints(tmp_path) == before


@pytest.mark.parametrize("is_wal", [False, True])
async def test_a_journal_that_never_got_its_first_event_is_made(tmp_path: Path, is_wal: bool) -> None:
    clinic = Clinic(tmp_path)
    (tmp_path / "journal.db").touch()
    if is_wal:
        change(tmp_path / "journal.db", "PRAGMA journal_mode = WAL")
    journal = await clinic.open()
    assert journal.head[0] == 1
    await journal.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER event_is_never_removed",
        "DROP INDEX one_open_a_terminal",
        "CREATE TRIGGER spy AFTER INSERT ON event BEGIN DELETE FROM checkpoint; END",
    ],
)
async def test_a_schema_that_was_changed_is_refused(clinic: Clinic, statement: str) -> None:
    await clinic.journal.close()
    change(clinic.folder / "journal.db", statement)
    with pytest.raises(JournalDamaged, match="schema"):
        await clinic.open()


# --- checkpoints


async def test_a_start_checks_the_chain_since_its_checkpoint(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "CHECKPOINT_EVENTS", 5)
    for _ in range(4):
        await clinic.journal.stopped("x")
    await clinic.restart()
    checkpoint = await clinic.journal.sql("SELECT seq FROM checkpoint")
    assert checkpoint.rows == ((5,),)
    checked: list[int] = []
    real = verify.chain_problem
    monkeypatch.setattr(
        verify,
        "chain_problem",
        lambda connection, after, known: (checked.append(after), real(connection, after, known))[1],
    )
    await clinic.restart()
    assert checked == [5]


async def test_an_event_before_the_checkpoint_that_was_exchanged_is_found(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "CHECKPOINT_EVENTS", 1)
    await clinic.restart()
    await clinic.journal.close()
    change(clinic.folder / "journal.db", "UPDATE checkpoint SET hash = zeroblob(32)")
    with pytest.raises(JournalDamaged, match="checked before"):
        await clinic.open()


async def test_an_event_after_the_checkpoint_that_was_changed_is_found(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000))
    await clinic.journal.close()
    path = clinic.folder / "journal.db"
    trigger = (
        sqlite3.connect(path).execute("SELECT sql FROM sqlite_schema WHERE name = 'event_is_never_changed'").fetchone()
    )
    change(
        path, "DROP TRIGGER event_is_never_changed", "UPDATE event SET body = replace(body, '8000', '8001')", *trigger
    )
    with pytest.raises(JournalDamaged, match="event 2 is not what was written"):
        await clinic.open()


# --- a power cut: the process is killed between commits

STEPS = ("intended", "sent", "unknown", "decided", "acknowledged")
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from journal.clinic import Clinic, line, purchase

async def main(folder, step):
    clinic = Clinic(Path(folder))
    journal = await clinic.open()
    def die(events):
        if events[-1].kind.endswith("." + step):
            os.kill(os.getpid(), signal.SIGKILL)
    journal.subscribe(die)
    operation, _ = await journal.intend(purchase(8000, line(1, 8000)))
    await journal.sent(operation.id, None)
    await journal.unknown(operation.id, "no-answer", {})
    await journal.decided(operation.id, clinic.approved(8000))
    await journal.acknowledged(operation.id + ".1", "901", "post")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("step", STEPS)
async def test_a_kill_after_each_commit_leaves_just_that_commit(tmp_path: Path, step: str) -> None:
    tests = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": f"{tests}:{tests.parent}"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path / "state"), step, env=environment
    )
    assert await process.wait() == -9
    clinic = Clinic(tmp_path / "state")
    journal = await clinic.open()
    (operation,) = await journal.operations()
    assert operation.state is {
        "intended": State.INTENDED, "sent": State.SENT, "unknown": State.UNKNOWN,
    }.get(step, State.APPROVED)  # fmt: skip
    assert [row.state for row in await journal.outbox()] == {
        "decided": ["queued"],
        "acknowledged": ["acknowledged"],
    }.get(step, [])
    assert (await journal.verify()).ok
    await journal.close()


async def test_a_closed_journal_takes_nothing(clinic: Clinic) -> None:
    await clinic.journal.close()
    with pytest.raises(RuntimeError, match="closed"):
        await clinic.journal.intend(purchase(100))
    await clinic.journal.close()
    await clinic.open()


def test_journal_errors_are_refusals_with_their_code() -> None:
    assert isinstance(JournalNewer(2, 1), Refused)
    assert JournalNewer(2, 1).facts == {"found": 2, "known": 1}
