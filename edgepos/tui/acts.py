"""What can be done now, as boxes to tap, each with its letter: arrows move, Enter or the letter does it.

One widget draws them all, so that they flow into the width there is and none is lost behind another. Each box has three
rows, which a finger hits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from edgepos.locale.words import N_

TALL = 3
GAP = 1


class Act(NamedTuple):
    """*letter* is a small one, or empty; *word* is translated already."""

    name: str
    letter: str
    word: str


class Acts(Widget, can_focus=True):
    """The boxes. Says `Acts.Chosen` for the one that is done."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"acts--act", "acts--cursor"}
    BINDINGS = [
        Binding("enter", "choose", N_("Choose"), id="acts.choose"),
        Binding("left,up", "move(-1)", show=False),
        Binding("right,down", "move(1)", show=False),
    ]
    cursor: var[int] = var(0)

    @dataclass
    class Chosen(Message):
        name: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.acts: tuple[Act, ...] = ()

    def put(self, acts: Sequence[Act]) -> None:
        """Other boxes; the bar stays on the same act if it is still there."""
        if tuple(acts) == self.acts:
            return
        here = self.acts[self.cursor].name if self.acts else ""
        self.acts = tuple(acts)
        at = next((index for index, act in enumerate(acts) if act.name == here), 0)
        self.set_reactive(Acts.cursor, at)
        self.display = bool(acts)
        self.can_focus = bool(acts)
        self.refresh(layout=True)

    def by_letter(self, letter: str | None) -> bool:
        """Do the act of *letter*; False where there is none."""
        for act in self.acts:
            if letter and act.letter == letter.casefold():
                self.post_message(self.Chosen(act.name))
                return True
        return False

    def watch_cursor(self) -> None:
        self.refresh()

    def action_move(self, by: int) -> None:
        self.cursor = min(max(0, self.cursor + by), max(0, len(self.acts) - 1))

    def action_choose(self) -> None:
        if self.acts:
            self.post_message(self.Chosen(self.acts[self.cursor].name))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for at, _act, x, y, wide in self._boxes(self.size.width):
            if y <= event.y < y + TALL and x <= event.x < x + wide:
                self.cursor = at
                self.action_choose()

    # --- drawing

    def _boxes(self, width: int) -> list[tuple[int, Act, int, int, int]]:
        """Number, act, column, row, width of each box; a line that is full begins another."""
        found, x, y = [], 0, 0
        for at, act in enumerate(self.acts):
            wide = min(cell_len(_label(act)) + 4, max(4, width))
            if x and x + wide > width:
                x, y = 0, y + TALL
            found.append((at, act, x, y, wide))
            x += wide + GAP
        return found

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        boxes = self._boxes(width)
        return boxes[-1][3] + TALL if boxes else 0

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        ground = self.rich_style
        segments: list[Segment] = []
        end = 0
        for at, act, x, top, wide in self._boxes(width):
            if not top <= y < top + TALL:
                continue
            is_here = at == self.cursor and self.has_focus
            style = self.get_component_rich_style("acts--cursor" if is_here else "acts--act")
            segments += [Segment(" " * (x - end), ground), Segment(_line(act, y - top, wide, is_here), style)]
            end = x + wide
        return Strip(segments).adjust_cell_length(width, ground)


def _label(act: Act) -> str:
    return f"{act.letter.upper()}  {act.word}" if act.letter else act.word


def _line(act: Act, row: int, wide: int, is_here: bool) -> str:
    """One of the three rows of a box."""
    inner = wide - 2
    text = ("▶" if is_here else " ") + _label(act)
    if cell_len(text) > inner:
        text = text[: max(0, inner - 1)] + "…"
    return box_line(text, row, wide)


def box_line(text: str, row: int, wide: int) -> str:
    """Row 0, 1 or 2 of a box around *text*, which fits."""
    inner = wide - 2
    if row == 0:
        return "┌" + "─" * inner + "┐"
    if row == TALL - 1:
        return "└" + "─" * inner + "┘"
    return "│" + text + " " * (inner - cell_len(text)) + "│"
