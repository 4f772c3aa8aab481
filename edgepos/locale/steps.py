"""The sentences for the steps of the set-up: what each was found to be, and what is next."""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_, Entry, entry

TEST_TEXT = "edgepos setup"
"""The text of a test purchase: by it the journal's own is found again."""

STEPS: Mapping[str, Entry] = {
    "setup-clinic": entry(
        (N_("{name}, {country}, {currency}, {language}, {time_zone}"), N_("The settings are there.")),
        "",
        N_("Change them with: sudo edgepos setup"),
    ),
    "setup-not-written": entry(
        N_("Nothing is set up on this box yet."),
        N_("Names and passwords of the two services stand in files that only root may write."),
        N_("Type over SSH: sudo edgepos setup. It asks one thing after the other; then come back here."),
    ),
    "setup-not-looked": entry(
        N_("Nobody has asked the network and the services yet."), "", N_("Check it now; it takes a few seconds.")
    ),
    "setup-account": entry(
        (N_("{username} lets us in and has {count} terminals."), N_("It lets us in.")), "", N_("Nothing is to be done.")
    ),
    "setup-no-account": entry(
        N_("No account at Nets is set up."),
        N_("Nets makes it: one user and password for the whole organisation."),
        N_("Type over SSH: sudo edgepos setup"),
    ),
    "setup-account-unknown": entry(
        N_("Which terminals the account has could not be asked."), "", N_("Check again once Nets answers.")
    ),
    "setup-foreign": entry(
        (
            N_("Terminal {terminal} is in the account, and not of this clinic as configured."),
            N_("A terminal is in the account, and not of this clinic as configured."),
        ),
        "",
        N_("If it stands here, add it with: sudo edgepos setup. If it is another clinic's, nothing is to be done."),
    ),
    "setup-no-terminals": entry(N_("No terminal is configured."), "", N_("Add one with: sudo edgepos setup")),
    "setup-no-practice": entry(
        N_("No practice system is set up: payments are taken without invoices."),
        "",
        N_("If there is to be one, type over SSH: sudo edgepos setup"),
    ),
    "setup-all-departments": entry(
        N_("Invoices of all of the organisation's departments are shown."), "", N_("Change it with: sudo edgepos setup")
    ),
    "setup-department": entry(
        (N_("Invoices of {department} are shown."), N_("Its invoices are shown.")),
        "",
        N_("Change it with: sudo edgepos setup"),
    ),
    "setup-department-unknown": entry(
        N_("Which departments there are could not be asked."), "", N_("Check again once Provet answers.")
    ),
    "setup-department-wrong": entry(
        (
            N_("Provet Cloud has no department {department}. There are: {there}."),
            N_("Provet Cloud does not have the department that is set."),
        ),
        "",
        N_("Choose one with: sudo edgepos setup"),
    ),
    "setup-terminal": entry(
        (N_("{model}, in the account, connected"), N_("It is in the account and connected.")),
        "",
        N_("Nothing is to be done."),
    ),
    "setup-lamps": entry(
        N_("Nobody has looked at its lamps."),
        "",
        N_("Look at its home screen: are both lamps, ECR and host, green?"),
    ),
    "setup-lamps-green": entry(N_("Both lamps are green, as a person saw."), "", N_("Nothing is to be done.")),
    "setup-lamps-red": entry(
        N_("A lamp is not green, as a person saw."),
        N_("ECR not green: no line to Nets. Host not green: no line to the bank."),
        N_("Restart the terminal; check cable and network, and its menus ECR (TLS, port 6001) and Communication."),
    ),
    "setup-reconciled": entry(
        (N_("It was reconciled at {at}."), N_("It was reconciled.")), "", N_("Nothing is to be done.")
    ),
    "setup-reconcile": entry(
        N_("edgepos has not reconciled it yet."),
        N_("It needs no card for that; one that was done with the Merchant Card does no harm."),
        N_("Reconcile it, once it is ready."),
    ),
    "setup-test": entry(
        N_("No test purchase was made."),
        "",
        N_("Take a small amount with a real card, then give it back in the next step."),
    ),
    "setup-test-later": entry(
        N_("No test purchase was made."), "", N_("First the terminal has to be ready, and reconciled once.")
    ),
    "setup-under-way": entry(
        (N_("{payment} is under way."), N_("It is under way.")), "", N_("Wait for what it comes to.")
    ),
    "setup-give-back": entry(
        (N_("{payment} was paid, and {amount} wait to be given back."), N_("A test purchase waits to be given back.")),
        "",
        N_("Give it back, with the same card at hand."),
    ),
    "setup-tried": entry(
        (
            N_("{payment} was paid with {card} and given back."),
            N_("{payment} was paid and given back."),
            N_("A purchase was paid and given back."),
        ),
        "",
        N_("Nothing is to be done."),
    ),
    "setup-people": entry((N_("May log in: {count}"), N_("People may log in.")), "", N_("Nothing is to be done.")),
    "setup-no-technician": entry(
        N_("Nobody has a technician's PIN: the kiosk shows its technician's place to nobody."),
        "",
        (N_("Add one here, or with: edgepos operators NAME --role technician --pin")),
    ),
    "setup-slips": entry(
        N_("Terminals with a printer print by themselves; a copy is made with: edgepos receipt PAYMENT"),
        "",
        N_("Nothing is to be done."),
    ),
}
