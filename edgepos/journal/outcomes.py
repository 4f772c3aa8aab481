"""What became of an operation: sent, unknown, decided, found at the terminal, recorded or settled by a person.

A result, its slips, its outbox rows, its period and its findings are one transaction. Each step is checked against the
states' table before it is written and read back after. What the terminal did is never refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import apsw

from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.evidence import Finding, Next, Verdict
from edgepos.domain.identifiers import is_reference, line_id
from edgepos.domain.operation import STEP_TO, Fence, Kind, Line, Operation, State, Step, advance, split
from edgepos.domain.result import Result, TerminalResult
from edgepos.journal import queries, record_queries
from edgepos.journal.database import Tx
from edgepos.journal.intents import (
    Draw,
    asked_fields,
    fresh_reference,
    invoice_holder,
    line_fields,
    money_back_lines,
    read_back,
)
from edgepos.journal.notes import append_finding, append_handled, append_period_closed
from edgepos.journal.values import Intent, PeriodEnd

SETTLED_FINDING = "settled-by-hand"
SLIPS_BACK = 100
"""Among so many of a terminal's newest periods a slip's own is looked for."""
CLOSED_ITSELF = "closed-by-terminal"
"""The finding of a session that the terminal closed by itself, its report never seen."""


def append_sent(tx: Tx, id: str, fence: Fence | None, boottime_ms: int) -> Operation:
    """Commit 2 of 4: from here on it may be at the terminal."""
    state = advance(queries.state_of(tx, id), Step.SEND)
    fields = {"id": id, "fence": None if fence is None else asdict(fence), "boottime_ms": boottime_ms}
    tx.append("operation.sent", id, fields)
    return read_back(tx, id, state)


def append_stop_asked(tx: Tx, id: str, operator: str) -> Operation:
    """A fact, not a state: asked once, and only of what is open."""
    operation = queries.operation(tx, id)
    if operation.is_open and operation.stop_asked_at is None:
        tx.append("operation.stop_asked", id, {"id": id, "operator": operator})
    return read_back(tx, id, operation.state)


def append_unknown(tx: Tx, id: str, cause: str, seen: Mapping[str, object], findings: Sequence[Finding]) -> Operation:
    """The answer is lost or contradicted. Said again of an unknown one, it writes only what is new."""
    operation = queries.operation(tx, id)
    if operation.state is not State.UNKNOWN:
        advance(operation.state, Step.LOSE)
    if operation.state is not State.UNKNOWN or operation.cause != cause:
        tx.append("operation.unknown", id, {"id": id, "cause": cause, "seen": dict(seen)})
    for finding in findings:
        append_finding(tx, finding.kind, id, finding.facts)
    return read_back(tx, id, State.UNKNOWN)


def append_decided(tx: Tx, id: str, verdict: Verdict, closes: PeriodEnd | None) -> Operation:
    """Commit 3 of 4: the result with all that follows from it. *closes*: what an approved reconciliation ended."""
    operation = queries.operation(tx, id)
    if verdict.then is not Next.DECIDED:
        raise ValueError(f"{id}: {verdict.state} by {verdict.cause} is no decision")
    state = advance(operation.state, STEP_TO[verdict.state])
    if closes is not None and (operation.kind is not Kind.RECONCILIATION or state is not State.APPROVED):
        raise ValueError(f"{id}: a {state} {operation.kind} closes no period")
    approved = verdict.approved_minor if state is State.APPROVED else 0
    fields: dict[str, object] = {
        "id": id,
        "cause": verdict.cause,
        "lines": _kept(approved, operation.lines),
        **_outcome(state, verdict.result, approved),
        "period": _period_of(tx, operation, state, verdict.result, closes),
        "evidence": list(verdict.evidence),
    }
    tx.append("operation.decided", id, fields)
    if closes is not None:
        append_period_closed(tx, operation.terminal, "asked", closes, id)
    for finding in verdict.findings:
        append_finding(tx, finding.kind, id, finding.facts)
    return read_back(tx, id, state)


def _outcome(state: State, result: TerminalResult | None, approved_minor: int) -> dict[str, object]:
    """The fields that every terminal's result has, in whatever event it comes."""
    return {
        "state": str(state),
        "evidence": [],
        "approved_minor": approved_minor,
        "tip_minor": result.tip_minor if result else 0,
        "surcharge_minor": result.surcharge_minor if result else 0,
        "result": result.kept() if result else {},
        "slips": _slips(result),
    }


