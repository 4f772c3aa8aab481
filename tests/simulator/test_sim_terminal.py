"""The simulated terminal beside its payments: sessions, power, silence, sales without the register, odd spellings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

RECEPTION = "70000001"

pytestmark = pytest.mark.virtual_time


async def report(clinic: Clinic) -> dict[str, Any]:
    return (await clinic.reconcile()).json()["result"]["reconciliation"]


async def last(clinic: Clinic) -> dict[str, Any]:
    return (await clinic.look_up()).json()["result"]


async def state(clinic: Clinic) -> str:
    return (await clinic.nets("GET")).json()["terminal"]["terminalState"]


async def test_reconciliation_closes_the_session_and_prints_totals_by_scheme(clinic: Clinic) -> None:
    await clinic.set_terminal(country="no")
    for amount, scheme in ((123_450, "VISA"), (100, "VISA"), (5000, "MASTERCARD")):
        await clinic.steps({"do": "tap", "scheme": scheme})
        await clinic.purchase(amount)
        await asyncio.sleep(5)
    await clinic.nets("DELETE", "/transaction", {"amount": 5000})
    await asyncio.sleep(5)
    await clinic.steps({"do": "tap", "scheme": "VISA"})
    await clinic.nets("POST", "/transaction", {"transactionType": "returnOfGoods", "amount": 50})
    await asyncio.sleep(5)
    session = clinic.terminal.ledger.current.session
    first = await report(clinic)
    assert first["header"]["sessionNumber"] == session
    lines = first["printText"]["Text"].split("\r\n")
    assert f"Sesjon.: {session}" in lines
    assert lines[lines.index("MASTERCARD             2") + 1] == "Beløp=              0,00"
    assert lines[lines.index("VISA                   3") + 1] == "Beløp=          1.235,00"
    assert lines[-3:-1] == ["Innsamlet              5", "Total=          1.235,00"]
    second = await report(clinic)
    assert int(second["header"]["sessionNumber"]) == int(session) + 1
    assert "Total=              0,00" in second["printText"]["Text"]


async def test_session_999_is_followed_by_001(clinic: Clinic) -> None:
    while clinic.terminal.ledger.current.session != "999":
        clinic.terminal.close_session()
    assert (await report(clinic))["header"]["sessionNumber"] == "999"
    assert (await report(clinic))["header"]["sessionNumber"] == "001"


async def test_a_failed_reconciliation_keeps_the_session(clinic: Clinic) -> None:
    session = clinic.terminal.ledger.current.session
    for variants in ({"host": "away"}, {"host": "no_contact"}, {"host": "up", "reconciliation": "fails"}):
        await clinic.set_terminal(**variants)
        assert (await clinic.reconcile()).status_code == 400
    assert clinic.terminal.ledger.current.session == session


async def test_fc23_the_terminal_closes_its_day_at_midnight_under_a_running_payment(clinic: Clinic) -> None:
    await clinic.set_terminal(close_at="00:00")
    await asyncio.sleep(17 * 3600 - 2)  # 07:00 local at the start
    session = int(clinic.terminal.ledger.current.session)
    result = (await clinic.purchase()).json()["result"][0]["localModeEventArgs"]
    assert result["TimeStamp"] == "20261126000003"
    assert int(result["SessionNumber"]) == session + 1
    closed, present = clinic.terminal.ledger.sessions
    assert (closed.closed_by, len(closed.entries), len(present.entries)) == ("terminal", 0, 1)
    await asyncio.sleep(86_400)
    assert len(clinic.terminal.ledger.sessions) == 3


@pytest.mark.parametrize(
    ("variant", "result", "voided"), [("reverse_on_boot", 2, True), ("keep", 0, False), ("lost", None, False)]
)
async def test_power_cut_while_the_host_is_asked(
    clinic: Clinic, variant: str, result: int | None, voided: bool
) -> None:
    await clinic.set_terminal(power_cut=variant)
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(4)
        await clinic.control("POST", f"/terminals/{RECEPTION}/power", {"off_s": 60})
        assert (await clinic.look_up()).json() == {
            "failure": {"error": "8013 Error: Invalid terminal ID or terminal not connected"}
        }
        assert await state(clinic) == "offline"
    assert payment.result().json() == {"failure": {"error": "7016 Terminal reboot detected"}}
    await asyncio.sleep(5)
    look_up = await clinic.look_up()
    seen = look_up.json()["result"]["latestTransactionResult"]["Result"] if look_up.status_code == 200 else None
    assert seen == result
    assert [entry["voided"] for entry in await clinic.entries()] == [voided]


async def test_power_cut_before_the_card_leaves_no_trace_and_after_the_result_keeps_it(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(clinic.purchase())
        await asyncio.sleep(1)
        await clinic.control("POST", f"/terminals/{RECEPTION}/power", {"off_s": 10})
    assert (await clinic.look_up()).status_code == 400
    await clinic.purchase()
    await clinic.control("POST", f"/terminals/{RECEPTION}/power", {"off_s": 10})
    await asyncio.sleep(15)
    assert (await last(clinic))["latestTransactionResult"]["Result"] == 0


async def test_two_power_cuts_in_a_row_still_answer_the_payment(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(4)
        for _ in range(2):
            await clinic.control("POST", f"/terminals/{RECEPTION}/power", {"off_s": 10})
            await asyncio.sleep(5)
    assert payment.result().json() == {"failure": {"error": "7016 Terminal reboot detected"}}
    assert [entry["voided"] for entry in await clinic.entries()] == [True]


async def test_a_keypad_sale_becomes_the_last_one_and_carries_no_order_id(clinic: Clinic) -> None:
    await clinic.set_terminal(keypad_after_ours_minor=4200)
    await clinic.purchase(4200)
    await asyncio.sleep(5)
    assert "orderId" not in await last(clinic)
    assert [entry["origin"] for entry in await clinic.entries()] == ["rest", "keypad"]
    await clinic.control("POST", f"/terminals/{RECEPTION}/keypad_sale", {"amount_minor": 77})
    assert (await last(clinic))["latestTransactionResult"]["TotalAmount"] == 77


async def test_menu_and_printing_are_busy_and_nothing_starts(clinic: Clinic) -> None:
    await clinic.control("POST", f"/terminals/{RECEPTION}/menu", {"s": 600, "doing": "out of paper"})
    assert await state(clinic) == "busy"
    assert (await clinic.purchase()).json() == {"failure": "7104 Terminal busy, administration"}
    await clinic.set_terminal(busy_form="object")
    assert (await clinic.purchase()).json() == {"failure": {"error": "7104 Terminal busy, administration"}}
    await clinic.control("POST", f"/terminals/{RECEPTION}/menu", {"s": 1}, status=409)
    await asyncio.sleep(600)
    assert (await clinic.purchase()).status_code == 201


async def test_a_silent_terminal_answers_when_it_speaks_again_or_not_at_all(clinic: Clinic) -> None:
    await clinic.set_terminal(silent=True)
    assert await state(clinic) == "idle"
    assert (await clinic.look_up()).json() == {"failure": {"error": "7009 No response from terminal"}}
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(100)
        assert not payment.done()
        await clinic.set_terminal(silent=False)
    assert payment.result().status_code == 201


async def test_a_cut_line_hides_the_result_that_the_terminal_has(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(2)
        await clinic.set_terminal(connected=False)
    assert payment.result().json() == {"failure": {"error": "7009 No response from terminal"}}
    assert await state(clinic) == "offline"
    await clinic.set_terminal(connected=True)
    await asyncio.sleep(5)
    assert (await last(clinic))["orderId"] == "E7K2M9Q4T1XA3"


async def test_host_away_declines_with_91_and_may_approve_offline(clinic: Clinic) -> None:
    await clinic.set_terminal(host="away")
    assert (await clinic.purchase()).json()["failure"]["localModeEventArgs"]["ResponseCode"] == "91"
    await asyncio.sleep(3)
    await clinic.set_terminal(host="no_contact")
    assert (await clinic.purchase()).json() == {"failure": {"error": "7008 No host contact"}}
    await asyncio.sleep(3)
    await clinic.set_terminal(host="offline_approval")
    approved = (await clinic.purchase()).json()["result"][0]["localModeEventArgs"]
    assert (approved["Result"], approved["ResponseCode"]) == (0, "Y3")


@pytest.mark.parametrize(
    ("echo", "of_approved", "of_declined"),
    [
        ("approved", "E7K2M9Q4T1XA3", None),
        ("never", None, None),
        ("also_declines", "E7K2M9Q4T1XA3", "E7K2M9Q4T1XA3"),
        ("cut10", "E7K2M9Q4T1", None),
    ],
)
async def test_where_the_order_id_comes_back(
    clinic: Clinic, echo: str, of_approved: str | None, of_declined: str | None
) -> None:
    await clinic.set_terminal(order_id_echo=echo)
    await clinic.steps("tap", {"do": "tap", "decline_code": "05"})
    assert (await clinic.purchase()).json()["result"][0].get("orderId") == of_approved
    await asyncio.sleep(5)
    assert (await last(clinic)).get("orderId") == of_approved
    assert (await clinic.purchase()).json()["failure"].get("orderId") == of_declined
    await asyncio.sleep(5)
    assert (await last(clinic)).get("orderId") == of_declined


async def test_keys_and_values_take_every_form_that_was_met(clinic: Clinic) -> None:
    await clinic.purchase()
    await asyncio.sleep(5)
    await clinic.set_terminal(key_case="lower", numbers="string", time_form="iso")
    result = (await last(clinic))["latestTransactionResult"]
    assert (result["result"], result["totalAmount"], result["timeStamp"]) == ("0", "12500", "2026-11-25T06:00:05Z")
    await clinic.set_terminal(
        key_case="documented", numbers="int", missing_keys=["AID"], null_keys=["TVR"], empty_keys=["CVM"]
    )
    result = (await last(clinic))["latestTransactionResult"]
    assert ("AID" in result, result["TVR"], result["CVM"]) == (False, None, "")


async def test_wrong_reference_amount_or_terminal_on_the_wire_only(clinic: Clinic) -> None:
    overrides = {"TotalAmount": 46000, "TerminalID": "70000002", "orderId": "E0000000000A0"}
    await clinic.set_terminal(overrides=overrides, overrides_in="reply")
    element = (await clinic.purchase(460)).json()["result"][0]
    assert (element["orderId"], element["localModeEventArgs"]["TotalAmount"]) == ("E0000000000A0", 46000)
    await asyncio.sleep(5)
    looked_up = await last(clinic)
    assert (looked_up["orderId"], looked_up["latestTransactionResult"]["TerminalID"]) == ("E7K2M9Q4T1XA3", RECEPTION)
    assert [entry["amount_minor"] for entry in await clinic.entries()] == [460]


async def test_look_up_while_busy_can_cancel_or_answer_the_previous(clinic: Clinic) -> None:
    await clinic.purchase(100)
    await asyncio.sleep(5)
    await clinic.set_terminal(lookup_busy="previous")
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase(200))
        await asyncio.sleep(1)
        assert (await last(clinic))["latestTransactionResult"]["TotalAmount"] == 100
    assert payment.result().status_code == 201
    await asyncio.sleep(5)
    await clinic.set_terminal(lookup_busy="cancels")
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase(300))
        await asyncio.sleep(1)
        group.create_task(clinic.look_up())
    assert payment.result().status_code == 400


async def test_the_daily_restart_comes_once_a_day_also_in_mid_sale(clinic: Clinic) -> None:
    await clinic.set_terminal(restart_at="07:01")
    await asyncio.sleep(56)
    answer = await clinic.purchase()
    assert answer.json() == {"failure": {"error": "7016 Terminal reboot detected"}}
    await asyncio.sleep(3600)
    assert await state(clinic) == "idle"


async def test_printer_width_zero_leaves_the_slips_empty(clinic: Clinic) -> None:
    assert (await clinic.nets("PUT", "/settings", {"printerWidth": 0})).status_code == 200
    assert (await clinic.purchase()).json()["result"][0]["customerReceipt"] == ""
    assert (await clinic.nets("PUT", "/settings", {"printerWidth": "wide"})).status_code == 400


async def test_a_download_restarts_the_terminal(clinic: Clinic) -> None:
    answer = await clinic.nets("POST", "/administration", {"action": "downloadDataset"})
    assert answer.json()["result"]["localModeEventArgs"]["Result"] == 1
    assert await state(clinic) == "offline"
    await asyncio.sleep(61)
    assert await state(clinic) == "idle"
