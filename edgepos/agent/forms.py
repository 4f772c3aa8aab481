"""What came in a request, read strictly: a wrong type is a sentence that names the field, never a crash."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgepos.domain.errors import Wrong
from edgepos.domain.money import MAX_MINOR

MAX_BODY = 64 * 1024
MAX_TEXT = 200


class Form:
    """A JSON object of a request's body."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    @classmethod
    def parse(cls, body: bytes) -> Form:
        """Raises Wrong `usage`. An empty body is an empty object."""
        if len(body) > MAX_BODY:
            raise Wrong("usage", text="the body", expected=f"at most {MAX_BODY} bytes")
        try:
            fields = json.loads(body) if body.strip() else {}
        except (ValueError, RecursionError) as error:
            raise Wrong("usage", text="the body", expected=f"JSON ({str(error)[:80]})") from None
        if not isinstance(fields, dict):
            raise _wrong("the body", "a JSON object")
        return cls(fields)

    def has(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str, default: str | None = None, *, longest: int = MAX_TEXT) -> str:
        value = self._value(name, default)
        if not isinstance(value, str):
            raise _wrong(name, "a text")
        value = value.strip()
        if len(value) > longest or not value.isprintable():
            raise _wrong(name, f"at most {longest} letters on one line")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
            raise _wrong(name, "a whole number")
        return value

    def amount(self, name: str) -> int:
        """Minor units, above zero. Raises Wrong `amount-form`, `amount-too-large`."""
        value = self.integer(name)
        if value <= 0:
            raise Wrong("amount-form", text=str(value), why="zero" if value == 0 else "negative")
        if value > MAX_MINOR:
            raise Wrong("amount-too-large", text=str(value), max_minor=MAX_MINOR)
        return value

    def boolean(self, name: str, default: bool = False) -> bool:
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise _wrong(name, "true or false")
        return value

    def objects(self, name: str) -> list[Form]:
        """A list of objects; an absent one is empty."""
        value = self._fields.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) > 50:
            raise _wrong(name, "a list of at most 50 objects")
        return [Form(one) for one in value]

    def _value(self, name: str, default: Any) -> Any:
        value = self._fields.get(name)
        value = default if value is None else value
        if value is None:
            raise _wrong(name, "it to be there")
        return value


def _wrong(name: str, expected: str) -> Wrong:
    return Wrong("usage", text=name, expected=expected)