def _period_of(
    tx: Tx, operation: Operation, state: State, result: TerminalResult | None, closes: PeriodEnd | None
) -> int | None:
    """The period that a decision falls into; what was never begun falls into none."""
    if state is State.NOT_STARTED:
        return None
    if operation.kind is Kind.RECONCILIATION:  # its own result may tell the next session already
        return _period_for(tx, operation.terminal, closes.session or "" if closes else "")
    return _period_for(tx, operation.terminal, result.session if result else "")


def _slips(result: TerminalResult | None) -> dict[str, object]:
    slips = {"customer": result.customer_slip, "merchant": result.merchant_slip} if result else {}
    return {which: text for which, text in slips.items() if text}


def _period_for(tx: Tx, terminal: str, session: str) -> int:
    """The period that a result of *session* belongs to.

    A session other than the open period's says that the terminal closed its day by itself meanwhile; unless it is the
    one just closed, whose result came late.
    """
    row = record_queries.terminal(tx, terminal)
    if not session or not row.session or _same_session(session, row.session):
        return row.period
    before = record_queries.period(tx, terminal, row.period - 1)
    if before and before.session and _same_session(session, before.session):
        return before.period
    append_period_closed(tx, terminal, "terminal", PeriodEnd(session=row.session), None)
    facts = {"terminal": terminal, "period": row.period, "session": row.session}
    append_finding(tx, CLOSED_ITSELF, f"{terminal}/{row.period}", facts)
    return row.period + 1


def _same_session(one: str, other: str) -> bool:
    return one.lstrip("0") == other.lstrip("0")


def _shares(amount_minor: int, lines: tuple[Line, ...]) -> dict[int, int]:
    """How what moved fills the lines; more than was asked stays on the last one, so that all of it is booked."""
    shares = {line.line: share for line, share in zip(lines, split(amount_minor, lines), strict=True)}
    if lines:
        shares[lines[-1].line] += amount_minor - sum(shares.values())
    return shares


def _kept(amount_minor: int, lines: tuple[Line, ...]) -> list[dict[str, object]]:
    return [{"line": line, "kept_minor": share} for line, share in _shares(amount_minor, lines).items()]


# --- what the terminal did, whoever asked for it


def append_found(
    tx: Tx, draw: Draw, result: TerminalResult, intent: Intent, *, why: str, acknowledged_as: Mapping[int, str]
) -> Operation:
    """Adopt what the terminal has done: never refused, and booked unless a person's settling has booked it already.

    *intent* says kind, terminal, currency, day, operator, lines and what it corrects. *acknowledged_as*: for a line,
    the practice system's payment that is it. Where the terminal names a reference of our form, that is its id.
    """
    corrected = queries.operation(tx, intent.corrects) if intent.corrects else None
    state, amount = _what_moved(result, intent.kind, corrected)
    if intent.kind is Kind.REVERSAL and result.result is Result.REJECTED:
        result = replace(result, session="")  # it is the payment's: it was taken back later, in whatever session
    is_named = is_reference(result.order_id) and not queries.references_like(tx, result.order_id)
    id = result.order_id if is_named else fresh_reference(tx, draw)
    was_settled = corrected is not None and corrected.settled_outcome is not None and corrected.kind is intent.kind
    is_booked_already = was_settled and corrected is not None and corrected.moved_minor > 0
    is_booked = state is State.APPROVED and not is_booked_already
    lines = _adopted_lines(tx, intent, corrected, amount)
    is_double = is_booked and intent.kind is Kind.PURCHASE and any(_is_kept(tx, line) for line in lines)
    shares = _shares(amount, lines)
    fields = {
        **asked_fields(id, replace(intent, asked_minor=amount), lines),
        **_outcome(state, result, amount if state is State.APPROVED else 0),
        "period": _period_for(tx, intent.terminal, result.session),
        "lines": [{**line_fields(line), "kept_minor": shares[line.line]} for line in lines],
        "why": why,
        "is_booked": is_booked,
    }
    tx.append("operation.found", id, fields)
    if was_settled and corrected is not None:
        append_finding(tx, "settled-contradicted", corrected.id, {"payment": corrected.id, "found": id})
    if is_double:
        append_finding(tx, "double", id, {"payment": id, "corrects": intent.corrects, "amount_minor": amount})
    for line, practice_payment in acknowledged_as.items():
        row = line_id(id, line)
        tx.append("outbox.acknowledged", row, {"row": row, "practice_payment": practice_payment, "via": "lookup"})
    return read_back(tx, id, state)


