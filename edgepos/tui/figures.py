"""Amounts and states in letters five lines high, to be read from across the room. Full blocks only: every font has them.

What does not fit is written small, and a letter that is not drawn makes the whole text small: nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Region, Size
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
        """Another text. Only what is another of it is sent: over a slow line a digit stays small."""
        if text == self.text:
            return
        before, self.text = self._lines, text
        self.refresh(*_others(before, self._lines))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return ROWS

    @property
    def _lines(self) -> list[str]:
        """Each line of it, as wide as it is."""
        width, height = self.size
        lines = drawn(self.text, width, height) or [self.text]
        above = (height - len(lines)) // 2
        placed = {above + at: line for at, line in enumerate(lines)}
        return [self._placed(placed.get(y, ""), width) for y in range(height)]

    def _placed(self, line: str, width: int) -> str:
        space = " " * (max(0, width - cell_len(line)) // 2 if self._centred else 0)
        return set_cell_size(space + line, width)

    def render_line(self, y: int) -> Strip:
        lines = self._lines
        return Strip([Segment(lines[y] if y < len(lines) else "", self.rich_style)]).adjust_cell_length(
            self.size.width, self.rich_style
        )


def _others(before: list[str], after: list[str]) -> list[Region]:
    """Of each line what is another, from the first column to the last; nothing where all of it has to be drawn."""
    if len(before) != len(after):
        return []
    regions = []
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        columns = [x for x, (one, other) in enumerate(zip(old, new, strict=False)) if one != other]
        if len(old) != len(new):
            return []
        if columns:
            regions.append(Region(columns[0], y, columns[-1] + 1 - columns[0], 1))
    return regions
