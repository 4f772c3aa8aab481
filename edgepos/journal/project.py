"""From an event to what it changes in the projections: one pure function, used when it happens and when it is rebuilt.

`project(event)` gives statements and their bindings in order. It reads nothing: what depends on other rows is said in
SQL over the projections, so that the same events always make the same tables. `INSERT OR REPLACE` is banned: on a
conflict it would delete another operation's claim without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from edgepos.journal.events import Event

Bindings = Mapping[str, str | int | None]
Write = tuple[str, Bindings]
Fields = Mapping[str, Any]

_TERMINAL = "INSERT INTO terminal (id) VALUES (:terminal) ON CONFLICT (id) DO NOTHING"
_FIRST_PERIOD = """
INSERT INTO period (terminal, period, opened_at)
SELECT :terminal, 1, :at WHERE NOT EXISTS (SELECT 1 FROM period WHERE terminal = :terminal)"""
_OPERATION = """
INSERT INTO operation (id, kind, origin, state, terminal, currency, asked_minor, operator, clinic_day, created_at,
                       changed_at, created_seq, seq, text, corrects, request_key)
VALUES (:id, :kind, :origin, :state, :terminal, :currency, :asked_minor, :operator, :clinic_day, :at,
        :at, :seq, :seq, :text, :corrects, :request_key)"""
_LINE = """
INSERT INTO line (operation, line, origin, practice, invoice, number, part, amount_minor, due_minor, kept_minor, claim)
VALUES (:id, :line, :origin, :practice, :invoice, :number, :part, :amount_minor, :due_minor, :kept_minor, :claim)"""
_OUTCOME = """
UPDATE operation
SET state = :state, cause = :cause, evidence = :evidence, approved_minor = :approved_minor, tip_minor = :tip_minor,
    surcharge_minor = :surcharge_minor, result = :result, stan_auth = :stan_auth, session = :session, period = :period,
    changed_at = :at, seq = :seq
WHERE id = :id"""
_KEPT = """
UPDATE line SET kept_minor = :kept_minor,
                claim = CASE WHEN claim IS NULL THEN NULL WHEN :kept_minor > 0 THEN 'kept' ELSE 'released' END
WHERE operation = :id AND line = :line"""
_SLIP = "INSERT INTO slip (operation, which, text) VALUES (:id, :which, :text)"
# The row of a refund waits for its payment's row, if that has one.
_BOOK = """
INSERT INTO outbox (row, operation, line, practice, invoice, amount_minor, currency, state, waits_for, created_at, seq)
SELECT l.operation || '.' || l.line, l.operation, l.line, l.practice, l.invoice,
       CASE o.kind WHEN 'purchase' THEN l.kept_minor ELSE -l.kept_minor END, o.currency, 'queued',
       CASE WHEN o.kind <> 'purchase' THEN (SELECT p.row FROM outbox p WHERE p.row = o.corrects || '.' || l.line) END,
       :at, :seq
