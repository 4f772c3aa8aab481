"""A payment without a listed invoice: an amount and what it is for."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui.amounts import read_amount
from edgepos.tui.before import AmountInput
from edgepos.tui.caption import Caption
from edgepos.tui.figures import Figures
from edgepos.tui.order import Order
from edgepos.tui.pad import AmountPad, Pad
from edgepos.tui.place import Place
from edgepos.tui.saying import told
from edgepos.tui.text_line import TextLine

USUAL_MINOR = 100_000
"""Most of what is paid here has no more digits."""


class Amount(Place):
    title_word = N_("Amount: a payment without a listed invoice")

    def __init__(self) -> None:
        super().__init__()
        self._minor: int | None = None

    def body(self) -> ComposeResult:
        with Vertical(classes="middle"):
            yield Caption(_("How much?"), classes="question")
            yield Figures(id="sum")
            yield AmountInput()
            yield AmountPad()
            yield Caption(
                _("What for? The invoice's number, or a word; it can be given its invoice later."), classes="question"
            )
            yield TextLine(id="text", max_length=60)
            yield Caption(id="hint")

    @property
    def _nothing(self) -> str:
        """What stands there before anything is typed: so that nothing jumps, and the currency is seen."""
        return self.form.money(0)

    def on_mount(self) -> None:
        self._draw_sum(self._nothing)
        self.query_one(AmountInput).focus()

    def _draw_sum(self, money: str) -> None:
        """As large as a usual amount can be, so that no digit makes the others smaller."""
        self.query_one("#sum", Figures).update(money, beside=self.form.money(USUAL_MINOR))

    def on_pad_pressed(self, message: Pad.Pressed) -> None:
        field = self.query_one(AmountInput)
        field.focus()
        field.value = Pad.after(field.value, message.sign)
        self.call_after_refresh(setattr, field, "cursor_position", len(field.value))

    def on_input_changed(self, message: Input.Changed) -> None:
        if message.input.id != "amount":
            return
        self._minor, wrong = None, ""
        if message.value.strip():
            try:
                self._minor = read_amount(message.value, self.view.currency)
            except AgentError as error:
                said = told(error, self.form)
                wrong = f"{said.message} {said.mend}"
        read = "" if self._minor is None else self.form.money(self._minor)
        self._draw_sum(read or self._nothing)
        self.query_one("#hint", Caption).update(
            wrong or (_("That is {money}. Enter goes on.").format(money=read) if read else "")
        )

    def on_input_submitted(self, message: Input.Submitted) -> None:
        if self._minor is None:
            self.query_one(AmountInput).focus()
            return
        if message.input.id == "amount":
            self.query_one("#text", Input).focus()
            return
        text = " ".join(self.query_one("#text", Input).value.split())
        order = Order(amount_minor=self._minor, currency=self.view.currency, text=text)
        self.forget()
        self.clinic.pay(order)

    def forget(self) -> None:
        for field in self.query(Input):
            field.value = ""
        self.query_one(AmountInput).focus()
