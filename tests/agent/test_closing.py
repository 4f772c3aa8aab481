"""The day's end over a real journal: periods and not dates, frozen reports, red until it is green."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from edgepos.agent.closing import Closings
from edgepos.agent.closing_review import DIFFERS
from edgepos.agent.matching import Matcher
from edgepos.chance import SeededChance
from edgepos.domain.errors import NotReached, Refused, Wrong
from edgepos.domain.evidence import Next, Result, TerminalResult, Verdict
from edgepos.domain.identifiers import line_id
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.operation import Fence, Kind, Line, Operation, State
from edgepos.journal import Intent, Journal, PeriodEnd
from edgepos.practice import PracticeSystem

RECEPTION, SURGERY = "70000001", "70000002"
DAY = "2026-11-25"
OSLO = ZoneInfo("Europe/Oslo")


class HandClock:
    """Time stands until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at.timestamp()

    def now(self) -> datetime:
        return self.at

    def boot_id(self) -> str:
        return "11111111-1111-4111-8111-111111111111"

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Books:
    """The practice system's side of the match: what it holds, and whether it can be reached."""

    def __init__(self) -> None:
        self.payments: list[PracticePayment] = []
        self.is_away = False
        self.asked_since: list[str] = []

    async def payments_since(self, day: str) -> list[PracticePayment]:
        self.asked_since.append(day)
        if self.is_away:
            raise NotReached("practice-away", service="practice")
        return self.payments


