"""Payments as rows, for the places that list them."""

from __future__ import annotations

from edgepos.locale import states
from edgepos.locale.words import _
from edgepos.tui.course import about, look_of, shown_minor
from edgepos.tui.form import Form
from edgepos.tui.rows import Column, Row, plain
from edgepos.tui.view import ClinicView, Document

COLUMNS = (Column(5), Column(16), Column(14, is_right=True), Column(10, share=1), Column(10, share=2), Column(9, least=76), Column(8, least=90))


def row_of(payment: Document, view: ClinicView, form: Form) -> Row:
    amount = form.money(shown_minor(payment), payment["currency"])
    card = str(payment.get("masked_card") or "")
    booking = _(states.word(states.BOOKINGS, payment["sync"])) if payment["sync"] != "none" else ""
    cells = (
        form.hour(payment["created_at"]),
        _(states.payment_word(payment)),
        amount,
        view.place(payment["terminal"]),
        about(payment),
        card[-6:],
        booking,
    )
    bare = form.bare(shown_minor(payment), payment["currency"]).replace("\xa0", "")
    found_by = plain("\n".join((*cells, bare, bare.replace(",", "."), str(payment["id"]), str(payment["operator"]))))
    look = look_of(payment)
    return Row(str(payment["id"]), cells, payment, found_by, {"good": "", "live": "", "calm": "dim"}.get(look, look))
