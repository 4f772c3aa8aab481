"""Lenient reading of JSON whose spelling, types and completeness nobody vouches for.

A key may be spelled in any case; a value may be missing, null, empty, a number or a text. What cannot be read is "not
there" and never a guess: in particular a number with a decimal point is no amount, because minor and major units would
have to be told apart by eye. Nothing here raises for any JSON value.

No text leaves here with a whole card number in it, or with what SQLite and canonical JSON cannot hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
_LONGEST = 10**15
_CARD_NUMBER = re.compile(r"(?<![\d*])(?:[2-6]\d{12,18}|[2-6]\d{3}(?: \d{4}){2,3} \d{1,4})(?!\d)", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_NOT_TEXT = re.compile(r"[\ud800-\udfff\x00]")
_LOCAL_DIGITS = re.compile(r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", re.ASCII)

FIELD_LETTERS = 64
"""More than any field of the protocol has."""
ERROR_LETTERS = 200


class Fields:
    """A JSON object whose keys are compared without regard to case. Of any other value: an object without keys."""

    def __init__(self, value: object) -> None:
        self._values: dict[str, object] = {}
        self._named: set[str] = set()
        contradicted: set[str] = set()
        for key, item in value.items() if isinstance(value, Mapping) else ():
            folded = str(key).casefold()
            self._named.add(folded)
            if item in (None, ""):
                continue
            if folded in self._values and self._values[folded] != item:
                contradicted.add(folded)  # one field, spelled twice, with two values: neither is believed
            self._values[folded] = item
        for folded in contradicted:
            del self._values[folded]

    def __bool__(self) -> bool:
        return bool(self._values)

    def has(self, key: str) -> bool:
        """Whether *key* is there and neither null nor empty."""
        return key.casefold() in self._values

    def names(self, key: str) -> bool:
        """Whether *key* is there at all, even as null or empty."""
        return key.casefold() in self._named

    def value(self, *keys: str) -> object:
        """The value of the first of *keys* that is there, else None."""
        return next((self._values[key.casefold()] for key in keys if key.casefold() in self._values), None)

    def object(self, key: str) -> Fields:
        """The object under *key*; an array counts as its first element."""
        return Fields(first(self.value(key)))

    def text(self, *keys: str) -> str:
        """A short text, numbers included, on one line, without a whole card number; "" where there is none."""
        return field_text(self.value(*keys))

    def slip(self, *keys: str) -> str:
        """A slip, word for word and with its line ends, except for a whole card number; "" where there is none."""
        value = self.value(*keys)
        return without_card_numbers(_NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", value)) if isinstance(value, str) else ""

    def digits(self, width: int, *keys: str) -> str:
        """A number of *width* digits with its leading zeros, which are lost where it came as a JSON number."""
        value = self.value(*keys)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LONGEST:
            return f"{value:0{width}d}" if value else ""
        return field_text(value)

    def integer(self, *keys: str) -> int | None:
        """An integer, given as number or as text; None where there is none or something else."""
        return integer(self.value(*keys))


def elements(value: object) -> list[object]:
    """An array as it is, null as none, anything else as an array of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def first(value: object) -> object:
    """The first element of an array; anything else as it is."""
    return (value[0] if value else None) if isinstance(value, list) else value


def integer(value: object) -> int | None:
    """*value* as an integer of at most 15 digits. A fraction, even `.0`, is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < _LONGEST else None
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    return None


def field_text(value: object, letters: int = FIELD_LETTERS) -> str:
    """*value* as a short text on one line, at most *letters* long."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int) and abs(value) >= _LONGEST:
        return ""  # also: Python refuses to write out a number of many thousand digits
    text = _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(value))
    return without_card_numbers(_UNPRINTABLE.sub(" ", text)).strip()[:letters]


def without_card_numbers(text: str) -> str:
    """*text* with all but the last four digits of each whole card number starred, columns kept."""
    return _CARD_NUMBER.sub(lambda found: _starred(found[0]), text)


def _starred(number: str) -> str:
    digits = [int(letter) for letter in number if letter != " "]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    if (sum(digits[-1::-2]) + sum(doubled)) % 10:
        return number  # not a card number: an own number of the merchant, a reference
    return re.sub(r"\d", "*", number[:-4]) + number[-4:]


def masked_card(value: object) -> str:
    """A truncated card number as it came; "" if it has more than ten digits and so is not truncated."""
    came = value if isinstance(value, str) else field_text(value)
    return field_text(came) if sum(letter.isdigit() for letter in came) <= 10 else ""


def time_stamp(value: object) -> str:
    """The terminal's time in one form: `2026-11-25T10:15:30`, local, or with a `Z`.

    It comes as `YYYYMMDDhhmmss` in local time or in ISO form. Never turned from one zone to the other: the terminal's
    zone is not known, and no decision hangs on this but "the same as before". What is neither is kept as it came.
    """
    came = str(value).strip() if isinstance(value, str) or integer(value) is not None else ""
    try:
        # Before card numbers are looked for: one time in ten has the check digit of one.
        moment = datetime.fromisoformat(_LOCAL_DIGITS.sub(r"\1-\2-\3T\4:\5:\6", came)).replace(microsecond=0)
        if moment.tzinfo is None:
            return moment.isoformat()
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except (ValueError, OverflowError):
        return field_text(value)


def json_object(text: str) -> Fields:
    """The object that *text* spells in JSON; empty for any other text."""
    try:
        return Fields(json.loads(text))
    except (ValueError, RecursionError):
        return Fields(None)


def words(value: object, without: frozenset[str], depth: int = 3) -> Iterator[str]:
    """All short texts and numbers in *value*, in order, except under the keys *without*: what a failure says."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if depth and str(key).casefold() not in without:
                yield from words(item, without, depth - 1)
    elif isinstance(value, list):
        for item in value[:8] if depth else ():
            yield from words(item, without, depth - 1)
    elif said := field_text(value, ERROR_LETTERS):
        yield said
