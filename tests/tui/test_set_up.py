"""The set-up on the screen: every step with its state, done from there by keys, and gone on with where it was left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgepos.simulator.variants import Step
from edgepos.tui.add_person import AddPerson
from edgepos.tui.app import EdgeposApp
from edgepos.tui.pay import Pay
from edgepos.tui.pin import Pin
from edgepos.tui.rows import Rows
from edgepos.tui.set_up import SetUp
from tests.pictures.clinic import RECEPTION, Clinic, clinic_of
from tests.pictures.day import Person as Visitor
from tests.pictures.day import ScreenClock
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent
from tui.test_technician import REFUSED, TECHNICIAN, at_section

NAMED = {"terminal": "RECEPTION"}
DONE, STANDS = "E7K2M9Q4T1XA3", {"payment": "E7K2M9Q4T1XA3", "amount_minor": 100, "currency": "SEK", **NAMED}


def step(kind: str, state: str, code: str | None = None, act: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}:{RECEPTION}", "kind": kind, "step": f"RECEPTION: {kind}", "terminal": RECEPTION, "state": state,
        "code": code, "facts": dict(NAMED), "message": "", "mend": "", "act": act, "payment": None,
    } | more  # fmt: skip


def box_step(kind: str, name: str, state: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return step(kind, state, code, step=name, id=f"{kind}:{name}", terminal=None, **more)


def told(agent: ScriptedAgent, *steps: dict[str, Any]) -> None:
    agent.answers["GET", "/setup"] = {"ok": all(one["state"] != "wrong" for one in steps), "steps": list(steps)}


async def at_the_steps(person: Person) -> None:
    await at_section(person, "setup")
    await person.reads("S  Go through the steps")
    await person.press("s")
    await person.until(lambda: isinstance(person.app.screen, SetUp) and person.app.screen.query_one(Rows).shown)


async def test_the_place_shows_how_far_it_has_come_and_what_is_next(agent: ScriptedAgent) -> None:
    told(
        agent,
        box_step("time", "time: clock", "ok"),
        box_step("account", "Nets: account", "not_looked_at", "setup-account-unknown"),
        step("terminal", "ok", "setup-terminal"),
        step("lamps", "open", "setup-lamps", "lamps"),
        step("purchase", "wrong"),
    )
    async with at_screen(agent) as person:
        await at_section(person, "setup")
        await person.reads("2 of 5 done. Next: RECEPTION: lamps")
        for line in ("• DONE", "- NOT CHECKED", "→ OPEN", "! NOT RIGHT"):
            assert line in person.text


async def test_it_begins_at_the_next_step_and_says_what_to_do(agent: ScriptedAgent) -> None:
    told(agent, box_step("time", "time: clock", "ok"), box_step("settings", "settings", "wrong", "setup-not-written"))
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.reads("Type over SSH: sudo edgepos setup. It asks one thing")
        assert ("GET", "/setup") in [(method, path) for method, path, *_ in agent.asked]


@pytest.mark.parametrize(("key", "green"), [("g", True), ("n", False)])
async def test_what_the_lamps_show_is_told_with_one_key(agent: ScriptedAgent, key: str, green: bool) -> None:
    told(agent, step("lamps", "open", "setup-lamps", "lamps"))
    agent.answers["POST", "/setup/lamps"] = {}
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.reads("are both lamps, ECR and host, green?")
        told(agent, step("lamps", "ok", "setup-lamps-green", "lamps"))
        await person.press(key)
        await person.until(lambda: agent.posts("/setup/lamps"))
        assert agent.posts("/setup/lamps") == [{"terminal": RECEPTION, "green": green}]
        await person.reads("1 of 1 done. The clinic can take payments.")


async def test_a_finger_does_the_same(agent: ScriptedAgent) -> None:
    told(agent, step("lamps", "open", "setup-lamps", "lamps"))
    agent.answers["POST", "/setup/lamps"] = {}
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.reads("G  Both are green")
        await person.pilot.click("Acts", offset=(5, 1))
        await person.until(lambda: agent.posts("/setup/lamps"))


async def test_nothing_is_reconciled_without_a_yes(agent: ScriptedAgent) -> None:
    told(agent, step("reconciliation", "open", "setup-reconcile", "reconcile"))
    running = documents.payment(DONE, "sent", kind="reconciliation", lines=[], invoice=None)
    agent.answers["POST", "/reconciliations"] = running
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.press("r")
        await person.reads("Reconcile RECEPTION?")
        await person.press("escape", "r")
        await person.reads("Reconcile RECEPTION?")
        assert agent.posts("/reconciliations") == []
        await person.press("down", "enter")
        await person.reads("closing its session")
        assert agent.posts("/reconciliations") == [{"terminal": RECEPTION}]
        await person.press("escape")
        await person.until(lambda: isinstance(person.app.screen, SetUp))


async def test_a_test_purchase_is_paid_on_the_staffs_own_page_and_leads_back(agent: ScriptedAgent) -> None:
    told(agent, step("purchase", "open", "setup-test", "purchase"))
    paid = documents.payment(DONE, "approved", amount_minor=100)
    agent.answers["POST", "/payments"] = paid
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.press("p")
        await person.reads("Enter: pay SEK 1,00 at RECEPTION")
        assert agent.posts("/payments") == []
        told(agent, step("purchase", "open", "setup-give-back", "give-back", facts=STANDS, payment=paid))
        await person.press("enter")
        await person.sees("PAID")
        await person.press("enter")
        await person.reads("SEK 1,00 wait to be given back")
        assert agent.posts("/payments")[0]["text"] == "edgepos setup"


async def test_money_is_given_back_only_after_a_yes(agent: ScriptedAgent) -> None:
    paid = documents.payment(DONE, "approved", amount_minor=100)
    told(agent, step("purchase", "open", "setup-give-back", "give-back", facts=STANDS, payment=paid))
    agent.answers["POST", f"/payments/{DONE}/reverse"] = documents.payment("E7K2M9Q4T1XB4", "sent", kind="reversal")
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.press("b")
        await person.reads("Give SEK 1,00 back at RECEPTION now?")
        await person.press("enter")
        assert agent.posts(f"/payments/{DONE}/reverse") == []
        await person.press("b", "down", "enter")
        await person.until(lambda: agent.posts(f"/payments/{DONE}/reverse"))
        await person.until(lambda: isinstance(person.app.screen, Pay))


async def test_where_staff_sell_on_the_keypad_it_is_a_refund(agent: ScriptedAgent) -> None:
    agent.status["terminals"][0]["keypad_sales"] = True
    paid = documents.payment(DONE, "approved", amount_minor=100)
    told(agent, step("purchase", "open", "setup-give-back", "give-back", facts=STANDS, payment=paid))
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.press("b")
        await person.reads("Enter: give SEK 1,00 back at RECEPTION")


async def test_at_the_kiosk_one_pin_is_enough_for_the_whole_visit(agent: ScriptedAgent) -> None:
    one = step("lamps", "open", "setup-lamps", "lamps")
    answers: list[Any] = [REFUSED, REFUSED]
    known = {"ok": True, "steps": [one]}
    agent.answers["GET", "/setup"] = lambda body: answers.pop(0) if answers else known
    agent.answers["GET", "/operators"] = TECHNICIAN
    agent.answers["POST", "/login"] = {"session": "s1", "operator": "tek", "role": "technician", "until_s": 600}
    agent.answers["POST", "/logout"] = {}
    agent.answers["POST", "/setup/lamps"] = {}
    async with at_screen(agent, is_kiosk=True) as person:
        await at_section(person, "setup")
        await person.reads("Enter: it asks for a PIN.")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, Pin) and person.app.focused is not None)
        await person.type("4711")
        await person.press("enter")
        await person.reads("0 of 1 done.")
        await person.press("s", "g")
        await person.until(lambda: agent.posts("/setup/lamps"))
        assert len(agent.posts("/login")) == 1
        assert agent.posts("/logout") == []
        await person.press("escape", "escape")
        await person.until(lambda: agent.posts("/logout"))


async def test_a_person_is_added_with_a_pin_that_nobody_reads(agent: ScriptedAgent) -> None:
    told(agent, box_step("people", "people", "open", "setup-no-technician", act="people"))
    agent.answers["POST", "/operators"] = {"operator": "tove", "name": "Tove", "role": "technician", "active": True}
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.press("p")
        await person.until(lambda: isinstance(person.app.screen, AddPerson))
        await person.type("tove")
        await person.press("enter")
        await person.type("Tove")
        await person.press("enter", "left", "enter")
        await person.type("4711")
        assert "4711" not in person.text
        await person.press("enter", "enter")
        await person.reads("Tove may log in.")
        body = {"operator": "tove", "name": "Tove", "role": "technician", "pin": "4711", "active": True}
        assert agent.posts("/operators") == [body]


async def test_the_language_of_this_screen_is_one_key_away(agent: ScriptedAgent) -> None:
    told(agent, box_step("settings", "settings", "ok", "setup-clinic", act="language"))
    async with at_screen(agent) as person:
        await at_the_steps(person)
        await person.press("l")
        await person.reads("Svenska")


# --- with a real agent, and both services


@asynccontextmanager
async def visiting(clinic: Clinic) -> AsyncIterator[Visitor]:
    clock = ScreenClock(clinic)
    app = EdgeposApp(clinic.agent, clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        visitor = Visitor(app, pilot, clinic, clock)
        await visitor.until(lambda: app.current_mode == "desk")
        await visitor.press("f12", "down", "s")
        await reads(visitor, "Set-up, step by step")
        yield visitor


async def reads(visitor: Visitor, text: str) -> None:
    """Time passes until *text* stands there."""
    for _ in range(150):
        if text in visitor.text:
            return
        await visitor.clinic.passes(1)
        visitor.clock.at += 1
        await visitor.pilot.pause(0.02)
    raise AssertionError(f"{text!r} does not stand there:\n{visitor.text}")


def taken(clinic: Clinic) -> list[tuple[str, int]]:
    """What the bank has of the terminal."""
    sessions = clinic.world.truth()["terminals"][RECEPTION]["sessions"]
    return [(one["kind"], one["amount_minor"]) for session in sessions for one in session["entries"]]


def test_from_the_lamps_to_a_purchase_given_back_with_a_real_agent_and_terminal() -> None:
    asyncio.run(_set_up())  # on a loop in real time: the clinic's own loop is the virtual one


async def _set_up() -> None:
    async with clinic_of("en", "light", is_training=False) as clinic:
        async with visiting(clinic) as visitor:
            await reads(visitor, "Next: RECEPTION: lamps")
            await visitor.press("g")
            await reads(visitor, "Next: RECEPTION: first reconciliation")
            await visitor.press("down", "r", "down", "enter")
            await visitor.sees("approved", limit_s=200)
            await visitor.press("enter")
            await reads(visitor, "Next: RECEPTION: test purchase and back")
        # Left, and gone on with at another screen.
        async with visiting(clinic) as visitor:
            await reads(visitor, "Next: RECEPTION: test purchase and back")
            await clinic.cardholder(RECEPTION, Step(do="tap", after_s=2))
            await visitor.press("p", "enter")
            await visitor.sees("approved")
            await visitor.press("enter")
            await reads(visitor, "wait to be given back")
            assert taken(clinic) == [("purchase", 100)]
            await reads(visitor, "• DONE        RECEPTION: terminal")
            await visitor.press("b", "down", "enter")
            await visitor.sees("approved")
            await visitor.press("enter")
            await reads(visitor, "was paid with")
            assert taken(clinic) == [("purchase", 100), ("reversal", 100)]
            await reads(visitor, "Next: ROOM 2: lamps")
