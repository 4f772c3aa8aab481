"""What needs a person: the worst first, each with its cause and its keys; and nothing at all says so."""

from __future__ import annotations

from typing import Any

from edgepos.tui.payment_card import PaymentCard
from edgepos.tui.rows import Rows
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

ID = "E7K2M9Q4T1XA3"
ROW = f"{ID}.1"


def parked(cause: str = "locked-period", **facts: Any) -> dict[str, Any]:
    return {
        "id": ROW, "payment": ID, "line": 1, "invoice": "501", "amount_minor": 9_900, "currency": "SEK",
        "state": "parked",
        "cause": cause, "facts": facts, "why": "", "mend": "", "practice_payment": None, "via": None, "waits_for": None,
        "created_at": documents.AT, "payload": None, "tried": 1, "next_try_s": None,
    }  # fmt: skip


def finding(kind: str = "foreign-transaction", **facts: Any) -> dict[str, Any]:
    return {
        "id": "F62", "kind": kind, "subject": documents.LAB, "facts": facts, "raised_at": documents.AT,
        "handled_at": None,
        "operator": None, "note": None, "message": "", "mend": "",
    }  # fmt: skip


def words(person: Person) -> list[str]:
    return [row.cells[0] for row in person.app.screen.query_one(Rows).shown]


async def test_nothing_is_the_normal_state_and_says_so(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("Nothing needs you. That is the normal state.")


async def test_the_worst_stands_first(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment(ID, "unknown")]
    agent.answers["GET", "/outbox"] = {"outbox": [parked()]}
    facts = {"terminal": documents.LAB, "amount_minor": 5_500, "currency": "SEK"}
    agent.findings = [finding(**facts), finding("match-differs", terminal=documents.LAB, period=3) | {"id": "F70"}]
    agent.status["box"] |= {"clock_wrong": 412, "free_mb": 3}
    agent.status["services"]["practice"] |= {"state": "refused", "code": "credentials"}
    long_ago = "2026-11-25T12:00:00.000Z"
    agent.status["terminals"][1] |= {"state": "not_reached", "since": long_ago}
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f8")
        await person.reads("CLOCK WRONG")
        assert words(person) == [
            "NOT KNOWN YET", "PARKED", "FINDING", "DIFFERS", "CLOCK WRONG", "DISK FULL", "Provet REFUSED",
            "NOT REACHED",
        ]  # fmt: skip
        assert "LAB did something that edgepos did not ask for: SEK 55,00." in person.text


async def test_a_terminal_that_was_away_for_a_moment_is_no_matter(agent: ScriptedAgent) -> None:
    agent.status["terminals"][1] |= {"state": "not_reached", "since": documents.AT}
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("Nothing needs you.")
        await person.passes(16 * 60 - 200)
        await person.press("f8")
        await person.passes(250)
        await person.press("f8")
        await person.reads("NOT REACHED")


async def test_a_payment_that_is_not_known_opens(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment(ID, "unknown")]
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("Do not charge again.")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, PaymentCard))


async def test_a_locked_day_is_booked_on_today(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/outbox"] = {"outbox": [parked()]}
    agent.answers["POST", f"/outbox/{ROW}/retry"] = parked() | {"state": "queued"}
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("D  Book it on today")
        agent.answers["GET", "/outbox"] = {"outbox": []}
        await person.press("d")
        await person.reads("Nothing needs you.")
        assert agent.posts(f"/outbox/{ROW}/retry") == [{"book_today": True}]


async def test_no_mend_sends_staff_to_the_command_line(agent: ScriptedAgent) -> None:
    causes = ("draft", "booked-by-hand", "refund-by-hand", "invoice-gone", "locked-period", "by-operator")
    for cause in causes:
        agent.answers["GET", "/outbox"] = {"outbox": [parked(cause)]}
        async with at_screen(agent) as person:
            await person.press("f8")
            await person.reads("PARKED")
            assert "edgepos sync" not in person.text


async def test_booked_by_hand_is_adopted_by_its_number_after_a_yes(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/outbox"] = {"outbox": [parked("booked-by-hand", practice_payments=["9001"])]}
    agent.answers["POST", f"/outbox/{ROW}/adopt"] = parked() | {"state": "acknowledged"}
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("A  It is booked already")
        await person.press("a")
        await person.reads("9001")
        await person.press("enter")
        await person.reads("Payment 9001 in Provet is this one")
        await person.press("down", "enter")
        await person.until(lambda: agent.posts(f"/outbox/{ROW}/adopt"))
        assert agent.posts(f"/outbox/{ROW}/adopt") == [{"practice_payment": "9001"}]


async def test_a_finding_is_handled_with_a_note(agent: ScriptedAgent) -> None:
    agent.findings = [finding(terminal=documents.LAB)]
    agent.answers["POST", "/findings/F62/handle"] = finding()
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("H  Handled")
        await person.press("h", "enter")
        await person.reads("Type something")
        await person.type("slip.found")
        await person.press("enter")
        await person.reads("Noted.")
        assert agent.posts("/findings/F62/handle") == [{"note": "slip.found"}]
