"""A payment's life through the whole agent, from the invoice to its booking: each outcome, and what is written down."""

from __future__ import annotations

import asyncio

import pytest
from agent_clinic import RECEPTION, ROOM, Clinic

from edgepos.client.errors import AgentError

pytestmark = pytest.mark.virtual_time


async def test_an_invoice_is_paid_once_at_the_bank_and_booked_once(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    paid = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    assert (paid["state"], paid["evidence"]) == ("approved", ["own-reply"])
    assert paid["approved_minor"] == invoice["due_minor"]
    assert paid["remaining_minor"] == 0
    assert await clinic.taken() == [("purchase", invoice["due_minor"])]
    await clinic.until(lambda: clinic.is_synced(paid), 120)
    bookings = (await clinic.control("GET", "/truth"))["bookings"]
    assert [one["info"].split()[0] for one in bookings if paid["id"] in one["info"]] == [f"{paid['id']}.1"]


async def test_a_payment_takes_three_commits_until_it_is_decided(clinic: Clinic) -> None:
    assert clinic.agent is not None
    before = clinic.agent.parts.journal.head[0]
    await clinic.pay()
    assert clinic.agent.parts.journal.head[0] - before == 3


async def test_a_decline_moves_nothing_and_frees_the_invoice(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    await clinic.cardholder({"do": "tap", "decline_code": "51"})
    declined = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    assert (declined["state"], declined["cause"]) == ("declined", "51")
    assert await clinic.taken() == []
    assert (await clinic.outcome(await clinic.begin(clinic.body(invoice))))["state"] == "approved"


async def test_nobody_with_a_card_is_cancelled_by_the_terminal(clinic: Clinic) -> None:
    await clinic.variant(cardholder="absent")
    ended = await clinic.pay()
    assert (ended["state"], ended["cause"]) == ("cancelled", "no-card")


async def test_part_approval_keeps_both_amounts(clinic: Clinic) -> None:
    await clinic.cardholder({"do": "tap", "approve_minor": 5_000})
    paid = await clinic.pay(8_000)
    assert (paid["state"], paid["cause"]) == ("approved", "part-approved")
    assert (paid["amount_minor"], paid["approved_minor"], paid["remaining_minor"]) == (8_000, 5_000, 3_000)


async def test_a_tip_belongs_to_no_invoice(clinic: Clinic) -> None:
    await clinic.cardholder({"do": "tap", "tip_minor": 800})
    paid = await clinic.pay(8_000)
    assert (paid["approved_minor"], paid["tip_minor"], paid["refundable_minor"]) == (8_000, 800, 8_000)


async def test_the_same_press_twice_is_one_payment(clinic: Clinic) -> None:
    body = {"terminal": RECEPTION, "currency": "SEK", "amount_minor": 12_500}
    key = clinic.chance.uuid4()
    first, second = await clinic.begin(body, key), await clinic.begin(body, key)
    assert first["id"] == second["id"]
    await clinic.outcome(first)
    assert (await clinic.begin(body, key))["state"] == "approved"
    assert await clinic.taken() == [("purchase", 12_500)]


async def test_four_clients_one_invoice_is_one_payment(clinic: Clinic) -> None:
    """FC-05."""
    invoice = await clinic.invoice()
    bodies = [clinic.body(invoice, terminal) for terminal in (RECEPTION, ROOM, RECEPTION, ROOM)]
    answers = await asyncio.gather(*(clinic.begin(body) for body in bodies), return_exceptions=True)
    taken = [one for one in answers if isinstance(one, dict)]
    refused = [one for one in answers if isinstance(one, AgentError)]
    assert len(taken) == 1
    assert len(refused) == 3
    assert {one.facts["payment"] for one in refused} == {taken[0]["id"]}
    assert {one.code for one in refused} <= {"invoice-open", "terminal-in-use"}
    assert {one.status for one in refused} == {409}


async def test_while_one_is_at_the_terminal_another_is_refused_by_name(clinic: Clinic) -> None:
    """FC-07."""
    await clinic.variant(cardholder="absent")
    first = await clinic.begin_plain(4_500)
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain(1_200)
    assert refused.value.code == "terminal-in-use"
    assert (refused.value.facts["payment"], refused.value.facts["amount_minor"]) == (first["id"], 4_500)


async def test_a_busy_terminal_is_told_at_once_and_nothing_is_sent(clinic: Clinic) -> None:
    """FC-27."""
    await clinic.control("POST", f"/terminals/{RECEPTION}/menu", {"s": 600})
    began = clinic.clock.monotonic()
    ended = await clinic.outcome(await clinic.begin_plain(), 3)
    assert (ended["state"], ended["cause"]) == ("not_started", "terminal-busy")
    assert clinic.clock.monotonic() - began <= 3


async def test_a_terminal_that_refuses_the_request_is_not_started_by_proof(clinic: Clinic) -> None:
    await clinic.fault(
        "status", args={"status": 400, "body": '{"failure":{"error":"7100 processing previous command"}}'}
    )
    ended = await clinic.pay()
    assert (ended["state"], ended["evidence"]) == ("not_started", ["refusal", "fence"])
    assert await clinic.taken() == []


async def test_an_offline_terminal_is_no_busy_one(clinic: Clinic) -> None:
    await clinic.variant(connected=False)
    ended = await clinic.pay()
    assert (ended["state"], ended["cause"]) == ("not_started", "terminal-away")


async def test_a_changed_due_sum_is_not_charged(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    await clinic.control("POST", "/practice/bookings", {"invoice": int(invoice["id"]), "paid_minor": 1_000})
    ended = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    assert (ended["state"], ended["cause"]) == ("not_started", "due-changed")
    assert await clinic.taken() == []


async def test_an_invoice_that_cannot_be_read_again_is_not_charged(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    await clinic.control("POST", "/faults", {"service": "provet", "fault": "down"})
    ended = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    assert (ended["state"], ended["cause"]) == ("not_started", "practice-away")
    unlisted = await clinic.pay(invoice["due_minor"])
    assert unlisted["state"] == "approved"


async def test_after_hours_of_rest_the_first_payment_just_works(
    unstarted: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FC-20: a token that could end during the longest operation is renewed before, never in the middle."""
    monkeypatch.setenv("EDGEPOS_TIMES__POLL_S", "1800")
    unstarted.without_practice()
    await unstarted.start()
    for hours in (11, 14):
        await asyncio.sleep(hours * 3600)
        assert (await unstarted.pay())["state"] == "approved"


async def test_a_token_that_ends_in_the_middle_loses_nothing(unstarted: Clinic) -> None:
    await unstarted.control("PUT", "/nets", {"token_life_s": 400})
    await unstarted.start()
    await unstarted.cardholder({"do": "tap", "after_s": 30})
    await asyncio.sleep(390)
    assert (await unstarted.pay())["state"] == "approved"
