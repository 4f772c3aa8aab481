"""One payment in full: all that is known of it, and what can be done about it now."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.client.errors import AgentError
from edgepos.client.http import path_of
from edgepos.locale import states
from edgepos.locale.evidence import FACTS, TWICE
from edgepos.locale.evidence import WORDS as EVIDENCE
from edgepos.locale.facts import WHY
from edgepos.locale.words import N_, _
from edgepos.tui import payment_rows
from edgepos.tui.acts import Act, Acts
from edgepos.tui.background import background
from edgepos.tui.caption import Caption
from edgepos.tui.course import look_of, reason
from edgepos.tui.form import Form
from edgepos.tui.payment_rows import People, signed_minor, who_of
from edgepos.tui.place import Step
from edgepos.tui.sending import Sending
from edgepos.tui.sheet import Sheet
from edgepos.tui.sure import Sure
from edgepos.tui.view import OPEN, ClinicView, Document

KINDS = {
    "purchase": N_("purchase"),
    "refund": N_("money back to the card"),
    "reversal": N_("undone on the terminal"),
    "reconciliation": N_("reconciliation"),
}
ORIGINS = {
    "asked": "",
    "found": N_("found at the terminal, not asked for here"),
    "recorded": N_("recorded from a slip"),
}
OWN_WORD = re.compile(r"[a-z]+(-[a-z]+)*")


def can_undo(payment: Document, view: ClinicView) -> bool:
    """Whether it is its terminal's last, as far as is known here. The agent looks again before it sends."""
    terminal = view.terminal(payment["terminal"])
    return (
        payment["kind"] == "purchase"
        and payment["state"] == "approved"
        and payment["refundable_minor"] == payment["approved_minor"]
        and terminal.get("last_payment") == payment["id"]
        and not terminal.get("keypad_sales")
    )


def can_assign(payment: Document) -> bool:
    """Whether money moved that no invoice has."""
    moved = payment["state"] in ("approved", "settled_by_hand") and payment["approved_minor"]
    return payment["kind"] == "purchase" and bool(moved) and not payment["invoice"]


def acts_of(payment: Document, view: ClinicView) -> list[Act]:
    """The likely one first."""
    state = payment["state"]
    acts = []
    if state in OPEN:
        acts.append(Act("watch", "w", _("Watch it")))
    if state == "unknown":
        acts += [Act("recheck", "a", _("Ask the terminal now")), Act("settle", "h", _("Close by hand"))]
    elif state in OPEN and payment["kind"] != "reconciliation" and not payment["asked_to_stop_at"]:
        acts.append(Act("stop", "s", _("Ask to stop")))
    if can_assign(payment):
        acts.append(Act("assign", "i", _("Give it its invoice")))
    if state not in OPEN:
        acts.append(Act("receipt", "p", _("Receipt")))
    if payment["refundable_minor"]:
        acts.append(Act("refund", "b", _("Money back")))
    if can_undo(payment, view):
        acts.append(Act("undo", "u", _("Undo on the terminal")))
    if payment["sync"] == "parked":
        acts.append(Act("attention", "n", _("Booking parked: what to do")))
    return acts


def facts_of(payment: Document, view: ClinicView, form: Form, people: People) -> list[tuple[str, str]]:
    """Every fact with its label, the weightiest first; empty ones are left out where they are shown."""
    currency = payment["currency"]

    def money(name: str) -> str:
        return form.money(payment[name], currency) if payment[name] else ""

    session = str(payment["session"] or "")
    closed = _("closed") if payment["period_closed"] else _("open")
    facts = [
        (_("who"), who_of(payment, people)),
        *((_("invoice"), _line(line, form, currency)) for line in payment["lines"] if line["invoice"]),
        (_("text"), str(payment["text"] or "")),
        (
            _("what"),
            "   ".join(filter(None, (_(KINDS.get(str(payment["kind"]), str(payment["kind"]))), _origin(payment)))),
        ),
        (_("asked"), form.money(payment["amount_minor"], currency)),
        (_("approved"), money("approved_minor")),
        (_("tip"), money("tip_minor")),
        (_("surcharge"), money("surcharge_minor")),
        (_("still to pay"), money("remaining_minor") if states.is_part(payment) else ""),
        (_("can be given back"), money("refundable_minor")),
        (_("terminal"), f"{view.place(payment['terminal'])}   {payment['terminal']}"),
        (_("card"), " ".join(str(payment[name]) for name in ("card_scheme", "masked_card") if payment[name])),
        (_("when"), form.moment(payment["created_at"])),
        (_("clinic day"), str(payment["clinic_day"])),
        (_("by"), str(payment["operator"])),
        (_("asked to stop"), form.moment(payment["asked_to_stop_at"])),
        (_("booking"), _(states.word(states.BOOKINGS, payment["sync"])) if payment["sync"] != "none" else _("none")),
        (_("corrects"), str(payment["corrects"] or "")),
        (_("slip number"), str(payment["settled_slip"] or "")),
        (_("session"), f"{session}   {closed}" if session else ""),
        (_("number at the bank"), str(payment["stan_auth"] or "")),
        (_("proof"), proof(payment["evidence"])),
        (_("cause"), _cause(str(payment["cause"] or ""))),
    ]
    return facts


