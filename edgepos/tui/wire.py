"""What goes over the line: the same picture in fewer bytes.

Textual ends each stretch of a colour with a reset, and begins the next with all of its looks, though most often it has
the same ones. It sends blanks one by one, which are half of a picture. It sends each piece of a line from its beginning
on, and says before each where it stands. Over SSH that is two thirds of all that is sent.
"""

from __future__ import annotations

import curses
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.strip import Strip

from edgepos.tui.sparing import other

PIECES = re.compile(r"\x1b\[([\d;]*)m|(\x1b\[\d+;\d+H|[\r\n]+)|(\x1b?[^\x1b\r\n]+|\x1b)")
"""A look, a move of the cursor, which no look hangs on, and all else."""
PARAMETERS = re.compile(r"[34]8;(?:5;\d+|2;\d+;\d+;\d+)|\d+")
INK, GROUND = re.compile(r"[39][0-79]|38;.*"), re.compile(r"(?:4|10)[0-79]|48;.*")
LONG_BLANKS, BLANKS_AT_END = re.compile(" {11,}"), re.compile(" {5,}$")
"""Those that are shorter said than sent: in the middle they are also to be stepped over."""
SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})
"""A line under, through or over, and ink and ground exchanged."""


class Look(NamedTuple):
    """What stands there looks like, in SGR parameters: *marks* such as bold, and two colours."""

    marks: tuple[str, ...] = ()
    ink: str = "39"
    ground: str = "49"


PLAIN = Look()


@lru_cache(maxsize=1024)
def look_of(parameters: str) -> Look:
    """What *parameters* make of a terminal that had no look."""
    marks, ink, ground = PLAIN
    for one in PARAMETERS.findall(parameters):
        if INK.fullmatch(one):
            ink = one
        elif GROUND.fullmatch(one):
            ground = one
        else:
            marks = (*marks, one)
    return Look(marks, ink, ground)


@lru_cache(maxsize=4096)
def turn(has: Look, wants: Look) -> str:
    """What makes a terminal that *has* one look have another."""
    if wants == PLAIN != has:
        return "\x1b[m"
    since = has
    parts: list[str] = []
    if has.marks != wants.marks:
        since = PLAIN
        parts = [*(("0",) if has != PLAIN else ()), *wants.marks]
    parts += [colour for colour, had in zip(wants[1:], since[1:], strict=True) if colour != had]
    return f"\x1b[{';'.join(parts)}m" if parts else ""


@lru_cache(maxsize=1024)
def is_seen_on_blanks(look: Look) -> bool:
    """Whether blanks show more of it than its ground."""
    return not SEEN_ON_BLANKS.isdisjoint(look.marks)


def wipes(fd: int) -> bool:
    """Whether the terminal at *fd*, by `TERM`, wipes cells on request, and in the ground that is set."""
    try:
        curses.setupterm(fd=fd)
    except curses.error:
        return False
    return curses.tigetstr("ech") == b"\x1b[%p1%dX" and curses.tigetflag("bce") > 0


def spare(frame: str, *, may_wipe: bool = False) -> str:
    """*frame* without the looks that the terminal has anyway, and many blanks as one wipe. It begins and ends without any
    look."""
    sent: list[str] = []
    run = ""
    has = wants = PLAIN
    asked = ""

    def write(*, moves: bool = False) -> None:
        nonlocal run
        if may_wipe and not is_seen_on_blanks(has):
            if moves:
                run = BLANKS_AT_END.sub(lambda blanks: f"\x1b[{len(blanks[0])}X", run)
            run = LONG_BLANKS.sub(lambda blanks: "\x1b[{0}X\x1b[{0}C".format(len(blanks[0])), run)
        sent.append(run)
        run = ""

    for parameters, move, text in PIECES.findall(frame):
        if move:
            write(moves=True)
            sent.append(move)
        elif not text:
            asked = "" if parameters in ("", "0") else f"{asked};{parameters}" if asked else parameters
            wants = look_of(asked)
        else:
            look = wants
            if not text.strip(" ") and not (is_seen_on_blanks(has) or is_seen_on_blanks(wants)):
                look = has._replace(ground=wants.ground)
            if look != has:
                write()
                sent.append(turn(has, look))
                has = look
            run += text
    write()
    return "".join(sent) + turn(has, PLAIN)


class Shown:
    """What stands on the terminal, line by line, as far as it is known: only what is another is sent."""

    def __init__(self) -> None:
        self._lines: dict[int, Sequence[Segment]] = {}
        """As segments: each strip keeps what was cut out of it, and these would live long."""
        self._drawn_by: Picture | None = None

    def forget(self) -> None:
        """Something else may have been written there: the next picture is sent whole."""
        self._lines.clear()

    def turn_to(self, picture: Picture) -> None:
        """*picture* is drawn now. Another place is sent whole, which wipes away what a kernel said on its console."""
        if picture is not self._drawn_by:
            self.forget()
        self._drawn_by = picture

    def put_line(self, y: int, line: Strip, console: Console) -> str:
        """What makes *line* stand there."""
        sent = self.put(y, 0, line, console)
        self._lines[y] = list(line)
        return sent

    def put(self, y: int, x: int, piece: Strip, console: Console) -> str:
        """What makes *piece* stand there, from cell *x* on."""
        if y not in self._lines:
            return _sent(piece, x, y, console)
        line, end = Strip(self._lines[y]), x + piece.cell_length
        span = other(line.crop(x, end), piece)
        if span is None:
            return ""
        self._lines[y] = list(Strip.join([line.crop(0, x), piece, line.crop(end)]).simplify())
        return _sent(piece.crop(*span), x + span[0], y, console)


def _sent(strip: Strip, x: int, y: int, console: Console) -> str:
    return str(Control.move_to(x, y)) + strip.render(console)


class Picture(Compositor):
    """Textual's own, but that only what is not *shown* already is sent."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self.shown = shown

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        whole = super().render_full_update(simplify)
        return Whole(self, whole.strips, whole.region)

    def render_partial_update(self) -> ChopsUpdate | None:
        part = super().render_partial_update()
        return None if part is None else Spans(self, part.chops, part.spans, part.chop_ends)


class Drawing:
    """Before one of Textual's updates among the bases: it knows whose picture it draws."""

    def __init__(self, picture: Picture, *of_textual: Any) -> None:
        super().__init__(*of_textual)
        self._picture = picture

    def _begin(self) -> Shown:
        """What stands on the terminal, for this picture to be drawn on."""
        shown = self._picture.shown
        shown.turn_to(self._picture)
        return shown


class Whole(Drawing, LayoutUpdate):
    def render_segments(self, console: Console) -> str:
        shown = self._begin()
        return "".join(shown.put_line(y, Strip.join(pieces), console) for y, pieces in enumerate(self.strips))


class Spans(Drawing, ChopsUpdate):
    """The cells of each span. It lies in one line, and goes over whole pieces and parts of them, all of them drawn."""

    def render_segments(self, console: Console) -> str:
        shown = self._begin()
        sent: list[str] = []
        for y, left, right in self.spans:
            pieces = [
                (x, strip)
                for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=True)
                if strip is not None and x < right and end > left
            ]
            if not pieces:
                continue  # beyond the edge
            begin = pieces[0][0]
            together = Strip.join([strip for _, strip in pieces]).crop(left - begin, right - begin)
            sent.append(shown.put(y, left, together, console))
        return "".join(sent)
