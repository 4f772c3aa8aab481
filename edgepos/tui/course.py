"""How a payment goes, full width: one word, the amount, whose it is, what the terminal says, and what to do next.

It shows what the agent has committed and nothing else: there is no time after which it believes something.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.figures import Figures
from edgepos.tui.form import Form, clock
from edgepos.tui.saying import sentences
from edgepos.tui.view import OPEN, ClinicView, Document

LOOKS: Mapping[str, str] = {
    "intended": "live", "sent": "live", "unknown": "warn", "approved": "good", "declined": "bad",
    "cancelled": "calm", "not_started": "calm", "settled_by_hand": "calm",
}  # fmt: skip
SILENT_S = 20.0
"""A terminal that has given no sign of life for this long is not shown as if it waited for a card (FC-27)."""
STEPS: Mapping[str, str] = {
    "checking": N_("Checking the invoice and the terminal …"),
    "at_terminal": N_("Customer's turn at {terminal}"),
    "looking": N_("Asking {terminal} what became of it …"),
}


def look_of(payment: Document) -> str:
    """The class of its headline."""
    return "warn" if states.is_part(payment) else LOOKS.get(str(payment["state"]), "calm")


def shown_minor(payment: Document) -> int:
    """What was approved, once it is; else what was asked for."""
    minor = payment["approved_minor"] if payment["state"] == "approved" else payment["amount_minor"]
    return minor if isinstance(minor, int) else int(payment["amount_minor"])


def needs_signature(payment: Document) -> bool:
    return payment["state"] == "approved" and bool(payment.get("signature"))


def reason(payment: Document, view: ClinicView, form: Form) -> str:
    """Why it came to this, and what to do; in sentences."""
    from edgepos.locale.messages import ENTRIES

    state, cause = str(payment["state"]), str(payment.get("cause") or "")
    facts: dict[str, object] = {
        "payment": payment["id"], "terminal": view.place(payment["terminal"]), "number": payment.get("number"),
        "currency": payment["currency"],
    }  # fmt: skip
    if state == "not_started" and cause in ENTRIES:
        said = sentences(cause, facts, form)
    else:
        code = state.replace("_", "-")
        known = f"{code}:{cause}" in ENTRIES
        said = sentences(code, facts | ({"why": cause} if known else {"cause": cause} if cause else {}), form)
    return f"{said.message}\n{said.mend}"


def hint(payment: Document, view: ClinicView, form: Form, silent_s: float | None) -> str:
    """The next step, the biggest thing after the state."""
    state, place = str(payment["state"]), view.place(payment["terminal"])
    if state == "intended":
        return _(STEPS["checking"])
    if state == "sent":
        return _running(payment, view, place, silent_s)
    if state == "unknown":
        return "\n".join(
            (
                _("Do NOT charge again: it may have been paid."),
                _("edgepos goes on asking {terminal} until there is proof. Let the terminal be.").format(
                    terminal=place
                ),
            )
        )
    if state == "approved":
        return _approved(payment, form)
    if state == "settled_by_hand":
        return _("Closed by hand; it stays marked until the terminal's totals confirm it.")
    return reason(payment, view, form)


def _running(payment: Document, view: ClinicView, place: str, silent_s: float | None) -> str:
    if silent_s is not None and silent_s > SILENT_S:
        text = _("No sign of life from {terminal} for {seconds} s. Look at it; nothing is lost.")
        return text.format(terminal=place, seconds=int(silent_s))
    if payment.get("asked_to_stop_at"):
        return _("{terminal} was asked to stop. It is over only when the terminal says so.").format(terminal=place)
    step = STEPS.get(str(payment.get("step")), STEPS["at_terminal"])
    if payment["kind"] == "reconciliation":
        return _("{terminal} is closing its session …").format(terminal=place)
    return _(step).format(terminal=place)


def _approved(payment: Document, form: Form) -> str:
    currency = payment["currency"]
    parts = []
    if states.is_part(payment):
        text = _("Only {approved} of {asked} was paid. Still to pay: {rest}.")
        parts.append(
            text.format(
                approved=form.money(payment["approved_minor"], currency),
                asked=form.money(payment["amount_minor"], currency),
                rest=form.money(payment["remaining_minor"], currency),
            )
        )
    if payment.get("tip_minor"):
        parts.append(_("Tip {money}, beside the amount.").format(money=form.money(payment["tip_minor"], currency)))
    if payment.get("asked_to_stop_at"):
        parts.append(_("The wish to stop came too late: it is paid. To give the money back press F3."))
    if needs_signature(payment):
        parts.append(_("CHECK THE SIGNATURE on the slip before the customer leaves. If it is wrong: F3, money back."))
    if payment["kind"] == "purchase" and not parts:
        parts.append(_("Give the customer the receipt from the terminal."))
    return "\n".join(parts)


def about(payment: Document) -> str:
    """What it is for: invoice numbers, or its text."""
    numbers = [str(line["number"] or line["invoice"]) for line in payment["lines"] if line["invoice"]]
    return ", ".join(numbers) or str(payment["text"] or "")


class Course(Vertical):
    """The widget. `show` draws; everything else is read from the picture."""

    def compose(self) -> ComposeResult:
        yield Figures(id="headline", centred=True)
        yield Caption(id="who")
        yield Figures(id="sum")
        yield Caption(id="place")
        yield Caption(id="words")
        yield Caption(id="hint")
        yield Caption(id="facts")

    def show(
        self, payment: Document, who: str, view: ClinicView, form: Form, *, seconds: float, silent_s: float | None
    ) -> None:
        """*who*: owner and animal, where this screen knows them; they are nowhere in the payment itself."""
        is_open = payment["state"] in OPEN
        headline = self.query_one("#headline", Figures)
        headline.update(_(states.payment_word(payment)))
        headline.set_classes(f"-{look_of(payment)}")
        self.query_one("#who", Caption).update("   ".join(part for part in (who, about(payment)) if part))
        money = form.money(shown_minor(payment), payment["currency"])
        self.query_one("#sum", Figures).update(money)
        place = f"{money}   {view.place(payment['terminal'])}"
        if is_open:
            since = form.hour(payment["created_at"])
            place += "   " + _("{clock} since {hour}").format(clock=clock(seconds), hour=since)
        self.query_one("#place", Caption).update(place)
        is_there = payment["state"] in ("intended", "sent")  # later it shows what has nothing to do with this payment
        words = view.texts.get(str(payment["terminal"]), "") if is_there else ""
        shown = self.query_one("#words", Caption)
        shown.display = bool(words)
        shown.update(_("The terminal shows: {text}").format(text=words) if words else "")
        self.query_one("#hint", Caption).update(hint(payment, view, form, silent_s))
        self.query_one("#facts", Caption).update(self._facts(payment))

    def _facts(self, payment: Document) -> str:
        card = " ".join(str(payment[name]) for name in ("card_scheme", "masked_card") if payment.get(name))
        booking = _(states.word(states.BOOKINGS, payment["sync"])) if payment["sync"] != "none" else ""
        booked = _("booking: {word}").format(word=booking) if booking else ""
        return "   ".join(part for part in (payment["id"], card, booked) if part)
