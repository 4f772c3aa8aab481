"""The boxes: none is lost in a narrow window, and a letter, Enter and a tap do the same."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size

from edgepos.tui.acts import TALL, Act, Acts

SOME = (
    Act("first", "a", "Give it its invoice"),
    Act("second", "b", "Receipt"),
    Act("third", "", "Undo on the terminal"),
)


class Bare(App[None]):
    CSS = "Acts { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def compose(self) -> ComposeResult:
        yield Acts()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        self.done.append(message.name)


async def test_a_letter_enter_and_a_tap_do_it() -> None:
    app = Bare()
    async with app.run_test(size=(60, 20)) as pilot:
        acts = app.query_one(Acts)
        acts.put(SOME)
        await pilot.pause()
        acts.focus()
        await pilot.press("right", "enter")
        assert acts.by_letter("A")
        assert not acts.by_letter("z")
        assert not acts.by_letter(None)
        await pilot.click(Acts, offset=(2, TALL + 1))
        await pilot.pause()
        assert app.done == ["second", "first", "third"]


@pytest.mark.parametrize("width", [1, 4, 10, 25, 60, 200])
async def test_every_box_has_its_place_in_any_width(width: int) -> None:
    app = Bare()
    async with app.run_test(size=(80, 40)) as pilot:
        acts = app.query_one(Acts)
        acts.put(SOME)
        await pilot.pause()
        boxes = acts._boxes(width)
        assert len(boxes) == len(SOME)
        assert len({(x, y) for _at, _act, x, y, _wide in boxes}) == len(SOME)
        assert acts.get_content_height(Size(width, 40), Size(width, 40), width) == boxes[-1][3] + TALL


async def test_the_bar_stays_on_its_act_when_others_come() -> None:
    app = Bare()
    async with app.run_test() as pilot:
        acts = app.query_one(Acts)
        acts.put(SOME)
        acts.cursor = 1
        acts.put((Act("new", "n", "New"), *SOME))
        await pilot.pause()
        assert acts.acts[acts.cursor].name == "second"
        acts.put(())
        assert not acts.display
