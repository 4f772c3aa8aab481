"""Paying: one question with everything on it, then the payment as it goes, then what came of it.

Enter sends, once: a held key and a second tap are the same press, and the agent does each press once. The screen may be
left at any moment; the payment goes on.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from edgepos.client.aio import AgentLost
from edgepos.client.errors import AgentError
from edgepos.client.http import path_of
from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.background import background
from edgepos.tui.before import AmountInput, Before
from edgepos.tui.course import Course, needs_signature
from edgepos.tui.order import Order
from edgepos.tui.place import Step
from edgepos.tui.press import Press
from edgepos.tui.sure import Sure
from edgepos.tui.view import OPEN, ClinicView, Document

RETURN_S = 5.0
"""PAID goes back to the desk by itself after this."""
NOTICED_S = 0.7
"""What has just come up is not what a finger was on its way for: so long Enter does nothing after an outcome."""
LOOK_S = 5
"""Between two looks at how the terminal stands, while a payment is at it."""
NAMES_PAYMENT = frozenset({"terminal-in-use", "invoice-open", "payment-unknown", "terminal-held"})
"""Refusals that name a payment which can be shown."""


class Pay(Step):
    AUTO_FOCUS = ""
    counts_seconds = True
    BINDINGS = [
        Binding("enter", "pay", N_("Pay"), id="pay.start", tooltip=N_("Send this amount to the terminal")),
        Binding("enter", "unlisted", N_("Pay without the invoice"), id="pay.unlisted"),
        Binding("enter", "see", N_("See that payment"), id="pay.see"),
        Binding("enter", "ask_again", N_("Ask again"), id="pay.ask-again"),
        Binding("enter", "retry", N_("Try again"), id="pay.retry"),
        Binding("enter", "rest", N_("Take the rest"), id="pay.rest"),
        Binding("enter", "recheck", N_("Ask the terminal now"), id="pay.recheck"),
        Binding("enter", "done", N_("Done"), id="pay.done"),
        Binding("f7", "stop", N_("Stop"), id="pay.stop", tooltip=N_("Ask the terminal to stop")),
        Binding("r", "receipt", N_("Receipt"), id="pay.receipt", tooltip=N_("The slip, word for word")),
        Binding("up", "other_terminal", show=False),
        Binding("down", "other_terminal", show=False),
    ]

    def __init__(self, order: Order | None = None, payment: Document | None = None) -> None:
        """Either an *order* to be sent, or a *payment* to be watched."""
        super().__init__()
        self._order = order
        self._payment = payment
        self._press: Press | None = None
        self._is_sending = False
        self._practice_is_away = False
        self._in_the_way: str | None = None
        """The payment that a refusal has named."""
        self._whole = 0
        """The whole picture that has, or was made good for, the payment."""
        self._looked_at = 0
        self._decided_at: float | None = None
        self._large_confirmed = False
        self._who = order.who if order else ""

    def body(self) -> ComposeResult:
        with Vertical(id="pay"):
            yield Before()
            yield Course()

    def on_mount(self) -> None:
        self._turn_to(self._payment)
        self._read_again()
        if self._payment is not None:
            background(self, partial(self._find_who, self._payment), group="who", exclusive=False)

    async def _find_who(self, payment: Document) -> None:
        """Owner and animal are in no payment: the practice system's list has them, if it is there."""
        ids = [str(line["invoice"]) for line in payment["lines"] if line["invoice"]]
        try:
            found = [await self.clinic.agent.get(path_of("invoices", id)) for id in ids]
        except AgentError:
            return
        if found:
            self._who = Order.of_invoices(found).who
            self.draw()

    @property
    def before(self) -> Before:
        return self.query_one(Before)

    def _turn_to(self, payment: Document | None) -> None:
        """To the question, or to how *payment* goes."""
        self._payment = payment
        self._whole = self.view.wholes
        self.before.display = payment is None
        self.query_one(Course).display = payment is not None
        if payment is None and self._order is not None:
            self.before.put(self._order, self.view, self.form, self.clinic.last_terminal)
        else:
            self.set_focus(None)

    # --- the invoices, read again

    def _read_again(self) -> None:
        order = self._order
        if self._payment is not None or order is None or not order.invoices:
            return
        background(self, partial(self._fresh, order), group="fresh")

    async def _fresh(self, order: Order) -> None:
        """Before anything is sent, a due sum that has changed is seen. The agent looks once more when it is."""
        try:
            fresh = [
                await self.clinic.agent.get(path_of("invoices", str(one["id"])), fresh=1) for one in order.invoices
            ]
        except AgentError as error:
            if self._payment is None:
                self._practice_is_away = error.code in ("practice-away", "sign-in-page")
                self.refuse(error)
                self.refresh_bindings()
            return
        if self._payment is not None or self._is_sending or self._order is None:
            return
        self._practice_is_away = False
        unpayable = next((one for one in fresh if not one["payable"]), None)
        changed = order.with_fresh(fresh)
        if unpayable is not None:
            why = _(states.WHY_NOT.get(str(unpayable["why_not"]), str(unpayable["why_not"])))
            self.say(_("{number} cannot be paid any more: {why}.").format(number=unpayable["number"], why=why), "bad")
        elif changed.due_minor != order.due_minor:
            text = _("What is due has changed to {money}. Check it, then press Enter.")
            self.say(text.format(money=self.form.money(changed.due_minor, changed.currency)), "warn")
        self._order = changed
        self.before.renew(changed, self.form)
        self.refresh_bindings()

    # --- drawing

    def show(self, view: ClinicView) -> None:
        if self._payment is None:
            self.before.show(view, self.form)
        else:
            self._show_course(view)
        self.refresh_bindings()

    def _show_course(self, view: ClinicView) -> None:
        assert self._payment is not None
        before = self._payment
        payment = self._payment = view.payments.get(before["id"]) or before
        if payment["state"] in OPEN:
            self._look(view, payment)
        elif self._decided_at is None:
            self._decided_at = self.clinic.clock.monotonic()
            self.clinic.bell()
        seconds = self.clinic.seconds_since(payment["created_at"])
        silent_s = self.clinic.silent_s(payment["terminal"])
        self.query_one(Course).show(payment, self._who, view, self.form, seconds=seconds, silent_s=silent_s)
        if self._returns_by_itself and self._decided_at is not None:
            left = RETURN_S - (self.clinic.clock.monotonic() - self._decided_at)
            self.say(_("Back to the desk in {seconds} s, or with Enter.").format(seconds=max(0, round(left))))
            if left <= 0 and self.is_current:
                self.action_done()

    @property
    def _returns_by_itself(self) -> bool:
        one = self._payment
        return (
            one is not None and one["state"] == "approved" and one["kind"] == "purchase"
            and not (states.is_part(one) or needs_signature(one) or one.get("asked_to_stop_at"))
        )  # fmt: skip

    def _look(self, view: ClinicView, payment: Document) -> None:
        """What the stream does not bring: signs of life, and a payment that was decided while the line was broken."""
        self._looked_at += 1
        if self._looked_at % LOOK_S == 1:
            self.clinic.look_at_status()
        if payment["id"] not in view.payments and self._whole != view.wholes:
            self._whole = view.wholes
            self.ask(lambda: self.clinic.agent.get(path_of("payments", payment["id"])), self.clinic.payment_heard)

    def running_elsewhere(self, view: ClinicView) -> ClinicView:
        if self._payment is None:
            return view
        return view.without(str(self._payment["id"]))

    # --- which keys work

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        if action in ("pay", "unlisted", "see", "ask_again", "retry", "rest", "recheck", "done"):
            return action == self._enter_means()
        if action == "stop":
            return self._may_stop()
        if action == "receipt":
            return self._payment is not None and self._payment["state"] == "approved"
        if action == "other_terminal":
            return self._payment is None and not self._is_sending
        return True

    def _enter_means(self) -> str:
        one = self._payment
        if one is None:
            if self._is_sending:
                return ""
            if self._press is not None and self._press.may_be_done:
                return "ask_again"
            if self._in_the_way:
                return "see"
            return "unlisted" if self._practice_is_away else "pay"
        if one["state"] in ("intended", "sent"):
            return ""
        if one["state"] == "unknown":
            return "recheck"
        if states.is_part(one) and self._order is not None:
            return "rest"
        if one["state"] in ("approved", "settled_by_hand") or self._order is None:
            return "done"
        return "retry"

    def _may_stop(self) -> bool | None:
        one = self._payment
        if one is None or one["state"] not in OPEN or one["kind"] == "reconciliation":
            return False
        return None if one.get("asked_to_stop_at") else True

    # --- what a person does

    def on_key(self, event: events.Key) -> None:
        """A digit begins another amount, wherever one stands."""
        is_digit = bool(event.character) and str(event.character) in "0123456789"
        if self._payment is None and not self._is_sending and is_digit and not isinstance(self.focused, AmountInput):
            event.stop()
            self.before.begin_amount(str(event.character))

    def action_other_terminal(self) -> None:
        self.before.choose_terminal()

    def action_pay(self) -> None:
        if self._order is None:
            return
        order = self.before.order
        if order is None or not self.before.is_complete:
            self.say(self.before.what_is_missing, "warn")
            return
        self._order = order
        limit = self.view.limit("ask_again_above_minor")
        if limit is not None and order.amount_minor > limit and not self._large_confirmed:
            text = _("{money} is more than this clinic charges without asking again. Is it meant so?")
            self.app.push_screen(
                Sure(text.format(money=self.form.money(order.amount_minor, order.currency))), self._is_meant
            )
            return
        terminal = str(self.before.terminal)
        self._press = Press(self.clinic.agent, "/payments", order.body(terminal, large_confirmed=self._large_confirmed))
        self.clinic.last_terminal = terminal
        self._send()

    def _is_meant(self, answer: bool | None) -> None:
        if answer:
            self._large_confirmed = True
            self.action_pay()

    def _send(self) -> None:
        self._is_sending = True
        self.before.hold(True)
        self.say(_("Asking …"))
        self.refresh_bindings()
        background(self, self._sent, group="send")

    async def _sent(self) -> None:
        assert self._press is not None
        try:
            payment = await self._press.send()
        except AgentError as error:
            self._refused(error)
            return
        finally:
            self._is_sending = False
        self._press = None
        self._decided_at = None
        self.say("")
        self.clinic.payment_heard(payment)
        self._turn_to(payment)
        self.draw()

    def _refused(self, error: AgentError) -> None:
        """Told with what is in the way. A line that broke leaves only one thing to do: ask the same again."""
        self._is_sending = False
        self._in_the_way = (
            str(error.facts["payment"]) if error.code in NAMES_PAYMENT and error.facts.get("payment") else None
        )
        self.refuse(error)
        if isinstance(error, AgentLost):
            self.say(
                _("No answer: it may have been started. Press Enter to ask again; nothing is charged twice."), "warn"
            )
        else:
            self._press = None
            self.before.hold(False)
            self._practice_is_away = error.code == "practice-away"
            if error.code in ("due-changed", "invoice-paid", "not-payable"):
                self._read_again()
        self.refresh_bindings()

    def action_ask_again(self) -> None:
        self._send()

    def action_unlisted(self) -> None:
        """The practice system is away: the same amount, with the number as text."""
        if self._order is None:
            return
        self._practice_is_away = False
        self._order = (self.before.order or self._order).unlisted()
        self.say(_("Without the invoice: it is booked when somebody gives it its invoice. Enter pays."), "warn")
        self._turn_to(None)

    def action_see(self) -> None:
        id = self._in_the_way
        if id is not None:
            self._order, self._who = None, ""
            self.say("")
            self.ask(lambda: self.clinic.agent.get(path_of("payments", id)), self._seen)

    def _seen(self, payment: Any) -> None:
        self._in_the_way = None
        self.clinic.payment_heard(payment)
        self._turn_to(payment)
        background(self, partial(self._find_who, payment), group="who", exclusive=False)
        self.draw()

    @property
    def _has_just_ended(self) -> bool:
        return self._decided_at is not None and self.clinic.clock.monotonic() - self._decided_at < NOTICED_S

    def action_retry(self) -> None:
        """The question again, with what is due now."""
        if self._has_just_ended:
            return
        self._decided_at = None
        self.say("")
        self._turn_to(None)
        self._read_again()
        self.draw()

    def action_rest(self) -> None:
        one = self._payment
        if one is None or self._order is None or self._has_just_ended:
            return
        rest = int(one["remaining_minor"])
        self._order = self._order.with_amount(rest) if self._order.invoices else Order(
            amount_minor=rest, currency=self._order.currency, text=self._order.text
        )  # fmt: skip
        self._decided_at = None
        self._turn_to(None)
        self._read_again()
        self.draw()

    def action_recheck(self) -> None:
        if self._payment is not None:
            path = path_of("payments", self._payment["id"], "recheck")
            self.ask(lambda: self.clinic.agent.post(path), self.clinic.payment_heard)
            self.say(_("Asking {terminal} …").format(terminal=self.view.place(self._payment["terminal"])))

    def action_done(self) -> None:
        if self.is_current and not self._has_just_ended:
            self.dismiss()
            self.clinic.go("desk")

    def action_stop(self) -> None:
        if self._payment is not None:
            path = path_of("payments", self._payment["id"], "cancel")
            self.ask(lambda: self.clinic.agent.post(path), self.clinic.payment_heard, group="stop")

    def action_receipt(self) -> None:
        if self._payment is not None:
            from edgepos.tui.receipt import Receipt

            self.app.push_screen(Receipt(str(self._payment["id"])))
