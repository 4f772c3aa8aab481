"""Closing the day: each terminal is asked once, differences name their cause and key, green only when all agree."""

from __future__ import annotations

from typing import Any

import pytest

from edgepos.domain.match import Cause
from edgepos.locale.causes import WORDS
from edgepos.tui.paper import Paper
from edgepos.tui.paper_total import PaperTotal
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

ID = "E7K2M9Q4T1XA3"
NOT_CLOSED = {"cause": "not-closed", "minor": None, "ids": [], "mend": "", "needs_person": True}
SUMS = {"count": 2, "amount_minor": 50_000, "back_count": 1, "back_minor": 4_000, "tip_minor": 0, "surcharge_minor": 0}


def period(terminal: str = documents.RECEPTION, *differences: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "terminal": terminal, "period": 3, "session": "042", "terminal_minor": 50_000, "journal_minor": 50_000,
        "practice_minor": 50_000, "agree": not differences, "differences": list(differences),
    } | more  # fmt: skip


def difference(cause: str, minor: int | None = 48_000, **more: Any) -> dict[str, Any]:
    return {"cause": cause, "minor": minor, "ids": [ID], "mend": "", "needs_person": True} | more


def matched(agent: ScriptedAgent, *periods: dict[str, Any], **more: Any) -> None:
    agree = all(one["agree"] for one in periods)
    agent.answers["GET", "/match"] = {
        "day": "2026-11-25", "agree": agree, "terminals": list(periods), "earlier": [], "without_reference": [],
    } | more  # fmt: skip


def closing(number: int = 7, *, agree: bool = True) -> dict[str, Any]:
    return {
        "number": number, "clinic_day": "2026-11-25", "terminals": [documents.RECEPTION], "periods": [],
        "operator": "eva", "dealt_with": [],
        "made_at": documents.AT,
        "match": {
            "agree": agree, "terminals": [period()], "without_reference": [], "left_open": [],
            "report": {"currency": "SEK", **SUMS, "by_terminal": [{"terminal": documents.RECEPTION, **SUMS}],
                       "by_operator": [{"operator": "eva", **SUMS}], "by_scheme": [{"scheme": "VISA", **SUMS}],
                       "by_hour": [{"hour": "2026-11-25T14", **SUMS}]},
            "head": [123, "2c" * 32],
        },
    }  # fmt: skip


async def at_the_place(person: Person) -> None:
    await person.press("f5")
    await person.until(lambda: person.app.current_mode == "close-day")


async def test_green_only_when_all_agree(agent: ScriptedAgent) -> None:
    matched(agent, period(), period(documents.ROOM))
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("ALL AGREE: terminal = edgepos = Provet")
        matched(agent, period(), period(documents.ROOM, difference("parked")))
        await person.press("c")
        await person.reads("NOT YET: 1 line does not agree yet")
        assert "ALL AGREE" not in person.text


async def test_a_slip_begins_on_the_first_line_below_the_rule(agent: ScriptedAgent) -> None:
    matched(agent, period())
    slip = {"terminal": documents.RECEPTION, "session": "042", "slip": "AVSTÄMNING\r\nTOTALT 500,00"}
    agent.answers["GET", "/reconciliations"] = {"reconciliations": [slip]}
    async with at_screen(agent, (120, 40)) as person:
        await at_the_place(person)
        await person.reads("The terminal's report, as it came:")
        at = next(y for y, line in enumerate(person.lines) if "The terminal's report" in line)
        assert "──────" in person.lines[at - 1]


async def test_a_comparison_that_news_overtakes_is_not_left_standing(agent: ScriptedAgent) -> None:
    matched(agent, period())
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("ALL AGREE")
        person.app.screen._compare()
        person.app.screen.read_again()  # as when a payment is decided elsewhere: the newest question counts
        await person.reads("Comparing …")
        await person.until(lambda: "Comparing" not in person.text)


@pytest.mark.parametrize("cause", sorted(Cause))
async def test_each_difference_says_why_and_what_to_press(agent: ScriptedAgent, cause: str) -> None:
    matched(agent, period(documents.RECEPTION, difference(cause)))
    async with at_screen(agent, (140, 40)) as person:
        await at_the_place(person)
        word, mend = WORDS[cause]
        await person.reads(f"SEK 480,00   {word}")
        assert mend in person.text


async def test_what_is_red_since_an_earlier_day_is_listed_and_gets_its_total_from_paper(agent: ScriptedAgent) -> None:
    red = period(documents.ROOM, difference("slip-missing", None), terminal_minor=None, session="041")
    matched(agent, period(), earlier=[red | {"closed_at": documents.AT}])
    path = f"/terminals/{documents.ROOM}/periods/3/total"
    agent.answers["POST", path] = {"agree": True, "terminals": [period(documents.ROOM)]}
    async with at_screen(agent, (100, 40)) as person:
        await at_the_place(person)
        await person.reads("NOT YET: 1 line does not agree yet")
        await person.reads("Red since")
        await person.reads("T enters its total")
        await person.press("t", *"12x", "enter", "enter")
        assert agent.posts(path) == []
        await person.press("escape", "t", "-", *"12,50")
        await person.reads("Enter: the total is -SEK 12,50")
        matched(agent, period())
        await person.press("enter", "enter")
        await person.reads("ALL AGREE")
        assert agent.posts(path) == [{"amount_minor": -1_250}]


