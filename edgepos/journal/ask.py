"""A technician's read-only questions in SQL: only what reads is allowed, and only for so long.

Every commit of a payment waits for this thread meanwhile.
"""

from __future__ import annotations

import apsw

from edgepos.clock import RealClock
from edgepos.domain.errors import Wrong
from edgepos.journal.database import Tx
from edgepos.journal.values import SqlAnswer

LIMIT_S = 0.2
MAX_ROWS = 1000
STEPS_A_LOOK = 1000
"""So many of SQLite's instructions pass between two looks at the clock: some 20 microseconds."""

ALLOWED = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE})


def ask(tx: Tx, query: str) -> SqlAnswer:
    """At most MAX_ROWS rows. Raises Wrong `usage`: not allowed, no SQL, more than one statement, or too slow.

    The time is the machine's own also in virtual time: it is this thread's work that is limited.
    """
    began = (clock := RealClock()).monotonic()
    connection = tx.connection
    connection.authorizer = lambda action, *_: apsw.SQLITE_OK if action in ALLOWED else apsw.SQLITE_DENY
    connection.set_progress_handler(lambda: clock.monotonic() - began > LIMIT_S, STEPS_A_LOOK)
    cursor = connection.cursor()
    columns: tuple[str, ...] = ()
    rows: list[tuple[object, ...]] = []

    def begins(cursor: apsw.Cursor, *_: object) -> bool:  # also where no row comes
        nonlocal columns
        columns = tuple(column[0] for column in cursor.get_description())
        return True

    cursor.exec_trace = begins
    try:
        for row in cursor.execute(query, can_cache=False):
            rows.append(tuple(row))
            if len(rows) > MAX_ROWS:
                break
        cursor.close(True)
    except (apsw.AuthError, apsw.SQLError, apsw.InterruptError, apsw.BindingsError) as error:
        raise Wrong("usage", why="sql", said=str(error)) from error
    finally:
        connection.set_progress_handler(None)
        connection.authorizer = None
    return SqlAnswer(columns=columns, rows=tuple(rows[:MAX_ROWS]), is_cut=len(rows) > MAX_ROWS)