def _what_moved(result: TerminalResult, kind: Kind, corrected: Operation | None) -> tuple[State, int]:
    """The state and the amount of what was found. A payment's own result that turned to "rejected" is its reversal."""
    if kind is Kind.REVERSAL and result.result is Result.REJECTED:
        return State.APPROVED, corrected.moved_minor if corrected else 0
    if result.result is Result.MOVED:
        return State.APPROVED, abs(result.net_minor or 0)
    if result.result is Result.REJECTED:
        return State.DECLINED, 0
    raise ValueError(f"a result {result.result} moved nothing and refused nothing")


def _adopted_lines(tx: Tx, intent: Intent, corrected: Operation | None, amount_minor: int) -> tuple[Line, ...]:
    """The lines of what was found or recorded: as given, else as those of what it corrects, else one unlisted line."""
    if intent.lines:
        return tuple(_with_next_part(tx, line) if intent.kind is Kind.PURCHASE else line for line in intent.lines)
    if intent.kind is Kind.RECONCILIATION:
        return ()
    if corrected is not None and intent.kind is Kind.PURCHASE:
        return tuple(replace(line, kept_minor=None, claim=None) for line in corrected.lines)
    if corrected is not None:
        left = money_back_lines(tx, corrected, amount_minor)
        return left or tuple(replace(line, part=None, due_minor=None) for line in corrected.lines[-1:])
    return (Line(line=1, amount_minor=amount_minor),)


def _with_next_part(tx: Tx, line: Line) -> Line:
    if line.invoice is None or line.part is not None:
        return line
    return replace(line, part=queries.next_part(tx, line.practice, line.invoice))


def _is_kept(tx: Tx, line: Line) -> bool:
    """Whether somebody holds this line's part already: then it was paid twice."""
    row = tx.row(
        "SELECT 1 FROM line WHERE practice = :practice AND invoice = :invoice AND part = :part AND claim = 'kept'",
        practice=line.practice,
        invoice=line.invoice,
        part=line.part,
    )
    return row is not None


def append_recorded(
    tx: Tx, draw: Draw, intent: Intent, *, slip_number: str, at: str, session: str
) -> tuple[Operation, bool]:
    """Book what was taken on a terminal that stood alone, from its slip. False: this key was answered before."""
    if intent.request_key and (first := queries.by_request_key(tx, intent.request_key)):
        return first, False
    if intent.asked_minor <= 0:
        raise Wrong("amount-form", why="zero" if intent.asked_minor == 0 else "negative")
    corrected = queries.operation(tx, intent.corrects) if intent.corrects else None
    id = fresh_reference(tx, draw)
    lines = _adopted_lines(tx, intent, corrected, intent.asked_minor)
    if intent.lines and sum(line.amount_minor for line in lines) != intent.asked_minor:
        raise Wrong("usage", why="lines-do-not-add-up", amount_minor=intent.asked_minor)
    shares = _shares(intent.asked_minor, lines)
    fields = asked_fields(id, intent, tuple(replace(line, amount_minor=shares[line.line]) for line in lines))
    period = _period_of_slip(tx, intent.terminal, session, at)
    tx.append("operation.recorded", id, {**fields, "slip_number": slip_number, "at": at, "period": period})
    return read_back(tx, id, State.APPROVED), True


