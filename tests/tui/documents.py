"""The agent's documents as it sends them, for a clinic with three terminals. All names and numbers are invented."""

from __future__ import annotations

from typing import Any

AT = "2026-11-25T13:32:00.000Z"
RECEPTION, ROOM, LAB = "70000001", "70000002", "70000003"


def terminal(id: str, name: str, model: str, state: str = "ready", **more: Any) -> dict[str, Any]:
    return {
        "id": id, "name": name, "model": model, "keypad_sales": False, "state": state, "since": AT, "why": "", "mend": "",
        "payment": None, "reported": "idle", "seen_s": 1.0, "held": None, "session": "042", "period": 3,
        "last_payment": None, "last_reconciled_at": AT,
    } | more  # fmt: skip


def status(**more: Any) -> dict[str, Any]:
    return {
        "at": AT, "version": "0.1.0",
        "location": {
            "name": "Djurkliniken Norr", "country": "SE", "currency": "SEK", "language": "en",
            "time_zone": "Europe/Stockholm", "support_phone": "", "is_set_up": True,
        },
        "services": {name: {"state": "ok", "since": AT, "code": None, "why": "", "mend": ""} for name in ("nets", "practice")},
        "terminals": [
            terminal(RECEPTION, "RECEPTION", "Desk3500"),
            terminal(ROOM, "ROOM 2", "Move3500"),
            terminal(LAB, "LAB", "Lane3000"),
        ],
        "outbox": {"queued": 0, "parked": 0, "oldest_queued_at": None},
        "unknown": [], "findings": 0,
        "today": {"day": "2026-11-25", "count": 23, "amount_minor": 3_148_000, "refunds_minor": 40_000, "currency": "SEK",
                  "hours": [{"count": 0, "amount_minor": 0} for _ in range(24)]},
        "kiosk": {"idle_s": 180, "lock": False, "theme": "light"},
        "limits": {"refund_pin_above_minor": 50_000, "ask_again_above_minor": 2_000_000, "disk_reserve_mb": 64},
        "box": {"box_id": "0bbe04472e30ae63", "seq": 2, "head": "2c" * 32, "free_mb": 84_842, "clock_wrong": None},
    } | more  # fmt: skip


def invoice(id: str, number: str, owner: str, animal: str, due_minor: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "number": number, "owner": owner, "animal": animal, "due_minor": due_minor, "total_minor": due_minor,
        "insurer": 0, "currency": "SEK", "part": 1, "status": "", "payable": True, "why_not": None, "created_at": AT,
        "age_s": 720,
    } | more  # fmt: skip


INVOICES = [
    invoice("501", "STH-20417", "Tova Testsson", "Bella", 125_000),
    invoice("502", "STH-20411", "Erik Exempel", "Pärlan", 48_000),
    invoice("503", "STH-20410", "Tova Testsson", "Måns", 9_900),
    invoice("504", "STH-20409", "Demo Demosson", "Snurre", 3_000_000),
    invoice("505", "STH-20408", "Demo Demosson", "Zingo", 70_000, payable=False, why_not="draft"),
]


def payment(id: str = "E7K2M9Q4T1XA3", state: str = "sent", **more: Any) -> dict[str, Any]:
    amount = more.get("amount_minor", 125_000)
    return {
        "id": id, "reference": id, "kind": "purchase", "state": state, "origin": "asked", "cause": None,
        "terminal": RECEPTION, "invoice": "501", "number": "STH-20417",
        "lines": [{"line": 1, "invoice": "501", "number": "STH-20417", "part": 1, "amount_minor": amount,
                   "due_minor": amount, "kept_minor": None, "claim": "open"}],
        "parts": [1], "text": "", "amount_minor": amount, "approved_minor": amount if state == "approved" else None,
        "remaining_minor": 0, "refundable_minor": amount if state == "approved" else 0, "tip_minor": 0, "surcharge_minor": 0,
        "currency": "SEK", "created_at": AT, "changed_at": AT, "clinic_day": "2026-11-25", "operator": "kiosk",
        "asked_to_stop_at": None, "masked_card": "************2000-0" if state == "approved" else None,
        "card_scheme": "MASTERCARD" if state == "approved" else None, "signature": False, "stan_auth": None, "session": "042",
        "period": 3, "corrects": None, "evidence": [], "settled_outcome": None, "settled_slip": None, "confirmed": False,
        "sync": "none", "seq": 10, "step": "at_terminal", "waiting_for": None, "period_closed": False,
    } | more  # fmt: skip


def refusal(code: str, status: int = 409, **facts: Any) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": code, "message": code, "mend": "", "facts": facts}}