FROM operation o JOIN line l ON l.operation = o.id
WHERE {whose} AND l.invoice IS NOT NULL AND l.kept_minor <> 0"""
_BOOK_OWN = _BOOK.format(whose="o.id = :id")
_BOOK_ASSIGNED = _BOOK.format(whose="o.id = :id AND l.line = :line")
_BOOK_ITS_REFUNDS = _BOOK.format(whose="o.corrects = :id AND o.kind IN ('refund', 'reversal') AND l.line = :line")
_PERIOD_SESSION = """
UPDATE period SET session = :session
WHERE terminal = (SELECT terminal FROM operation WHERE id = :id) AND period = :period AND session IS NULL"""
_TERMINAL_LAST = """
UPDATE terminal SET last_operation = :id, last_result = :result, last_session = coalesce(:session, last_session)
WHERE id = (SELECT terminal FROM operation WHERE id = :id)"""


def project(event: Event) -> Iterator[Write]:
    """What *event* changes, in order."""
    what = _KINDS.get(event.kind)
    if what is not None:
        fields = event.fields
        yield from what(fields, {"at": event.at, "seq": event.seq, "boot_id": event.boot_id})


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
"""One encoder for all: `json.dumps` would make one for each value."""


def _only(fields: Fields, *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names}


def _begin(fields: Fields, when: Fields, origin: str, state: str) -> Iterator[Write]:
    yield _TERMINAL, _only(fields, "terminal")
    yield _FIRST_PERIOD, {"terminal": fields["terminal"], "at": when["at"]}
    asked = _only(fields, "id", "kind", "terminal", "currency", "asked_minor", "operator", "clinic_day", "text")
    asked |= _only(fields, "corrects", "request_key")
    yield _OPERATION, {**asked, "origin": origin, "state": state, "at": when["at"], "seq": when["seq"]}


def _line(fields: Fields, line: Fields, origin: str, claim: str | None, kept_minor: int | None) -> Write:
    named = _only(line, "line", "practice", "invoice", "number", "part", "amount_minor", "due_minor")
    return _LINE, {**named, "id": fields["id"], "origin": origin, "claim": claim, "kept_minor": kept_minor}


def _outcome(fields: Fields, when: Fields, cause: str | None) -> Iterator[Write]:
    """What a terminal's result changes on its operation, slips, period and terminal."""
    result = fields["result"]
    outcome = _only(fields, "id", "state", "approved_minor", "tip_minor", "surcharge_minor", "period")
    outcome |= {
        "cause": cause,
        "evidence": _json(fields["evidence"]),
        "result": _json(result),
        "stan_auth": result.get("stan_auth"),
        "session": result.get("session"),
    }
    yield _OUTCOME, {**outcome, "at": when["at"], "seq": when["seq"]}
    for which, text in sorted(fields["slips"].items()):
        yield _SLIP, {"id": fields["id"], "which": which, "text": text}
    if outcome["session"] and fields["period"]:
        yield _PERIOD_SESSION, _only(outcome, "id", "session", "period")
    if result.get("stan_auth") or result.get("time_stamp"):  # a terminal said it; a practice system has neither
        yield _TERMINAL_LAST, _only(outcome, "id", "result", "session")


def _kept(fields: Fields) -> Iterator[Write]:
    for line in fields["lines"]:
        yield _KEPT, {"id": fields["id"], "line": line["line"], "kept_minor": line["kept_minor"]}


def _book(fields: Fields, when: Fields) -> Write:
    return _BOOK_OWN, {"id": fields["id"], "at": when["at"], "seq": when["seq"]}


def _intended(fields: Fields, when: Fields) -> Iterator[Write]:
    yield from _begin(fields, when, "asked", "intended")
    for line in fields["lines"]:
        yield _line(fields, line, "asked", "open" if fields["kind"] == "purchase" else None, None)


def _sent(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE operation SET state = 'sent', fence = :fence, sent_boot_id = :boot_id, sent_boottime_ms = :boottime_ms,"
        " changed_at = :at, seq = :seq WHERE id = :id",
        {
            **_only(fields, "id", "boottime_ms"),
            "fence": None if fields["fence"] is None else _json(fields["fence"]),
            **when,
        },
    )


def _stop_asked(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE operation SET stop_asked_at = :at, changed_at = :at, seq = :seq WHERE id = :id",
        {"id": fields["id"], "at": when["at"], "seq": when["seq"]},
    )


def _unknown(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE operation SET state = 'unknown', cause = :cause, changed_at = :at, seq = :seq WHERE id = :id",
        {**_only(fields, "id", "cause"), "at": when["at"], "seq": when["seq"]},
    )


def _decided(fields: Fields, when: Fields) -> Iterator[Write]:
    yield from _outcome(fields, when, fields["cause"])
    yield from _kept(fields)
    if fields["state"] == "approved":
        yield _book(fields, when)


def _found(fields: Fields, when: Fields) -> Iterator[Write]:
    yield from _begin(fields, when, "found", fields["state"])
    yield from _outcome(fields, when, fields["why"])
    for line in fields["lines"]:
        is_kept = fields["is_booked"] and line["kept_minor"] > 0
        claim = None if fields["kind"] != "purchase" else "kept" if is_kept else "released"
        yield _line(fields, line, "found", claim, line["kept_minor"])
    if fields["is_booked"]:
        yield _book(fields, when)


