"""Why two of the three sides differ, in words, and what to press on the screen. By the causes of the match.

What to type at the command line stands beside the causes themselves, in `domain.match`. A test holds that each cause is
here, and the page for staff says the same. Imports nothing of edgepos.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_

WORDS: Mapping[str, tuple[str, str]] = {
    "not-synced": (N_("Not booked in Provet yet"), N_("Nothing: it is booked as soon as Provet is reached.")),
    "parked": (N_("Its booking is parked"), N_("F8 says what it needs.")),
    "stand-alone-sale": (
        N_("Taken on the terminal's own keypad"),
        N_("Find the slip. F4, the payment, I gives it its invoice; or F6, R records it."),
    ),
    "booked-by-hand": (
        N_("Somebody booked it in Provet by hand"),
        N_("If that booking is this payment: F8, A. Else cancel one of the two in Provet."),
    ),
    "changed-in-practice": (
        N_("The booking was changed or cancelled in Provet"),
        N_("Look at it in Provet. If it is right as it is: F8, H."),
    ),
    "not-assigned": (N_("Taken without an invoice"), N_("Give it its invoice: F4, the payment, I.")),
    "tip": (N_("Tip: not part of the invoice"), N_("Nothing.")),
    "surcharge": (N_("Surcharge: not part of the invoice"), N_("Nothing.")),
    "part-approval": (N_("Only a part was approved"), N_("Nothing: the rest of the invoice can be paid as usual.")),
    "unknown": (N_("A payment is NOT KNOWN YET"), N_("Wait for proof; or F4, the payment, H closes it by hand.")),
    "settled-by-hand": (
        N_("Closed by hand"),
        N_("Compare the slip with what was typed. Correct it with F6, R, or with F3."),
    ),
    "reversal-across-sessions": (
        N_("Undone in a later session than it was paid in"),
        N_("Compare the slips of both sessions. Then F8, H."),
    ),
    "late-approval": (
        N_("Approved after it had been told as not paid"),
        N_("If the customer paid again: F3. Then F8, H."),
    ),
    "terminal-swapped": (
        N_("The terminal was swapped for another"),
        N_("Find the old terminal's last report. T enters its total."),
    ),
    "not-closed": (N_("The terminal is not reconciled yet"), N_("Enter reconciles it.")),
    "slip-missing": (
        N_("The terminal's report was not seen here"),
        N_("Print the copy of its last report on the terminal. T enters its total."),
    ),
    "slip-unreadable": (
        N_("The terminal's report cannot be read by edgepos"),
        N_("Read it below. T enters its total."),
    ),
    "currency": (
        N_("The terminal's currency is another than the settings'"),
        N_("Call a technician. T enters the report's total, if the money is right."),
    ),
    "before-this-journal": (N_("Older than this journal"), N_("Find the slips and record them: F6, R.")),
    "practice-away": (
        N_("Provet cannot be reached, so its side is not known"),
        N_("Nothing now: compare again later with C."),
    ),
    "without-reference": (
        N_("A card payment in Provet that edgepos did not book"),
        N_("If it is a payment of this list: F8, A. Else nothing."),
    ),
    "unexplained": (
        N_("Not explained"),
        N_("Compare the terminal's own list with F4, line by line. Call a technician if nothing shows."),
    ),
}
