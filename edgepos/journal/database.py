"""The one connection to the journal: opened with care, appended to in one way, and given up at the first disk error.

All of this runs in the journal's own thread (`thread.py`). A `Database` is either as durable as SQLite can make it or
it refuses: after an error at a write nobody can know whether the write is on the disk, so nothing more is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from edgepos.journal.events import GENESIS, Event, make_event
from edgepos.journal.project import project
from edgepos.journal.schema import APPLICATION_ID, MIGRATIONS
from edgepos.journal.values import JournalBroken, JournalDamaged, JournalNewer

Row = tuple[Any, ...]

PRAGMAS: Mapping[str, tuple[object, object]] = {
    # Exclusive before WAL: the WAL's index is then in our memory and no second process can ever join.
    "locking_mode": ("EXCLUSIVE", "exclusive"),
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "recursive_triggers": ("ON", 1),
    "trusted_schema": ("OFF", 0),
    "cell_size_check": ("ON", 1),
    # Full within the first hours, and level from then on. With 16 MB a payment read from the file as often, with a
    # million payments in the journal too; those pages the kernel had in memory.
    "cache_size": (-500, -500),
    # 16 MB of log between checkpoints: the same pages are then written once instead of ten times.
    "wal_autocheckpoint": (4000, 4000),
}
"""What is set, and what must be read back."""

STATEMENTS_KEPT = 300


class Tx:
    """One database transaction in progress: reads, and events appended with what they change."""

    def __init__(self, connection: apsw.Connection, stamp: tuple[str, str], head: tuple[int, bytes]) -> None:
        self.connection = connection
        self._stamp = stamp
        self.seq, self._hash = head
        self.events: list[Event] = []

    def append(self, kind: str, subject: str, fields: Mapping[str, object]) -> Event:
        """Write one event and project it. Raises BadEvent, or apsw.ConstraintError where a claim is taken."""
        event = make_event(self.head, self._stamp, kind, subject, fields)
        write_event(self.connection, event)
        self.seq, self._hash = event.seq, event.hash
        self.events.append(event)
        return event

    def rows(self, statement: str, **bindings: object) -> list[Row]:
        return self.connection.execute(statement, bindings).fetchall()

    def row(self, statement: str, **bindings: object) -> Row | None:
        return self.connection.execute(statement, bindings).fetchone()

    @property
    def head(self) -> tuple[int, bytes]:
        return self.seq, self._hash


def write_event(connection: apsw.Connection, event: Event) -> None:
    """Insert *event* and what follows from it: the only code that writes these tables."""
    connection.execute(
        "INSERT INTO event (seq, at, boot_id, kind, subject, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (event.seq, event.at, event.boot_id, event.kind, event.subject, event.body, event.prev, event.hash),
    )
    for statement, bindings in project(event):
        connection.execute(statement, bindings)


class Database:
    """An open journal. *stamp* gives the time and the boot id of the events of a transaction."""

    def __init__(self, connection: apsw.Connection, stamp: Callable[[], tuple[str, str]]) -> None:
        self.connection = connection
        self._stamp = stamp
        self._broken: str | None = None
        self.head = read_head(connection)

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """BEGIN IMMEDIATE … COMMIT. Any exception inside rolls back; an error of the disk ends the journal."""
        if self._broken:
            raise JournalBroken(self._broken)
        with self._watched():
            self.connection.execute("BEGIN IMMEDIATE")
            tx = Tx(self.connection, self._stamp(), self.head)
            try:
                yield tx
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.head = tx.head

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """For questions: nobody writes between two statements, for the writer is this thread."""
        if self._broken:
            raise JournalBroken(self._broken)
        with self._watched():
            yield Tx(self.connection, ("", ""), self.head)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except apsw.ConstraintError:
            raise  # a claim is taken: an answer, not a fault of the disk
        except apsw.Error as error:
            self._broken = f"{type(error).__name__}: {error}"
            raise JournalBroken(self._broken) from error

    def close(self) -> None:
        """Close the connection. A journal that is broken is left as it is on the disk, for the next start to read."""
        if self._broken:
            self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        with self._watched():
            self.connection.close()


def read_head(connection: apsw.Connection) -> tuple[int, bytes]:
    """Sequence and hash of the last event; of nothing: 0 and GENESIS."""
    row: Row | None = connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, GENESIS)


def read_version(path: Path, vfs: str | None = None) -> int | None:
    """The schema version of the journal at *path*, which is not touched and gets no file beside it.

    None where there is nothing yet. Raises JournalDamaged if it is no journal.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    with told(path.name):
        connection = _peek(path, vfs)
        try:
            application, version = connection.pragma("application_id"), connection.pragma("user_version")
            tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
        finally:
            connection.close()
    if not tables and not application and not version:
        return None  # the power went between making the file and writing the first event
    if application != APPLICATION_ID:
        raise JournalDamaged(f"{path.name} is no journal")
    return int(version)


def _peek(path: Path, vfs: str | None) -> apsw.Connection:
    """A connection that only looks.

    Where there is a log, the version may stand in it alone. A read-only connection could not see that; an exclusive one
    that never checkpoints keeps the log's index in memory and writes nothing. A rollback journal lies there only if the
    power went while a new file became a WAL database: what is half written of it has to go before it can be read.
    """
    if not any(path.with_name(path.name + end).exists() for end in ("-wal", "-journal")):
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=flags, vfs=vfs)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.pragma("query_only", "ON")
    connection.pragma("locking_mode", "EXCLUSIVE")
    return connection


def connect(path: Path, vfs: str | None = None) -> apsw.Connection:
    """A connection with every setting in force, each read back. Raises JournalDamaged, apsw.Error."""
    if not path.exists():
        path.touch(mode=0o600)  # its WAL gets the same mode
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs, statementcachesize=STATEMENTS_KEPT
    )
    try:
        _set(connection)
    except BaseException:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()
        raise
    return connection


def _set(connection: apsw.Connection) -> None:
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # Plans must not hang on bound values: else SQLite prepares each statement that a partial index might serve anew at
    # every call, which cost more than all the rest of a commit.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    for name, (value, expected) in PRAGMAS.items():
        connection.pragma(name, value)
        if (found := connection.pragma(name)) != expected:
            raise JournalDamaged(f"{name} is {found!r}, not {expected!r}")


@contextmanager
def told(name: str) -> Iterator[None]:
    """SQLite's errors as ours: a file that is not what it should be, or a disk that does not do what it should."""
    try:
        yield
    except (apsw.NotADBError, apsw.CorruptError, UnicodeError) as error:
        raise JournalDamaged(f"{name}: {error}") from error
    except apsw.Error as error:
        raise JournalBroken(f"{name}: {type(error).__name__}: {error}") from error


def migrate(connection: apsw.Connection, found: int, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the schema from version *found* to the newest, inside the caller's transaction."""
    for migration in migrations[found:]:
        connection.execute(migration)
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", len(migrations))


def check_version(found: int, known: int) -> None:
    """Raises JournalNewer."""
    if found > known:
        raise JournalNewer(found, known)
