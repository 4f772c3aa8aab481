"""What goes over the line: the same picture in fewer bytes.

Textual ends each stretch of a colour with a reset, and begins the next with all of its looks, though most often it has
the same ones. Over SSH that is a third of all that is sent.
"""

from __future__ import annotations

import re

PIECES = re.compile(r"\x1b\[([\d;]*)m|(\x1b\[\d+;\d+H|[\r\n]+)|(\x1b?[^\x1b]+|\x1b)")
"""A look, a move of the cursor, which no look hangs on, and all else."""


def spare(frame: str) -> str:
    """*frame* without the looks that the terminal has anyway. It begins and ends without any."""
    sent: list[str] = []
    has = wants = ""
    for look, move, other in PIECES.findall(frame):
        if move:
            sent.append(move)
        elif not other:
            wants = "" if look in ("", "0") else f"{wants};{look}" if wants else look
        else:
            if wants != has:
                sent.append(f"\x1b[0;{wants}m" if has and wants else f"\x1b[{wants}m")
                has = wants
            sent.append(other)
    return "".join(sent) + ("\x1b[m" if has else "")