class Clinic:
    """A journal, two terminals' slips and the practice system's books, each a line to use."""

    def __init__(self, journal: Journal, clock: HandClock) -> None:
        self.journal, self.clock, self.books = journal, clock, Books()
        matcher = Matcher(
            journal,
            cast(PracticeSystem, self.books),
            terminals={RECEPTION, SURGERY},
            clock=clock,
            country="SE",
            currency="SEK",
            zone=OSLO,
            day_starts=time(0),
        )
        self.closings = Closings(journal, matcher, clock=clock, currency="SEK", zone=OSLO)
        self._stan = self._invoice = 500

    def result(self, minor: int, session: str, **changes: Any) -> TerminalResult:
        self._stan += 1
        whole = TerminalResult(
            result=Result.MOVED, total_minor=minor, stan_auth=f"{self._stan:06d}A1B2C3", time_stamp=f"{self._stan}",
            session=session, card_scheme="VISA",
        )  # fmt: skip
        return replace(whole, **changes)

    async def send(self, minor: int, terminal: str = RECEPTION, **more: Any) -> Operation:
        self.clock.at += timedelta(seconds=60)
        self._invoice += 1
        number = f"{self._invoice}"
        lines = (Line(line=1, amount_minor=minor, invoice=number, number=number, part=1, due_minor=minor),)
        intent = Intent(
            kind=Kind.PURCHASE, terminal=terminal, currency="SEK", asked_minor=minor, operator="anna", clinic_day=DAY,
            lines=() if more.get("kind") else lines,
        )  # fmt: skip
        operation, _ = await self.journal.intend(replace(intent, **more))
        return await self.journal.sent(operation.id, Fence(stan_auth="0", time="0", amount_minor=1, order_id=None))

    async def pay(
        self,
        minor: int,
        *,
        terminal: str = RECEPTION,
        session: str = "042",
        tip: int = 0,
        book: bool = True,
        **more: Any,
    ) -> Operation:
        sent = await self.send(minor, terminal, **more)
        result = self.result(minor + tip, session, terminal=terminal, tip_minor=tip)
        verdict = Verdict(
            then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",), result=result, approved_minor=minor
        )
        operation = await self.journal.decided(sent.id, verdict)
        if book:
            await self.book(operation)
        return operation

    async def book(self, operation: Operation) -> None:
        for row in await self.journal.outbox_of(operation.id):
            booking = PracticePayment(
                id=f"p{row.row}", invoice=row.invoice, amount_minor=row.amount_minor, payment_type=0,
                info=f"{row.row} VISA **** 0119", created_at=self.clock.at.isoformat(),
            )  # fmt: skip
            self.books.payments.append(booking)
            await self.journal.acknowledged(row.row, booking.id, "post")

    async def reconcile(self, minor: int, *, terminal: str = RECEPTION, session: str = "042", slip: str = "") -> None:
        sent = await self.send(0, terminal, kind=Kind.RECONCILIATION)
        verdict = Verdict(then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",))
        end = PeriodEnd(session=session, slip=slip or swedish(minor, session))
        await self.journal.decided(sent.id, verdict, closes=end)


def swedish(minor: int, session: str) -> str:
    amount = f"{minor // 100:,}".replace(",", " ") + f",{minor % 100:02d}"
    scheme = f"VISA 1\r\nBelopp= {amount}\r\n"
    return f"AVSTÄMNING\r\nSEK\r\nSession.: {session}\r\n{scheme}---\r\nInsamlat 1\r\nTotal= {amount}\r\n"


@pytest_asyncio.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    clock = HandClock()
    journal = await Journal.open(
        tmp_path / "state", clock=cast(Any, clock), chance=SeededChance(7), version="0", reserve_mb=1
    )
    yield Clinic(journal, clock)
    await journal.close()


def causes(document: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(one["cause"], one["minor"]) for terminal in document["terminals"] for one in terminal["differences"]]


async def test_a_day_that_agrees(clinic: Clinic) -> None:
    await clinic.pay(12_500, tip=500)
    await clinic.pay(4_000)
    await clinic.reconcile(17_000)
    match = await clinic.closings.match()
    assert (match["day"], match["agree"]) == (DAY, True)
    [period] = match["terminals"]
    assert (period["terminal_minor"], period["journal_minor"], period["practice_minor"]) == (17_000, 17_000, 16_500)
    assert causes(match) == [("tip", 500)]


async def test_a_day_with_no_payments_agrees(clinic: Clinic) -> None:
    assert await clinic.closings.match() == {
        "day": DAY, "agree": True, "terminals": [], "earlier": [], "without_reference": [],
    }  # fmt: skip
    await clinic.reconcile(0, slip="AVSTÄMNING\nSession.: 042\nInsamlat 0\nTotal= 0,00\n")
    clinic.books.is_away = True
    match = await clinic.closings.match()
    assert match["agree"]
    assert [one["terminal_minor"] for one in match["terminals"]] == [0]


async def test_an_open_period_is_red_until_it_is_closed(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    assert causes(await clinic.closings.match()) == [("not-closed", None)]
    await clinic.reconcile(12_500)
    assert (await clinic.closings.match())["agree"]


async def test_fc23_the_terminal_closed_its_own_day_at_midnight(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    clinic.clock.at = datetime(2026, 11, 25, 22, 58, 58, tzinfo=UTC)  # 23:59:58 in Oslo once it is sent
    await clinic.pay(4_000, session="043")  # approved after the terminal had closed by itself
    await clinic.pay(600, session="043", clinic_day="2026-11-26")
    clinic.clock.at = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
    await clinic.reconcile(4_600, session="043")
    match = await clinic.closings.match(DAY)
    assert [(one["session"], one["journal_minor"]) for one in match["terminals"]] == [("042", 12_500), ("043", 4_600)]
    assert causes(match) == [("slip-missing", None)]
    assert sum(one["journal_minor"] for one in match["terminals"]) == 17_100
    following = await clinic.closings.match("2026-11-26")
    assert [one["session"] for one in following["terminals"]] == ["043"]
    assert following["agree"]


async def test_a_period_of_a_week_is_matched_whole_on_each_of_its_days(clinic: Clinic) -> None:
    days = [f"2026-11-{day}" for day in range(18, 26)]
    clinic.clock.at -= timedelta(days=7)
    for day in days:
        await clinic.pay(1_000, clinic_day=day)
        clinic.clock.at += timedelta(days=1)
    await clinic.reconcile(8_000)
    for day in days:
        match = await clinic.closings.match(day)
        assert match["agree"]
        assert [one["journal_minor"] for one in match["terminals"]] == [8_000]
        assert clinic.books.asked_since[-1] == days[0]
    assert (await clinic.closings.match("2026-11-10"))["terminals"] == []


async def test_an_unreadable_slip_is_not_matched(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    await clinic.reconcile(0, slip=swedish(12_500, "042").replace("125,00", "125.00"))
    match = await clinic.closings.match()
    assert causes(match) == [("slip-unreadable", None)]
    assert match["terminals"][0]["terminal_minor"] is None


async def test_a_slip_of_another_session_or_currency_is_not_matched(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    await clinic.reconcile(0, slip=swedish(12_500, "041"))
    await clinic.pay(500, session="043")
    await clinic.reconcile(0, session="043", slip=swedish(500, "043").replace("SEK", "NOK"))
    assert causes(await clinic.closings.match()) == [("slip-unreadable", None), ("currency", None)]


async def test_while_the_practice_system_is_away_the_rest_is_matched(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    await clinic.reconcile(12_500)
    clinic.books.is_away = True
    match = await clinic.closings.match()
    assert causes(match) == [("practice-away", None)]
    assert not match["agree"]


async def test_not_synced_parked_and_adopted(clinic: Clinic) -> None:
    queued = await clinic.pay(100, book=False)
    parked = await clinic.pay(200, book=False)
    adopted = await clinic.pay(300, book=False)
    await clinic.journal.parked(line_id(parked.id, 1), "invoice-closed", {})
    invoice = adopted.lines[0].invoice or ""
    by_hand = PracticePayment(id="p900", invoice=invoice, amount_minor=300, payment_type=0, info="kort")
    clinic.books.payments.append(by_hand)
    await clinic.journal.acknowledged(line_id(adopted.id, 1), "p900", "adopted")
    await clinic.reconcile(600)
    match = await clinic.closings.match()
    assert causes(match) == [("not-synced", 100), ("parked", 200)]
    assert match["terminals"][0]["practice_minor"] == 300
    assert match["terminals"][0]["differences"][0]["ids"] == [line_id(queued.id, 1)]
    assert match["without_reference"] == []


async def test_card_payments_without_our_reference_are_listed_on_their_day(clinic: Clinic) -> None:
    at = "2026-11-25T23:30:00+01:00"
    clinic.books.payments.append(
        PracticePayment(id="p7", invoice="9", amount_minor=70, payment_type=0, info="kort", created_at=at)
    )
    match = await clinic.closings.match(DAY)
    assert [(one["ids"], one["minor"]) for one in match["without_reference"]] == [(["p7", "9"], 70)]
    assert match["agree"]
    assert (await clinic.closings.match("2026-11-26"))["without_reference"] == []


async def test_a_keypad_sale_known_by_its_finding(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    facts = {"terminal": RECEPTION, "result": clinic.result(700, "042").kept()}
    finding = await clinic.journal.raise_finding("foreign-transaction", f"{RECEPTION}:1", facts)
    await clinic.reconcile(13_200)
    match = await clinic.closings.match()
    assert match["terminals"][0]["differences"][0]["ids"] == [finding]
    assert causes(match) == [("stand-alone-sale", 700)]


async def test_the_gap_of_a_restored_copy_is_named(clinic: Clinic) -> None:
    await clinic.pay(12_500)
    await clinic.journal.raise_finding("before-this-journal", RECEPTION, {"terminal": RECEPTION, "period": 1})
    await clinic.reconcile(20_000)
    assert causes(await clinic.closings.match()) == [("before-this-journal", 7_500)]


async def test_a_closing_is_numbered_and_frozen(clinic: Clinic) -> None:
    await clinic.pay(12_500, tip=500)
    await clinic.pay(4_000, terminal=SURGERY, operator="bo")
    await clinic.reconcile(13_000)
    await clinic.reconcile(4_000, terminal=SURGERY)
    made = await clinic.closings.make(None, "anna")
    assert (made.number, made.clinic_day, made.terminals) == (1, DAY, (RECEPTION, SURGERY))
    report = cast(dict[str, Any], made.match["report"])
    assert (report["count"], report["amount_minor"], report["tip_minor"]) == (2, 16_500, 500)
    assert [(one["operator"], one["amount_minor"]) for one in report["by_operator"]] == [
        ("anna", 12_500),
        ("bo", 4_000),
    ]
    assert [(one["terminal"], one["count"]) for one in report["by_terminal"]] == [(RECEPTION, 1), (SURGERY, 1)]
    assert [(one["scheme"], one["count"]) for one in report["by_scheme"]] == [("VISA", 2)]
    assert [one["hour"] for one in report["by_hour"]] == ["2026-11-25T09"]  # Oslo, not UTC
    clinic.books.payments.clear()
    assert (await clinic.journal.closings())[0] == made


async def test_each_period_is_in_one_closing(clinic: Clinic) -> None:
    await clinic.pay(100)
    await clinic.reconcile(100)
    first = await clinic.closings.make(None, "anna")
    await clinic.pay(200, session="043")
    await clinic.reconcile(200, session="043")
    await clinic.pay(300, session="044")
    second = await clinic.closings.make(None, "anna")
    assert [period["period"] for period in (*first.periods, *second.periods)] == [1, 2]
    assert [period["period"] for period in cast(Any, second.match["left_open"])] == [3]


async def test_two_closings_at_once_do_not_take_the_same_period(clinic: Clinic) -> None:
    await clinic.pay(100)
    await clinic.reconcile(100)
    one, two = await asyncio.gather(clinic.closings.make(None, "anna"), clinic.closings.make(None, "bo"))
    assert [len(one.periods), len(two.periods)] == [1, 0]


async def test_a_swapped_terminal_is_red_once_and_not_at_each_later_closing(clinic: Clinic) -> None:
    old = "70000009"
    await clinic.pay(100, terminal=old)
    first = await clinic.closings.make(None, "anna")
    assert causes(cast(Any, first.match)) == [("terminal-swapped", None)]
    await clinic.closings.tell(old, 1, 100, operator="anna", note="paper")
    second = await clinic.closings.make(None, "anna")
    assert (second.match["agree"], second.periods) == (True, ())
    with pytest.raises(Wrong):
        await clinic.closings.tell(old, 2, 0, operator="anna", note="paper")


async def test_an_open_operation_holds_the_closing(clinic: Clinic) -> None:
    await clinic.pay(100)
    await clinic.reconcile(100)
    lost = await clinic.send(500)
    with pytest.raises(Refused) as refused:
        await clinic.closings.make(None, "anna")
    assert (refused.value.code, refused.value.facts["payment"]) == ("terminal-in-use", lost.id)
    await clinic.journal.unknown(lost.id, "cut", {})
    with pytest.raises(Refused) as refused:
        await clinic.closings.make(None, "anna")
    assert refused.value.code == "payment-unknown"
    assert ("unknown", None) in causes(await clinic.closings.match())


async def test_an_unknown_reconciliation_holds_the_closing(clinic: Clinic) -> None:
    await clinic.pay(100)
    lost = await clinic.send(0, kind=Kind.RECONCILIATION)
    await clinic.journal.unknown(lost.id, "cut", {})
    with pytest.raises(Refused) as refused:
        await clinic.closings.make(None, "anna")
    assert refused.value.facts["payment"] == lost.id


async def test_payments_in_open_periods_alone_ask_for_a_reconciliation(clinic: Clinic) -> None:
    await clinic.pay(100)
    with pytest.raises(Refused) as refused:
        await clinic.closings.make(None, "anna")
    assert (refused.value.code, refused.value.facts["terminal"]) == ("reconcile-first", RECEPTION)


async def test_what_was_red_stays_a_finding_and_turns_green_by_itself(clinic: Clinic) -> None:
    late = await clinic.pay(12_500, book=False)
    await clinic.reconcile(12_500)
    made = await clinic.closings.make(None, "anna")
    assert made.match["agree"] is False
    [finding] = [one for one in await clinic.journal.open_findings() if one.kind == DIFFERS]
    assert (finding.subject, finding.facts["causes"]) == (f"{RECEPTION}/1", ["not-synced"])
    assert await clinic.closings.reviews.review() == []
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(clinic.closings.watch(), name="watch")
        await asyncio.sleep(0)
        handled = asyncio.Event()
        clinic.journal.subscribe(lambda events: handled.set() if events[0].kind == "finding.handled" else None)
        await clinic.book(late)
        await handled.wait()
        watching.cancel()
    assert [one for one in await clinic.journal.open_findings() if one.kind == DIFFERS] == []
    assert (await clinic.journal.closings())[0].match["agree"] is False  # the report stays as it was


async def test_what_is_red_stays_listed_on_later_days_until_somebody_has_dealt_with_it(clinic: Clinic) -> None:
    late = await clinic.pay(12_500, book=False)
    await clinic.reconcile(12_500)
    made = await clinic.closings.make(None, "anna")
    clinic.clock.at += timedelta(days=2)
    match = await clinic.closings.match()
    assert (match["agree"], match["terminals"]) == (True, [])
    [red] = match["earlier"]
    assert (red["period"], [one["cause"] for one in red["differences"]]) == (1, ["not-synced"])
    assert red["closed_at"] < clinic.clock.at.isoformat()
    assert (await clinic.closings.match(DAY))["earlier"] == []  # it stands among that day's own
    await clinic.book(late)
    assert (await clinic.closings.match())["earlier"] == []
    await clinic.closings.reviews.review()
    [dealt] = (await clinic.closings.reviews.dealt_with())[made.number]
    assert (dealt.facts["period"], dealt.operator, dealt.note) == (1, "agent", "all three agree now")


async def test_settled_by_hand_is_confirmed_by_the_terminals_total(clinic: Clinic) -> None:
    right = await clinic.send(500)
    await clinic.journal.unknown(right.id, "cut", {})
    settle = {"slip_number": "77", "amount_minor": 500, "operator": "anna", "confirmed_by": "anna"}
    right = await clinic.journal.settled(right.id, outcome="taken", **cast(Any, settle))
    await clinic.book(right)
    wrong = await clinic.send(900)
    await clinic.journal.unknown(wrong.id, "cut", {})
    await clinic.journal.settled(wrong.id, outcome="not_taken", **cast(Any, {**settle, "amount_minor": 900}))
    await clinic.pay(100)
    await clinic.reconcile(1_500)
    made = await clinic.closings.make(None, "anna")
    assert ("settled-by-hand", 900) in causes(cast(Any, made.match))
    assert (await clinic.journal.operation(right.id)).is_confirmed
    assert not (await clinic.journal.operation(wrong.id)).is_confirmed


async def test_an_x_report_asks_nobody_and_closes_nothing(clinic: Clinic) -> None:
    clinic.books.is_away = True
    await clinic.pay(100)
    await clinic.reconcile(100)
    await clinic.pay(12_500, session="043")
    await clinic.pay(4_000, terminal=SURGERY)
    assert (await clinic.closings.x_report())["amount_minor"] == 16_500
    assert (await clinic.closings.x_report(SURGERY))["amount_minor"] == 4_000
    assert clinic.books.asked_since == []
    assert await clinic.journal.closings() == []
    with pytest.raises(Wrong):
        await clinic.closings.x_report("70000009")


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "", "20261125"])
async def test_a_day_that_is_none_is_wrong(clinic: Clinic, day: str) -> None:
    with pytest.raises(Wrong):
        await clinic.closings.match(day)
