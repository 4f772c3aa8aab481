"""A journal that has lost its newest part, or all of it, and catches up: whatever was done in between.

A clinic works, a copy of its journal is made, it works on, and then the copy, or an empty journal, takes the place of
what it had. Each terminal is let go as a technician would. Then no operation stands in the journal that the bank does
not have just so (terminal, kind, amount), nothing that the practice system has booked is missing, nothing is booked a
second time, and each terminal takes its next payment.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgepos.agent import adopting
from edgepos.agent.adopting import Adopting
from edgepos.agent.forms import Form
from edgepos.chance import SeededChance
from edgepos.domain.booking import row_in
from edgepos.domain.errors import EdgeposError, Refused
from edgepos.domain.operation import Kind, Operation, Origin, State
from edgepos.journal import restore
from tests.proof.clinic import RECEPTION, ROOM, STAFF, Clinic, House
from tests.proof.figures import SOAK
from tests.proof.seeds import Twin, convict, play_all, told

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(3600)]

TABLE = "journals restored from a copy, or lost, that catch up"
ROUNDS = 30 * SOAK
TEST = "tests/proof/test_restored.py"
TERMINALS = (RECEPTION, ROOM)
DEPARTMENT = 2
TRIES = 8
"""A terminal is let go in two steps with a reconciliation between them; a third is for one that was busy."""


@dataclass(slots=True)
class History:
    """What was asked for on both sides of the copy."""

    clinic: Clinic
    draw: random.Random
    done: list[str] = field(default_factory=list)

    async def work(self, operations: int) -> None:
        for _ in range(operations):
            with suppress(EdgeposError):
                ended = await self.clinic.outcome(await self._ask())
                self.done.append(f"{ended.kind} {ended.id} at {ended.terminal}: {ended.asked_minor} {ended.state}")
            await asyncio.sleep(8.0)

    async def _ask(self) -> str:
        terminal = self.draw.choice(TERMINALS)
        paid = await self._payments()
        match self.draw.choices(("pay", "pay two", "plain", "refund", "reverse", "reconcile"), (4, 2, 1, 3, 2, 1))[0]:
            case "refund" if paid:
                payment = self.draw.choice(paid)
                form = {"terminal": terminal, "amount_minor": self.draw.randint(1, payment.moved_minor)}
                asking = self.clinic.agent.parts.asking
                return (await asking.refund(payment, Form(form), STAFF, self.clinic.key())).id
            case "reverse" if paid:
                return await self.clinic.reverse(paid[0].id)
            case "reconcile":
                return await reconciled(self.clinic, terminal)
            case "plain":
                return await self._pay(terminal, 0)
            case "pay two":
                return await self._pay(terminal, 2)
            case _:
                return await self._pay(terminal, 1)

    async def _payments(self) -> list[Operation]:
        approved = await self.clinic.agent.parts.journal.operations(state=State.APPROVED, limit=20)
        return [one for one in approved if one.kind is Kind.PURCHASE]

    async def _pay(self, terminal: str, invoices: int) -> str:
        return await pay(self.clinic, terminal, [1_000 + self.draw.randrange(50_000) for _ in range(invoices)])


async def pay(clinic: Clinic, terminal: str, due_minor: list[int]) -> str:
    """A payment of so many new invoices; without any, one over the counter."""
    practice = clinic.simulator.world.practice
    lines = [
        {"invoice": str(practice.new_invoice(due, DEPARTMENT).id), "part": 1, "due_minor": due, "amount_minor": due}
        for due in due_minor
    ]
    what = {"lines": lines} if lines else {"amount_minor": 4_200, "text": "over the counter"}
    form = Form({"terminal": terminal, "currency": "SEK", "gap_confirmed": True, **what})
    return (await clinic.agent.parts.asking.purchase(form, STAFF, clinic.key())).id


async def reconciled(clinic: Clinic, terminal: str) -> str:
    return (await clinic.agent.parts.asking.reconcile(Form({"terminal": terminal}), STAFF, clinic.key())).id


async def play(place: House, seed: int) -> list[str]:
    """One round from *seed*: what is wrong at its end."""
    draw = random.Random(seed)
    async with place.clinic(seed) as clinic:
        if draw.random() < 0.2:
            for terminal in TERMINALS:
                clinic.terminal(terminal).printer_width = 0
        await clinic.start()
        await asyncio.sleep(2.0)
        history = History(clinic, draw)
        await history.work(draw.randrange(5))
        copy = await copied(clinic) if draw.random() < 0.7 else None
        await history.work(draw.randrange(4))
        if draw.random() < 0.6:
            clinic.fault("down", None, service="provet", args={"how": "503", "seconds": 86_400.0})
        await history.work(draw.randrange(4))
        clinic.kill()
        await clinic.dead()
        await clinic.mend()
        await replaced(clinic, copy, seed)
        await asyncio.sleep(20.0)
        await clinic.start()
        await asyncio.sleep(20.0)  # nobody is that quick after a restore
        await clinic.at_rest()
        problems = [problem for terminal in TERMINALS for problem in await let_go(clinic, terminal)]
        await clinic.at_rest()
        problems += await judge(clinic)
        return [f"{problem} (after {'; '.join(history.done)})" for problem in problems]


async def copied(clinic: Clinic) -> Path:
    await clinic.at_rest()
    folder = clinic.folder / "backups"
    folder.mkdir()
    return (await clinic.agent.parts.journal.backup(folder)).path


async def replaced(clinic: Clinic, copy: Path | None, seed: int) -> None:
    """The copy in the journal's place, or nothing at all."""
    shutil.rmtree(clinic.state)
    clinic.state.mkdir(mode=0o700)
    if copy is not None:
        await restore(copy, clinic.state, clock=clinic.clock, chance=SeededChance(1_000 + seed))
    else:
        clinic._chance = SeededChance(1_000 + seed)  # another box draws other references


