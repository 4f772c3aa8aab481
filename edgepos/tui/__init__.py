"""The screen: everything that staff meet, in one terminal.

It speaks with the agent through `edgepos.client` alone, holds no truth and decides nothing about money: it shows a frozen
picture of the clinic and passes on what a person wishes. It may die at any moment.
"""

from __future__ import annotations

__all__ = ["run_screen"]


def run_screen(socket_path: str, *, is_kiosk: bool = False) -> int:
    """The screen on this terminal until it is left; its exit status. The caller has made sure that it is a terminal."""
    from edgepos.tui.starting import start

    return start(socket_path, is_kiosk=is_kiosk)
