"""What the agent does for the box beside money: the reserve on its disk, copies of the journal, telling people.

One turn a minute, one thing after another; none of it may hold up a payment, and none of it ends the agent.
"""

from __future__ import annotations

import asyncio

from edgepos.agent.alerts import Alerts
from edgepos.agent.backups import Backups
from edgepos.agent.view import View, finding
from edgepos.clock import Clock
from edgepos.journal import Journal

EVERY_S = 60.0


class Upkeep:
    def __init__(self, journal: Journal, view: View, backups: Backups, alerts: Alerts, clock: Clock) -> None:
        self._journal = journal
        self._view = view
        self._backups = backups
        self._alerts = alerts
        self._clock = clock

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._clock.sleep(EVERY_S)
            await asyncio.to_thread(self._journal.keep_reserve)
            await self._backups.turn()
            if self._alerts.is_wanted:
                findings = [finding(row) for row in await self._journal.open_findings()]
                await self._alerts.turn(await self._view.status(), findings)
