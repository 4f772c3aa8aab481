"""From a folder to an open journal: finish a restore, look at the version, create or copy and migrate, check.

Nothing here touches a journal that a newer edgepos wrote. All of it blocks and runs in the journal's thread, with the
folder's lock held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import apsw

from edgepos.journal import copies, queries, verify
from edgepos.journal.database import Database, Tx, check_version, connect, migrate, read_version, told
from edgepos.journal.events import GENESIS
from edgepos.journal.files import DATABASE, private_folder, sync_folder
from edgepos.journal.schema import MIGRATIONS
from edgepos.journal.values import JournalOlder

BACKUPS = "backups"
CHECKPOINT_EVENTS = 1000
"""A checkpoint further back than this is renewed at a start; to check so many events takes some milliseconds."""

Stamp = Callable[[], tuple[str, str]]


def open_database(
    folder: Path,
    stamp: Stamp,
    *,
    box_id: str,
    version: str,
    vfs: str | None = None,
    migrations: Sequence[str] = MIGRATIONS,
) -> Database:
    """The journal of *folder*, made if there is none. *box_id* and *version* are for a new one.

    Raises JournalNewer, JournalOlder, JournalDamaged, JournalBroken.
    """
    copies.finish_restore(folder)
    path = folder / DATABASE
    found = read_version(path, vfs)
    if found is not None:
        check_version(found, len(migrations))
    with told(path.name):
        connection = connect(path, vfs)
        try:
            if found is None:
                _create(connection, stamp, box_id, version, migrations)
                sync_folder(folder)
            elif found < len(migrations):
                _bring_up(connection, folder, found, migrations)
            return _checked(connection, stamp, migrations)
        except BaseException:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # left as it is, to be looked at
            connection.close()
            raise


def _create(connection: apsw.Connection, stamp: Stamp, box_id: str, version: str, migrations: Sequence[str]) -> None:
    """Schema and first event are one transaction: there is a whole journal or none."""
    connection.execute("BEGIN IMMEDIATE")
    migrate(connection, 0, migrations)
    fields = {"box_id": box_id, "schema": len(migrations), "version": version}
    Tx(connection, stamp(), (0, GENESIS)).append("journal.created", box_id, fields)
    connection.execute("COMMIT")


def _bring_up(connection: apsw.Connection, folder: Path, found: int, migrations: Sequence[str]) -> None:
    """Migrate an older journal: only with nothing open in it, and only once a checked copy lies beside it."""
    rows = connection.execute(queries.OPEN_IDS).fetchall()
    if rows:
        raise JournalOlder(found, len(migrations), [str(row[0]) for row in rows])
    backups = private_folder(folder / BACKUPS)
    unfinished = backups / "migration.part"
    for _ in copies.copy_steps(connection, unfinished):
        pass
    copies.finish_copy(unfinished, backups, migrations[:found])
    connection.execute("BEGIN IMMEDIATE")
    migrate(connection, found, migrations)
    connection.execute("COMMIT")


def _checked(connection: apsw.Connection, stamp: Stamp, migrations: Sequence[str]) -> Database:
    seq, head, checkpoint = verify.check_start(connection, migrations)
    _make_durable(connection)
    database = Database(connection, stamp)
    if seq >= checkpoint + CHECKPOINT_EVENTS:
        with database.transaction():
            verify.set_checkpoint(connection, seq, head)
    return database


def _make_durable(connection: apsw.Connection) -> None:
    """What is read from now on is told to people and booked, so it must stay, whatever happens to the power.

    A process that was killed in a commit, or met a failing sync, may have left a log that is read from memory and is
    not on the disk; after a failed sync no later sync writes it. Copied into the database, it is written anew.
    """
    with suppress(apsw.FullError):  # the log was synced while there was room; it is copied once there is room again
        connection.pragma("wal_checkpoint", "TRUNCATE")
