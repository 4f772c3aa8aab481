"""A disk under the real journal that fails when told to: SQLite's own VFS with a fault at the n-th write or sync."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

NAME = "failing-disk"


class FailingDisk(apsw.VFS):
    """*fail_at*: which write or sync from now on fails, 0 = none; *code*: SQLite's code of the failure."""

    def __init__(self) -> None:
        super().__init__(NAME, base="")
        self.fail_at = self.count = 0
        self.code: type[apsw.Error] = apsw.IOError

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)

    def step(self) -> None:
        self.count += 1
        if self.fail_at and self.count >= self.fail_at:
            raise self.code(f"test: {errno.EIO}")


class _File(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.step()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.step()
        super().xSync(flags)


@contextmanager
def failing_disk() -> Iterator[FailingDisk]:
    disk = FailingDisk()
    try:
        yield disk
    finally:
        disk.unregister()
