"""The sentences for what stands in sight until it is over or a person has handled it.

Three kinds: why a terminal is not ready, findings (what the terminal, the bank or the practice system did that does not
fit), and why a booking is parked. Findings and bookings are named by their `kind` and `cause` in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_, Entry, entry

TERMINALS: Mapping[str, Entry] = {
    "terminal-away": entry(
        (N_("{terminal} has no connection to Nets."), N_("The terminal has no connection to Nets.")),
        N_("The ECR lamp on its home screen is not green."),
        N_("Check its power and its network cable, then restart it."),
    ),
    "terminal-restarting": entry(
        (N_("{terminal} is restarting."), N_("The terminal is restarting.")),
        "",
        N_("Wait two minutes; it comes back by itself."),
    ),
    "no-bank-contact": entry(
        (N_("{terminal} does not reach the bank."), N_("The terminal does not reach the bank.")),
        N_("The host lamp on its home screen is not green."),
        N_("Check the clinic's network; if others work, restart the terminal."),
    ),
    "terminal-not-in-account": entry(
        (
            N_("{terminal} is not in the Connect@Cloud account."),
            N_("The terminal is not in the Connect@Cloud account."),
        ),
        "",
        N_("Ask Nets to bind it to the account, or mend its id in location.toml."),
    ),
    "nets-away:not-set-up": entry(
        N_("The Connect@Cloud account is not set up."), "", N_("Write it into organisation.toml, see config/.")
    ),
    "practice-away:not-set-up": entry(
        N_("The practice system is not set up."), "", N_("Write it into organisation.toml, see config/.")
    ),
}

FINDINGS: Mapping[str, Entry] = {
    "foreign-transaction": entry(
        (
            N_("{terminal} did something that edgepos did not ask for: {amount}."),
            N_("{terminal} did something that edgepos did not ask for."),
            N_("A terminal did something that edgepos did not ask for."),
        ),
        N_("It was probably taken on the keypad."),
        N_("Find the slip; if it paid an invoice, book it with: edgepos record"),
    ),
    "result-foreign": entry(
        (N_("The terminal's answer to {payment} names another payment."), N_("An answer names another payment.")),
        N_("It is not known what became of ours."),
        N_("Look into the terminal's own list, then close it with: edgepos settle"),
    ),
    "amount-differs": entry(
        (
            N_("The terminal's answer to {payment} has another amount."),
            N_("The practice system has our reference with another amount."),
        ),
        "",
        (
            N_("Look at the terminal's slip, then close it with: edgepos settle {payment}"),
            N_("Compare both, then send it again or set it right in the practice system: edgepos sync"),
        ),
    ),
    "reversal-hit-other": entry(
        (N_("The reversal {payment} may have undone another payment."), N_("A reversal may have undone another one.")),
        "",
        N_("Compare the terminal's list with edgepos history, and charge again what was undone by mistake."),
    ),
    "reference-cut": entry(
        N_("The terminal gave back only the beginning of our reference."),
        N_("It still names one payment only."),
        N_("Nothing now; tell the support with the terminal's model."),
    ),
    "weak-evidence": entry(
        (N_("{payment} counts as paid on weak evidence."), N_("A payment counts as paid on weak evidence.")),
        N_("This terminal does not give back our reference; amount and time fit."),
        N_("Compare the terminal's slip with edgepos show."),
    ),
    "late-approval": entry(
        (N_("{payment} was approved after it had been told as not paid."), N_("A payment was approved late.")),
        "",
        N_("If the customer paid again, give one back: edgepos refund"),
    ),
    "reversed-at-terminal": entry(
        (N_("{payment} was undone at the terminal."), N_("A payment was undone at the terminal.")),
        N_("edgepos did not ask for it."),
        N_("Ask who did it; the invoice is open again."),
    ),
    "second-approval": entry(
        (N_("{terminal} approved {payment} a second time."), N_("A payment was approved twice.")),
        "",
        N_("Compare the slips; if the customer was charged twice, give one back: edgepos refund"),
    ),
    "settled-by-hand": entry(
        (N_("{payment} was closed by hand."), N_("A payment was closed by hand.")),
        N_("It stays marked until the terminal's totals confirm it."),
        N_("Reconcile the terminal with: edgepos reconcile"),
    ),
    "settled-contradicted": entry(
        (N_("The terminal contradicts how {payment} was closed by hand."), N_("A payment closed by hand is in doubt.")),
        "",
        N_("Compare the slip with edgepos show, and correct it with a refund or with: edgepos record"),
    ),
    "unknown-reference": entry(
        (
            N_("{terminal} did something under a reference of this box that its journal does not have."),
            N_("A terminal knows a reference of this box that its journal does not have."),
        ),
        N_("The journal is an older copy, or another box drives the same terminal. The terminal is held."),
        N_("Switch the other box off, then let a technician release the terminal."),
    ),
    "anchor-broken": entry(
        N_("The practice system does not keep our references. Nothing more is booked."),
        N_("Without them a payment could be booked twice."),
        N_("Ask the practice system's support why the text of a payment is changed."),
    ),
    "before-this-journal": entry(
        N_("There are payments that are older than this journal."), "", N_("Find their slips and book them.")
    ),
}  # fmt: skip

_SEND_AGAIN = N_("Set it right in the practice system, then: edgepos sync retry")

BOOKINGS: Mapping[str, Entry] = {
    "bookings-parked": entry(
        (N_("{count} bookings are parked."), N_("Bookings are parked.")),
        "",
        N_("See what each needs with: edgepos sync"),
    ),
    "booked-by-hand": entry(
        (
            N_("Somebody seems to have booked it by hand: {practice_payments}."),
            N_("Somebody seems to have booked it by hand."),
        ),
        "",
        N_("If that is this payment: edgepos sync adopt. If not: edgepos sync retry"),
    ),
    "possible-double": entry(
        (
            N_("The practice system has it more than once: {practice_payments}."),
            N_("The practice system has it more than once."),
        ),
        "",
        N_("Cancel all but one of them there, then: edgepos sync retry"),
    ),
    "due-too-small": entry(
        (N_("Only {due} is due on the invoice."), N_("Less is due on the invoice than was paid.")),
        N_("It was probably paid in another way meanwhile."),
        N_("Give the money back, or book it there as a prepayment, then: edgepos sync adopt"),
    ),
    "invoice-gone": entry(
        N_("The practice system does not have the invoice any more."),
        "",
        N_("Book the payment by hand on the right invoice there, then: edgepos sync adopt"),
    ),
    "refund-by-hand": entry(
        N_("This practice system takes money back only by hand."),
        "",
        N_("Remove or correct the payment there, then: edgepos sync adopt"),
    ),
    "info-lost": entry(
        N_("The practice system booked it without our reference."),
        "",
        N_("Find that booking there, then: edgepos sync adopt"),
    ),
    "echo-differs": entry(
        (
            N_("The practice system booked something else than asked: {practice_payments}."),
            N_("The practice system booked something else than asked."),
        ),
        "",
        N_("Set it right there, then: edgepos sync adopt"),
    ),
    "locked-period": entry(
        N_("The practice system has closed the day that it belongs to."),
        "",
        N_("Book it on today with: edgepos sync retry --today"),
    ),
    "right-missing": entry(
        (N_("edgepos lacks the right “{permission}” in the practice system."), N_("edgepos lacks a right there.")),
        "",
        N_("Give it that right, then: edgepos sync retry"),
    ),
    "refund-refused": entry(
        N_("The practice system refused to book money back."),
        (N_("It answered: {answer}"), ""),
        N_("Correct the payment there by hand, then: edgepos sync adopt"),
    ),
    "cancel-refused": entry(
        N_("The practice system refused to cancel the payment."),
        (N_("It answered: {answer}"), ""),
        N_("Cancel it there by hand, then: edgepos sync adopt"),
    ),
    "refused": entry(
        N_("The practice system refused the booking."),
        (N_("It answered: {answer}"), ""),
        _SEND_AGAIN,
    ),
    "draft": entry(N_("The invoice is a draft."), "", _SEND_AGAIN),
    "sent": entry(N_("The invoice is open, not finalised."), "", _SEND_AGAIN),
    "invoicing": entry(N_("The invoice is sent for later payment."), "", _SEND_AGAIN),
    "voided": entry(N_("The invoice is voided."), "", _SEND_AGAIN),
    "credit-note": entry(N_("It is a credit note."), "", _SEND_AGAIN),
    "status-unknown": entry(
        (N_("The invoice's state is not known to edgepos: {status}."), N_("The invoice's state is not known.")),
        "",
        _SEND_AGAIN,
    ),
    "other-currency": entry(N_("The invoice is in another currency."), "", _SEND_AGAIN),
    "by-operator": entry(
        (N_("{operator} set it aside."), N_("A person set it aside.")), "", N_("Send it again with: edgepos sync retry")
    ),
    "already-booked": entry(
        (N_("{practice_payment} belongs to {row} already."), N_("That booking belongs to another payment already.")),
        "",
        N_("Look at both with: edgepos sync"),
    ),
    "already-assigned": entry(
        (N_("{payment} has its invoice already: {invoice}."), N_("It has its invoice already.")),
        "",
        N_("Look at it with: edgepos show"),
    ),
}

MATTERS: Mapping[str, Entry] = {**TERMINALS, **FINDINGS, **BOOKINGS}
