"""A model of the disk under SQLite: what was written, what was made durable, and what a power cut may leave of it.

`Disk` is a VFS over real files (in memory: `/dev/shm`): to the journal it looks like any disk, and it keeps the order of
all that was done to it. `Remains` walks along such a record and says, for a cut at any place, what may be on the disk
then: all that was synced, and of the rest any subset of the sectors, of the new lengths and of the changes of names.

What the model takes from real disks: a sync makes the data of one file durable and nothing else; a name is durable once
its folder was synced, which SQLite does at the first sync of a log that it has made; after a sync that failed, the
kernel forgets that the data was not written (ext4, XFS), so that a later sync says "yes" and the data is in memory
alone.
"""

from __future__ import annotations

import errno
import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import apsw

SECTOR = 512
SYSTEM = "unix"
"""SQLite's own disk. Named, because the usual one may be ours."""
_numbers = itertools.count(1)


class Op(NamedTuple):
    """One thing done to the disk. *kind*: write, truncate, sync, lost_sync, create, delete, or reported."""

    kind: str
    inode: int = 0
    offset: int = 0
    """Where it is written; for a truncation the length; for a report the sequence that was reported."""
    data: bytes = b""
    name: str = ""


@dataclass
class Fault:
    """Which write, sync or truncation from now on fails, and how. *for_good*: all after it as well."""

    at: int
    code: type[apsw.Error] = apsw.IOError
    for_good: bool = False
    kinds: frozenset[str] = frozenset({"write", "sync", "truncate", "delete"})
    count: int = 0
    hit: str = ""
    """What it was that failed first, once it has."""

    def strikes(self, kind: str) -> bool:
        if kind not in self.kinds:
            return False
        self.count += 1
        if self.count == self.at or (self.for_good and self.count > self.at):
            self.hit = self.hit or kind
            return True
        return False


class Disk(apsw.VFS):
    """SQLite's own VFS with a record of what it was asked to do, and a fault when one is set."""

    def __init__(self, after: Remains | None = None, *, is_everybodys: bool = False) -> None:
        """*after*: the disk as it stands when a process has ended on it and the power has not. *is_everybodys*: of who
        names no other one too."""
        self.name = f"recorded-disk-{next(_numbers)}"
        super().__init__(self.name, base=SYSTEM, makedefault=is_everybodys)
        self.log: list[Op] = []
        self.fault: Fault | None = None
        self.full_at: tuple[Path, int] | None = None
        """A folder, and how many bytes its files may have together."""
        self._inodes = after.visible_names() if after else {}

    def reported(self, seq: int) -> None:
        """Somebody was told that all up to event *seq* is in the journal."""
        self.log.append(Op("reported", offset=seq))

    def inode(self, path: str, *, is_new: bool) -> int:
        name = Path(path).name
        if is_new or name not in self._inodes:
            self._inodes[name] = next(_numbers)
            self.log.append(Op("create", self._inodes[name], name=name))
        return self._inodes[name]

    def strikes(self, kind: str) -> bool:
        return self.fault is not None and self.fault.strikes(kind)

    def check_room(self, more: int) -> None:
        if self.full_at and more > free_in(*self.full_at):
            raise apsw.FullError("test: no room")

    def failure(self) -> apsw.Error:
        assert self.fault is not None
        return self.fault.code(f"test: {errno.EIO}")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        assert path, "the journal needs no temporary files"
        is_new = not Path(path).exists()
        file = _File(self, name, flags)
        file.inode = self.inode(path, is_new=is_new)
        return file

    def xDelete(self, name: str, sync_folder: bool) -> None:
        if self.strikes("delete"):
            raise self.failure()
        super().xDelete(name, sync_folder)
        self._inodes.pop(Path(name).name, None)
        self.log.append(Op("delete", name=Path(name).name))
        if sync_folder:
            self.log.append(Op("sync"))


