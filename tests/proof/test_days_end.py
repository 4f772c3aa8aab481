"""Days of everything that makes three sides differ, closed: what the match calls green is so, and it names what is not.

Payments, tips, part approvals, declines, lost answers, refunds, reversals, sales at the keypad, bookings by hand, bookings
that somebody cancels, a practice system that is away, terminals that close by themselves: drawn from a seed. Then both
terminals are reconciled, and each period's match is held against the bank's own session and the practice system's own
payments, by code that shares nothing with the match.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from edgepos.agent import matching
from edgepos.agent.forms import Form
from edgepos.domain import match
from edgepos.domain.booking import row_in
from edgepos.domain.errors import EdgeposError
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.match import Bookings, JournalSide, Row, TerminalMatch, TerminalSide
from edgepos.domain.operation import Kind, Operation, State
from edgepos.domain.slip import SlipTotals
from edgepos.simulator.practice import Rejected
from edgepos.simulator.terminal import Refused as TerminalRefused
from tests.proof.clinic import RECEPTION, ROOM, STAFF, Clinic, House
from tests.proof.figures import SOAK
from tests.proof.seeds import Twin, convict, play_all, told

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(3600)]

TABLE = "days closed, each green match held against bank and books"
ROUNDS = 25 * SOAK
TEST = "tests/proof/test_days_end.py"
TERMINALS = (RECEPTION, ROOM)
DEPARTMENT = 2


class Day:
    """One clinic's day, as it is drawn."""

    def __init__(self, clinic: Clinic, draw: random.Random) -> None:
        self.clinic, self.draw, self.told = clinic, draw, [""]
        self.acts: list[tuple[int, Callable[[], Any]]] = [
            (8, self.pay), (2, self.tip), (2, self.part), (2, self.decline), (2, self.lose), (3, self.refund),
            (2, self.reverse), (2, self.sell_at_the_keypad), (1, self.book_by_hand), (1, self.cancel_a_booking),
            (2, self.counter_sale), (1, self.books_away), (1, self.close_by_itself), (1, self.reconcile_some),
        ]  # fmt: skip

    async def live(self, acts: int) -> None:
        for _ in range(acts):
            act = self.draw.choices([one for _, one in self.acts], [weight for weight, _ in self.acts])[0]
            self.told.append(act.__name__)
            with suppress(EdgeposError, Rejected, TerminalRefused):
                await act()
            await asyncio.sleep(self.draw.choice((8.0, 8.0, 60.0)))

    @property
    def somewhere(self) -> str:
        return self.draw.choice(TERMINALS)

    # --- at the terminals

    async def pay(self, terminal: str | None = None, **step: Any) -> Operation:
        """A new invoice, or two in one payment, by a card that does as *step* says."""
        terminal = terminal or self.somewhere
        if step:
            self.clinic.cardholder({"do": "tap", **step}, terminal=terminal)
        practice = self.clinic.simulator.world.practice
        dues = [1_000 + self.draw.randrange(50_000) for _ in range(self.draw.choice((1, 1, 2)))]
        lines = [
            {"invoice": str(practice.new_invoice(due, DEPARTMENT).id), "part": 1, "due_minor": due, "amount_minor": due}
            for due in dues
        ]
        form = Form({"terminal": terminal, "currency": "SEK", "lines": lines})
        asked = await self.clinic.agent.parts.asking.purchase(form, STAFF, self.clinic.key())
        return await self.clinic.outcome(asked.id)

    async def tip(self) -> None:
        await self.pay(tip_minor=self.draw.randrange(1, 3_000))

    async def part(self) -> None:
        await self.pay(approve_minor=self.draw.randrange(1, 1_000))

    async def decline(self) -> None:
        await self.pay(decline_code="51")

    async def lose(self) -> None:
        self.clinic.fault(self.draw.choice(("drop_after", "drop_before", "cut_body")), "POST", "*/transaction")
        await self.pay()

    async def counter_sale(self) -> None:
        await self.clinic.outcome(await self.clinic.pay_plain(self.draw.randrange(100, 9_000)))

    async def refund(self) -> None:
        payment = await self.a_payment()
        form = {"terminal": self.somewhere, "amount_minor": self.draw.randint(1, payment.moved_minor)}
        asking = self.clinic.agent.parts.asking
        await self.clinic.outcome((await asking.refund(payment, Form(form), STAFF, self.clinic.key())).id)

    async def reverse(self) -> None:
        payment = await self.pay()
        await asyncio.sleep(8.0)
        await self.clinic.outcome(await self.clinic.reverse(payment.id))

    async def a_payment(self) -> Operation:
        approved = await self.clinic.agent.parts.journal.operations(state=State.APPROVED, limit=20)
        payments = [one for one in approved if one.kind is Kind.PURCHASE]
        return self.draw.choice(payments) if payments else await self.pay()

    async def sell_at_the_keypad(self) -> None:
        self.clinic.terminal(self.somewhere).keypad_sale(self.draw.randrange(100, 9_000))

    async def close_by_itself(self) -> None:
        self.clinic.terminal(self.somewhere).close_session()

    async def reconcile_some(self) -> None:
        await self.reconcile(self.somewhere)

    async def reconcile(self, terminal: str) -> None:
        asked = await self.clinic.agent.parts.asking.reconcile(Form({"terminal": terminal}), STAFF, self.clinic.key())
        await self.clinic.outcome_or_unknown(asked.id)

    # --- in the practice system

    async def book_by_hand(self) -> None:
        """Somebody books a card payment, on an invoice that was paid here or on another one."""
        practice = self.clinic.simulator.world.practice
        invoice = self.draw.choice(list(practice.invoices.values())[-6:])
        practice.book(invoice.id, self.draw.choice((invoice.total_minor, 500)), by_hand=True)

    async def cancel_a_booking(self) -> None:
        practice = self.clinic.simulator.world.practice
        ours = [one for one in practice.bookings.values() if row_in(one.info) and not one.cancelled]
        if ours:
            practice.cancel(self.draw.choice(ours), "", None)

    async def books_away(self) -> None:
        seconds = float(self.draw.choice((60, 600)))
        self.clinic.fault("down", None, service="provet", args={"how": "503", "seconds": seconds})