def _recorded(fields: Fields, when: Fields) -> Iterator[Write]:
    yield from _begin(fields, when, "recorded", "approved")
    yield (
        "UPDATE operation SET approved_minor = asked_minor, settled_slip = :slip_number, period = :period,"
        " evidence = '[\"slip\"]', result = :result WHERE id = :id",
        {**_only(fields, "id", "slip_number", "period"), "result": _json({"time_stamp": fields["at"]})},
    )
    for line in fields["lines"]:
        yield _line(fields, line, "recorded", "kept" if fields["kind"] == "purchase" else None, line["amount_minor"])
    yield _book(fields, when)


def _settled(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE operation SET state = 'settled_by_hand', settled_outcome = :outcome, settled_slip = :slip_number,"
        " settled_minor = :amount_minor, period = :period, changed_at = :at, seq = :seq WHERE id = :id",
        {
            **_only(fields, "id", "outcome", "slip_number", "amount_minor", "period"),
            "at": when["at"],
            "seq": when["seq"],
        },
    )
    yield from _kept(fields)
    if fields["outcome"] == "taken":
        yield _book(fields, when)


def _confirmed(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE operation SET is_confirmed = :agrees, changed_at = :at, seq = :seq WHERE id = :id",
        {"id": fields["id"], "agrees": int(fields["agrees"]), "at": when["at"], "seq": when["seq"]},
    )


def _assigned(fields: Fields, when: Fields) -> Iterator[Write]:
    named = _only(fields, "id", "line", "practice", "invoice", "number")
    yield (
        "UPDATE line SET practice = :practice, invoice = :invoice, number = :number, part = :part"
        " WHERE operation = :id AND line = :line",
        {**named, "part": fields["part"]},
    )
    yield (
        "UPDATE line SET practice = :practice, invoice = :invoice, number = :number WHERE line = :line AND operation IN"
        " (SELECT id FROM operation WHERE corrects = :id AND kind IN ('refund', 'reversal'))",
        named,
    )
    yield (
        "UPDATE operation SET changed_at = :at, seq = :seq WHERE id = :id",
        {"id": fields["id"], "at": when["at"], "seq": when["seq"]},
    )
    row = {**_only(fields, "id", "line"), "at": when["at"], "seq": when["seq"]}
    yield _BOOK_ASSIGNED, row
    yield _BOOK_ITS_REFUNDS, row


def _acknowledged(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE outbox SET state = 'acknowledged', practice_payment = :practice_payment, via = :via, cause = NULL,"
        " facts = '{}' WHERE row = :row",
        _only(fields, "row", "practice_payment", "via"),
    )


def _parked(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE outbox SET state = 'parked', cause = :cause, facts = :facts WHERE row = :row",
        {**_only(fields, "row", "cause"), "facts": _json(fields["facts"])},
    )


def _released(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE outbox SET state = 'queued', cause = NULL, facts = '{}', change = :change WHERE row = :row",
        {"row": fields["row"], "change": _json(fields["change"])},
    )


def _period_closed(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE period SET closed_at = :at, by = :by, operation = :operation, totals = :totals, slip = :slip,"
        " session = coalesce(:session, session) WHERE terminal = :terminal AND period = :period",
        {
            **_only(fields, "terminal", "period", "session", "by", "operation", "slip"),
            "totals": _json(fields["totals"]),
            "at": when["at"],
        },
    )
    following = {"terminal": fields["terminal"], "period": fields["period"] + 1, "at": when["at"]}
    yield "INSERT INTO period (terminal, period, opened_at) VALUES (:terminal, :period, :at)", following
    yield (
        "UPDATE terminal SET period = :period,"
        " last_reconciled_at = CASE :by WHEN 'swap' THEN NULL ELSE :at END WHERE id = :terminal",
        {**following, "by": fields["by"]},
    )


def _period_told(fields: Fields, when: Fields) -> Iterator[Write]:
    total = {"scheme": "", "count": 0, "amount_minor": fields["amount_minor"], "told_by": fields["operator"]}
    yield (
        "UPDATE period SET totals = :totals WHERE terminal = :terminal AND period = :period",
        {**_only(fields, "terminal", "period"), "totals": _json([total])},
    )


