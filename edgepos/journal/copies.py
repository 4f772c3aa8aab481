"""Copies of the journal: made by SQLite's backup API while the agent works, checked before they get their name.

A copy is one plain file, `journal-BOX-SEQ-HEAD.db`: its name says up to which event it goes, so that a journal that
lost its end can be told from a whole one. `restore` brings a copy back as another box, since the old one may live on.
Restoring is safe against a power cut: the new journal lies ready beside the old one, and whoever opens the folder next
finishes the exchange.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import apsw

from edgepos.journal import record_queries
from edgepos.journal.database import Database, Tx, check_version, read_version
from edgepos.journal.files import DATABASE, sync_folder
from edgepos.journal.notes import append_held
from edgepos.journal.schema import MIGRATIONS
from edgepos.journal.values import BackupMade, JournalDamaged, VerifyReport
from edgepos.journal.verify import verify

PAGES_A_STEP = 256
READY = "journal.restored.db"
REPLACED = "journal-replaced"
NAME = re.compile(r"journal-[0-9a-f]{16}-(\d+)-([0-9a-f]{12})\.db")


def copy_steps(source: apsw.Connection, target: Path) -> Generator[None, None, None]:
    """Copy *source* to the new file *target*, a megabyte at each step, so that others get their turn in between.

    What is written between the steps by the same connection is in the copy too. Raises apsw.Error.
    """
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    connection = apsw.Connection(str(target))
    try:
        with connection.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(PAGES_A_STEP)
                yield
        connection.pragma("journal_mode", "DELETE")  # one file, with nothing beside it
    finally:
        connection.close()


def finish_copy(unfinished: Path, folder: Path, migrations: Sequence[str] = MIGRATIONS) -> BackupMade:
    """Check a copy, make it durable, and give it its name in *folder*. Raises JournalDamaged: then it is gone."""
    try:
        connection = apsw.Connection(str(unfinished), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            report = verify(connection, migrations=migrations)
            box = connection.execute("SELECT value FROM meta WHERE key = 'box_id'").get if report.ok else ""
        finally:
            connection.close()
        if not report.ok:
            raise JournalDamaged("; ".join(report.problems))
    except JournalDamaged:
        unfinished.unlink(missing_ok=True)
        raise
    path = folder / f"journal-{box}-{report.seq}-{report.head[:12]}.db"
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(path)
    sync_folder(folder)
    return BackupMade(path=path, seq=report.seq, head=report.head, bytes=path.stat().st_size)


def verify_copy(copy: Path, *, replays: bool = True) -> VerifyReport:
    """What a copy holds, and whether it is whole and what its name promises. Raises JournalNewer, JournalDamaged."""
    found = read_version(copy)
    if found is None:
        raise JournalDamaged(f"{copy.name} is empty or missing")
    check_version(found, len(MIGRATIONS))
    named = NAME.fullmatch(copy.name)
    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return verify(connection, (int(named[1]), named[2]) if named else None, replays=replays)
    finally:
        connection.close()


def check_copy(copy: Path) -> None:
    """Raises JournalNewer or JournalDamaged, also where the name promises another head than the file has."""
    report = verify_copy(copy)
    if not report.ok:
        raise JournalDamaged(f"{copy.name}: " + "; ".join(report.problems))


def prepare_restored(copy: Path, folder: Path, box_id: str, stamp: Callable[[], tuple[str, str]]) -> None:
    """Lay the journal that *copy* becomes ready in *folder*, whose lock the caller holds. Checked before."""
    unfinished = folder / (READY + ".part")
    source = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        for _ in copy_steps(source, unfinished):
            pass
    finally:
        source.close()
    connection = apsw.Connection(str(unfinished))
    connection.pragma("synchronous", "FULL")
    database = Database(connection, stamp)
    try:
        with database.transaction() as tx:
            append_restored(tx, box_id)
    finally:
        database.close()
    unfinished.rename(folder / READY)
    sync_folder(folder)


def append_restored(tx: Tx, box_id: str) -> None:
    """The copy becomes another box: all that was open is unknown, and no terminal is trusted until it caught up."""
    fields = {
        "from_box_id": record_queries.boxes(tx)[0],
        "from_seq": tx.seq,
        "from_head": tx.head[1].hex(),
        "box_id": box_id,
    }
    tx.append("journal.restored", box_id, fields)
    for terminal in record_queries.terminals(tx):
        append_held(tx, terminal.id, "restored")


def finish_restore(folder: Path) -> Path | None:
    """Put a journal that lies ready in the place of the old one, which is kept under another name.

    The caller holds the lock. Each step may be the last before a power cut, and doing all of it again is right.
    """
    ready = folder / READY
    if not ready.exists():
        return None
    number = len(list(folder.glob(f"{REPLACED}-*.db"))) + 1
    kept = folder / f"{REPLACED}-{number}.db"
    for end in ("-wal", ""):  # the database last: until it moved, the next start knows that it has to go on
        old = folder / (DATABASE + end)
        if old.exists():
            old.rename(folder / (kept.name + end))
    sync_folder(folder)
    ready.rename(folder / DATABASE)
    sync_folder(folder)
    return kept if kept.exists() else None