async def play(place: House, seed: int) -> tuple[int, list[str]]:
    """One day from *seed*: how many periods were green, and what is wrong with what was said of them."""
    draw = random.Random(seed)
    async with place.clinic(seed) as clinic:
        for terminal in TERMINALS:
            clinic.variant(terminal, keypad_after_ours_minor=None)
        await clinic.start()
        await asyncio.sleep(2.0)
        day = Day(clinic, draw)
        await day.live(draw.randrange(3, 16))
        await clinic.mend()
        await clinic.at_rest()
        for terminal in TERMINALS:
            with suppress(EdgeposError):
                await day.reconcile(terminal)
            await asyncio.sleep(8.0)
        await clinic.at_rest()
        await asyncio.sleep(600.0)
        shown = await clinic.agent.parts.closings.match()
        green = [one for one in shown["terminals"] if one["agree"]]
        problems = [problem for one in green for problem in await Truth(clinic, one).contradicts()]
        problems += [problem for one in shown["terminals"] if not one["agree"] for problem in unnamed(one)]
        if shown["agree"] != all(one["agree"] for one in shown["terminals"]):
            problems.append("the whole is not what its parts are")
        return len(green), [f"{problem} (after{', '.join(day.told)})" for problem in problems]


def unnamed(one: Mapping[str, Any]) -> list[str]:
    if any(difference["needs_person"] for difference in one["differences"]):
        return []
    return [f"{one['terminal']}/{one['period']} is red, and nothing says why"]


