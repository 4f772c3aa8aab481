"""The first commit of an operation: its intent, which claims terminal and invoice parts before anything is sent.

The claims are held by unique indexes, not by looking first: where one refuses, the holder is named. What a refund may
take is computed in the same transaction as its intent, with all that is unknown or under way counted as used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import apsw

from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.money import MAX_MINOR
from edgepos.domain.operation import OPEN, Kind, Line, Operation, State, code_of_open, in_the_way
from edgepos.journal import queries, record_queries
from edgepos.journal.database import Row, Tx
from edgepos.journal.values import Intent

Draw = Callable[[], str]


def append_intent(tx: Tx, intent: Intent, draw: Draw, expected_parts: bool) -> tuple[Operation, bool]:
    """Commit 1 of 4. False: this request key had its answer before; nothing was written."""
    if intent.request_key and (first := queries.by_request_key(tx, intent.request_key)):
        return first, False
    held = record_queries.terminal(tx, intent.terminal).held
    if held and intent.kind is not Kind.RECONCILIATION:  # a closed session is how a held terminal gets free
        raise Refused("terminal-held", terminal=intent.terminal, cause=held)
    match intent.kind:
        case Kind.PURCHASE:
            lines = _purchase_lines(tx, intent, expected_parts)
        case Kind.REFUND:
            lines = _refund_lines(tx, intent)
        case Kind.REVERSAL:
            lines = _reversal_lines(tx, intent)
        case _:  # a reconciliation is of the terminal alone
            lines = ()
    id = fresh_reference(tx, draw)
    try:
        tx.append("operation.intended", id, asked_fields(id, intent, lines))
    except apsw.ConstraintError as conflict:
        refusal = _who_holds(tx, id, intent, lines)
        if refusal is None:
            raise
        raise refusal from conflict
    return read_back(tx, id, State.INTENDED), True


def fresh_reference(tx: Tx, draw: Draw) -> str:
    """A reference that the journal does not know yet."""
    while tx.row("SELECT 1 FROM operation WHERE id = :id", id=(id := draw())):
        pass
    return id


def asked_fields(id: str, intent: Intent, lines: tuple[Line, ...]) -> dict[str, object]:
    """What every event that begins an operation says of what was asked."""
    return {
        "id": id,
        "kind": str(intent.kind),
        "terminal": intent.terminal,
        "currency": intent.currency,
        "asked_minor": intent.asked_minor,
        "lines": [line_fields(line) for line in lines],
        "text": intent.text,
        "corrects": intent.corrects,
        "operator": intent.operator,
        "clinic_day": intent.clinic_day,
        "request_key": intent.request_key,
    }


def line_fields(line: Line) -> dict[str, object]:
    return {
        "line": line.line,
        "practice": line.practice,
        "invoice": line.invoice,
        "number": line.number,
        "part": line.part,
        "amount_minor": line.amount_minor,
        "due_minor": line.due_minor,
    }


def read_back(tx: Tx, id: str, expected: State) -> Operation:
    """The operation as it stands now: what the table has must be what the states' table said."""
    operation = queries.operation(tx, id)
    if operation.state is not expected:
        raise RuntimeError(f"{id} was to be {expected} and reads back as {operation.state}")
    return operation


# --- lines


def _purchase_lines(tx: Tx, intent: Intent, expected_parts: bool) -> tuple[Line, ...]:
    _check_amount(intent.asked_minor)
    if not intent.lines:
        return (Line(line=1, amount_minor=intent.asked_minor),)
    invoices = [(line.practice, line.invoice) for line in intent.lines if line.invoice is not None]
    if sum(line.amount_minor for line in intent.lines) != intent.asked_minor:
        raise Wrong("usage", why="lines-do-not-add-up", amount_minor=intent.asked_minor)
    if len(set(invoices)) != len(invoices):
        raise Wrong("usage", why="invoice-twice")
    return tuple(_with_part(tx, line, expected_parts) for line in intent.lines)


def _with_part(tx: Tx, line: Line, expected_parts: bool) -> Line:
    if line.invoice is None:
        return line
    if line.amount_minor <= 0:
        raise Wrong("amount-form", why="zero", invoice=line.invoice)
    part = queries.next_part(tx, line.practice, line.invoice)
    if expected_parts and line.part != part:
        raise Refused("due-changed", invoice=line.invoice, part=part, seen_part=line.part)
    return replace(line, part=part)


def _check_amount(amount_minor: int) -> None:
    if amount_minor <= 0:
        raise Wrong("amount-form", why="zero" if amount_minor == 0 else "negative")
    if amount_minor > MAX_MINOR:
        raise Wrong("amount-too-large", max_minor=MAX_MINOR)


