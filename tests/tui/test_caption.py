"""An amount in a sentence stands in one line, however wide the line is."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from edgepos.locale.words import set_language
from edgepos.tui.caption import HELD, Caption
from edgepos.tui.form import Form
from edgepos.tui.sheet import Sheet

CLINIC = {"country": "SE", "currency": "SEK", "time_zone": "Europe/Stockholm"}
WIDTHS = range(14, 70)


class Page(App[None]):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.said = text

    def compose(self) -> ComposeResult:
        yield Caption(self.said, id="sentence")
        yield Caption(id="later")
        yield Sheet(id="text")
        yield Sheet(id="facts")

    def on_mount(self) -> None:
        self.query_one("#later", Caption).update(self.said)
        self.query_one("#text", Sheet).put(self.said)
        self.query_one("#facts", Sheet).put_facts([("", self.said)])

    def lines(self, selector: str) -> list[str]:
        region = self.screen.query_one(selector).region
        strips = self.screen._compositor.render_strips()[region.y : region.bottom]
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


@pytest.mark.parametrize("language", ["en", "sv", "da"])
async def test_an_amount_in_a_sentence_is_never_torn(language: str) -> None:
    set_language(language)
    form = Form(CLINIC | {"country": "DK"} if language == "da" else CLINIC)
    money = [form.money(minor) for minor in (125_000, 123_456_700, -9_900)]
    app = Page("Only {} of {} was paid; {} went back, and so on.".format(*money))
    async with app.run_test(size=(80, 60)) as pilot:
        for width in WIDTHS:
            await pilot.resize_terminal(width, 60)
            for part in ("#sentence", "#later", "#text", "#facts"):
                lines = app.lines(part)
                assert HELD not in "".join(lines)
                whole = [sum(amount in line for line in lines) for amount in money if len(amount) < width - 3]
                assert all(whole), (width, part, lines)


async def test_an_amount_that_no_line_has_room_for_is_folded_and_not_lost() -> None:
    app = Page(Form(CLINIC).money(123_456_700))
    async with app.run_test(size=(6, 30)) as pilot:
        await pilot.pause()
        assert "".join(app.lines("#sentence")).replace("\xa0", "") == "SEK1234567,00"
