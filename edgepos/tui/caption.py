"""A text on the screen. It costs something only when it says something else, and a layout only when its size is another.

Places are drawn anew with every event of the stream; almost always almost all of it stands there already.
"""

from __future__ import annotations

from textual.visual import VisualType
from textual.widgets import Static


class Caption(Static):
    """Shows what it is given as it is: no sign in it is markup."""

    def __init__(self, content: VisualType = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(content, id=id, classes=classes, markup=False)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
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
