"""The sentences for each code with which a question to the agent, or a command, can end."""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_, Entry, entry

_LOOK = (N_("Look at it with: edgepos show {payment}"), N_("Look at it with: edgepos history"))

DECIDED: Mapping[str, Entry] = {
    "declined": entry(
        (N_("{terminal} declined it: no money moved."), N_("The card was declined: no money moved.")),
        (N_("The answer was: {cause}."), ""),
        N_("Ask for another card or another way to pay, then try again."),
    ),
    "declined:51": entry(
        N_("The card was declined: there is not enough money on it."),
        N_("No money moved."),
        N_("Ask for another card."),
    ),
    "declined:54": entry(
        N_("The card was declined: it has expired."), N_("No money moved."), N_("Ask for another card.")
    ),
    "declined:55": entry(N_("The card was declined: wrong PIN."), N_("No money moved."), N_("Try again.")),
    "declined:61": entry(
        N_("The card was declined: the amount is above the card's limit."),
        N_("No money moved."),
        N_("Ask for another card, or take a part."),
    ),
    "declined:87": entry(
        (N_("{terminal} takes no payment before it is reconciled."), N_("The terminal must be reconciled first.")),
        N_("No money moved."),
        (
            N_("Reconcile it with: edgepos reconcile --terminal {typed_terminal}"),
            N_("Reconcile it with: edgepos reconcile"),
        ),
    ),
    "declined:90": entry(
        (N_("{terminal} is being reconciled."), N_("The terminal is being reconciled.")),
        N_("No money moved."),
        (
            N_("Reconcile it with: edgepos reconcile --terminal {typed_terminal}"),
            N_("Reconcile it with: edgepos reconcile"),
        ),
    ),
    "declined:91": entry(
        N_("The card was declined: the card's bank cannot be reached."),
        N_("No money moved."),
        N_("Ask for another card."),
    ),
    "cancelled": entry(
        (N_("It was cancelled at {terminal}: no money moved."), N_("It was cancelled: no money moved.")),
        "",
        N_("Start again when the customer is ready."),
    ),
    "cancelled:no-card": entry(
        (N_("No card was shown at {terminal} in time: no money moved."), N_("No card was shown: no money moved.")),
        "",
        N_("Start again when the customer is ready."),
    ),
    "not-started": entry(
        (N_("{terminal} did not start it: no money moved."), N_("It was not started: no money moved.")),
        (N_("The reason was: {cause}."), ""),
        N_("Try again. If it happens twice, look at the terminal with: edgepos status"),
    ),
    "part-approved": entry(
        (N_("Only {approved} of {asked} was paid."), N_("Only a part of the amount was paid.")),
        N_("The card did not cover the rest."),
        (N_("Take the remaining {remaining} in another way."), N_("Take the rest in another way.")),
    ),
    "cancel-too-late": entry(
        (N_("The request to stop {payment} came too late: it is paid."), N_("It is too late to stop: it is paid.")),
        "",
        (
            N_("To undo it use: edgepos reverse {payment}, or later: edgepos refund {payment}"),
            N_("Undo it with a reversal or a refund."),
        ),
    ),
    "unknown": entry(
        (
            N_("It is not known yet what became of {payment} at {terminal}."),
            N_("It is not known yet what became of {payment}."),
            N_("It is not known yet what became of it."),
        ),
        N_("The answer is lost or contradicted; edgepos goes on asking the terminal until there is proof."),
        (
            N_("Do not charge again. Look at it with: edgepos show {payment}"),
            N_("Do not charge again. Look at it with: edgepos history"),
        ),
    ),
}