def _payment_of(tx: Tx, intent: Intent) -> Operation:
    """The payment that money is to be given back of. Raises Wrong or Refused where there is none to give back."""
    payment = queries.operation(tx, intent.corrects or "")
    if payment.kind is not Kind.PURCHASE or payment.currency != intent.currency:
        raise Wrong("unknown-payment", text=payment.id)
    if payment.is_open:
        raise in_the_way(payment)
    return payment


def _refund_lines(tx: Tx, intent: Intent) -> tuple[Line, ...]:
    payment = _payment_of(tx, intent)
    left = queries.left_of(tx, payment)
    if intent.asked_minor > left:
        raise Wrong("amount-too-large", max_minor=left, payment=payment.id)
    _check_amount(intent.asked_minor)
    if not intent.lines:
        return money_back_lines(tx, payment, intent.asked_minor)
    left_of = {line.line: line for line in _left_lines(tx, payment)}
    if sum(line.amount_minor for line in intent.lines) != intent.asked_minor:
        raise Wrong("usage", why="lines-do-not-add-up", amount_minor=intent.asked_minor)
    lines = []
    for asked in intent.lines:
        line = left_of.pop(asked.line, None)  # a line named twice is unknown the second time
        if line is None:
            raise Wrong("usage", why="unknown-line", line=asked.line)
        if not 0 < asked.amount_minor <= line.amount_minor:
            raise Wrong("amount-too-large", max_minor=line.amount_minor, payment=payment.id)
        lines.append(replace(line, amount_minor=asked.amount_minor))
    return tuple(sorted(lines, key=lambda line: line.line))


def _reversal_lines(tx: Tx, intent: Intent) -> tuple[Line, ...]:
    """A reversal takes the whole payment, or nothing: no part of it may have been given back."""
    payment = _payment_of(tx, intent)
    left = queries.left_of(tx, payment)
    if left != payment.moved_minor or intent.asked_minor != left or left == 0:
        raise Wrong("amount-too-large", max_minor=left, payment=payment.id)
    return _left_lines(tx, payment)


def _left_lines(tx: Tx, payment: Operation) -> tuple[Line, ...]:
    """The lines of *payment* with what money back may still take of each, where that is anything."""
    used = queries.line_used(tx, payment.id)
    return tuple(
        replace(line, amount_minor=left, part=None, due_minor=None, kept_minor=None, claim=None)
        for line in payment.lines
        if (left := (line.kept_minor or 0) - used.get(line.line, 0)) > 0
    )


def money_back_lines(tx: Tx, payment: Operation, amount_minor: int) -> tuple[Line, ...]:
    """*amount_minor* taken from the lines of *payment*, the last line first; no more than they have left."""
    lines = []
    for line in reversed(_left_lines(tx, payment)):
        share = min(line.amount_minor, amount_minor)
        amount_minor -= share
        if share:
            lines.append(replace(line, amount_minor=share))
    return tuple(reversed(lines))


# --- who is in the way

_TERMINAL_HOLDER = """
SELECT id, terminal, asked_minor, created_at, state FROM operation
WHERE terminal = :terminal AND id <> :id AND origin = 'asked'
  AND (state IN ('intended', 'sent') OR (state = 'unknown' AND kind <> 'reconciliation'))"""
_INVOICE_HOLDER = """
SELECT o.id, o.terminal, o.asked_minor, o.created_at, o.state
FROM line l JOIN operation o ON o.id = l.operation
WHERE l.practice = :practice AND l.invoice = :invoice AND l.operation <> :id
  AND (l.claim = 'open' OR (l.claim = 'kept' AND l.part = :part AND l.origin = 'asked'))
ORDER BY l.claim = 'kept'"""


def _who_holds(tx: Tx, id: str, intent: Intent, lines: tuple[Line, ...]) -> Refused | None:
    """The refusal that names the holder of the claim which an index has just refused."""
    if row := tx.row(_TERMINAL_HOLDER, terminal=intent.terminal, id=id):
        return Refused(code_of_open(State(row[4])), **_row_facts(row))
    for line in lines:
        if refusal := invoice_holder(tx, id, line):
            return refusal
    return None


def invoice_holder(tx: Tx, id: str, line: Line) -> Refused | None:
    """The refusal that names who holds the invoice, or the part, of *line*; None if nobody but *id* does."""
    row = tx.row(_INVOICE_HOLDER, practice=line.practice, invoice=line.invoice, part=line.part, id=id)
    if row is None:
        return None
    state = State(row[4])
    code = "invoice-paid" if state not in OPEN else "payment-unknown" if state is State.UNKNOWN else "invoice-open"
    return Refused(code, invoice=line.invoice, **_row_facts(row))


def _row_facts(row: Row) -> dict[str, object]:
    return {"payment": row[0], "terminal": row[1], "amount_minor": row[2], "since": row[3]}
