"""The desk: what staff see first, how they find an invoice, and what is said when something is in the way."""

from __future__ import annotations

import asyncio

import pytest
from textual.await_complete import AwaitComplete
from textual.widget import AwaitMount

from edgepos.client.aio import AsyncAgent
from edgepos.tui.app import EdgeposApp
from edgepos.tui.caption import Caption
from edgepos.tui.desk import chart
from edgepos.tui.invoices import Invoices
from edgepos.tui.pay import Pay
from edgepos.tui.place import Place
from edgepos.tui.places import PLACES
from tui import documents
from tui.screen import HandClock, Person, at_screen
from tui.scripted import ScriptedAgent


async def test_the_desk_shows_invoices_terminals_and_the_day(agent: ScriptedAgent) -> None:
    agent.status["terminals"][1] |= {"state": "not_reached"}
    async with at_screen(agent) as person:
        for text in (
            "Djurkliniken Norr",
            "Nets OK",
            "STH-20417",
            "SEK 1 250,00",
            "• READY",
            "! NOT REACHED",
            "Today 23 payments",
        ):
            await person.reads(text)
        await person.reads("refunds SEK 400,00")
        assert isinstance(person.app.focused, Invoices)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("parlan", "STH-20411"),
        ("tova", "STH-20417"),
        ("20410", "STH-20410"),
        ("480,00", "STH-20411"),
        ("480.00", "STH-20411"),
    ],
)
async def test_typing_finds_by_owner_animal_number_and_amount(agent: ScriptedAgent, typed: str, number: str) -> None:
    async with at_screen(agent) as person:
        await person.type(typed)
        rows = person.app.screen.query_one(Invoices)
        assert rows.row is not None
        assert rows.row.data["number"] == number


async def test_nordic_letters_search_too(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        person.app.screen.query_one(Invoices).find = "MÅNS"
        await person.reads("STH-20410")
        assert "STH-20411" not in person.text


async def test_several_of_one_owner_are_marked_and_another_owners_is_refused(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.press("space", "space")
        await person.reads("Only invoices of one owner")
        await person.press("down", "space")
        await person.reads("2 marked: SEK 1 349,00")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, Pay))
        await person.reads("STH-20417, STH-20410")


