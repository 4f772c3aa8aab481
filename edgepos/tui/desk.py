"""The desk: what can be paid, how the terminals stand, the day so far, and what needs a person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _, ngettext
from edgepos.tui.background import background
from edgepos.tui.caption import Caption
from edgepos.tui.form import age
from edgepos.tui.invoices import Invoices
from edgepos.tui.place import Place
from edgepos.tui.rows import Rows
from edgepos.tui.saying import told
from edgepos.tui.terminal_card import TerminalCard
from edgepos.tui.view import ClinicView, Document

AGAIN_S = 30.0
"""A list that is shown is looked at again after this long without news of it: that tells the agent that somebody reads it."""
READ_S = 0.5
"""At least between two looks: in a large house something is decided many times a second."""
STALE_S = 90.0
"""A list older than this says so."""
HEIGHTS = " .:|"
"""The chart's steps: letters that every font has."""


def chart(counts: Mapping[int, int]) -> str:
    """Payments by the hour, one sign each, between the first hour in which something was paid and the last."""
    if not counts:
        return ""
    most = max(*counts.values(), 1)
    first, last = min(counts), max(counts)
    signs = (HEIGHTS[-(-counts.get(hour, 0) * (len(HEIGHTS) - 1) // most)] for hour in range(first, last + 1))
    return f"{first:02} {''.join(signs)} {last:02}"


def flowed(parts: Sequence[str], width: int) -> str:
    """*parts* side by side, in as many lines as they need; none is cut."""
    lines = [""]
    for part in filter(None, parts):
        longer = f"{lines[-1]}   {part}" if lines[-1] else part
        if lines[-1] and cell_len(longer) > width:
            lines.append(part)
        else:
            lines[-1] = longer
    return "\n".join(lines)


class Desk(Place):
    BINDINGS = [
        Binding("escape", "clear", N_("Clear"), id="desk.clear", show=False),
        Binding("f7", "running", N_("Running"), id="desk.running", tooltip=N_("See the payment that runs")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._listed: Document | None = None
        self._read_at = -1
        self._is_reading = self._reads_again = False
        self._ids: list[str] = []

    def body(self) -> ComposeResult:
        with Horizontal(id="desk"):
            terminals = Vertical(id="terminals")
            terminals.border_title = _("Terminals")
            yield terminals
            with Vertical(id="to-pay") as to_pay:
                to_pay.border_title = _("To pay")
                yield Caption(id="find")
                yield Invoices()
                yield Caption(id="empty")
                yield Caption(id="day")
                yield Caption(id="attention")

    def on_mount(self) -> None:
        self._again = self.set_interval(AGAIN_S, self.arrived)
        rows = self.query_one(Invoices)
        rows.focus()
        # A message would come behind the list's own picture, and cost a second one for each letter that is searched.
        self.watch(rows, "find", self._show_find, init=False)

    def arrived(self) -> None:
        """Read the list; while it is read, or was just now, once more behind that, however often it is asked for."""
        if not self.is_current or self.view.away is not None:
            return
        self._reads_again = True
        if not self._is_reading:
            background(self, self._keep_reading, group="list")

    async def _keep_reading(self) -> None:
        self._is_reading = True
        self._again.reset()
        try:
            while self._reads_again:
                self._reads_again = False
                await self._read()
                await asyncio.sleep(READ_S)
        finally:
            self._is_reading = False

    async def _read(self) -> None:
        """The list. A practice system that is not there is said where it would be."""
        try:
            listed = await self.clinic.agent.get("/invoices", all=0)
        except AgentError as error:
            said = told(error, self.form)
            self._empty(f"{said.message}\n{said.mend}")
            return
        self._listed = listed
        self.query_one(Invoices).put(listed["invoices"], self.form)
        self._empty(
            "" if listed["invoices"] else _("Nothing to pay: the practice system has no finalised, unpaid invoice.")
        )
        self._show_find()

    def _empty(self, text: str) -> None:
        line = self.query_one("#empty", Caption)
        line.display = bool(text)
        line.update(text)

    # --- drawing

    def show(self, view: ClinicView) -> None:
        if view.decided != self._read_at:
            self._read_at = view.decided
            self.arrived()
        self._show_terminals(view)
        self._show_find()
        self._show_day(view)
        self._show_attention(view)
        self.refresh_bindings()

    def _show_terminals(self, view: ClinicView) -> None:
        ids = [str(one["id"]) for one in view.terminals]
        if ids != self._ids:
            self._ids = ids
            box = self.query_one("#terminals", Vertical)
            box.remove_children()
            box.mount(*(TerminalCard(id) for id in ids))
        running = {one["terminal"]: one for one in view.open_payments}
        for one in self.query(TerminalCard):
            payment = running.get(one.terminal)
            amount = self.form.money(payment["amount_minor"], payment["currency"]) if payment else ""
            one.show(view.terminal(one.terminal), amount)

    def _show_find(self) -> None:
        rows = self.query_one(Invoices)
        text = _("find: {text}").format(text=rows.find + "_")
        if rows.find and not rows.shown:
            text += "   " + _("nothing found; Backspace takes a letter back")
        elif rows.marked:
            minor = sum(one["due_minor"] for one in rows.chosen)
            text += "   " + ngettext("{n} marked: {money}", "{n} marked: {money}", len(rows.marked)).format(
                n=len(rows.marked), money=self.form.money(minor)
            )
        stale_s = self._listed["stale_s"] if self._listed else None
        if stale_s is not None and stale_s > STALE_S:
            text += "   " + _("list is {age} old").format(age=age(stale_s))
        self.query_one("#find", Caption).update(text)

    def _show_day(self, view: ClinicView) -> None:
        if view.status is None:
            return
        today = view.status["today"]
        parts = [
            ngettext("Today {n} payment", "Today {n} payments", today["count"]).format(n=today["count"]),
            self.form.money(today["amount_minor"], today["currency"]),
        ]
        if today["refunds_minor"]:
            parts.append(_("refunds {money}").format(money=self.form.money(today["refunds_minor"], today["currency"])))
        line = self.query_one("#day", Caption)
        counts = {hour: one["count"] for hour, one in enumerate(today["hours"]) if one["count"]}
        line.update(flowed([*parts, chart(counts)], line.content_size.width))

    def _show_attention(self, view: ClinicView) -> None:
        """The worst thing, in words; nothing at all is the normal state."""
        line = self.query_one("#attention", Caption)
        unknown = view.unknown
        parked = view.status["outbox"]["parked"] if view.status else 0
        parts = []
        if unknown:
            first = min(unknown, key=lambda one: str(one["created_at"]))
            text = ngettext(
                "{n} payment NOT KNOWN YET since {hour}", "{n} payments NOT KNOWN YET since {hour}", len(unknown)
            )
            parts.append(text.format(n=len(unknown), hour=self.form.hour(first["created_at"])))
        if parked:
            parts.append(ngettext("{n} booking PARKED", "{n} bookings PARKED", parked).format(n=parked))
        if view.findings:
            count = len(view.findings)
            parts.append(ngettext("{n} finding", "{n} findings", count).format(n=count))
        line.display = bool(parts)
        told = "! " + "   ".join(parts) + "   "
        whole = told + _("F8 Attention")
        line.update(whole if cell_len(whole) <= line.content_size.width else told + "F8")

    def running_elsewhere(self, view: ClinicView) -> ClinicView:
        """The cards show what runs."""
        return ClinicView()

    # --- what a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "running":
            return bool(self.view.open_payments) and not self.is_too_small
        return super().check_action(action, parameters)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_find()

    def on_invoices_refused(self, message: Invoices.Refused) -> None:
        self.say(message.text, "warn")

    def on_invoices_chosen(self, message: Invoices.Chosen) -> None:
        from edgepos.tui.order import Order

        self.say("")
        self.clinic.pay(Order.of_invoices(message.invoices))

    def action_running(self) -> None:
        """The payment that runs, the oldest first."""
        if opened := self.view.open_payments:
            self.clinic.watch_payment(opened[0])

    def action_clear(self) -> None:
        self.say("")
        self.forget()

    def forget(self) -> None:
        self.query_one(Invoices).forget()
        self._show_find()
