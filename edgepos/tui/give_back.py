"""Money of one payment back to a card: how much of what is left, why, and at which terminal the card is held.

The proposal is exactly what is left, in minor units (FC-11). The agent knows the limit; here it is only shown.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from edgepos.client.errors import AgentError
from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.amounts import read_amount
from edgepos.tui.caption import Caption
from edgepos.tui.course import about
from edgepos.tui.fields import Field, Filling, Line, Pick
from edgepos.tui.figures import Figures
from edgepos.tui.pad import AmountPad, Pad
from edgepos.tui.payment_rows import People, last_four, who_of
from edgepos.tui.saying import told
from edgepos.tui.sending import Sending
from edgepos.tui.terminal_card import state_line
from edgepos.tui.view import ClinicView, Document


class GiveBack(Filling):
    title_word = N_("Refund: money back to the card")

    def __init__(self, payment: Document, people: People) -> None:
        super().__init__()
        self._payment = payment
        self._people = people
        self._minor: int | None = None
        self._sending = Sending(self)

    def fields(self) -> ComposeResult:
        one, left = self._payment, int(self._payment["refundable_minor"])
        currency = one["currency"]
        yield Caption(self._about(), id="back-about")
        yield Figures(id="back-sum")
        yield Caption(
            _("{left} of {paid} can still be given back").format(
                left=self.form.money(left, currency), paid=self.form.money(one["approved_minor"], currency)
            ),
            id="back-left",
        )
        with Horizontal(id="back-both"):
            with Vertical():
                yield Field("back-amount", _("amount"), self.form.bare(left, currency), most=20)
                yield Field("back-reason", _("reason"), hint=_("for the books; may be left out"), most=80)
                yield Pick("back-terminal", _("at terminal"), self._terminals(), str(one["terminal"]))
                yield Caption(id="back-pin")
            yield AmountPad()

    def _about(self) -> str:
        one = self._payment
        card = last_four(one)
        parts = (
            who_of(one, self._people),
            about(one),
            self.form.moment(one["created_at"]),
            _("card ending in {digits}").format(digits=card) if card else "",
        )
        return "   ".join(part for part in parts if part)

    def _terminals(self) -> list[tuple[str, str]]:
        return [(str(one["id"]), f"{one['name']}   {state_line(one)}") for one in self.view.terminals]

    def show(self, view: ClinicView) -> None:
        self.query_one("#back-terminal", Pick).put(self._terminals())
        self.redraw_go()

    def go_text(self) -> str | None:
        if self._sending.is_lost:
            return _("ask again; nothing is given back twice")
        one, currency = self._payment, self._payment["currency"]
        try:
            self._minor = read_amount(self.text("back-amount"), currency, most_minor=int(one["refundable_minor"]))
        except AgentError as error:
            said = told(error, self.form)
            self._minor, self.missing = None, f"{said.message} {said.mend}"
            return None
        finally:
            most = self.form.money(one["refundable_minor"], currency)
            self.query_one("#back-sum", Figures).update(self.form.money(self._minor, currency) or "-", beside=most)
            self._show_pin()
        terminal = self.view.place(self.choice("back-terminal"))
        return _("give {money} back at {terminal}").format(
            money=self.form.money(self._minor, currency), terminal=terminal
        )

    def _show_pin(self) -> None:
        limit = self.view.limit("refund_pin_above_minor")
        needs = limit is not None and (self._minor or 0) > limit
        text = _("Above {money} it asks for a PIN.").format(money=self.form.money(limit, self._payment["currency"]))
        self.query_one("#back-pin", Caption).update(text if needs else "")

    def on_pad_pressed(self, message: Pad.Pressed) -> None:
        """The first tap begins another amount, as the first digit does."""
        message.stop()
        line = self.query_one("#back-amount Line", Line)
        if self.query_one("#back-amount", Field).disabled:
            return
        is_marked = not line.has_focus or line.selected_text == line.value
        line.focus()
        line.value = Pad.after("" if is_marked else line.value, message.sign)
        self.call_after_refresh(setattr, line, "cursor_position", len(line.value))

    def send(self) -> None:
        body: dict[str, object] = {
            "terminal": self.choice("back-terminal"),
            "amount_minor": self._minor,
            "reason": self.text("back-reason"),
        }
        self._lock(True)
        path = path_of("payments", self._payment["id"], "refund")
        self._sending.send(path, body, self._begun, self._refused)

    def _lock(self, is_locked: bool) -> None:
        """While it is being sent, and while an answer is lost, nothing of it can be another."""
        for one in self.query("Field, Pick"):
            one.disabled = is_locked

    def _refused(self, error: AgentError) -> None:
        if not self._sending.is_lost:
            self._lock(False)
            id = self._payment["id"]
            self.ask(lambda: self.clinic.agent.get(path_of("payments", id)), self._fresh, group="read")
        self.redraw_go()

    def _fresh(self, payment: Document) -> None:
        """What is left may be less now: another refund runs, or is not known yet."""
        self._payment = payment
        left = self.form.money(payment["refundable_minor"], payment["currency"])
        paid = self.form.money(payment["approved_minor"], payment["currency"])
        self.query_one("#back-left", Caption).update(
            _("{left} of {paid} can still be given back").format(left=left, paid=paid)
        )
        self.redraw_go()

    def _begun(self, operation: Document) -> None:
        """This question is answered: back leads to the list, not here."""
        clinic = self.clinic
        self.dismiss()
        clinic.watch_payment(operation)