async def test_a_total_is_asked_for_only_where_one_is_wanting(agent: ScriptedAgent) -> None:
    matched(agent, period(documents.RECEPTION, difference("parked")))
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("NOT YET")
        await person.press("t")
        assert not isinstance(person.app.screen, PaperTotal)


async def test_the_first_line_that_needs_somebody_is_under_the_bar(agent: ScriptedAgent) -> None:
    matched(agent, period(), period(documents.ROOM, NOT_CLOSED, terminal_minor=None))
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("▶ ROOM 2")
        await person.reads("RECONCILE")


async def test_two_periods_of_a_day_are_two_lines(agent: ScriptedAgent) -> None:
    matched(agent, period(period=3, session="041"), period(period=4, session="042"))
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("041")
        assert "042" in person.text


async def test_a_reconciliation_is_asked_once_after_a_yes_and_its_slip_is_shown(agent: ScriptedAgent) -> None:
    matched(agent, period(documents.RECEPTION, NOT_CLOSED, terminal_minor=None))
    asked = documents.payment(ID, "sent", kind="reconciliation", amount_minor=0, lines=[], invoice=None)
    agent.answers["POST", "/reconciliations"] = (201, asked)
    async with at_screen(agent, (120, 40)) as person:
        await at_the_place(person)
        await person.reads("The terminal is not reconciled yet")
        await person.press("enter")
        await person.reads("It is asked once")
        await person.press("enter")
        assert agent.posts("/reconciliations") == []
        await person.press("enter", "down", "enter")
        await person.reads("RECEPTION is closing its session")
        await agent.tell_payment(asked)
        await person.reads("RECEPTION  AT THE TERMINAL  reconciliation")
        await person.reads("▶ CLOSING")
        assert agent.posts("/reconciliations") == [{"terminal": documents.RECEPTION}]
        done = asked | {"state": "approved", "seq": 11, "slip": "AVSTÄMNING\r\nTOTALT 500,00", "totals": []}
        agent.answers["GET", "/reconciliations"] = {"reconciliations": [done]}
        matched(agent, period(period=2, session="041"), period())
        await agent.tell_payment(done)
        await person.reads("RECEPTION: RECONCILED")
        await person.reads("TOTALT 500,00")
        await person.reads("ALL AGREE")


async def test_a_refused_reconciliation_says_why(agent: ScriptedAgent) -> None:
    matched(agent, period(documents.RECEPTION, NOT_CLOSED, terminal_minor=None))
    agent.answers["POST", "/reconciliations"] = documents.refusal("terminal-in-use", payment=ID, terminal="RECEPTION")
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("not reconciled yet")
        await person.press("enter", "down", "enter")
        await person.reads("Wait for it")


async def test_the_report_is_made_after_a_yes_and_earlier_ones_are_copies(agent: ScriptedAgent) -> None:
    matched(agent, period())
    agent.answers["POST", "/closings"] = closing()
    red = closing(agree=False) | {"dealt_with": [
        {"terminal": documents.RECEPTION, "period": 3, "at": documents.AT, "operator": "agent", "note": ""}
    ]}  # fmt: skip
    red["match"]["terminals"] = [period(documents.RECEPTION, difference("parked"))]
    agent.answers["GET", "/closings"] = {"closings": [red]}
    agent.answers["GET", "/closings/7"] = red | {"copy": 3}
    async with at_screen(agent, (120, 40)) as person:
        await at_the_place(person)
        await person.reads("ALL AGREE")
        await person.press("r", "down", "enter")
        await person.until(lambda: isinstance(person.app.screen, Paper))
        for text in ("Closing report 7", "RECEPTION", "eva", "VISA", "14:00", "given back 1: SEK 40,00", "AGREE"):
            await person.reads(text)
        assert "COPY" not in person.text
        await person.press("escape", "e")
        await person.reads("DEALT WITH")
        await person.press("enter")
        await person.reads("*** COPY 3 ***")
        await person.reads("Since then: RECEPTION, period 3: all three agree")


async def test_a_report_that_is_not_green_says_so_before(agent: ScriptedAgent) -> None:
    matched(agent, period(documents.RECEPTION, difference("parked")))
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("NOT YET")
        await person.press("r")
        await person.reads("what is red stays in F8")


async def test_the_x_report_needs_no_match(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/match"] = documents.refusal("practice-away", 503, service="practice")
    agent.answers["GET", "/x-report"] = closing()["match"]["report"]
    async with at_screen(agent) as person:
        await at_the_place(person)
        await person.reads("NOT COMPARED")
        assert "RECEPTION" in person.text
        await person.press("x")
        await person.reads("X report: what the open sessions hold so far")
