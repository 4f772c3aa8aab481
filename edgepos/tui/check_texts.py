"""A check of the doctor's, in the language of the screen: what it is called, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.form import Form
from edgepos.tui.saying import sentences, with_keys
from edgepos.tui.terminal_card import mend
from edgepos.tui.view import Document

NAMES: Mapping[str, str] = {
    "clock": N_("clock"), "nets": "Nets", "practice": "Provet", "disk": N_("disk"), "journal": N_("journal"),
    "backups": N_("copies of the journal"), "bookings": N_("bookings"), "findings": N_("findings"),
    "payments": N_("payments"), "location": N_("settings"), "currency": N_("currency"), "invoices": N_("invoices"),
    "owners": N_("owners"), "animals": N_("animals"), "departments": N_("departments"),
    "payment-methods": N_("payment methods"), "lock-date": N_("lock date"), "rights": N_("rights in Provet"),
}  # fmt: skip
"""What a check is called; a terminal is called as the clinic calls it."""
PARTS: Mapping[str, str] = {
    "line to ": N_("line to {name}"),
    "name of ": N_("network name of {name}"),
    "right ": N_("right to {name}"),
}


def check_name(name: str) -> str:
    for start, text in PARTS.items():
        if name.startswith(start):
            return _(text).format(name=check_name(name.removeprefix(start)))
    return _(NAMES[name]) if name in NAMES else name


def check_told(check: Document, form: Form) -> tuple[str, str]:
    """What is wrong and what to do, in the language spoken now as far as the agent says which sentence it is."""
    code, state = check.get("code"), check.get("state")
    if code:
        said = sentences(str(code), check.get("facts") or {}, form)
        return said.message, said.mend
    if state in states.TERMINALS and check.get("area") == "terminals":
        return _(states.word(states.TERMINALS, str(state))), mend(check)
    return str(check["message"]), with_keys(str(check["mend"]))
