"""What may leave the box in a support bundle: nothing that names a person, a card or a secret.

Three sieves, each enough for most of it. What goes in is chosen field by field (`bundle_parts.py`); free text loses
every word that could be a name or a key (`words`); and what this box knows to be private, its secrets, its people, its
customers, is taken out of everything in each form in which a program writes it (`text`). `leaks` looks at the finished
bytes once more. It may rely on the values that it is given; it reads nothing itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

GONE = "[removed]"
SHORTEST_SECRET = 4
"""A shorter one would be found in every second word, and takes nobody in."""
SHORTEST_NAME_PART = 4
LONGEST_WORD = 40

NUMBER = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){10,}(?![0-9A-Za-z])|\d{13,19}")
SECRETIVE = re.compile(
    r"""(?ix)
      \b(bearer|basic|password|passwd|secret|token(?!\s+(?:fetched|not)\b)|authorization|api[_-]?key|client_secret)\b
      ["']? \s* [:=]? \s* \S+
    | (?P<jwt>eyJ[\w-]{8,}(?:\.[\w-]*){0,2})
    | (?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<user>(?<=://)[^/@\s]+@)
    | (?P<query>(?<=[\w/])\?[^\s"']*=[^\s"']*)
    """
)
PLAIN = re.compile(r"""[a-z0-9.,:;()\[\]{}<>/'"“”=+*_#%!?&|-]*""")
OPAQUE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_+/=-]{20,}")
ERROR = re.compile(r"\(?[A-Za-z_.]*(?:Error|Exception|Group|Exit|Timeout|Damaged|Broken|Locked|Newer)[):,.]*")
PLACE = re.compile(r"[\w./-]*\.py:\d+[),:]*|[\w@-]+\.(?:service|timer|socket|target)[.,:]*")
REFERENCE = re.compile(r"E[0-9A-HJKMNP-TV-Z]{12}(?:\.\d+)?|F\d+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+-]+Z?")
WORDS = frozenset({
    "Nets", "Provet", "Connect@Cloud", "TCP", "UDP", "TLS", "HTTP", "DNS", "GET", "POST", "READY", "SIGTERM",
    "SIGKILL", "SIGABRT", "PID", "UTC", "SQLite", "WAL", "Started", "Starting", "Stopped", "Stopping", "Failed",
    "Main", "Scheduled", "Deactivated", "Consumed", "Watchdog", "Control", "Unit", "Finished", "Reloading", "I/O",
    "OK",
})  # fmt: skip
"""Words with capitals that systemd, the kernel and edgepos itself write."""


class Redactor:
    """*secrets* and *names* are what this box knows to be private; *places*: names of terminals to their ids."""

    def __init__(self, secrets: Iterable[str], names: Iterable[str], places: Mapping[str, str]) -> None:
        self._forms = sorted({form for one in secrets if len(one) >= SHORTEST_SECRET for form in forms(one)}, key=len)
        self._forms.reverse()
        whole = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
        parts = {part for name in whole for part in re.split(r"[\s,]+", name) if len(part) >= SHORTEST_NAME_PART}
        self._names = [*(re.compile(_bounded(name), re.I) for name in whole), *map(re.compile, map(_bounded, parts))]
        self._places = {re.compile(_bounded(name), re.I): id for name, id in places.items() if len(name) > 1}

    def text(self, text: str) -> str:
        """*text* without what is known to be private, and without what looks like a card's number or a key."""
        for form in self._forms:
            text = text.replace(form, GONE)
        for place, id in self._places.items():
            text = place.sub(f"terminal {id}", text)
        for name in self._names:
            text = name.sub(GONE, text)
        text = SECRETIVE.sub(lambda found: f"{found[1]} {GONE}" if found[1] else GONE, text)
        return NUMBER.sub(lambda found: found[0] if _is_terminal_or_small(found[0]) else GONE, text)

    def words(self, text: str, longest: int = 400) -> str:
        """Text that anybody may have written: of it only such words as programs use."""
        return " ".join(word if _is_plain(word) else "…" for word in self.text(text)[:longest].split())

    def value(self, value: object, *, free: bool = False) -> Any:
        """A JSON value with each text in it sieved, its keys being ours; *free*: by `words`. A number with as many digits
        as a card's goes."""
        if isinstance(value, str):
            return self.words(value) if free else self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(one, free=free) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(one, free=free) for one in value]
        if isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value))) > 12:
            return GONE
        return value

    def leaks(self, data: bytes) -> bool:
        """Whether a secret, in any of its forms, is in *data* all the same."""
        return any(form.encode() in data for form in self._forms)


def forms(secret: str) -> Iterator[str]:
    """*secret* as programs write it: as it is, in JSON, in an address or a form, in base64 at any place of a longer text."""
    yield from {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret), quote(secret)}
    raw = secret.encode()
    for before in range(3):  # three letters of base64 hold two bytes and a bit of the neighbours: those are left off
        coded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        core = coded[(0, 2, 3)[before] : len(coded) - (1 if (before + len(raw)) % 3 else 0)]
        if len(core) >= SHORTEST_SECRET:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _bounded(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _is_terminal_or_small(digits: str) -> bool:
    return sum(letter.isdigit() for letter in digits) < 11


def _is_plain(word: str) -> bool:
    if word == GONE or REFERENCE.fullmatch(word) or MOMENT.fullmatch(word) or word.strip(":,.()") in WORDS:
        return True
    if ERROR.fullmatch(word) or PLACE.fullmatch(word):
        return True
    return len(word) <= LONGEST_WORD and bool(PLAIN.fullmatch(word)) and not OPAQUE.search(word)
