"""What a screen does not do: draw what stands there already, draw faster than anybody can look, ask more than it has to."""

from __future__ import annotations

import asyncio

import pytest
from textual.screen import Screen

from edgepos.tui import invoices
from edgepos.tui.caption import Caption
from edgepos.tui.desk import Desk
from edgepos.tui.terminal_card import TerminalCard
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent


class Counted:
    """How often a method is called, which goes on doing what it does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self.times = 0
        before = getattr(owner, name)

        def counting(*args: object, **named: object) -> object:
            self.times += 1
            return before(*args, **named)

        monkeypatch.setattr(owner, name, counting)


async def payment_goes(agent: ScriptedAgent, seq: int) -> None:
    await agent.tell_payment(documents.payment(seq=seq, step="at_terminal" if seq % 2 else "checking"))


async def quiet(person: Person) -> None:
    await asyncio.sleep(2)
    await person.pilot.pause()


async def test_what_stands_there_is_neither_drawn_nor_laid_out_again(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await quiet(person)
        drawn, laid_out = (
            Counted(monkeypatch, Screen, "_compositor_refresh"),
            Counted(monkeypatch, Screen, "_refresh_layout"),
        )
        for _ in range(3):
            await agent.tell("status", agent.status)
            await quiet(person)
        assert (drawn.times, laid_out.times) == (0, 0)


async def test_a_text_of_the_same_height_moves_nothing(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await quiet(person)
        laid_out = Counted(monkeypatch, Screen, "_refresh_layout")
        await agent.tell_payment(documents.payment(state="sent", seq=11))
        await person.reads("SEK 1 250,00  ")
        await agent.tell("status", agent.status | {"today": agent.status["today"] | {"count": 24}})
        await person.reads("Today 24 payments")
        assert laid_out.times == 0


async def test_a_text_that_needs_another_line_gets_it(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        place = person.app.screen
        assert isinstance(place, Desk)
        place.say("1")
        await person.pilot.pause()
        before = place.query_one("Answer", Caption).size.height
        place.say("one word after the other " * 6)
        await person.pilot.pause()
        assert place.query_one("Answer", Caption).size.height > before
        place.say("1")
        await person.pilot.pause()
        assert place.query_one("Answer", Caption).size.height == before


async def test_a_storm_of_news_is_drawn_ten_times_a_second_and_nothing_of_it_lost(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await quiet(person)
        drawn = Counted(monkeypatch, Desk, "draw")
        for seq in range(11, 111):
            await payment_goes(agent, seq)
            await asyncio.sleep(0.01)
        await person.until(lambda: person.app.view.payments["E7K2M9Q4T1XA3"]["seq"] == 110)
        assert 5 <= drawn.times <= 15
        await agent.tell_payment(documents.payment(state="unknown", seq=111))
        await asyncio.sleep(0.2)
        await person.pilot.pause()
        assert "NOT KNOWN YET" in person.text


async def test_two_screens_show_the_same_within_200_ms(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as one, at_screen(agent, (120, 40)) as other:
        for seq, state, word in ((11, "sent", "F7"), (12, "unknown", "NOT KNOWN YET")):
            await agent.tell_payment(documents.payment(state=state, seq=seq))
            await asyncio.sleep(0.2)
            for person in (one, other):
                assert word in person.text


async def test_the_list_is_read_again_behind_a_burst_and_not_for_each_of_it(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await quiet(person)
        agent.asked.clear()
        agent.invoices = [*documents.INVOICES, documents.invoice("506", "STH-20500", "Ny Nysson", "Ester", 5_000)]
        for seq in range(11, 61):
            await agent.tell_payment(documents.payment(state="declined", seq=seq))
            await asyncio.sleep(0.02)
        await person.reads("STH-20500")
        await quiet(person)
        assert 1 <= sum(path == "/invoices" for _method, path, _body, _key in agent.asked) <= 5


async def test_a_list_that_has_only_grown_older_is_not_searched_anew(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await quiet(person)
        made = Counted(monkeypatch, invoices, "row_of")
        agent.invoices = [one | {"age_s": 4_000} for one in documents.INVOICES]
        await agent.tell("invoices", {})
        await person.reads("1 h")
        assert made.times == 0


async def test_a_card_that_says_more_is_as_high_as_it_needs(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        card = person.app.screen.query(TerminalCard).first()
        before = card.size.height
        agent.status["terminals"][0] |= {"state": "no_bank_contact"}
        await agent.tell("status", agent.status)
        await person.reads("NO BANK CONTACT")
        assert card.size.height > before
