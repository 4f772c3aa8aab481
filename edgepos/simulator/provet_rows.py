"""The JSON of the practice system's records: protocols/provet.md §8, §9 and §12.

Numbers are floats here, as in the real answers; with the variant `untidy` some are texts, zero may be -0.0, and keys
that nobody knows stand among the others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edgepos.simulator.practice import Booking, Invoice, Practice

Json = dict[str, Any]


class Rows:
    """Writes records as JSON objects; *base* is the address of the API with its slash."""

    def __init__(self, practice: Practice, base: str) -> None:
        self._practice = practice
        self._base = base

    def url(self, resource: str, number: int | None) -> str | None:
        return None if number is None else f"{self._base}{resource}/{number}/"

    def invoice_keys(self, invoice: Invoice) -> Json:
        """What an invoice is filtered and ordered by: a list of many is written out only where it is shown."""
        return {
            "id": invoice.id,
            "status": invoice.status,
            "client": self.url("client", invoice.client),
            "department": self.url("department", invoice.department),
            "consultation": self.url("consultation", invoice.consultation),
            "credit_note": invoice.credit_note,
            "invoice_date": invoice.invoice_date.isoformat(),
            "date_paid": day.isoformat() if (day := self._practice.paid_on(invoice)) else None,
            "created": moment(invoice.created),
            "modified": moment(invoice.modified),
        }

    def invoice(self, invoice: Invoice) -> Json:
        practice = self._practice
        net_minor = round(invoice.total_minor / 1.25)
        row: Json = self.invoice_keys(invoice) | {
            "url": self.url("invoice", invoice.id),
            "invoice_number": invoice.number,
            "invoice_prefix": invoice.prefix,
            "reference_number": None,
            "additional_reference": None if invoice.id % 2 else "",
            "patients": [self.url("patient", number) for number in invoice.patients],
            "total": number(net_minor),
            "total_vat": number(invoice.total_minor - net_minor),
            "total_with_vat": number(invoice.total_minor),
            "due_sum": number(practice.due_minor(invoice, as_shown=True)),
            "client_due_sum": number(practice.client_due_minor(invoice, as_shown=True)),
            "credit_note_original_invoice": self.url("invoice", invoice.original),
            "first_original_invoice": self.url("invoice", invoice.original),
            "invoice_row": [self.url("invoicerow", part.id) for part in invoice.rows],
            "invoice_payment": [self.url("invoicepayment", b.id) for b in practice.bookings_of(invoice)],
            "postransactions": [],
            "payer_name": invoice.payer,
            "payer_organization_name": "",
            "remarks": invoice.remarks,
        }
        return self._untidy(row, invoice.id) if practice.variants.untidy else row

    def _untidy(self, row: Json, invoice_id: int) -> Json:
        if row["due_sum"] == 0:
            row["due_sum"] = -0.0
        if invoice_id % 5 == 2:
            row["client_due_sum"] = f"{row['client_due_sum']:.2f}"
            row["total_vat"] = f"{row['total_vat']:.2f}"
        if invoice_id % 3 == 0:
            row |= {"loyalty_level": None, "portal": {"shown": True, "opened": []}}
        return row

    def invoice_rows(self, invoice: Invoice) -> list[Json]:
        return [
            {
                "url": self.url("invoicerow", row.id), "id": row.id, "invoice": self.url("invoice", invoice.id),
                "name": row.name, "quantity": float(row.quantity), "price_with_vat": number(row.gross_minor),
                "vat_percentage": 25.0, "sum_total": number(row.gross_minor), "created": moment(invoice.created),
                "modified": moment(invoice.modified),
            }
            for row in invoice.rows
        ]  # fmt: skip

    def payment(self, booking: Booking) -> Json:
        return {
            "url": self.url("invoicepayment", booking.id),
            "id": booking.id,
            "invoice": self.url("invoice", booking.invoice),
            "payment_type": booking.payment_type,
            "paid": number(booking.paid_minor),
            "status": booking.status,
            "info": booking.info,
            "created_user": self.url("user", booking.created_user or 99),
            "payment_date": booking.payment_date.isoformat(),
            "cancelled": booking.cancelled,
            "created": moment(booking.created),
            "modified": moment(booking.modified),
        }

    def client(self, client: Json) -> Json:
        return client | {
            "url": self.url("client", client["id"]), "title": "", "organization_name": "", "customer_type": 0,
            "id_number": None, "vat_number": "", "email": "", "street_address": "Exempelgatan 1", "zip_code": "12345",
            "city": "Exempelstad", "country": {"code": "SE", "name": "Sverige"}, "archived": False, "no_sms": False,
            "patients": [
                self.url("patient", number) for number, patient in self._practice.patients.items()
                if patient["client"] == client["id"]
            ],
        }  # fmt: skip

    def patient(self, patient: Json) -> Json:
        related = {"url": self.url("patient", patient["id"]), "client": self.url("client", patient["client"])}
        return patient | related | {"breed": "", "insurance": None, "deceased": False, "archived": False}

    def department(self, department: Json) -> Json:
        return department | {"url": self.url("department", department["id"]), "allow_nhp_processing": False}

    def user(self, user: Json) -> Json:
        return user | {"url": self.url("user", user["id"])}

    def consultation(self, consultation: Json) -> Json:
        relations = {name: self.url(name, consultation[name]) for name in ("client", "department", "invoice")}
        patients = [self.url("patient", number) for number in consultation["patients"]]
        return consultation | relations | {
            "url": self.url("consultation", consultation["id"]), "patients": patients, "status": 7,
        }  # fmt: skip


def number(minor: int) -> float:
    return minor / 100


def moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