async def test_a_draft_says_why_it_cannot_be_paid(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.type("20408")
        await person.press("enter")
        await person.reads("STH-20408 cannot be paid here: draft. Finalise it in Provet Cloud first.")
        assert agent.posts("/payments") == []


async def test_what_was_paid_meanwhile_is_not_to_be_finalised(agent: ScriptedAgent) -> None:
    agent.invoices = [{**one, "payable": False, "why_not": "paid"} for one in agent.invoices]
    async with at_screen(agent) as person:
        await person.type("20408")
        await person.press("enter")
        await person.reads("This invoice cannot be paid here: paid.")


async def test_what_needs_a_person_is_on_the_desk(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment(state="unknown")]
    async with at_screen(agent) as person:
        await person.reads("1 payment NOT KNOWN YET since 14:32")
        await person.reads("F8 Attention")


async def test_a_practice_system_that_is_away_is_said_where_the_list_would_be(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        agent.answers["GET", "/invoices"] = documents.refusal("practice-away", 503, service="practice")
        await agent.tell("invoices", {"as_of": documents.AT})
        await person.reads("The practice system cannot be reached.")
        await person.reads("F2")


async def test_training_stands_on_every_place(agent: ScriptedAgent) -> None:
    agent.status["training"] = True
    async with at_screen(agent) as person:
        for key in ("f2", "f3", "f4", "f5", "f6", "f8", "f1", "f12", "f9"):
            await person.reads("TRAINING")
            await person.press(key)
        await person.reads("TRAINING")


async def test_the_agent_away_is_said_and_goes_away_by_itself(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.type("bella")
        await agent.stop()
        await person.reads("NO AGENT")
        await person.passes(4)
        await person.reads("NO CONNECTION TO EDGEPOS")
        await agent.start()
        await person.reads("STH-20417")
        assert person.app.screen.query_one(Invoices).find == "bella"


async def test_two_screens_show_the_same_within_200_ms(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as one, at_screen(agent) as other:
        await one.press("f4")
        await other.press("f6")
        time = asyncio.get_running_loop().time
        for state, word in (("sent", "AT THE TERMINAL"), ("unknown", "NOT KNOWN YET")):
            told = time()
            await agent.tell_payment(documents.payment(state=state, seq=int(told * 100) + 11))
            while not all(f"RECEPTION  {word}  SEK 1 250,00" in screen.text for screen in (one, other)):
                await asyncio.sleep(0.01)
                assert time() - told < 0.2


async def test_what_is_still_is_not_drawn_again(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a slow line nothing is sent again that stands there, and nothing blinks."""
    async with at_screen(agent) as person:
        drawn: list[object] = []
        display = person.app._display
        monkeypatch.setattr(person.app, "_display", lambda *update: (drawn.append(update), display(*update)))
        for key in ("f2", "f8", "f1"):
            await person.press(key)
            await person.pilot.pause()
            drawn.clear()
            await asyncio.sleep(5)
            assert drawn == [], key


async def test_a_screen_at_rest_rests_and_counts_seconds_where_some_are_shown(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waking of a kiosk that nobody uses costs, and most of its life nobody does."""
    async with at_screen(agent) as person:
        passed: list[float] = []
        look = person.app._notice_time
        monkeypatch.setattr(person.app, "_notice_time", lambda: (passed.append(0), look()))

        async def looks(seconds: float) -> int:
            await person.pilot.pause()
            passed.clear()
            await asyncio.sleep(seconds)
            return len(passed)

        await asyncio.sleep(1)
        agent.asked.clear()
        assert await looks(20) <= 1
        assert [path for _, path, _, _ in agent.asked] in ([], ["/invoices"])
        await agent.tell_payment(documents.payment(state="sent", seq=20))
        await person.reads("F7 Running")
        assert await looks(5) >= 4
        await agent.tell_payment(documents.payment(state="approved", seq=21))
        await asyncio.sleep(1)
        assert await looks(10) <= 1
        await person.press("f6")
        assert await looks(5) >= 4, "how long ago each terminal was heard"
        await person.press("escape")
        await agent.stop()
        await person.reads("NO AGENT")
        person.clock.at += 5
        await person.reads("NO CONNECTION")
        await asyncio.sleep(1)
        assert await looks(20) <= 1


async def test_nobody_there_means_back_to_the_desk_and_nothing_typed(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.type("tova")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, Pay))
        await person.passes(200)
        await person.until(lambda: person.app.screen.query("Invoices"))
        assert person.app.screen.query_one(Invoices).find == ""


async def test_nobody_there_is_noticed_also_while_the_places_are_made_in_another_language(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_screen(agent, is_kiosk=True) as person:
        app, remove = person.app, person.app.remove_mode

        def struck_and_removed(mode: str) -> AwaitComplete:
            app._tick()
            return remove(mode)

        monkeypatch.setattr(app, "remove_mode", struck_and_removed)
        person.clock.at += 500
        agent.status["location"]["language"] = "sv"
        await agent.tell("status", agent.status)
        await person.reads("Att betala")


@pytest.mark.parametrize("name", [entry.name for entry in PLACES if entry.name not in ("desk", "fallback", "lock")])
async def test_nobody_there_is_noticed_also_in_the_moment_in_which_a_place_is_made(
    agent: ScriptedAgent, name: str
) -> None:
    """A box that takes minutes to start has had nobody at its screen when the first place is made: the screen ended."""
    async with at_screen(agent) as person:
        person.app.go(name)
        person.app._rest()  # as the clock may strike: it waits for nothing that is being made
        await person.until(lambda: person.app.current_mode == "desk")
        assert person.app._exception is None


async def test_a_screen_that_waited_long_for_its_agent_takes_it_for_nobody_at_the_desk(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    await agent.stop()
    clock = HandClock()
    app = EdgeposApp(AsyncAgent(agent.path), is_kiosk=True, clock=clock)
    made = app.switch_mode

    def made_and_struck(mode: str) -> AwaitMount:
        waiting = made(mode)
        if mode == "desk":
            app._tick()
        return waiting

    monkeypatch.setattr(app, "switch_mode", made_and_struck)
    async with app.run_test(size=(80, 24)) as pilot:
        person = Person(app, pilot, clock)
        await person.until(lambda: app.current_mode == "fallback")
        clock.at += 500
        await agent.start()
        await person.until(lambda: app.current_mode == "desk")
        await person.reads("STH-20417")


async def test_what_is_said_in_the_moment_in_which_a_place_is_made_is_said_there(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        person.app.go("today")
        place = person.app.screen
        assert isinstance(place, Place)
        place.say("too early")
        await person.reads("too early")


async def test_a_letter_that_is_searched_changes_list_and_line_in_one_picture(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        person.app.screen.query_one(Invoices).find = "bel"
        assert str(person.app.screen.query_one("#find", Caption).content) == "find: bel_"


async def test_the_menu_opens_a_place_by_its_letter(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.press("f10", "e")
        await person.until(lambda: person.app.current_mode == "terminals")


async def test_a_kiosk_has_no_way_out(agent: ScriptedAgent) -> None:
    async with at_screen(agent, is_kiosk=True) as person:
        await person.press("ctrl+q", "ctrl+c", "f12")
        await person.until(lambda: person.app.current_mode == "technician")
        assert "Leave the screen" not in person.text
        assert person.app.is_running


def test_the_chart_has_a_sign_for_each_hour() -> None:
    assert chart({8: 1, 10: 9, 11: 4}) == "08 . |: 11"
    assert chart({}) == ""