IN_THE_WAY: Mapping[str, Entry] = {
    "terminal-in-use": entry(
        (N_("{terminal} is in use."), N_("The terminal is in use.")),
        (
            N_("{payment} over {amount} has been running there since {since}."),
            N_("{payment} is running there."),
            N_("Another payment is running there."),
        ),
        (N_("Wait for it, or ask it to stop: edgepos cancel {payment}"), N_("Wait for it, or ask it to stop.")),
    ),
    "terminal-busy": entry(
        (N_("{terminal} is doing something else."), N_("The terminal is doing something else.")),
        (N_("It reports: {reported}."), N_("Somebody may be in its menu, or it prints.")),
        N_("Finish or cancel what is on the terminal, then try again."),
    ),
    "terminal-held": entry(
        (N_("{terminal} is held: nothing is sent to it."), N_("The terminal is held: nothing is sent to it.")),
        (N_("The reason is: {cause}."), N_("The journal of this box may be behind what the terminal did.")),
        N_("A technician releases it after the steps that edgepos doctor names."),
    ),
    "reconcile-first": entry(
        (N_("{terminal} takes no payment before it is reconciled."), N_("The terminal wants to be reconciled first.")),
        N_("It is new, or its session has been open too long."),
        (
            N_("Reconcile it with: edgepos reconcile --terminal {typed_terminal}"),
            N_("Reconcile it with: edgepos reconcile"),
        ),
    ),
    "payment-unknown": entry(
        (
            N_("{payment} at {terminal} is not known yet."),
            N_("An earlier payment at {terminal} is not known yet."),
            N_("An earlier payment is not known yet."),
        ),
        (
            N_("It is about {amount}, since {since}, and it may have been paid. Nothing was sent now."),
            N_("It may have been paid. Nothing was sent now."),
        ),
        (
            N_("Wait, edgepos goes on asking; or close it with the terminal's slip: edgepos settle {payment}"),
            N_("Wait, edgepos goes on asking; or close it with the terminal's slip."),
        ),
    ),
    "invoice-open": entry(
        (N_("Invoice {number} is being paid already."), N_("The invoice is being paid already.")),
        (
            N_("{payment} over {amount} is open at {terminal} since {since}. Nothing was sent now."),
            N_("{payment} is open. Nothing was sent now."),
            N_("Nothing was sent now."),
        ),
        _LOOK,
    ),
    "invoice-paid": entry(
        (N_("Invoice {number} is paid."), N_("The invoice is paid.")),
        (N_("{payment} paid it."), ""),
        N_("Read the invoice again in the practice system."),
    ),
    "due-changed": entry(
        (N_("What is due on invoice {number} has changed to {due}."), N_("What is due on the invoice has changed.")),
        N_("Somebody changed it, or a part of it was paid, after you looked. Nothing was sent."),
        N_("Look again with: edgepos invoices"),
    ),
    "not-payable": entry(
        (N_("Invoice {number} cannot be paid at the terminal."), N_("This invoice cannot be paid at the terminal.")),
        (N_("In the practice system it is: {why_not}."), N_("The practice system has not finalised it.")),
        N_("Finalise it in the practice system, then try again."),
    ),
    "perhaps-paid": entry(
        (
            N_("{numbers} may have been paid before {since}: this journal lacks what its terminals did then."),
            N_("It may have been paid already: this journal lacks what its terminals did."),
        ),
        N_("It is a restored copy, or a new one at used terminals. Nothing was sent."),
        N_("Look for its slip and for its payment in the practice system. If there is none: edgepos pay … --yes"),
    ),
    "not-last": entry(
        (
            N_("{payment} is not the last payment of its terminal, so it cannot be reversed."),
            N_("It is not the last payment of its terminal, so it cannot be reversed."),
        ),
        "",
        (N_("Give the money back with: edgepos refund {payment}"), N_("Give the money back with a refund.")),
    ),
    "already-settled": entry(
        (N_("{payment} is closed already: {state}."), N_("It is closed already.")),
        "",
        _LOOK,
    ),
    "not-agreed": entry(
        (N_("{day} does not agree yet."), N_("The day does not agree yet.")),
        N_("Terminal, edgepos and practice system do not show the same sum."),
        N_("The lines above name each difference and what to do about it: edgepos match"),
    ),
}

THE_BOX: Mapping[str, Entry] = {
    "clock-wrong": entry(
        N_("The clock of this box is wrong, so no payment is started."),
        (N_("It differs by {offset_s} s from the services."), ""),
        N_("Check the network's time service with: timedatectl"),
    ),
    "clock-wrong:certificate": entry(
        N_("By the clock of this box a service's certificate is not valid, so no payment is started."),
        N_("The clock is wrong, or the service has let its certificate run out."),
        N_("Check the network's time service with: timedatectl"),
    ),
    "disk-low": entry(
        N_("The disk of this box is nearly full, so no payment is started."),
        (N_("{free_mb} MB are free, {needed_mb} MB are needed."), ""),
        N_("Make room on the disk; edgepos doctor shows what is large."),
    ),
    "pin-needed": entry(
        N_("This needs the PIN of somebody who may do it."), "", N_("Log in with your operator name and PIN.")
    ),
    "pin-wrong": entry(
        N_("Operator and PIN do not fit."),
        (N_("The next try is possible in {wait_s} s."), ""),
        N_("Try again, or ask a technician for a new PIN."),
    ),
    "not-allowed": entry(
        N_("You may not do this."),
        (
            N_("It needs the role {needed}; yours is {role}."),
            N_("{path} belongs to somebody else."),
            N_("It needs another role than yours."),
        ),
        N_("Ask somebody of the groups edgepos-tech or edgepos-users, or a technician to add you to one."),
    ),
    "journal-locked": entry(
        (N_("Another agent, process {pid}, holds the journal."), N_("Another agent holds the journal.")),
        N_("Two would drive the same terminals, so this one ends."),
        N_("Use the one that runs, or end it first: systemctl stop edgepos-agent"),
    ),
    "journal-newer": entry(
        N_("The journal was written by a newer edgepos. It was left untouched."),
        (N_("It has version {found}; this program knows up to {known}."), ""),
        N_("Install the newer version again."),
    ),
    "journal-damaged": entry(
        N_("The journal is damaged. Nothing more is written to it."),
        (N_("What was found: {what}."), ""),
        N_("Keep the file, and restore the newest backup with: edgepos restore"),
    ),
    "socket-taken": entry(
        (N_("{socket} is taken."), N_("The agent's socket is taken.")),
        (N_("The reason is: {why}."), ""),
        N_("Another agent may be running; see: systemctl status edgepos-agent"),
    ),
    "backup-failed": entry(
        N_("The journal was not copied."),
        (N_("The reason is: {why}."), ""),
        N_("Check the place of the backups, and that there is room on it."),
    ),
    "backup-old": entry(
        N_("The journal has not been copied for more than a day."),
        (N_("The reason is: {why}."), ""),
        N_("Check the folder of [backup] in location.toml, and that there is room in it."),
    ),
    "restore-refused": entry(
        N_("The copy was not restored."),
        (N_("The reason is: {reason}."), ""),
        N_("Check the copy with: edgepos verify COPY"),
    ),
    "unexpected": entry(
        N_("Something unexpected happened in edgepos."),
        (N_("The log keeps it under {reference}."), ""),
        N_("If it was about money, look before you try again: edgepos history"),
    ),
}  # fmt: skip

