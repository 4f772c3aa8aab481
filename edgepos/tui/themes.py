"""The colours: light and dark for screens with 24 bits, and one of the 16 ANSI colours for a console and NO_COLOR.

A style sheet names tokens only. PAIRS says which text stands on which ground and how much they must differ; a test
measures every one in every theme. The kernel's console draws bold as bright and has eight grounds: so there dark text is
never bold, and no pair needs a bright ground.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from textual.theme import Theme

from edgepos.tui.terminal_modes import is_console

CONSOLE = "console"

PAIRS: tuple[tuple[str, str, float], ...] = (
    ("ink", "ground", 7.0),
    ("dim", "ground", 4.5),
    ("ink", "raised", 7.0),
    ("dim", "raised", 4.5),
    ("key", "ground", 4.5),
    ("cursor-ink", "cursor", 7.0),
    ("bar-ink", "bar", 4.5),
    ("training-ink", "training", 4.5),
    ("good-word", "ground", 7.0),
    ("bad-word", "ground", 7.0),
    ("warn-word", "ground", 7.0),
    ("live-ink", "live", 7.0),
    ("good-ink", "good", 7.0),
    ("bad-ink", "bad", 7.0),
    ("warn-ink", "warn", 7.0),
    ("calm-ink", "calm", 7.0),
)
"""Text, ground, least contrast: 7 for amounts and states, 4.5 for the rest."""

LIGHT = {
    "ground": "#f4f7f9", "raised": "#e6ecf0", "ink": "#10202c", "dim": "#47586a", "line": "#7b8d9c", "key": "#0a4a73",
    "cursor": "#0a3d5c", "cursor-ink": "#ffffff", "bar": "#0a3d5c", "bar-ink": "#ffffff",
    "training": "#ffb300", "training-ink": "#1d1300",
    "good-word": "#0a5229", "bad-word": "#8e1418", "warn-word": "#6a3f00",
    "live": "#0a3d5c", "live-ink": "#ffffff", "good": "#0b5a2e", "good-ink": "#ffffff",
    "bad": "#94171b", "bad-ink": "#ffffff", "warn": "#ffcf33", "warn-ink": "#1d1300",
    "calm": "#3c4a56", "calm-ink": "#ffffff",
}  # fmt: skip
DARK = {
    "ground": "#0e161d", "raised": "#1a2630", "ink": "#eef3f6", "dim": "#a9b8c4", "line": "#566878", "key": "#8fd0ff",
    "cursor": "#bfe3ff", "cursor-ink": "#04121c", "bar": "#1f3a4d", "bar-ink": "#ffffff",
    "training": "#ffb300", "training-ink": "#1d1300",
    "good-word": "#6fe09a", "bad-word": "#ff9d98", "warn-word": "#ffd25e",
    "live": "#bfe3ff", "live-ink": "#04121c", "good": "#58d68a", "good-ink": "#03150a",
    "bad": "#a3191e", "bad-ink": "#ffffff", "warn": "#ffcf33", "warn-ink": "#1d1300",
    "calm": "#c4d0d9", "calm-ink": "#0e161d",
}  # fmt: skip
SIXTEEN = {
    "ground": "ansi_black", "raised": "ansi_black", "ink": "ansi_bright_white", "dim": "ansi_white",
    "line": "ansi_white", "key": "ansi_bright_cyan",
    "cursor": "ansi_white", "cursor-ink": "ansi_black", "bar": "ansi_blue", "bar-ink": "ansi_bright_white",
    "training": "ansi_black", "training-ink": "ansi_bright_yellow",
    "good-word": "ansi_bright_green", "bad-word": "ansi_bright_yellow", "warn-word": "ansi_bright_yellow",
    "live": "ansi_white", "live-ink": "ansi_black", "good": "ansi_black", "good-ink": "ansi_bright_green",
    "bad": "ansi_red", "bad-ink": "ansi_bright_white", "warn": "ansi_black", "warn-ink": "ansi_bright_yellow",
    "calm": "ansi_white", "calm-ink": "ansi_black",
}  # fmt: skip


def _theme(name: str, tokens: Mapping[str, str], *, dark: bool, ansi: bool = False) -> Theme:
    """A theme of *tokens*; Textual's own names are given the nearest of ours."""
    return Theme(
        name=name,
        primary=tokens["bar"],
        secondary=tokens["key"],
        accent=tokens["key"],
        warning=tokens["warn"],
        error=tokens["bad"],
        success=tokens["good"],
        foreground=tokens["ink"],
        background=tokens["ground"],
        surface=tokens["ground"],
        panel=tokens["raised"],
        boost=tokens["raised"],
        dark=dark,
        ansi=ansi,
        variables={
            **tokens,
            "ansi-background": tokens["ground"],  # a theme of the 16 colours has to say it itself
            "scrollbar": tokens["line"],
            "scrollbar-hover": tokens["line"],
            "scrollbar-active": tokens["key"],
            "scrollbar-background": tokens["ground"],
            "scrollbar-background-hover": tokens["ground"],
            "scrollbar-background-active": tokens["ground"],
            "scrollbar-corner-color": tokens["ground"],
            "border": tokens["key"],
            "border-blurred": tokens["line"],
            "input-cursor-background": tokens["cursor"],
            "input-cursor-foreground": tokens["cursor-ink"],
            "input-cursor-text-style": "none",
            "input-selection-background": tokens["cursor"],
            "input-selection-foreground": tokens["cursor-ink"],
            "screen-selection-background": tokens["cursor"],
            "screen-selection-foreground": tokens["cursor-ink"],
        },
    )


TOKENS: Mapping[str, Mapping[str, str]] = {"light": LIGHT, "dark": DARK, CONSOLE: SIXTEEN}
THEMES = (
    _theme("light", LIGHT, dark=False),
    _theme("dark", DARK, dark=True),
    _theme(CONSOLE, SIXTEEN, dark=True, ansi=True),
)


def theme_for(setting: object, environ: Mapping[str, str] = os.environ) -> str:
    """The theme to use: the terminal's limits go before the clinic's *setting*; an unknown one is `light`."""
    if is_console(environ) or environ.get("NO_COLOR"):
        return CONSOLE
    return str(setting) if setting in TOKENS else "light"
