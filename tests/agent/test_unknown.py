"""The answer is lost: the payment is unknown, blocks, and heals by the terminal's own record and by nothing else."""

from __future__ import annotations

import asyncio

import pytest
from agent_clinic import RECEPTION, ROOM, Clinic

from edgepos.client.errors import AgentError

pytestmark = pytest.mark.virtual_time


async def test_a_lost_reply_is_unknown_and_then_approved_by_evidence(clinic: Clinic) -> None:
    await clinic.fault("drop_after")
    payment = await clinic.begin_plain()
    lost = await clinic.state(payment, {"unknown"})
    assert lost["waiting_for"] is not None
    healed = await clinic.outcome(payment, 60)
    assert (healed["state"], healed["evidence"]) == ("approved", ["look-up"])
    assert await clinic.taken() == [("purchase", 12_500)]


async def test_while_unknown_neither_invoice_nor_terminal_can_be_charged(clinic: Clinic) -> None:
    """FC-01."""
    invoice = await clinic.invoice()
    await clinic.cardholder({"do": "tap", "after_s": 90})
    await clinic.fault("504_at_60s", args={"seconds": 20})
    look_ups = await clinic.fault("status", method="GET", nth=2, times=None, args={"status": 503})
    payment = await clinic.begin(clinic.body(invoice))
    await clinic.state(payment, {"unknown"})
    for terminal in (RECEPTION, ROOM):
        with pytest.raises(AgentError) as refused:
            await clinic.begin(clinic.body(invoice, terminal))
        assert refused.value.code == "payment-unknown"
        assert refused.value.facts["payment"] == payment["id"]
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    assert refused.value.code == "payment-unknown"
    await asyncio.sleep(200)
    assert (await clinic.payment(payment["id"]))["state"] == "unknown"
    await clinic.mend(look_ups)
    assert (await clinic.outcome(payment, 60))["state"] == "approved"
    assert await clinic.taken() == [("purchase", invoice["due_minor"])]


@pytest.mark.parametrize(
    "fault",
    [
        "drop_before", "reset", "504_at_60s", "cut_body", "cut_json", "html", "redirect", "511", "wrong_type", "empty",
        "401_executed",
    ],
)  # fmt: skip
async def test_whatever_breaks_the_answer_the_bank_and_the_journal_agree(clinic: Clinic, fault: str) -> None:
    await clinic.fault(fault)
    payment = await clinic.begin_plain()
    ended = await clinic.outcome(payment)
    expected = [("purchase", 12_500)] if ended["state"] == "approved" else []
    assert await clinic.taken() == expected
    assert ended["state"] in ("approved", "not_started")
    assert len(await clinic.bank()) <= 1


async def test_nothing_started_is_believed_only_after_the_longest_operation(clinic: Clinic) -> None:
    await clinic.fault("drop_before")
    began = clinic.clock.monotonic()
    ended = await clinic.outcome(await clinic.begin_plain())
    assert (ended["state"], ended["evidence"]) == ("not_started", ["fence", "fence"])
    assert 300 <= clinic.clock.monotonic() - began <= 345


async def test_a_refused_connection_has_sent_nothing(clinic: Clinic) -> None:
    await clinic.control("POST", "/faults", {"service": "nets", "fault": "down"})
    ended = await clinic.pay()
    assert (ended["state"], ended["cause"]) == ("not_started", "nets-away")


async def test_a_foreign_sale_between_leaves_it_unknown_and_raises_one_finding(clinic: Clinic) -> None:
    await clinic.pay()
    await asyncio.sleep(20)
    await clinic.variant(keypad_after_ours_minor=7_700)
    await clinic.fault("drop_after")
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"unknown"})
    await asyncio.sleep(2_000)
    found = await clinic.payment(payment["id"])
    assert (found["state"], found["waiting_for"]) == ("unknown", "foreign-transaction")
    findings = (await clinic.client.get("/findings"))["findings"]
    assert [(one["kind"], one["subject"]) for one in findings] == [("foreign-transaction", payment["id"])]


