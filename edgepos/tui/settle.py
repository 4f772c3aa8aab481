"""Close a payment by hand that is not known: with the terminal's own slip, a PIN, and a second confirmation.

Nothing else but proof takes a payment out of NOT KNOWN YET. It stays marked until the terminal's totals agree.
"""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult

from edgepos.client.aio import AsyncAgent
from edgepos.client.errors import AgentError
from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.amounts import read_amount
from edgepos.tui.caption import Caption
from edgepos.tui.course import about
from edgepos.tui.fields import Field, Filling, Pick
from edgepos.tui.pin import with_pin
from edgepos.tui.saying import told
from edgepos.tui.sure import Sure
from edgepos.tui.view import Document

HOW = N_(
    "Look into the terminal's own list of payments, or at its slip. edgepos goes on looking for proof: "
    "close it by hand only if you cannot wait, and only by what the terminal itself says."
)


class Settle(Filling):
    title_word = N_("Close a payment by hand")

    def __init__(self, payment: Document) -> None:
        super().__init__()
        self._payment = payment
        self._minor = 0

    def fields(self) -> ComposeResult:
        one = self._payment
        parts = (
            self.form.money(one["amount_minor"], one["currency"]),
            self.view.place(one["terminal"]),
            about(one),
            one["id"],
        )
        yield Caption("   ".join(part for part in parts if part), classes="filling-about")
        yield Caption(_(HOW), classes="filling-how")
        options = (
            ("", _("choose with the arrows")),
            ("taken", _("PAID: there is a slip, the terminal took the money")),
            ("not_taken", _("NOT PAID: the terminal's list does not have it")),
        )
        yield Pick("settle-outcome", _("terminal says"), options)
        yield Field("settle-slip", _("number on the slip"), most=40)
        yield Field(
            "settle-amount", _("amount on the slip"), self.form.bare(one["amount_minor"], one["currency"]), most=20
        )

    def go_text(self) -> str | None:
        outcome, one = self.choice("settle-outcome"), self._payment
        for name in ("settle-slip", "settle-amount"):
            self.query_one(f"#{name}", Field).display = outcome == "taken"
        place, currency = self.view.place(one["terminal"]), one["currency"]
        if not outcome:
            self.missing = _("Choose what the terminal says.")
            return None
        if outcome == "not_taken":
            return _("close it: {terminal} did not take {money}").format(
                terminal=place, money=self.form.money(one["amount_minor"], currency)
            )
        if not self.text("settle-slip"):
            self.missing = _("Type the number that is on the slip.")
            return None
        try:
            self._minor = read_amount(self.text("settle-amount"), currency)
        except AgentError as error:
            said = told(error, self.form)
            self.missing = f"{said.message} {said.mend}"
            return None
        return _("close it: {terminal} took {money}, slip {slip}").format(
            terminal=place, money=self.form.money(self._minor, currency), slip=self.text("settle-slip")
        )

    def send(self) -> None:
        body: dict[str, object] = {"outcome": self.choice("settle-outcome")}
        if body["outcome"] == "taken":
            body |= {"slip_number": self.text("settle-slip"), "amount_minor": self._minor}
        self.ask(lambda: with_pin(self, lambda agent: self._close_by_hand(agent, body)), self._done, group="send")

    async def _close_by_hand(self, agent: AsyncAgent, body: dict[str, object]) -> Any:
        """Both questions to the agent, with a person's yes between them; None where they said no."""
        path = path_of("payments", self._payment["id"], "settle")
        confirm = (await agent.post(path, body))["confirm"]
        if not await self.app.push_screen_wait(Sure(self._second())):
            return None
        return await agent.post(path, body | {"confirm": confirm})

    def _second(self) -> str:
        """The agent's own sentence is answered; this says the same in the language spoken here."""
        one, place = self._payment, self.view.place(self._payment["terminal"])
        if self.choice("settle-outcome") == "taken":
            text = _(
                "{terminal} TOOK {money}, slip {slip}. It will be booked, and stays marked until the terminal's totals "
                "confirm it. Is that what the slip says?"
            )
            return text.format(
                terminal=place, money=self.form.money(self._minor, one["currency"]), slip=self.text("settle-slip")
            )
        text = _(
            "{terminal} DID NOT TAKE {money}. It may then be charged again; if it was taken after all, the "
            "customer pays "
            "twice. It stays marked until the terminal's totals confirm it. Is that what the terminal's list says?"
        )
        return text.format(terminal=place, money=self.form.money(one["amount_minor"], one["currency"]))

    def _done(self, payment: Any) -> None:
        if payment is None:
            self.say(_("Nothing was changed."))
            return
        self.clinic.payment_heard(payment)
        self.dismiss()
