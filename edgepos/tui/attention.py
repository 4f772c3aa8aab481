"""Everything that needs a person, the worst first; each with its cause and what to press. Empty is the normal state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.client.aio import AsyncAgent
from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.acts import Acts
from edgepos.tui.caption import Caption
from edgepos.tui.listing import ListPlace
from edgepos.tui.matters import Matter, matters_of
from edgepos.tui.note import Note
from edgepos.tui.payment_card import PaymentCard
from edgepos.tui.payment_rows import invoices_by_id
from edgepos.tui.pin import with_pin
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sheet import Sheet
from edgepos.tui.sure import Sure
from edgepos.tui.view import ClinicView


class Attention(ListPlace):
    title_word = N_("Attention: what needs a person, the worst first")
    columns = (Column(16), Column(14, is_right=True), Column(6), Column(20, share=1))
    empty = N_("Nothing needs you. That is the normal state.")

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Matter, ...] = ()

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Caption(_(self.empty), id="attention-empty")
            yield Rows(self.columns, searches=False)
            yield Sheet(id="attention-sheet")
            yield Acts()

    async def read(self) -> Any:
        """The parked bookings, each with its invoice as Provet's own screen names it."""
        agent = self.clinic.agent
        parked = (await agent.get("/outbox", state="parked", limit=200))["outbox"]
        known = await invoices_by_id(agent) if parked else {}
        return [{**one, "about": known.get(str(one["invoice"]), {})} for one in parked]

    def rows_of(self, document: Any) -> Iterable[Row]:
        for one in matters_of(self.view, document or (), self.form, self.clinic.seconds_since):
            yield Row(one.id, (one.word, one.amount, one.since, one.text), one, look=one.look)

    def show(self, view: ClinicView) -> None:
        super().show(view)
        self._draw_list()

    def show_find(self, find: str) -> None:
        """Nothing is searched here."""

    def _draw_list(self) -> None:
        """What the picture says changes without a question to the agent."""
        if self.document is None:
            return
        rows = list(self.rows_of(self.document))
        matters = tuple(row.data for row in rows)
        if matters == self._shown:
            return
        self._shown = matters
        self._fill(self.document)

    def show_row(self, row: Row | None) -> None:
        rows, sheet, acts = self.query_one(Rows), self.query_one(Sheet), self.query_one(Acts)
        for one in (rows, sheet):
            one.display = row is not None
        self.query_one("#attention-empty", Caption).display = row is None
        acts.put(row.data.acts if row else ())
        if row is not None:
            sheet.put_facts((("", row.data.text), (_("what to do"), row.data.mend), *row.data.facts))

    # --- what a person does

    @property
    def matter(self) -> Matter | None:
        found: Matter | None = self.query_one(Rows).chosen_data
        return found

    def chosen(self, row: Row) -> None:
        """Enter: the likely act."""
        if row.data.acts:
            self._do(row.data.acts[0].name)

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Acts).by_letter(event.character):
            event.stop()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        message.stop()
        self._do(message.name)

    def _do(self, name: str) -> None:
        one = self.matter
        if one is None:
            return
        self.say("")
        if name.startswith("go:"):
            self.clinic.go(name[3:])
        elif name == "card":
            self.app.push_screen(PaymentCard(one.data, {}))
        elif name == "look":
            self.ask(lambda: self.clinic.agent.get(path_of("payments", str(one.data["payment"]))), self._open_card)
        elif name in ("retry", "today"):
            self._post(path_of("outbox", one.id, "retry"), {"book_today": name == "today"}, _("It is sent again."))
        elif name == "adopt":
            question = _("Which payment in Provet is it? Type its number there.")
            hint = ", ".join(map(str, one.data["facts"].get("practice_payments") or ()))
            self.app.push_screen(Note(question, hint), lambda text: self._adopt(one, text))
        elif name == "handled":
            self.app.push_screen(Note(_("Handled: what was done?")), lambda text: self._handled(one, text))

    def _open_card(self, payment: Any) -> None:
        self.app.push_screen(PaymentCard(payment, {}))

    def _adopt(self, one: Matter, text: str | None) -> None:
        if not text:
            return
        question = _("Payment {number} in Provet is this one: {text}. It is not booked again. Is that so?").format(
            number=text, text=f"{one.amount} {one.data['payment']}"
        )
        path, body = path_of("outbox", one.id, "adopt"), dict[str, object](practice_payment=text)
        self.app.push_screen(
            Sure(question), lambda yes: self._post(path, body, _("It counts as booked.")) if yes else None
        )

    def _handled(self, one: Matter, text: str | None) -> None:
        if text:
            self._post(path_of("findings", one.id, "handle"), {"note": text}, _("Noted."))

    def _post(self, path: str, body: dict[str, object], said: str) -> None:
        async def act(agent: AsyncAgent) -> Any:
            return await agent.post(path, body)

        self.ask(lambda: with_pin(self, act), self._then(said), group="send")

    def _then(self, said: str) -> Callable[[Any], None]:
        def told(_answer: Any) -> None:
            self.say(said, "good")
            self.read_again()

        return told
