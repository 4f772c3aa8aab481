"""A list of payments that is searched: what is listed here at once, older ones by the agent a moment later."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.timer import Timer

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui import payment_rows
from edgepos.tui.background import background
from edgepos.tui.listing import ListPlace
from edgepos.tui.rows import Row, Rows
from edgepos.tui.view import Document

PAUSE_S = 0.3
"""Between the last letter and the question to the agent."""
LEAST_LETTERS = 3


class History(ListPlace):
    columns = payment_rows.COLUMNS
    empty = N_("No payments.")

    def __init__(self) -> None:
        super().__init__()
        self.people: payment_rows.People = {}
        self._older: dict[str, Document] = {}
        """What the agent has found for the present search beyond the list."""
        self._pause: Timer | None = None

    @property
    def listed_day(self) -> str:
        """The clinic day whose payments are listed, where it is one."""
        return ""

    async def read_payments(self, **query: object) -> list[Document]:
        """The payments, and once whose invoices there are."""
        agent = self.clinic.agent
        if "limit" in query:
            payments = (await agent.get("/payments", **query))["payments"]
        else:
            payments = await payment_rows.all_of(agent, **query)
        self.people = await payment_rows.people_of(agent)
        return [one for one in payments if one["kind"] != "reconciliation"]

    def rows_of(self, document: Any) -> Iterable[Row]:
        listed = {one["id"]: one for one in document}
        found = [*document, *(one for id, one in self._older.items() if id not in listed)]
        return [payment_rows.row_of(one, self.view, self.form, self.people, self.listed_day) for one in found]

    def nothing_found(self) -> str:
        if self.query_one(Rows).find:
            return _("Nothing found here. Of another day: type the invoice's number or the reference.")
        return _(self.empty)

    def on_rows_searched(self, message: Rows.Searched) -> None:
        """Textual calls the list's own handler as well."""
        if self._pause is not None:
            self._pause.stop()
        if len(message.find) >= LEAST_LETTERS:
            self._pause = self.set_timer(PAUSE_S, lambda: self._search(message.find))
        elif self._older:
            self._older = {}
            self._fill(self.document)

    def _search(self, find: str) -> None:
        background(self, partial(self._look_further, find), group="search")

    async def _look_further(self, find: str) -> None:
        try:
            found = (await self.clinic.agent.get("/payments", find=find, limit=payment_rows.PAGE))["payments"]
        except AgentError:
            return  # what is listed stays found; the screen says by itself that the agent is away
        if self.document is not None and self.query_one(Rows).find == find:
            self._older = {one["id"]: one for one in found if one["kind"] != "reconciliation"}
            self._fill(self.document)