def _closing_made(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "INSERT INTO closing (number, clinic_day, terminals, periods, match, operator, made_at)"
        " VALUES (:number, :clinic_day, :terminals, :periods, :match, :operator, :at)",
        {
            **_only(fields, "number", "clinic_day", "operator"),
            **{name: _json(fields[name]) for name in ("terminals", "periods", "match")},
            "at": when["at"],
        },
    )


def _finding_raised(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "INSERT INTO finding (finding, kind, subject, facts, raised_at, seq)"
        " VALUES (:finding, :kind, :subject, :facts, :at, :seq)",
        {
            **_only(fields, "finding", "kind", "subject"),
            "facts": _json(fields["facts"]),
            "at": when["at"],
            "seq": when["seq"],
        },
    )


def _finding_handled(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "UPDATE finding SET handled_at = :at, operator = :operator, note = :note WHERE finding = :finding",
        {**_only(fields, "finding", "operator", "note"), "at": when["at"]},
    )


def _of_terminal(fields: Fields, when: Fields, column: str, value: str | int | None) -> Iterator[Write]:
    yield _TERMINAL, _only(fields, "terminal")
    yield _FIRST_PERIOD, {"terminal": fields["terminal"], "at": when["at"]}
    yield (
        f"UPDATE terminal SET {column} = :value WHERE id = :terminal",
        {"terminal": fields["terminal"], "value": value},
    )


def _closing_copied(fields: Fields, when: Fields) -> Iterator[Write]:
    yield (
        "INSERT INTO meta (key, value) VALUES ('copies of closing ' || :number, :copy)"
        " ON CONFLICT (key) DO UPDATE SET value = :copy",
        {"number": fields["number"], "copy": str(fields["copy"])},
    )


def _receipt_copied(fields: Fields, when: Fields) -> Iterator[Write]:
    yield "UPDATE operation SET copies = :copy WHERE id = :id", _only(fields, "id", "copy")


def _created(fields: Fields, when: Fields) -> Iterator[Write]:
    yield "INSERT INTO meta (key, value) VALUES ('box_id', :box_id)", _only(fields, "box_id")


def _restored(fields: Fields, when: Fields) -> Iterator[Write]:
    """The copy lives on as another box; whatever was open in it may have gone on since, even what was only intended."""
    yield "UPDATE meta SET value = :box_id WHERE key = 'box_id'", _only(fields, "box_id")
    yield (
        "INSERT INTO meta (key, value) VALUES ('predecessor.' || :seq, :box_id)",
        {"seq": when["seq"], "box_id": fields["from_box_id"]},
    )
    yield (
        "UPDATE operation SET state = 'unknown', cause = 'restored', changed_at = :at, seq = :seq"
        " WHERE state IN ('intended', 'sent')",
        {"at": when["at"], "seq": when["seq"]},
    )


_KINDS: Mapping[str, Callable[[Fields, Fields], Iterable[Write]]] = {
    "journal.created": _created,
    "journal.restored": _restored,
    "operation.intended": _intended,
    "operation.sent": _sent,
    "operation.stop_asked": _stop_asked,
    "operation.unknown": _unknown,
    "operation.decided": _decided,
    "operation.found": _found,
    "operation.recorded": _recorded,
    "operation.settled": _settled,
    "operation.confirmed": _confirmed,
    "payment.assigned": _assigned,
    "outbox.acknowledged": _acknowledged,
    "outbox.parked": _parked,
    "outbox.released": _released,
    "period.closed": _period_closed,
    "period.told": _period_told,
    "closing.made": _closing_made,
    "closing.copied": _closing_copied,
    "finding.raised": _finding_raised,
    "finding.handled": _finding_handled,
    "terminal.learned": lambda fields, when: _of_terminal(fields, when, "echoes", int(fields["echoes"])),
    "terminal.held": lambda fields, when: _of_terminal(fields, when, "held", fields["cause"]),
    "terminal.released": lambda fields, when: _of_terminal(fields, when, "held", None),
    "receipt.copied": _receipt_copied,
}
"""Kinds that are missing here change no table: the event itself is all there is to them."""
