"""Close the day: reconcile terminal by terminal, then terminal = edgepos = Provet, a line for each difference.

Green only when all three agree. A reconciliation is asked for once; a lost answer is not cured by a second one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from edgepos.client.errors import AgentError
from edgepos.locale import states
from edgepos.locale.words import N_, _, ngettext
from edgepos.tui.acts import Act, Acts
from edgepos.tui.caption import Caption
from edgepos.tui.causes import cause_lines
from edgepos.tui.course import reason
from edgepos.tui.listing import ListPlace
from edgepos.tui.paper import Paper
from edgepos.tui.paper_total import PaperTotal, is_wanting
from edgepos.tui.reports import closing_text, sums_lines
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sending import Sending
from edgepos.tui.sheet import Sheet
from edgepos.tui.sure import Sure
from edgepos.tui.view import OPEN, ClinicView, Document

SIDES = ("terminal_minor", "journal_minor", "practice_minor")


class Periods(Rows):
    BINDINGS = [
        Binding("enter", "take", N_("Reconcile"), id="close.reconcile", tooltip=N_("Close the terminal's session"))
    ]


class CloseDay(ListPlace):
    title_word = N_("Close day: reconcile each terminal, then all three must agree")
    columns = (
        Column(12, share=2),
        Column(7),
        Column(13, share=1, is_right=True),
        Column(13, share=1, is_right=True),
        Column(13, share=1, is_right=True),
        Column(12, share=1),
    )
    empty = N_("No terminal is set up.")

    def __init__(self) -> None:
        super().__init__()
        self._sending = Sending(self)
        self._asked: str | None = None
        """The reconciliation that was asked for here and whose end has not been told yet."""
        self._just_closed: tuple[str, str] | None = None
        """Terminal and session of the reconciliation that has just ended: its slip is what is looked for."""
        self._closing_now: frozenset[str] = frozenset()
        self._reports: list[Document] = []
        self._is_comparing = False
        """Whether a person waits for it."""

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Caption(id="close-head")
            yield Caption(id="close-names")
            yield Periods(self.columns, searches=False)
            yield Sheet(id="close-detail")
            yield Acts()

    async def read(self) -> Any:
        """The match. Where it cannot be made, the terminals are listed all the same: they can be reconciled."""
        agent = self.clinic.agent
        self._reports = (await agent.get("/reconciliations", limit=50))["reconciliations"]
        try:
            return await agent.get("/match")
        except AgentError as error:
            self.refuse(error)
            return {"agree": None, "terminals": [], "earlier": [], "without_reference": []}

    def rows_of(self, document: Any) -> Iterable[Row]:
        """A line for each period of today, and for each that is red since an earlier day; a terminal in which nothing
        happened has one as well."""
        view, form = self.view, self.form
        closing = _closing(view)
        matched = document["terminals"]
        for one in view.terminals:
            for period in [each for each in matched if each["terminal"] == one["id"]] or [{}]:
                sums = tuple((form.money(period[side]) or "-") if period else "" for side in SIDES)
                word, look = _verdict(period)
                if one["id"] in closing and period and period["terminal_minor"] is None:
                    word, look = "▶ " + _("CLOSING"), "warn"
                cells = (str(one["name"]), str(period.get("session") or ""), *sums, word)
                yield Row(f"{one['id']}/{period.get('period', '')}", cells, (one, period), look=look)
        known = {one["id"]: one for one in view.terminals}
        swapped = [period for period in matched if period["terminal"] not in known]
        for period in [*swapped, *document["earlier"]]:
            word, look = _verdict(period)
            sums = tuple(form.money(period[side]) or "-" for side in SIDES)
            cells = (view.place(period["terminal"]), str(period["session"] or ""), *sums, word)
            terminal = known.get(period["terminal"], {})
            yield Row(f"{period['terminal']}/{period['period']}", cells, (terminal, period), look=look)

    # --- drawing

    def show(self, view: ClinicView) -> None:
        super().show(view)
        names = (_("terminal"), _("session"), _("its report"), "edgepos", "Provet", "")
        self.query_one("#close-names", Caption).update(self.query_one(Rows).heading(names))
        self._put_acts()
        if self.document is not None and _closing(view) != self._closing_now:
            self._fill(self.document)
        asked = view.payments.get(self._asked or "")
        if asked is not None and asked["state"] not in OPEN:
            self._asked = None
            self._tell_end(asked)

    def _put_acts(self) -> None:
        acts = [
            Act("compare", "c", _("Compare")),
            Act("report", "r", _("Day's report")),
            Act("earlier", "e", _("Earlier ones")),
            Act("so_far", "x", _("X report")),
        ]
        if self._wanting():
            acts.append(Act("total", "t", _("Total")))
        self.query_one(Acts).put(acts)

    def show_find(self, find: str) -> None:
        """Nothing is searched here."""

    def _fill(self, document: Any) -> None:
        is_first = self.document is None
        self._closing_now = _closing(self.view)
        super()._fill(document)
        rows = self.query_one(Rows)
        if self._just_closed is not None:
            self._to_the_closed(rows)
        elif is_first:
            rows.cursor = next((at for at, row in enumerate(rows.shown) if row.look in ("warn", "bad")), 0)
        periods, others = document["terminals"], document.get("without_reference") or ()
        earlier = document["earlier"]
        red = sum(not one["agree"] for one in periods) + len(earlier)
        head = self.query_one("#close-head", Caption)
        if document["agree"] is None:
            text, look = _("NOT COMPARED: see below why"), "warn"
        elif not periods and not earlier and not others:
            text, look = _("Nothing was paid and nothing was closed today."), "calm"
        elif not red:
            text, look = _("ALL AGREE: terminal = edgepos = Provet"), "good"
        else:
            many = ngettext("{n} line does not agree yet", "{n} lines do not agree yet", red)
            text, look = _("NOT YET:") + " " + many.format(n=red), "warn"
        head.update(text)
        head.set_classes(f"-{look}")
        if (
            self._is_comparing and document["agree"] is not None
        ):  # whoever asked for it last: the newest question counts
            self.say("")
        self._is_comparing = False

    def _to_the_closed(self, rows: Rows) -> None:
        for at, row in enumerate(rows.shown):
            period = row.data[1]
            if (period.get("terminal"), period.get("session")) == self._just_closed:
                rows.cursor = at
                self._just_closed = None

    def show_row(self, row: Row | None) -> None:
        self._put_acts()
        sheet = self.query_one("#close-detail", Sheet)
        if row is None:
            sheet.put(_(self.empty))
            return
        terminal, period = row.data
        lines: list[str] = []
        if "closed_at" in period:
            lines.append(_("Red since {day}.").format(day=self.form.moment(period["closed_at"])))
        if not period:
            lines.append(_("{terminal}: nothing was paid and nothing was closed today.").format(terminal=row.cells[0]))
        for difference in period.get("differences", ()):
            lines += cause_lines(difference, self.form)
        for difference in (self.document or {}).get("without_reference") or ():
            lines += cause_lines(difference, self.form)
        slip = self._slip_of(period)
        if slip:
            lines += ["", _("The terminal's report, as it came:"), *slip.replace("\r\n", "\n").splitlines()]
        elif period.get("agree"):
            lines.append(_("All three agree."))
        if terminal and (last := terminal.get("last_reconciled_at")):
            lines += ["", _("last reconciled {moment}").format(moment=self.form.moment(last))]
        sheet.put("\n".join(lines).lstrip("\n"))

    def _slip_of(self, period: Document) -> str:
        """The report that closed *period*, word for word."""
        for one in self._reports:
            if one["terminal"] == period.get("terminal") and one["session"] == period.get("session"):
                return str(one.get("slip") or "")
        return ""

    # --- reconcile

    def chosen(self, row: Row) -> None:
        terminal = row.data[0]
        if not terminal:
            self.say(_("This terminal is not set up here any more: it cannot be reconciled."), "warn")
            return
        text = _(
            "Reconcile {terminal}? The terminal closes its session, sends its totals to the bank and prints its "
            "report. "
            "It is asked once and takes up to two minutes; nobody can pay there meanwhile."
        )
        asked = str(terminal["id"])
        self.app.push_screen(
            Sure(text.format(terminal=terminal["name"])), lambda yes: self._reconcile(asked) if yes else None
        )

    def _reconcile(self, terminal: str) -> None:
        self._sending.send("/reconciliations", {"terminal": terminal}, self._begun)

    def _begun(self, operation: Document) -> None:
        self._asked = str(operation["id"])
        self.say(_("{terminal} is closing its session …").format(terminal=self.view.place(operation["terminal"])))

    def _tell_end(self, operation: Document) -> None:
        place, word = self.view.place(operation["terminal"]), _(states.payment_word(operation))
        if operation["state"] == "approved":
            self.say(f"{place}: {word}", "good")
            self._just_closed = (str(operation["terminal"]), str(operation["session"]))
        else:
            self.say(f"{place}: {word}. {' '.join(reason(operation, self.view, self.form).split())}", "bad")
        self.read_again()

    # --- reports

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Acts).by_letter(event.character):
            event.stop()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        message.stop()
        {
            "compare": self._compare,
            "report": self._report,
            "earlier": self._earlier,
            "so_far": self._so_far,
            "total": self._total,
        }[message.name]()

    def _compare(self) -> None:
        self._is_comparing = True
        self.say(_("Comparing …"))
        self.read_again()

    def _report(self) -> None:
        is_green = bool(self.document and self.document["agree"])
        text = _(
            "Make the closing report? It is numbered and stays as it is now; it takes every session that is closed."
        )
        if not is_green:
            text += "\n" + _(
                "Not everything agrees yet. It can be made all the same; what is red stays in F8 until it is settled."
            )
        self.app.push_screen(Sure(text), lambda yes: self._make() if yes else None)

    def _make(self) -> None:
        self.say(_("Comparing …"))
        self.ask(lambda: self.clinic.agent.post("/closings"), self._made, group="send")

    def _made(self, closing: Any) -> None:
        self.say("")
        self.app.push_screen(Paper(closing_text(closing, self.view, self.form)))

    def _earlier(self) -> None:
        from edgepos.tui.closings import ClosingList

        self.app.push_screen(ClosingList())

    def _wanting(self) -> Document | None:
        """The period under the bar, if it waits for its total from paper."""
        row = self.query_one(Rows).row
        period: Document | None = row.data[1] if row else None
        return period if period and is_wanting(period) else None

    def _total(self) -> None:
        if period := self._wanting():
            self.app.push_screen(PaperTotal(period))

    def _so_far(self) -> None:
        self.ask(lambda: self.clinic.agent.get("/x-report"), self._put_so_far, group="x")

    def _put_so_far(self, report: Any) -> None:
        head = [_("X report: what the open sessions hold so far. It closes nothing."), ""]
        self.app.push_screen(Paper("\n".join([*head, *sums_lines(report, self.view, self.form)])))


def _closing(view: ClinicView) -> frozenset[str]:
    """The terminals that are closing their session now."""
    return frozenset(str(one["terminal"]) for one in view.open_payments if one["kind"] == "reconciliation")


def _verdict(period: Document) -> tuple[str, str]:
    """Word and look of a period's line."""
    if not period:
        return _("nothing"), "dim"
    if period["agree"]:
        return "• " + _("AGREES"), "good"
    causes = {one["cause"] for one in period["differences"] if one["needs_person"]}
    return ("▶ " + _("RECONCILE"), "warn") if causes == {"not-closed"} else ("! " + _("DIFFERS"), "bad")
