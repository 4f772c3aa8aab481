"""Ten digits to tap, for a kiosk without a keyboard: for a PIN or an amount. Every tap counts, however fast they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

WIDE, TALL = 12, 3


class Pad(Widget):
    """Not to be focused: keys go where they went before."""

    BACK: ClassVar[str] = "←"
    ENTER: ClassVar[str] = "OK"
    SIGNS: ClassVar[tuple[str, ...]] = ("1", "2", "3", "4", "5", "6", "7", "8", "9", BACK, "0", ENTER)

    @dataclass
    class Pressed(Message):
        sign: str

    @classmethod
    def after(cls, value: str, sign: str) -> str:
        """What stands in a line with *value* after a tap on *sign*."""
        return value[:-1] if sign == cls.BACK else value + sign

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return 3 * (WIDE + 1) - 1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 4 * TALL

    def on_click(self, event: events.Click) -> None:
        event.stop()
        column, row = event.x // (WIDE + 1), event.y // TALL
        if column < 3 and row < 4:
            self.post_message(self.Pressed(self.SIGNS[row * 3 + column]))

    def render_line(self, y: int) -> Strip:
        row, line = divmod(y, TALL)
        signs = self.SIGNS[row * 3 : row * 3 + 3]
        if line == 1:
            text = " ".join("│" + sign.center(WIDE - 2) + "│" for sign in signs)
        else:
            left, right = ("┌", "┐") if line == 0 else ("└", "┘")
            text = " ".join(left + "─" * (WIDE - 2) + right for _ in signs)
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)


class AmountPad(Pad):
    """With the decimal sign of all four countries in place of OK; Enter is among the keys at the bottom."""

    SIGNS = (*Pad.SIGNS[:-1], ",")
