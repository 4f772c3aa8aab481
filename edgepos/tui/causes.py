"""Why two of the three sides differ, in words, and what to press here. By the causes of the match."""

from __future__ import annotations

from edgepos.locale.causes import WORDS
from edgepos.locale.words import _
from edgepos.tui.form import Form
from edgepos.tui.view import Document


def cause_lines(difference: Document, form: Form) -> list[str]:
    """A difference: how much, why, which payments, and what to press."""
    word, mend = WORDS.get(str(difference["cause"]), (str(difference["cause"]), str(difference["mend"])))
    minor = difference["minor"]
    amount = form.money(minor) if isinstance(minor, int) and minor else ""
    sign = "!" if difference["needs_person"] else "•"
    ids = ", ".join(map(str, difference["ids"]))
    head = "   ".join(part for part in (amount, _(word), ids) if part)
    return [f"{sign} {head}", f"  → {_(mend)}"]