async def test_the_terminal_is_not_disturbed_while_the_card_may_be_in_it(clinic: Clinic) -> None:
    """A look-up at a working terminal might end the payment: none is made before it is idle."""
    await clinic.variant(lookup_busy="cancels")
    await clinic.cardholder({"do": "tap", "after_s": 100})
    await clinic.fault("504_at_60s", args={"seconds": 10})
    ended = await clinic.outcome(await clinic.begin_plain())
    assert ended["state"] == "approved"


async def test_back_in_reach_the_outcome_is_there_within_a_minute(clinic: Clinic) -> None:
    await clinic.fault("drop_after")
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"unknown"})
    await clinic.variant(connected=False)
    await asyncio.sleep(1_000)
    assert (await clinic.payment(payment["id"]))["state"] == "unknown"
    await clinic.variant(connected=True)
    assert (await clinic.outcome(payment, 60))["state"] == "approved"


async def test_a_later_approval_corrects_the_decline(clinic: Clinic) -> None:
    """FC-02: within a minute the bank holds nothing of which the journal knows only a decline."""
    invoice = await clinic.invoice()
    await clinic.cardholder({"do": "tap", "decline_code": "51", "approve_later_s": 9})
    declined = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    assert declined["state"] == "declined"
    await asyncio.sleep(60)
    payments = (await clinic.client.get("/payments"))["payments"]
    assert [(one["state"], one["origin"], one["corrects"]) for one in payments] == [
        ("approved", "found", declined["id"]),
        ("declined", "asked", None),
    ]
    assert payments[0]["approved_minor"] == invoice["due_minor"]
    findings = (await clinic.client.get("/findings"))["findings"]
    assert "late-approval" in [one["kind"] for one in findings]


async def test_a_recheck_asks_now(clinic: Clinic) -> None:
    await clinic.fault("drop_after")
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"unknown"})
    answer = await clinic.client.post(f"/payments/{payment['id']}/recheck")
    assert answer["id"] == payment["id"]
    assert (await clinic.outcome(payment, 10))["state"] == "approved"


async def test_a_terminal_that_never_echoes_is_learned(clinic: Clinic) -> None:
    await clinic.variant(order_id_echo="never")
    await clinic.pay()
    await asyncio.sleep(10)
    await clinic.pay(9_900)
    await asyncio.sleep(10)
    await clinic.fault("drop_after")
    healed = await clinic.outcome(await clinic.begin_plain(5_500))
    assert healed["state"] == "approved"
    findings = (await clinic.client.get("/findings"))["findings"]
    assert [one["kind"] for one in findings] == ["weak-evidence"]


async def test_settled_by_hand_needs_the_very_sentence_and_frees_the_terminal(clinic: Clinic) -> None:
    """FC-03."""
    await clinic.fault("drop_after")
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"unknown"})
    await clinic.variant(connected=False)
    body = {"outcome": "taken", "slip_number": "0042", "amount_minor": 12_500}
    path = f"/payments/{payment['id']}/settle"
    sentence = (await clinic.client.post(path, body))["confirm"]
    assert "125.00 SEK" in sentence
    assert "0042" in sentence
    with pytest.raises(AgentError):
        await clinic.client.post(path, {**body, "confirm": "yes"})
    settled = await clinic.client.post(path, {**body, "confirm": sentence})
    assert (settled["state"], settled["settled_outcome"]) == ("settled_by_hand", "taken")
    with pytest.raises(AgentError) as refused:
        await clinic.client.post(path, {**body, "confirm": sentence})
    assert refused.value.code == "already-settled"
    await clinic.variant(connected=True)
    await asyncio.sleep(30)
    assert (await clinic.pay(9_900))["state"] == "approved"
    assert (await clinic.payment(payment["id"]))["state"] == "settled_by_hand"


async def test_settled_as_not_taken_and_taken_after_all_is_found(clinic: Clinic) -> None:
    await clinic.fault("drop_after")
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"unknown"})
    path, body = f"/payments/{payment['id']}/settle", {"outcome": "not_taken"}
    await clinic.client.post(path, {**body, "confirm": (await clinic.client.post(path, body))["confirm"]})
    await asyncio.sleep(30)
    assert (await clinic.pay(9_900))["state"] == "approved"
    payments = (await clinic.client.get("/payments"))["payments"]
    found = [one for one in payments if one["origin"] == "found"]
    assert [(one["corrects"], one["approved_minor"]) for one in found] == [(payment["id"], 12_500)]
