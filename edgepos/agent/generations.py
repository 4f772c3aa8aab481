"""Copies of the journal in a folder: their names, the people's file beside each, and which are kept.

A copy is `journal-BOX-SEQ-HEAD.db`; beside it lies `….operators.json` (names, roles, PINs as scrypt makes them), since
a box without its people is half a box. Of the newest day every copy is kept, of each day before it the newest. Only
files of that very form are ever removed, and only those of one box: another's may be all that is left of it.
Standard library only: the command line uses it too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from edgepos.whole_file import write_whole

COPY = re.compile(r"journal-([0-9a-f]{16})-(\d+)-([0-9a-f]{12})\.db")
OPERATORS = ".operators.json"
PIECE = 1 << 20


def operators_beside(copy: Path) -> Path:
    """Where the people of *copy* are."""
    return copy.with_name(copy.name + OPERATORS)


def copies(folder: Path, box_id: str | None = None) -> list[Path]:
    """The copies in *folder*, of one box or of all, the newest first."""
    found = []
    for path in folder.iterdir():
        named = COPY.fullmatch(path.name)
        if named and box_id in (None, named[1]):
            found.append((path.stat().st_mtime_ns if box_id is None else 0, int(named[2]), path))
    return [path for *_, path in sorted(found, reverse=True)]


def newest_head(state_folder: Path, box_id: str) -> tuple[int, str] | None:
    """Up to which event the newest copy on this box goes, and the beginning of that one's hash: a journal of the same
    box has to contain it, or its end is gone. None where there is no copy."""
    folder = state_folder / "backups"
    newest = copies(folder, box_id)[:1] if folder.is_dir() else []
    named = COPY.fullmatch(newest[0].name) if newest else None
    return (int(named[2]), named[3]) if named else None


def send(copy: Path, folder: Path) -> Path:
    """*copy* and its people in *folder*: each whole and durable under its name, or not there. Raises OSError."""
    for path in (operators_beside(copy), copy):  # the copy last: where it is, all of it is
        if path.exists():
            with path.open("rb") as source:
                write_whole(folder / path.name, iter(partial(source.read, PIECE), b""))
    return folder / copy.name


def thin(folder: Path, box_id: str, keep_days: int) -> list[Path]:
    """Remove the copies of *box_id* that are no longer kept; gives them. Raises OSError."""
    newest_day, kept_days, removed = "", set[str](), []
    for path in copies(folder, box_id):
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        newest_day = newest_day or day
        if day == newest_day or (day not in kept_days and len(kept_days) < keep_days):
            kept_days.add(day)
            continue
        path.unlink()
        operators_beside(path).unlink(missing_ok=True)
        removed.append(path)
    return removed
