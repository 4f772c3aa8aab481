"""Refunds: the right payment is found, exactly what is left is proposed, and nothing is given back twice."""

from __future__ import annotations

from typing import Any

import pytest

from edgepos.tui import press
from edgepos.tui.give_back import GiveBack
from edgepos.tui.pay import Pay
from edgepos.tui.pin import Pin
from edgepos.tui.rows import Rows
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

PAID = "E7K2M9Q4T1XA3"
PATH = f"/payments/{PAID}/refund"


@pytest.fixture
def paid(agent: ScriptedAgent) -> dict[str, Any]:
    """A payment of SEK 1 250,00 of which 333,34 are left, and one of which nothing is."""
    one = documents.payment(PAID, "approved", refundable_minor=33_334)
    nothing_left = documents.payment(
        "E7K2M9Q4T1XB4", "approved", amount_minor=9_900, refundable_minor=0, number="STH-1"
    )
    agent.answers["GET", "/payments"] = {"payments": [one, nothing_left]}
    agent.answers["GET", f"/payments/{PAID}"] = one
    return one


async def at_the_amount(person: Person) -> None:
    await person.press("f3")
    await person.reads("STH-20417")
    await person.press("enter")
    await person.until(lambda: isinstance(person.app.screen, GiveBack))


async def test_only_payments_with_something_left_are_offered(agent: ScriptedAgent, paid: dict[str, Any]) -> None:
    async with at_screen(agent) as person:
        await person.press("f3")
        await person.reads("SEK 333,34 can still be given back")
        assert len(person.app.screen.query_one(Rows).shown) == 1
        for three in (
            "Money back to the card",
            "Undo the last payment on the terminal",
            "Remove the booking in Provet",
        ):
            assert three in person.text


@pytest.mark.parametrize("typed", ["2000", "1250", "1250.00", "20417", "tova", "bella", "14:32", PAID.lower()])
async def test_a_payment_is_found_by_what_staff_know_of_it(
    agent: ScriptedAgent, paid: dict[str, Any], typed: str
) -> None:
    async with at_screen(agent) as person:
        await person.press("f3")
        await person.reads("Tova")
        rows = person.app.screen.query_one(Rows)
        rows.find = typed
        assert [row.id for row in rows.shown] == [PAID]
        rows.find = "zzz"
        assert rows.shown == []


async def test_exactly_the_rest_is_proposed_and_sent_once(agent: ScriptedAgent, paid: dict[str, Any]) -> None:
    refund = documents.payment("E7K2M9Q4T1XC5", "sent", kind="refund", amount_minor=33_334, corrects=PAID)
    agent.answers["POST", PATH] = (201, refund)
    async with at_screen(agent) as person:
        await at_the_amount(person)
        await person.reads("Enter: give SEK 333,34 back at RECEPTION")
        await person.press("enter")
        await person.type("gone")
        await person.press("enter", "enter", "enter")
        await person.until(lambda: isinstance(person.app.screen, Pay))
        await person.sees("AT THE TERMINAL")
        assert agent.posts(PATH) == [{"terminal": documents.RECEPTION, "amount_minor": 33_334, "reason": "gone"}]


async def test_one_minor_unit_more_is_refused_here_with_the_largest_named(
    agent: ScriptedAgent, paid: dict[str, Any]
) -> None:
    async with at_screen(agent) as person:
        await at_the_amount(person)
        person.app.screen.query_one("#back-amount").put("333,35")  # type: ignore[attr-defined]
        await person.reads("SEK 333,34")
        await person.press("enter", "enter", "enter", "enter")
        assert agent.posts(PATH) == []
        assert "Enter: give" not in person.text


async def test_another_terminal_is_chosen_with_the_arrows(agent: ScriptedAgent, paid: dict[str, Any]) -> None:
    agent.answers["POST", PATH] = (201, documents.payment("E7K2M9Q4T1XC5", "sent", kind="refund"))
    async with at_screen(agent) as person:
        await at_the_amount(person)
        await person.press("enter", "enter", "right")
        await person.reads("back at ROOM 2")
        await person.press("enter", "enter")
        await person.until(lambda: agent.posts(PATH))
        assert agent.posts(PATH)[0]["terminal"] == documents.ROOM


async def test_above_the_limit_a_pin_is_asked_for_and_its_session_ends(
    agent: ScriptedAgent, paid: dict[str, Any]
) -> None:
    answers = [
        documents.refusal("pin-needed", 403, needed="senior", role="staff"),
        (201, documents.payment("E7K2M9Q4T1XC5", "sent", kind="refund")),
    ]
    agent.answers["POST", PATH] = lambda body: answers.pop(0)
    agent.answers["GET", "/operators"] = {
        "operators": [
            {"operator": "eva", "name": "Eva Exempel", "role": "senior", "active": True},
            {"operator": "bo", "name": "Bo Prov", "role": "staff", "active": True},
            {"operator": "tek", "name": "Tek Niker", "role": "technician", "active": True},
            {"operator": "old", "name": "Old Person", "role": "senior", "active": False},
        ]
    }
    agent.answers["POST", "/login"] = {"session": "s1", "operator": "tek", "role": "technician", "until_s": 600}
    agent.answers["POST", "/logout"] = {}
    async with at_screen(agent) as person:
        await at_the_amount(person)
        await person.press("enter", "enter", "enter", "enter")
        await person.until(lambda: isinstance(person.app.screen, Pin))
        await person.reads("Tek Niker")
        assert "Bo Prov" not in person.text
        assert "Old Person" not in person.text
        await person.press("down", "enter")
        await person.type("4711")
        assert "4711" not in person.text
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, Pay))
        await person.until(lambda: agent.posts("/logout"))
        assert agent.posts("/login") == [{"operator": "tek", "pin": "4711"}]
        assert len(agent.posts(PATH)) == 2
        assert person.app.agent.session is None


async def test_no_pin_means_nothing_was_given_back(agent: ScriptedAgent, paid: dict[str, Any]) -> None:
    agent.answers["POST", PATH] = documents.refusal("pin-needed", 403, needed="senior", role="staff")
    async with at_screen(agent) as person:
        await at_the_amount(person)
        await person.press("enter", "enter", "enter", "enter")
        await person.reads("Nobody here has such a PIN yet")
        await person.press("escape")
        await person.reads("This needs the PIN of somebody who may do it.")
        assert len(agent.posts(PATH)) == 1


async def test_a_lost_answer_is_asked_for_with_the_same_key(
    agent: ScriptedAgent, paid: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "TRIES", 1)
    answers: list[Any] = [None, (201, documents.payment("E7K2M9Q4T1XC5", "unknown", kind="refund"))]
    agent.answers["POST", PATH] = lambda body: answers.pop(0)
    async with at_screen(agent) as person:
        await at_the_amount(person)
        await person.press("enter", "enter", "enter", "enter")
        await person.reads("nothing is given back twice")
        await person.press("enter")
        await person.sees("NOT KNOWN YET")
        first, second = agent.keys(PATH)
        assert first == second


async def test_leaving_gives_nothing_back(agent: ScriptedAgent, paid: dict[str, Any]) -> None:
    async with at_screen(agent) as person:
        await at_the_amount(person)
        await person.press("escape", "escape")
        await person.until(lambda: person.app.current_mode == "desk")
        assert agent.posts(PATH) == []
