"""What is asked of terminals, periods, closing reports, findings and boxes, by named functions as in `queries`."""

from __future__ import annotations

from collections.abc import Sequence

from edgepos.domain.identifiers import box_tag
from edgepos.journal.database import Row, Tx
from edgepos.journal.events import read_json
from edgepos.journal.queries import MAX_PAGE
from edgepos.journal.values import (
    Closing,
    FindingRow,
    Period,
    TerminalRow,
)

_TERMINAL = """
SELECT t.id, t.echoes, t.held, t.period, p.session, t.last_session, t.last_operation, t.last_result,
       t.last_reconciled_at
FROM terminal t JOIN period p ON p.terminal = t.id AND p.period = t.period
"""
_PERIOD = "SELECT terminal, period, session, opened_at, closed_at, by, operation, totals, slip FROM period\n"
_FINDING = "SELECT finding, kind, subject, facts, raised_at, handled_at, operator, note FROM finding\n"


def _terminal(row: Row) -> TerminalRow:
    return TerminalRow(
        id=row[0],
        echoes=None if row[1] is None else bool(row[1]),
        held=row[2],
        period=row[3],
        session=row[4],
        last_session=row[5],
        last_operation=row[6],
        last_result=read_json(row[7]),
        last_reconciled_at=row[8],
    )


def terminal(tx: Tx, id: str) -> TerminalRow:
    """What is known of a terminal; of one that never did anything here, nothing."""
    row = tx.row(_TERMINAL + "WHERE t.id = :id", id=id)
    return _terminal(row) if row else TerminalRow(id=id)


def terminals(tx: Tx) -> list[TerminalRow]:
    return [_terminal(row) for row in tx.rows(_TERMINAL + "ORDER BY t.id")]


def _period(row: Row) -> Period:
    return Period(
        terminal=row[0],
        period=row[1],
        session=row[2],
        opened_at=row[3],
        closed_at=row[4],
        by=row[5],
        operation=row[6],
        totals=tuple(read_json(row[7])),
        slip=row[8],
    )


def period(tx: Tx, terminal: str, number: int) -> Period | None:
    row = tx.row(_PERIOD + "WHERE terminal = :terminal AND period = :number", terminal=terminal, number=number)
    return _period(row) if row else None


def period_closed_by(tx: Tx, terminal: str, operation: str) -> Period | None:
    """The period that a reconciliation has closed."""
    row = tx.row(_PERIOD + "WHERE terminal = :terminal AND operation = :id", terminal=terminal, id=operation)
    return _period(row) if row else None


def periods(tx: Tx, terminal: str, limit: int) -> list[Period]:
    """The newest first, the open one before all."""
    rows = tx.rows(
        _PERIOD + "WHERE terminal = :terminal ORDER BY period DESC LIMIT :limit", terminal=terminal, limit=limit
    )
    return [_period(row) for row in rows]


def closings(tx: Tx, limit: int, before: int | None) -> list[Closing]:
    """The newest first; *before*: the number that ended the page before."""
    rows = tx.rows(
        "SELECT number, clinic_day, terminals, periods, match, operator, made_at FROM closing"
        " WHERE number < coalesce(:before, 9223372036854775807) ORDER BY number DESC LIMIT :limit",
        before=before,
        limit=max(1, min(limit, MAX_PAGE)),
    )
    return [
        Closing(
            number=row[0],
            clinic_day=row[1],
            terminals=tuple(read_json(row[2])),
            periods=tuple(read_json(row[3])),
            match=read_json(row[4]),
            operator=row[5],
            made_at=row[6],
        )
        for row in rows
    ]


def closing_copies(tx: Tx, number: int) -> int:
    """How often a closing report was printed again."""
    row = tx.row("SELECT value FROM meta WHERE key = 'copies of closing ' || :number", number=number)
    return int(row[0]) if row else 0


def _finding(row: Row) -> FindingRow:
    return FindingRow(
        finding=row[0],
        kind=row[1],
        subject=row[2],
        facts=read_json(row[3]),
        raised_at=row[4],
        handled_at=row[5],
        operator=row[6],
        note=row[7],
    )


def open_findings(tx: Tx) -> list[FindingRow]:
    """Oldest first."""
    return [_finding(row) for row in tx.rows(_FINDING + "WHERE handled_at IS NULL ORDER BY seq")]


def handled_findings(tx: Tx, kind: str) -> list[FindingRow]:
    """Of one kind, those that somebody has dealt with, oldest first."""
    return [
        _finding(row)
        for row in tx.rows(_FINDING + "WHERE kind = :kind AND handled_at NOT NULL ORDER BY seq", kind=kind)
    ]


def finding(tx: Tx, id: str) -> FindingRow | None:
    row = tx.row(_FINDING + "WHERE finding = :id", id=id)
    return _finding(row) if row else None


def open_finding(tx: Tx, kind: str, subject: str) -> FindingRow | None:
    row = tx.row(
        _FINDING + "WHERE kind = :kind AND subject = :subject AND handled_at IS NULL", kind=kind, subject=subject
    )
    return _finding(row) if row else None


def boxes(tx: Tx) -> Sequence[str]:
    """Our box id, then those of the journals that this one was restored from."""
    rows = tx.rows("SELECT value FROM meta WHERE key = 'box_id' OR key LIKE 'predecessor.%' ORDER BY key")
    return [row[0] for row in rows]


def tags(tx: Tx) -> frozenset[str]:
    """The tags that references of this journal may carry."""
    return frozenset(box_tag(box) for box in boxes(tx))
