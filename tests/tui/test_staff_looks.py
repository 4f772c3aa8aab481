"""What was found by looking at the pictures, and must not come back."""

from __future__ import annotations

import pytest

from edgepos.tui.chrome import Keys
from edgepos.tui.figures import Figures, drawn
from tui import documents, rooms
from tui.screen import at_screen
from tui.scripted import ScriptedAgent

ID = "E7K2M9Q4T1XA3"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_the_big_word_has_ground_on_all_four_sides(agent: ScriptedAgent, size: tuple[int, int]) -> None:
    agent.open = [documents.payment()]
    async with at_screen(agent, size) as person:
        await person.press("f7")
        await person.sees("AT THE TERMINAL")
        band = person.app.screen.query_one("#headline", Figures).region
        lines = [person.lines[y].ljust(size[0])[band.x : band.right] for y in range(band.y, band.bottom)]
        assert not lines[0].strip()
        assert not lines[-1].strip()
        assert {line[:2] + line[-2:] for line in lines} == {"    "}
        assert "█" in lines[len(lines) // 2]


async def test_a_lost_answer_is_not_shown_with_what_the_terminal_said_before(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment()]
    async with at_screen(agent) as person:
        await agent.tell("terminal_text", {"terminal": documents.RECEPTION, "text": "SÄTT I KORT"})
        await person.press("f7")
        await person.reads("SÄTT I KORT")
        await agent.tell_payment(documents.payment(state="unknown", seq=11))
        await person.sees("NOT KNOWN YET")
        assert "SÄTT I KORT" not in person.text


async def test_a_terminals_card_is_as_high_as_what_is_said_of_it(agent: ScriptedAgent) -> None:
    agent.status["terminals"][0] |= {"state": "payment_unknown"}
    agent.status["terminals"][1] |= {"state": "not_reached"}
    async with at_screen(agent) as person:
        await person.reads("then restart it.")
        text = "".join(line[:25] for line in person.lines)
        assert "…" not in text
        await person.reads("YET  F8")


async def test_a_narrower_window_has_all_its_keys(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment()]
    agent.status["location"]["language"] = "fi"
    async with at_screen(agent, (120, 40)) as person:
        await person.resize(60, 24)
        await person.reads("F1 Ohje")
        keys = person.app.screen.query_one(Keys)
        assert keys.size.height == len(keys._lines)


async def test_a_parked_booking_names_its_invoice_as_provet_does(agent: ScriptedAgent) -> None:
    agent.status["outbox"] |= {"parked": 1}
    agent.answers["GET", "/outbox"] = {"outbox": [rooms.BOOKING]}
    async with at_screen(agent) as person:
        await person.press("f8")
        await person.reads("STH-20417   Tova Testsson   Bella")


async def test_a_training_slip_says_that_it_is_none(agent: ScriptedAgent) -> None:
    agent.status["training"] = True
    agent.answers["GET", "/payments"] = {"payments": [documents.payment(ID, "approved")]}
    agent.answers["GET", f"/payments/{ID}"] = documents.payment(ID, "approved")
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f4", "enter", "p")
        await person.reads("*** TRAINING, NOT A RECEIPT ***")
        assert person.text.count("NOT A RECEIPT") == 2
        assert "GODKÄNT" in person.text


async def test_a_large_screen_is_filled_by_the_amount(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment()]
    async with at_screen(agent, (120, 40)) as person:
        await person.press("f7")
        await person.sees("AT THE TERMINAL")
        sum_, band = (person.app.screen.query_one(id, Figures) for id in ("Course #sum", "#headline"))
        rows = [y for y in range(sum_.region.y, sum_.region.bottom) if "█" in person.lines[y]]
        assert len(rows) == 10
        assert band.region.bottom < rows[0]
        await person.resize(120, 32)
        await person.until(lambda: sum_.size.height == 5)
        await person.reads("Customer's turn at RECEPTION")


def test_letters_are_as_large_as_they_can_be_and_never_cut() -> None:
    for width, height, lines, across in ((120, 12, 10, 4), (60, 12, 10, 2), (60, 5, 5, 2), (20, 12, 5, 1)):
        made = drawn("PAID", width, height)
        assert made is not None
        assert (len(made), len(made[0])) == (lines, 16 * across)
    assert drawn("PAID", 10, 12) is None
    assert drawn("PAID", 60, 4) is None


async def test_where_a_mend_is_is_not_said_where_one_stands(agent: ScriptedAgent) -> None:
    agent.status["terminals"][1] |= {"state": "not_reached"}
    async with at_screen(agent) as person:
        await person.reads("! NOT REACHED  F6")
        await person.press("f6")
        await person.reads("! NOT REACHED")
        assert "NOT REACHED  F6" not in person.text
