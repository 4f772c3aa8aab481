"""Widgets that draw themselves line by line, and send only what looks another: over SSH a key is to stay small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile, zip_longest
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
        if old == new:
            continue
        if old.cell_length != new.cell_length:
            yield Region(0, y, max(old.cell_length, new.cell_length), 1)
            continue
        left = _same(list(old), list(new))
        right = _same(_turned(old), _turned(new))
        if left + right < new.cell_length:
            yield Region(left, y, new.cell_length - right - left, 1)


def _same(one: Sequence[Segment], other: Sequence[Segment]) -> int:
    """The cells from the beginning on that look the same."""
    cells = 0
    for mine, theirs in zip_longest(one, other, fillvalue=Segment("")):
        if mine != theirs:
            return cells + (_begins(mine.text, theirs.text) if mine.style == theirs.style else 0)
        cells += mine.cell_length
    return cells


def _begins(one: str, other: str) -> int:
    """The cells with which both begin."""
    return sum(cell_len(mine) for mine, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _turned(strip: Strip) -> list[Segment]:
    return [Segment(text[::-1], style, control) for text, style, control in reversed(list(strip))]
