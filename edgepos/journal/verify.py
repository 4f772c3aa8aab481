"""Is the journal what was written? The chain is reckoned again, and the projections are made again and compared.

At start only what came after the last checkpoint is reckoned, so that a start is fast; `edgepos verify` takes it all.
A checkpoint is this box's own note: it makes a start fast and proves nothing to anybody else, for whom the head that
left the box (backups, closings, bookings) is what a chain must still contain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import apsw

from edgepos.journal.events import GENESIS, Event, chained
from edgepos.journal.project import project
from edgepos.journal.schema import MIGRATIONS, PROJECTIONS
from edgepos.journal.values import JournalDamaged, VerifyReport

MAX_PROBLEMS = 20
"""A report names this many: the first one matters, the hundredth does not."""


def chain_problem(
    connection: apsw.Connection, after: int = 0, before_hash: bytes = GENESIS
) -> tuple[int, bytes, str | None]:
    """Reckon the chain after event *after*: the last good sequence and hash, and the first thing that is wrong."""
    seq, head = after, before_hash
    rows = connection.execute(
        "SELECT seq, at, boot_id, kind, subject, body, prev, hash FROM event WHERE seq > ? ORDER BY seq", (after,)
    )
    for number, at, boot_id, kind, subject, body, prev, hash in rows:
        if number != seq + 1:
            return seq, head, f"event {seq + 1} is missing"
        if prev != head or chained(prev, number, at, boot_id, kind, subject, body) != hash:
            return seq, head, f"event {number} is not what was written"
        seq, head = number, hash
    return seq, head, None


def check_start(connection: apsw.Connection, migrations: Sequence[str] = MIGRATIONS) -> tuple[int, bytes, int]:
    """The fast check of a start: the schema, and the chain since the checkpoint.

    Gives the head and the checkpoint's sequence. Raises JournalDamaged, apsw.Error.
    """
    if problem := next(_schema_problems(connection, migrations), None):
        raise JournalDamaged(problem)
    after, known = connection.execute("SELECT seq, hash FROM checkpoint").fetchone() or (0, GENESIS)
    if after and connection.execute("SELECT hash FROM event WHERE seq = ?", (after,)).get != known:
        raise JournalDamaged(f"event {after} is not the one that was checked before")
    seq, head, problem = chain_problem(connection, after, known)
    if problem:
        raise JournalDamaged(problem)
    return seq, head, after


def set_checkpoint(connection: apsw.Connection, seq: int, head: bytes) -> None:
    """Note, inside the caller's transaction, that all events up to *seq* were checked."""
    connection.execute(
        "INSERT INTO checkpoint (one, seq, hash) VALUES (1, :seq, :hash)"
        " ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        {"seq": seq, "hash": head},
    )


def verify(
    connection: apsw.Connection,
    head: tuple[int, str] | None = None,
    migrations: Sequence[str] = MIGRATIONS,
    *,
    replays: bool = True,
) -> VerifyReport:
    """The full check of a journal that nobody writes to meanwhile.

    *head*: a sequence and the beginning of its hash, as they once left the box; a chain that does not contain them was
    cut or rewritten. *migrations*: those that the journal has; an older one's projections are not compared. *replays*:
    the projections are made anew and compared, which takes nearly all of the time.
    """
    problems: list[str] = []
    seq = events = 0
    last = GENESIS
    try:
        problems += [f"SQLite: {row[0]}" for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        seq, last, problem = chain_problem(connection)
        problems += [problem] if problem else []
        problems += _schema_problems(connection, migrations)
        problems += _head_problems(connection, seq, head)
        events = int(connection.execute("SELECT count(*) FROM event").get)
        if replays and not problems and migrations == MIGRATIONS:
            problems += _projection_problems(connection)
    except (apsw.Error, UnicodeError) as error:
        problems.append(f"SQLite: {error}")
    except JournalDamaged as error:
        problems.append(error.what)
    return VerifyReport(
        ok=not problems, events=events, seq=seq, head=last.hex(), problems=tuple(problems[:MAX_PROBLEMS])
    )


def _head_problems(connection: apsw.Connection, seq: int, head: tuple[int, str] | None) -> Iterator[str]:
    if head is None:
        return
    number, digest = head
    row = connection.execute("SELECT hash FROM event WHERE seq = ?", (number,)).fetchone()
    if row is None:
        yield f"event {number} left the box once and is gone; the last one is {seq}"
    elif not row[0].hex().startswith(digest.lower()):
        yield f"event {number} is not the one that left the box"


def _schema_problems(connection: apsw.Connection, migrations: Sequence[str]) -> Iterator[str]:
    """Every table, index and trigger must be there, word for word: a trigger that was dropped protects nothing."""
    wanted, found = _wanted_schema(tuple(migrations)), _schema(connection)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"the schema's {name} is not as it was made"


@cache
def _wanted_schema(migrations: tuple[str, ...]) -> Mapping[str, str | None]:
    return _schema(_empty(migrations))


def _schema(connection: apsw.Connection) -> dict[str, str | None]:
    """Without what ANALYZE and SQLite itself keep."""
    rows = connection.execute("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    return {str(row[0]): None if row[1] is None else str(row[1]) for row in rows}


def _empty(migrations: Sequence[str]) -> apsw.Connection:
    """A journal with nothing in it, in a temporary file that goes with its connection.

    In memory the projections of a million events would be a third of a gigabyte: more than a box lets an agent have.
    """
    connection = apsw.Connection("")
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # as in the live journal: else each event prepares anew
    for migration in migrations:
        connection.execute(migration)
    return connection


def _projection_problems(connection: apsw.Connection) -> Iterator[str]:
    """Play all events into an empty journal and compare each table with the one that is kept."""
    rebuilt = rebuild(connection)
    for table in PROJECTIONS:
        key = "ORDER BY 1, 2"
        kept = connection.execute(f"SELECT * FROM {table} {key}")
        made = rebuilt.execute(f"SELECT * FROM {table} {key}")
        while True:
            ours, theirs = kept.fetchone(), made.fetchone()
            if ours != theirs:
                named = ours or theirs
                yield f"{table} {named[0] if named else ''} is not what its events say"
                break
            if ours is None:
                break


PLAYED_BY = frozenset({"operation_by_corrected", "outbox_by_operation"})
"""The indexes by which events find the rows that they change; unique ones are rules and stay anyway."""


def rebuild(connection: apsw.Connection) -> apsw.Connection:
    """The projections of the same events, made anew. Raises JournalDamaged if they cannot be, apsw.Error of a full disk.

    The rules stand in their way as they did when it happened; only the indexes that find things for people are left out.
    """
    rebuilt = _empty(MIGRATIONS)
    indexes = rebuilt.execute("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE INDEX %'").fetchall()
    for name in {row[0] for row in indexes} - PLAYED_BY:
        rebuilt.execute(f"DROP INDEX {name}")
    rebuilt.execute("BEGIN")
    for row in connection.execute("SELECT seq, at, boot_id, kind, subject, body, prev, hash FROM event ORDER BY seq"):
        try:
            for statement, bindings in project(Event(*row)):
                rebuilt.execute(statement, bindings)
        except (apsw.FullError, apsw.IOError, apsw.CantOpenError):
            raise  # no room for the check: that says nothing of the journal
        except (apsw.Error, KeyError, ValueError) as error:
            raise JournalDamaged(f"event {row[0]} cannot be played: {error}") from error
    rebuilt.execute("COMMIT")
    return rebuilt
