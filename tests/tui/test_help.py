"""Help: the page for where one comes from, and every page that staff were promised."""

from __future__ import annotations

import pytest

from edgepos.tui.help_pages import BY_PLACE, PAGES
from edgepos.tui.places import BY_NAME
from tui.screen import at_screen
from tui.scripted import ScriptedAgent


@pytest.mark.parametrize(
    ("key", "title"), [("f3", "GIVE MONEY BACK"), ("f5", "CLOSE THE DAY"), ("f8", "WHAT NEEDS A PERSON")]
)
async def test_help_opens_at_the_place_and_goes_back_there(agent: ScriptedAgent, key: str, title: str) -> None:
    async with at_screen(agent) as person:
        await person.press(key)
        place = person.app.current_mode
        await person.press("f1")
        await person.reads(title)
        await person.press("escape")
        await person.until(lambda: person.app.current_mode == place)


def test_every_page_that_was_promised_is_there() -> None:
    titles = {page.title for page in PAGES}
    assert titles >= {
        "Forgotten PIN", "A person who left", "Paper out at the terminal", "Terminal dead", "Training",
        "Two people on one terminal", "NOT KNOWN YET", "Work without edgepos",
    }  # fmt: skip
    assert set(BY_PLACE.values()) <= {page.id for page in PAGES}
    assert set(BY_PLACE) <= set(BY_NAME)


async def test_the_support_phone_is_on_each_page(agent: ScriptedAgent) -> None:
    agent.status["location"]["support_phone"] = "+46 8 000 00 00"
    async with at_screen(agent) as person:
        await person.press("f1", "down")
        await person.reads("Support: +46 8 000 00 00")
