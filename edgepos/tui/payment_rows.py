"""Payments as rows, for the places that list them: found by amount, last four, owner, invoice, time, reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgepos.client.aio import AsyncAgent
from edgepos.client.errors import AgentError
from edgepos.locale import states
from edgepos.locale.words import _
from edgepos.tui.course import about, look_of, shown_minor
from edgepos.tui.form import Form
from edgepos.tui.rows import Column, Row, plain
from edgepos.tui.view import ClinicView, Document

COLUMNS = (
    Column(15),
    Column(16),
    Column(14, is_right=True),
    Column(6),
    Column(9),
    Column(8, share=3),
    Column(7, share=1),
    Column(10, share=1, least=96),
    Column(8, least=106),
)
PAGE = 200
MOST_PAGES = 10
"""A day of 2,000 payments; beyond that the newest are listed and the search finds the rest."""

People = Mapping[str, str]
"""Owner and animal by the invoice's id, as far as the practice system's list is known here."""


async def invoices_by_id(agent: AsyncAgent) -> Mapping[str, Document]:
    """Every invoice that is known, paid ones too. None are where the practice system's list is not there."""
    try:
        listed = await agent.get("/invoices", all=1)
    except AgentError:
        return {}
    return {str(one["id"]): one for one in listed["invoices"]}


async def people_of(agent: AsyncAgent) -> People:
    """Whose invoices there are: names are not in the journal."""
    return {id: owner_and_animal(one) for id, one in (await invoices_by_id(agent)).items()}


def owner_and_animal(invoice: Document) -> str:
    return "  ".join(filter(None, (invoice["owner"], invoice["animal"])))


async def all_of(agent: AsyncAgent, **query: object) -> list[Document]:
    """Every payment that fits, the newest first, without reconciliations: they are no payments."""
    found: list[Document] = []
    before = None
    for _page in range(MOST_PAGES):
        page = (await agent.get("/payments", limit=PAGE, before=before, **query))["payments"]
        found += page
        if len(page) < PAGE:
            break
        before = page[-1]["id"]
    return [one for one in found if one["kind"] != "reconciliation"]


def signed_minor(payment: Document) -> int:
    """What moved, or should: money back is below zero."""
    minor = shown_minor(payment)
    return minor if payment["kind"] == "purchase" else -minor


def who_of(payment: Document, people: People) -> str:
    """Owner and animal, each once; for several invoices of several owners all of them."""
    names = (people.get(str(line["invoice"]), "") for line in payment["lines"] if line["invoice"])
    return ", ".join(dict.fromkeys(name for name in names if name))


def owner_beside_animal(payment: Document, people: People) -> tuple[str, str]:
    """The same in two columns: of a long name a part is known again, of an animal's first letter nobody knows it."""
    names = [people.get(str(line["invoice"]), "") for line in payment["lines"] if line["invoice"]]
    owners, animals = zip(*(name.partition("  ")[::2] for name in names), strict=True) if names else ((), ())
    return ", ".join(filter(None, dict.fromkeys(owners))), ", ".join(filter(None, dict.fromkeys(animals)))


def last_four(payment: Document) -> str:
    """Of the card's number; the terminal writes the card's own counter behind it, as `-0`."""
    number, _dash, _counter = str(payment.get("masked_card") or "").partition("-")
    return "".join(number.split())[-4:]


def _when(payment: Document, form: Form, day: str) -> str:
    """The hour, where one day is listed; of a payment of another day the date; all of it in a list of any day."""
    if not day:
        return form.moment(payment["created_at"])
    return form.hour(payment["created_at"]) if payment["clinic_day"] == day else form.date(payment["created_at"])


def row_of(payment: Document, view: ClinicView, form: Form, people: People, day: str = "") -> Row:
    """*day*: the clinic day that is listed, if it is one."""
    minor, currency = signed_minor(payment), payment["currency"]
    card = last_four(payment)
    booking = _(states.word(states.BOOKINGS, payment["sync"])) if payment["sync"] != "none" else ""
    cells = (
        _when(payment, form, day),
        _(states.payment_word(payment)),
        form.money(minor, currency),
        f" *{card}" if card else "",
        about(payment),
        *owner_beside_animal(payment, people),
        view.place(payment["terminal"]),
        booking,
    )
    bare = form.bare(abs(minor), currency)
    tight = bare.replace("\xa0", "").replace(" ", "")
    texts: Sequence[str] = (*cells, bare, tight, tight.replace(",", "."), str(payment["id"]), str(payment["operator"]))
    look = look_of(payment)
    return Row(
        str(payment["id"]),
        cells,
        payment,
        plain("\n".join(texts)),
        {"good": "", "live": "", "calm": "dim"}.get(look, look),
    )
