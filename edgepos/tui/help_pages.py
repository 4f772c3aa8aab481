"""The pages of help. Short sentences, each with the key to press; who reads them has a customer waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgepos.locale.words import N_


@dataclass(frozen=True, slots=True)
class Page:
    id: str
    title: str
    text: tuple[str, ...]


PAGES: Sequence[Page] = (
    Page(
        "pay",
        N_("Take a payment"),
        (
            N_(
                "Type a part of the owner, the animal, the number or the amount. Enter opens the invoice, Enter pays "
                "it."
            ),
            N_("Several invoices of one owner: mark each with Space, then Enter."),
            N_("A part only: type the amount before the second Enter. The rest stays due."),
            N_("An invoice is grey? It says why. Finalise it in Provet Cloud; it is here a moment later."),
            N_("Two people can pay at two terminals at the same time. The arrows choose the terminal before Enter."),
        ),
    ),
    Page(
        "unknown",
        N_("NOT KNOWN YET"),
        (
            N_("The terminal's answer was lost. The customer may have paid, or not. Do NOT charge again."),
            N_(
                "edgepos goes on asking the terminal until there is proof; mostly that takes a minute. Then it says "
                "PAID or not."
            ),
            N_("Leave the terminal switched on and connected: it is the one that knows."),
            N_(
                "The customer cannot wait? Look at the terminal's slip or its own list. If it says approved, it is "
                "paid."
            ),
            N_("It lasts? F8, the payment, H: with the slip and a PIN it can be closed by hand."),
            N_("Other invoices can be paid at other terminals meanwhile."),
        ),
    ),
    Page(
        "stop",
        N_("Stop a payment"),
        (
            N_(
                "F7 asks the terminal to stop. The screen says ASKED TO STOP, and it is over only when it says "
                "CANCELLED."
            ),
            N_("If the customer was quicker, it is PAID, and F3 gives the money back."),
            N_("Leaving the screen stops nothing: the payment goes on, and the line on top shows it."),
        ),
    ),
    Page(
        "amount",
        N_("Pay without a listed invoice"),
        (
            N_("F2: type the amount, then what it is for. The invoice's number is best."),
            N_("12,50 and 12.50 are the same. If an amount could be read in two ways, you are asked which."),
            N_("It is booked when somebody gives it its invoice: F4, the payment, I."),
            N_("This is also the way to work while Provet cannot be reached."),
        ),
    ),
    Page(
        "refund",
        N_("Give money back"),
        (
            N_("F3: find the payment by amount, last four digits, owner, invoice or time. Enter."),
            N_("All that is left is proposed. Type less for a part. Above the clinic's limit it asks for a PIN."),
            N_("The customer holds the card to the terminal. It shows REFUNDED when the terminal has said so."),
            N_("Charged by mistake a moment ago? F4, the payment, U undoes the terminal's last payment whole."),
            N_("Only the booking is wrong, not the money? Correct it in Provet Cloud: nothing moves on the card."),
        ),
    ),
    Page(
        "today",
        N_("Find a payment"),
        (
            N_(
                "F4 lists the day. Type an amount, four digits, an owner, a number or a time. Left and right change "
                "the day."
            ),
            N_(
                "Enter shows all of it, with the slip word for word (P). C there makes a COPY to hand out; it is "
                "counted."
            ),
            N_("An older payment: type the invoice's number or the reference, and it is found in any day."),
            N_("Tab shows the sums by hour, terminal, person and card."),
        ),
    ),
    Page(
        "close",
        N_("Close the day"),
        (
            N_("F5: Enter reconciles a terminal. It closes its session and prints its report. Do each terminal."),
            N_("Then three sums stand side by side: the terminal's, edgepos's and Provet's. Green only if all agree."),
            N_("Where they differ, a line says why and what to press. What is red stays in F8 until it is settled."),
            N_("R makes the day's report. It is numbered and does not change any more."),
            N_("A terminal that closed itself at night is noticed, and its session is listed as well."),
        ),
    ),
    Page(
        "attention",
        N_("What needs a person"),
        (
            N_("F8 lists it, the worst first. Empty is the normal state."),
            N_(
                "PARKED: Provet did not take a booking. The card payment itself is fine. The line says what to do in "
                "Provet."
            ),
            N_(
                "FINDING: something fits nothing, such as a sale on the keypad. Look, do what it says, then H and a "
                "word on it."
            ),
        ),
    ),
    Page(
        "paper",
        N_("Paper out at the terminal"),
        (
            N_(
                "Put in a new roll: lift the lid, the paper's end comes out towards you, close it. The payment is "
                "not touched by it."
            ),
            N_("The slip is here as well: F4, the payment, P."),
        ),
    ),
    Page(
        "dead",
        N_("Terminal dead"),
        (
            N_(
                "Is it on? Is the network cable in? Hold the yellow key and the . key together to restart it; two "
                "minutes."
            ),
            N_("A payment was at it? Do NOT charge it again elsewhere before it is known: NOT KNOWN YET has its page."),
            N_("Take another terminal: the arrows choose it before you pay. F6 says what the lamps mean."),
        ),
    ),
    Page(
        "alone",
        N_("Work without edgepos"),
        (
            N_("The terminals work on their own: type the amount on the terminal's keypad."),
            N_("Keep each slip, and write the invoice's number on it."),
            N_("When edgepos is back: F6, the terminal, R records each slip. Then Provet is told by itself."),
            N_("A payment that edgepos had begun is not recorded: it says by itself what became of it."),
        ),
    ),
    Page(
        "two",
        N_("Two people on one terminal"),
        (
            N_("The desk shows whose amount stands at each terminal, and since when."),
            N_("A terminal does one payment at a time. Wait for READY, or take another terminal."),
            N_("Never press keys on a terminal that another person is using."),
        ),
    ),
    Page(
        "pin",
        N_("Forgotten PIN"),
        (
            N_("Payments need no PIN. Giving back above the limit and closing by hand do: ask a colleague with a PIN."),
            N_("A technician sets a new PIN with: edgepos operators. The old one cannot be read, by nobody."),
            N_("After five wrong tries the next one has to wait a minute, then two, then four."),
        ),
    ),
    Page(
        "left",
        N_("A person who left"),
        (
            N_("A technician switches the person off with: edgepos operators. The PIN then opens nothing, at once."),
            N_("What the person did stays written down under the old name."),
        ),
    ),
    Page(
        "training",
        N_("Training"),
        (
            N_("edgepos demo starts a clinic that is not real. Every screen then says TRAINING, and no money moves."),
            N_("Try everything, the mistakes too. It is gone when you leave."),
        ),
    ),
    Page(
        "keys",
        N_("The keys"),
        (
            N_("Enter goes on, Esc goes back, letters search. Esc never stops a payment."),
            N_("F10 or ? lists all places with a letter each, for keyboards without F-keys."),
            N_("The keys at the bottom can be tapped."),
        ),
    ),
)
BY_PLACE: Mapping[str, str] = {
    "desk": "pay",
    "amount": "amount",
    "refund": "refund",
    "today": "today",
    "close-day": "close",
    "terminals": "dead",
    "attention": "attention",
    "fallback": "alone",
    "technician": "pin",
}
"""The page for whoever asks for help from a place."""
