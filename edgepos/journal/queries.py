"""What is asked of operations and their money: each question a named function, each hot one by an index.

Pages go backwards from the newest; the cursor is the last thing that the reader has. `Tx` gives the rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from edgepos.domain.errors import Wrong
from edgepos.domain.operation import OPEN, Claim, Fence, Kind, Line, Operation, Origin, State
from edgepos.journal.database import Row, Tx
from edgepos.journal.events import read_json
from edgepos.journal.values import (
    DayTotals,
    InvoiceHeld,
    KeptLine,
    Slips,
)

MAX_PAGE = 200
ID_LETTERS = 6
"""A search by the beginning of a reference needs more than the four letters that all of a box's have in common."""

_OPERATION = """
SELECT o.id, o.kind, o.origin, o.state, o.terminal, o.currency, o.asked_minor, o.operator, o.clinic_day, o.created_at,
       o.changed_at, o.seq, o.text, o.corrects, o.request_key, o.approved_minor, o.tip_minor, o.surcharge_minor,
       o.cause, o.evidence, o.fence, o.sent_boot_id, o.sent_boottime_ms, o.stop_asked_at, o.result, o.session, o.period,
       o.settled_outcome, o.settled_slip, o.settled_minor, o.is_confirmed
FROM operation o
"""
_LINES = """
SELECT line, amount_minor, practice, invoice, number, part, due_minor, kept_minor, claim
FROM line WHERE operation = :id ORDER BY line"""


def _operation(tx: Tx, row: Row) -> Operation:
    fence = read_json(row[20]) if row[20] else None
    lines = (
        Line(
            line=line[0],
            amount_minor=line[1],
            practice=line[2],
            invoice=line[3],
            number=line[4],
            part=line[5],
            due_minor=line[6],
            kept_minor=line[7],
            claim=Claim(line[8]) if line[8] else None,
        )
        for line in tx.rows(_LINES, id=row[0])
    )
    return Operation(
        id=row[0],
        kind=Kind(row[1]),
        origin=Origin(row[2]),
        state=State(row[3]),
        terminal=row[4],
        currency=row[5],
        asked_minor=row[6],
        operator=row[7],
        clinic_day=row[8],
        created_at=row[9],
        changed_at=row[10],
        seq=row[11],
        lines=tuple(lines),
        text=row[12],
        corrects=row[13],
        request_key=row[14],
        approved_minor=row[15],
        tip_minor=row[16],
        surcharge_minor=row[17],
        cause=row[18],
        evidence=tuple(read_json(row[19])),
        fence=Fence(**fence) if fence else None,
        sent_boot_id=row[21],
        sent_boottime_ms=row[22],
        stop_asked_at=row[23],
        result=read_json(row[24]),
        session=row[25],
        period=row[26],
        settled_outcome=row[27],
        settled_slip=row[28],
        settled_minor=row[29],
        is_confirmed=bool(row[30]),
    )


OPEN_IDS = "SELECT id FROM operation WHERE state IN ('intended', 'sent', 'unknown') ORDER BY created_seq"
"""Works on every older schema too."""

# --- operations


def operation(tx: Tx, id: str) -> Operation:
    """Raises Wrong `unknown-payment`."""
    row = tx.row(_OPERATION + "WHERE o.id = :id", id=id)
    if row is None:
        raise Wrong("unknown-payment", text=id[:40])
    return _operation(tx, row)


def state_of(tx: Tx, id: str) -> State:
    """For a step that asks for nothing else: an operation is long. Raises Wrong `unknown-payment`."""
    row = tx.row("SELECT state FROM operation WHERE id = :id", id=id)
    if row is None:
        raise Wrong("unknown-payment", text=id[:40])
    return State(row[0])


def by_request_key(tx: Tx, key: str) -> Operation | None:
    row = tx.row(_OPERATION + "WHERE o.request_key = :key", key=key)
    return _operation(tx, row) if row else None


