"""Starting the screen and ending it, whichever way it ends, with a clean terminal and one plain sentence at most."""

from __future__ import annotations

import os

from edgepos.tui import terminal_modes

USAGE = 2


def start(socket_path: str, *, is_kiosk: bool) -> int:
    """The screen until it is left; its exit status."""
    if not terminal_modes.is_utf8():
        terminal_modes.write(
            "edgepos: This terminal's language setting has no UTF-8, so the screen cannot be drawn. Use: LANG=C.UTF-8 edgepos\n"
        )
        return USAGE
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if terminal_modes.is_console():
        os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"  # the kernel's console would print the rest of that wish
    from edgepos.client.aio import AsyncAgent
    from edgepos.tui.app import EdgeposApp

    before = terminal_modes.saved()
    terminal_modes.write(terminal_modes.AT_START)
    app = EdgeposApp(AsyncAgent(socket_path), is_kiosk=is_kiosk)
    try:
        app.run(mouse=terminal_modes.wants_mouse())
    finally:
        terminal_modes.put_back(before)
    if app.last_words:
        terminal_modes.write(app.last_words + "\n")
    return app.return_code or 0
