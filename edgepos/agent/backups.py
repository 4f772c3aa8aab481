"""Copies of the journal that the agent makes by itself, where a folder for them is set.

Once an hour, if anything has happened: first a checked copy beside the journal, then that file to its place, which may
be a share whose server is gone. The newest copy stays on the box as well. A copy that fails is tried again the next
hour and said meanwhile; no payment ever waits for one.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from edgepos.agent import generations
from edgepos.agent.aside import aside
from edgepos.agent.log import logger
from edgepos.agent.settings import BackupSettings
from edgepos.clock import Clock, rfc3339
from edgepos.domain.errors import EdgeposError
from edgepos.journal import Journal

log = logger(__name__)

FIRST_S = 300.0
EVERY_S = 3600.0
SENDING_S = 600.0
"""A share that takes longer for one copy is as good as away."""


class Backups:
    """*state_folder* holds the journal and operators.json."""

    def __init__(self, journal: Journal, state_folder: Path, settings: BackupSettings, clock: Clock) -> None:
        self._journal = journal
        self._operators = state_folder / "operators.json"
        self._here = state_folder / "backups"
        self._there = Path(settings.folder) if settings.folder else None
        self._keep_days = settings.keep_days
        self._clock = clock
        self._due_at = clock.monotonic() + FIRST_S
        self._good_at = clock.monotonic()
        self._copied_seq: int | None = None
        self._made_at: str | None = None
        self._problem: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """How it stands: `old_s` is for how long something has been without a copy."""
        old_s = round(self._clock.monotonic() - self._good_at) if self._there else None
        folder = str(self._there) if self._there else None
        return {"folder": folder, "made_at": self._made_at, "old_s": old_s, "problem": self._problem}

    async def turn(self) -> None:
        """Make a copy if one is due and there is anything new."""
        now = self._clock.monotonic()
        if self._there is None or now < self._due_at:
            return
        self._due_at = now + EVERY_S
        if self._journal.head[0] != self._copied_seq:
            try:
                await self._make(self._there)
            except TimeoutError:
                self._problem = f"{self._there} does not answer"
            except (EdgeposError, OSError) as error:
                self._problem = str(error)
            else:
                self._problem, self._copied_seq, self._made_at = None, self._journal.head[0], self._now()
            if self._problem:
                log.error("no copy of the journal", cause=self._problem)
                return
        self._good_at = now

    async def _make(self, there: Path) -> None:
        self._here.mkdir(mode=0o700, exist_ok=True)
        made = await self._journal.backup(self._here)
        if self._operators.exists():
            operators = generations.operators_beside(made.path)
            operators.touch(mode=0o600)
            operators.write_bytes(self._operators.read_bytes())
        async with asyncio.timeout(SENDING_S):
            await aside(partial(self._send, made.path, there))
        for older in generations.copies(self._here, self._journal.box_id)[1:]:
            older.unlink()
            generations.operators_beside(older).unlink(missing_ok=True)
        log.info("journal copied", seq=made.seq, bytes=made.bytes)

    def _send(self, copy: Path, there: Path) -> None:
        generations.send(copy, there)
        generations.thin(there, self._journal.box_id, self._keep_days)

    def _now(self) -> str:
        return rfc3339(self._clock.now())
