"""A line to type in. What is pasted loses its line ends, and a letter that is typed sends itself and not the frame too."""

from __future__ import annotations

from typing import Self

from textual import events
from textual.geometry import Region
from textual.widgets import Input


class TextLine(Input):
    def _on_paste(self, event: events.Paste) -> None:
        event.text = " ".join(event.text.split())
        # the line itself takes the text in: Textual calls the handler of every class

    _frame: object = None
    """How what is around the text was drawn."""

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """All of it only if its frame is another."""
        frame = (self.styles.border, self.background_colors, self.outer_size)
        if frame == self._frame and repaint and not (regions or recompose):
            regions = (self.size.region,)
        self._frame = frame
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
