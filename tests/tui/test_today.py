"""Today and any other day: each state by its word, the sums, one payment in full, and what can be done about it."""

from __future__ import annotations

from typing import Any

import pytest

from edgepos.tui.pay import Pay
from edgepos.tui.payment_card import PaymentCard
from edgepos.tui.rows import Rows
from edgepos.tui.sums import bars, sums_of
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

ID = "E7K2M9Q4T1XA3"


def listed(agent: ScriptedAgent, *payments: dict[str, Any]) -> None:
    agent.answers["GET", "/payments"] = {"payments": list(payments)}
    for one in payments:
        agent.answers["GET", f"/payments/{one['id']}"] = one


async def at_the_card(person: Person) -> None:
    await person.press("f4", "enter")
    await person.until(lambda: isinstance(person.app.screen, PaymentCard))
    await person.pilot.pause()


async def test_every_state_is_a_word(agent: ScriptedAgent) -> None:
    states = ("approved", "declined", "cancelled", "not_started", "settled_by_hand", "unknown")
    payments = [documents.payment(f"E7K2M9Q4T1X{at:02}", state) for at, state in enumerate(states)]
    part = documents.payment("E7K2M9Q4T1X20", "approved", approved_minor=100, amount_minor=200)
    undone = documents.payment("E7K2M9Q4T1X21", "approved", kind="reversal", amount_minor=700)
    back = documents.payment("E7K2M9Q4T1X22", "approved", kind="refund", amount_minor=900)
    reconciled = documents.payment("E7K2M9Q4T1X23", "approved", kind="reconciliation", amount_minor=0)
    listed(agent, *payments, part, undone, back, reconciled)
    async with at_screen(agent) as person:
        await person.press("f4")
        for word in ("PAID", "DECLINED", "CANCELLED", "NOT STARTED", "CLOSED BY HAND", "NOT KNOWN YET"):
            await person.reads(word)
        for word in ("PART PAID", "UNDONE", "REFUNDED", "-SEK 9,00"):
            assert word in person.text
        assert "RECONCILED" not in person.text


@pytest.mark.parametrize(
    ("state", "cause", "shown"),
    [
        ("declined", "51", "cause      51"),
        ("declined", "Card blocked", "cause      Card blocked"),
        ("approved", "slip-missing", "cause      its slip did not come"),
        ("unknown", "no-answer", "cause      no answer in time"),
        ("not_started", "terminal-busy", ""),
        ("approved", "part-approved", ""),
    ],
)
async def test_a_cause_is_a_banks_answer_or_words(agent: ScriptedAgent, state: str, cause: str, shown: str) -> None:
    """A program's word is nothing for staff; where the state and the sentence say it already, nothing more is said."""
    listed(agent, documents.payment(ID, state, cause=cause))
    async with at_screen(agent, (120, 40)) as person:
        await at_the_card(person)
        await person.reads("RECEPTION")
        lines = [" ".join(line.split()) for line in person.lines]
        assert (" ".join(shown.split()) in lines) if shown else not [line for line in lines if line.startswith("cause")]
        assert shown.endswith(cause) or cause not in person.text


async def test_the_days_sums_stand_beside_the_list_or_behind_tab(agent: ScriptedAgent) -> None:
    one = documents.payment(ID, "approved")
    back = documents.payment("E7K2M9Q4T1XB4", "approved", kind="refund", amount_minor=25_000)
    listed(agent, one, back)
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f4")
        await person.reads("By the hour")
        await person.reads("given back SEK 250,00")
        assert "MASTERCARD" in person.text
    async with at_screen(agent) as person:
        await person.press("f4")
        await person.reads("STH-20417")
        assert "By the hour" not in person.text
        await person.press("tab")
        await person.reads("By the hour")
        await person.press("escape")
        await person.reads("STH-20417")


