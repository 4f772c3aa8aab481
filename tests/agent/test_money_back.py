"""Refunds, reversals and asking to stop: with the same care as payments."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from agent_clinic import LOCATION, RECEPTION, Clinic

from edgepos.client.errors import AgentError

pytestmark = pytest.mark.virtual_time


async def refund(clinic: Clinic, payment: dict[str, object], amount_minor: int) -> dict[str, object]:
    path, body = f"/payments/{payment['id']}/refund", {"terminal": RECEPTION, "amount_minor": amount_minor}
    begun: dict[str, object] = await clinic.client.post(path, body, key=clinic.chance.uuid4())
    return begun


async def test_three_part_refunds_leave_nothing_and_a_fourth_is_refused(clinic: Clinic) -> None:
    """FC-11."""
    paid = await clinic.pay(10_000)
    with pytest.raises(AgentError) as refused:
        await refund(clinic, paid, 10_001)
    assert (refused.value.code, refused.value.facts["max_minor"]) == ("amount-too-large", 10_000)
    for part in (3_333, 3_333, 3_334):
        await asyncio.sleep(5)
        assert (await clinic.outcome(await refund(clinic, paid, part)))["state"] == "approved"
    assert (await clinic.payment(paid["id"]))["refundable_minor"] == 0
    with pytest.raises(AgentError):
        await refund(clinic, paid, 1)
    assert [kind for kind, _ in await clinic.taken()] == ["purchase", "refund", "refund", "refund"]


async def test_a_lost_refund_counts_as_used_and_is_never_sent_again(clinic: Clinic) -> None:
    """FC-10."""
    paid = await clinic.pay(10_000)
    await asyncio.sleep(5)
    await clinic.fault("drop_after")
    lost = await refund(clinic, paid, 10_000)
    await clinic.state(lost, {"unknown"})
    assert (await clinic.payment(paid["id"]))["refundable_minor"] == 0
    await clinic.kill()
    await clinic.start()
    with pytest.raises(AgentError) as refused:
        await refund(clinic, paid, 10_000)
    assert refused.value.code == "amount-too-large"
    assert (await clinic.outcome(lost))["state"] == "approved"
    assert await clinic.taken() == [("purchase", 10_000), ("refund", 10_000)]


async def test_a_reversal_takes_back_the_last_payment(clinic: Clinic) -> None:
    paid = await clinic.pay()
    await asyncio.sleep(10)
    undone = await clinic.outcome(
        await clinic.client.post(f"/payments/{paid['id']}/reverse", key=clinic.chance.uuid4())
    )
    assert (undone["state"], undone["corrects"]) == ("approved", paid["id"])
    assert [one["kind"] for one in await clinic.bank() if one["voided"]] == ["purchase"]
    assert (await clinic.payment(paid["id"]))["refundable_minor"] == 0


async def test_a_lost_reversal_is_known_by_its_slip(clinic: Clinic) -> None:
    paid = await clinic.pay()
    await asyncio.sleep(10)
    await clinic.fault("drop_after", method="DELETE")
    begun = await clinic.client.post(f"/payments/{paid['id']}/reverse", key=clinic.chance.uuid4())
    undone = await clinic.outcome(begun, 120)
    assert (undone["state"], undone["evidence"]) == ("approved", ["look-up", "void-slip"])


async def test_an_older_payment_is_not_reversed(clinic: Clinic) -> None:
    older = await clinic.pay()
    await asyncio.sleep(5)
    await clinic.pay(9_900)
    with pytest.raises(AgentError) as refused:
        await clinic.client.post(f"/payments/{older['id']}/reverse", key=clinic.chance.uuid4())
    assert refused.value.code == "not-last"


async def test_no_reversal_goes_out_after_a_foreign_sale(clinic: Clinic) -> None:
    """The journal still thinks that it is the last; the look just before sending knows better."""
    paid = await clinic.pay()
    await asyncio.sleep(60)
    await clinic.control("POST", f"/terminals/{RECEPTION}/keypad_sale", {"amount_minor": 7_700})
    await asyncio.sleep(20)
    begun = await clinic.client.post(f"/payments/{paid['id']}/reverse", key=clinic.chance.uuid4())
    ended = await clinic.outcome(begun)
    assert (ended["state"], ended["cause"]) == ("not_started", "not-last")
    assert not any(one["voided"] for one in await clinic.bank())


async def test_where_the_keypad_sells_too_nothing_is_reversed(unstarted: Clinic) -> None:
    path = unstarted.folder / "config" / "location.toml"
    path.write_text(LOCATION.replace('model = "Desk3500"', 'model = "Desk3500"\nkeypad_sales = true'))
    await unstarted.start()
    paid = await unstarted.pay()
    with pytest.raises(AgentError) as refused:
        await unstarted.client.post(f"/payments/{paid['id']}/reverse", key=unstarted.chance.uuid4())
    assert refused.value.code == "not-last"


async def test_asked_to_stop_it_is_cancelled_by_the_terminals_own_word(clinic: Clinic) -> None:
    """FC-06."""
    await clinic.variant(cardholder="absent")
    payment = await clinic.begin_plain()
    await asyncio.sleep(5)
    asked = await clinic.client.post(f"/payments/{payment['id']}/cancel")
    assert asked["state"] == "sent"
    assert asked["asked_to_stop_at"]
    ended = await clinic.outcome(payment, 30)
    assert ended["state"] == "cancelled"
    assert await clinic.taken() == []


@pytest.mark.parametrize("answer", ["refuse", "swallow", "approve", "late"])
async def test_a_wish_to_stop_that_is_not_heard_changes_nothing(clinic: Clinic, answer: str) -> None:
    await clinic.variant(cancel=answer, cancel_late_s=2)
    await clinic.cardholder({"do": "tap", "after_s": 10})
    payment = await clinic.begin_plain()
    await asyncio.sleep(5)
    await clinic.client.post(f"/payments/{payment['id']}/cancel")
    ended = await clinic.outcome(payment)
    assert await clinic.taken() == ([("purchase", 12_500)] if ended["state"] == "approved" else [])


async def test_after_the_end_it_is_too_late_to_stop(clinic: Clinic) -> None:
    paid = await clinic.pay()
    with pytest.raises(AgentError) as refused:
        await clinic.client.post(f"/payments/{paid['id']}/cancel")
    assert refused.value.code == "cancel-too-late"


async def test_cancel_at_every_moment_leaves_bank_and_journal_agreed(clinic: Clinic) -> None:
    for tenths in range(0, 100, 7):
        payment = await clinic.begin_plain(10_000 + tenths)
        await asyncio.sleep(tenths / 10)
        with contextlib.suppress(AgentError):  # too late
            await clinic.client.post(f"/payments/{payment['id']}/cancel")
        ended = await clinic.outcome(payment)
        taken = [amount for _, amount in await clinic.taken()]
        assert (10_000 + tenths in taken) is (ended["state"] == "approved"), ended
        await asyncio.sleep(20)


async def test_a_large_refund_needs_a_pin(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clinic.agent is not None
    await clinic.client.post("/operators", {"operator": "anna", "name": "Anna", "role": "senior", "pin": "4711"})
    paid = await clinic.pay(90_000)
    await asyncio.sleep(5)
    monkeypatch.setattr("edgepos.agent.peers.os.geteuid", lambda: 12345)  # the client is root: make it staff instead
    monkeypatch.setattr("edgepos.agent.peers.Peer.role", property(lambda peer: _staff()))
    with pytest.raises(AgentError) as refused:
        await refund(clinic, paid, 60_000)
    assert (refused.value.code, refused.value.status) == ("pin-needed", 403)
    client = clinic.client
    client.session = (await client.post("/login", {"operator": "anna", "pin": "4711"}))["session"]
    body = {"terminal": RECEPTION, "amount_minor": 60_000}
    begun = await client.post(f"/payments/{paid['id']}/refund", body, key=clinic.chance.uuid4())
    assert begun["operator"] == "anna"
    assert (await clinic.outcome(begun))["state"] == "approved"


def _staff() -> object:
    from edgepos.agent.peers import Role

    return Role.STAFF
