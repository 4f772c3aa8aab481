"""A clinic in which everything happens at once, and every place and step of the screen in turn: for tests of looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from edgepos.tui.course import LOOKS
from edgepos.tui.order import Order
from edgepos.tui.pay import Pay
from edgepos.tui.places import PLACES
from edgepos.tui.sure import Sure
from edgepos.tui.terminal_card import LOOKS as TERMINAL_LOOKS
from tui import documents
from tui.screen import Person
from tui.scripted import ScriptedAgent

FINDING = {
    "id": "F12", "kind": "foreign-transaction", "subject": "70000001/1", "raised_at": documents.AT, "handled_at": None,
    "facts": {"terminal": "RECEPTION", "amount_minor": 4_500, "currency": "SEK"}, "operator": None, "note": None,
    "message": "", "mend": "",
}  # fmt: skip
BOOKING = {
    "id": "E7K2M9Q4T1XA3.1", "payment": "E7K2M9Q4T1XA3", "line": 1, "invoice": "501", "amount_minor": 125_000,
    "currency": "SEK", "state": "parked", "cause": "due-too-small", "facts": {"due_minor": 100, "currency": "SEK"},
    "why": "", "mend": "", "practice_payment": None, "via": None, "waits_for": None, "created_at": documents.AT,
    "payload": {"invoice": "501"}, "tried": 1, "next_try_s": None,
}  # fmt: skip


def everything(agent: ScriptedAgent) -> None:
    """Every state of a terminal, a payment of every state, a finding, a parked booking."""
    agent.status["terminals"] = [
        documents.terminal(f"7000000{at}", f"ROOM {at}", "Desk3500", state) for at, state in enumerate(TERMINAL_LOOKS)
    ]
    agent.status["training"] = True
    agent.status["outbox"] |= {"parked": 1}
    agent.findings = [FINDING]
    agent.open = [documents.payment(state="unknown", terminal="70000007")]
    agent.answers["GET", "/outbox"] = {"outbox": [BOOKING]}
    agent.answers["GET", "/payments"] = {"payments": courses()}


def courses() -> list[dict[str, Any]]:
    """A payment for each way in which it can stand."""
    made = [documents.payment(f"E7K2M9Q4T1X{at:02}", state) for at, state in enumerate(LOOKS)]
    more: list[dict[str, Any]] = [
        {"state": "sent", "asked_to_stop_at": documents.AT},
        {"state": "approved", "approved_minor": 50_000, "remaining_minor": 75_000, "tip_minor": 900},
        {"state": "approved", "signature": True, "kind": "refund"},
        {"state": "declined", "cause": "51"},
        {"state": "not_started", "cause": "due-changed"},
    ]
    return made + [documents.payment(f"E7K2M9Q4T2X{at:02}", **one) for at, one in enumerate(more)]


async def walk(person: Person) -> AsyncIterator[str]:
    """Each place, question and payment in sight, one after the other; says where."""
    app, pilot = person.app, person.pilot
    for entry in PLACES:
        app.go(entry.name)
        await person.until(lambda name=entry.name: app.current_mode == name)
        yield entry.name
    app.go("desk")
    await person.until(lambda: app.current_mode == "desk")
    app.action_menu()
    await pilot.pause()
    yield "menu"
    app.pop_screen()
    app.pay(Order.of_invoices([documents.invoice("501", "STH-20417", "Testsson, Tova", "Bella", 125_000)]))
    await person.until(lambda: isinstance(app.screen, Pay))
    yield "question"
    app.push_screen(Sure("SEK 30 000,00 …?"))
    await pilot.pause()
    yield "sure"
    app.pop_screen()
    app.pop_screen()
    for payment in courses():
        app.watch_payment(payment)
        await person.until(lambda: isinstance(app.screen, Pay))
        yield f"payment {payment['state']}"
        app.pop_screen()
        await pilot.pause()
