"""A file that is there as a whole or not at all, whatever happens to program and power meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress


def write_whole(
    to: str | os.PathLike[str], pieces: Iterable[bytes], *, mode: int = 0o600, owner: tuple[int, int] | None = None
) -> int:
    """Write *pieces* to the file *to*: beside it first, made durable, then named. Its size in bytes. Raises OSError.

    *owner*: user and group by number, for root alone to give. What was at *to* stays until all of the new one is there.
    """
    to = os.fspath(to)
    part = f"{to}.part"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            size = sum(file.write(piece) for piece in pieces)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, to)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise
    _sync_folder(os.path.dirname(to) or ".")
    return size


def _sync_folder(folder: str) -> None:
    """The name is as durable as the file. Some file systems of memory sticks cannot; then the file alone is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
