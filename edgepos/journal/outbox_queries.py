"""What is asked of the outbox: its rows, each with the booking that it stands for, by named functions as in `queries`."""

from __future__ import annotations

from edgepos.domain.errors import Wrong
from edgepos.domain.invoice import Booking
from edgepos.journal.database import Row, Tx
from edgepos.journal.events import read_json
from edgepos.journal.queries import MAX_PAGE
from edgepos.journal.values import (
    OutboxRow,
    OutboxState,
    OutboxSummary,
)

_OUTBOX = """
SELECT b.row, b.operation, b.line, b.practice, b.invoice, b.amount_minor, b.currency, b.state, b.cause, b.facts,
       b.change, b.practice_payment, b.via, b.created_at, b.seq, o.operator, o.clinic_day, o.result,
       o.corrects || '.' || b.line, p.practice_payment,
       CASE WHEN p.state <> 'acknowledged' THEN b.waits_for END, o.terminal
FROM outbox b JOIN operation o ON o.id = b.operation LEFT JOIN outbox p ON p.row = b.waits_for
"""
# The second condition is what the index of waiting rows needs to be seen to fit.
_QUEUED = _OUTBOX + "WHERE b.state = 'queued' AND b.state <> 'acknowledged' ORDER BY b.place"


def _outbox_row(row: Row) -> OutboxRow:
    result, change = read_json(row[17]), read_json(row[10])
    return OutboxRow(
        row=row[0],
        payment=row[1],
        line=row[2],
        practice=row[3],
        invoice=row[4],
        amount_minor=row[5],
        currency=row[6],
        state=OutboxState(row[7]),
        cause=row[8],
        facts=read_json(row[9]),
        change=change,
        practice_payment=row[11],
        via=row[12],
        waits_for=row[20],
        created_at=row[13],
        seq=row[14],
        booking=Booking(
            row=row[0],
            invoice=row[4],
            amount_minor=row[5],
            currency=row[6],
            card_scheme=result.get("card_scheme", ""),
            last_four=_last_four(result.get("masked_card", "")),
            authorisation=result.get("stan_auth", ""),
            terminal=row[21],
            operator=row[15],
            day=None if change.get("book_today") else row[16],
            corrects_row=row[18] if row[5] < 0 else None,
            corrects_payment=row[19],
        ),
    )


def _last_four(masked_card: str) -> str:
    return masked_card[-4:] if masked_card[-4:].isdecimal() else ""


def outbox_row(tx: Tx, row: str) -> OutboxRow:
    """Raises Wrong `unknown-payment`."""
    found = tx.row(_OUTBOX + "WHERE b.row = :row", row=row)
    if found is None:
        raise Wrong("unknown-payment", text=row[:40])
    return _outbox_row(found)


def queued(tx: Tx) -> list[OutboxRow]:
    """All that is to be booked, in order."""
    return [_outbox_row(row) for row in tx.rows(_QUEUED)]


def outbox_of(tx: Tx, id: str) -> list[OutboxRow]:
    """The rows of one operation."""
    return [_outbox_row(row) for row in tx.rows(_OUTBOX + "WHERE b.operation = :id ORDER BY b.line", id=id)]


def outbox(tx: Tx, state: OutboxState | None, limit: int, before: str | None) -> list[OutboxRow]:
    """Newest first. *before*: the row that ended the page before."""
    wheres = ["b.state = :state"] if state else []
    if state in (OutboxState.QUEUED, OutboxState.PARKED):
        wheres.append("b.state <> 'acknowledged'")
    if before is not None:
        wheres.append("b.place < (SELECT place FROM outbox WHERE row = :before)")
    where = "WHERE " + " AND ".join(wheres) if wheres else ""
    bindings: dict[str, object] = {"limit": max(1, min(limit, MAX_PAGE))}
    bindings |= {"state": str(state)} if state else {}
    bindings |= {"before": before} if before is not None else {}
    rows = tx.rows(f"{_OUTBOX} {where} ORDER BY b.place DESC LIMIT :limit", **bindings)
    return [_outbox_row(row) for row in rows]


def outbox_summary(tx: Tx) -> OutboxSummary:
    row = tx.row(
        "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'parked'),"
        " min(created_at) FILTER (WHERE state = 'queued') FROM outbox WHERE state <> 'acknowledged'"
    )
    queued_rows, parked, oldest = row or (0, 0, None)
    return OutboxSummary(queued=queued_rows, parked=parked, oldest_queued_at=oldest)
