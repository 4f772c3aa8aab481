"""A list that is searched by typing: rows of cells, drawn line by line, with a bar for where one is.

Letters and digits narrow it, arrows move, Enter takes; a tap moves there and a second one takes. It stays quick with
thousands of rows, because only what is seen is drawn and the search runs over texts prepared once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from edgepos.locale.words import N_
from edgepos.tui.sparing import Sparing

if TYPE_CHECKING:
    from edgepos.tui.app import EdgeposApp

UNDECOMPOSED = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "œ": "oe"})
FIND_LIMIT = 40


def plain(text: str) -> str:
    """*text* without case and accents: whoever types `parlan` finds Pärlan."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(UNDECOMPOSED))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True)
class Column:
    """*width* in cells; of what is left over each takes *share* parts. Not shown in a list narrower than *least*."""

    width: int
    share: int = 0
    is_right: bool = False
    least: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """*look* is one of "", dim, good, bad, warn; *found_by* is `plain` text."""

    id: str
    cells: tuple[str, ...]
    data: Any = None
    found_by: str = ""
    look: str = ""


class Rows(Sparing, ScrollView, can_focus=True):
    """The list. Says `Rows.Taken` when a row is taken, `Rows.Moved` when another is under the bar."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--cursor", "rows--dim", "rows--good", "rows--bad", "rows--warn", "rows--mark"
    }  # fmt: skip
    BINDINGS = [
        Binding("enter", "take", N_("Choose"), id="rows.take"),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("backspace", "erase", show=False),
    ]
    find: var[str] = var("")
    cursor: var[int] = var(0)

    @dataclass
    class Taken(Message):
        rows: Rows
        row: Row

    @dataclass
    class Moved(Message):
        rows: Rows
        row: Row | None

    @dataclass
    class Searched(Message):
        rows: Rows
        find: str

    def __init__(self, columns: Sequence[Column], *, id: str | None = None, searches: bool = True) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._searches = searches
        self._all: tuple[Row, ...] = ()
        self.shown: list[Row] = []
        self.marked: set[str] = set()

    # --- what is in it

    def fill(self, rows: Iterable[Row]) -> None:
        """Other rows; the bar stays on the same one if it is still there."""
        filled = tuple(rows)
        if filled == self._all:
            return
        self._all = filled
        self.marked &= {row.id for row in self._all}
        self._narrow()

    @property
    def row(self) -> Row | None:
        """The row under the bar."""
        return self.shown[self.cursor] if 0 <= self.cursor < len(self.shown) else None

    @property
    def chosen_data(self) -> Any:
        """What the row under the bar is about; None without a row."""
        return self.row.data if self.row else None

    def heading(self, cells: Sequence[str]) -> str:
        """*cells* as they stand in the columns, for a line above the list."""
        return "  " + self._line(Row("", tuple(cells)), max(0, self.size.width - 2))

    def _narrow(self, *, from_top: bool = False) -> None:
        before = self.row
        wanted = plain(self.find)
        self.shown = [row for row in self._all if wanted in row.found_by] if wanted else list(self._all)
        at = 0 if from_top else min(self.cursor, max(0, len(self.shown) - 1))
        if before is not None and not from_top:
            at = next((index for index, row in enumerate(self.shown) if row.id == before.id), at)
        self.set_reactive(Rows.cursor, at)
        self._extend()
        self._follow()
        if self.row is not before:
            self.post_message(self.Moved(self, self.row))

    def watch_find(self) -> None:
        self._narrow(from_top=True)
        self.post_message(self.Searched(self, self.find))

    def watch_cursor(self) -> None:
        self._follow()
        self.post_message(self.Moved(self, self.row))

    def _follow(self) -> None:
        self.scroll_to_region(self._region(self.cursor), animate=False, force=True)
        self.refresh()

    def _extend(self) -> None:
        """Another number of lines lays nothing out anew, unless the list is as high as they are or its scroll bar comes."""
        if self.styles.auto_dimensions:
            self.virtual_size = self._extent()
            return
        self.set_reactive(Rows.virtual_size, self._extent())
        self._scroll_update(self.virtual_size)

    def _extent(self) -> Size:
        """The cells and lines that all of it takes."""
        return Size(self.size.width, len(self.shown) * self._high)

    def _region(self, at: int) -> Region:
        """Where row *at* stands in that."""
        return Region(0, at * self._high, 1, self._high)

    @property
    def _high(self) -> int:
        """The lines of a row; its text is in the middle of them."""
        return cast("EdgeposApp", self.app).row_lines

    # --- keys and taps

    def on_key(self, event: events.Key) -> None:
        letter = event.character
        if self._searches and letter and letter.isprintable() and letter not in " ?" and len(self.find) < FIND_LIMIT:
            event.stop()
            self.find += letter

    def on_paste(self, event: events.Paste) -> None:
        if self._searches and event.text.strip():
            event.stop()
            self.find = event.text.strip().splitlines()[0][:FIND_LIMIT]

    def action_take(self) -> None:
        if self.row is not None:
            self.post_message(self.Taken(self, self.row))

    def action_move(self, by: int) -> None:
        self.cursor = min(max(0, self.cursor + by), max(0, len(self.shown) - 1))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height // self._high - 1))

    def action_erase(self) -> None:
        self.find = self.find[:-1]

    def on_click(self, event: events.Click) -> None:
        event.stop()
        at = (event.y + int(self.scroll_y)) // self._high
        if at >= len(self.shown):
            return
        if at == self.cursor:
            self.action_take()
        self.cursor = at

    # --- drawing

    def on_resize(self) -> None:
        self._extend()
        self._follow()

    def line_now(self, y: int) -> Strip:
        width, high = self.size.width, self._high
        at, line = divmod(y + int(self.scroll_y), high)
        if not 0 <= at < len(self.shown):
            return Strip.blank(width, self.rich_style)
        text = self._mark(at) + self._line(self.shown[at], max(0, width - 2)) if line == high // 2 else ""
        return Strip([Segment(set_cell_size(text, width), self._style(at))], width)

    def _style(self, at: int) -> Style:
        look = self._look(self.shown[at])
        if at == self.cursor:
            return self.get_component_rich_style("rows--cursor") if self.has_focus else look + Style(bold=True)
        return look

    def _look(self, row: Row) -> Style:
        return self.get_component_rich_style(f"rows--{row.look}") if row.look else self.rich_style

    def _mark(self, at: int) -> str:
        """Whether the bar is there, and whether it is marked."""
        return ("▶" if at == self.cursor else " ") + ("•" if self.shown[at].id in self.marked else " ")

    def _line(self, row: Row, width: int) -> str:
        columns = [
            (column, cell) for column, cell in zip(self._columns, row.cells, strict=False) if width >= column.least
        ]
        left = width - sum(column.width + 1 for column, _ in columns)
        shares = sum(column.share for column, _ in columns)
        parts = []
        for column, cell in columns:
            size = max(0, column.width + (left * column.share // shares if shares else 0))
            parts.append(_fit(cell, size, column.is_right))
        return " ".join(parts)


def _fit(text: str, width: int, is_right: bool) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    space = " " * (width - cell_len(text))
    return space + text if is_right else text + space
