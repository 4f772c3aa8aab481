"""The steps of the set-up as the agent finds them: from nothing to a purchase given back, left and gone on with."""

from __future__ import annotations

from typing import Any

import pytest
from agent_clinic import RECEPTION, Clinic

pytestmark = pytest.mark.virtual_time


async def steps(clinic: Clinic, **query: object) -> dict[str, dict[str, Any]]:
    document = await clinic.client.get("/setup", **query)
    return {one["id"].removesuffix(f":{RECEPTION}"): one for one in document["steps"]}


async def reconcile(clinic: Clinic) -> None:
    """Once it is seen to be ready."""

    async def is_usable() -> bool:
        return (await clinic.client.get("/status"))["terminals"][0]["state"] in ("ready", "reconcile_first")

    await clinic.until(is_usable, 120)
    key = clinic.chance.uuid4()
    await clinic.outcome(await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=key))


async def pay(clinic: Clinic, amount_minor: int, text: str) -> dict[str, Any]:
    body = {"terminal": RECEPTION, "currency": "SEK", "amount_minor": amount_minor, "text": text}
    await clinic.cardholder({"do": "tap"})
    return await clinic.outcome(await clinic.begin(body))


async def rests(clinic: Clinic) -> None:
    """The terminal has printed."""

    async def is_ready() -> bool:
        return (await clinic.client.get("/status"))["terminals"][0]["state"] == "ready"

    await clinic.until(is_ready, 120)


async def reverse(clinic: Clinic, payment: dict[str, Any]) -> None:
    await rests(clinic)
    asked = await clinic.client.post(f"/payments/{payment['id']}/reverse", key=clinic.chance.uuid4())
    assert (await clinic.outcome(asked))["state"] == "approved"


async def test_each_step_is_open_until_it_is_done_and_is_told_from_what_is_so(clinic: Clinic) -> None:
    async def is_seen() -> bool:
        return (await steps(clinic))["terminal"]["state"] == "ok"

    await clinic.until(is_seen, 60)
    found = await steps(clinic, look=1)
    assert found["terminal"]["state"] == "ok"
    assert (found["lamps"]["state"], found["lamps"]["act"]) == ("open", "lamps")
    assert (found["reconciliation"]["state"], found["reconciliation"]["act"]) == ("open", "reconcile")
    assert (found["purchase"]["state"], found["purchase"]["act"]) == ("open", ""), "the reconciliation comes first"
    await clinic.client.post("/setup/lamps", {"terminal": "RECEPTION", "green": True})
    await reconcile(clinic)
    found = await steps(clinic)
    assert found["lamps"]["state"] == found["reconciliation"]["state"] == "ok"
    assert found["purchase"]["act"] == "purchase"


async def test_a_test_purchase_stays_open_until_it_is_given_back(clinic: Clinic) -> None:
    await reconcile(clinic)
    other = await pay(clinic, 700, "STH-1")
    await rests(clinic)
    assert (await steps(clinic))["purchase"]["act"] == "purchase", f"{other['id']} is a customer's"
    paid = await pay(clinic, 100, "edgepos setup")
    found = (await steps(clinic))["purchase"]
    assert (found["state"], found["act"], found["payment"]["id"]) == ("open", "give-back", paid["id"])
    assert "1.00 SEK" in found["message"]
    await clinic.kill()
    await clinic.start()
    assert (await steps(clinic))["purchase"]["act"] == "give-back", "it is the journal that knows"
    await reverse(clinic, paid)
    found = (await steps(clinic))["purchase"]
    assert (found["state"], found["act"]) == ("ok", "")
    assert paid["id"] in found["message"]


async def test_what_was_true_of_another_account_proves_nothing(clinic: Clinic) -> None:
    await reconcile(clinic)
    await clinic.client.post("/setup/lamps", {"terminal": RECEPTION, "green": True})
    await reverse(clinic, await pay(clinic, 100, "edgepos setup"))
    found = await steps(clinic)
    assert found["lamps"]["state"] == found["purchase"]["state"] == "ok"
    await clinic.stop()
    settings = clinic.folder / "config" / "organisation.toml"
    settings.write_text(settings.read_text().replace("clinic_demo", "another"))
    await clinic.start()
    found = await steps(clinic)
    assert found["lamps"]["state"] == found["purchase"]["state"] == "open"


async def test_a_lamp_that_is_not_green_is_not_right_and_says_what_to_do(clinic: Clinic) -> None:
    await clinic.client.post("/setup/lamps", {"terminal": RECEPTION, "green": False})
    found = (await steps(clinic))["lamps"]
    assert found["state"] == "wrong"
    assert "TLS, port 6001" in found["mend"]
    assert not (await clinic.client.get("/setup"))["ok"]


async def test_terminals_of_the_account_and_departments_are_asked_for_only_when_it_looks(clinic: Clinic) -> None:
    path = clinic.folder / "config" / "location.toml"
    text = path.read_text()
    await clinic.stop()
    path.write_text(
        text.partition('\n[[terminal]]\nid = "70000003"')[0].replace('department = "2"', 'department = "9"')
    )
    await clinic.start()
    found = await steps(clinic)
    assert found["account:Nets: account"]["state"] == found["department:department"]["state"] == "not_looked_at"
    found = await steps(clinic, look=1)
    assert found["account:Nets: account"]["state"] == "ok"
    assert found["services:rights"]["state"] == "ok", "one line for all rights that are there"
    assert not [name for name in found if name.startswith("services:right ")]
    assert found["foreign:terminal 70000003"]["state"] == "not_looked_at"
    assert "There are: 1 Demo Vet Söder, 2 Demo Vet Stockholm" in found["department:department"]["message"]
    again = await steps(clinic)
    assert again["department:department"]["state"] == "wrong", "what was seen stays in sight"


async def test_a_bare_box_says_what_to_type(unstarted: Clinic) -> None:
    for name in ("organisation.toml", "location.toml"):
        (unstarted.folder / "config" / name).write_text("")
    await unstarted.start()
    document = await unstarted.client.get("/setup", look=1)
    wrong = {one["kind"]: one for one in document["steps"] if one["state"] == "wrong"}
    for kind in ("settings", "account", "terminals"):
        assert "sudo edgepos setup" in wrong[kind]["mend"]
    people = next(one for one in document["steps"] if one["kind"] == "people")
    assert people["state"] == "open"
