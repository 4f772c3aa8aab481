"""Widgets that draw themselves line by line, and send only what looks another: over SSH a key is to stay small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    Drawn = Widget
else:
    Drawn = object  # Textual takes a widget's style from its first base that is one


class Sparing(Drawn):
    """Before a widget among the bases: it says what each of its lines is in `line_now`. Refresh it as often as you like.

    It relies on one private name of Textual's, the cache of styles, which has to be empty before the lines are compared;
    tests hold that.
    """

    _drawn: Sequence[Strip] = ()
    """The lines as they were sent last, or are sent next; none when they have to be made anew."""
    _ground: Style | None = None

    def line_now(self, y: int) -> Strip:
        raise NotImplementedError

    @property
    def rich_style(self) -> Style:
        """Worked out once for all lines: Textual asks all ancestors each time."""
        return self._ground or super().rich_style

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        if regions or layout or recompose or not self.is_mounted:
            self._drawn = ()
        elif repaint:
            self._rich_style_cache.clear()
            before, self._drawn = self._drawn, self._lines_now()
            if len(before) == len(self._drawn) > 0:
                regions = tuple(others(before, self._drawn))
                repaint = bool(regions)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        if len(self._drawn) != self.size.height:
            self._drawn = self._lines_now()
        return self._drawn[y] if y < len(self._drawn) else Strip.blank(self.size.width, self.rich_style)

    def _lines_now(self) -> Sequence[Strip]:
        self._ground = self.rich_style
        try:
            return [self.line_now(y) for y in range(self.size.height)]
        finally:
            self._ground = None


def others(before: Sequence[Strip], after: Sequence[Strip]) -> Iterator[Region]:
    """Of each line that is another what is, from its first cell to its last."""
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        if span := other(old, new):
            yield Region(span[0], y, span[1] - span[0], 1)


def other(old: Strip, new: Strip) -> tuple[int, int] | None:
    """From which cell on, and before which, *new* is another than *old*; None where they look the same."""
    if old == new:
        return None
    if old.cell_length != new.cell_length:
        return 0, max(old.cell_length, new.cell_length)
    left = _same(old, new, 1)
    right = _same(reversed(list(old)), reversed(list(new)), -1)
    return (left, new.cell_length - right) if left + right < new.cell_length else None


def _same(one: Iterable[Segment], two: Iterable[Segment], step: int) -> int:
    """The cells from the beginning on that look the same, or with *step* -1 those from the end on."""
    cells = 0
    for mine, theirs in zip(one, two, strict=False):
        if mine != theirs:
            return cells + (_begins(mine.text[::step], theirs.text[::step]) if mine.style == theirs.style else 0)
        cells += mine.cell_length
    return cells


def _begins(one: str, two: str) -> int:
    """The cells with which both begin."""
    at = 0
    while at < min(len(one), len(two)) and one[at] == two[at]:
        at += 1
    return cell_len(one[:at])
