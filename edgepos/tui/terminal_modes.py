"""The terminal under the screen: what its modes must be before and after, and whether it is still there.

Whatever ended the last program, and however this one ends, the person gets back a terminal that prints letters: mouse
reports, paste marks and the second screen are switched off, and the cursor is seen.
"""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Mapping
from typing import Any

REPORTS_OFF = "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1005, 1006, 1015, 1016, 1004, 2004, 2026, 2048))
"""Mouse in all its forms, focus, paste marks, held drawing, resize reports."""
SANE = "\x1b[?7h\x1b[0m"
AT_START = REPORTS_OFF + SANE
AT_END = REPORTS_OFF + "\x1b[?1049l" + SANE + "\x1b[?25h"


def is_console(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is the kernel's own console: 16 colours, a small font, no mouse reports."""
    return environ.get("TERM", "") == "linux"


def wants_mouse(environ: Mapping[str, str] = os.environ) -> bool:
    """Over SSH a cut line would leave mouse reports switched on; the console has none to switch."""
    return not (is_console(environ) or environ.get("SSH_CONNECTION"))


def is_utf8() -> bool:
    """Whether frames and letters arrive as they are; else each would be written as `\\u2500`."""
    stream = sys.__stderr__  # what the driver writes to
    return stream is not None and (stream.encoding or "").replace("-", "").casefold() == "utf8"


def is_there() -> bool:
    """Whether the terminal still is. Its end is told by SIGHUP; whoever ignores that would burn a processor for ever."""
    try:
        termios.tcgetattr(0)
    except (termios.error, OSError):
        return False
    return True


def saved() -> list[Any] | None:
    """The line's settings, to be put back."""
    try:
        return termios.tcgetattr(0)
    except (termios.error, OSError):
        return None


def put_back(settings: list[Any] | None) -> None:
    """The line as it was, and every mode off. Never raises: the terminal may be gone."""
    write(AT_END)
    if settings is not None:
        try:
            termios.tcsetattr(0, termios.TCSADRAIN, settings)
        except (termios.error, OSError):
            return


def write(text: str) -> None:
    """To where the screen is drawn."""
    stream = sys.__stderr__
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        return