class _File(apsw.VFSFile):
    inode = 0

    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__(SYSTEM, name, flags)
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.strikes("write"):
            half = bytes(data[: len(data) // 2])  # a full or failing disk takes a part
            super().xWrite(half, offset)
            self._disk.log.append(Op("write", self.inode, offset, half))
            raise self._disk.failure()
        self._disk.check_room(offset + len(data) - self.xFileSize())
        super().xWrite(data, offset)
        self._disk.log.append(Op("write", self.inode, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        if self._disk.strikes("truncate"):
            raise self._disk.failure()
        super().xTruncate(size)
        self._disk.log.append(Op("truncate", self.inode, size))

    def xSync(self, flags: int) -> None:
        if self._disk.strikes("sync"):
            self._disk.log.append(Op("lost_sync", self.inode))
            raise self._disk.failure()
        super().xSync(flags)
        self._disk.log.append(Op("sync", self.inode))


def free_in(folder: Path, size: int) -> int:
    """What is left of a disk of *size* bytes that holds *folder* alone."""
    return size - sum(path.stat().st_size for path in folder.iterdir())


@contextmanager
def recorded_disk(after: Remains | None = None) -> Iterator[Disk]:
    disk = Disk(after)
    try:
        yield disk
    finally:
        disk.unregister()


# --- what a cut leaves


def _put(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        del content[op.offset :]
        content.extend(bytes(op.offset - len(content)))
        return
    if len(content) < op.offset:
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.data)] = op.data


def _sectors(op: Op) -> Iterator[Op]:
    """A write in the pieces that a disk writes whole."""
    if op.kind != "write":
        yield op
        return
    start = 0
    while start < len(op.data):
        end = min(len(op.data), (op.offset + start) // SECTOR * SECTOR + SECTOR - op.offset)
        yield op._replace(offset=op.offset + start, data=op.data[start:end])
        start = end


@dataclass
class Remains:
    """The disk at one place of a record: what is durable, and what was done since and is not yet."""

    content: dict[int, bytearray] = field(default_factory=dict)
    seen: dict[int, bytearray] = field(default_factory=dict)
    """What the running system reads: also what was never made durable."""
    names: dict[str, int] = field(default_factory=dict)
    undone: list[Op] = field(default_factory=list)
    undone_names: list[Op] = field(default_factory=list)
    reported: int = 0

    def follow(self, op: Op) -> None:
        """Go on by one step of the record."""
        match op.kind:
            case "reported":
                self.reported = op.offset
            case "create" | "delete":
                self.undone_names.append(op)
            case "sync":
                self._sync(op.inode)
            case "lost_sync":
                self.undone = [one for one in self.undone if one.inode != op.inode]
            case _:
                _put(self.seen.setdefault(op.inode, bytearray()), op)
                self.undone.append(op)

    def _sync(self, inode: int) -> None:
        for op in self.undone:
            if op.inode == inode:
                _put(self.content.setdefault(inode, bytearray()), op)
        self.undone = [op for op in self.undone if op.inode != inode]
        if inode == 0 or any(op.inode == inode and op.name != "journal.db" for op in self.undone_names):
            for op in self.undone_names:  # SQLite syncs the folder with the first sync of a log that it made
                _rename(self.names, op)
            self.undone_names.clear()

    def visible_names(self) -> dict[str, int]:
        named = dict(self.names)
        for op in self.undone_names:
            _rename(named, op)
        return named

    def everything(self) -> dict[str, bytes]:
        """The files as the running system sees them."""
        return {name: bytes(self.seen.get(inode, b"")) for name, inode in self.visible_names().items()}

    def cut(self, dice: random.Random) -> dict[str, bytes]:
        """What may be there after a power cut here, drawn by *dice*."""
        kept_names = self.undone_names[: dice.randint(0, len(self.undone_names))]
        pieces = [piece for op in self.undone for piece in _sectors(op)]
        if dice.random() < 0.5:  # written in order, and torn somewhere
            kept = pieces[: dice.randint(0, len(pieces))]
        else:  # written in any order
            share = dice.choice((0.1, 0.5, 0.9, 0.98))
            kept = [piece for piece in pieces if dice.random() < share]
        return self._with(kept, kept_names)

    def _with(self, ops: Sequence[Op], names: Sequence[Op]) -> dict[str, bytes]:
        content = {inode: bytearray(data) for inode, data in self.content.items()}
        for op in ops:
            _put(content.setdefault(op.inode, bytearray()), op)
        named = dict(self.names)
        for op in names:
            _rename(named, op)
        return {name: bytes(content.get(inode, b"")) for name, inode in named.items()}


def _rename(names: dict[str, int], op: Op) -> None:
    if op.kind == "create":
        names[op.name] = op.inode
    else:
        names.pop(op.name, None)


def lay(files: dict[str, bytes], folder: Path) -> None:
    """Make *folder* hold these files and no other ones of the journal."""
    for old in folder.glob("journal.db*"):
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
