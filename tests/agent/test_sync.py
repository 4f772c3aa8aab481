"""The sender: whatever is lost, cut, late or refused, each payment is booked exactly once or stands parked in sight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edgepos.agent.lanes import Doubt, MoneyBack, SyncRules
from edgepos.clock import Clock
from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.operation import Kind
from edgepos.journal import OutboxState
from tests.agent.outbox_clinic import PAYMENTS, OutboxClinic, outbox_clinic

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def clinic(clock: Clock, tmp_path: Path) -> AsyncIterator[OutboxClinic]:
    async with outbox_clinic(clock, tmp_path) as one:
        yield one


async def test_a_payment_is_booked_within_seconds_of_being_taken(clinic: OutboxClinic) -> None:
    clinic.start()
    row = await clinic.pay(501)
    assert await clinic.settle() < 2
    booked = await clinic.row(row)
    assert (booked.state, booked.via) == (OutboxState.ACKNOWLEDGED, "post")
    assert clinic.booked(row)[0].payment_date == date(2026, 11, 25)
    await clinic.agree()


async def test_nothing_is_posted_before_a_look(clinic: OutboxClinic) -> None:
    clinic.start()
    await clinic.pay(501)
    await clinic.settle()
    calls = [call for call in clinic.tried.calls("GET") + clinic.tried.calls("POST") if "token" not in call.path]
    seen = [f"{call.method} {call.path.rpartition('/0.1/')[2]}" for call in calls]
    assert seen == ["GET invoice/501/", "GET invoicepayment/", "POST invoicepayment/"]


# --- FC-15


async def test_waiting_payments_are_booked_once_however_many_replies_are_lost(clinic: OutboxClinic) -> None:
    """FC-15: 8 offline; the line comes back slow, half the replies are lost after the booking; 3 more meanwhile."""
    clinic.fault("down", id="night", times=None)
    clinic.start()
    rows = [await clinic.pay(600 + number) for number in range(8)]
    await asyncio.sleep(600)
    for nth in (1, 3, 5, 7):
        clinic.fault("drop_after", "POST", PAYMENTS, nth=nth)
    clinic.fault("delay", "GET", times=200, args={"seconds": 2})
    await clinic.tried.simulator.remove_fault("night")
    clinic.sender.wake()
    await asyncio.sleep(3)
    rows += [await clinic.pay(610 + number) for number in range(3)]
    await clinic.settle()
    assert [len(clinic.booked(row)) for row in rows] == [1] * 11
    await clinic.agree()


# --- FC-16


async def test_one_bad_record_holds_up_nobody(clinic: OutboxClinic) -> None:
    """FC-16: a draft, a locked day and a 503 in front of 20 good ones."""
    clinic.books.variants = clinic.books.variants.model_copy(update={"lock_date": date(2026, 11, 20)})
    draft, locked, away = await clinic.pay(600), await clinic.pay(601, day="2026-11-19"), await clinic.pay(602)
    clinic.books.invoices[600].status = 0
    clinic.fault("status", "GET", "*/invoice/602/", id="away", times=None, args={"status": 503})
    good = [await clinic.pay(603 + number) for number in range(20)]
    clinic.start()
    await asyncio.sleep(60)
    assert [(await clinic.row(row)).state for row in good] == [OutboxState.ACKNOWLEDGED] * 20
    assert (await clinic.row(draft)).cause == "draft"
    parked = await clinic.row(locked)
    assert (parked.cause, parked.facts["may_book_today"]) == ("locked-period", True)
    assert '"payment_date": "2026-11-19"' in clinic.sender.payload(parked)
    assert (await clinic.row(away)).state is OutboxState.QUEUED
    assert clinic.sender.tried(away).count > 1

    clinic.books.invoices[600].status = 3
    await clinic.tried.simulator.remove_fault("away")
    await clinic.sender.retry(draft, operator="anna")
    await clinic.sender.retry(locked, operator="anna", book_today=True)
    await clinic.settle()
    assert clinic.booked(locked)[0].payment_date == date(2026, 11, 25)
    assert not await clinic.rows(OutboxState.PARKED)
    await clinic.agree()


# --- FC-19, FC-20


@pytest.mark.parametrize("page", ["html", "redirect", "511"])
async def test_a_sign_in_page_acknowledges_and_parks_nothing(clinic: OutboxClinic, page: str) -> None:
    """FC-19: in front of every call, in the middle of a sync."""
    rows = [await clinic.pay(600 + number) for number in range(3)]
    portal = clinic.fault(page, nth=6, times=None)
    clinic.start()
    await asyncio.sleep(300)
    assert not await clinic.rows(OutboxState.PARKED)
    await clinic.tried.simulator.remove_fault(portal)
    await clinic.settle()
    assert [len(clinic.booked(row)) for row in rows] == [1] * 3
    await clinic.agree()


async def test_the_first_booking_after_a_day_of_rest_shows_no_error(clinic: OutboxClinic) -> None:
    """FC-20."""
    clinic.start()
    for number, rest_s in enumerate((0, 11 * 3600, 25 * 3600)):
        await asyncio.sleep(rest_s)
        await clinic.pay(600 + number)
        assert await clinic.settle() < 2
    assert {call.status for call in clinic.tried.calls("GET")} == {200}


# --- the fault matrix


LOOKS = ("*/invoice/501/", PAYMENTS, "*/oauth2/token/")
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("drop_before", {}), ("drop_after", {}), ("reset", {}), ("reset", {"carried": False}), ("cut_body", {}),
    ("hang", {}),
    ("hang", {"carried": True}), ("status", {"status": 500}), ("status", {"status": 500, "carried": True}),
    ("status", {"status": 502, "body": "<html>"}), ("status", {"status": 503}), ("retry_after", {}),
    ("retry_after", {"retry_after": None}), ("html", {}), ("html", {"carried": True}), ("cut_json", {}),
    ("wrong_type", {}), ("empty", {}), ("delay", {"seconds": 15}), ("delay", {"seconds": 45}), ("late", {}),
    ("late", {"commit_after_s": 10}), ("late", {"commit_after_s": 40}), ("token_revoked", {}), ("401_executed", {}),
]  # fmt: skip
NAMES = ["-".join([name, *(f"{key}={value}" for key, value in args.items())]) for name, args in FAULTS]


@pytest.mark.parametrize(("fault", "args"), FAULTS, ids=NAMES)
@pytest.mark.parametrize("where", ["POST", *LOOKS])
async def test_each_fault_of_each_call_ends_with_one_booking(
    clinic: OutboxClinic, where: str, fault: str, args: dict[str, Any]
) -> None:
    if where == "POST":
        clinic.fault(fault, "POST", PAYMENTS, args=args)
    else:
        clinic.fault(fault, None if "token" in where else "GET", where, args=args)
    clinic.start()
    row = await clinic.pay(501)
    await clinic.settle()
    assert (await clinic.row(row)).state is OutboxState.ACKNOWLEDGED
    await clinic.agree()


async def test_the_same_fault_many_times_over_ends_with_one_booking(clinic: OutboxClinic) -> None:
    clinic.fault("status", "POST", PAYMENTS, times=4, args={"status": 500})
    clinic.fault("drop_after", "POST", PAYMENTS)
    clinic.fault("status", "GET", times=9, args={"status": 502})
    clinic.start()
    row = await clinic.pay(501)
    await clinic.settle()
    assert len(clinic.booked(row)) == 1
    await clinic.agree()


async def test_a_network_that_doubles_the_request_is_seen_but_not_added_to(clinic: OutboxClinic) -> None:
    clinic.fault("duplicate", "POST", PAYMENTS)
    clinic.books.variants = clinic.books.variants.model_copy(update={"overpayment": "allow"})
    clinic.start()
    row = await clinic.pay(501)
    await clinic.settle()
    assert len(clinic.tried.calls("POST", "/invoicepayment/")) == 1
    assert len(clinic.booked(row)) == 2
    assert (await clinic.row(row)).via == "post"


@pytest.mark.parametrize("at_s", [0.0, 0.5, 1.5, 2.5, 3.5, 25.0, 70.0])
async def test_a_kill_between_look_post_answer_and_acknowledgement_ends_with_one_booking(
    clinic: OutboxClinic, at_s: float
) -> None:
    clinic.fault("delay", times=6, args={"seconds": 1})
    clinic.fault("late", "POST", PAYMENTS, nth=1, args={"commit_after_s": 30})
    clinic.start()
    row = await clinic.pay(501)
    await asyncio.sleep(at_s)
    await clinic.kill()
    await asyncio.sleep(1)
    clinic.start(after_clean_stop=False)
    await clinic.settle()
    assert len(clinic.booked(row)) == 1
    await clinic.agree()


async def test_after_a_crash_a_waiting_row_is_posted_only_after_two_looks(clinic: OutboxClinic) -> None:
    row = await clinic.pay(501)
    clinic.start(after_clean_stop=False)
    assert 100 <= await clinic.settle() <= 130
    assert len(clinic.tried.calls("GET", "/invoicepayment/")) == 2
    assert len(clinic.booked(row)) == 1


def test_a_doubt_ends_with_the_second_look_and_never_earlier() -> None:
    doubt = Doubt(since=100.0, may_look_at_once=True)
    assert doubt.look_at(20) == 100
    assert not doubt.looked(100, 20)
    assert doubt.look_at(20) == 140
    assert not doubt.looked(139, 20)
    assert not doubt.looked(141, 20)
    assert doubt.look_at(20) == 201
    assert not doubt.looked(200, 20)
    assert doubt.looked(201, 20)


# --- order


async def test_a_refund_waits_for_its_payment_and_others_go_on(clinic: OutboxClinic) -> None:
    payment = await clinic.pay(501)
    clinic.books.invoices[501].status = 0
    refund = await clinic.give_back(payment, 30000)
    other = await clinic.pay(600)
    clinic.start()
    await asyncio.sleep(30)
    assert (await clinic.row(other)).state is OutboxState.ACKNOWLEDGED
    waiting = await clinic.row(refund)
    assert (waiting.state, waiting.waits_for) == (OutboxState.QUEUED, payment)
    clinic.books.invoices[501].status = 3
    await clinic.sender.retry(payment, operator="anna")
    await clinic.settle()
    assert [one.paid_minor for one in clinic.books.bookings.values() if one.invoice == 501] == [75000, -30000]
    await clinic.agree()


async def test_one_invoice_has_one_request_in_flight_and_many_invoices_run_side_by_side(clinic: OutboxClinic) -> None:
    clinic.fault("delay", times=None, args={"seconds": 1})
    for _ in range(3):
        await clinic.pay(501, 10000)
    for number in range(10):
        await clinic.pay(600 + number)
    clinic.start()
    assert await clinic.settle() < 16
    assert len([one for one in clinic.books.bookings.values() if one.invoice == 501]) == 3
    await clinic.agree()


# --- parked rows and people


async def test_a_payment_booked_by_hand_is_adopted_not_doubled(clinic: OutboxClinic) -> None:
    clinic.fault("down", id="night", times=None)
    row = await clinic.pay(501)
    by_hand = clinic.books.book(501, 75000, info="Kort", by_hand=True)
    clinic.books.book(502, 100, info="Kort", by_hand=True)
    await clinic.tried.simulator.remove_fault("night")
    clinic.start()
    await clinic.settle()
    parked = await clinic.row(row)
    assert (parked.cause, parked.facts["practice_payments"]) == ("booked-by-hand", [str(by_hand.id)])
    with pytest.raises(Wrong):
        await clinic.sender.adopt(row, "424242", operator="anna")
    adopted = await clinic.sender.adopt(row, str(by_hand.id), operator="anna")
    assert (adopted.state, adopted.via) == (OutboxState.ACKNOWLEDGED, "adopted")
    assert clinic.booked(row) == []
    await clinic.agree()


async def test_a_payment_is_adopted_once(clinic: OutboxClinic) -> None:
    rows = [await clinic.pay(501, 20000), await clinic.pay(501, 20000)]
    by_hand = clinic.books.book(501, 20000, info="Kort", by_hand=True)
    clinic.start()
    await clinic.settle()
    assert [(await clinic.row(row)).cause for row in rows] == ["booked-by-hand"] * 2
    await clinic.sender.adopt(rows[0], str(by_hand.id), operator="anna")
    with pytest.raises(Refused):
        await clinic.sender.adopt(rows[1], str(by_hand.id), operator="anna")
    await clinic.sender.retry(rows[1], operator="anna")
    await clinic.settle()
    assert len(clinic.booked(rows[1])) == 1
    await clinic.agree()


async def test_a_person_may_say_that_it_is_another_payment(clinic: OutboxClinic) -> None:
    row = await clinic.pay(501, 20000)
    clinic.books.book(501, 20000, info="Kontant", payment_type=1, by_hand=True)
    clinic.start()
    await clinic.settle()
    assert (await clinic.row(row)).cause == "booked-by-hand"
    await clinic.sender.retry(row, operator="anna")
    await clinic.settle()
    assert len(clinic.booked(row)) == 1


async def test_a_waiting_row_can_be_put_aside_and_sent_again(clinic: OutboxClinic) -> None:
    clinic.fault("down", id="night", times=None)
    clinic.start()
    row = await clinic.pay(501)
    await asyncio.sleep(20)
    parked = await clinic.sender.park(row, operator="anna")
    assert (parked.cause, clinic.sender.next_try_s(parked)) == ("by-operator", None)
    await clinic.tried.simulator.remove_fault("night")
    clinic.sender.wake()
    await asyncio.sleep(600)
    assert clinic.booked(row) == []
    await clinic.sender.retry(row, operator="anna")
    await clinic.settle()
    await clinic.agree()


async def test_a_due_sum_that_fell_parks_unless_the_tenant_allows_overpayment(clock: Clock, tmp_path: Path) -> None:
    for allows in (False, True):
        async with outbox_clinic(clock, tmp_path / str(allows), SyncRules(allows_overpayment=allows)) as clinic:
            clinic.books.variants = clinic.books.variants.model_copy(update={"overpayment": "allow"})
            row = await clinic.pay(501)
            clinic.books.book(501, 100, info="Kontant", payment_type=1, by_hand=True)
            clinic.start()
            await clinic.settle()
            assert (await clinic.row(row)).cause == (None if allows else "due-too-small")


# --- money back as the tenant has it


async def test_a_whole_reversal_cancels_the_payment_where_the_tenant_cancels(clock: Clock, tmp_path: Path) -> None:
    async with outbox_clinic(clock, tmp_path, SyncRules(money_back=MoneyBack.CANCEL)) as clinic:
        clinic.fault("drop_after", "POST", "*/cancel_payment/")
        clinic.start()
        payment, part = await clinic.pay(501), await clinic.pay(600, 5000)
        await clinic.settle()
        whole = await clinic.give_back(payment, 75000, kind=Kind.REVERSAL)
        rest = await clinic.give_back(part, 2000)
        await clinic.settle()
        assert (await clinic.row(whole)).practice_payment == f"cancel:{(await clinic.row(payment)).practice_payment}"
        assert clinic.booked(payment)[0].cancelled
        assert clinic.booked(rest)[0].paid_minor == -2000
        assert clinic.books.paid_minor(clinic.books.invoices[501]) == 0


async def test_money_back_is_parked_where_the_tenant_takes_none(clock: Clock, tmp_path: Path) -> None:
    async with outbox_clinic(clock, tmp_path, SyncRules(money_back=MoneyBack.BY_HAND)) as clinic:
        clinic.start()
        payment = await clinic.pay(501)
        refund = await clinic.give_back(payment, 1000)
        await clinic.settle()
        assert (await clinic.row(refund)).cause == "refund-by-hand"


# --- the anchor


async def test_two_references_lost_in_a_row_stop_all_booking_until_a_person_has_looked(clinic: OutboxClinic) -> None:
    clinic.books.variants = clinic.books.variants.model_copy(update={"info": "drop"})
    clinic.start()
    for number in range(2):
        await clinic.pay(600 + number)
        await clinic.settle()
    third = await clinic.pay(602)
    await asyncio.sleep(1000)
    assert len(clinic.tried.calls("POST", "/invoicepayment/")) == 2
    assert [row.cause for row in await clinic.rows(OutboxState.PARKED)] == ["info-lost"] * 2
    (finding,) = [one for one in await clinic.journal.open_findings() if one.kind == "anchor-broken"]
    await clinic.kill()
    clinic.start()
    await asyncio.sleep(600)
    assert clinic.booked(third) == []
    clinic.books.variants = clinic.books.variants.model_copy(update={"info": "keep"})
    await clinic.journal.handle_finding(finding.finding, "anna", "mended by Nordhealth")
    await clinic.settle()
    assert len(clinic.booked(third)) == 1


# --- outages


async def test_an_outage_is_asked_after_gently_and_its_end_is_noticed(clinic: OutboxClinic, clock: Clock) -> None:
    clinic.fault("down", id="night", times=None, args={"how": "503"})
    rows = [await clinic.pay(600 + number) for number in range(40)]
    clinic.start()
    await asyncio.sleep(8 * 3600)
    assert len(clinic.tried.calls("GET")) + len(clinic.tried.calls("POST")) < 400
    await clinic.tried.simulator.remove_fault("night")
    assert await clinic.settle() < 400
    assert [len(clinic.booked(row)) for row in rows] == [1] * 40
    assert not await clinic.rows(OutboxState.PARKED)
    await clinic.agree()


async def test_the_networks_return_wakes_it(clinic: OutboxClinic) -> None:
    clinic.fault("down", id="night", times=None)
    await clinic.pay(501)
    clinic.start()
    await asyncio.sleep(8 * 3600)
    await clinic.tried.simulator.remove_fault("night")
    clinic.sender.wake()
    assert await clinic.settle() < 2


async def test_sync_now_joins_the_pass_that_runs(clinic: OutboxClinic) -> None:
    clinic.fault("delay", times=None, args={"seconds": 1})
    await clinic.pay(501)
    clinic.start()
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(clinic.sender.now()) for _ in range(2)]
    assert [task.result().queued for task in both] == [0, 0]
    assert len(clinic.tried.calls("POST", "/invoicepayment/")) == 1


async def test_sync_now_ends_where_nothing_can_be_reached(clinic: OutboxClinic) -> None:
    clinic.fault("down", times=None)
    await clinic.pay(501)
    clinic.start()
    assert (await clinic.sender.now()).queued == 1


async def test_stop_lets_what_is_in_flight_end(clinic: OutboxClinic) -> None:
    clinic.fault("delay", "POST", PAYMENTS, args={"seconds": 3})
    row = await clinic.pay(501)
    clinic.start()
    await asyncio.sleep(1)
    clinic.sender.stop()
    await clinic.ended()
    assert (await clinic.row(row)).state is OutboxState.ACKNOWLEDGED
    await clinic.agree()


async def test_a_drain_under_the_real_limits_meets_no_429(clinic: OutboxClinic) -> None:
    for _ in range(150):
        invoice = clinic.books.new_invoice(10000, 2)
        await clinic.pay(invoice.id, 10000)
    clinic.start()
    took_s = await clinic.settle()
    statuses = {call.status for call in clinic.tried.calls("GET") + clinic.tried.calls("POST")}
    assert statuses <= {200, 201}
    assert took_s <= 1.1 * 90
    await clinic.agree()
