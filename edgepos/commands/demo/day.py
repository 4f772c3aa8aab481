"""The scripted day: what staff, customers, networks and power do, step by step, in plain words.

Each step does one thing, looks at what edgepos says of it, and fails the demo with a sentence if that is not what a
clinic needs. What became of the money is not judged here but by `truth.py`, afterwards and from other sources.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edgepos.client import AgentError
from edgepos.client.http import new_key
from edgepos.commands.demo.clinic import DemoClinic
from edgepos.commands.demo.control import DemoFailed

RECEPTION, ROOM, LAB = "70000001", "70000002", "70000003"
NAMES = {RECEPTION: "RECEPTION", ROOM: "ROOM 2", LAB: "LAB"}
FINAL = ("approved", "declined", "cancelled", "not_started", "settled_by_hand")
ZONE = ZoneInfo("Europe/Stockholm")
OWNER = 77
"""A client among the simulator's seeds."""
Payment = dict[str, Any]


@dataclass(slots=True)
class Day:
    """The day so far: *say* shows a line, *steps* keeps them for `--json`."""

    clinic: DemoClinic
    say: Callable[[str], None]
    steps: list[dict[str, str]] = field(default_factory=list)

    def local_time(self) -> datetime:
        return datetime.fromisoformat(self.clinic.control("GET", "/clock")["now"]).astimezone(ZONE)

    def note(self, text: str) -> None:
        local = self.local_time()
        self.steps.append({"at": local.isoformat(timespec="seconds"), "text": text})
        self.say(f"  {local:%H:%M:%S}  {text}")

    def must(self, claim: bool, what: str) -> None:
        if not claim:
            raise DemoFailed(what)

    # --- the hands of staff

    def invoices(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.clinic.agent.get("/invoices")["invoices"]
        return [invoice for invoice in found if invoice["payable"]]

    def invoice(self, number: int) -> dict[str, Any]:
        """The *number*th invoice of the desk's list that can be paid."""
        payable = self.invoices()
        self.must(len(payable) > number, f"The desk's list has only {len(payable)} invoices that can be paid.")
        return payable[number]

    def numbered(self, number: str) -> dict[str, Any]:
        """The invoice with *number*, as soon as the desk's list has it."""

        def is_listed() -> bool:
            return any(invoice["number"] == number for invoice in self.invoices())

        self.clinic.until(f"{number} in the desk's list", is_listed, limit_s=120, step_s=10)
        return next(invoice for invoice in self.invoices() if invoice["number"] == number)

    def wait_parked(self, payment: Payment) -> dict[str, Any]:
        """The parked booking of an approved *payment*."""
        self.must(payment["state"] == "approved", f"{payment['id']} is {payment['state']} ({payment['cause']}).")

        def parked() -> list[dict[str, Any]]:
            rows = self.clinic.agent.get("/outbox", state="parked")["outbox"]
            return [row for row in rows if row["payment"] == payment["id"]]

        self.clinic.until(f"the booking of {payment['id']} to be parked", lambda: bool(parked()), limit_s=300)
        return parked()[0]

    def start(self, terminal: str, *invoices: dict[str, Any], amount_minor: int = 0, text: str = "") -> Payment:
        """Begin a payment; the answer comes at once, the outcome later."""
        lines = [
            {
                "invoice": invoice["id"],
                "part": invoice["part"],
                "due_minor": invoice["due_minor"],
                "amount_minor": amount_minor or invoice["due_minor"],
            }
            for invoice in invoices
        ]
        body: dict[str, Any] = {"terminal": terminal, "currency": "SEK", "large_confirmed": True}
        body |= {"lines": lines} if lines else {"amount_minor": amount_minor, "text": text}
        payment: Payment = self.clinic.agent.post("/payments", body, key=new_key())
        return payment

    def payment(self, payment: Payment) -> Payment:
        found: Payment = self.clinic.agent.get(f"/payments/{payment['id']}")
        return found

    def outcome(self, payment: Payment, limit_s: float = 900) -> Payment:
        """The payment as soon as it is final."""
        self.clinic.until(
            f"the outcome of {payment['id']}", lambda: self.payment(payment)["state"] in FINAL, limit_s=limit_s
        )
        return self.payment(payment)

    def pay(self, terminal: str, *invoices: dict[str, Any], amount_minor: int = 0, text: str = "") -> Payment:
        return self.outcome(self.start(terminal, *invoices, amount_minor=amount_minor, text=text))

    def reconcile(self, terminal: str) -> Payment:
        return self.outcome(self.clinic.agent.post("/reconciliations", {"terminal": terminal}, key=new_key()))

    def is_booked(self) -> bool:
        outbox = self.clinic.agent.get("/status")["outbox"]
        return not outbox["queued"] and not outbox["parked"]

    # --- the hands of customers and of fate

    def cardholder(self, terminal: str, *steps: dict[str, Any]) -> None:
        self.clinic.control("POST", f"/terminals/{terminal}/cardholder", {"steps": list(steps)})

    def fault(self, **fault: Any) -> str:
        return str(self.clinic.control("POST", "/faults", fault)["id"])

    def new_invoice(self, total_minor: int) -> dict[str, Any]:
        """An invoice that the practice system has just finalised, for the owner of the demo."""
        made: dict[str, Any] = self.clinic.control(
            "POST", "/practice/invoices", {"total_minor": total_minor, "client": OWNER}
        )
        return made

    def mend(self, fault: str) -> None:
        self.clinic.control("DELETE", f"/faults/{fault}")


def shown(minor: int) -> str:
    return f"SEK {minor // 100:,},{minor % 100:02d}".replace(",", " ", f"{minor // 100:,}".count(","))


def money(payment: Payment) -> str:
    return shown(payment["approved_minor"] if payment["state"] == "approved" else payment["amount_minor"])


def morning(day: Day) -> None:
    """The set-up is checked; a new terminal refuses payments until its first reconciliation."""
    day.clinic.until("both services", lambda: _services(day) == {"ok"}, limit_s=60)
    terminals = day.clinic.agent.get("/status")["terminals"]
    day.note(f"Set-up check: Nets and Provet answer; {len(terminals)} terminals belong to the account.")
    refused = day.pay(RECEPTION, day.invoice(0))
    day.must(refused["state"] == "declined", f"A new terminal took a payment: {refused['state']}.")
    day.note(f"A payment at the new terminal RECEPTION is refused (code {refused['cause']}): reconcile first, it says.")
    for terminal in (RECEPTION, ROOM, LAB):
        closed = day.reconcile(terminal)
        day.must(closed["state"] == "approved", f"The first reconciliation of {terminal} is {closed['state']}.")
    day.note("First reconciliation of all three terminals: done.")


def _services(day: Day) -> set[str]:
    services = day.clinic.agent.get("/status")["services"]
    return {services["nets"]["state"], services["practice"]["state"]}


def forenoon(day: Day) -> None:
    """Plain payments, a decline, a lost reply that heals by evidence while a second charge is refused."""
    for terminal, step in ((RECEPTION, "tap"), (ROOM, "chip")):
        day.cardholder(terminal, {"do": step}, *([{"do": "pin"}] if step == "chip" else []))
        invoice = day.invoice(0)
        paid = day.pay(terminal, invoice)
        day.must(paid["state"] == "approved", f"A plain payment is {paid['state']} ({paid['cause']}).")
        card = f"{paid['card_scheme']} {paid['masked_card']}"
        day.note(f"{invoice['number']}, {money(paid)} at {NAMES[terminal]} ({step}): PAID, {card}.")
    invoice = day.invoice(0)
    day.cardholder(RECEPTION, {"do": "tap", "decline_code": "51"})
    declined = day.pay(RECEPTION, invoice)
    day.must(declined["state"] == "declined", f"A refused card gave {declined['state']}.")
    day.note(
        f"{invoice['number']}, {money(declined)}: DECLINED by the bank (code {declined['cause']}). Nothing was taken."
    )
    _lost_reply(day, invoice)


def _lost_reply(day: Day, invoice: dict[str, Any]) -> None:
    path = f"/v1/terminal/{RECEPTION}/transaction"
    fault = day.fault(service="nets", method="POST", path=path, times=1, fault="drop_after")
    payment = day.start(RECEPTION, invoice)
    day.clinic.until("the lost reply", lambda: day.payment(payment)["state"] == "unknown", limit_s=120)
    day.note(f"{invoice['number']}, {money(payment)}: the card was read, then the answer was lost. NOT KNOWN YET.")
    for terminal in (ROOM, RECEPTION):
        try:
            day.start(terminal, invoice)
        except AgentError as refused:
            codes = ("invoice-open", "payment-unknown", "terminal-in-use")
            day.must(refused.code in codes, f"Refused, but by {refused.code}.")
            day.note(f"A second charge of it at {NAMES[terminal]} is refused: {refused.message}")
        else:
            raise DemoFailed("A second charge was let through while the first is not known.")
    healed = day.outcome(payment)
    day.mend(fault)
    day.must(healed["state"] == "approved", f"The lost payment is {healed['state']}.")
    evidence = ", ".join(healed["evidence"])
    day.note(f"{invoice['number']}: PAID, by the terminal's own record ({evidence}); nobody touched anything.")


def noon(day: Day) -> None:
    """The practice system goes away for an hour of the day, and comes back."""
    invoice, waiting = day.invoice(0), day.invoice(1)
    paid = day.start(RECEPTION, invoice)
    day.clinic.until("the card", lambda: day.payment(paid)["state"] == "sent", limit_s=30)
    down = day.fault(service="provet", fault="down")
    paid = day.outcome(paid)
    day.note(f"{invoice['number']}, {money(paid)}: PAID. The practice system has just gone away: its booking waits.")
    try:
        day.start(ROOM, waiting)
        day.clinic.advance(5)
    except AgentError as refused:
        day.must(refused.code == "practice-away", f"Refused, but by {refused.code}.")
    unlisted = day.pay(ROOM, amount_minor=waiting["due_minor"], text=waiting["number"])
    day.must(unlisted["state"] == "approved", f"The unlisted payment is {unlisted['state']} ({unlisted['cause']}).")
    day.note(f"{waiting['number']} cannot be read again, so it is paid without the list: {money(unlisted)}, PAID.")
    day.clinic.advance(3_600)
    day.must(not day.is_booked(), "The booking left although nobody was there to take it.")
    day.mend(down)
    day.clinic.until("the waiting bookings", day.is_booked, limit_s=600)
    day.note("An hour later the practice system is back: the waiting payment is booked, once.")
    day.clinic.agent.post(f"/payments/{unlisted['id']}/assign", {"invoice": waiting["id"], "part": waiting["part"]})
    day.clinic.until("the assigned booking", day.is_booked, limit_s=600)
    day.note(f"The unlisted payment is given to {waiting['number']}, and booked.")


def afternoon(day: Day) -> None:
    """Two invoices in one run, a draft, a locked period, a refund; and a SIGKILL while a card is in the terminal."""
    _one_run(day)
    _parked(day)
    first = day.pay(LAB, day.invoice(0), amount_minor=10_000)
    day.must(first["state"] == "approved", f"The part payment is {first['state']} ({first['cause']}).")
    day.note(f"A part of an invoice, {money(first)}: PAID; the rest stays due.")
    day.clinic.until("its booking", day.is_booked, limit_s=300)
    body = {"terminal": LAB, "amount_minor": 4_000, "reason": "item returned"}
    refund = day.outcome(day.clinic.agent.post(f"/payments/{first['id']}/refund", body, key=new_key()))
    day.must(refund["state"] == "approved", f"The refund is {refund['state']} ({refund['cause']}).")
    left = shown(day.payment(first)["refundable_minor"])
    day.note(f"Refund of {money(refund)} of it: done; {left} could still be refunded.")
    _killed(day)


def _one_run(day: Day) -> None:
    numbers = [day.new_invoice(total)["number"] for total in (45_000, 12_550)]
    paid = day.pay(RECEPTION, *(day.numbered(number) for number in numbers))
    day.must(paid["state"] == "approved", f"The run over two invoices is {paid['state']} ({paid['cause']}).")
    day.clinic.until("both bookings", day.is_booked, limit_s=300)
    day.note(f"{' and '.join(numbers)} of one owner in one card run, {money(paid)}: PAID, booked on each.")


def _parked(day: Day) -> None:
    """Two payments that Provet will not take as they are: each waits in sight with its cause, and holds up nobody."""
    draft = day.new_invoice(23_000)
    paid = day.start(ROOM, day.numbered(draft["number"]))
    day.clinic.until("the card", lambda: day.payment(paid)["state"] == "sent", limit_s=30)
    day.clinic.control("PATCH", f"/practice/invoices/{draft['id']}", {"status": 0})
    row = day.wait_parked(day.outcome(paid))
    day.note(f"{draft['number']} became a draft while the card was read: PAID, its booking is PARKED ({row['cause']}).")
    tomorrow = day.local_time() + timedelta(days=1)
    day.clinic.control("PUT", "/practice", {"lock_date": f"{tomorrow:%Y-%m-%d}"})
    locked = day.wait_parked(day.pay(LAB, day.numbered(day.new_invoice(9_900)["number"])))
    day.note(f"The books are locked: PAID, its booking is PARKED ({locked['cause']}).")
    day.clinic.control("PUT", "/practice", {"lock_date": None})
    day.clinic.control("PATCH", f"/practice/invoices/{draft['id']}", {"status": 3})
    for parked in (row, locked):
        day.clinic.agent.post(f"/outbox/{parked['id']}/retry", {})
    day.clinic.until("the two released bookings", day.is_booked, limit_s=600)
    day.note("Both causes are mended and the two are sent again: booked, once each.")


def _killed(day: Day) -> None:
    invoice = day.invoice(1)
    day.cardholder(RECEPTION, {"do": "tap", "after_s": 20})
    payment = day.start(RECEPTION, invoice)
    day.clinic.until("the card", lambda: day.payment(payment)["state"] == "sent", limit_s=30)
    day.clinic.kill_agent()
    day.note(f"{invoice['number']}, {money(payment)}: at the terminal, and the agent is killed (SIGKILL).")
    day.clinic.advance(40)
    day.clinic.start_agent()
    healed = day.outcome(payment)
    day.must(healed["state"] == "approved", f"After the kill the payment is {healed['state']}.")
    day.note(f"The agent is back and knows: {invoice['number']} PAID, by the terminal's own record.")


def evening(day: Day) -> None:
    """Every terminal is closed, and edgepos' own match of three is green."""
    day.clinic.until("the last bookings", day.is_booked, limit_s=600)
    for terminal in (RECEPTION, ROOM, LAB):
        closed = day.reconcile(terminal)
        day.must(closed["state"] == "approved", f"The reconciliation of {terminal} is {closed['state']}.")
    day.note("All three terminals are reconciled.")
    match = day.clinic.agent.get("/match")
    for terminal in match["terminals"]:
        sides = (terminal[side] for side in ("terminal_minor", "journal_minor", "practice_minor"))
        equation = " = ".join("not known" if side is None else shown(side) for side in sides)
        day.note(f"{NAMES[terminal['terminal']]}, period {terminal['period']}: terminal = journal = Provet: {equation}")
        for difference in terminal["differences"]:
            day.note(f"  {difference['cause']}: {', '.join(difference['ids'])}. {difference['mend']}")
    day.must(bool(match["agree"]), "edgepos' own match of three does not agree.")


STEPS = (morning, forenoon, noon, afternoon, evening)
