"""One simulated clinic and its bank: terminals, the cloud before them, the practice system, faults, the log of calls.

A world is made from a seed; a reset makes a new one. The identifiers are fixed, since settings are written for them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from edgepos.clock import Clock, rfc3339
from edgepos.simulator import provet_data
from edgepos.simulator.bank import Session
from edgepos.simulator.cards import Cards
from edgepos.simulator.crew import Crew
from edgepos.simulator.daily import keep_daily_plan
from edgepos.simulator.draw import Draw
from edgepos.simulator.faults import FaultList
from edgepos.simulator.frontdoor import CallLog, FrontDoor
from edgepos.simulator.nets import ConnectCloud
from edgepos.simulator.practice import Practice
from edgepos.simulator.provet import Provet
from edgepos.simulator.terminal import Terminal

TERMINALS = (
    ("70000001", "RECEPTION", "Desk3500"),
    ("70000002", "ROOM 2", "Move3500"),
    ("70000003", "LAB", "Lane3000"),
)


class World:
    def __init__(self, clock: Clock, seed: int, crew: Crew) -> None:
        draw = Draw(seed)
        self.seed = seed
        self.terminals = {
            tid: Terminal(tid, name, model, clock=clock, cards=Cards(draw, tid), crew=crew)
            for tid, name, model in TERMINALS
        }
        self.nets = ConnectCloud(self.terminals, clock, draw, crew)
        self.practice = Practice(clock)
        provet_data.fill(self.practice, draw)
        self.provet = Provet(self.practice, clock, draw)
        self.faults = FaultList()
        self.calls = CallLog()
        nets, provet, practice = self.nets, self.provet, self.practice
        self.doors = {
            "nets": FrontDoor(
                "nets", nets.app, clock=clock, faults=self.faults, calls=self.calls, crew=crew,
                wall_offset_s=lambda: nets.variants.clock_offset_s, revoke_tokens=nets.revoke_tokens,
            ),
            "provet": FrontDoor(
                "provet", provet.app, clock=clock, faults=self.faults, calls=self.calls, crew=crew,
                wall_offset_s=lambda: practice.variants.clock_offset_s, revoke_tokens=provet.revoke_tokens,
            ),
        }  # fmt: skip
        for terminal in self.terminals.values():
            crew.spawn(keep_daily_plan(terminal), f"daily plan {terminal.id}")

    def truth(self) -> dict[str, Any]:
        """What the bank took and what the books hold. No call of the two services shows the bank's part."""
        return {
            "terminals": {
                tid: {"sessions": [_session(session) for session in terminal.ledger.sessions]}
                for tid, terminal in self.terminals.items()
            },
            "invoices": {str(number): self.invoice_truth(number) for number in self.practice.invoices},
            "bookings": [self.booking_truth(number) for number in self.practice.bookings],
        }

    def invoice_truth(self, number: int) -> dict[str, Any]:
        practice, invoice = self.practice, self.practice.invoices[number]
        return {
            "id": invoice.id,
            "number": f"{invoice.prefix}-{invoice.number}" if invoice.number is not None else None,
            "status": invoice.status,
            "department": invoice.department,
            "credit_note": invoice.credit_note,
            "total_minor": invoice.total_minor,
            "paid_minor": practice.paid_minor(invoice),
            "due_minor": practice.due_minor(invoice),
            "client_due_minor": practice.client_due_minor(invoice),
        }

    def booking_truth(self, number: int) -> dict[str, Any]:
        booking = self.practice.bookings[number]
        return {
            "id": booking.id,
            "invoice": booking.invoice,
            "paid_minor": booking.paid_minor,
            "payment_type": booking.payment_type,
            "info": booking.info,
            "by_hand": booking.by_hand,
            "cancelled": booking.cancelled,
            "counters": booking.counters,
            "payment_date": booking.payment_date.isoformat(),
            "created": rfc3339(booking.created),
        }


def _session(session: Session) -> dict[str, Any]:
    return {
        "session": session.session,
        "closed_at": session.closed_at,
        "closed_by": session.closed_by,
        "net_minor": session.net_minor(),
        "entries": [asdict(entry) for entry in session.entries],
    }
