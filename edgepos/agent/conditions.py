"""What has to be fine on this box before money is sent: room on the disk, and a clock that can be right.

Checked twice, for nothing: before an intent is written, and again before its request is sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from edgepos.clock import Clock
from edgepos.domain.errors import Refused

NOT_BEFORE = datetime(2026, 11, 1, tzinfo=UTC)
"""No box that runs this program lives before it was written: an earlier clock has lost its battery."""


class Conditions:
    """*state_folder* is where the journal stands; *reserve_mb* has to stay free there."""

    def __init__(self, state_folder: Path, *, reserve_mb: int, clock: Clock) -> None:
        self._folder = state_folder
        self._reserve_mb = reserve_mb
        self._clock = clock
        self.services_say: Mapping[str, object] | None = None
        """Set while a service's certificate or clock contradicts ours: the facts of it, `why` among them."""

    def demand(self) -> None:
        """Raises Refused `disk-low` or `clock-wrong`."""
        self.demand_room()
        if (facts := self.clock_facts) is not None:
            raise Refused("clock-wrong", **facts)

    def demand_room(self) -> None:
        """Raises Refused `disk-low`."""
        free = self.free_mb
        if free < self._reserve_mb:
            raise Refused("disk-low", free_mb=free, needed_mb=self._reserve_mb)

    @property
    def free_mb(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize // 1_000_000

    @property
    def clock_facts(self) -> Mapping[str, object] | None:
        """Why the wall clock cannot be right, None if it can."""
        if self._clock.now() < NOT_BEFORE:
            return {"why": "before-this-program"}
        return self.services_say

    @property
    def clock_wrong(self) -> str | None:
        """The same in a word."""
        facts = self.clock_facts
        return None if facts is None else str(facts["why"])
