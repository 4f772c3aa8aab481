"""The technician: what the doctor sees, a PIN where the login alone does not do, and the way out of a kiosk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgepos.tui.pin import Pin
from edgepos.tui.technician import SECTIONS
from edgepos.tui.technician_texts import Copied
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

TECHNICIAN = {"operators": [{"operator": "tek", "name": "Tek Niker", "role": "technician", "active": True}]}
REFUSED = documents.refusal("pin-needed", 403, needed="technician", role="staff")
SETTINGS = {"folder": "/etc/edgepos", "settings": [{"key": "kiosk.idle_s", "value": 180, "origin": "default"}]}


async def at_section(person: Person, name: str) -> None:
    down = [one for one, _word in SECTIONS].index(name)
    await person.press("f12", *["down"] * down)


async def test_checks_come_with_their_mends(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/doctor"] = {
        "ok": False,
        "checks": [
            {"name": "clock", "ok": True, "message": "", "mend": ""},
            {"name": "disk", "ok": False, "message": "nearly full", "mend": "make room"},
        ],
    }
    async with at_screen(agent) as person:
        await at_section(person, "checks")
        await person.reads("! disk   nearly full")
        await person.reads("→ make room")


async def test_checks_are_told_in_the_language_of_the_screen(agent: ScriptedAgent) -> None:
    agent.status["location"]["language"] = "sv"
    low = {"free_mb": 3, "needed_mb": 64}
    agent.answers["GET", "/doctor"] = {
        "ok": False,
        "checks": [
            {"area": "time", "name": "clock", "ok": True, "message": "", "mend": ""},
            {"area": "network", "name": "line to practice", "ok": True, "message": "", "mend": ""},
            {"area": "services", "name": "right payment-methods", "ok": True, "message": "", "mend": ""},
            {"area": "terminals", "name": "LAB", "ok": False, "state": "busy", "message": "BUSY", "mend": "Wait."},
            {
                "area": "storage",
                "name": "disk",
                "ok": False,
                "message": "low",
                "mend": "",
                "code": "disk-low",
                "facts": low,
            },
        ],
    }
    async with at_screen(agent, (120, 40)) as person:
        await at_section(person, "checks")
        for text in (
            "• klocka   bra",
            "• förbindelse med Provet",
            "• rätt till betalningssätt",
            "! LAB   UPPTAGEN",
            "! disk   ",
        ):
            await person.reads(text)
        assert "low" not in person.text
        assert "Wait." not in person.text


async def test_at_the_kiosk_a_pin_opens_the_settings_for_this_visit(agent: ScriptedAgent) -> None:
    answers: list[Any] = [REFUSED, REFUSED, SETTINGS]
    agent.answers["GET", "/settings"] = lambda body: answers.pop(0)
    agent.answers["GET", "/operators"] = TECHNICIAN
    agent.answers["POST", "/login"] = {"session": "s1", "operator": "tek", "role": "technician", "until_s": 600}
    agent.answers["POST", "/logout"] = {}
    async with at_screen(agent, is_kiosk=True) as person:
        await at_section(person, "settings")
        await person.reads("Enter: it asks for a PIN.")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, Pin))
        await person.until(lambda: person.app.focused is not None)
        await person.type("4711")
        await person.press("enter")
        await person.reads("kiosk.idle_s = 180")
        assert agent.posts("/logout") == []
        await person.press("escape")
        await person.until(lambda: agent.posts("/logout"))


async def test_a_kiosk_is_left_only_with_a_technicians_pin_whoever_has_logged_in(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/settings"] = SETTINGS  # the screen's user is a technician by login
    agent.answers["GET", "/operators"] = TECHNICIAN
    agent.answers["POST", "/login"] = {"session": "s1", "operator": "tek", "role": "technician", "until_s": 600}
    async with at_screen(agent, is_kiosk=True) as person:
        await at_section(person, "leave")
        await person.reads("L  Leave the screen")
        await person.press("l")
        await person.until(lambda: isinstance(person.app.screen, Pin))
        await person.press("escape")
        await person.reads("This needs the PIN")
        assert person.app.is_running
        await person.press("l")
        await person.until(lambda: isinstance(person.app.screen, Pin))
        await person.until(lambda: person.app.focused is not None)
        await person.type("4711")
        await person.press("enter")
        await person.reads("Leave the screen?")
        await person.press("down", "enter")
        await person.until(lambda: person.app.return_code == 0)


async def test_a_screen_over_ssh_is_left_without_a_pin(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/settings"] = SETTINGS
    async with at_screen(agent) as person:
        await at_section(person, "leave")
        await person.press("l")
        await person.reads("Leave the screen?")


async def test_the_language_changes_while_it_runs(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await at_section(person, "looks")
        await person.reads("Svenska")
        await person.press("enter", "enter")
        await person.until(lambda: person.app.current_mode == "desk")
        assert person.app.chosen_language == "sv"
        await agent.tell("status", agent.status)
        await person.pilot.pause()
        assert person.app.chosen_language == "sv"


async def test_the_theme_changes_while_it_runs(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await at_section(person, "looks")
        await person.reads("dark")
        await person.press("enter", "right", "right", "right", "right", "enter")
        await person.until(lambda: person.app.theme == "dark")
        await agent.tell("status", agent.status)
        await person.pilot.pause()
        assert person.app.theme == "dark"


async def test_a_damaged_journal_is_said_loudly(agent: ScriptedAgent) -> None:
    agent.answers["GET", "/verify"] = {"ok": False, "events": 5, "head": "2c", "problems": ["event 3 does not fit"]}
    async with at_screen(agent) as person:
        await at_section(person, "journal")
        await person.press("v")
        await person.reads("THE JOURNAL IS DAMAGED")
        await person.reads("event 3 does not fit")


async def test_a_copy_that_cannot_be_written_says_why(agent: ScriptedAgent, tmp_path: Path) -> None:
    from edgepos.tui.technician import Technician

    async with at_screen(agent) as person:
        await at_section(person, "journal")
        place = person.app.screen
        assert isinstance(place, Technician)
        place._copied(Copied("/nowhere/x", None, "No such file or directory"))
        await person.reads("/nowhere/x could not be written: No such file or directory")
