"""Starting the screen and ending it, whichever way it ends, with a clean terminal and one plain sentence at most."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from edgepos import loading
from edgepos.tui import terminal_modes

if TYPE_CHECKING:
    from edgepos.client.aio import Away, Event
    from edgepos.tui.view import ClinicView

USAGE = 2
ASKED_S = 0.002
"""Enough for a question to leave the process."""
FIRST_S = 0.3
"""So long the agent is waited for before anything is drawn; one that starts takes longer."""


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
    loading.begin()
    return asyncio.run(_show(socket_path, is_kiosk=is_kiosk))


async def _show(socket_path: str, *, is_kiosk: bool) -> int:
    """What the agent says first decides what is made first: it is asked before the rest is loaded."""
    from edgepos.client.aio import AsyncAgent

    agent = AsyncAgent(socket_path)
    news = agent.follow()
    first = asyncio.create_task(_first_of(news))
    await asyncio.wait({first}, timeout=ASKED_S)
    from edgepos.tui.app import EdgeposApp

    try:
        view = await asyncio.wait_for(first, FIRST_S)
    except TimeoutError:
        view = None
    before = terminal_modes.saved()
    terminal_modes.write(terminal_modes.AT_START)
    app = EdgeposApp(agent, is_kiosk=is_kiosk, news=news if view else None, view=view)
    try:
        await app.run_async(mouse=terminal_modes.wants_mouse())
    finally:
        terminal_modes.put_back(before)
    if app.last_words:
        terminal_modes.write(app.last_words + "\n")
    return app.return_code or 0


async def _first_of(news: AsyncGenerator[Event | Away]) -> ClinicView:
    """The first picture."""
    from edgepos.tui.view import ClinicView

    view = ClinicView()
    while view.status is None and view.away is None:
        view = view.told(await anext(news))
    return view
