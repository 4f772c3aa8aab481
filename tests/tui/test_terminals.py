"""The terminals: each state with its mend, slips taken stand-alone, and letting go of a held one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgepos.tui.record import Record, moment_of
from edgepos.tui.terminals import STEPS
from tui import documents
from tui.screen import at_screen
from tui.scripted import ScriptedAgent


@pytest.mark.parametrize("state", sorted(STEPS))
async def test_each_state_says_what_to_do(agent: ScriptedAgent, state: str) -> None:
    agent.status["terminals"][0] |= {"state": state, "held": "journal-new" if state == "held" else None}
    async with at_screen(agent, (130, 40)) as person:
        await person.press("f6")
        await person.reads("what to do")
        assert STEPS[state][0] in " ".join(person.text.split())


async def test_it_says_since_when_and_what_it_did_last(agent: ScriptedAgent) -> None:
    agent.status["terminals"][0] |= {"last_payment": "E7K2M9Q4T1XA3", "seen_s": 7.0}
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f6")
        for text in (
            "since 25 Nov 14:32",
            "E7K2M9Q4T1XA3",
            "ECR lamp",
            "host lamp",
            "Stand-alone",
            "reconciled",
            "s ago",
        ):
            await person.reads(text)


async def test_a_slip_taken_stand_alone_is_recorded(agent: ScriptedAgent) -> None:
    made = documents.payment("E7K2M9Q4T1XA3", "approved", origin="recorded", amount_minor=12_550)
    agent.answers["POST", "/records"] = (201, made)
    async with at_screen(agent) as person:
        await person.press("f6", "r")
        await person.until(lambda: isinstance(person.app.screen, Record))
        await person.press("enter", "enter")
        await person.type("125,50")
        await person.press("enter")
        await person.type("0815")
        await person.press("enter")
        await person.type("14:31")
        await person.press("enter", "enter")
        await person.reads("Enter: record SEK 125,50 at RECEPTION")
        await person.press("enter")
        await person.reads("Recorded: SEK 125,50")
        assert agent.posts("/records") == [
            {"kind": "purchase", "terminal": documents.RECEPTION, "amount_minor": 12_550, "slip_number": "0815",
             "at": "2026-11-25T14:31+01:00"}
        ]  # fmt: skip


def test_a_time_from_a_slip_is_of_today_or_dated_and_never_to_come() -> None:
    now = datetime(2026, 11, 25, 14, 32, tzinfo=UTC)
    assert moment_of("14:31", now) == datetime(2026, 11, 25, 14, 31, tzinfo=UTC)
    assert moment_of("2026-11-24 23:59", now) == datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    assert moment_of("24.11.2026 09:00", now) == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert moment_of("14:40", now) is None
    assert moment_of("soon", now) is None


async def test_a_held_terminal_is_let_go_only_when_the_other_box_is_off(agent: ScriptedAgent) -> None:
    agent.status["terminals"][0] |= {"state": "held", "held": "unknown-reference"}
    path = f"/terminals/{documents.RECEPTION}/release"
    agent.answers["POST", path] = {"id": documents.RECEPTION, "held": None}
    async with at_screen(agent) as person:
        await person.press("f6", "l")
        await person.reads("off for good?")
        await person.press("enter")
        assert agent.posts(path) == []
        await person.press("l", "down", "enter")
        await person.reads("RECEPTION is released.")
        assert agent.posts(path) == [{"other_box_is_off": True}]
