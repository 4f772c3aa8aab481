"""A few things to choose from, as boxes of three rows, which a finger hits.

They stand below one another, in as few columns as let all of them be seen; Down and Up go through all of them in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.strip import Strip

from edgepos.tui.acts import GAP, TALL, box_line
from edgepos.tui.rows import Column, Rows

EDGE, EDGES = "│", 2
"""What a box has on both sides of its text, and how many cells that takes."""


class Tiles(Rows):
    """*least*: the cells below which a box is too narrow for its text. One tap takes, or with *twice* a second one."""

    BINDINGS = [
        Binding("left", "aside(-1)", show=False),
        Binding("right", "aside(1)", show=False),
    ]

    def __init__(self, columns: Sequence[Column], *, least: int, id: str | None = None, twice: bool = False) -> None:
        super().__init__(columns, id=id, searches=False)
        self._least = least
        self._twice = twice

    # --- where each is

    @property
    def _wide(self) -> int:
        return int(self.scrollable_content_region.width)

    @property
    def _grid(self) -> tuple[int, int]:
        """Columns and rows of boxes."""
        count = max(1, len(self.shown))
        seen = max(1, self.size.height // TALL)
        most = max(1, (self._wide + GAP) // (self._least + GAP))
        columns = min(most, -(-count // seen))
        return columns, -(-count // columns)

    def _extent(self) -> Size:
        return Size(self._wide, self._grid[1] * TALL)

    def _region(self, at: int) -> Region:
        columns, rows = self._grid
        column, row = divmod(at, rows)
        each = (self._wide + GAP) // columns
        return Region(column * each, row * TALL, each - GAP, TALL)

    # --- keys and taps

    def action_aside(self, by: int) -> None:
        to = self.cursor + by * self._grid[1]
        if 0 <= to < len(self.shown):
            self.cursor = to

    def on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()  # a list's own first tap only moves the bar
        x, y = event.x, event.y + int(self.scroll_y)
        for at in range(len(self.shown)):
            if self._region(at).contains(x, y):
                is_taken = at == self.cursor or not self._twice
                self.cursor = at
                if is_taken:
                    self.action_take()

    # --- drawing

    def line_now(self, y: int) -> Strip:
        ground, y = self.rich_style, y + int(self.scroll_y)
        segments: list[Segment] = []
        end = 0
        rows = self._grid[1]
        for at in range(y // TALL, len(self.shown) if y < rows * TALL else 0, rows):
            box = self._region(at)
            segments.append(Segment(" " * (box.x - end), ground))
            segments += self._box(at, y - box.y, box.width)
            end = box.right
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def _box(self, at: int, row: int, wide: int) -> list[Segment]:
        """One row of a box; the bar is within its edges, so that it is small over a slow line."""
        inner, look = max(0, wide - EDGES), self._look(self.shown[at])
        text = set_cell_size(self._mark(at) + self._line(self.shown[at], max(0, inner - 2)), inner)
        if row != TALL // 2:
            return [Segment(box_line(text, row, wide), look)]
        return [Segment(EDGE, look), Segment(text, self._style(at)), Segment(EDGE, look)]