def _period_of_slip(tx: Tx, terminal: str, session: str, at: str) -> int:
    """The newest period of *session*, else the one that was open *at* that time, else the open one."""
    known = record_queries.periods(tx, terminal, SLIPS_BACK)
    for period in known:
        if session and period.session and _same_session(session, period.session):
            return period.period
    for period in known:
        if at and period.opened_at <= at and (period.closed_at is None or at < period.closed_at):
            return period.period
    return record_queries.terminal(tx, terminal).period


# --- what a person says


def append_settled(
    tx: Tx, id: str, *, outcome: str, slip_number: str, amount_minor: int, operator: str, confirmed_by: str
) -> Operation:
    """Close an unknown one by hand: `taken` keeps the part and is booked, `not_taken` frees it; both stay findings."""
    operation = queries.operation(tx, id)
    if not operation.is_open:
        raise Refused("already-settled", payment=id, state=str(operation.state))
    if operation.state is not State.UNKNOWN:
        raise Refused(
            "terminal-in-use", payment=id, terminal=operation.terminal, amount_minor=operation.asked_minor,
            since=operation.created_at,
        )  # fmt: skip
    taken = amount_minor if outcome == "taken" else 0
    if outcome not in ("taken", "not_taken") or (outcome == "taken" and operation.asked_minor > 0 >= amount_minor):
        raise Wrong("usage", text=outcome, expected="taken or not_taken")
    state = advance(operation.state, Step.SETTLE)
    fields: dict[str, object] = {
        "id": id,
        "outcome": outcome,
        "slip_number": slip_number,
        "amount_minor": taken,
        "operator": operator,
        "confirmed_by": confirmed_by,
        "lines": _kept(taken, operation.lines),
        "period": record_queries.terminal(tx, operation.terminal).period,
    }
    tx.append("operation.settled", id, fields)
    append_finding(tx, SETTLED_FINDING, id, {"payment": id, "outcome": outcome, "amount_minor": taken})
    return read_back(tx, id, state)


def append_confirmed(tx: Tx, id: str, closing: int, agrees: bool) -> Operation:
    """The terminal's totals have spoken on what a person had settled; if they agree, its finding is done with."""
    operation = queries.operation(tx, id)
    if operation.state is not State.SETTLED_BY_HAND:
        raise Wrong("usage", why="not-settled", payment=id)
    tx.append("operation.confirmed", id, {"id": id, "closing": closing, "agrees": agrees})
    if agrees and (finding := record_queries.open_finding(tx, SETTLED_FINDING, id)):
        append_handled(tx, finding.finding, "agent", f"closing {closing}")
    return read_back(tx, id, operation.state)


def append_assigned(
    tx: Tx, id: str, *, line: int, practice: str, invoice: str, number: str, operator: str
) -> Operation:
    """Give a line of an unlisted payment its invoice, once; it is booked then, and so is what was refunded of it."""
    operation = queries.operation(tx, id)
    found = next((one for one in operation.lines if one.line == line), None)
    if operation.kind is not Kind.PURCHASE or not operation.moved_minor or found is None:
        raise Wrong("unknown-payment", text=f"{id[:40]}.{line}")
    if found.invoice is not None:
        raise Refused("already-assigned", payment=id, invoice=found.invoice)
    part = queries.next_part(tx, practice, invoice)
    fields = {"id": id, "line": line, "practice": practice, "invoice": invoice, "number": number, "part": part}
    try:
        tx.append("payment.assigned", id, {**fields, "operator": operator})
    except apsw.ConstraintError as conflict:  # the part is another's that is open now
        refusal = invoice_holder(tx, id, replace(found, practice=practice, invoice=invoice, part=part))
        if refusal is None:
            raise
        raise refusal from conflict
    return read_back(tx, id, operation.state)
