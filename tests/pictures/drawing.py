"""What a screen shows as a picture: an SVG that needs no font from anywhere, and the PNG made of it.

Every row is drawn cell by cell: grounds and full blocks as rectangles, lines of frames as paths, everything else as text
that is as wide as its cells, whichever monospaced font the reader has.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

FONT = "'DejaVu Sans Mono','Menlo','Consolas',monospace"
WIDE, HIGH, SIZE, BASE = 8.43, 17.0, 14.0, 13.2
"""A cell, its font's size, and where its letters stand: the measures of DejaVu Sans Mono, so that frames close."""
MARGIN = 8.0
CONSOLE = (
    "#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa",
    "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff",
)  # fmt: skip
"""The kernel console's own sixteen."""
INK, GROUND = CONSOLE[7], CONSOLE[0]
ARMS: Mapping[str, str] = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ur", "┘": "ul", "├": "urd", "┤": "uld", "┬": "lrd", "┴": "ulr",
    "┼": "ulrd",
}  # fmt: skip
HEAVY: Mapping[str, str] = {"━": "lr", "┃": "ud", "┏": "rd", "┓": "ld", "┗": "ur", "┛": "ul"}


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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:.1f} {down:.1f}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>text{{font:{SIZE:g}px {FONT};white-space:pre}}.b{{font-weight:bold}}</style>",
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


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}"/>'


def _grounds(y: int, runs: Iterable[Run]) -> Iterator[str]:
    """The grounds of a row, one rectangle for each stretch of a colour; a hair taller, so that no seam shows."""
    stretches: list[tuple[int, int, str]] = []
    for run in runs:
        wide = cell_len(run.text)
        if stretches and stretches[-1][2] == run.ground:
            stretches[-1] = (stretches[-1][0], stretches[-1][1] + wide, run.ground)
        else:
            stretches.append((run.x, wide, run.ground))
    for x, wide, ground in stretches:
        yield _rect(MARGIN + x * WIDE, MARGIN + y * HIGH, wide * WIDE + 0.3, HIGH + 0.3, ground)


def _letters(y: int, run: Run) -> Iterator[str]:
    """A run's signs: blocks and lines drawn, words as text. Spaces of two and more end a piece of text."""
    top = MARGIN + y * HIGH
    at, piece, began = run.x, "", run.x
    for sign in [*run.text, ""]:
        is_drawn = sign in ARMS or sign in HEAVY or sign == "█"
        ends = not sign or is_drawn or (sign == " " and piece.endswith(" "))
        if ends and piece.strip():
            yield _text(began, top, piece.rstrip(), run)
        if ends:
            piece = ""
        if sign == "█":
            yield _rect(MARGIN + at * WIDE, top, WIDE + 0.3, HIGH + 0.3, run.ink)
        elif is_drawn:
            yield _line(at, top, sign, run.ink)
        elif sign and (piece or sign != " "):
            began = at if not piece else began
            piece += sign
        at += cell_len(sign)


def _text(x: int, top: float, text: str, run: Run) -> str:
    look = ' class="b"' if run.is_bold else ""
    return (
        f'<text x="{MARGIN + x * WIDE:.2f}" y="{top + BASE:.2f}" textLength="{cell_len(text) * WIDE:.2f}" '
        f'fill="{run.ink}"{look}>{escape(text)}</text>'
    )


def _line(x: int, top: float, sign: str, ink: str) -> str:
    left, middle, half = MARGIN + x * WIDE, top + HIGH / 2, MARGIN + x * WIDE + WIDE / 2
    ends = {"l": (left, middle), "r": (left + WIDE, middle), "u": (half, top), "d": (half, top + HIGH)}
    path = "".join(
        f"M{half:.2f} {middle:.2f}L{ends[arm][0]:.2f} {ends[arm][1]:.2f}" for arm in ARMS.get(sign) or HEAVY[sign]
    )
    thick = 2.6 if sign in HEAVY else 1.2
    return f'<path d="{path}" stroke="{ink}" stroke-width="{thick}" stroke-linecap="square"/>'
