"""Every fact about Provet Cloud that is ASSUMED (protocols/provet.md §13 and the names marked ≈), in one place.

What is here was never seen on a live tenant. `edgepos pilot provet` tries each; a fact that turns out otherwise is
changed here and nowhere else. Where an assumption can be wrong without harm, the client tolerates both (see each line).
"""

from __future__ import annotations

INFO_LIMIT = 100
"""`info` is kept this short until its limit (assumed 255) is known; our reference comes first and survives a cut."""

PAYMENT_DATE_FIELDS = ("payment_date", "date", "paid_date")
"""≈ names of the day that a payment is booked on. The first that OPTIONS offers is sent; where it offers none, the
practice system dates the payment itself."""

CANCELLED_MARKS = ("cancelled", "is_cancelled", "canceled")
"""≈ names of the mark on a payment that was cancelled: true, or a time."""

PAYMENT_DONE = 3
"""`status` of a payment that is complete: sent by code in production, its meaning assumed."""

TOKEN_LIFETIME_S = 36_000
"""For a token answer without `expires_in`."""

PAYMENT_INVOICE_FILTER = "invoice__is"
"""Filters payments by invoice. Rows are compared again; where it is ignored, the ids in the invoice itself are read."""

UNPAID_FILTERS = {"status__is": "3", "_status__is": "3", "credit_note__is": "false", "date_paid__is_null": "true"}
"""Which invoices are unpaid. The guide says `status__is`, the schema `_status__is`: both are sent, the unknown one is
ignored. `date_paid__is_null` is assumed: rows that show a `date_paid` prove that it is not honoured."""

RECENT_DAYS = 30
"""How far back drafts are listed, and finalised ones too where the filters for unpaid ones are ignored."""

SETTINGS_PATH = "settings/department/"

RIGHTS = (
    # feature, path to try, permission (D, X), needed for booking
    ("invoices", "invoice/", "Financial: Invoices", True),
    ("payments", "invoicepayment/", "Financial: Invoices", True),
    ("owners", "client/", "General: Patients and clients", False),
    ("animals", "patient/", "General: Patients and clients", False),
    ("departments", "department/", "", False),
    ("payment-methods", "paymentmethod/", "Settings: Settings page", False),
    ("lock-date", SETTINGS_PATH, "Settings: Department settings", False),
)
"""Which right each call needs. That the default user lacks the last two is assumed: they are only ever optional."""

LOCK_DATE_FIELD = "financial_period_lock_date"
