"""The journal of one clinic, new for each test and closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .clinic import Clinic


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    clinic = Clinic(tmp_path / "state")
    await clinic.open()
    yield clinic
    await clinic.journal.close()
