"""A text on the screen. It costs something only when it says something else, and a layout only when its size is another.

Places are drawn anew with every event of the stream; almost always almost all of it stands there already.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.visual import VisualType
from textual.widgets import Static

NO_BREAK, HELD = "\xa0", "\u2800"
"""A space at which no line may end; Textual and rich end lines there all the same, and not at a blank that is no space."""


def held(text: str) -> str:
    """*text* for a Caption to show: what a no-break space joins, an amount above all, stays in one line."""
    return text.replace(NO_BREAK, HELD)


class Caption(Static):
    """Shows what it is given as it is: no sign in it is markup. What is no plain text has been `held` where it was made."""

    def __init__(self, content: VisualType = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(_held(content), id=id, classes=classes, markup=False)

    def render_line(self, y: int) -> Strip:
        """As the terminal gets it: the spaces are spaces again."""
        strip = super().render_line(y)
        if HELD not in strip.text:
            return strip
        spaced = (Segment(text.replace(HELD, NO_BREAK), style, control) for text, style, control in strip)
        return Strip(spaced, strip.cell_length)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        content = _held(content)
        if content == self.content:
            return
        before = self._room
        super().update(content, layout=False)
        self.clear_cached_dimensions()
        if layout and (before is None or before != self._room):
            self.refresh(layout=True)

    @property
    def _room(self) -> int | None:
        """The lines that it needs as wide as it is now; none while that is not known, or hangs on what it says."""
        if not self.styles.auto_dimensions:
            return 0
        width = self.content_size.width
        is_auto_wide = self.styles.width is not None and self.styles.width.is_auto
        return None if is_auto_wide or not width else self.get_content_height(self.size, self.size, width)


def _held(content: VisualType) -> VisualType:
    return held(content) if isinstance(content, str) else content
