"""A file from the agent, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress


def write_whole(to: str, pieces: Iterable[bytes]) -> int:
    """Write *pieces* to the file *to*: beside it first, made durable, then named. Its size. Raises OSError.

    For our own eyes only (0600): what the agent gives out as files is the clinic's journal.
    """
    part = f"{to}.part"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
            size = sum(copy.write(piece) for piece in pieces)
            copy.flush()
            os.fsync(copy.fileno())
        os.rename(part, to)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise
    return size
