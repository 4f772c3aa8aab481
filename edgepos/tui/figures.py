"""Amounts and states in letters five lines high, to be read from across the room. Full blocks only: every font has them.

What does not fit is written small, and a letter that is not drawn makes the whole text small: nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from edgepos.tui.sparing import Sparing

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


def drawn(text: str, width: int, height: int = ROWS, beside: str = "") -> list[str] | None:
    """The lines of *text*, as large as *width* cells and *height* lines allow, and no larger than *beside* would be; None
    where they do not fit, or a sign is not drawn."""
    lines, other = _dots(text), _dots(beside) or _dots(text)
    if lines is None or other is None:
        return None
    columns = max(len(lines[0]), len(other[0]))
    for across, down in SCALES:
        if columns * across <= width and ROWS * down <= height:
            wide = [line.replace("#", "█" * across).replace(" ", " " * across) for line in lines]
            return [line for line in wide for _ in range(down)]
    return None


def _dots(text: str) -> list[str] | None:
    """Each line of it, a sign for a dot."""
    signs = [FONT.get(sign) for sign in text.replace("\xa0", " ").replace("\u202f", " ")]
    if not signs or None in signs:
        return None
    return [" ".join(sign[row] for sign in signs if sign) for row in range(ROWS)]


class Figures(Sparing, Widget):
    """One text, large. *centred* in its width, or from the left."""

    def __init__(self, *, id: str | None = None, centred: bool = False) -> None:
        super().__init__(id=id)
        self._centred = centred
        self._beside = ""
        self.text = ""

    def update(self, text: str, beside: str = "") -> None:
        """Another text, no larger than *beside* would be: while an amount is typed, its letters stay as they are."""
        if (text, beside) == (self.text, self._beside):
            return
        self.text, self._beside = text, beside
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return ROWS

    @property
    def _lines(self) -> list[str]:
        """Each line of it, as wide as it is."""
        width, height = self.size
        lines = drawn(self.text, width, height, self._beside) or [self.text]
        above = (height - len(lines)) // 2
        placed = {above + at: line for at, line in enumerate(lines)}
        return [self._placed(placed.get(y, ""), width) for y in range(height)]

    def _placed(self, line: str, width: int) -> str:
        space = " " * (max(0, width - cell_len(line)) // 2 if self._centred else 0)
        return set_cell_size(space + line, width)

    def line_now(self, y: int) -> Strip:
        lines = self._lines
        return Strip([Segment(lines[y] if y < len(lines) else "", self.rich_style)]).adjust_cell_length(
            self.size.width, self.rich_style
        )