def open_operations(tx: Tx) -> list[Operation]:
    """All that are not final, oldest first."""
    rows = tx.rows(_OPERATION + "WHERE o.state IN ('intended', 'sent', 'unknown') ORDER BY o.created_seq")
    return [_operation(tx, row) for row in rows]


def corrections(tx: Tx, id: str) -> list[Operation]:
    """All operations that name *id* as the one they correct, oldest first."""
    rows = tx.rows(_OPERATION + "WHERE o.corrects = :id ORDER BY o.created_seq", id=id)
    return [_operation(tx, row) for row in rows]


def operations(
    tx: Tx,
    *,
    find: str | None = None,
    day: str | None = None,
    state: State | None = None,
    terminal: str | None = None,
    period: int | None = None,
    amount_minor: int | None = None,
    kind: Kind | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[Operation]:
    """Newest first. *find*: an invoice's id or number, the beginning of a reference (six letters) or of the text.

    *before*: the id of the last one of the page before.
    """
    statement, bindings = search(
        find=find, day=day, state=state, terminal=terminal, period=period, amount_minor=amount_minor, kind=kind,
        limit=limit, before=before,
    )  # fmt: skip
    return [_operation(tx, row) for row in tx.rows(statement, **bindings)]


def search(
    *,
    find: str | None,
    day: str | None,
    state: State | None,
    terminal: str | None,
    period: int | None,
    amount_minor: int | None,
    kind: Kind | None,
    limit: int,
    before: str | None,
) -> tuple[str, dict[str, object]]:
    """The statement of `operations` and its bindings."""
    equal = {
        "clinic_day": day, "state": state and str(state), "terminal": terminal, "period": period,
        "asked_minor": amount_minor, "kind": kind and str(kind),
    }  # fmt: skip
    given = {name: value for name, value in equal.items() if value is not None}
    is_rare = state not in (None, State.APPROVED) or kind not in (None, Kind.PURCHASE)
    # A plus keeps a condition away from its index: the rare ones have better indexes of their own.
    plus = {"terminal": "+", "asked_minor": "+"} if is_rare and period is None else {}
    wheres = [f"{plus.get(name, '')}o.{name} = :{name}" for name in given]
    bindings: dict[str, object] = {**given, "limit": max(1, min(limit, MAX_PAGE))}
    # Said in words of their own as well, so that the indexes of the rare ones are seen to fit.
    if state in OPEN:
        wheres.append("o.state IN ('intended', 'sent', 'unknown')")
    elif state not in (None, State.APPROVED):
        wheres.append("o.state IN ('declined', 'cancelled', 'not_started', 'settled_by_hand')")
    if kind not in (None, Kind.PURCHASE):
        wheres.append("o.kind <> 'purchase'")
    if before is not None:
        wheres.append("o.created_seq < (SELECT created_seq FROM operation WHERE id = :before)")
        bindings["before"] = before
    if find is not None:
        wheres.append(_found_by(find.strip(), bindings))
    where = "WHERE " + " AND ".join(wheres) if wheres else ""
    return f"{_OPERATION}{where} ORDER BY o.created_seq DESC LIMIT :limit", bindings


def _found_by(find: str, bindings: dict[str, object]) -> str:
    """A condition over few candidates, each from an index of its own."""
    bindings |= {"find": find, "find_end": find + "\U0010ffff"}
    candidates = [
        "SELECT operation FROM line WHERE invoice = :find",
        "SELECT operation FROM line WHERE number = :find COLLATE NOCASE",
    ]
    if find:
        candidates.append(
            "SELECT id FROM operation WHERE text <> ''"
            " AND text >= :find COLLATE NOCASE AND text < :find_end COLLATE NOCASE"
        )
    if len(find) >= ID_LETTERS:
        candidates.append("SELECT id FROM operation WHERE id >= :find_id AND id < :find_id_end")
        bindings |= {"find_id": find.upper(), "find_id_end": find.upper() + "\U0010ffff"}
    return f"o.id IN ({' UNION '.join(candidates)})"


def stans(tx: Tx, terminal: str) -> frozenset[str]:
    """All StanAuth values of *terminal* that belong to an operation."""
    rows = tx.rows(
        "SELECT stan_auth FROM operation WHERE terminal = :terminal AND stan_auth IS NOT NULL", terminal=terminal
    )
    return frozenset(row[0] for row in rows)


def references_like(tx: Tx, prefix: str) -> list[str]:
    """All references that begin with *prefix*."""
    rows = tx.rows(
        "SELECT id FROM operation WHERE id >= :prefix AND id < :end ORDER BY id",
        prefix=prefix,
        end=prefix + "\U0010ffff",
    )
    return [row[0] for row in rows]


def last_known(tx: Tx, terminal: str) -> Operation | None:
    """The operation whose result was last seen at *terminal*."""
    row = tx.row(_OPERATION + "JOIN terminal t ON t.last_operation = o.id WHERE t.id = :terminal", terminal=terminal)
    return _operation(tx, row) if row else None


def slips(tx: Tx, id: str) -> Slips:
    """Raises Wrong `unknown-payment`."""
    row = tx.row("SELECT copies FROM operation WHERE id = :id", id=id)
    if row is None:
        raise Wrong("unknown-payment", text=id[:40])
    texts: dict[str, str] = dict(tx.rows("SELECT which, text FROM slip WHERE operation = :id", id=id))
    return Slips(customer=texts.get("customer", ""), merchant=texts.get("merchant", ""), copies=row[0])


# --- money


_USED = """
SELECT coalesce(sum(CASE state WHEN 'approved' THEN coalesce(approved_minor, 0)
                               WHEN 'settled_by_hand' THEN settled_minor
                               WHEN 'declined' THEN 0 WHEN 'cancelled' THEN 0 WHEN 'not_started' THEN 0
                               ELSE asked_minor END), 0)
FROM operation WHERE corrects = :id AND kind IN ('refund', 'reversal')"""


def refundable(tx: Tx, id: str) -> int:
    """As `left_of`. Raises Wrong `unknown-payment`."""
    return left_of(tx, operation(tx, id))


def left_of(tx: Tx, payment: Operation) -> int:
    """What is left of a payment: paid less all money back that is approved, unknown or under way. Never below 0."""
    if payment.kind is not Kind.PURCHASE:
        return 0
    used = tx.row(_USED, id=payment.id)
    return max(0, payment.moved_minor - (used[0] if used else 0))


def line_used(tx: Tx, id: str) -> dict[int, int]:
    """For each line of a payment: what refunds and reversals of it have taken or may take."""
    rows = tx.rows(
        """
        SELECT l.line, sum(coalesce(l.kept_minor, l.amount_minor))
        FROM operation o JOIN line l ON l.operation = o.id
        WHERE o.corrects = :id AND o.kind IN ('refund', 'reversal')
        GROUP BY l.line""",
        id=id,
    )
    return dict(rows)


def next_part(tx: Tx, practice: str, invoice: str) -> int:
    """One more than the parts of the invoice that are kept."""
    row = tx.row(
        "SELECT coalesce(max(part), 0) + 1 FROM line"
        " WHERE practice = :practice AND invoice = :invoice AND claim = 'kept'",
        practice=practice,
        invoice=invoice,
    )
    return int(row[0]) if row else 1


def invoice_kept(tx: Tx, invoice: str, practice: str) -> list[KeptLine]:
    """What edgepos has moved on an invoice, money back too, in order."""
    rows = tx.rows(
        """
        SELECT b.row, l.part, b.amount_minor, l.due_minor, b.practice_payment
        FROM line l JOIN outbox b ON b.operation = l.operation AND b.line = l.line
        WHERE l.invoice = :invoice AND l.practice = :practice ORDER BY b.place""",
        invoice=invoice,
        practice=practice,
    )
    return [
        KeptLine(row=row[0], part=row[1], kept_minor=row[2], due_minor=row[3], practice_payment=row[4]) for row in rows
    ]


def invoices_held(tx: Tx, invoices: Sequence[str], practice: str) -> dict[str, InvoiceHeld]:
    """`next_part` and `invoice_kept` of many invoices by one statement; those on which nothing was moved are not in it.

    A list of some hundreds is drawn at each key: one question for each of them would be felt.
    """
    rows = tx.rows(
        """
        SELECT l.invoice, l.part, l.claim = 'kept', b.row, b.amount_minor, l.due_minor, b.practice_payment
        FROM json_each(:invoices) asked JOIN line l ON l.invoice = asked.value AND l.practice = :practice
             LEFT JOIN outbox b ON b.operation = l.operation AND b.line = l.line
        ORDER BY b.place""",
        invoices=json.dumps(list(invoices)),
        practice=practice,
    )
    found: dict[str, InvoiceHeld] = {}
    for invoice, part, is_kept, row, amount_minor, due_minor, payment in rows:
        held = found.get(invoice, InvoiceHeld())
        if is_kept and part is not None:
            held = replace(held, part=max(held.part, part + 1))
        if row is not None:
            line = KeptLine(row=row, part=part, kept_minor=amount_minor, due_minor=due_minor, practice_payment=payment)
            held = replace(held, kept=(*held.kept, line))
        found[invoice] = held
    return found


def bookings_of(tx: Tx, invoice: str, practice: str) -> frozenset[str]:
    """The practice system's payments of an invoice that are known to be ours."""
    rows = tx.rows(
        "SELECT b.practice_payment FROM line l JOIN outbox b ON b.operation = l.operation AND b.line = l.line"
        " WHERE l.invoice = :invoice AND l.practice = :practice AND b.practice_payment IS NOT NULL",
        invoice=invoice,
        practice=practice,
    )
    return frozenset(row[0] for row in rows)


# A payment settled by hand for which the terminal later had a row of its own counts once: by that row.
_DAY = """
SELECT kind, created_at, CASE WHEN state = 'approved' THEN coalesce(approved_minor, 0)
                              WHEN settled_outcome = 'taken' AND NOT EXISTS (
                                SELECT 1 FROM operation f WHERE f.corrects = o.id AND f.origin = 'found'
                                                            AND f.kind = o.kind AND f.state = 'approved')
                              THEN settled_minor ELSE 0 END AS moved
FROM operation o WHERE clinic_day = :day AND currency = :currency"""


def day_totals(tx: Tx, day: str, currency: str) -> DayTotals:
    row = tx.row(
        f"""
        SELECT count(*) FILTER (WHERE kind = 'purchase' AND moved > 0),
               coalesce(sum(moved) FILTER (WHERE kind = 'purchase'), 0),
               coalesce(sum(moved) FILTER (WHERE kind IN ('refund', 'reversal')), 0)
        FROM ({_DAY})""",
        day=day,
        currency=currency,
    )
    count, amount, refunds = row or (0, 0, 0)
    return DayTotals(count=count, amount_minor=amount, refunds_minor=refunds, currency=currency)


def day_quarters(tx: Tx, day: str, currency: str) -> list[tuple[str, int, int]]:
    """Purchases of a clinic day by the quarter of an hour (UTC: zones differ by quarters) in which they were begun:
    its start, how many moved money, and how much."""
    rows = tx.rows(
        f"""
        SELECT substr(created_at, 1, 14) || printf('%02d:00Z', substr(created_at, 15, 2) / 15 * 15),
               count(*), sum(moved)
        FROM ({_DAY}) WHERE kind = 'purchase' AND moved > 0 GROUP BY 1 ORDER BY 1""",
        day=day,
        currency=currency,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def day_periods(tx: Tx, day: str) -> frozenset[tuple[str, int]]:
    """Terminal and number of each period that has an operation of a clinic day."""
    rows = tx.rows(
        "SELECT DISTINCT terminal, period FROM operation WHERE clinic_day = :day AND period NOTNULL", day=day
    )
    return frozenset((row[0], row[1]) for row in rows)
