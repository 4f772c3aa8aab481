"""Bad twins of the journal: mistakes that others have made, each of which its harness has to convict.

A harness that finds nothing in the real journal has proven something only if it finds the fault in these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw
import pytest

from edgepos.journal import database
from edgepos.journal.database import Database, Tx
from edgepos.journal.files import Reserve


def synchronous_normal(patch: pytest.MonkeyPatch) -> None:
    """A log that is only synced at checkpoints: quick, and the last payments go with the power."""
    patch.setitem(database.PRAGMAS, "synchronous", ("NORMAL", 1))  # type: ignore[arg-type]


def reports_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Says "done" when the rows are written and commits them with whatever comes next."""

    @contextmanager
    def transaction(self: Database) -> Iterator[Tx]:
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.execute("BEGIN IMMEDIATE")
        tx = Tx(self.connection, self._stamp(), self.head)
        try:
            yield tx
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.head = tx.head

    def close(self: Database) -> None:
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.close()

    patch.setattr(Database, "transaction", transaction)
    patch.setattr(Database, "close", close)


def goes_on_after_an_error(patch: pytest.MonkeyPatch) -> None:
    """Takes no notice of a disk that failed at a commit: logs it, perhaps, and carries on."""

    @contextmanager
    def watched(self: Database) -> Iterator[None]:
        try:
            yield
        except apsw.ConstraintError:
            raise
        except apsw.Error:
            return

    patch.setattr(Database, "_watched", watched)


def keeps_no_reserve(patch: pytest.MonkeyPatch) -> None:
    """Writes results only while the disk happens to have room."""
    patch.setattr(Reserve, "give_up_if_needed", lambda self: False)
