"""What a screen shows as a picture: an SVG that needs no font from anywhere, and the PNG made of it.

Every row is drawn cell by cell: grounds and full blocks as rectangles, lines of frames as paths, everything else as text
that is as wide as its cells, whichever monospaced font the reader has.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

FONT = "'DejaVu Sans Mono','Menlo','Consolas',monospace"
WIDE, HIGH, SIZE, BASE = 8, 16, 13.28, 12.4
"""A cell in whole pixels, so that no seam shows; its font's size, by the measures of DejaVu Sans Mono; the base line."""
MARGIN = 8
CONSOLE = (
    "#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa",
    "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff",
)  # fmt: skip
"""The kernel console's own sixteen."""
INK, GROUND = CONSOLE[7], CONSOLE[0]
BLOCK = "█"
ARMS: Mapping[str, str] = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ur", "┘": "ul", "├": "urd", "┤": "uld", "┬": "lrd", "┴": "ulr",
    "┼": "ulrd", "━": "lr", "┃": "ud", "┏": "rd", "┓": "ld", "┗": "ur", "┛": "ul",
}  # fmt: skip
"""Where each line sign reaches: left, right, up, down."""
HEAVY = frozenset("━┃┏┓┗┛")
SIGNS = BLOCK + "".join(ARMS)
PIECES = re.compile(rf"{BLOCK}+|[─━]+|[{SIGNS}]|[^ {SIGNS}](?: ?[^ {SIGNS}])*")
"""Blocks, stretches of a line, single line signs, and text up to where two spaces follow."""


class Run(NamedTuple):
    """Neighbouring cells of one look."""

    x: int
    text: str
    ink: str
    ground: str
    is_bold: bool


def svg(strips: Sequence[Strip], title: str) -> str:
    """The picture of what *strips* show."""
    width = max(strip.cell_length for strip in strips)
    across, down = width * WIDE + 2 * MARGIN, len(strips) * HIGH + 2 * MARGIN
    rows = [list(_runs(strip)) for strip in strips]
    frame = rows[-1][0].ground
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>text{{font:{SIZE:g}px {FONT};white-space:pre}}.b{{font-weight:bold}}rect{{shape-rendering:crispEdges}}</style>",
        f'<rect width="100%" height="100%" fill="{frame}"/>',
    ]
    for y, runs in enumerate(rows):
        parts += _grounds(y, runs)
    for y, runs in enumerate(rows):
        for run in runs:
            parts += _letters(y, run)
    return "\n".join([*parts, "</svg>\n"])


def png(picture: str, zoom: float) -> bytes:
    """*picture* in pixels, with as few colours as a screen has. Raises ImportError or OSError where cairo is missing."""
    import cairosvg
    from PIL import Image

    drawn = Image.open(io.BytesIO(cairosvg.svg2png(bytestring=picture.encode(), scale=zoom))).convert("RGB")
    small = io.BytesIO()
    drawn.quantize(48, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _runs(strip: Strip) -> Iterator[Run]:
    x = 0
    for segment in Segment.simplify(strip):
        if segment.text:
            yield Run(x, segment.text.replace("\xa0", " "), *_look(segment.style or Style.null()))
        x += cell_len(segment.text)


def _look(style: Style) -> tuple[str, str, bool]:
    is_bold = bool(style.bold)
    ink, ground = _hex(style.color, INK, is_bold=is_bold), _hex(style.bgcolor, GROUND)
    return (ground, ink, is_bold) if style.reverse else (ink, ground, is_bold)


def _hex(color: Color | None, default: str, *, is_bold: bool = False) -> str:
    if color is None or color.is_default:
        return default
    if color.type is ColorType.STANDARD and color.number is not None:
        return CONSOLE[color.number + 8 if is_bold and color.number < 8 else color.number]
    return color.get_truecolor().hex


def _rect(x: int, y: int, cells: int, fill: str) -> str:
    return (
        f'<rect x="{MARGIN + x * WIDE}" y="{MARGIN + y * HIGH}" width="{cells * WIDE}" height="{HIGH}" fill="{fill}"/>'
    )


def _grounds(y: int, runs: Iterable[Run]) -> Iterator[str]:
    """The grounds of a row, one rectangle for each stretch of a colour."""
    for ground, stretch in groupby(runs, key=lambda run: run.ground):
        held = list(stretch)
        yield _rect(held[0].x, y, sum(cell_len(run.text) for run in held), ground)


def _letters(y: int, run: Run) -> Iterator[str]:
    """A run's signs: blocks and lines drawn, words as text."""
    for piece in PIECES.finditer(run.text):
        text, x = piece.group(), run.x + cell_len(run.text[: piece.start()])
        if text[0] == BLOCK:
            yield _rect(x, y, len(text), run.ink)
        elif text[0] in ARMS:
            yield _line(x, y, text, run.ink)
        else:
            yield _text(x, y, text, run)


def _text(x: int, y: int, text: str, run: Run) -> str:
    look = ' class="b"' if run.is_bold else ""
    return (
        f'<text x="{MARGIN + x * WIDE}" y="{MARGIN + y * HIGH + BASE:g}" textLength="{cell_len(text) * WIDE}" '
        f'fill="{run.ink}"{look}>{escape(text)}</text>'
    )


def _line(x: int, y: int, text: str, ink: str) -> str:
    """The same line sign, once or several times in a row: a piece of a frame."""
    arms, wide = ARMS[text[0]], len(text) * WIDE
    left, top = MARGIN + x * WIDE, MARGIN + y * HIGH
    half, middle = left + WIDE // 2, top + HIGH // 2
    if arms == "lr":
        path = f"M{left} {middle}h{wide}"
    else:
        ends = {"l": f"H{left}", "r": f"H{left + WIDE}", "u": f"V{top}", "d": f"V{top + HIGH}"}
        path = "".join(f"M{half} {middle}{ends[arm]}" for arm in arms)
    return f'<path d="{path}" stroke="{ink}" stroke-width="{3 if text[0] in HEAVY else 1}" fill="none"/>'
