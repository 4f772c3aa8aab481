"""Without a keyboard: an amount is tapped, digit by digit, and nothing of it is lost."""

from __future__ import annotations

from edgepos.tui.before import AmountInput
from edgepos.tui.pad import AmountPad
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent


async def taps(person: Person, signs: str) -> None:
    pad = person.app.screen.query_one(AmountPad)
    for sign in signs:
        row, column = divmod(AmountPad.SIGNS.index(sign), 3)
        await person.pilot.click(pad, offset=(column * 13 + 5, row * 3 + 1))


async def test_an_amount_without_an_invoice_is_tapped(agent: ScriptedAgent) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f2")
        await person.reads("How much?")
        await person.pilot.pause()
        await taps(person, "12345←6,50")
        await person.pilot.pause()
        assert person.app.screen.query_one(AmountInput).value == "12346,50"
        await person.reads("That is SEK 12 346,50.")


async def test_the_first_tap_begins_another_amount_of_an_invoice(agent: ScriptedAgent) -> None:
    async with at_screen(agent, (120, 40)) as person:
        await person.press("enter", "enter")
        await person.reads("Enter: pay SEK 1 250,00 at RECEPTION")
        await taps(person, "100")
        await person.reads("Enter: pay SEK 100,00 at RECEPTION")
        assert agent.posts("/payments") == []


async def test_a_part_of_a_refund_is_tapped(agent: ScriptedAgent) -> None:
    paid = documents.payment("E7K2M9Q4T1XA3", "approved")
    agent.answers["GET", "/payments"] = {"payments": [paid]}
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f3", "enter")
        await person.reads("Enter: give SEK 1 250,00 back at RECEPTION")
        await taps(person, "120←5,50")
        await person.reads("Enter: give SEK 125,50 back at RECEPTION")
        assert agent.posts("/payments/E7K2M9Q4T1XA3/refund") == []
