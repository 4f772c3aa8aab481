"""Each call to both services × each way in which it can go wrong, within a whole day's story.

The story: a payment, a part refund, a second payment that is reversed, the terminal's closing, the match. One call in
it meets the fault, once. Whatever it was, staff end where they wanted to be, nothing is wrong on any of the three
sides, and the match is green: the practice system has what the bank took.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.proof.checker import check
from tests.proof.clinic import Clinic, House, house
from tests.proof.figures import SOAK, record

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(600)]

FIRST, SECOND = 502, 505


@dataclass(frozen=True, slots=True)
class Call:
    """Which request meets the fault: the *nth* of its kind in the story."""

    service: str
    method: str
    path: str
    nth: int = 1


CALLS = {
    "login": Call("nets", "POST", "/v1/login"),
    "account": Call("nets", "GET", "/v1/terminal"),
    "state": Call("nets", "GET", "/v1/terminal/70000001", 3),
    "fence": Call("nets", "GET", "*/transaction", 2),
    "purchase": Call("nets", "POST", "*/transaction"),
    "refund": Call("nets", "POST", "*/transaction", 2),
    "reversal": Call("nets", "DELETE", "*/transaction"),
    "reconciliation": Call("nets", "POST", "*/administration"),
    "token": Call("provet", "POST", "*/oauth2/token/"),
    "invoice": Call("provet", "GET", "*/invoice/*/", 2),
    "look for the booking": Call("provet", "GET", "*/invoicepayment/"),
    "form of a booking": Call("provet", "OPTIONS", "*/invoicepayment/"),
    "booking": Call("provet", "POST", "*/invoicepayment/"),
    "booking of money back": Call("provet", "POST", "*/invoicepayment/", 2),
}
FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "lost request": ("drop_before", {}),
    "lost reply": ("drop_after", {}),
    "reset in the body": ("cut_body", {}),
    "hang": ("hang", {}),
    "hang, carried out": ("hang", {"carried": True}),
    "500, carried out": ("status", {"status": 500, "carried": True}),
    "502": ("status", {"status": 502, "body": "<html></html>"}),
    "503": ("status", {"status": 503, "body": "<html></html>"}),
    "429": ("retry_after", {}),
    "HTML": ("html", {}),
    "cut JSON": ("cut_json", {}),
    "wrong type": ("wrong_type", {}),
    "late": ("late", {"seconds": 40.0}),
    "late, carried out late": ("late", {"seconds": 40.0, "commit_after_s": 5.0}),
    "401 yet executed": ("401_executed", {}),
}
"""What each push plays; all of it at every call."""
MORE_FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "reset before": ("reset", {"carried": False}),
    "reset after": ("reset", {}),
    "500": ("status", {"status": 500}),
    "503, carried out": ("status", {"status": 503, "carried": True}),
    "HTML, carried out": ("html", {"carried": True}),
    "redirect": ("redirect", {}),
    "empty": ("empty", {}),
    "token revoked": ("token_revoked", {}),
}
"""The same once more, in the long run."""
if SOAK > 1:
    FAULTS |= MORE_FAULTS
TWICE: tuple[str, dict[str, object]] = ("duplicate", {"seconds": 6.0})


async def story(place: House, call: Call, fault: str, args: dict[str, object]) -> list[str]:
    """Tell it with that fault; everything that is wrong at its end."""
    async with place.clinic() as clinic:
        clinic.fault(fault, call.method, call.path, call.service, nth=call.nth, args=args)
        await clinic.start()
        paid = await clinic.persist(lambda: clinic.pay(invoice=FIRST))
        await clinic.at_rest()
        await clinic.persist(lambda: clinic.refund(paid.id, 20_000))
        await clinic.at_rest()
        wrong = await taken_back(clinic)
        await clinic.at_rest(3_600)
        await clinic.clock.sleep(5.0)
        closed = await clinic.outcome_or_unknown(await clinic.reconcile())
        if closed.state != "approved":  # its answer was lost: the next one tells
            await clinic.persist(clinic.reconcile)
        await clinic.at_rest(3_600)
        return wrong + await unmatched(clinic) + check(clinic)


async def unmatched(clinic: Clinic) -> list[str]:
    """What the agent's own match calls different. A report whose only copy was lost is for a person to read again."""
    match = await clinic.agent.parts.closings.match()
    causes = [one["cause"] for terminal in match["terminals"] for one in terminal["differences"]]
    return [f"the match is red: {causes}"] if not match["agree"] and causes != ["slip-missing"] else []


async def taken_back(clinic: Clinic) -> list[str]:
    """A payment and its reversal; only the last payment of the terminal can be reversed, and it is."""
    paid = await clinic.persist(lambda: clinic.pay(invoice=SECOND))
    await clinic.clock.sleep(8.0)
    undone = await clinic.persist(lambda: clinic.reverse(paid.id))
    return [] if undone.state == "approved" else [f"the reversal is {undone.state}, {undone.cause}"]


@pytest.mark.parametrize("call", CALLS)
async def test_whatever_goes_wrong_with_it_the_story_ends_well(call: str) -> None:
    bad: list[str] = []
    async with house() as place:
        for fault, (name, args) in FAULTS.items():
            if problems := await story(place, CALLS[call], name, args):
                bad.append(f"{call} × {fault}: {'; '.join(problems)}")
    record("each call to a service × each fault, in a day's story", len(FAULTS), len(bad))
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("call", [name for name, call in CALLS.items() if call.method == "GET"])
async def test_a_question_may_be_delivered_twice(call: str) -> None:
    async with house() as place:
        problems = await story(place, CALLS[call], *TWICE)
    record("each call to a service × each fault, in a day's story", 1, len(problems))
    assert not problems


@pytest.mark.parametrize(
    "call", ["purchase", "refund", "reversal", "reconciliation", "booking", "booking of money back"]
)
async def test_a_network_that_delivers_a_change_twice_is_not_unseen(call: str) -> None:
    """No register can keep a network from carrying one request there twice. What it did is said, never hidden."""
    async with house() as place, place.clinic() as clinic:
        await clinic.start()
        paid = await clinic.persist(lambda: clinic.pay(invoice=FIRST))
        await clinic.at_rest()
        await clinic.clock.sleep(8.0)
        clinic.fault(TWICE[0], CALLS[call].method, CALLS[call].path, CALLS[call].service, args=TWICE[1])
        match call:
            case "purchase" | "booking":
                await clinic.outcome(await clinic.pay(invoice=SECOND))
            case "refund" | "booking of money back":
                await clinic.outcome(await clinic.refund(paid.id, 20_000))
            case "reversal":
                await clinic.outcome(await clinic.reverse(paid.id))
            case _:
                await clinic.outcome_or_unknown(await clinic.reconcile())
        await clinic.clock.sleep(90.0)
        if call != "reconciliation":
            await clinic.outcome(await clinic.reconcile())
        await clinic.at_rest()
        journal = clinic.agent.parts.journal
        said = await journal.open_findings() or (await journal.outbox_summary()).parked or await unmatched(clinic)
        went_wrong = check(clinic, chargeable_once=False)
        record("each call to a service × each fault, in a day's story", 1, int(bool(went_wrong and not said)))
        assert said or not went_wrong, went_wrong
