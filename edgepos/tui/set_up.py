"""The set-up, step by step: how each stands, what edgepos found, what is next; and what can be done is done from here.

All of it is the agent's word, so that it goes on where it was left, at this screen, at another, or by `edgepos setup`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.client.aio import AsyncAgent
from edgepos.client.http import path_of
from edgepos.locale.steps import TEST_TEXT
from edgepos.locale.words import N_, _
from edgepos.tui import set_up_texts as texts
from edgepos.tui.acts import Act, Acts
from edgepos.tui.caption import Caption
from edgepos.tui.order import Order
from edgepos.tui.pay import Pay
from edgepos.tui.place import Step
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sending import Sending
from edgepos.tui.sheet import Sheet
from edgepos.tui.sure import Sure
from edgepos.tui.view import ClinicView, Document

if TYPE_CHECKING:
    from edgepos.tui.technician import Technician

TEST_MINOR = 100
"""What a test purchase is proposed to be, in minor units; it can be changed before it is sent."""


class Test(Pay):
    """A payment of the set-up: the very page that staff have, which leads back to the steps, by Enter alone."""

    @property
    def _returns_by_itself(self) -> bool:
        return False

    def action_done(self) -> None:
        if self.is_current and not self._has_just_ended:
            self.dismiss()


class SetUp(Step):
    title_word = N_("Set-up, step by step")

    def __init__(self, technician: Technician) -> None:
        super().__init__()
        self._technician = technician
        self._sending = Sending(self)
        self._document: Document | None = None
        self._seen: object = None
        """What of the clinic's picture the steps were read for."""
        self._asked_outside = False

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Caption(id="setup-head")
            yield Rows((Column(13), Column(26, share=2), Column(20, share=3, least=90)), searches=False)
            yield Sheet(id="setup-sheet")
            yield Acts()

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self._read(looks=True)

    def arrived(self) -> None:
        if self._document is not None:
            self._read()

    def show(self, view: ClinicView) -> None:
        """Read again when something of it may be another."""
        seen = [(one["id"], one["state"], one["payment"], one["last_reconciled_at"]) for one in view.terminals]
        if self._seen != (seen, view.decided) and self._document is not None and self.is_current:
            self._read()
        self._seen = (seen, view.decided)

    # --- reading

    def _read(self, *, looks: bool = False) -> None:
        """*looks*: the agent asks the network and the services first."""
        if looks:
            self.say(_("Looking: the network, the services, the terminals …"))
        query: dict[str, object] = {"look": 1} if looks else {}
        self._as_technician(lambda agent: agent.get("/setup", **query), lambda document: self._put(document, looks))

    def _as_technician(self, what: Callable[[AsyncAgent], Awaitable[Any]], then: Callable[[Any], None]) -> None:
        self.ask(lambda: self._technician.with_session(what), then, group="read")

    def _put(self, document: Document, looked: bool) -> None:
        if looked:
            self.say("")
        is_first, self._document = self._document is None, document
        steps = document["steps"]
        rows = self.query_one(Rows)
        rows.fill(
            Row(
                str(one["id"]), (texts.state(one), texts.name(one), texts.found(one, self.view, self.form)), one,
                look=texts.look(one),
            )
            for one in steps
        )  # fmt: skip
        if is_first:
            next_one = texts.next_step(steps)
            rows.cursor = steps.index(next_one) if next_one is not None else 0
        self.query_one("#setup-head", Caption).update(texts.head(steps))
        self._show_row()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_row()

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self.query_one(Acts).focus()

    @property
    def step(self) -> Document | None:
        found: Document | None = self.query_one(Rows).chosen_data
        return found

    def _show_row(self) -> None:
        one = self.step
        if one is None:
            return
        self.query_one("#setup-sheet", Sheet).put_facts(texts.facts(one, self.view, self.form))
        self.query_one(Acts).put(self._acts(one))

    def _acts(self, one: Document) -> list[Act]:
        own = {
            "lamps": [Act("green", "g", _("Both are green")), Act("red", "n", _("One is not green"))],
            "reconcile": [Act("reconcile", "r", _("Reconcile it now"))],
            "purchase": [Act("purchase", "p", _("Test purchase"))],
            "give-back": [Act("give_back", "b", _("Give it back"))],
            "watch": [Act("watch", "w", _("Watch it"))],
            "people": [Act("person", "p", _("Add a person"))],
            "language": [Act("language", "l", _("Language of this screen"))],
        }.get(str(one["act"]), [])
        return [*own, Act("look", "a", _("Check all again"))]

    # --- what a person does

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Acts).by_letter(event.character):
            event.stop()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        message.stop()
        one = self.step
        if message.name == "look":
            self._read(looks=True)
        elif message.name == "person":
            from edgepos.tui.add_person import AddPerson

            self.app.push_screen(AddPerson(self._technician.with_session))
        elif message.name == "language":
            self.dismiss()
            self._technician.go_to("looks")
        elif one is not None:
            getattr(self, f"_{message.name}")(one)

    def _green(self, one: Document) -> None:
        self._saw(one, True)

    def _red(self, one: Document) -> None:
        self._saw(one, False)

    def _saw(self, one: Document, are_green: bool) -> None:
        body = {"terminal": one["terminal"], "green": are_green}
        self._as_technician(lambda agent: agent.post("/setup/lamps", body), lambda _answer: self._read())

    def _reconcile(self, one: Document) -> None:
        text = _(
            "Reconcile {terminal}? It closes its session and prints its report; that takes up to two minutes and needs "
            "no card."
        ).format(terminal=self.view.place(one["terminal"]))
        body = {"terminal": one["terminal"]}
        self.app.push_screen(
            Sure(text), lambda yes: self._sending.send("/reconciliations", body, self._watches) if yes else None
        )

    def _purchase(self, one: Document) -> None:
        """The page that staff pay on, with this terminal and a small amount in it."""
        self.clinic.last_terminal = str(one["terminal"])
        self.app.push_screen(Test(Order(amount_minor=TEST_MINOR, currency=self.view.currency, text=TEST_TEXT)))

    def _give_back(self, one: Document) -> None:
        payment = one["payment"]
        if self.view.terminal(one["terminal"]).get("keypad_sales"):  # a reversal could hit a sale of the keypad's
            from edgepos.tui.give_back import GiveBack

            self.app.push_screen(GiveBack(payment, {}))
            return
        text = _(
            "Give {money} back at {terminal} now? It undoes the terminal's last payment, which is this one."
        ).format(
            money=self.form.money(payment["refundable_minor"], payment["currency"]),
            terminal=self.view.place(one["terminal"]),
        )
        path = path_of("payments", payment["id"], "reverse")
        self.app.push_screen(Sure(text), lambda yes: self._sending.send(path, {}, self._watches) if yes else None)

    def _watch(self, one: Document) -> None:
        self._watches(one["payment"])

    def _watches(self, payment: Document) -> None:
        self.app.push_screen(Test(payment=payment))