WRONG: Mapping[str, Entry] = {
    "usage": entry(
        (N_("{text} is not understood here."), N_("The command is not understood.")),
        (N_("Expected: {expected}."), ""),
        (N_("Did you mean {nearest}?"), N_("See: edgepos --help")),
    ),
    "usage:lines-do-not-add-up": entry(
        N_("The shares of the invoices do not add up to the amount."),
        N_("Nothing was sent."),
        N_("Look again: edgepos invoices"),
    ),
    "usage:sql": entry(
        (N_("The question was not answered: {said}."), N_("The question was not answered.")),
        "",
        N_('Ask with one SELECT. The tables: edgepos sql "SELECT name, sql FROM sqlite_schema"'),
    ),
    "usage:unknown-line": entry(N_("That invoice is not one of this payment's."), "", N_("See: edgepos show PAYMENT")),
    "usage:unknown-finding": entry(N_("There is no such finding."), "", N_("See: edgepos findings")),
    "usage:unknown-period": entry(
        (N_("There is no such period: {text}."), N_("There is no such period.")), "", N_("See: edgepos match")
    ),
    "usage:not-settled": entry(
        N_("This payment was not closed by hand, so there is nothing to confirm."), "", _LOOK
    ),
    "usage:invoice-twice": entry(N_("The same invoice is named twice."), "", N_("Name each invoice once.")),
    "amount-form": entry(
        (N_("“{text}” is not an amount."), N_("That is not an amount.")),
        "",
        N_("Write it as 12,50 or 12.50 or 1 250,00."),
    ),
    "amount-form:empty": entry(N_("The amount is empty."), "", N_("Write it as 12,50 or 12.50 or 1 250,00.")),
    "amount-form:negative": entry(
        (N_("“{text}” is less than zero."), N_("The amount is less than zero.")),
        N_("A payment is more than zero."),
        N_("To give money back use: edgepos refund PAYMENT"),
    ),
    "amount-form:zero": entry(N_("The amount is zero."), N_("A payment is more than zero."), N_("Write it as 12,50.")),
    "amount-form:decimals": entry(
        (N_("“{text}” has the wrong number of digits after the point."), N_("Wrong number of digits after the point.")),
        (N_("{currency} has {digits}."), ""),
        N_("Write it as 12,50 or 12.50 or 1 250,00."),
    ),
    "amount-ambiguous": entry(
        (N_("“{text}” can be read in two ways: {readings}."), N_("The amount can be read in two ways.")),
        "",
        N_("Write all decimals, or no sign between the thousands."),
    ),
    "amount-too-large": entry(
        (N_("The amount is above {max}."), N_("The amount is too large.")),
        (N_("{payment} has no more than that left."), N_("Nothing was sent.")),
        N_("Check the amount."),
    ),
    "amount-too-large:ask-again": entry(
        (N_("The amount is above {max}."), N_("The amount is above the clinic's limit.")),
        N_("That is more than this clinic charges without asking again."),
        N_("If it is meant so, confirm it: edgepos pay AMOUNT --large"),
    ),
    "currency": entry(
        (N_("{currency} is not a currency that edgepos knows."), N_("The currency is not known.")),
        "",
        N_("Check the currency in location.toml."),
    ),
    "terminal-needed": entry(
        N_("Which terminal?"),
        (N_("There are: {terminals}."), N_("There is more than one.")),
        N_("Name it with: --terminal"),
    ),
    "unknown-terminal": entry(
        (N_("There is no terminal “{terminal}”."), N_("There is no such terminal.")),
        (N_("There are: {terminals}."), ""),
        (N_("Did you mean {nearest}?"), N_("See: edgepos status")),
    ),
    "terminal-type": entry(
        (N_("{terminal} is not a Connect@Cloud terminal."), N_("It is not a Connect@Cloud terminal.")),
        "",
        N_("Ask Nets to order it as Connect@Cloud compatible."),
    ),
    "unknown-invoice": entry(
        (N_("There is no invoice “{invoice}”."), N_("There is no such invoice.")),
        N_("The practice system does not know it at this location."),
        N_("Find it with: edgepos invoices --find TEXT"),
    ),
    "unknown-invoice:named-twice": entry(
        (N_("There are two invoices “{invoice}”: ids {ids}."), N_("There are two such invoices.")),
        "",
        N_("Name the one you mean by its id."),
    ),
    "unknown-payment": entry(
        (N_("There is no payment “{payment}”."), N_("There is no payment “{text}”."), N_("There is no such payment.")),
        "",
        N_("Find it with: edgepos history --find TEXT"),
    ),
    "unknown-closing": entry(
        (N_("There is no closing {text}."), N_("There is no such closing.")), "", N_("See: edgepos close --help")
    ),
    "no-receipt": entry(
        (N_("There is no slip for {payment}."), N_("There is no slip.")),
        N_("The terminal gave none, or its answer was lost."),
        N_("Print it again on the terminal, from its menu."),
    ),
    "settings": entry(
        (N_("{file}, line {line}: {key}: {reason}"), N_("{file}: {key}: {reason}"), N_("{file}: {reason}"),
         N_("The settings are wrong.")),
        "",
        (N_("Did you mean {nearest}?"), N_("See the commented examples in config/, and: edgepos settings")),
    ),
}  # fmt: skip