@dataclass(frozen=True, slots=True)
class Truth:
    """A period that is called green, and what bank and practice system really have of it."""

    clinic: Clinic
    said: Mapping[str, Any]

    async def contradicts(self) -> list[str]:
        said, truth = self.said, self.clinic.truth()
        name = f"{said['terminal']}/{said['period']}"
        sessions = truth["terminals"][said["terminal"]]["sessions"]
        session = next((one for one in sessions if one["session"] == said["session"]), None)
        if session is None:
            return [f"{name} is green, and the bank has no session {said['session']}"]
        stands = [one for one in session["entries"] if not one["voided"] and one["kind"] != "reversal"]
        bank = sum(self.signed(one) for one in stands)
        extra = sum(one["tip_minor"] + one["surcharge_minor"] for one in stands)
        books = await self.booked(truth)
        problems = []
        if said["terminal_minor"] != bank:
            problems.append(f"{name} is green with {said['terminal_minor']} at the terminal, the bank has {bank}")
        if said["practice_minor"] != books:
            problems.append(f"{name} is green with {said['practice_minor']} booked, the practice system has {books}")
        if bank - extra != books:
            problems.append(f"{name} is green, the bank has {bank} with {extra} in tips, the practice system {books}")
        return problems

    @staticmethod
    def signed(entry: Mapping[str, Any]) -> int:
        return -int(entry["amount_minor"]) if entry["kind"] == "refund" else int(entry["amount_minor"])

    async def booked(self, truth: Mapping[str, Any]) -> int:
        """What stands in the practice system under the references of the period's operations."""
        journal = self.clinic.agent.parts.journal
        found = await journal.operations(terminal=self.said["terminal"], period=self.said["period"], limit=200)
        mine = {one.id for one in found}
        named = [(row_in(one["info"]), one) for one in truth["bookings"] if not one["cancelled"]]
        return sum(one["paid_minor"] for row, one in named if row and row.split(".")[0] in mine)


async def test_what_the_match_calls_green_is_so() -> None:
    green: list[int] = []

    async def counted(place: House, seed: int) -> list[str]:
        more, problems = await play(place, seed)
        green.append(more)
        return problems

    bad = await play_all(counted, ROUNDS, TABLE)
    assert not bad, told(bad, TEST)
    assert sum(green) >= ROUNDS // 2, "hardly anything was green: nothing was proven"


# --- the twins


def takes_the_journals_word_for_the_terminals(patch: pytest.MonkeyPatch) -> None:
    match_period = match.match_period

    def twin(terminal: TerminalSide, journal: JournalSide, bookings: Bookings | None) -> TerminalMatch:
        own = SlipTotals((), 0, match.journal_total(journal.operations), terminal.currency, terminal.session)
        return match_period(replace(terminal, totals=own, is_unread=False, foreign_sales=()), journal, bookings)

    patch.setattr(matching, "match_period", twin)


def takes_every_row_for_booked(patch: pytest.MonkeyPatch) -> None:
    def of(self: Bookings, row: Row) -> Sequence[PracticePayment]:
        booked = PracticePayment(
            id="1", invoice=row.invoice, amount_minor=row.amount_minor, payment_type=0, info=row.row
        )
        return [booked]

    patch.setattr(Bookings, "of", of)


def calls_every_difference_harmless(patch: pytest.MonkeyPatch) -> None:
    sides = ("terminal_minor", "practice_minor")
    patch.setattr(TerminalMatch, "agree", property(lambda self: all(getattr(self, side) is not None for side in sides)))


TWINS: list[Twin] = [
    takes_the_journals_word_for_the_terminals, takes_every_row_for_booked, calls_every_difference_harmless,
]  # fmt: skip


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
async def test_a_match_that_believes_is_convicted(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    async def problems(place: House, seed: int) -> list[str]:
        return (await play(place, seed))[1]

    await convict(twin, monkeypatch, problems, TABLE)
