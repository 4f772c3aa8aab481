"""A terminal in a few lines: its place, model, state as a word, and the mend for it."""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.view import Document

LOOKS: Mapping[str, str] = {
    "ready": "good", "in_use": "live", "busy": "warn", "restarting": "warn", "not_checked": "warn",
    "reconcile_first": "warn", "payment_unknown": "warn", "held": "bad", "not_reached": "bad",
    "no_bank_contact": "bad", "not_in_account": "bad",
}  # fmt: skip
MARKS: Mapping[str, str] = {"good": "•", "live": "▶", "warn": "!", "bad": "!"}
"""A sign beside each word: nothing hangs on colour."""
KEYS: Mapping[str, str] = {"reconcile_first": "F5", "payment_unknown": "F8", "not_reached": "F6", "no_bank_contact": "F6",
                           "not_in_account": "F6", "held": "F6", "busy": "F6"}  # fmt: skip
"""Where the mend is."""
MENDS: Mapping[str, str] = {
    "in_use": N_("A payment is running here. Wait for it, or see it on the desk."),
    "busy": N_("Somebody is in its menu, or it prints. Finish or cancel on the terminal."),
    "reconcile_first": N_("Reconcile it: F5."),
    "restarting": N_("Wait two minutes; it comes back by itself."),
    "not_reached": N_("The ECR lamp is not green: check power and network cable, then restart it."),
    "no_bank_contact": N_("The host lamp is not green: check the clinic's network; if others work, restart it."),
    "not_in_account": N_("Ask Nets to bind it to the account. Call a technician."),
    "payment_unknown": N_("Do not charge again. edgepos goes on asking the terminal. F8 says more."),
    "held": N_("Nothing is sent to it. A technician releases it."),
    "not_checked": N_("Nets does not answer, so nothing is known of it."),
}


def look_of(terminal: Document) -> str:
    return LOOKS.get(str(terminal.get("state")), "warn")


def state_line(terminal: Document) -> str:
    """`• READY`, `! NOT REACHED  F6`."""
    state = str(terminal.get("state"))
    key = KEYS.get(state, "")
    return f"{MARKS[look_of(terminal)]} {_(states.word(states.TERMINALS, state))}" + (f"  {key}" if key else "")


def mend(terminal: Document) -> str:
    text = MENDS.get(str(terminal.get("state")))
    return _(text) if text else ""
