"""Everything that needs a person, the worst first: not known, parked bookings, findings. Empty is the normal state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgepos.locale.words import N_, _
from edgepos.tui.course import about
from edgepos.tui.listing import ListPlace
from edgepos.tui.rows import Column, Row
from edgepos.tui.saying import sentences


class Attention(ListPlace):
    title_word = N_("Attention")
    columns = (Column(16), Column(14, is_right=True), Column(20, share=1))
    empty = N_("Nothing needs you. That is the normal state.")

    async def read(self) -> Any:
        return await self.clinic.agent.get("/outbox", state="parked", limit=200)

    def rows_of(self, document: Any) -> Iterable[Row]:
        view, form = self.view, self.form
        for one in view.unknown:
            cells = (_("NOT KNOWN YET"), form.money(one["amount_minor"], one["currency"]), f"{view.place(one['terminal'])}   {about(one)}")
            yield Row(one["id"], cells, one, look="warn")
        for one in document["outbox"]:
            said = sentences(one["cause"] or "unexpected", one["facts"], form)
            yield Row(one["id"], (_("PARKED"), form.money(one["amount_minor"], one["currency"]), said.message), one, look="bad")
        for one in view.findings:
            said = sentences(one["kind"], one["facts"], form)
            yield Row(one["id"], (_("FINDING"), form.hour(one["raised_at"]), said.message), one)

    def detail(self, row: Row | None) -> str:
        if row is None:
            return ""
        one = row.data
        if "kind" in one and "raised_at" in one:
            said = sentences(one["kind"], one["facts"], self.form)
        elif "cause" in one and "payload" in one:
            said = sentences(one["cause"] or "unexpected", one["facts"], self.form)
        else:
            said = sentences("unknown", {"payment": one["id"], "terminal": self.view.place(one["terminal"])}, self.form)
        return f"{said.message}\n{said.mend}"

    def chosen(self, row: Row) -> None:
        if row.data.get("state") == "unknown":
            self.clinic.watch_payment(row.data)
