"""The lock: opened by a PIN where people have one; what runs stays in sight; nothing else works."""

from __future__ import annotations

from edgepos.tui.pad import Pad
from edgepos.tui.pin import PinEntry
from edgepos.tui.rows import Rows
from tui import documents
from tui.screen import at_screen
from tui.scripted import ScriptedAgent

PEOPLE = {
    "operators": [
        {"operator": "eva", "name": "Eva Exempel", "role": "senior", "active": True},
        {"operator": "bo", "name": "Bo Prov", "role": "staff", "active": True},
        {"operator": "old", "name": "Old Person", "role": "staff", "active": False},
    ]
}


async def test_without_pins_enter_opens_it(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.press("f9")
        await person.reads("Nobody has a PIN here. Enter opens it.")
        await person.press("enter")
        await person.until(lambda: person.app.current_mode == "desk")


async def test_with_pins_only_a_pin_opens_it(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/operators"] = PEOPLE
    agent.answers["POST", "/login"] = documents.refusal("pin-wrong", 403)
    async with at_screen(agent) as person:
        await person.press("f9")
        await person.reads("Eva Exempel")
        assert "Old Person" not in person.text
        await person.press("escape", "f4", "f10", "ctrl+q", "enter", "enter")
        assert person.app.current_mode == "lock"
        await person.type("0000")
        await person.press("enter")
        await person.reads("Operator and PIN do not fit.")
        agent.answers["POST", "/login"] = {"session": "s1", "operator": "bo", "role": "staff", "until_s": 600}
        await person.type("4711")
        await person.press("enter")
        await person.until(lambda: person.app.current_mode == "desk")
        assert person.app.agent.session == "s1"
        assert agent.posts("/login")[-1] == {"operator": "eva", "pin": "4711"}


async def test_locking_ends_the_session(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/operators"] = PEOPLE
    agent.answers["POST", "/logout"] = {}
    async with at_screen(agent) as person:
        person.app.agent.session = "s1"
        await person.press("f9")
        await person.until(lambda: agent.posts("/logout"))
        await person.until(lambda: person.app.agent.session is None)


async def test_a_running_payment_stays_in_sight(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/operators"] = PEOPLE
    agent.open = [documents.payment()]
    async with at_screen(agent) as person:
        await person.press("f9")
        await person.reads("RECEPTION  AT THE TERMINAL  SEK 1 250,00")


async def test_nobody_there_locks_it_where_the_settings_say_so(agent: ScriptedAgent) -> None:
    agent.status["kiosk"]["lock"] = True
    agent.answers["GET", "/operators"] = PEOPLE
    async with at_screen(agent) as person:
        await person.press("f4")
        await person.passes(200)
        await person.until(lambda: person.app.current_mode == "lock")


async def test_an_agent_that_cannot_say_who_has_a_pin_opens_nothing(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/operators"] = documents.refusal("unexpected", 500, reference="1")
    async with at_screen(agent) as person:
        await person.press("f9", "enter", "enter")
        assert person.app.current_mode == "lock"


async def test_fast_taps_on_the_digits_all_count(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/operators"] = PEOPLE
    agent.answers["POST", "/login"] = {"session": "s1", "operator": "eva", "role": "senior", "until_s": 600}
    async with at_screen(agent, (120, 44)) as person:
        await person.press("f9")
        await person.until(lambda: person.app.screen.query_one(PinEntry).query_one(Rows).shown)
        for x, y in ((1, 1), (15, 1), (15, 1), (27, 1), (27, 10)):  # 1 2 2 3 OK
            await person.pilot.click(Pad, offset=(x, y))
        await person.until(lambda: agent.posts("/login"))
        assert agent.posts("/login") == [{"operator": "eva", "pin": "1223"}]
