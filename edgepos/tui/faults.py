"""A fault that nobody expected: its details go to the log, without the values of variables, and a reference to staff."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import traceback
from pathlib import Path

from edgepos.chance import SystemChance

JOURNALD = "/run/systemd/journal/socket"


def keep(error: BaseException) -> str:
    """Write *error* to the log; its reference there. Never raises."""
    reference = f"{SystemChance().bits(32):08X}"
    text = f"the screen ended unexpectedly, reference {reference}\n" + "".join(traceback.format_exception(error))
    with contextlib.suppress(OSError):  # a log that cannot be written must not hide that the screen has ended
        _to_journald(text) if os.path.exists(JOURNALD) else _to_file(text)
    return reference


def _to_journald(text: str) -> None:
    """In its own form: the screen's standard error is the terminal."""
    body = text.encode()
    fields = b"PRIORITY=3\nSYSLOG_IDENTIFIER=edgepos-screen\nMESSAGE\n" + struct.pack("<Q", len(body)) + body + b"\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(JOURNALD)
        line.send(fields)


def _to_file(text: str) -> None:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "edgepos"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "screen.log").open("a", encoding="utf-8") as log:
        log.write(text)
