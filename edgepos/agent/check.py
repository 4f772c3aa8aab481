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
    """It is not, in the words of *code*."""
    said = render(code, facts)
    return {
        "area": area, "name": name, "ok": False, "code": code, "facts": dict(facts), "message": said.message,
        "mend": said.mend,
    }  # fmt: skip


def in_order(checks: Sequence[Check]) -> list[Check]:
    """The same, each area together."""
    return sorted(checks, key=lambda check: AREAS.index(check["area"]))
