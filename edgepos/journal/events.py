"""Events: the truth of the journal. What kinds there are, which fields each must have, how one is chained to the last.

The body is RFC 8785 JSON, and what is hashed is the very text that is stored. A body with an unknown, missing or
wrongly typed field is refused before anything is written: whoever adds a field adds it here.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType

import rfc8785

MAX_INTEGER = 2**53 - 1
"""The largest that RFC 8785 writes."""
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
read_json = json.JSONDecoder().decode
"""One decoder for all: `json.loads` asks anew what each text is and how it is to be read."""

GENESIS = bytes(32)
"""What the first event has as its previous hash."""


Fields = Mapping[str, object]
Spec = Mapping[str, tuple[type, ...]]

_TEXT, _TEXT_OR_NONE = (str,), (str, NoneType)
_INT, _INT_OR_NONE = (int,), (int, NoneType)
_LIST, _OBJECT = (list,), (dict,)

_ASKED: Spec = {
    "id": _TEXT,
    "kind": _TEXT,
    "terminal": _TEXT,
    "currency": _TEXT,
    "asked_minor": _INT,
    "lines": _LIST,
    "text": _TEXT,
    "corrects": _TEXT_OR_NONE,
    "operator": _TEXT,
    "clinic_day": _TEXT,
    "request_key": _TEXT_OR_NONE,
}
_OUTCOME: Spec = {
    "state": _TEXT,
    "evidence": _LIST,
    "approved_minor": _INT,
    "tip_minor": _INT,
    "surcharge_minor": _INT,
    "result": _OBJECT,
    "slips": _OBJECT,
    "period": _INT_OR_NONE,
}

KINDS: Mapping[str, Spec] = {
    "journal.created": {"box_id": _TEXT, "schema": _INT, "version": _TEXT},
    "journal.restored": {"from_box_id": _TEXT, "from_seq": _INT, "from_head": _TEXT, "box_id": _TEXT},
    "agent.started": {"version": _TEXT, "boot_id": _TEXT},
    "agent.stopped": {"reason": _TEXT},
    "operation.intended": _ASKED,
    "operation.sent": {"id": _TEXT, "fence": (dict, NoneType), "boottime_ms": _INT},
    "operation.stop_asked": {"id": _TEXT, "operator": _TEXT},
    "operation.unknown": {"id": _TEXT, "cause": _TEXT, "seen": _OBJECT},
    "operation.decided": {"id": _TEXT, "cause": _TEXT_OR_NONE, "lines": _LIST, **_OUTCOME},
    "operation.found": {**_ASKED, **_OUTCOME, "why": _TEXT, "is_booked": (bool,)},
    "operation.recorded": {**_ASKED, "slip_number": _TEXT, "at": _TEXT, "period": _INT},
    "operation.settled": {
        "id": _TEXT,
        "outcome": _TEXT,
        "slip_number": _TEXT,
        "amount_minor": _INT,
        "operator": _TEXT,
        "confirmed_by": _TEXT,
        "lines": _LIST,
        "period": _INT,
    },
    "operation.confirmed": {"id": _TEXT, "closing": _INT, "agrees": (bool,)},
    "payment.assigned": {
        "id": _TEXT,
        "line": _INT,
        "practice": _TEXT,
        "invoice": _TEXT,
        "number": _TEXT,
        "part": _INT,
        "operator": _TEXT,
    },
    "outbox.acknowledged": {"row": _TEXT, "practice_payment": _TEXT, "via": _TEXT},
    "outbox.parked": {"row": _TEXT, "cause": _TEXT, "facts": _OBJECT},
    "outbox.released": {"row": _TEXT, "operator": _TEXT, "change": _OBJECT},
    "period.closed": {
        "terminal": _TEXT,
        "period": _INT,
        "session": _TEXT_OR_NONE,
        "by": _TEXT,
        "operation": _TEXT_OR_NONE,
        "totals": _LIST,
        "slip": _TEXT,
    },
    "period.told": {"terminal": _TEXT, "period": _INT, "amount_minor": _INT, "operator": _TEXT, "note": _TEXT},
    "closing.copied": {"number": _INT, "copy": _INT},
    "closing.made": {
        "number": _INT,
        "clinic_day": _TEXT,
        "terminals": _LIST,
        "periods": _LIST,
        "match": _OBJECT,
        "operator": _TEXT,
    },
    "finding.raised": {"finding": _TEXT, "kind": _TEXT, "subject": _TEXT, "facts": _OBJECT},
    "finding.handled": {"finding": _TEXT, "operator": _TEXT, "note": _TEXT},
    "terminal.learned": {"terminal": _TEXT, "echoes": (bool,)},
    "terminal.held": {"terminal": _TEXT, "cause": _TEXT},
    "terminal.released": {"terminal": _TEXT, "operator": _TEXT},
    "operator.changed": {"operator": _TEXT, "role": _TEXT, "active": (bool,)},
    "settings.changed": {"file": _TEXT, "keys": _LIST},
    "receipt.copied": {"id": _TEXT, "copy": _INT},
    "backup.made": {"name": _TEXT, "seq": _INT, "head": _TEXT},
    "archive.made": {"periods": _LIST, "sha256": _TEXT},
}


_length = struct.Struct(">Q").pack


class BadEvent(ValueError):
    """An event that may not be written: a mistake of the caller. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it stands in the journal. *body* is canonical JSON text."""

    seq: int
    at: str
    boot_id: str
    kind: str
    subject: str
    body: str
    prev: bytes
    hash: bytes

    @property
    def fields(self) -> dict[str, object]:
        fields: dict[str, object] = read_json(self.body)
        return fields


def canonical(kind: str, fields: Fields) -> str:
    """The body of an event of *kind*. Raises BadEvent if a field is missing, unknown, or of a wrong type."""
    spec = KINDS.get(kind)
    if spec is None:
        raise BadEvent(f"no event is called {kind!r}")
    if fields.keys() != spec.keys():
        wrong = ", ".join(sorted(fields.keys() ^ spec.keys()))
        raise BadEvent(f"{kind}: unknown or missing: {wrong}")
    for name, types in spec.items():
        if type(fields[name]) not in types:  # exactly: True is no amount
            raise BadEvent(f"{kind}: {name} is a {type(fields[name]).__name__}")
    try:
        return canonical_json(dict(fields))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise BadEvent(f"{kind}: {error}") from error


def canonical_json(value: object) -> str:
    """RFC 8785 JSON. Raises rfc8785.CanonicalizationError, UnicodeError for what has none.

    The standard library writes the same text for what nearly every body is made of, in a tenth of the time; a test
    holds the two against each other. All else goes the long way.
    """
    if _is_plain(value):
        text = _encode(value)
        text.encode()  # raises UnicodeError for half a surrogate pair
        return text
    return rfc8785.dumps(value).decode()  # type: ignore[arg-type]  # it checks the values itself


def _is_plain(value: object) -> bool:
    """Whole numbers that JSON can hold, texts, and objects whose names sort alike in every encoding."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -MAX_INTEGER <= value <= MAX_INTEGER  # type: ignore[operator]
    if kind is dict:
        return all(type(name) is str and name.isascii() and _is_plain(one) for name, one in value.items())  # type: ignore[attr-defined]
    return (kind is list or kind is tuple) and all(map(_is_plain, value))  # type: ignore[call-overload]


def chained(  # noqa: PLR0917  an event's own parts, in their order
    prev: bytes, seq: int, at: str, boot_id: str, kind: str, subject: str, body: str
) -> bytes:
    """SHA-256 over all of an event, each part after its length: no two events share their input.

    Written out in full: reading a million events again is for the most part this function.
    """
    number, time, boot = str(seq).encode(), at.encode(), boot_id.encode()
    name, about, text = kind.encode(), subject.encode(), body.encode()
    whole = (
        _length(len(prev)), prev, _length(len(number)), number, _length(len(time)), time, _length(len(boot)), boot,
        _length(len(name)), name, _length(len(about)), about, _length(len(text)), text,
    )  # fmt: skip
    return hashlib.sha256(b"".join(whole)).digest()


def make_event(head: tuple[int, bytes], stamp: tuple[str, str], kind: str, subject: str, fields: Fields) -> Event:
    """The event that follows *head* (sequence, hash), stamped with time and boot. Raises BadEvent."""
    seq, prev = head[0] + 1, head[1]
    body = canonical(kind, fields)
    return Event(seq, *stamp, kind, subject, body, prev, chained(prev, seq, *stamp, kind, subject, body))
