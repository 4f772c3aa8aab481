"""The journal's files beside the database: the folder, the lock, and the reserve that makes room on a full disk.

The lock is `flock` on a file of its own, taken before the database is opened: SQLite's locks fall as soon as anything
in the process opens and closes the database file, and then a second writer loses rows without an error.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from edgepos.journal.values import JournalLocked

DATABASE = "journal.db"
LOCK = "journal.lock"
RESERVE = "reserve"
MEGABYTE = 1 << 20
ROOM_FOR_RESULTS = 2 * MEGABYTE
"""Below this much free space the reserve is given up: what is in flight has to be recorded."""


def private_folder(folder: Path) -> Path:
    """*folder*, made if need be, for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def sync_folder(folder: Path) -> None:
    """Make names in *folder* as durable as the files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Lock:
    """Held from the making of the object to `release`, or to the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Raises JournalLocked with the process id of the holder."""
        self._descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 20, 0).strip()
            os.close(self._descriptor)
            raise JournalLocked(int(holder) if holder.isdigit() else 0) from None
        except OSError as error:
            if error.errno != errno.ENOSPC:  # on a full disk the lock has no name in it, but it is held
                os.close(self._descriptor)
                raise

    def release(self) -> None:
        """Once or more often."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def free_bytes(folder: Path) -> int:
    """What an ordinary process may still write in *folder*."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


class Reserve:
    """A file that does nothing but take up room, until a result has to be written on a full disk."""

    def __init__(self, folder: Path, size_mb: int, free: Callable[[Path], int] = free_bytes) -> None:
        self.folder, self._path, self._size, self._free = folder, folder / RESERVE, size_mb * MEGABYTE, free

    @property
    def free_mb(self) -> int:
        return self._free(self.folder) // MEGABYTE

    def keep(self) -> bool:
        """Make the reserve if it is missing and there is room for it and for results. Whether it is there now."""
        if self._path.exists():
            return True
        if self._free(self.folder) < self._size + ROOM_FOR_RESULTS:
            return False
        unfinished = self._path.with_suffix(".part")
        try:
            with unfinished.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
            unfinished.chmod(0o600)
            unfinished.rename(self._path)
        except OSError:  # somebody else took the room meanwhile
            unfinished.unlink(missing_ok=True)
            return False
        return True

    def give_up_if_needed(self) -> bool:
        """Before a result is written: give the room back if the disk is full. Whether that was done now."""
        if self._free(self.folder) >= ROOM_FOR_RESULTS or not self._path.exists():
            return False
        self._path.unlink(missing_ok=True)
        return True
