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
    "reconcile-due": entry(
        (
            N_("{terminal} has not been reconciled for {days} days."),
            N_("{terminal} has not been reconciled from here yet."),
            N_("The terminal has not been reconciled for long."),
        ),
        N_("It may still take payments; after a week, and when it is new, it refuses them."),
        (
            N_("Reconcile it with: edgepos reconcile --terminal {typed_terminal}"),
            N_("Reconcile it with: edgepos reconcile"),
        ),
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
        (N_("The terminal's answer to {payment} has another amount."), N_("An answer has another amount.")),
        N_("It is not known which of the two the bank has."),
        (
            N_("Look at the terminal's slip, then close it with: edgepos settle {payment}"),
            N_("Look at the terminal's slip, then close it with: edgepos settle"),
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
    "not-adopted": entry(
        (
            N_("{terminal}'s last operation is not in the journal, and no slip says whether it took or gave money."),
            N_("A terminal's last operation is not in the journal, and no slip says what it was."),
        ),
        N_("It was done before this journal was restored, under the reference {reference}."),
        N_("Find its slip, then: edgepos record"),
    ),
    "closed-by-terminal": entry(
        (N_("{terminal} closed its session {session} by itself."), N_("A terminal closed its session by itself.")),
        N_("edgepos did not ask for it and has not seen the report."),
        (
            N_("Print the terminal's copy of that report, then: edgepos reconcile --terminal {typed_terminal}"
               " --period {period} --total AMOUNT"),
            N_("Print the terminal's copy of that report and compare its total."),
        ),
    ),
    "report-currency": entry(
        (
            N_("{terminal} reports in {found}, but {expected} is set up here."),
            N_("A terminal reports in another currency than the one set up here."),
        ),
        "",
        N_("Ask Nets which currency the terminal has, or mend the currency in location.toml."),
    ),
    "anchor-broken": entry(
        N_("The practice system does not keep our references. Nothing more is booked."),
        N_("Without them a payment could be booked twice."),
        N_("Ask the practice system's support why the text of a payment is changed."),
    ),
    "practice-credentials": entry(
        N_("The practice system refuses our client id or secret. Bookings wait."),
        "",
        N_("Ask Provet support for the integration's secret and store it. Then: edgepos doctor"),
    ),
    "practice-right-missing": entry(
        (N_("edgepos may not use “{resource}” in the practice system. Bookings wait."),
         N_("edgepos lacks a right in the practice system. Bookings wait.")),
        "",
        N_("Ask Provet support for a permission template with the rights that edgepos doctor names."),
    ),
    "match-differs": entry(
        (N_("{terminal}, period {period}: the sums do not agree."), N_("The sums of a closed period do not agree.")),
        "",
        N_("Each difference and what to do about it: edgepos match"),
    ),
    "session-jump": entry(
        (N_("The session number of {terminal} jumped."), N_("A terminal's session number jumped.")),
        N_("It was closed more than once, or replaced, without edgepos."),
        N_("Compare the terminal's own reports with: edgepos match"),
    ),
    "double": entry(
        (N_("{corrects} was approved again, as {payment}."), N_("A payment was approved twice.")),
        N_("The first one counts for the invoice."),
        N_("If the customer was charged twice, give one back: edgepos refund"),
    ),
    "before-this-journal": entry(
        N_("There are payments that are older than this journal."), "", N_("Find their slips and book them.")
    ),
}  # fmt: skip

BOOKINGS: Mapping[str, Entry] = {
    "bookings-wait": entry(
        (N_("{count} bookings have waited for the practice system since {since}."),
         N_("Bookings wait for the practice system.")),
        "",
        N_("See why with: edgepos doctor"),
    ),
    "bookings-parked": entry(
        (N_("{count} bookings are parked."), N_("Bookings are parked.")),
        "",
        N_("See what each needs with: edgepos sync"),
    ),
    "draft": entry(
        N_("The invoice is a draft, and a draft takes no payment."),
        "",
        N_("In Provet open the invoice, press Finalise and leave it unpaid. Then: edgepos sync retry"),
    ),
    "sent": entry(
        N_("The invoice is open, not finalised."),
        "",
        N_("In Provet open the invoice, press Finalise and leave it unpaid. Then: edgepos sync retry"),
    ),
    "invoicing": entry(
        N_("The invoice is sent for later payment, and then Provet takes no payment from other programs."),
        "",
        N_("In Provet reopen it, then: edgepos sync retry. Or add the payment there, then: edgepos sync adopt"),
    ),
    "voided": entry(
        N_("The invoice is voided."),
        N_("The customer has paid it."),
        N_("In Provet add the payment to the invoice that replaces it. Then: edgepos sync adopt"),
    ),
    "credit-note": entry(
        N_("It is a credit note."),
        "",
        N_("In Provet add the payment by hand where it belongs. Then: edgepos sync adopt"),
    ),
    "status-unknown": entry(
        (N_("The invoice's state is not known to edgepos: {status}."), N_("The invoice's state is not known.")),
        "",
        N_("In Provet see whether the invoice is finalised. Then: edgepos sync retry"),
    ),
    "other-currency": entry(
        N_("The invoice is in another currency than the payment."),
        "",
        N_("In Provet add the payment by hand, in the invoice's currency. Then: edgepos sync adopt"),
    ),
    "due-too-small": entry(
        (N_("Only {due} is due on the invoice."), N_("Less is due on the invoice than was paid.")),
        N_("It was probably paid in another way meanwhile."),
        N_("In Provet move the other payment to a prepayment. Then: edgepos sync retry. Or: edgepos refund"),
    ),
    "booked-by-hand": entry(
        (
            N_("Somebody seems to have booked it by hand: {practice_payments}."),
            N_("Somebody seems to have booked it by hand."),
        ),
        "",
        N_("If that is this payment: edgepos sync adopt. If it is another one: edgepos sync retry"),
    ),
    "possible-double": entry(
        (
            N_("The practice system has it more than once: {practice_payments}."),
            N_("The practice system has it more than once."),
        ),
        "",
        N_("In Provet open the invoice, press Cancel payment on all but one of them. Then: edgepos sync retry"),
    ),
    "booked-differs": entry(
        N_("The practice system has this payment with another amount."),
        N_("Somebody seems to have changed it."),
        N_("In Provet set the payment's amount right, or cancel it there. Then: edgepos sync retry"),
    ),
    "invoice-gone": entry(
        N_("The practice system does not have the invoice any more."),
        N_("It was deleted or merged, or it belongs to another organisation."),
        N_("In Provet add the payment to the invoice that replaces it. Then: edgepos sync adopt"),
    ),
    "locked-period": entry(
        N_("The practice system has closed the day that it belongs to."),
        "",
        N_("Book it on today: edgepos sync retry --today. Or in Provet move the lock date, then: edgepos sync retry"),
    ),
    "refused": entry(
        N_("The practice system refused the booking."),
        (N_("It answered: {answer}"), ""),
        N_("In Provet set right what the answer names. Then: edgepos sync retry"),
    ),
    "refund-by-hand": entry(
        N_("This practice system takes money back only by hand."),
        "",
        N_("In Provet make the credit note and pay it out as card. Then: edgepos sync adopt"),
    ),
    "refund-refused": entry(
        N_("The practice system refused to book money back."),
        (N_("It answered: {answer}"), ""),
        N_("In Provet make the credit note and pay it out as card. Then: edgepos sync adopt"),
    ),
    "cancel-refused": entry(
        N_("The practice system refused to cancel the payment."),
        (N_("It answered: {answer}"), ""),
        N_("In Provet open the invoice and press Cancel payment on it. Then: edgepos sync retry"),
    ),
    "right-missing": entry(
        (N_("edgepos lacks the right “{permission}” in the practice system."), N_("edgepos lacks a right there.")),
        "",
        N_("Ask Provet support for a permission template with it. Then: edgepos sync retry"),
    ),
    "echo-differs": entry(
        (
            N_("The practice system booked something else than asked: {practice_payments}."),
            N_("The practice system booked something else than asked."),
        ),
        "",
        N_("In Provet cancel it, then: edgepos sync retry. Or set it right there, then: edgepos sync adopt"),
    ),
    "info-lost": entry(
        (
            N_("The practice system booked it without our reference: {practice_payments}."),
            N_("The practice system booked it without our reference."),
        ),
        "",
        N_("Look at it in Provet. If it is this payment: edgepos sync adopt"),
    ),
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
}  # fmt: skip
"""Why a booking is parked, by the cause in its row: what is so in the practice system, and what to press there."""

MATTERS: Mapping[str, Entry] = {**TERMINALS, **FINDINGS, **BOOKINGS}