def _line(line: Document, form: Form, currency: str) -> str:
    kept = line["kept_minor"]
    minor = kept if isinstance(kept, int) and kept else line["amount_minor"]
    return f"{line['number'] or line['invoice']}   {form.money(minor, currency)}"


def proof(evidence: Iterable[object]) -> str:
    """What an outcome rests on, in words; what has none is shown as it came."""
    times = Counter(map(str, evidence))
    words = {one: _kind_of_proof(one) for one in times}
    return ", ".join(_(TWICE).format(words=words[one]) if times[one] > 1 else words[one] for one in times)


def _kind_of_proof(kind: str) -> str:
    name, is_fact, value = kind.partition("=")
    if is_fact and name in FACTS:
        return _(FACTS[name]).format(word=_(WHY.get(value, value)))
    return _(EVIDENCE.get(kind, kind))


def _cause(cause: str) -> str:
    """What the bank or the terminal has said stands there as it came; a word of our own that is not here says no more than
    the state and the sentence above."""
    return _(WHY.get(cause, "" if OWN_WORD.fullmatch(cause) else cause)) if cause else ""


def _origin(payment: Document) -> str:
    return _(ORIGINS.get(str(payment["origin"]), ""))


class PaymentCard(Step):
    def __init__(self, payment: Document, people: People) -> None:
        super().__init__()
        self._payment = payment
        self._people = people
        self._sending = Sending(self)

    def body(self) -> ComposeResult:
        with Vertical(id="card"):
            yield Caption(id="card-head")
            yield Caption(id="card-why")
            yield Sheet(id="card-facts")
            yield Acts()

    def on_mount(self) -> None:
        self.query_one(Acts).focus()

    def arrived(self) -> None:
        id = self._payment["id"]
        self.ask(lambda: self.clinic.agent.get(path_of("payments", id)), self._put, group="read")

    def _put(self, payment: Any) -> None:
        self._payment = payment
        self.draw()
        invoice = payment["invoice"]
        if invoice and not who_of(payment, self._people):
            background(self, partial(self._learn_who, str(invoice)), group="who")

    async def _learn_who(self, invoice: str) -> None:
        """A paid invoice is not in the list any more: its owner is asked for, for this card alone."""
        try:
            found = await self.clinic.agent.get(path_of("invoices", invoice))
        except AgentError:
            return  # then there is no name; nothing hangs on it
        self._people = {**self._people, invoice: payment_rows.owner_and_animal(found)}
        self.draw()

    def running_elsewhere(self, view: ClinicView) -> ClinicView:
        return view.without(str(self._payment["id"]))

    def show(self, view: ClinicView) -> None:
        kept, heard = self._payment, view.payments.get(self._payment["id"])
        one = self._payment = heard if heard is not None and heard["seq"] >= kept["seq"] else kept
        head = self.query_one("#card-head", Caption)
        number = self.form.money(signed_minor(one), one["currency"])
        head.update(f"{_(states.payment_word(one))}   {number}   {one['id']}")
        head.set_classes(f"-{look_of(one)}")
        why = self.query_one("#card-why", Caption)
        tells = one["state"] in ("declined", "cancelled", "not_started", "unknown")
        why.display = tells
        why.update(reason(one, view, self.form) if tells else "")
        self.query_one("#card-facts", Sheet).put_facts(facts_of(one, view, self.form, self._people))
        self.query_one(Acts).put(acts_of(one, view))

    # --- what a person does

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Acts).by_letter(event.character):
            event.stop()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        message.stop()
        self.say("")
        getattr(self, f"_{message.name}")()

    def _watch(self) -> None:
        self.clinic.watch_payment(self._payment)

    def _recheck(self) -> None:
        path = path_of("payments", self._payment["id"], "recheck")
        self.say(_("Asking {terminal} …").format(terminal=self.view.place(self._payment["terminal"])))
        self.ask(lambda: self.clinic.agent.post(path), self.clinic.payment_heard)

    def _stop(self) -> None:
        path = path_of("payments", self._payment["id"], "cancel")
        self.ask(lambda: self.clinic.agent.post(path), self.clinic.payment_heard)

    def _settle(self) -> None:
        from edgepos.tui.settle import Settle

        self.app.push_screen(Settle(self._payment))

    def _assign(self) -> None:
        from edgepos.tui.assign import Assign

        self.app.push_screen(Assign(self._payment))

    def _receipt(self) -> None:
        from edgepos.tui.receipt import Receipt

        self.app.push_screen(Receipt(str(self._payment["id"])))

    def _refund(self) -> None:
        from edgepos.tui.give_back import GiveBack

        self.app.push_screen(GiveBack(self._payment, self._people))

    def _attention(self) -> None:
        self.clinic.go("attention")

    def _undo(self) -> None:
        one = self._payment
        text = _(
            "Undo {money} on {terminal}? The whole payment is taken back on the terminal, "
            "which works only while it is the last one there. The booking is taken back by itself."
        ).format(
            money=self.form.money(one["approved_minor"], one["currency"]), terminal=self.view.place(one["terminal"])
        )
        self.app.push_screen(Sure(text), self._undo_if)

    def _undo_if(self, is_sure: bool | None) -> None:
        if is_sure:
            self._sending.send(path_of("payments", self._payment["id"], "reverse"), {}, self.clinic.watch_payment)
