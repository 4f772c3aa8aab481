"""A journal that may be behind its terminals: nothing is sent until each has been caught up with."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from agent_clinic import RECEPTION, Clinic

from edgepos.chance import SeededChance
from edgepos.client.errors import AgentError
from edgepos.journal import restore

pytestmark = pytest.mark.virtual_time


async def release(clinic: Clinic) -> dict[str, object]:
    freed: dict[str, object] = await clinic.client.post(f"/terminals/{RECEPTION}/release", {"other_box_is_off": True})
    return freed


async def test_a_new_journal_at_a_used_terminal_holds_it_until_it_has_caught_up(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    lost = await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    await clinic.until(lambda: clinic.is_synced(lost), 120)
    await clinic.kill()
    shutil.rmtree(clinic.folder / "state")
    (clinic.folder / "state").mkdir(mode=0o700)
    await clinic.start()
    await asyncio.sleep(20)
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    assert refused.value.code == "terminal-held"
    with pytest.raises(AgentError):
        await clinic.client.post(f"/terminals/{RECEPTION}/release", {})
    with pytest.raises(AgentError) as refused:
        await release(clinic)
    assert refused.value.code == "reconcile-first"
    adopted = await clinic.payment(lost["id"])
    assert (adopted["origin"], adopted["state"], adopted["approved_minor"]) == (
        "found",
        "approved",
        invoice["due_minor"],
    )
    begun = await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=clinic.chance.uuid4())
    assert (await clinic.outcome(begun))["state"] == "approved"
    await asyncio.sleep(10)
    assert (await release(clinic))["held"] is None
    assert (await clinic.pay(9_900))["state"] == "approved"


async def test_a_restored_copy_believes_only_its_own_reference(clinic: Clinic) -> None:
    assert clinic.agent is not None
    await clinic.pay()
    await asyncio.sleep(10)
    await clinic.cardholder({"do": "tap", "after_s": 30})
    payment = await clinic.begin_plain(7_700)
    await clinic.state(payment, {"sent"})
    (clinic.folder / "state" / "backups").mkdir()
    made = await clinic.agent.parts.journal.backup(clinic.folder / "state" / "backups")
    await clinic.outcome(payment)
    await clinic.kill()
    copy = clinic.folder / made.path.name
    shutil.copy(made.path, copy)
    await restore(copy, clinic.folder / "state", clock=clinic.clock, chance=SeededChance(99))
    await asyncio.sleep(30)
    await clinic.start()
    assert (await clinic.outcome(payment))["state"] == "approved"
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    assert refused.value.code == "terminal-held"
