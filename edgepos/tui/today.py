"""Today, and any other day: the payments with their states, the sums, the hours; from here on all that can be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from edgepos.locale.words import N_, _, ngettext
from edgepos.tui.caption import Caption
from edgepos.tui.history import History
from edgepos.tui.payment_card import PaymentCard
from edgepos.tui.payment_rows import who_of
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sheet import Sheet
from edgepos.tui.sums import Sum, bars, sums_of

CHART_WIDTH = 14


class DayRows(Rows):
    BINDINGS = [
        Binding("enter", "take", N_("Look at it"), id="today.look"),
        Binding("left", "screen.day(-1)", N_("Day before"), id="today.before"),
        Binding("right", "screen.day(1)", N_("Day after"), id="today.after"),
    ]


class Today(History):
    columns = (Column(6), *History.columns[1:])
    empty = N_("No payments on this day.")
    BINDINGS = [Binding("tab", "turn", N_("Sums"), id="today.sums", tooltip=N_("The day's sums, and back to its list"))]

    def __init__(self) -> None:
        super().__init__()
        self._day: str | None = None
        """None: today, whichever day that is."""

    def body(self) -> ComposeResult:
        yield Caption(id="day-line")
        with Horizontal(id="day-both"):
            with Vertical(classes="list", id="day-list"):
                yield Caption(id="find")
                yield DayRows(self.columns)
                yield Caption(id="detail")
            yield Sheet(id="day-sums")

    @property
    def today(self) -> str:
        return str(self.view.status["today"]["day"]) if self.view.status else ""

    @property
    def day(self) -> str:
        return self._day or self.today

    @property
    def listed_day(self) -> str:
        return self.day

    async def read(self) -> Any:
        return await self.read_payments(day=self.day)

    def _fill(self, document: Any) -> None:
        super()._fill(document)
        sums = sums_of(document, self.form.hour_of)
        self.query_one("#day-line", Caption).update(self._headline(sums.total))
        self.query_one("#day-sums", Sheet).put(self._sums_text(document))

    def _headline(self, total: Sum) -> str:
        parts = [
            self.form.day(self.day) + ("   " + _("today") if self.day == self.today else ""),
            ngettext("{n} payment", "{n} payments", total.count).format(n=total.count),
            self.form.money(total.minor),
        ]
        if total.back_count:
            parts.append(_("given back {money}").format(money=self.form.money(total.back_minor)))
        if total.tip_minor:
            parts.append(_("tips {money}").format(money=self.form.money(total.tip_minor)))
        return "   ".join(parts)

    def _sums_text(self, document: Any) -> str:
        sums = sums_of(document, self.form.hour_of)
        lines = [_("By the hour"), *self._chart(sums.by_hour)]
        for title, group, name_of in (
            (_("By terminal"), sums.by_terminal, self.view.place),
            (_("By person"), sums.by_operator, str),
            (_("By card"), sums.by_scheme, lambda name: str(name) or _("not told")),
        ):
            lines += ["", title, *self._group({name_of(name): one for name, one in group.items()})]
        lines += [
            "",
            _("As a file, by SSH: edgepos export   or   edgepos history --day {day} --csv").format(day=self.day),
        ]
        return "\n".join(lines)

    def _chart(self, by_hour: Mapping[int, Sum]) -> list[str]:
        drawn = bars(by_hour, CHART_WIDTH)
        if not drawn:
            return [_("nothing yet")]
        return [
            f"{hour:02}  {bar:<{CHART_WIDTH}}  {one.count:>3}  {self.form.money(one.minor):>14}"
            for hour, bar, one in drawn
        ]

    def _group(self, group: Mapping[str, Sum]) -> list[str]:
        lines = []
        for name, one in sorted(group.items()):
            lines.append(f"{name:<16.16}  {one.count:>5}  {self.form.money(one.minor):>14}")
            if one.back_count:
                back = _("  given back")
                lines.append(f"{back:<16.16}  {one.back_count:>5}  {self.form.money(-one.back_minor):>14}")
        return lines or [_("nothing yet")]

    def detail(self, row: Row | None) -> str:
        if row is None:
            return self.nothing_found()
        one = row.data
        who, (place, booking) = who_of(one, self.people), row.cells[-2:]
        told = (self.form.hour(one["created_at"]), one["clinic_day"], one["id"], who, place, one["operator"], booking)
        return "   ".join(str(part) for part in told if part)

    def chosen(self, row: Row) -> None:
        self.app.push_screen(PaymentCard(row.data, self.people))

    def show_find(self, find: str) -> None:
        super().show_find(find)
        self.query_one("#find", Caption).display = bool(find)

    # --- what a person does

    def action_day(self, by: int) -> None:
        """Another day; never one that has not come."""
        try:
            day = date.fromisoformat(self.day) + timedelta(days=by)
        except (ValueError, OverflowError):
            return
        if day.isoformat() <= self.today:
            self._day = None if day.isoformat() == self.today else day.isoformat()
            self.query_one(Rows).find = ""
            self.read_again()

    def action_turn(self) -> None:
        """Where there is room for one only: the list or the sums."""
        is_sums = not self.has_class("-sums")
        self.set_class(is_sums, "-sums")
        (self.query_one("#day-sums") if is_sums else self.query_one(Rows)).focus()

    def action_back(self) -> None:
        if self.has_class("-sums"):
            self.action_turn()
        elif not self.query_one(Rows).find and self._day is not None:
            self._day = None
            self.read_again()
        else:
            super().action_back()

    def forget(self) -> None:
        super().forget()
        self._day = None
        self.remove_class("-sums")
