"""A payment at the simulated terminal: what is answered, what is remembered, and what the bank took."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

RECEPTION = "70000001"

pytestmark = pytest.mark.virtual_time


async def test_a_tap_is_approved_in_five_seconds_and_reaches_the_bank(clinic: Clinic) -> None:
    begun = clinic.clock.monotonic()
    answer = await clinic.purchase(12500)
    assert answer.status_code == 201
    assert clinic.clock.monotonic() - begun == pytest.approx(5.5)
    (element,) = answer.json()["result"]
    assert element["orderId"] == "E7K2M9Q4T1XA3"
    result = element["localModeEventArgs"]
    assert (result["Result"], result["TotalAmount"], result["TerminalID"]) == (0, 12500, RECEPTION)
    assert "KÖP" in element["customerReceipt"]
    assert "125,00" in element["merchantReceipt"]
    (entry,) = await clinic.entries()
    assert (entry["kind"], entry["amount_minor"], entry["stan_auth"]) == ("purchase", 12500, result["StanAuth"])
    assert (entry["origin"], entry["session"], entry["voided"]) == ("rest", result["SessionNumber"], False)


async def test_every_line_of_a_slip_has_at_most_24_columns(clinic: Clinic) -> None:
    for country in ("no", "sv", "da", "fi", "en"):
        await clinic.set_terminal(country=country)
        element = (await clinic.purchase(99_999_999)).json()["result"][0]
        await asyncio.sleep(3)
        report = (await clinic.reconcile()).json()["result"]["reconciliation"]["printText"]["Text"]
        for slip in (element["customerReceipt"], element["merchantReceipt"], report):
            assert max(map(len, slip.split("\r\n"))) <= 24, slip


async def test_a_new_terminal_refuses_with_87_until_it_is_reconciled(fresh_clinic: Clinic) -> None:
    refused = await fresh_clinic.purchase()
    assert refused.status_code == 400
    assert refused.json()["failure"]["localModeEventArgs"]["ResponseCode"] == "87"
    await asyncio.sleep(3)
    assert (await fresh_clinic.reconcile()).status_code == 200
    assert (await fresh_clinic.purchase()).status_code == 201
    await asyncio.sleep(8 * 86_400)
    await fresh_clinic.sign_in()
    assert (await fresh_clinic.purchase()).json()["failure"]["localModeEventArgs"]["ResponseCode"] == "87"


async def test_nobody_comes_and_the_terminal_gives_up_after_125_s(clinic: Clinic) -> None:
    await clinic.steps("walk_away")
    begun = clinic.clock.monotonic()
    failure = (await clinic.purchase()).json()["failure"]
    assert failure["localModeEventArgs"]["RejectionReason"] == "5:0"
    assert clinic.clock.monotonic() - begun == pytest.approx(125.5)
    assert await clinic.entries() == []


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (["chip", "wrong_pin", "wrong_pin", "wrong_pin"], "3:2:55"),
        ([{"do": "tap", "decline_code": "51"}], "3:1:51"),
        (["cancel"], "2:1"),
        (["chip", "cancel"], "2:1"),
        (["chip", "walk_away"], "5:0"),
    ],
)
async def test_a_payment_that_ends_badly_takes_nothing(clinic: Clinic, steps: list[object], reason: str) -> None:
    await clinic.steps(*steps)
    answer = await clinic.purchase()
    assert answer.status_code == 400
    result = answer.json()["failure"]["localModeEventArgs"]
    assert (result["Result"], result["RejectionReason"]) == (2, reason)
    assert await clinic.entries() == []


async def test_chip_and_pin_after_a_wrong_one_is_approved(clinic: Clinic) -> None:
    await clinic.steps("chip", "wrong_pin", {"do": "pin", "approve_minor": 5000})
    result = (await clinic.purchase(8000)).json()["result"][0]["localModeEventArgs"]
    assert (result["TotalAmount"], result["CVM"]) == (5000, 0)


async def test_part_approval_and_tip_are_what_the_bank_takes(clinic: Clinic) -> None:
    await clinic.steps({"do": "tap", "approve_minor": 5000}, {"do": "tap", "tip_minor": 800})
    await clinic.purchase(8000)
    await asyncio.sleep(5)
    tipped = (await clinic.purchase(8000)).json()["result"][0]["localModeEventArgs"]
    assert (tipped["TotalAmount"], tipped["TipAmount"]) == (8800, 800)
    assert [entry["amount_minor"] for entry in await clinic.entries()] == [5000, 8800]


async def test_hanging_up_does_not_end_the_payment(clinic: Clinic) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await clinic.purchase(timeout_s=1)
    await asyncio.sleep(20)
    look_up = await clinic.look_up()
    assert look_up.json()["result"]["orderId"] == "E7K2M9Q4T1XA3"
    assert len(await clinic.entries()) == 1


async def test_the_result_shows_in_a_look_up_only_after_three_seconds(clinic: Clinic) -> None:
    await clinic.set_terminal(print_s=0)
    await clinic.purchase()
    early = await clinic.look_up()
    assert early.status_code == 400
    await asyncio.sleep(3)
    assert (await clinic.look_up()).json()["result"]["latestTransactionResult"]["TotalAmount"] == 12500


@pytest.mark.parametrize(
    ("variant", "status", "approved"),
    [("obey", 200, False), ("refuse", 400, True), ("swallow", 200, True), ("approve", 200, True), ("late", 200, False)],
)
async def test_cancel_is_only_a_request(clinic: Clinic, variant: str, status: int, approved: bool) -> None:
    await clinic.set_terminal(cancel=variant)
    await clinic.steps({"do": "tap", "after_s": 30})
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(5)
        cancelled = await clinic.cancel()
    assert cancelled.status_code == status
    assert (payment.result().status_code == 201) is approved
    assert len(await clinic.entries()) == approved


async def test_cancel_after_the_pin_or_with_nothing_running_has_no_effect(clinic: Clinic) -> None:
    assert (await clinic.cancel()).status_code == 400
    await clinic.steps({"do": "chip", "after_s": 1}, {"do": "pin", "after_s": 1})
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(3)
        assert (await clinic.cancel()).status_code == 200
    assert payment.result().status_code == 201


async def test_a_second_payment_is_refused_as_busy_and_the_first_goes_on(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(clinic.purchase(100))
        await asyncio.sleep(1)
        second = await clinic.purchase(200)
        look_up = await clinic.look_up()
    assert (second.status_code, second.json()) == (400, {"failure": "7100 Processing previous command"})
    assert look_up.status_code == 400
    assert first.result().status_code == 201


@pytest.mark.parametrize(("variant", "amounts"), [("auto_cancel", [200]), ("both", [100, 200])])
async def test_a_second_payment_may_end_or_follow_the_first(clinic: Clinic, variant: str, amounts: list[int]) -> None:
    await clinic.set_terminal(second_payment=variant)
    async with asyncio.TaskGroup() as group:
        group.create_task(clinic.purchase(100))
        await asyncio.sleep(1)
        group.create_task(clinic.purchase(200))
    assert [entry["amount_minor"] for entry in await clinic.entries()] == amounts


async def test_twenty_requests_in_one_instant_start_one_payment(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as group:
        payments = [group.create_task(clinic.purchase(100 + at)) for at in range(20)]
    assert sorted(payment.result().status_code for payment in payments) == [201] + [400] * 19
    assert len(await clinic.entries()) == 1


async def test_fc02_declined_first_and_approved_nine_seconds_later_in_one_request(clinic: Clinic) -> None:
    await clinic.steps({"do": "tap", "decline_code": "51", "try_again": True}, {"do": "tap", "after_s": 9})
    assert (await clinic.purchase()).status_code == 201
    assert len(await clinic.entries()) == 1


async def test_fc02_declined_to_the_register_and_approved_nine_seconds_later(clinic: Clinic) -> None:
    await clinic.steps({"do": "tap", "decline_code": "51", "approve_later_s": 9})
    declined = await clinic.purchase()
    assert declined.status_code == 400
    await asyncio.sleep(20)
    last = (await clinic.look_up()).json()["result"]
    assert (last["orderId"], last["latestTransactionResult"]["Result"]) == ("E7K2M9Q4T1XA3", 0)
    assert last["latestTransactionResult"]["StanAuth"] != declined.json()["failure"]["localModeEventArgs"]["StanAuth"]


async def test_result_99_hides_an_approval(clinic: Clinic) -> None:
    await clinic.steps({"do": "tap", "unknown": True})
    answer = await clinic.purchase()
    assert (answer.status_code, answer.json()["failure"]["localModeEventArgs"]["Result"]) == (400, 99)
    assert len(await clinic.entries()) == 1


async def test_an_approval_can_be_reversed_behind_everybodys_back(clinic: Clinic) -> None:
    await clinic.set_terminal(reverse_after_s=30)
    await clinic.purchase()
    await asyncio.sleep(5)
    assert (await clinic.look_up()).json()["result"]["latestTransactionResult"]["Result"] == 0
    await asyncio.sleep(30)
    assert (await clinic.look_up()).json()["result"]["latestTransactionResult"]["Result"] == 2
    assert [entry["voided"] for entry in await clinic.entries()] == [True]


async def test_a_refund_is_free_and_a_void_takes_back_the_last_only(clinic: Clinic) -> None:
    await clinic.purchase(1000)
    await asyncio.sleep(5)
    wrong = await clinic.nets("DELETE", "/transaction", {"amount": 999})
    assert wrong.json()["failure"]["localModeEventArgs"]["RejectionReason"] == "4:6"
    voided = await clinic.nets("DELETE", "/transaction", {"amount": 1000})
    assert voided.status_code == 201
    assert "MAKULERING" in voided.json()["result"][0]["customerReceipt"]
    again = await clinic.nets("DELETE", "/transaction", {"amount": 1000})
    assert again.status_code == 400
    await asyncio.sleep(5)
    body = {"transactionType": "returnOfGoods", "amount": 300, "orderId": "E7K2M9Q4T1XB3"}
    assert (await clinic.nets("POST", "/transaction", body)).status_code == 201
    truth = await clinic.control("GET", "/truth")
    (session,) = truth["terminals"][RECEPTION]["sessions"]
    assert [(entry["kind"], entry["voided"]) for entry in session["entries"]] == [
        ("purchase", True),
        ("reversal", False),
        ("refund", False),
    ]
    assert session["net_minor"] == -300


async def test_the_same_order_id_starts_a_second_payment(clinic: Clinic) -> None:
    await clinic.purchase()
    await asyncio.sleep(5)
    await clinic.purchase()
    await asyncio.sleep(5)
    assert len(await clinic.entries()) == 2
    await clinic.set_terminal(order_id_duplicate="refuse")
    assert (await clinic.purchase()).status_code == 400
    assert len(await clinic.entries()) == 2