NOT_REACHED: Mapping[str, Entry] = {
    "agent-away": entry(
        N_("The edgepos agent does not answer."),
        (N_("Nobody listens at {socket}."), ""),
        N_("Start it with: systemctl start edgepos-agent; or on a laptop: edgepos agent"),
    ),
    "agent-away:silent": entry(
        N_("The edgepos agent does not answer in time."),
        (N_("It listens at {socket}, but it said nothing for {waited_s} s."), ""),
        N_("Look at it with: systemctl status edgepos-agent"),
    ),
    "agent-away:lost": entry(
        N_("The line to the edgepos agent broke before its answer came."),
        N_("What was asked for may have been done."),
        N_("Look before you ask again: edgepos history"),
    ),
    "agent-away:ended": entry(
        N_("The edgepos agent could not be started."),
        (N_("What it said is in {log}."), ""),
        N_("Start it by hand to see why: edgepos agent"),
    ),
    "nets-away": entry(
        N_("Nets cannot be reached, so no card payment can be started."),
        (N_("The reason is: {hint}."), N_("The reason is: {why}."), ""),
        N_("Check the clinic's network; edgepos status shows when it is back."),
    ),
    "practice-away": entry(
        N_("The practice system cannot be reached."),
        (N_("The reason is: {hint}."), N_("The reason is: {why}."), ""),
        N_("Take a payment without an invoice, its number as text: edgepos pay AMOUNT --reference NUMBER"),
    ),
    "practice-away:credentials": entry(
        N_("The practice system refuses our client id or secret."), "", N_("Check the credentials with: edgepos doctor")
    ),
    "practice-away:right-missing": entry(
        (N_("edgepos lacks the right “{permission}” in the practice system."), N_("edgepos lacks a right there.")),
        "",
        N_("Give it that right; edgepos doctor names all that are needed."),
    ),
    "practice-away:anchor-broken": entry(
        N_("The practice system does not keep our references, so nothing more is booked."),
        "",
        N_("See the finding: edgepos status"),
    ),
    "sign-in-page": entry(
        (N_("A sign-in page of the network answers in place of {service}."), N_("A sign-in page answers instead.")),
        N_("The network wants somebody to sign in first."),
        N_("Ask who runs the clinic's network to let this box through without signing in."),
    ),
    "credentials": entry(
        (N_("{service} refuses our user or password."), N_("A service refuses our user or password.")),
        "",
        N_("Check the credentials with: edgepos doctor"),
    ),
}

REFUSALS: Mapping[str, Entry] = {**DECIDED, **IN_THE_WAY, **THE_BOX, **WRONG, **NOT_REACHED}
