"""What stands in the practice system's books at the start: protocols/provet.md §13, all invented.

Two departments in SEK. Department 2, STH, has one invoice of each awkward kind (501 to 511) and a list long enough to
need pages (600 to 665); department 1, SOD, has three plain ones. The same seed gives the same amounts.
"""

from __future__ import annotations

from datetime import timedelta

from edgepos.simulator.draw import Draw
from edgepos.simulator.practice import (
    DRAFT,
    FINALIZED,
    INVOICING,
    VOIDED,
    Invoice,
    Practice,
    Row,
)

SOD, STH = 1, 2
CLERK = 12
OWNERS = ("Test Testsson", "Exempla Provberg", "Demo Demosson", "Påhitta Fantasi", "Ingemar Ingenstans")
ANIMALS = ("Morris", "Bella", "Snurre", "Zingo", "Pärlan")
SPECIES = ("Hund", "Katt", "Kanin")
PAGED = range(600, 666)


def fill(practice: Practice, draw: Draw) -> None:
    """Puts the seeds into empty books."""
    _people(practice)
    _special_invoices(practice)
    for number in PAGED:
        total = 100 * (95 + draw.number("provet/amount", 4000))
        _invoice(practice, number, total, owner=draw.number("provet/owner", len(OWNERS)))
    for number in (401, 402, 403):
        _invoice(practice, number, 100 * (95 + draw.number("provet/amount", 4000)), department=SOD, prefix="SOD")


def _people(practice: Practice) -> None:
    practice.departments = {
        SOD: {"id": SOD, "name": "Demo Vet Söder", "invoice_prefix": "SOD"},
        STH: {"id": STH, "name": "Demo Vet Stockholm", "invoice_prefix": "STH"},
    }
    practice.users = {
        CLERK: {"id": CLERK, "first_name": "Karin", "last_name": "Kassa", "username": "kassa"},
        99: {"id": 99, "first_name": "Integration", "last_name": "edgepos", "username": "integration-edgepos"},
    }
    for at, (owner, animal) in enumerate(zip(OWNERS, ANIMALS, strict=True)):
        first, last = owner.split(" ", 1)
        practice.clients[77 + at] = {"id": 77 + at, "firstname": first, "lastname": last}
        practice.patients[88 + at] = {
            "id": 88 + at, "client": 77 + at, "name": animal, "species": SPECIES[at % len(SPECIES)],
        }  # fmt: skip
    practice.consultations[900] = {"id": 900, "client": 77, "patients": [88], "department": STH, "invoice": 501}


def _special_invoices(practice: Practice) -> None:
    insured = _invoice(practice, 501, 125_000, number=20417, insurer_minor=50_000)
    insured.consultation = 900
    _invoice(practice, 502, 62_500, owner=1)
    partly_paid = _invoice(practice, 503, 100_000, owner=2)
    practice.book(partly_paid.id, 40_000, info="Kontant", payment_type=1, by_hand=True)
    _invoice(practice, 504, 30_000, owner=1, credit_note=True, original=502)
    counter_sale = _invoice(practice, 505, 18_900, remarks="Butik")
    counter_sale.client, counter_sale.patients, counter_sale.payer = None, (), ""
    draft = _invoice(practice, 506, 45_000, owner=3, status=DRAFT)
    draft.number = None
    _invoice(practice, 507, 77_000, owner=4, status=INVOICING)
    _invoice(practice, 508, 54_300, owner=2, status=VOIDED)
    _invoice(practice, 509, -12_000, owner=3)
    paid = _invoice(practice, 510, 88_000, owner=4)
    practice.book(paid.id, 88_000, info="Kontant", payment_type=1, by_hand=True)
    _invoice(practice, 511, 33_000, owner=0, grows_when_listed=True)


def _invoice(
    practice: Practice, invoice_id: int, total_minor: int, *, owner: int = 0, status: int = FINALIZED,
    department: int = STH, prefix: str = "STH", number: int | None = None, insurer_minor: int = 0,
    credit_note: bool = False, original: int | None = None, remarks: str = "", grows_when_listed: bool = False,
) -> Invoice:  # fmt: skip
    created = practice.now() - timedelta(hours=15, minutes=invoice_id % 60)
    invoice = Invoice(
        id=invoice_id, status=status, department=department, prefix=prefix, created=created,
        modified=created + timedelta(minutes=7), invoice_date=created.date(),
        rows=[Row(2500 + invoice_id, "Konsultation", 1, total_minor)],
        number=number or 19916 + invoice_id, client=77 + owner, patients=(88 + owner,), payer=OWNERS[owner],
        insurer_minor=insurer_minor, credit_note=credit_note, original=original, remarks=remarks,
        grows_when_listed=grows_when_listed,
    )  # fmt: skip
    practice.invoices[invoice_id] = invoice
    return invoice
