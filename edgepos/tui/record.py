"""Write down what a terminal took or gave back stand-alone, by its slip: while edgepos or the network was away."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from textual.app import ComposeResult

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui.amounts import read_amount
from edgepos.tui.caption import Caption
from edgepos.tui.fields import Field, Filling, Pick
from edgepos.tui.saying import told
from edgepos.tui.sending import Sending
from edgepos.tui.view import Document

FORMS = ("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M")
"""Dates as slips have them; a time alone is of today."""


def moment_of(text: str, now: datetime) -> datetime | None:
    """The moment that a person typed from a slip; None if it is none, or is still to come. *now* is the clinic's."""
    for form, typed in ((FORMS[0], f"{now:%Y-%m-%d} {text}"), *((form, text) for form in FORMS)):
        try:
            found = datetime.strptime(typed.strip().replace("  ", " "), form).replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        return found if found <= now else None
    return None


class Record(Filling):
    title_word = N_("Record a slip that a terminal made stand-alone")

    def __init__(self, terminal: str) -> None:
        super().__init__()
        self._terminal = terminal
        self._minor = 0
        self._at: datetime | None = None
        self._sending = Sending(self)

    def fields(self) -> ComposeResult:
        how = _(
            "Only what the terminal did without edgepos. A payment that edgepos started is NOT KNOWN YET until it is "
            "proven: F8. Type what stands on the slip."
        )
        yield Caption(how, classes="filling-how")
        terminals = [(str(one["id"]), str(one["name"])) for one in self.view.terminals]
        kinds = (("purchase", _("paid by the customer")), ("refund", _("given back to the customer")))
        yield Pick("record-terminal", _("terminal"), terminals, self._terminal)
        yield Pick("record-kind", _("what it was"), kinds)
        yield Field("record-amount", _("amount"), most=20)
        yield Field("record-slip", _("number on the slip"), most=40)
        yield Field("record-at", _("time on the slip"), hint=_("14:32 today, or 2026-11-25 14:32"), most=20)
        yield Field("record-invoice", _("invoice"), hint=_("its number; may be left out"), most=40)

    @property
    def now(self) -> datetime:
        zone = str(self.view.location.get("time_zone") or "UTC")
        return self.clinic.clock.now().astimezone(ZoneInfo(zone))

    def go_text(self) -> str | None:
        if self._sending.is_lost:
            return _("ask again; nothing is recorded twice")
        try:
            self._minor = read_amount(self.text("record-amount"), self.view.currency)
        except AgentError as error:
            said = told(error, self.form)
            self.missing = f"{said.message} {said.mend}" if self.text("record-amount") else _("Type the amount.")
            return None
        if not self.text("record-slip"):
            self.missing = _("Type the number that is on the slip.")
            return None
        self._at = moment_of(self.text("record-at"), self.now)
        if self._at is None:
            self.missing = _("Type the time as on the slip: 14:32, or 2026-11-25 14:32. It cannot be still to come.")
            return None
        money, place = self.form.money(self._minor), self.view.place(self.choice("record-terminal"))
        text = (
            _("record {money} at {terminal}")
            if self.choice("record-kind") == "purchase"
            else _("record {money} given back at {terminal}")
        )
        return text.format(money=money, terminal=place)

    def send(self) -> None:
        assert self._at is not None
        body: dict[str, object] = {
            "kind": self.choice("record-kind"),
            "terminal": self.choice("record-terminal"),
            "amount_minor": self._minor,
            "slip_number": self.text("record-slip"),
            "at": self._at.isoformat(timespec="minutes"),
        }
        if invoice := self.text("record-invoice"):
            body["invoice"] = invoice
        self._sending.send("/records", body, self._done, lambda error: self.redraw_go())

    def _done(self, payment: Document) -> None:
        clinic = self.clinic
        self.dismiss()
        place = clinic.screen
        text = _("Recorded: {money}, {id}").format(
            money=self.form.money(payment["approved_minor"], payment["currency"]), id=payment["id"]
        )
        if hasattr(place, "say"):
            place.say(text, "good")
