"""Bad twins of the journal: mistakes that others have made, each of which its harness has to convict.

A harness that finds nothing in the real journal has proven something only if it finds the fault in these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw
import pytest

from edgepos.domain.errors import Refused
from edgepos.domain.operation import Kind, Operation, State
from edgepos.journal import Intent, Journal, database, opening, verify
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


def looks_at_no_chain(patch: pytest.MonkeyPatch) -> None:
    """Believes whatever SQLite can read."""

    def believes(connection: apsw.Connection, *_: object) -> tuple[int, bytes, None]:
        return (*database.read_head(connection), None)

    patch.setattr(verify, "chain_problem", believes)
    patch.setattr(verify, "_projection_problems", lambda connection: iter(()))


CLAIMS = ("one_open_a_terminal", "one_open_an_invoice", "one_claim_a_part")


def selects_then_inserts(patch: pytest.MonkeyPatch) -> None:
    """Looks whether terminal and invoices are free, and then writes: no index holds them in between."""
    create, intend = opening._create, Journal.intend

    def create_without_claims(connection: apsw.Connection, *args: object) -> None:
        create(connection, *args)  # type: ignore[arg-type]
        for index in CLAIMS:
            connection.execute(f"DROP INDEX {index}")

    async def look_first(self: Journal, intent: Intent, *, expected_parts: bool = True) -> tuple[Operation, bool]:
        if intent.request_key and await self.by_request_key(intent.request_key):
            return await intend(self, intent, expected_parts=expected_parts)
        invoices = {line.invoice for line in intent.lines if line.invoice and intent.kind is Kind.PURCHASE}
        for one in await self.open_operations():
            lost_closing = one.kind is Kind.RECONCILIATION and one.state is State.UNKNOWN
            is_in_use = one.terminal == intent.terminal and not lost_closing
            if is_in_use or (one.kind is Kind.PURCHASE and any(line.invoice in invoices for line in one.lines)):
                raise Refused("terminal-in-use", payment=one.id)
        return await intend(self, intent, expected_parts=expected_parts)

    patch.setattr(opening, "_create", create_without_claims)
    patch.setattr(verify, "_schema_problems", lambda connection, migrations: iter(()))
    patch.setattr(Journal, "intend", look_first)
