"""Terminals to which nothing is sent, because this journal may be behind what they did (CONTRACTS §10).

After a restore, or when a terminal or a booking of it names a reference of our form that nobody here knows, another box
or an older copy of this journal may have driven it. It is let go in this order, each step by what was really seen:

1. a technician says that the other box is off;
2. what the journal lacks of the terminal's last result and of the practice system's payments is adopted (adopting.py);
3. a reconciliation closed the session in which the gap lies: the difference stays as a finding for a person.

Until that person has handled it, an invoice or payment that is older than the gap may have been paid, or paid back, in
it: `gap_after` says so to whoever is about to move money for it.
"""

from __future__ import annotations

from collections.abc import Collection

from edgepos.agent.adopting import GAP, Adopting
from edgepos.agent.log import logger
from edgepos.agent.record import UNKNOWN_REFERENCE
from edgepos.clock import Clock, parse_rfc3339
from edgepos.domain.errors import EdgeposError, Refused, Wrong
from edgepos.journal import FindingRow, Journal, TerminalRow

log = logger(__name__)

AGAIN_S = 60.0
"""Until the practice system is asked again who drove a terminal."""


async def gap_after(journal: Journal, at: str) -> FindingRow | None:
    """The gap that *at* lies before, as long as no person has handled it. What cannot be read lies before each."""
    for finding in await journal.open_findings():
        if finding.kind == GAP:
            try:
                is_before = parse_rfc3339(at) < parse_rfc3339(finding.raised_at)
            except ValueError:
                is_before = True
            if is_before:
                return finding
    return None


class Holding:
    def __init__(self, journal: Journal, adopting: Adopting) -> None:
        self._journal = journal
        self._adopting = adopting

    async def release(self, terminal: str, *, other_box_is_off: bool, operator: str) -> TerminalRow:
        """Take the next steps towards letting *terminal* go. Raises what still stands in the way; safe to repeat."""
        row = await self._journal.terminal(terminal)
        if row.held is None:
            return row
        if not other_box_is_off:
            raise Wrong("usage", text="other_box_is_off", expected="true, once the other box is off for good")
        period = await self._gap_period(row)
        await self._adopting.adopt(terminal)
        if row.period <= period:
            raise Refused("reconcile-first", terminal=terminal)
        log.info("terminal released", terminal=terminal, operator=operator, cause=row.held)
        return await self._journal.terminal_released(terminal, operator)

    async def look_for_others(self, terminals: Collection[str], clock: Clock) -> None:
        """Hold each of *terminals* that this journal has never used, and of which the practice system has bookings that
        it lacks: another journal drove it, though its last result may not say so (a void carries no reference)."""
        strangers = [id for id in terminals if not await self._journal.operations(terminal=id, limit=1)]
        while strangers:
            try:
                elsewhere = await self._adopting.driven_elsewhere(strangers)
            except EdgeposError as why:  # whatever it is: nothing hangs on this look but itself
                log.info("who drove the terminals cannot be asked", cause=why.code)
                await clock.sleep(AGAIN_S)
                continue
            for terminal, reference in elsewhere.items():
                facts = {"terminal": terminal, "reference": reference}
                await self._journal.raise_finding(UNKNOWN_REFERENCE, terminal, facts)
                await self._journal.held(terminal, UNKNOWN_REFERENCE)
                log.error("a booking of our form that this journal does not know", terminal=terminal)
            return

    async def _gap_period(self, row: TerminalRow) -> int:
        """The period that was open when the hold was first met here. Kept in the finding that a person handles."""
        for finding in await self._journal.open_findings():
            if finding.kind == GAP and finding.subject == row.id:
                return int(str(finding.facts["period"]))
        facts = {"terminal": row.id, "period": row.period, "cause": row.held}
        await self._journal.raise_finding(GAP, row.id, facts)
        return row.period
