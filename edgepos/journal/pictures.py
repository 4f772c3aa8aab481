"""What a screen needs of several tables, read in one job: each question of its own would cost a change of threads.

Reads only; what it gives is of one moment. It decides nothing and writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from edgepos.domain.errors import Wrong
from edgepos.domain.operation import Kind, Operation
from edgepos.journal import outbox_queries, queries, record_queries
from edgepos.journal.database import Tx
from edgepos.journal.events import Event
from edgepos.journal.values import DayTotals, FindingRow, OutboxState, OutboxSummary, Period, TerminalRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands around one operation."""

    refundable_minor: int
    bookings: frozenset[OutboxState]
    period: Period | None
    """The one it was taken in; of a reconciliation the one that it closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of the journal that the status shows."""

    opened: Sequence[Operation]
    terminals: Sequence[TerminalRow]
    outbox: OutboxSummary
    findings: Sequence[FindingRow]
    today: DayTotals
    quarters: Sequence[tuple[str, int, int]]


def surroundings(tx: Tx, operations: Sequence[Operation]) -> list[Surroundings]:
    """In the order of *operations*."""
    periods: dict[tuple[str, int], Period | None] = {}
    return [_around(tx, operation, periods) for operation in operations]


def _pictured(tx: Tx, ids: Sequence[str]) -> list[tuple[Operation, Surroundings]]:
    """The operations among *ids*, in their order, each with what stands around it."""
    operations = []
    for id in ids:
        with contextlib.suppress(Wrong):  # a subject that is no operation
            operations.append(queries.operation(tx, id))
    return list(zip(operations, surroundings(tx, operations), strict=True))


def changed(tx: Tx, events: Sequence[Event]) -> list[tuple[int, Operation, Surroundings]]:
    """The operations that *events* changed, as they are now, each with the sequence of its newest event among these."""
    newest: dict[str, int] = {}
    for event in events:
        area = event.kind.partition(".")[0]
        if area in ("operation", "payment"):
            newest[event.subject] = event.seq
            if isinstance(corrected := event.fields.get("corrects"), str):
                newest[corrected] = event.seq
        elif area == "outbox":
            newest[event.subject.partition(".")[0]] = event.seq
    return [(newest[operation.id], operation, around) for operation, around in _pictured(tx, list(newest))]


def _around(tx: Tx, operation: Operation, periods: dict[tuple[str, int], Period | None]) -> Surroundings:
    is_payment = operation.kind is Kind.PURCHASE and operation.moved_minor > 0
    states = tx.rows("SELECT DISTINCT state FROM outbox WHERE operation = :id", id=operation.id)
    if operation.kind is Kind.RECONCILIATION:
        period = record_queries.period_closed_by(tx, operation.terminal, operation.id)
    elif operation.period is None:
        period = None
    else:  # a day's list is of few periods
        key = (operation.terminal, operation.period)
        if key not in periods:
            periods[key] = record_queries.period(tx, *key)
        period = periods[key]
    return Surroundings(
        refundable_minor=queries.left_of(tx, operation) if is_payment else 0,
        bookings=frozenset(OutboxState(row[0]) for row in states),
        period=period,
    )


def overview(tx: Tx, day: str, currency: str) -> Overview:
    """*day* and *currency*: of which the totals are."""
    return Overview(
        opened=queries.open_operations(tx),
        terminals=record_queries.terminals(tx),
        outbox=outbox_queries.outbox_summary(tx),
        findings=record_queries.open_findings(tx),
        today=queries.day_totals(tx, day, currency),
        quarters=queries.day_quarters(tx, day, currency),
    )
