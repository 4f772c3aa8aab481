"""The question before a payment: whose it is, how much, at which terminal. Everything that Enter will send is in sight."""

from __future__ import annotations

from textwrap import wrap

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui.amounts import read_amount
from edgepos.tui.caption import Caption
from edgepos.tui.figures import Figures
from edgepos.tui.form import Form
from edgepos.tui.order import Order
from edgepos.tui.pad import AmountPad, Pad
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.saying import told
from edgepos.tui.sparing import Sparing
from edgepos.tui.terminal_card import look_of, mend, mend_key, state_line
from edgepos.tui.text_line import TextLine
from edgepos.tui.tiles import Tiles
from edgepos.tui.view import ClinicView

TERMINAL_COLUMNS = (Column(10, share=1), Column(18, share=2), Column(2, least=45), Column(10, share=6, least=60))
"""Its name and its state always; the key of the mend and the mend where there is room."""


class AmountInput(TextLine):
    """An amount as people type it."""

    BINDINGS = [Binding("enter", "submit", N_("Go on"), id="amount.take")]

    def __init__(self) -> None:
        super().__init__(id="amount", max_length=20, select_on_focus=True)


class Go(Sparing, Widget, can_focus=True):
    """What Enter does, as wide as the screen. It can be tapped."""

    class Pressed(Message):
        pass

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.text = ""

    def update(self, text: str) -> None:
        if text == self.text:
            return
        self.text = text
        self.refresh()

    @property
    def _lines(self) -> list[str]:
        """All its lines, the text in the middle of them."""
        width, height = self.size
        said = wrap(self.text, max(1, width))[:height]
        above = (height - len(said)) // 2
        lines = ["" for _ in range(height)]
        lines[above : above + len(said)] = said
        return lines

    def line_now(self, y: int) -> Strip:
        width, lines = self.size.width, self._lines
        line = lines[y] if y < len(lines) else ""
        space = " " * ((width - cell_len(line)) // 2)
        return Strip([Segment(space + line, self.rich_style)]).adjust_cell_length(width, self.rich_style)

    def on_click(self) -> None:
        self.post_message(self.Pressed())


class Before(Vertical):
    """`order` is what stands there now, None while the amount cannot be read; `terminal` is the one chosen, or None."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order | None = None
        self.terminal: str | None = None
        self._due: int | None = None
        self._form = Form({})
        self._wrong = ""

    def compose(self) -> ComposeResult:
        yield Caption(id="who")
        yield Figures(id="sum")
        with Horizontal(id="amount-line"):
            yield Caption(id="due")
            yield AmountInput()
        yield Caption(id="where")
        with Horizontal(id="choices"):
            yield Tiles(TERMINAL_COLUMNS, least=34, id="choice")
            yield AmountPad()
        yield Go(id="go")

    # --- what stands there

    def put(self, order: Order, view: ClinicView, form: Form, last: str | None) -> None:
        """A new question. The person's last terminal is offered, large; with two or more none is chosen in silence."""
        self._form = form
        ids = [str(one["id"]) for one in view.terminals]
        self.terminal = ids[0] if len(ids) == 1 else last if last in ids else None
        self.hold(False)
        self.renew(order, form)
        self.show(view, form)
        if self.terminal is None:
            self.choose_terminal()
        else:
            rows = self.query_one(Rows)
            rows.cursor = next((at for at, row in enumerate(rows.shown) if row.id == self.terminal), 0)
            self.query_one(Go).focus()

    def renew(self, order: Order, form: Form) -> None:
        """The same question with other sums."""
        self.order, self._due, self._form, self._wrong = order, order.due_minor, form, ""
        self.query_one("#who", Caption).update(
            "   ".join(part for part in (order.who, order.numbers or order.text) if part)
        )
        due = self.query_one("#due", Caption)
        due.update(
            _("due {money}   amount").format(money=form.money(order.due_minor, order.currency))
            if order.due_minor is not None
            else _("amount")
        )
        with self.prevent(Input.Changed):
            self.query_one(AmountInput).value = form.bare(order.amount_minor, order.currency)
        self._draw_sum()

    def show(self, view: ClinicView, form: Form) -> None:
        rows = self.query_one(Rows)
        rows.fill(
            Row(
                str(one["id"]),
                (str(one["name"]), state_line(one, here=mend_key(one)), mend_key(one), mend(one)),
                one,
                look="" if look_of(one) == "live" else look_of(one),
            )
            for one in view.terminals
        )
        rows.display = len(view.terminals) > 1
        where = self.query_one("#where", Caption)
        if self.terminal is None:
            where.update(_("At which terminal? Arrows, then Enter"))
        else:
            terminal = view.terminal(self.terminal)
            at = _("at {terminal}").format(terminal=view.place(self.terminal))
            where.update("   ".join(filter(None, (at, state_line(terminal), mend(terminal)))))
        self.query_one(Go).update(self._go_text(view))

    def _go_text(self, view: ClinicView) -> str:
        if not self.is_complete or self.order is None:
            return self.what_is_missing
        money = self._form.money(self.order.amount_minor, self.order.currency)
        return _("Enter: pay {money} at {terminal}").format(money=money, terminal=view.place(self.terminal))

    @property
    def is_complete(self) -> bool:
        return self.order is not None and self.order.amount_minor > 0 and self.terminal is not None

    @property
    def what_is_missing(self) -> str:
        if self.order is None:
            return self._wrong
        if self.order.amount_minor <= 0:
            return _("Nothing is due.")
        return _("Choose the terminal")

    def _draw_sum(self) -> None:
        money = self._form.money(self.order.amount_minor, self.order.currency) if self.order else "-"
        due = self._form.money(self._due, self.order.currency) if self.order else ""
        self.query_one("#sum", Figures).update(money, beside=due)

    def hold(self, is_locked: bool) -> None:
        """While it is being sent, nothing of it can be another."""
        self.query_one(AmountInput).disabled = is_locked
        self.query_one(Rows).disabled = is_locked

    # --- what a person does

    def begin_amount(self, typed: str) -> None:
        field = self.query_one(AmountInput)
        field.focus()
        field.value = typed
        field.cursor_position = len(typed)
        self.call_after_refresh(self._to_the_end)

    def on_pad_pressed(self, message: Pad.Pressed) -> None:
        """The first tap begins another amount, as the first digit does."""
        message.stop()
        field = self.query_one(AmountInput)
        if not field.disabled:
            self.begin_amount(Pad.after(field.value if field.has_focus else "", message.sign))

    def _to_the_end(self) -> None:
        """Focus has marked all of it; the next digit must not replace the first."""
        field = self.query_one(AmountInput)
        field.cursor_position = len(field.value)

    def choose_terminal(self) -> None:
        self.terminal = None
        self.query_one(Rows).focus()
        self.screen.draw()  # type: ignore[attr-defined]  # a place

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        base = self.screen._order  # type: ignore[attr-defined]
        try:
            minor = read_amount(message.value, base.currency, most_minor=self._due)
        except AgentError as error:
            said = told(error, self._form)
            self.order, self._wrong = None, f"{said.message} {said.mend}"
        else:
            self.order, self._wrong = base.with_amount(minor), ""
        self._draw_sum()
        self.screen.draw()  # type: ignore[attr-defined]

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if self.order is not None:
            (self.query_one(Go) if self.terminal else self.query_one(Rows)).focus()

    def on_rows_taken(self, message: Rows.Taken) -> None:
        message.stop()
        self.terminal = message.row.id
        self.query_one(Go).focus()
        self.screen.draw()  # type: ignore[attr-defined]

    def on_rows_moved(self, message: Rows.Moved) -> None:
        message.stop()

    def on_go_pressed(self, message: Go.Pressed) -> None:
        message.stop()
        self.app.simulate_key("enter")
