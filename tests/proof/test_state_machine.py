"""Days that nobody would think of: Hypothesis plays the real journal against the model of `model.py`.

After each step the journal must say what the model says; a step that the model allows is taken, one that it forbids is
refused. Each message begins with the number of the promise in the design ("what may never happen") that was broken.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from journal.clinic import DAY, RECEPTION, SURGERY, Clinic, money_back, purchase

from edgepos.domain.errors import EdgeposError
from edgepos.domain.evidence import Next, Verdict
from edgepos.domain.operation import Fence, Kind, Line, Operation, State
from edgepos.journal import Event, Intent, OutboxRow, PeriodEnd, restore
from edgepos.journal.verify import verify

from . import twins
from .figures import SEED, SOAK, record, replay
from .model import Books, Done, Row, Share, differs
from .turns import alone, in_turns, without_thread

T = TypeVar("T")
STEPS = 100_000 if SOAK == 1 else 1_000_000
DAYS = 40
"""So many come from one seed; then from the next, until there are STEPS."""
DRAWS_A_DAY = 40
TERMINALS = (RECEPTION, SURGERY)
INVOICES = ("501", "502", "503", "504")
COMMON = ("sends", "is_approved", "is_refused", "two_desks_at_once")
"""What an hour has more of: else most terminals are in use, and most steps are refused."""
FENCE = Fence(stan_auth="000007", time="20261125080000", amount_minor=4200, order_id=None)
NOTHING_MOVES = (State.DECLINED, State.CANCELLED, State.NOT_STARTED)
TEST = "tests/proof/test_state_machine.py"

BY_DICE: dict[st.SearchStrategy[Any], Callable[[random.Random], Any]] = {}
"""How an hour draws what Hypothesis draws for a single step."""


def whole(least: int, most: int) -> st.SearchStrategy[int]:
    strategy = st.integers(least, most)
    BY_DICE[strategy] = lambda dice: dice.randint(least, most)
    return strategy


def any_of(*values: T) -> st.SearchStrategy[T]:
    strategy = st.sampled_from(values)
    BY_DICE[strategy] = lambda dice: dice.choice(values)
    return strategy


picks, amounts = whole(0, 2**16), whole(1, 9_999)
yes_or_no = any_of(False, True)
terminals = any_of(*TERMINALS)
invoices, invoices_or_none = any_of(*INVOICES), any_of(*INVOICES, None)


class JournalDay(RuleBasedStateMachine):
    """One journal and its model. Each rule is one step at the journal."""

    folder: Path
    runner: asyncio.Runner
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.place = Path(tempfile.mkdtemp(dir=self.folder))
        self.clinic = Clinic(self.place / "state")
        self.heads: list[tuple[int, str]] = []
        self.heard: list[Event] = []
        self.copy: tuple[Path, Books, tuple[int, str]] | None = None
        self.key = 0
        self.done_here = 0
        """Steps of this day. What is drawn may hang on it, never on what other days have done before."""
        self.wait(self.open())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return alone(work)

    def counted(self, steps: int) -> None:
        self.done_here += steps
        type(self).steps += steps

    async def open(self) -> None:
        journal = await self.clinic.open()
        journal.subscribe(self.heard.extend)

    def tried(self, work: Coroutine[Any, Any, T]) -> T | None:
        """One step: what the journal gives, or None if it refuses."""
        self.counted(1)
        try:
            return self.wait(work)
        except EdgeposError:
            return None

    # --- what is so after each step

    def check(self, one: Done, found: Operation | None, promise: str) -> None:
        """The journal has of *one* what the model has: the operation and its outbox rows."""
        self.check_operation(one, found, promise)
        owed = {name: row for name, row in self.books.rows.items() if name.startswith(one.id)}
        kept = {row.row: as_model(row) for row in self.wait(self.clinic.journal.outbox_of(one.id))}
        assert kept == owed, f"2, 6: the outbox of {one.id} is {kept}, not {owed}"

    def check_operation(self, one: Done, found: Operation | None, promise: str) -> None:
        assert found is not None, f"{promise}: {one.id} was refused"
        assert not (wrong := differs(one, found)), f"{promise}: {wrong}"
        if one.state is State.SENT:
            assert found.fence == FENCE, "1: sent without its fence"

    def taken(self, allowed: bool, answer: object, promise: str) -> bool:
        assert (answer is not None) == allowed, f"{promise}: {'taken' if answer else 'refused'} against the model"
        return answer is not None

    def check_all(self) -> None:
        """The whole journal against the whole model, and what has to be so whatever the model says."""
        journal = self.clinic.journal
        everything: list[Operation] = []
        while page := self.wait(journal.operations(limit=200, before=everything[-1].id if everything else None)):
            everything += page
        assert {one.id for one in everything} == self.books.done.keys(), "12: operations came or went by themselves"
        for found in everything:
            self.check_operation(self.books.done[found.id], found, "3, 12")
        owed: list[OutboxRow] = []
        while rows := self.wait(journal.outbox(limit=200, before=owed[-1].row if owed else None)):
            owed += rows
        assert {row.row: as_model(row) for row in owed} == self.books.rows, "2, 6: the outbox is another one"
        held = [one.terminal for one in self.books.done.values() if one.holds_terminal]
        assert len(held) == len(set(held)), "5: two open operations on one terminal"
        claims = [
            (line.invoice, line.part)
            for one in everything
            for line in one.lines
            if line.claim in ("open", "kept") and str(one.origin) == "asked" and line.invoice
        ]
        assert len(claims) == len(set(claims)), "5: two claims on one part"
        booked = [row.practice_payment for row in self.books.rows.values() if row.practice_payment]
        assert len(booked) == len(set(booked)), "6: two bookings are one payment"
        for one in self.books.of(State.APPROVED, State.SETTLED_BY_HAND, kinds=(Kind.PURCHASE,)):
            left = self.wait(journal.refundable(one.id))
            assert left == max(0, self.books.left(one)), f"7: {left} left of {one.id}, not {self.books.left(one)}"
        for terminal, period in self.books.periods.items():
            assert self.wait(journal.terminal(terminal)).period == period, "12: a period came or went by itself"
        sequence = [event.seq for event in self.heard]
        assert sequence == list(range(sequence[0], sequence[0] + len(sequence))) if sequence else True, (
            "2: not in order"
        )

    def teardown(self) -> None:
        try:
            self.check_all()
            connection = self.clinic.journal._database.connection
            report = verify(connection, self.clinic.journal.head)
            assert report.ok, f"9: {report.problems}"
            chain = {seq: digest.hex() for seq, digest in connection.execute("SELECT seq, hash FROM event")}
            assert all(chain.get(seq) == digest for seq, digest in self.heads), "9: a head that left the box is gone"
        finally:
            self.wait(self.clinic.journal.close())
            shutil.rmtree(self.place)

    # --- many steps for one draw

    @initialize(seed=st.integers(0, 2**32), steps=st.integers(1, 200))
    def a_morning(self, seed: int, steps: int) -> None:
        self.an_hour(seed, steps)

    @rule(seed=st.integers(0, 2**32), steps=st.integers(1, 100))
    def an_hour(self, seed: int, steps: int) -> None:
        """A start and what follows. Hypothesis's own draws cost more than the steps: here it draws the seed alone."""
        dice, end = random.Random(seed), self.done_here + steps
        rules = [one for one in self.rules if one.function.__name__ not in ("an_hour", "starts_again")]
        rules += [one for one in rules if one.function.__name__ in COMMON] * 3
        self.starts_again(bool(seed % 2))
        while self.done_here < end:
            one = dice.choice(rules)
            drawn = {name: BY_DICE[strategy](dice) for name, strategy in one.arguments_strategies.items()}
            if all(allows(self) for allows in one.preconditions):
                one.function(self, **drawn)

    # --- the start of an operation

    def purchase(self, terminal: str, shares: list[Share]) -> Intent:
        self.key += 1
        lines = [
            Line(line=one.line, amount_minor=one.amount, invoice=one.invoice, number=one.invoice, part=one.part)
            for one in shares
        ]
        return purchase(sum(one.amount for one in shares), *lines, terminal=terminal, key=f"key-{self.key}")

    def shares(self, amount: int, *invoices: str | None) -> list[Share]:
        return [
            Share(number, invoice, amount + number, invoice and self.books.next_part(invoice), claim="open")
            for number, invoice in enumerate(invoices, 1)
        ]

    def begun(self, kind: Kind, terminal: str, shares: list[Share], found: Operation, **more: str | None) -> Done:
        one = Done(found.id, kind, "asked", terminal, sum(share.amount for share in shares), shares, **more)  # type: ignore[arg-type]
        self.books.done[one.id] = one
        self.books.periods.setdefault(terminal, 1)
        return one

    @rule(terminal=terminals, invoice=invoices_or_none, amount=amounts)
    def begins_a_purchase(self, terminal: str, invoice: str | None, amount: int) -> None:
        self.start(terminal, self.shares(amount, invoice))

    @rule(terminal=terminals, amount=amounts)
    def begins_a_run_of_two(self, terminal: str, amount: int) -> None:
        self.start(terminal, self.shares(amount, *INVOICES[:2]))

    def start(self, terminal: str, shares: list[Share]) -> Done | None:
        claimed = any(share.invoice and self.books.is_claimed(share.invoice) for share in shares)
        answer = self.tried(self.clinic.journal.intend(self.purchase(terminal, shares)))
        if not self.taken(self.books.is_free(terminal) and not claimed, answer, "5") or answer is None:
            return None
        one = self.begun(Kind.PURCHASE, terminal, shares, answer[0])
        self.check(one, answer[0], "1")
        return one

    @rule(terminal=terminals, invoice=invoices_or_none, amount=amounts)
    def a_payment_goes_well(self, terminal: str, invoice: str | None, amount: int) -> None:
        if one := self.start(terminal, self.shares(amount, invoice)):
            self.send(one)
            self.decide(one, State.APPROVED, one.asked)

    @rule(terminal=terminals, amount=amounts, state=any_of(State.APPROVED, *NOTHING_MOVES))
    def a_payment_is_lost_and_found(self, terminal: str, amount: int, state: State) -> None:
        if one := self.start(terminal, self.shares(amount, *INVOICES[2:])):
            self.send(one)
            self.lose(one)
            self.lose(one)
            self.decide(one, state, one.asked if state is State.APPROVED else 0)

    @rule(terminal=terminals, other=terminals, amount=amounts, turns=picks)
    def two_desks_at_once(self, terminal: str, other: str, amount: int, turns: int) -> None:
        """Both want the same invoice in the same instant; who goes on at each turn is drawn."""
        first, second = self.shares(amount, INVOICES[0]), self.shares(amount, INVOICES[0])
        is_free = not self.books.is_claimed(INVOICES[0])
        intents = (self.purchase(terminal, first), self.purchase(other, second))
        self.counted(2)

        found = in_turns([self.clinic.journal.intend(intent) for intent in intents], turns)
        answers = [answer for answer in found if not isinstance(answer, EdgeposError)]
        allowed = int(is_free and (self.books.is_free(terminal) or self.books.is_free(other)))
        assert len(answers) == allowed, f"5: {len(answers)} of two desks have the invoice"
        for answer in answers:
            assert not isinstance(answer, BaseException)
            self.check(self.begun(Kind.PURCHASE, answer[0].terminal, first, answer[0]), answer[0], "1")

    @precondition(lambda self: self.books.done)
    @rule(pick=picks)
    def presses_again(self, pick: int) -> None:
        """The same press once more, as after a lost answer."""
        asked = [one for one in self.books.done.values() if one.origin == "asked" and one.kind is Kind.PURCHASE]
        if not asked:
            return
        one = asked[pick % len(asked)]
        found = self.wait(self.clinic.journal.operation(one.id))
        lines = [Share(1, None, 1)]
        intent = purchase(1, *[Line(line=1, amount_minor=1)], key=found.request_key)
        answer = self.tried(self.clinic.journal.intend(intent))
        assert answer, f"6: {one.id} was refused when it was pressed again"
        assert (answer[0].id, answer[1]) == (one.id, False), f"6: {lines} began a second time"

    # --- its end

    def one_of(self, pick: int, *states: State, kinds: tuple[Kind, ...] = tuple(Kind)) -> Done | None:
        found = [one for one in self.books.of(*states, kinds=kinds) if one.origin == "asked" or not one.is_open]
        return found[pick % len(found)] if found else None

    @precondition(lambda self: self.books.of(State.INTENDED))
    @rule(pick=picks)
    def sends(self, pick: int) -> None:
        one = self.one_of(pick, State.INTENDED)
        assert one
        self.send(one)

    def send(self, one: Done) -> None:
        one.state = State.SENT
        self.check(one, self.tried(self.clinic.journal.sent(one.id, FENCE)), "1")

    @precondition(lambda self: self.books.of(State.INTENDED))
    @rule(pick=picks)
    def a_check_before_sending_fails(self, pick: int) -> None:
        one = self.one_of(pick, State.INTENDED)
        assert one
        self.decide(one, State.NOT_STARTED, 0)

    @precondition(lambda self: self.books.of(State.SENT, State.UNKNOWN))
    @rule(pick=picks)
    def the_answer_is_lost(self, pick: int) -> None:
        one = self.one_of(pick, State.SENT, State.UNKNOWN)
        assert one
        self.lose(one)

    def lose(self, one: Done) -> None:
        one.state = State.UNKNOWN
        self.check(one, self.tried(self.clinic.journal.unknown(one.id, "no-answer", {"answer": "cut"})), "3")

    @precondition(lambda self: self.books.of(State.SENT, State.UNKNOWN))
    @rule(pick=picks, share=whole(1, 100))
    def is_approved(self, pick: int, share: int) -> None:
        """All of it, or for a purchase a part."""
        one = self.one_of(pick, State.SENT, State.UNKNOWN)
        assert one
        part = one.kind is Kind.PURCHASE and share < 30
        self.decide(one, State.APPROVED, max(1, one.asked * share // 100) if part else one.asked)

    @precondition(lambda self: self.books.of(State.SENT, State.UNKNOWN))
    @rule(pick=picks, state=any_of(*NOTHING_MOVES))
    def is_refused(self, pick: int, state: State) -> None:
        one = self.one_of(pick, State.SENT, State.UNKNOWN)
        assert one
        self.decide(one, state, 0)

    def decide(self, one: Done, state: State, moved: int) -> None:
        approved = state is State.APPROVED
        result = self.clinic.result(moved, session="") if approved and moved else None
        verdict = Verdict(then=Next.DECIDED, state=state, evidence=("own-reply",), result=result, approved_minor=moved)
        closes = PeriodEnd(slip="SLIP") if approved and one.kind is Kind.RECONCILIATION else None
        one.ends(state, moved)
        self.books.book(one)
        if closes:
            self.books.periods[one.terminal] += 1
        self.check(one, self.tried(self.clinic.journal.decided(one.id, verdict, closes=closes)), "2, 4")

    @precondition(lambda self: self.books.of(State.APPROVED, *NOTHING_MOVES, State.SETTLED_BY_HAND))
    @rule(pick=picks, state=any_of(State.APPROVED, *NOTHING_MOVES))
    def a_final_one_is_decided_again(self, pick: int, state: State) -> None:
        one = self.one_of(pick, State.APPROVED, *NOTHING_MOVES, State.SETTLED_BY_HAND)
        if one is None:
            return
        verdict = Verdict(then=Next.DECIDED, state=state, approved_minor=1)
        with pytest.raises(Exception, match="no "):
            self.tried(self.clinic.journal.decided(one.id, verdict))
        self.check(one, self.wait(self.clinic.journal.operation(one.id)), "3")

    @precondition(lambda self: self.books.of(State.UNKNOWN, kinds=(Kind.PURCHASE, Kind.REFUND)))
    @rule(pick=picks, is_taken=yes_or_no)
    def is_settled_by_hand(self, pick: int, is_taken: bool) -> None:
        one = self.one_of(pick, State.UNKNOWN, kinds=(Kind.PURCHASE, Kind.REFUND))
        assert one
        one.ends(State.SETTLED_BY_HAND, one.asked if is_taken else 0)
        self.books.book(one)
        answer = self.tried(
            self.clinic.journal.settled(
                one.id, outcome="taken" if is_taken else "not_taken", slip_number="0042", amount_minor=one.asked,
                operator="anna", confirmed_by="bo",
            )
        )  # fmt: skip
        self.check(one, answer, "12")

    @precondition(lambda self: self.books.done)
    @rule(pick=picks)
    def a_known_one_is_settled_by_hand(self, pick: int) -> None:
        known = [one for one in self.books.done.values() if one.state is not State.UNKNOWN]
        if known:
            one = known[pick % len(known)]
            settled = self.clinic.journal.settled(
                one.id, outcome="taken", slip_number="1", amount_minor=1, operator="anna", confirmed_by="bo"
            )
            self.taken(False, self.tried(settled), "3")

    # --- money back

    @precondition(lambda self: self.books.of(State.APPROVED, State.SETTLED_BY_HAND, kinds=(Kind.PURCHASE,)))
    @rule(pick=picks, amount=amounts, terminal=terminals, all_of_it=yes_or_no)
    def gives_back(self, pick: int, amount: int, terminal: str, all_of_it: bool) -> None:
        payment = self.one_of(pick, State.APPROVED, State.SETTLED_BY_HAND, kinds=(Kind.PURCHASE,))
        assert payment
        left = self.books.left(payment)
        amount = left if all_of_it and left > 0 else amount
        shares = self.books.money_back_lines(payment, amount)
        answer = self.tried(self.clinic.journal.intend(money_back(Kind.REFUND, payment.id, amount, terminal=terminal)))
        if self.taken(amount <= left and self.books.is_free(terminal), answer, "7") and answer:
            one = self.begun(Kind.REFUND, terminal, shares, answer[0], corrects=payment.id)
            one.asked = amount
            self.check(one, answer[0], "7")

    @precondition(lambda self: self.books.of(State.APPROVED, kinds=(Kind.PURCHASE,)))
    @rule(pick=picks)
    def undoes(self, pick: int) -> None:
        payment = self.one_of(pick, State.APPROVED, kinds=(Kind.PURCHASE,))
        assert payment
        left = self.books.left(payment)
        shares = self.books.left_lines(payment)
        answer = self.tried(
            self.clinic.journal.intend(money_back(Kind.REVERSAL, payment.id, payment.moved, terminal=payment.terminal))
        )
        allowed = left == payment.moved > 0 and self.books.is_free(payment.terminal)
        if self.taken(allowed, answer, "7") and answer:
            one = self.begun(Kind.REVERSAL, payment.terminal, shares, answer[0], corrects=payment.id)
            one.asked = payment.moved
            self.check(one, answer[0], "7")

    # --- what the terminal or a person says has happened

    @rule(terminal=terminals, invoice=invoices_or_none, amount=amounts)
    def finds_a_sale(self, terminal: str, invoice: str | None, amount: int) -> None:
        self.adopt(terminal, amount, Share(1, invoice, amount, invoice and self.books.next_part(invoice), claim="open"))

    @precondition(lambda self: self.books.of(State.SETTLED_BY_HAND, kinds=(Kind.PURCHASE,)))
    @rule(pick=picks)
    def finds_what_was_settled(self, pick: int) -> None:
        """The terminal's own record of a payment that a person has closed: money counts once."""
        settled = self.one_of(pick, State.SETTLED_BY_HAND, kinds=(Kind.PURCHASE,))
        assert settled
        if any(one.corrects == settled.id and one.origin == "found" for one in self.books.done.values()):
            return
        shares = [Share(one.line, one.invoice, one.amount, one.part, claim="open") for one in settled.shares]
        self.adopt(settled.terminal, settled.asked, *shares, settled=settled)

    def adopt(self, terminal: str, amount: int, *shares: Share, settled: Done | None = None) -> None:
        lines = tuple(
            Line(line=one.line, amount_minor=one.amount, invoice=one.invoice, number=one.invoice) for one in shares
        )
        answer = self.tried(
            self.clinic.journal.found(
                kind=Kind.PURCHASE, terminal=terminal, currency="SEK", clinic_day=DAY, why="found",
                result=self.clinic.result(amount, session=""), lines=() if settled else lines,
                corrects=settled.id if settled else None,
            )
        )  # fmt: skip
        assert answer, "5: what the terminal did was refused"
        one = Done(
            answer.id, Kind.PURCHASE, "found", terminal, amount, list(shares), corrects=settled.id if settled else None,
            is_booked=settled is None or settled.moved == 0,
        )  # fmt: skip
        one.ends(State.APPROVED, amount)
        self.books.done[one.id] = one
        self.books.periods.setdefault(terminal, 1)
        self.books.book(one)
        self.check(one, answer, "2")

    @rule(terminal=terminals, invoice=invoices, amount=amounts)
    def records_a_slip(self, terminal: str, invoice: str, amount: int) -> None:
        share = Share(1, invoice, amount, self.books.next_part(invoice), claim="open")
        answer = self.tried(
            self.clinic.journal.recorded(
                kind=Kind.PURCHASE, terminal=terminal, currency="SEK", amount_minor=amount, slip_number="0007",
                operator="anna", clinic_day=DAY, lines=(Line(line=1, amount_minor=amount, invoice=invoice, number="x"),),
            )
        )  # fmt: skip
        assert answer, "5: a slip was refused"
        one = Done(answer[0].id, Kind.PURCHASE, "recorded", terminal, amount, [share])
        one.ends(State.APPROVED, amount)
        self.books.done[one.id] = one
        self.books.periods.setdefault(terminal, 1)
        self.books.book(one)
        self.check(one, answer[0], "2")

    @precondition(lambda self: self.unlisted())
    @rule(pick=picks, invoice=invoices)
    def gives_a_payment_its_invoice(self, pick: int, invoice: str) -> None:
        one = self.unlisted()[pick % len(self.unlisted())]
        part = self.books.next_part(invoice)
        is_claimed = one.origin == "asked" and self.books.is_claimed(invoice, part)
        answer = self.tried(
            self.clinic.journal.assigned(one.id, line=1, invoice=invoice, number=invoice, operator="anna")
        )
        if self.taken(not is_claimed, answer, "5"):
            one.shares[0].invoice, one.shares[0].part = invoice, part
            self.books.book(one)
            for back in self.books.given_back(one.id):
                for share in back.shares:
                    share.invoice = invoice
                self.books.book(back)
            self.check(one, answer, "6")

    def unlisted(self) -> list[Done]:
        """Payments that no invoice has yet, and that are their money's only row."""
        return [
            one
            for one in self.books.of(State.APPROVED, State.SETTLED_BY_HAND, kinds=(Kind.PURCHASE,))
            if one.moved and one.shares[0].invoice is None and one.corrects is None and not self.contradicted(one)
        ]

    def contradicted(self, one: Done) -> bool:
        return any(other.corrects == one.id and other.origin == "found" for other in self.books.done.values())

    # --- the outbox

    @precondition(lambda self: self.books.rows)
    @rule(pick=picks, payment=whole(1, 40))
    def is_acknowledged(self, pick: int, payment: int) -> None:
        name, row = list(self.books.rows.items())[pick % len(self.books.rows)]
        practice_payment = f"pp-{payment}"
        allowed = row.practice_payment in (None, practice_payment) and (
            row.practice_payment is not None or not self.books.is_taken(practice_payment)
        )
        if self.taken(allowed, self.tried(self.clinic.journal.acknowledged(name, practice_payment, "post")), "6"):
            row.state, row.practice_payment = "acknowledged", practice_payment
        self.check_row(name)

    @precondition(lambda self: self.books.rows)
    @rule(pick=picks, release=yes_or_no)
    def is_parked_or_released(self, pick: int, release: bool) -> None:
        name, row = list(self.books.rows.items())[pick % len(self.books.rows)]
        journal = self.clinic.journal
        work = journal.released(name, "anna", {}) if release else journal.parked(name, "refused", {"status": 400})
        if self.taken(row.state != "acknowledged", self.tried(work), "6"):
            row.state = "queued" if release else "parked"
        self.check_row(name)

    def check_row(self, name: str) -> None:
        found = self.wait(self.clinic.journal.outbox_row(name))
        kept = as_model(found)
        assert kept == self.books.rows[name], f"6: {name} is {kept}, not {self.books.rows[name]}"
        assert (found.cause is None) == (kept.state != "parked"), "6: parked without its cause"

    # --- terminals and days

    @rule(terminal=terminals)
    def begins_a_reconciliation(self, terminal: str) -> None:
        intent = Intent(
            kind=Kind.RECONCILIATION, terminal=terminal, currency="SEK", asked_minor=0, operator="anna", clinic_day=DAY
        )
        answer = self.tried(self.clinic.journal.intend(intent))
        if self.taken(self.books.is_free(terminal, closing=True), answer, "5") and answer:
            self.check(self.begun(Kind.RECONCILIATION, terminal, [], answer[0]), answer[0], "1")

    @rule(terminal=terminals, hold=any_of(False, False, False, True))
    def is_held_or_released(self, terminal: str, hold: bool) -> None:
        journal = self.clinic.journal
        row = self.tried(
            journal.held(terminal, "restored") if hold else journal.terminal_released(terminal, "tech.olof")
        )
        if hold:
            self.books.periods.setdefault(terminal, 1)
        self.books.held = self.books.held | {terminal} if hold else self.books.held - {terminal}
        assert row
        assert (row.held is not None) == hold, "5: a hold was not kept"

    # --- the process and the box

    @rule(is_killed=yes_or_no)
    def starts_again(self, is_killed: bool) -> None:
        """What was open is open, what was unknown is unknown."""
        self.counted(1)
        self.heads.append(self.clinic.journal.head)
        if is_killed:
            self.clinic.journal._database._broken = "killed"  # closed without a checkpoint, as a killed one is
        self.wait(self.clinic.restart())
        self.clinic.journal.subscribe(self.heard.extend)
        assert self.clinic.journal.head == self.heads[-1], "2, 9: the journal of another moment"
        if is_killed:
            self.check_all()

    @precondition(lambda self: self.done_here % 59 == 58 and self.books.done)
    @rule()
    def is_copied(self) -> None:
        folder = self.place / f"copy-{self.done_here}"
        folder.mkdir()
        self.counted(1)
        made = self.runner.run(self.clinic.journal.backup(folder))
        self.copy = (made.path, deepcopy(self.books), (made.seq, made.head))

    @precondition(lambda self: self.done_here % 31 == 30 and self.copy)
    @rule()
    def is_restored(self) -> None:
        """A copy comes back: all that was open may have gone on since, and no terminal is trusted."""
        assert self.copy
        self.counted(1)
        path, books, head = self.copy
        self.wait(self.clinic.journal.close())
        self.wait(restore(path, self.clinic.folder, clock=self.clinic.clock, chance=self.clinic.dice))
        self.heard, self.heads, self.books, self.copy = [], [head], books, None
        self.wait(self.open())
        for one in self.books.done.values():
            if one.is_open:
                one.state = State.UNKNOWN
        self.books.held = set(self.books.periods)
        self.check_all()


def as_model(row: OutboxRow) -> Row:
    return Row(row.invoice, row.amount_minor, str(row.state), row.practice_payment)


# --- the runs


def play(days: int, folder: Path, phases: tuple[Phase, ...], more: int = 0) -> int:
    """*days* of it from one seed, the *more*-th of this run. Gives how many steps they were."""
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        without_thread(patch)
        machine: Any = type("JournalDay", (JournalDay,), {"folder": folder, "runner": runner, "steps": 0})
        seed(SEED * 100_000 + more)(machine)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine,
            settings=settings(
                max_examples=days, stateful_step_count=DRAWS_A_DAY, deadline=None, database=None, phases=phases,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    return int(machine.steps)


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        twins.selects_then_inserts(patch)
        yield


@pytest.mark.usefixtures("twin")
def test_who_selects_and_then_inserts_is_convicted(memory: Path) -> None:
    with pytest.raises(AssertionError) as convicted:
        play(50, memory, (Phase.generate,))
    broken: BaseException = convicted.value
    while broken.__context__ is not None:  # the end of the day is looked at too, and tells of what follows
        broken = broken.__context__
    assert re.match(r"5: ", str(broken)), f"convicted of another thing: {broken}"
    record("state machine", 0, 0, twin_convicted=["select then insert"])


@pytest.mark.timeout(1800 * SOAK)
def test_no_order_of_steps_breaks_a_promise(memory: Path) -> None:
    steps = 0
    try:
        for more in itertools.count():
            steps += play(DAYS, memory, (Phase.generate, Phase.shrink), more)
            if steps >= STEPS:
                break
    except AssertionError as broken:
        record("state machine", steps, 1)
        broken.add_note(replay(TEST))
        raise
    record("state machine", steps, 0)
