"""A disk that fails under the journal of a real agent: let in before the program begins, as a bad twin is.

The agent names no disk and so gets SQLite's usual one, which is this one then. What has failed is noted in a file, since
the process may be gone before anybody can ask it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from .disk import SYSTEM, Disk, Fault

CODES = {"IOError": apsw.IOError, "FullError": apsw.FullError}
_kept: list[Disk] = []


@dataclass
class NotedFault(Fault):
    note: Path = Path()

    def strikes(self, kind: str) -> bool:
        struck = super().strikes(kind)
        if struck:
            self.note.touch()
        return struck


class JournalDisk(Disk):
    """The recorded disk for the journal, SQLite's own for all else."""

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path and Path(path).name.startswith("journal.db"):
            return super().xOpen(name, flags)
        return apsw.VFSFile(SYSTEM, name, flags)


def fails(patch: pytest.MonkeyPatch, at: int, code: str, for_good: bool, note: str) -> None:
    """The *at*-th step of the disk under the journal fails with *code*, and *for_good* all after it."""
    disk = JournalDisk(is_everybodys=True)
    kinds = {"kinds": frozenset({"write"})} if code == "FullError" else {}
    disk.fault = NotedFault(at, CODES[code], for_good, note=Path(note), **kinds)  # type: ignore[arg-type]
    _kept.append(disk)


def fails_and_it_goes_on(patch: pytest.MonkeyPatch, at: int, code: str, for_good: bool, note: str) -> None:
    """The same under the bad twin that takes no notice of it."""
    from . import twins

    twins.goes_on_after_an_error(patch)
    fails(patch, at, code, for_good, note)
