"""Without a keyboard: what is to be tapped is three rows high and in sight, and of an amount no digit is lost."""

from __future__ import annotations

import pytest

from edgepos.tui.before import AmountInput
from edgepos.tui.invoices import Invoices
from edgepos.tui.pad import AmountPad, Pad
from edgepos.tui.pay import Pay
from edgepos.tui.pin import Pin
from edgepos.tui.tiles import Tiles
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


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)


def box(person: Person, text: str) -> tuple[int, int]:
    """The column and row of the middle of the box in which *text* stands; it is three rows high."""
    lines = person.lines
    y = next(y for y, line in enumerate(lines) if "│" in line and text in line)
    x = lines[y].index(text)
    assert "─" in lines[y - 1][x : x + len(text)], person.text
    assert "─" in lines[y + 1][x : x + len(text)], person.text
    return x, y


async def taps_box(person: Person, text: str) -> None:
    await person.pilot.click(offset=box(person, text))
    await person.pilot.pause()


async def asked(person: Person) -> None:
    """The first invoice, with its terminal still to be chosen."""
    await person.press("enter")
    await person.until(lambda: isinstance(person.app.screen, Pay))
    await person.pilot.pause()
    await person.reads("Choose the terminal")


@SIZES
async def test_one_tap_chooses_the_terminal_and_another_one_goes_before(
    agent: ScriptedAgent, size: tuple[int, int]
) -> None:
    async with at_screen(agent, size) as person:
        await asked(person)
        await taps_box(person, "LAB")
        await person.reads("Enter: pay SEK 1 250,00 at LAB")
        await taps_box(person, "ROOM 2")
        await person.reads("Enter: pay SEK 1 250,00 at ROOM 2")
        assert agent.posts("/payments") == []


@SIZES
async def test_of_many_terminals_each_comes_into_sight_and_can_be_tapped(
    agent: ScriptedAgent, size: tuple[int, int]
) -> None:
    agent.status["terminals"] = [documents.terminal(f"700001{at:02}", f"ROOM-{at:02}", "Desk3500") for at in range(20)]
    async with at_screen(agent, size) as person:
        await asked(person)
        tiles = person.app.screen.query_one(Tiles)
        for at in range(20):
            box(person, f"▶ ROOM-{at:02}")
            tiles.action_move(1)
            await person.pilot.pause()
        tiles.action_move(-20)
        await person.press("right", "right", "left", "down")
        seen = [row.id for at, row in enumerate(tiles.shown) if tiles._region(at).bottom <= tiles.size.height]
        assert len(seen) >= 4
        assert tiles.row is not None
        await person.pilot.click(offset=box(person, tiles.row.cells[0]))
        await person.reads(f"Enter: pay SEK 1 250,00 at {tiles.row.cells[0]}")


@SIZES
async def test_a_tap_between_the_boxes_chooses_nothing(agent: ScriptedAgent, size: tuple[int, int]) -> None:
    async with at_screen(agent, size) as person:
        await asked(person)
        tiles = person.app.screen.query_one(Tiles)
        right, below = tiles._region(0).right, tiles._grid[1] * 3
        for x, y in ((right, 1), (2, below)):
            if x < tiles.size.width and y < tiles.size.height:
                await person.pilot.click(tiles, offset=(x, y))
        await person.pilot.pause()
        await person.reads("Choose the terminal")


@SIZES
async def test_a_yes_takes_two_taps(agent: ScriptedAgent, size: tuple[int, int]) -> None:
    agent.answers["POST", "/payments"] = (201, documents.payment(state="intended"))
    async with at_screen(agent, size) as person:
        person.app.last_terminal = documents.RECEPTION
        await person.type("20409")
        await person.press("enter", "enter")
        await person.reads("SEK 30 000,00 is more than this clinic charges")
        await taps_box(person, "Yes")
        await person.reads("▶ Yes")
        assert agent.posts("/payments") == []
        await taps_box(person, "Yes")
        await person.until(lambda: agent.posts("/payments"))


def people(count: int) -> dict[str, object]:
    return {
        "operators": [
            {"operator": f"o{at}", "name": f"Anna-{at}", "role": "senior", "active": True} for at in range(count)
        ]
    }


@SIZES
@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("place", ["lock", "question"])
async def test_however_many_have_a_pin_it_can_be_tapped(
    agent: ScriptedAgent, size: tuple[int, int], count: int, place: str
) -> None:
    agent.answers["GET", "/operators"] = people(count)
    agent.answers["POST", "/login"] = (201, {"session": "s", "operator": "o1"})
    async with at_screen(agent, size) as person:
        if place == "lock":
            await person.press("f9")
        else:
            person.app.push_screen(Pin("senior"))
        await person.reads("PIN  ")
        await person.pilot.pause()
        if count > 1:
            await taps_box(person, "Anna-1")
        if size == (80, 24):
            await person.press("7", "0", "enter")  # no pad there: it is for consoles and SSH
        else:
            pad = person.app.screen.query_one(Pad)
            assert person.app.screen.region.contains_region(pad.region)
            for sign in ("7", "0", "OK"):
                row, column = divmod(Pad.SIGNS.index(sign), 3)
                await person.pilot.click(pad, offset=(column * 13 + 5, row * 3 + 1))
        await person.until(lambda: agent.posts("/login"))
    assert agent.posts("/login") == [{"operator": "o1" if count > 1 else "o0", "pin": "70"}]


async def test_at_a_kiosks_touch_screen_a_row_is_three_lines_high(
    agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepos.tui.terminal_modes.wants_mouse", lambda: True)
    agent.invoices = [documents.invoice(str(n), f"STH-{n}", "Testsson, Tova", "Bella", 10_000) for n in range(100, 140)]
    async with at_screen(agent, (120, 40), is_kiosk=True) as person:
        rows = person.app.screen.query_one(Invoices)
        first = next(y for y, line in enumerate(person.lines) if "STH-100" in line)
        for y in range(first + 2, first + 5):  # each line of the second
            rows.cursor = 0
            await person.pilot.click(offset=(60, y))
            await person.pilot.pause()
            assert rows.cursor == 1, y
        await person.press("end")
        await person.reads("STH-139")
        await person.press("home", "pagedown")
        assert 0 < rows.cursor < 12
        await person.pilot.click(offset=(60, next(y for y, line in enumerate(person.lines) if "▶" in line)))
        await person.until(lambda: isinstance(person.app.screen, Pay))


@pytest.mark.parametrize(("size", "is_kiosk"), [((120, 40), False), ((80, 24), True)])
async def test_elsewhere_a_row_is_one_line(agent: ScriptedAgent, size: tuple[int, int], is_kiosk: bool) -> None:
    async with at_screen(agent, size, is_kiosk=is_kiosk) as person:
        lines = [y for y, line in enumerate(person.lines) if "STH-" in line]
        assert lines == list(range(lines[0], lines[0] + len(lines)))


async def test_the_menu_of_a_touch_screen_is_boxes(agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgepos.tui.terminal_modes.wants_mouse", lambda: True)
    async with at_screen(agent, (120, 40), is_kiosk=True) as person:
        await person.press("f10")
        await person.reads("Go to")
        await person.pilot.pause()
        await taps_box(person, "Today")
        await person.until(lambda: person.app.current_mode == "today")
