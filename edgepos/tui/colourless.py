"""What NO_COLOR asks for: not one colour, and nothing lost by it. A ground of its own becomes the terminal's reversed.

Textual's own way would turn the console's sixteen colours into black on black.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as Ground
from textual.filter import LineFilter

DEFAULT = Style(color=Color.default(), bgcolor=Color.default())


class Colourless(LineFilter):
    """For the theme of the 16 colours, whose ground is black: what stands on any other is reversed."""

    def apply(self, segments: list[Segment], background: Ground) -> list[Segment]:
        return [Segment(text, _plain(style) if style else style, control) for text, style, control in segments]


@lru_cache(maxsize=256)
def _plain(style: Style) -> Style:
    ground = style.bgcolor
    is_own = ground is not None and not ground.is_default and ground.number != 0
    return style + DEFAULT + Style(reverse=is_own or bool(style.reverse))
