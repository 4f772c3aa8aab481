"""The word for each state of a payment, a terminal, a service and a booking, as staff read it. English; marked for the
catalogues, translated where it is shown. Imports nothing of edgepos.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepos.locale.entry import N_

PAYMENTS: Mapping[str, str] = {
    "intended": N_("STARTING"),
    "sent": N_("AT THE TERMINAL"),
    "unknown": N_("NOT KNOWN YET"),
    "approved": N_("PAID"),
    "declined": N_("DECLINED"),
    "cancelled": N_("CANCELLED"),
    "not_started": N_("NOT STARTED"),
    "settled_by_hand": N_("CLOSED BY HAND"),
}
DONE: Mapping[str, str] = {
    "refund": N_("REFUNDED"),
    "reversal": N_("UNDONE"),
    "reconciliation": N_("RECONCILED"),
}
PART_PAID = N_("PART PAID")
ASKED_TO_STOP = N_("ASKED TO STOP")

TERMINALS: Mapping[str, str] = {
    "ready": N_("READY"),
    "in_use": N_("IN USE"),
    "busy": N_("BUSY"),
    "reconcile_first": N_("RECONCILE FIRST"),
    "restarting": N_("RESTARTING"),
    "not_reached": N_("NOT REACHED"),
    "no_bank_contact": N_("NO BANK CONTACT"),
    "not_in_account": N_("NOT IN THE ACCOUNT"),
    "payment_unknown": N_("PAYMENT NOT KNOWN YET"),
    "held": N_("HELD"),
    "not_checked": N_("NOT CHECKED"),
}
SERVICES: Mapping[str, str] = {
    "ok": N_("OK"),
    "slow": N_("SLOW"),
    "not_reached": N_("NOT REACHED"),
    "sign_in_page": N_("SIGN-IN PAGE"),
    "refused": N_("REFUSED"),
    "clock_wrong": N_("CLOCK WRONG"),
    "not_set_up": N_("NOT SET UP"),
}
BOOKINGS: Mapping[str, str] = {
    "none": "",
    "queued": N_("WAITING"),
    "acknowledged": N_("BOOKED"),
    "parked": N_("PARKED"),
}
WHY_NOT: Mapping[str, str] = {
    "draft": N_("draft"),
    "sent": N_("not finalised"),
    "invoicing": N_("sent for later payment"),
    "voided": N_("voided"),
    "credit-note": N_("credit note"),
    "paid": N_("paid"),
    "not-positive": N_("nothing to pay"),
    "other-department": N_("other clinic"),
    "status-unknown": N_("state not known"),
    "amount-unreadable": N_("amount not readable"),
    "other-currency": N_("other currency"),
}


def word(table: Mapping[str, str], state: object) -> str:
    """The word for *state*; one that the table does not have is shown as it came, never hidden."""
    return table.get(str(state)) or str(state).replace("_", " ").upper()


def is_part(payment: Mapping[str, Any]) -> bool:
    """Whether less was approved than asked for."""
    approved, asked = payment.get("approved_minor"), payment.get("amount_minor")
    return (
        payment.get("kind") == "purchase"
        and payment.get("state") == "approved"
        and isinstance(approved, int)
        and isinstance(asked, int)
        and approved < asked
    )


def payment_word(payment: Mapping[str, Any]) -> str:
    """The word for what became of *payment*, or what it is at."""
    state = str(payment.get("state"))
    if state == "approved":
        if is_part(payment):
            return PART_PAID
        return DONE.get(str(payment.get("kind")), PAYMENTS[state])
    if state in ("intended", "sent") and payment.get("asked_to_stop_at"):
        return ASKED_TO_STOP
    return word(PAYMENTS, state)
