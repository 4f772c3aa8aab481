"""The total of a closed session as it stands on the terminal's own paper, where edgepos has no report that it can read.

It needs a PIN and is written down with who entered it; it is compared, and changes nothing else.
"""

from __future__ import annotations

from textual.app import ComposeResult

from edgepos.client.aio import AsyncAgent
from edgepos.client.errors import AgentError
from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.fields import Field, Filling
from edgepos.tui.pin import with_pin
from edgepos.tui.saying import told
from edgepos.tui.view import Document

CAUSES = frozenset({"slip-missing", "slip-unreadable", "currency", "terminal-swapped"})
"""Why a terminal's own total may be wanting."""


def is_wanting(period: Document) -> bool:
    """Whether *period* waits for its total from paper."""
    return any(one["cause"] in CAUSES for one in period.get("differences", ()))


class PaperTotal(Filling):
    title_word = N_("The total on the terminal's paper")

    def __init__(self, period: Document) -> None:
        super().__init__()
        self._period = period
        self._minor = 0

    def fields(self) -> ComposeResult:
        one = self._period
        about = (self.view.place(one["terminal"]), _("session {session}").format(session=one["session"] or "-"))
        yield Caption("   ".join(about), classes="filling-about")
        how = _(
            "Type the total of this session as the terminal's report or its copy has it. If more was given back than "
            "paid, begin with a minus."
        )
        yield Caption(how, classes="filling-how")
        yield Field("total-amount", _("total"), most=20)

    def go_text(self) -> str | None:
        from edgepos.client.values import Wrong, parse_total

        try:
            self._minor = parse_total(self.text("total-amount"), self.view.currency)
        except Wrong as wrong:
            said = told(AgentError.of(wrong.code, **wrong.facts), self.form)
            self.missing = f"{said.message} {said.mend}" if self.text("total-amount") else _("Type the total.")
            return None
        return _("the total is {money}").format(money=self.form.money(self._minor))

    def send(self) -> None:
        path = path_of("terminals", self._period["terminal"], "periods", str(self._period["period"]), "total")

        async def enter(agent: AsyncAgent) -> Document:
            return dict(await agent.post(path, {"amount_minor": self._minor}))

        self.ask(lambda: with_pin(self, enter), self._entered, group="send")

    def _entered(self, match: Document) -> None:
        """The list is compared anew as it comes into sight, with this total in it."""
        self.dismiss()
