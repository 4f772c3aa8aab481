"""An amount as people type it: read strictly, both readings shown where there are two."""

from __future__ import annotations

import pytest

from edgepos.tui.before import AmountInput
from tui import documents
from tui.screen import at_screen
from tui.scripted import ScriptedAgent


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("12,50", "That is SEK 12,50."),
        ("12.5", "That is SEK 12,50."),
        ("1250", "That is SEK 1 250,00."),
        (",50", "That is SEK 0,50."),
        ("1.250", "“1.250” can be read in two ways: SEK 1 250,00 / SEK 1,25."),
        ("12,505", "wrong number of digits"),
    ],
)
async def test_what_was_typed_is_read_back(agent: ScriptedAgent, typed: str, shown: str) -> None:
    """FC-12."""
    async with at_screen(agent) as person:
        await person.press("f2")
        await person.type(typed)
        await person.reads(shown)


async def test_an_amount_without_an_invoice_is_paid_with_its_text(agent: ScriptedAgent) -> None:
    agent.answers["POST", "/payments"] = (201, documents.payment(lines=[], invoice=None, text="Phone 20417"))
    async with at_screen(agent) as person:
        person.app.last_terminal = documents.LAB
        await person.press("f2")
        await person.type("99")
        await person.press("enter")
        await person.type("ab")
        await person.press("enter")
        await person.reads("Enter: pay SEK 99,00 at LAB")
        await person.press("enter")
        await person.sees("AT THE TERMINAL")
    assert agent.posts("/payments") == [
        {"terminal": documents.LAB, "currency": "SEK", "amount_minor": 9_900, "text": "ab"}
    ]


async def test_a_pasted_amount_is_cleaned(agent: ScriptedAgent) -> None:
    from textual.events import Paste

    async with at_screen(agent) as person:
        await person.press("f2")
        person.app.screen.query_one(AmountInput).post_message(Paste("  1 250,00\n"))
        await person.reads("That is SEK 1 250,00.")


async def test_a_held_digit_is_many_digits_and_no_tap_is_lost(agent: ScriptedAgent) -> None:
    async with at_screen(agent) as person:
        await person.press("f2")
        await person.press(*"1234567", apart_s=0.0)
        assert person.app.screen.query_one(AmountInput).value == "1234567"
