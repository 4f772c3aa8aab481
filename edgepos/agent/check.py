"""One thing that a doctor has looked at: a name, whether it is fine, and if not what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgepos.locale.messages import render

Check = dict[str, Any]

AREAS = ("agent", "time", "network", "services", "terminals", "storage", "money", "settings", "program")
"""In the order in which one would mend them: without time and network nothing below can be right."""


def fine(area: str, name: str, message: str = "") -> Check:
    """It is as it should be; *message* says what was seen, or why it was not looked at."""
    return {"area": area, "name": name, "ok": True, "message": message, "mend": ""}


def wrong(area: str, name: str, code: str, facts: Mapping[str, object] = {}) -> Check:
    """It is not, in the words of *code*; with it and its facts, so that a screen can say it in its own language."""
    said = render(code, facts)
    told = {fact: value if isinstance(value, (int, float, bool)) else str(value) for fact, value in facts.items()}
    return {
        "area": area, "name": name, "ok": False, "message": said.message, "mend": said.mend, "code": code,
        "facts": {fact: value for fact, value in told.items() if facts[fact] is not None},
    }  # fmt: skip


def in_order(checks: Sequence[Check]) -> list[Check]:
    """The same, each area together."""
    return sorted(checks, key=lambda check: AREAS.index(check["area"]))
