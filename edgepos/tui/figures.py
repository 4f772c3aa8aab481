"""Amounts and states in letters five lines high, to be read from across the room. Full blocks only: every font has them.

What does not fit is written small, and a letter that is not drawn makes the whole text small: nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

ROWS = 5
SCALES = ((4, 2), (2, 2), (2, 1), (1, 1))
"""How many cells and lines a dot of a letter takes, the largest first."""
FONT: Mapping[str, tuple[str, str, str, str, str]] = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ",": ("  ", "  ", "  ", " #", "# "),
    ".": (" ", " ", " ", " ", "#"),
    "-": ("   ", "   ", "###", "   ", "   "),
    " ": ("  ", "  ", "  ", "  ", "  "),
    "A": (" ## ", "#  #", "####", "#  #", "#  #"),
    "B": ("### ", "#  #", "### ", "#  #", "### "),
    "C": (" ###", "#   ", "#   ", "#   ", " ###"),
    "D": ("### ", "#  #", "#  #", "#  #", "### "),
    "E": ("####", "#   ", "### ", "#   ", "####"),
    "F": ("####", "#   ", "### ", "#   ", "#   "),
    "G": (" ###", "#   ", "# ##", "#  #", " ###"),
    "H": ("#  #", "#  #", "####", "#  #", "#  #"),
    "I": ("#", "#", "#", "#", "#"),
    "J": ("  ##", "   #", "   #", "#  #", " ## "),
    "K": ("#  #", "# # ", "##  ", "# # ", "#  #"),
    "L": ("#   ", "#   ", "#   ", "#   ", "####"),
    "M": ("#   #", "## ##", "# # #", "#   #", "#   #"),
    "N": ("#   #", "##  #", "# # #", "#  ##", "#   #"),
    "O": (" ## ", "#  #", "#  #", "#  #", " ## "),
    "P": ("### ", "#  #", "### ", "#   ", "#   "),
    "Q": (" ## ", "#  #", "#  #", "# # ", " # #"),
    "R": ("### ", "#  #", "### ", "# # ", "#  #"),
    "S": (" ###", "#   ", " ## ", "   #", "### "),
    "T": ("#####", "  #  ", "  #  ", "  #  ", "  #  "),
    "U": ("#  #", "#  #", "#  #", "#  #", " ## "),
    "V": ("#   #", "#   #", "#   #", " # # ", "  #  "),
    "W": ("#   #", "#   #", "# # #", "## ##", "#   #"),
    "X": ("#   #", " # # ", "  #  ", " # # ", "#   #"),
    "Y": ("#   #", " # # ", "  #  ", "  #  ", "  #  "),
    "Z": ("####", "   #", " ## ", "#   ", "####"),
    "Å": (" ## ", "    ", " ## ", "####", "#  #"),
    "Ä": ("#  #", " ## ", "#  #", "####", "#  #"),
    "Ö": ("#  #", " ## ", "#  #", "#  #", " ## "),
    "Ø": (" ###", "#  #", "# ##", "## #", "### "),
    "Æ": (" ####", "# #  ", "#####", "# #  ", "# ###"),
}


def drawn(text: str, width: int, height: int = ROWS) -> list[str] | None:
    """The lines of *text*, as large as *width* cells and *height* lines allow; None where they do not fit, or a sign is
    not drawn."""
    signs = [FONT.get(sign) for sign in text.replace("\xa0", " ").replace("\u202f", " ")]
    if not signs or None in signs:
        return None
    lines = [" ".join(sign[row] for sign in signs if sign) for row in range(ROWS)]
    for across, down in SCALES:
        if len(lines[0]) * across <= width and ROWS * down <= height:
            wide = [line.replace("#", "█" * across).replace(" ", " " * across) for line in lines]
            return [line for line in wide for _ in range(down)]
    return None


class Figures(Widget):
    """One text, large. *centred* in its width, or from the left."""

    def __init__(self, *, id: str | None = None, centred: bool = False) -> None:
        super().__init__(id=id)
        self._centred = centred
        self.text = ""

    def update(self, text: str) -> None:
        if text != self.text:
            self.text = text
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return ROWS

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        lines = drawn(self.text, width, height) or [self.text]
        at = y - (height - len(lines)) // 2
        if not 0 <= at < len(lines):
            return Strip.blank(width, self.rich_style)
        before = max(0, width - cell_len(lines[at])) // 2 if self._centred else 0
        return Strip([Segment(" " * before + lines[at], self.rich_style)]).adjust_cell_length(width, self.rich_style)
