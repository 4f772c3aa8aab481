"""Folders in memory, and a journal whose log is short, for the harnesses that cut, break and flip."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepos.journal import database


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that no disk slows down."""
    folder = Path(tempfile.mkdtemp(prefix="edgepos-proof-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def short_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints every few operations rather than every few hundred, so that cuts fall into them and after them."""
    monkeypatch.setitem(database.PRAGMAS, "wal_autocheckpoint", (60, 60))  # type: ignore[arg-type]