async def let_go(clinic: Clinic, terminal: str) -> list[str]:
    """What a technician does until the terminal takes payments again, and the first of them."""
    parts, said = clinic.agent.parts, ""
    for _ in range(TRIES):
        try:
            await parts.holding.release(terminal, other_box_is_off=True, operator="tech.bo")
            paid = await clinic.outcome(await pay(clinic, terminal, [7_700]))
            if paid.state is State.APPROVED:
                await asyncio.sleep(8.0)
                return []
            said = f"a payment ended {paid.state} ({paid.cause})"
        except Refused as refused:
            said = refused.code
            if refused.code == "reconcile-first":
                await clinic.outcome_or_unknown(await reconciled(clinic, terminal))
        await asyncio.sleep(10.0)
    return [f"{terminal} is not let go: {said}"]


# --- what is true at the end


async def judge(clinic: Clinic) -> list[str]:
    truth, journal = clinic.truth(), clinic.agent.parts.journal
    bank = [
        {**entry, "terminal": terminal}
        for terminal, ledger in truth["terminals"].items()
        for session in ledger["sessions"]
        for entry in session["entries"]
    ]
    operations = await everything(clinic)
    known = {one.id for one in operations}
    booked = Counter(
        row for one in truth["bookings"] if not one["cancelled"] and (row := row_in(one["info"])) is not None
    )
    problems = [wrong for one in operations if one.moved_minor and (wrong := not_so(one, bank))]
    problems += [f"{row} is booked {times} times" for row, times in booked.items() if times > 1]
    problems += [f"{row} is booked, and the journal lacks it" for row in booked if row.split(".")[0] not in known]
    problems += await short_lines(operations, truth)
    report = await journal.verify()
    return [*problems, *report.problems]


async def everything(clinic: Clinic) -> list[Operation]:
    found: list[Operation] = []
    journal = clinic.agent.parts.journal
    while page := await journal.operations(limit=200, before=found[-1].id if found else None):
        found += page
    return found


def not_so(one: Operation, bank: list[dict[str, Any]]) -> str:
    """Why the bank does not have *one* as the journal has it; empty if it does.

    A reversal goes out under no reference: the bank has it as a payment of that amount that does not stand.
    """
    if one.kind is Kind.RECONCILIATION:
        return ""
    named = [entry for entry in bank if entry["order_id"] == one.id and entry["kind"] == one.kind]
    if not named and one.kind is not Kind.PURCHASE:
        named = [entry for entry in bank if entry["kind"] == "purchase" and entry["voided"]]
        named = [entry for entry in named if entry["amount_minor"] == one.moved_minor]
    here = [entry for entry in named if entry["terminal"] == one.terminal]
    if any(entry["amount_minor"] == one.moved_minor for entry in here):
        return ""
    seen = [(entry["terminal"], entry["kind"], entry["amount_minor"]) for entry in named]
    return (
        f"the journal has a {one.kind} of {one.moved_minor} at {one.terminal} ({one.id}, {one.origin}), the bank {seen}"
    )


async def short_lines(operations: list[Operation], truth: dict[str, Any]) -> list[str]:
    """Adopted operations of which the journal has less, or more, on invoices than the practice system has."""
    books: dict[str, int] = Counter()
    for booking in truth["bookings"]:
        if not booking["cancelled"] and (row := row_in(booking["info"])):
            books[row.split(".")[0]] += abs(booking["paid_minor"])
    return [
        f"{one.id} has {listed} on its invoices, the practice system {books[one.id]}"
        for one in operations
        if one.origin is Origin.FOUND
        and (listed := sum(line.kept_minor or 0 for line in one.lines if line.invoice)) != books[one.id]
    ]


async def test_a_journal_that_catches_up_says_nothing_that_the_bank_does_not() -> None:
    bad = await play_all(play, ROUNDS, TABLE)
    assert not bad, told(bad, TEST)


# --- the twins


def takes_every_last_result_for_a_payment(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(adopting, "kind_on_slip", lambda slip: Kind.PURCHASE)
    patch.setattr(adopting, "_moved", lambda payments: (Kind.PURCHASE, sum(one.amount_minor for one in payments)))


def takes_every_booking_for_the_terminals_at_hand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(adopting, "terminal_in", lambda info: None)


def takes_a_payment_for_its_first_line(patch: pytest.MonkeyPatch) -> None:
    bookings = Adopting._strange_bookings

    async def first_lines(self: Adopting, terminal: str) -> Any:
        found = await bookings(self, terminal)
        return {reference: dict(list(lines.items())[:1]) for reference, lines in found.items()}

    patch.setattr(Adopting, "_strange_bookings", first_lines)


def believes_what_it_has(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Adopting, terminal: str) -> None:
        return None

    patch.setattr(Adopting, "adopt", nothing)


TWINS: list[Twin] = [
    takes_every_last_result_for_a_payment, takes_every_booking_for_the_terminals_at_hand,
    takes_a_payment_for_its_first_line, believes_what_it_has,
]  # fmt: skip


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
async def test_a_twin_that_guesses_is_convicted(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    await convict(twin, monkeypatch, play, TABLE)
