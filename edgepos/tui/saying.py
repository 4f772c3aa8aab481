"""What went wrong, and what to press: the agent's codes and facts as sentences for the screen.

The sentences are those of `edgepos.locale.messages`; where their mend names a command, the screen has a key instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edgepos.client.errors import AgentError
from edgepos.locale.messages import Message, render
from edgepos.locale.words import N_, _
from edgepos.tui.form import Form

MENDS: Mapping[str, str] = {
    "declined": N_("Ask for another card or another way to pay, then try again."),
    "declined:87": N_("Press F5 and reconcile the terminal, then try again."),
    "declined:90": N_("Press F5 and reconcile the terminal, then try again."),
    "not-started": N_("Try again. If it happens twice, press F6 and see what the terminal says."),
    "cancel-too-late": N_("To give the money back press F3."),
    "unknown": N_("Do not charge again. Wait: edgepos goes on asking the terminal."),
    "terminal-in-use": N_("Wait for it, or press Enter to see it: there F7 asks it to stop."),
    "terminal-held": N_("A technician releases it: call one."),
    "reconcile-first": N_("Press F5 and reconcile the terminal, then try again."),
    "payment-unknown": N_("Do not charge again. Wait, or press F8 to see what can be done."),
    "invoice-open": N_("Press Enter to see that payment."),
    "due-changed": N_("Press Enter to look at the invoice again."),
    "not-last": N_("Give the money back to the card instead: F3."),
    "already-settled": N_("Press F4 to look at it."),
    "not-agreed": N_("The lines name each difference and what to do about it."),
    "clock-wrong": N_("Call a technician: the time service of the network does not answer."),
    "disk-low": N_("Call a technician: room has to be made on the disk."),
    "restore-refused": N_("Call a technician."),
    "unexpected": N_("If it was about money, press F4 and look before you try again."),
    "usage": N_("Check what you typed."),
    "usage:lines-do-not-add-up": N_("Press Esc and choose the invoices again."),
    "amount-form:negative": N_("To give money back press F3."),
    "amount-too-large:ask-again": N_("If it is meant so, say yes when asked."),
    "terminal-needed": N_("Choose one with the arrow keys."),
    "unknown-terminal": N_("Press F6 to see which there are."),
    "unknown-invoice": N_("Press Esc and search for it again."),
    "unknown-payment": N_("Press F4 and search for it."),
    "settings": N_("Call a technician: the settings have to be completed."),
    "agent-away": N_("It comes back by itself. If it does not within two minutes, call a technician."),
    "agent-away:silent": N_("It comes back by itself. If it does not within two minutes, call a technician."),
    "agent-away:lost": N_("Look before you ask again: F4."),
    "nets-away": N_("Check the clinic's network. The screen shows when Nets is back."),
    "practice-away": N_("Press F2 to take an amount without the invoice, with its number as text."),
    "practice-away:credentials": N_("Call a technician. Meanwhile press F2 to take an amount with the number as text."),
    "practice-away:right-missing": N_("Call a technician. Meanwhile press F2 to take an amount with the number as text."),
    "practice-away:anchor-broken": N_("Call a technician: F8 has the finding."),
    "sign-in-page": N_("Ask who runs the clinic's network to let this box through without signing in."),
    "credentials": N_("Call a technician: user or password have to be set again."),
    "foreign-transaction": N_("Find the slip. If it paid an invoice, press F6 and record it there."),
    "result-foreign": N_("Look into the terminal's own list, then close the payment by hand, here."),
    "amount-differs": N_("Look at the terminal's slip, then close the payment by hand, here."),
    "settled-by-hand": N_("Press F5 and reconcile the terminal."),
    "bookings-parked": N_("Each of them says here what it needs."),
    "reversal-hit-other": N_("Compare the terminal's list with F4, and charge again what was undone by mistake."),
    "weak-evidence": N_("Compare the terminal's slip with the payment."),
    "late-approval": N_("If the customer paid again, give one back: F3."),
    "second-approval": N_("Compare the slips. If the customer was charged twice, give one back: F3."),
    "settled-contradicted": N_("Compare the slip with the payment, and correct it with a refund: F3."),
}  # fmt: skip
"""By code, or `code:why`, as in the tables of sentences."""


KEYS: Mapping[str, str] = {
    "sync retry --today": "F8, D", "sync retry": "F8, T", "sync adopt": "F8, A", "sync now": "F12", "sync": "F8",
    "refund": "F3", "reverse": "F4, U", "record": "F6, R", "assign": "F4, I", "settle": "F4, H", "show": "F4",
    "history": "F4", "receipt": "F4, P", "reconcile": "F5", "match": "F5", "close": "F5, R", "status": "F6",
    "doctor": "F12", "log": "F12", "verify": "F12", "settings": "F12",
}  # fmt: skip
"""Where a command's work is done on the screen."""
_COMMAND = re.compile(
    rf"edgepos ({'|'.join(map(re.escape, sorted(KEYS, key=len, reverse=True)))})\b( --terminal \S+| [0-9A-Z]{{13}}\b)?"
)


def with_keys(text: str) -> str:
    """*text* with a key in place of each command that has one."""
    return _COMMAND.sub(lambda found: KEYS[found[1]], text)


def sentences(code: str, facts: Mapping[str, Any], form: Form) -> Message:
    """The sentences of *code*, with the mend that a person at this screen can follow."""
    shown = render(code, facts, _, money=form.money, moment=form.hour)
    mend = MENDS.get(f"{code}:{facts.get('why')}") or MENDS.get(code)
    return Message(shown.message, _(mend) if mend else with_keys(shown.mend))


def told(error: AgentError, form: Form) -> Message:
    """A refusal, for the screen."""
    return sentences(error.code, error.facts, form)
