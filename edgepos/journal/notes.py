"""What is written beside the operations themselves: bookings, findings, terminals, periods, closings and remarks.

Each says a thing once: told again what it knows already, the journal writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import apsw

from edgepos.domain.errors import Refused, Wrong
from edgepos.journal import outbox_queries, queries, record_queries
from edgepos.journal.database import Tx
from edgepos.journal.values import Closing, FindingRow, OutboxRow, OutboxState, Period, PeriodEnd, TerminalRow

# --- outbox


def append_acknowledged(tx: Tx, row: str, practice_payment: str, via: str) -> OutboxRow:
    """Commit 4 of 4: the practice system has it, as a payment that is no other row's."""
    known = outbox_queries.outbox_row(tx, row)
    if known.practice_payment == practice_payment:
        return known
    _refuse_acknowledged(known)
    try:
        fields = {"row": row, "practice_payment": practice_payment, "via": via}
        tx.append("outbox.acknowledged", row, fields)
    except apsw.ConstraintError as conflict:
        holder = tx.row(
            "SELECT row FROM outbox WHERE practice_payment = :id AND row <> :row", id=practice_payment, row=row
        )
        if holder is None:
            raise
        raise Refused("already-booked", row=holder[0], practice_payment=practice_payment) from conflict
    return _read_row(tx, row, OutboxState.ACKNOWLEDGED)


def append_parked(tx: Tx, row: str, cause: str, facts: Mapping[str, object]) -> OutboxRow:
    """Put a row aside, in sight, with its cause."""
    known = outbox_queries.outbox_row(tx, row)
    _refuse_acknowledged(known)
    if known.cause != cause or known.facts != facts:
        tx.append("outbox.parked", row, {"row": row, "cause": cause, "facts": dict(facts)})
    return _read_row(tx, row, OutboxState.PARKED)


def append_row_released(tx: Tx, row: str, operator: str, change: Mapping[str, object]) -> OutboxRow:
    """Send a row again, perhaps changed. A queued row is only changed."""
    known = outbox_queries.outbox_row(tx, row)
    _refuse_acknowledged(known)
    if known.state is OutboxState.PARKED or known.change != change:
        tx.append("outbox.released", row, {"row": row, "operator": operator, "change": dict(change)})
    return _read_row(tx, row, OutboxState.QUEUED)


def _refuse_acknowledged(row: OutboxRow) -> None:
    if row.state is OutboxState.ACKNOWLEDGED:
        raise Refused("already-booked", row=row.row, practice_payment=row.practice_payment)


def _read_row(tx: Tx, row: str, expected: OutboxState) -> OutboxRow:
    found = outbox_queries.outbox_row(tx, row)
    if found.state is not expected:
        raise RuntimeError(f"{row} was to be {expected} and reads back as {found.state}")
    return found


# --- findings


def append_finding(tx: Tx, kind: str, subject: str, facts: Mapping[str, object]) -> str:
    """The finding's id; an open one of the same kind about the same subject is raised no second time."""
    if known := record_queries.open_finding(tx, kind, subject):
        return known.finding
    finding = f"F{tx.seq + 1}"
    tx.append("finding.raised", finding, {"finding": finding, "kind": kind, "subject": subject, "facts": dict(facts)})
    return finding


def append_handled(tx: Tx, finding: str, operator: str, note: str) -> FindingRow:
    """A person has seen to it. Raises Wrong `usage` for a finding that there is not."""
    known = record_queries.finding(tx, finding)
    if known is None:
        raise Wrong("usage", why="unknown-finding", finding=finding[:40])
    if known.handled_at is not None:
        return known
    tx.append("finding.handled", finding, {"finding": finding, "operator": operator, "note": note})
    return record_queries.finding(tx, finding) or known


# --- terminals and periods


def append_learned(tx: Tx, terminal: str, echoes: bool) -> TerminalRow:
    if record_queries.terminal(tx, terminal).echoes is not echoes:
        tx.append("terminal.learned", terminal, {"terminal": terminal, "echoes": echoes})
    return record_queries.terminal(tx, terminal)


def append_held(tx: Tx, terminal: str, cause: str) -> TerminalRow:
    """Nothing but a reconciliation is begun there until it is released. A hold keeps its first cause."""
    if record_queries.terminal(tx, terminal).held is None:
        tx.append("terminal.held", terminal, {"terminal": terminal, "cause": cause})
    return record_queries.terminal(tx, terminal)


def append_terminal_released(tx: Tx, terminal: str, operator: str) -> TerminalRow:
    if record_queries.terminal(tx, terminal).held is not None:
        tx.append("terminal.released", terminal, {"terminal": terminal, "operator": operator})
    return record_queries.terminal(tx, terminal)


def append_period_closed(tx: Tx, terminal: str, by: str, end: PeriodEnd, operation: str | None) -> Period:
    """End the open period of a terminal that the journal knows, and begin the next. Raises Wrong `unknown-terminal`."""
    period = record_queries.terminal(tx, terminal).period
    fields: dict[str, object] = {
        "terminal": terminal,
        "period": period,
        "session": end.session,
        "by": by,
        "operation": operation,
        "totals": [dict(total) for total in end.totals],
        "slip": end.slip,
    }
    if record_queries.period(tx, terminal, period) is None:
        raise Wrong("unknown-terminal", terminal=terminal)
    tx.append("period.closed", terminal, fields)
    closed = record_queries.period(tx, terminal, period)
    if closed is None or closed.by != by:
        raise RuntimeError(f"period {period} of {terminal} does not read back as closed")
    return closed


def append_period_told(tx: Tx, terminal: str, period: int, *, amount_minor: int, operator: str, note: str) -> Period:
    """A closed period's total as a person read it from paper, for want of a readable report. The last word counts."""
    known = record_queries.period(tx, terminal, period)
    if known is None or known.closed_at is None:
        raise Wrong("usage", why="unknown-period", text=f"{terminal}/{period}")
    fields = {"terminal": terminal, "period": period, "amount_minor": amount_minor, "operator": operator, "note": note}
    tx.append("period.told", f"{terminal}/{period}", fields)
    return record_queries.period(tx, terminal, period) or known


def append_closing(
    tx: Tx,
    *,
    clinic_day: str,
    terminals: Sequence[str],
    periods: Sequence[Mapping[str, object]],
    match: Mapping[str, object],
    operator: str,
) -> Closing:
    last = record_queries.closings(tx, 1, None)
    number = last[0].number + 1 if last else 1
    fields: dict[str, object] = {
        "number": number,
        "clinic_day": clinic_day,
        "terminals": list(terminals),
        "periods": [dict(period) for period in periods],
        "match": dict(match),
        "operator": operator,
    }
    tx.append("closing.made", str(number), fields)
    return record_queries.closings(tx, 1, None)[0]


# --- remarks


def append_closing_copied(tx: Tx, number: int) -> int:
    """The number of this copy of a closing report."""
    copy = record_queries.closing_copies(tx, number) + 1
    tx.append("closing.copied", str(number), {"number": number, "copy": copy})
    return copy


def append_receipt_copied(tx: Tx, id: str) -> int:
    """The number of this copy of the receipt. Raises Wrong `unknown-payment`."""
    copy = queries.slips(tx, id).copies + 1
    tx.append("receipt.copied", id, {"id": id, "copy": copy})
    return copy
