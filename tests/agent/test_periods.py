"""Reconciliations: with intent and result; a lost one is known by the next session, never by a repeat."""

from __future__ import annotations

import asyncio

import pytest
from agent_clinic import RECEPTION, Clinic

pytestmark = pytest.mark.virtual_time


async def reconcile(clinic: Clinic) -> dict[str, object]:
    begun: dict[str, object] = await clinic.client.post(
        "/reconciliations", {"terminal": RECEPTION}, key=clinic.chance.uuid4()
    )
    return begun


async def test_a_reconciliation_keeps_the_slip_and_closes_the_period(clinic: Clinic) -> None:
    paid = await clinic.pay()
    await asyncio.sleep(10)
    closed = await clinic.outcome(await reconcile(clinic))
    assert closed["state"] == "approved"
    assert closed["slip"]
    assert closed["totals"]
    assert sum(one["amount_minor"] for one in closed["totals"]) == 12_500
    assert (await clinic.payment(paid["id"]))["period_closed"] is True


async def test_code_90_says_reconcile_and_try_again(clinic: Clinic) -> None:
    await clinic.outcome(await reconcile(clinic))
    await asyncio.sleep(20)
    await clinic.cardholder({"do": "tap", "decline_code": "90"})
    refused = await clinic.pay()
    assert (refused["state"], refused["cause"]) == ("declined", "90")
    shown = (await clinic.client.get("/status"))["terminals"][0]
    assert shown["state"] == "reconcile_first"
    assert (await clinic.pay())["state"] == "approved"  # another one went through: nothing is in the way any more
    await asyncio.sleep(20)
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] == "ready"


async def test_a_payments_slip_in_another_currency_is_said_hours_before_the_report(clinic: Clinic) -> None:
    await clinic.variant(currency="NOK")
    await clinic.pay()
    [said] = (await clinic.client.get("/findings"))["findings"]
    assert (said["kind"], said["facts"]["found"], said["facts"]["expected"]) == ("report-currency", "NOK", "SEK")
    assert "currency" in {one["name"] for one in (await clinic.client.get("/doctor"))["checks"]}
    await clinic.variant(currency="SEK")
    await clinic.pay(9_900)
    assert (await clinic.client.get("/findings"))["findings"] == []


async def test_code_87_asks_for_a_reconciliation_and_it_helps(clinic: Clinic) -> None:
    await clinic.variant(fresh_refuses=True)
    refused = await clinic.pay()
    assert (refused["state"], refused["cause"]) == ("declined", "87")
    shown = (await clinic.client.get("/status"))["terminals"][0]
    assert shown["state"] == "reconcile_first"
    assert "reconcile" in shown["mend"]
    assert (await clinic.outcome(await reconcile(clinic)))["state"] == "approved"
    await asyncio.sleep(20)
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] == "ready"
    assert (await clinic.pay())["state"] == "approved"


@pytest.mark.parametrize(("fault", "state"), [("drop_after", "approved"), ("drop_before", "not_started")])
async def test_a_lost_one_is_known_by_the_next_payments_session(clinic: Clinic, fault: str, state: str) -> None:
    await clinic.pay()
    await asyncio.sleep(10)
    await clinic.fault(fault, path="administration")
    lost = await reconcile(clinic)
    await clinic.state(lost, {"unknown"})
    await asyncio.sleep(20)
    assert (await clinic.pay(9_900))["state"] == "approved"
    known = await clinic.payment(str(lost["id"]))
    assert (known["state"], known["evidence"]) == (state, ["later-session"])
    if state == "approved":
        assert known["cause"] == "slip-missing"


async def test_a_busy_terminal_is_not_reconciled(clinic: Clinic) -> None:
    await clinic.control("POST", f"/terminals/{RECEPTION}/menu", {"s": 600})
    ended = await clinic.outcome(await reconcile(clinic))
    assert (ended["state"], ended["cause"]) == ("not_started", "terminal-busy")


async def test_killed_in_a_reconciliation_it_is_unknown_and_holds_no_payment(clinic: Clinic) -> None:
    await clinic.pay()
    await asyncio.sleep(10)
    begun = await reconcile(clinic)
    await clinic.state(begun, {"sent", "approved"})
    await clinic.kill()
    await asyncio.sleep(30)
    await clinic.start()
    assert (await clinic.payment(str(begun["id"])))["state"] in ("unknown", "approved")
    assert (await clinic.pay(9_900))["state"] == "approved"
    assert (await clinic.payment(str(begun["id"])))["state"] in ("approved", "not_started")
