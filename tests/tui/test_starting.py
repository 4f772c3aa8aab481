"""How the screen starts: what the agent says first decides what is made first."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator

import pytest
from textual.widget import AwaitMount

from edgepos.client.aio import AsyncAgent, Away
from edgepos.client.events import Event
from edgepos.tui import starting
from edgepos.tui.app import EdgeposApp
from edgepos.tui.view import ClinicView
from tui.screen import HandClock, Person
from tui.scripted import ScriptedAgent


class Made(EdgeposApp):
    """The app, with each mode that it was ever in."""

    def __init__(self, agent: ScriptedAgent, view: ClinicView | None, news: object) -> None:
        super().__init__(AsyncAgent(agent.path), clock=HandClock(), view=view, news=news)  # type: ignore[arg-type]
        self.modes = [self.current_mode]

    def switch_mode(self, mode: str) -> AwaitMount:
        self.modes.append(mode)
        return super().switch_mode(mode)


async def test_the_desk_is_the_first_thing_made_in_the_clinics_language(agent: ScriptedAgent) -> None:
    agent.status["location"]["language"] = "sv"
    news = AsyncAgent(agent.path).follow()
    app = Made(agent, await starting._first_of(news), news)
    async with app.run_test(size=(80, 24)) as pilot:
        person = Person(app, pilot, HandClock())
        await person.reads("STH-20417")
        assert "F1 Hjälp" in person.text
        await agent.tell("status", agent.status | {"training": True})
        await person.reads("ÖVNING")
        assert app.modes == ["desk"]
        assert len(agent._streams) == 1, "one stream, from the first word on"


async def test_an_agent_that_is_away_is_said_at_once_and_found_when_it_is_back(agent: ScriptedAgent) -> None:
    await agent.stop()
    news = AsyncAgent(agent.path).follow()
    app = Made(agent, await starting._first_of(news), news)
    async with app.run_test(size=(80, 24)) as pilot:
        person = Person(app, pilot, HandClock())
        await person.reads("NO CONNECTION")
        await agent.start()
        await person.reads("STH-20417")
        assert app.modes == ["fallback", "desk"]


async def test_an_agent_that_says_nothing_yet_is_waited_for_in_sight(agent: ScriptedAgent) -> None:
    app = Made(agent, None, None)
    async with app.run_test(size=(80, 24)) as pilot:
        person = Person(app, pilot, HandClock())
        await person.reads("STH-20417")
        assert app.modes == [EdgeposApp.DEFAULT_MODE, "desk"]


@pytest.mark.parametrize("is_quick", [True, False], ids=["an agent that answers", "one that starts"])
async def test_once_it_has_started_rubbish_is_looked_for(agent: ScriptedAgent, is_quick: bool) -> None:
    """Else the screen grows for as long as it runs."""
    gc.disable()
    try:
        news = AsyncAgent(agent.path).follow() if is_quick else None
        app = Made(agent, await starting._first_of(news) if news else None, news)
        async with app.run_test(size=(80, 24)) as pilot:
            await Person(app, pilot, HandClock()).until(gc.isenabled)
    finally:
        gc.enable()
        gc.unfreeze()


async def test_a_word_that_says_nothing_of_the_clinic_is_no_picture(agent: ScriptedAgent) -> None:
    async def news() -> AsyncGenerator[Event | Away]:
        yield Event("bye", {})
        async for one in AsyncAgent(agent.path).follow():
            yield one

    view = await starting._first_of(news())
    assert view.status == agent.status
