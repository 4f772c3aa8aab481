"""A journal that may be behind its terminals: nothing is sent until each has been caught up with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agent_clinic import RECEPTION, ROOM, Clinic

from edgepos.agent.asking import Who
from edgepos.agent.forms import Form
from edgepos.agent.peers import Role
from edgepos.chance import SeededChance
from edgepos.client.errors import AgentError
from edgepos.domain.errors import Refused
from edgepos.journal import restore

pytestmark = pytest.mark.virtual_time


async def step_of_release(clinic: Clinic, terminal: str = RECEPTION) -> str:
    """One step towards letting the terminal go; what still stands in the way, empty if nothing does."""
    try:
        await release(clinic, terminal)
    except AgentError as refused:
        return refused.code
    return ""


async def reconcile(clinic: Clinic, terminal: str = RECEPTION) -> None:
    begun = await clinic.client.post("/reconciliations", {"terminal": terminal}, key=clinic.chance.uuid4())
    assert (await clinic.outcome(begun))["state"] == "approved"
    await asyncio.sleep(10)


async def open_findings(clinic: Clinic, kind: str) -> list[dict[str, object]]:
    return [one for one in (await clinic.client.get("/findings"))["findings"] if one["kind"] == kind]


async def release(clinic: Clinic, terminal: str = RECEPTION) -> dict[str, object]:
    freed: dict[str, object] = await clinic.client.post(f"/terminals/{terminal}/release", {"other_box_is_off": True})
    return freed


async def booked(clinic: Clinic, *nth: int, terminal: str = RECEPTION) -> dict[str, Any]:
    """One payment of the *nth* invoices, in the practice system too."""
    bodies = [clinic.body(await clinic.invoice(one), terminal) for one in nth]
    whole = {**bodies[0], "lines": [line for body in bodies for line in body["lines"]]}
    payment = await clinic.outcome(await clinic.begin(whole))
    await clinic.until(lambda: clinic.is_synced(payment), 120)
    return payment


async def on_an_empty_journal(clinic: Clinic) -> None:
    await clinic.kill()
    shutil.rmtree(clinic.folder / "state")
    (clinic.folder / "state").mkdir(mode=0o700)
    await clinic.start()
    await asyncio.sleep(20)


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


async def a_payment(clinic: Clinic, before: dict[str, Any]) -> dict[str, Any]:
    return await clinic.pay(12_500)


async def a_refund(clinic: Clinic, before: dict[str, Any]) -> dict[str, Any]:
    asked = {"amount_minor": 4_000, "reason": "too much"}
    return await clinic.outcome(
        await clinic.client.post(f"/payments/{before['id']}/refund", asked, key=clinic.chance.uuid4())
    )


async def a_payment_and_its_reversal(clinic: Clinic, before: dict[str, Any]) -> dict[str, Any]:
    payment = await clinic.pay(12_500)
    return await clinic.outcome(
        await clinic.client.post(f"/payments/{payment['id']}/reverse", {}, key=clinic.chance.uuid4())
    )


async def restored_before_the_last_payment(
    clinic: Clinic, last: Callable[[Clinic, dict[str, Any]], Awaitable[dict[str, Any]]] = a_payment
) -> tuple[dict[str, object], dict[str, object], int]:
    """A copy, then what the practice system does not have yet, then the copy in the journal's place.

    Gives the payment before the copy, the one after it, and an invoice that is older than both.
    """
    assert clinic.agent is not None
    older = await clinic.invoice(1)
    before = await clinic.pay(20_000)
    await asyncio.sleep(20)
    backups = clinic.folder / "backups"
    backups.mkdir()
    made = await clinic.agent.parts.journal.backup(backups)
    await clinic.control("POST", "/faults", {"service": "provet", "fault": "down", "id": "away"})
    lost = await last(clinic, before)
    assert lost["state"] == "approved"
    await clinic.kill()
    await clinic.mend("away")
    await restore(made.path, clinic.folder / "state", clock=clinic.clock, chance=SeededChance(99))
    await asyncio.sleep(60)
    await clinic.start()
    await clinic.until(lambda: _has_invoices(clinic), 60)
    return before, lost, int(older["id"])


async def _has_invoices(clinic: Clinic) -> bool:
    return bool((await clinic.client.get("/invoices"))["invoices"])


async def test_a_copy_that_lacks_the_last_payment_catches_up_and_lists_the_gap(clinic: Clinic) -> None:
    _, lost, older = await restored_before_the_last_payment(clinic)
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] == "held"
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    assert refused.value.code == "terminal-held"
    assert await step_of_release(clinic) == "reconcile-first"
    adopted = await clinic.payment(str(lost["id"]))
    assert (adopted["origin"], adopted["state"], adopted["approved_minor"]) == ("found", "approved", 12_500)
    assert await step_of_release(clinic) == "reconcile-first", "each step is what was really seen"
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    (gap,) = await open_findings(clinic, "before-this-journal")
    assert gap["facts"]["terminal"] == RECEPTION  # type: ignore[index]
    assert await clinic.taken() == [("purchase", 20_000), ("purchase", 12_500)]

    # Until a person has handled the gap, older invoices are asked about again, and money back needs a senior.
    invoice = await clinic.client.get(f"/invoices/{older}", fresh=1)
    body = clinic.body(invoice)
    with pytest.raises(AgentError) as refused:
        await clinic.begin(body)
    assert (refused.value.code, refused.value.facts["numbers"]) == ("perhaps-paid", [invoice["number"]])
    assert (await clinic.outcome(await clinic.begin({**body, "gap_confirmed": True})))["state"] == "approved"
    await asyncio.sleep(20)
    newer = await clinic.control("POST", "/practice/invoices", {"total_minor": 5_000, "department": 2})
    await asyncio.sleep(40)
    fresh = await clinic.client.get(f"/invoices/{newer['id']}", fresh=1)
    assert (await clinic.outcome(await clinic.begin(clinic.body(fresh))))["state"] == "approved"

    await clinic.client.post(f"/findings/{gap['id']}/handle", {"note": "all slips found"})
    await asyncio.sleep(20)
    another = await clinic.invoice(2)
    assert (await clinic.outcome(await clinic.begin(clinic.body(another))))["state"] == "approved"
    assert (await clinic.client.get("/verify"))["ok"]


async def test_money_back_that_the_copy_lacks_is_adopted_as_money_back(clinic: Clinic) -> None:
    _, lost, _ = await restored_before_the_last_payment(clinic, a_refund)
    assert await step_of_release(clinic) == "reconcile-first"
    adopted = await clinic.payment(str(lost["id"]))
    assert (adopted["kind"], adopted["state"], adopted["approved_minor"]) == ("refund", "approved", 4_000)
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    assert (await clinic.pay(9_900))["state"] == "approved"
    assert (await clinic.client.get("/verify"))["ok"]


async def test_what_the_copy_lacks_and_was_reversed_is_not_adopted_as_a_payment(clinic: Clinic) -> None:
    await restored_before_the_last_payment(clinic, a_payment_and_its_reversal)
    assert await step_of_release(clinic) == "reconcile-first"
    assert [one["amount_minor"] for one in (await clinic.client.get("/payments"))["payments"]] == [20_000]
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    assert await open_findings(clinic, "before-this-journal"), "a person has to look at the slips"
    assert (await clinic.pay(9_900))["state"] == "approved"


async def test_a_last_result_that_does_not_say_what_it_was_is_left_to_a_person(clinic: Clinic) -> None:
    """A terminal that prints for itself gives no slip, and without one money taken looks like money given back."""
    clinic.simulator.world.terminals[RECEPTION].printer_width = 0
    _, lost, _ = await restored_before_the_last_payment(clinic, a_refund)
    assert await step_of_release(clinic) == "reconcile-first"
    assert [one["amount_minor"] for one in (await clinic.client.get("/payments"))["payments"]] == [20_000]
    (finding,) = await open_findings(clinic, "not-adopted")
    assert finding["subject"] == lost["id"]
    assert await step_of_release(clinic) == "reconcile-first"
    assert len(await open_findings(clinic, "not-adopted")) == 1
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    assert (await clinic.pay(9_900))["state"] == "approved", "what a person was asked about holds nothing up"


async def test_what_only_the_books_can_say_is_adopted_from_them_and_once(clinic: Clinic) -> None:
    clinic.simulator.world.terminals[RECEPTION].printer_width = 0
    lost = await booked(clinic, 0)
    await on_an_empty_journal(clinic)
    assert await step_of_release(clinic) == "reconcile-first"
    adopted = await clinic.payment(lost["id"])
    assert (adopted["kind"], adopted["approved_minor"]) == ("purchase", lost["approved_minor"])
    assert not await open_findings(clinic, "not-adopted")
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    await clinic.pay(9_900)
    known = (await clinic.client.get("/payments"))["payments"]
    assert [one["id"] for one in known if one["amount_minor"] == lost["amount_minor"]] == [lost["id"]]
    assert not await open_findings(clinic, "second-approval")


async def test_each_terminal_gets_back_what_was_booked_of_its_own(clinic: Clinic) -> None:
    lost = [await booked(clinic, 0, terminal=ROOM), await booked(clinic, 0), await booked(clinic, 0)]
    await clinic.pay(9_900)  # so that neither terminal's last result is one of them
    await clinic.pay(9_800, ROOM)
    await on_an_empty_journal(clinic)
    assert await step_of_release(clinic) == "reconcile-first"
    assert await step_of_release(clinic, ROOM) == "reconcile-first"
    adopted = [await clinic.payment(one["id"]) for one in lost]
    assert [one["terminal"] for one in adopted] == [ROOM, RECEPTION, RECEPTION]
    assert [one["approved_minor"] for one in adopted] == [one["approved_minor"] for one in lost]


async def test_a_booking_that_names_no_terminal_is_adopted_once_wherever_it_was(clinic: Clinic) -> None:
    """As older bookings do not, and those that the practice system has cut."""
    await clinic.pay(9_900)
    lost = await booked(clinic, 0, terminal=ROOM)
    for booking in clinic.simulator.world.practice.bookings.values():
        booking.info = booking.info.removesuffix(f" {ROOM}")
    await on_an_empty_journal(clinic)
    for terminal in (RECEPTION, ROOM):
        await step_of_release(clinic, terminal)
        await reconcile(clinic, terminal)
        assert await step_of_release(clinic, terminal) == ""
    assert (await clinic.pay(9_800, ROOM))["state"] == "approved"
    known = (await clinic.client.get("/payments"))["payments"]
    assert [one["id"] for one in known if one["amount_minor"] == lost["amount_minor"]] == [lost["id"]]


@pytest.mark.parametrize(
    "fault",
    [{"fault": "html"}, {"fault": "wrong_type"}, {"fault": "cut_json"}, {"fault": "empty"},
     *({"fault": "status", "args": {"status": status}} for status in (400, 403, 404, 429, 500))],
    ids=str,
)  # fmt: skip
async def test_books_that_answer_nonsense_take_nobody_down_and_are_asked_again(
    unstarted: Clinic, fault: dict[str, Any]
) -> None:
    clinic = unstarted
    rule = {"service": "provet", "method": "GET", "path": "*/invoicepayment/", "times": None, "id": "odd", **fault}
    await clinic.control("POST", "/faults", rule)
    await clinic.start()
    await asyncio.sleep(300)
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] != "held"
    await clinic.mend("odd")
    clinic.simulator.world.practice.book(501, 100, info=f"E7K286FQCZ254.1 VISA {RECEPTION}")
    await asyncio.sleep(4_000)
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] == "held"


@pytest.mark.parametrize("is_last", [True, False])
async def test_a_payment_of_two_invoices_is_adopted_whole(clinic: Clinic, is_last: bool) -> None:
    lost = await booked(clinic, 0, 1)
    if not is_last:
        await clinic.pay(9_900)
    await on_an_empty_journal(clinic)
    assert await step_of_release(clinic) == "reconcile-first"
    adopted = await clinic.payment(lost["id"])
    assert adopted["approved_minor"] == lost["approved_minor"]
    assert [(one["invoice"], one["kept_minor"]) for one in adopted["lines"]] == [
        (one["invoice"], one["kept_minor"]) for one in lost["lines"]
    ]
    assert adopted["sync"] == "acknowledged"
    assert bool(adopted["stan_auth"]) is is_last
    await asyncio.sleep(60)
    ours = [one for one in (await clinic.control("GET", "/truth"))["bookings"] if lost["id"] in one["info"]]
    assert len(ours) == 2, "what is booked is not booked again"


async def test_what_was_not_booked_of_the_last_payment_is_a_line_that_can_be_given_its_invoice(clinic: Clinic) -> None:
    lost = await booked(clinic, 0, 1)
    row = f"{lost['id']}.2"
    practice = clinic.simulator.world.practice
    ours = {id: one for id, one in practice.bookings.items() if row in one.info}
    (unbooked,) = ours.values()
    unbooked.info = "Kontant"  # as if it had never come that far
    await on_an_empty_journal(clinic)
    await step_of_release(clinic)
    adopted = await clinic.payment(lost["id"])
    assert adopted["approved_minor"] == lost["approved_minor"]
    assert [one["invoice"] for one in adopted["lines"]] == [lost["lines"][0]["invoice"], None]
    other = await clinic.invoice(0)
    given = await clinic.client.post(f"/payments/{lost['id']}/assign", {"invoice": other["id"]})
    assert [one["invoice"] for one in given["lines"]] == [lost["lines"][0]["invoice"], other["id"]]


async def test_money_back_of_a_payment_older_than_the_gap_needs_a_senior(clinic: Clinic) -> None:
    before, _, _ = await restored_before_the_last_payment(clinic)
    await step_of_release(clinic)
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    assert clinic.agent is not None
    parts = clinic.agent.parts
    old, form = await parts.journal.operation(str(before["id"])), Form({"amount_minor": 100})
    staff = Who(operator="kiosk", role=Role.STAFF)
    with pytest.raises(Refused) as refused:
        await parts.asking.refund(old, form, staff, clinic.chance.uuid4())
    assert refused.value.code == "pin-needed"
    newer = await parts.journal.operation((await clinic.pay(9_900))["id"])
    await asyncio.sleep(20)
    begun = await parts.asking.refund(newer, form, staff, clinic.chance.uuid4())
    assert (await clinic.outcome({"id": begun.id}))["state"] == "approved"


async def test_a_twin_box_at_the_same_terminal_is_noticed_before_anything_is_sent(clinic: Clinic) -> None:
    """Another box drives the terminal: its last result carries a reference of our form that nobody here knows."""
    await clinic.pay()
    await asyncio.sleep(90)
    await clinic.stop()
    mine = clinic.folder / "state"
    mine.rename(clinic.folder / "first")
    mine.mkdir(mode=0o700)
    clinic.chance = SeededChance(5)
    await clinic.start()  # the second box, on a journal of its own; it finds the first one's payment
    await asyncio.sleep(20)
    assert await step_of_release(clinic) == "reconcile-first"
    await reconcile(clinic)
    assert await step_of_release(clinic) == ""
    foreign = await clinic.pay(7_700)
    await clinic.stop()
    mine.rename(clinic.folder / "second")
    (clinic.folder / "first").rename(mine)
    await clinic.start()
    await asyncio.sleep(30)
    begun = await clinic.begin_plain(3_300)
    ended = await clinic.outcome(begun)
    assert (ended["state"], ended["cause"]) == ("not_started", "terminal-held")
    (finding,) = await open_findings(clinic, "unknown-reference")
    assert finding["facts"]["result"]["order_id"] == foreign["id"]  # type: ignore[index]
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] == "held"
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    assert refused.value.code == "terminal-held"
    assert ("purchase", 3_300) not in await clinic.taken()