async def test_other_days_are_reached_and_none_that_is_to_come(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.press("f4")
        await person.reads("Wed 25 Nov   today")
        await person.press("right")
        assert "Wed 25 Nov" in person.text
        await person.press("left")
        await person.reads("Tue 24 Nov")
        await person.press("escape")
        await person.reads("Wed 25 Nov   today")


async def test_an_older_payment_is_found_in_any_day(agent: ScriptedAgent) -> None:
    listed(agent, documents.payment(ID, "approved"))
    async with at_screen(agent) as person:
        await person.press("f4")
        await person.reads("STH-20417")
        old = documents.payment("E7K2M9Q4T1XZZ", "approved", number="STH-10001", clinic_day="2025-01-07",
                                created_at="2025-01-07T09:00:00.000Z")  # fmt: skip
        old["lines"][0]["number"] = "STH-10001"
        agent.answers["GET", "/payments"] = {"payments": [old]}
        await person.type("10001")
        await person.reads("7 Jan")
        await person.reads("10:00   2025-01-07   E7K2M9Q4T1XZZ")


async def test_the_card_tells_all_and_opens_the_slip_word_for_word(agent: ScriptedAgent) -> None:
    listed(agent, documents.payment(ID, "approved", stan_auth="000123 ABC"))
    async with at_screen(agent, (120, 40)) as person:
        await at_the_card(person)
        for fact in (ID, "Tova Testsson", "STH-20417", "RECEPTION", "2026-11-25", "MASTERCARD", "000123 ABC", "kiosk"):
            await person.reads(fact)
        await person.press("p")
        await person.reads("GODKÄNT")
        agent.answers["GET", f"/payments/{ID}/receipt"] = {
            "payment": ID, "text": "KÖP", "printed": "KORTKVITTO\n*** KOPIA 2 ***\n\nKÖP", "copies": 2,
        }  # fmt: skip
        await person.press("c")
        await person.reads("*** KOPIA 2 ***")
        await person.reads("2 copies were handed out")


def acts(person: Person) -> set[str]:
    from edgepos.tui.acts import Acts

    return {act.name for act in person.app.screen.query_one(Acts).acts}


@pytest.mark.parametrize(
    ("more", "possible"),
    [
        ({"state": "sent"}, {"watch", "stop"}),
        ({"state": "sent", "asked_to_stop_at": documents.AT}, {"watch"}),
        ({"state": "unknown"}, {"watch", "recheck", "settle"}),
        ({"state": "approved"}, {"receipt", "refund"}),
        ({"state": "approved", "refundable_minor": 0}, {"receipt"}),
        ({"state": "declined"}, {"receipt"}),
        ({"state": "approved", "invoice": None, "lines": []}, {"assign", "receipt", "refund"}),
        ({"state": "approved", "sync": "parked"}, {"receipt", "refund", "attention"}),
    ],
)
async def test_what_can_be_done_follows_from_the_state(
    agent: ScriptedAgent, more: dict[str, Any], possible: set[str]
) -> None:
    listed(agent, documents.payment(ID, **more))
    async with at_screen(agent) as person:
        await at_the_card(person)
        assert acts(person) == possible


async def test_the_terminals_last_is_undone_after_a_yes(agent: ScriptedAgent) -> None:
    agent.status["terminals"][0]["last_payment"] = ID
    listed(agent, documents.payment(ID, "approved"))
    path = f"/payments/{ID}/reverse"
    agent.answers["POST", path] = (201, documents.payment("E7K2M9Q4T1XC5", "sent", kind="reversal"))
    async with at_screen(agent) as person:
        await at_the_card(person)
        assert "undo" in acts(person)
        await person.press("u", "enter")
        assert agent.posts(path) == []
        await person.press("u", "down", "enter")
        await person.until(lambda: isinstance(person.app.screen, Pay))
        assert len(agent.posts(path)) == 1


async def test_a_refused_reversal_says_what_to_press(agent: ScriptedAgent) -> None:
    agent.status["terminals"][0]["last_payment"] = ID
    listed(agent, documents.payment(ID, "approved"))
    agent.answers["POST", f"/payments/{ID}/reverse"] = documents.refusal("not-last", payment=ID, terminal="RECEPTION")
    async with at_screen(agent) as person:
        await at_the_card(person)
        await person.press("u", "down", "enter")
        await person.reads("Give the money back to the card instead: F3.")


async def test_an_unlisted_payment_is_given_its_invoice(agent: ScriptedAgent) -> None:
    unlisted = documents.payment(ID, "approved", invoice=None, lines=[], number=None, text="STH-20411")
    listed(agent, unlisted)
    path = f"/payments/{ID}/assign"
    agent.answers["POST", path] = unlisted
    async with at_screen(agent) as person:
        await at_the_card(person)
        await person.press("i")
        await person.reads("Which invoice did it pay?")
        await person.until(lambda: person.app.screen.query_one(Rows).shown)
        await person.press("enter")
        await person.reads("SEK 1 250,00 is booked on STH-20411, Erik Exempel.")
        await person.press("down", "enter")
        await person.until(lambda: agent.posts(path))
        assert agent.posts(path) == [{"invoice": "502"}]


async def test_closing_by_hand_takes_a_slip_and_two_confirmations(agent: ScriptedAgent) -> None:
    unknown = documents.payment(ID, "unknown")
    agent.open = [unknown]
    listed(agent, unknown)
    path = f"/payments/{ID}/settle"
    sentence = "the agent's own sentence"
    settled = documents.payment(ID, "settled_by_hand", seq=11, settled_outcome="taken", approved_minor=125_000)
    agent.answers["POST", path] = lambda body: settled if body.get("confirm") else {"confirm": sentence}
    async with at_screen(agent) as person:
        await at_the_card(person)
        await person.press("h")
        await person.reads("Choose what the terminal says.")
        await person.press("right")
        await person.reads("Type the number that is on the slip.")
        await person.press("enter")
        await person.type("0042")
        await person.press("enter", "enter", "enter")
        await person.reads("RECEPTION TOOK SEK 1 250,00, slip 0042.")
        assert agent.posts(path) == [{"outcome": "taken", "slip_number": "0042", "amount_minor": 125_000}]
        await person.press("down", "enter")
        await person.reads("CLOSED BY HAND")
        assert agent.posts(path)[1]["confirm"] == sentence


async def test_a_no_at_the_second_question_changes_nothing(agent: ScriptedAgent) -> None:
    unknown = documents.payment(ID, "unknown")
    agent.open = [unknown]
    listed(agent, unknown)
    path = f"/payments/{ID}/settle"
    agent.answers["POST", path] = {"confirm": "sentence"}
    async with at_screen(agent) as person:
        await at_the_card(person)
        await person.press("h", "right", "right", "enter", "enter")
        await person.reads("RECEPTION DID NOT TAKE SEK 1 250,00.")
        await person.press("enter")
        await person.reads("Nothing was changed.")
        assert len(agent.posts(path)) == 1


def test_sums_count_what_moved_and_nothing_else() -> None:
    payments = [
        documents.payment("A", "approved", amount_minor=1_000),
        documents.payment("B", "approved", kind="refund", amount_minor=300),
        documents.payment("C", "declined"),
        documents.payment("D", "unknown"),
        documents.payment("E", "settled_by_hand", settled_outcome="taken", approved_minor=50),
        documents.payment("F", "settled_by_hand", settled_outcome="not_taken", approved_minor=0),
    ]
    sums = sums_of(payments, lambda moment: 14)
    assert (sums.total.count, sums.total.minor, sums.total.back_count, sums.total.back_minor) == (2, 1_050, 1, 300)
    assert [(hour, bar) for hour, bar, _sum in bars(sums.by_hour, 4)] == [(14, "████")]
    assert bars({}, 4) == ()


async def test_beside_a_long_name_the_animal_can_be_read(agent: ScriptedAgent) -> None:
    agent.invoices = [documents.invoice("501", "STH-20417", "Ingemar Ingenstans", "Pärlan", 125_000)]
    agent.answers["GET", "/payments"] = {"payments": [documents.payment(state="approved")]}
    async with at_screen(agent) as person:
        await person.press("f4")
        await person.reads("STH-20417 Ingemar")
        assert any("STH-20417 Ingemar" in line and line.endswith("Pärlan") for line in person.lines), person.text
