"""The day's end: the match as the screen asks for it, the numbered closing report, and the X report.

It decides nothing itself: `domain.match` names the differences, the journal has the periods (a session that jumped has
closed one there already). A closing freezes what was so when it was made; what was red is a finding from then on, and a
later match that turns it green handles the finding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import time
from zoneinfo import ZoneInfo

from edgepos.agent.closing_documents import Document, difference_document, match_document, report
from edgepos.agent.log import logger
from edgepos.agent.matching import Held, Matcher
from edgepos.clock import Clock
from edgepos.domain.errors import EdgeposError, Refused, Wrong
from edgepos.domain.match import Cause, TerminalMatch
from edgepos.domain.operation import State
from edgepos.journal import Closing, Journal
from edgepos.practice import PracticeSystem

log = logger(__name__)

SETTLE_S = 5.0
"""Between what may turn a period green and the look at it: bookings come in bursts."""
TURNS_GREEN = frozenset({"outbox.acknowledged", "operation.confirmed", "payment.assigned", "finding.handled"})
DIFFERS = "match-differs"
"""The finding of a closed period that was not green when its closing was made."""


class Closings:
    """*practice* is None where no practice system is set up: terminal and journal are compared all the same."""

    def __init__(
        self,
        journal: Journal,
        practice: PracticeSystem | None,
        *,
        clock: Clock,
        country: str,
        currency: str,
        zone: ZoneInfo,
        day_starts: time,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._currency = currency
        self._zone = zone
        self._matcher = Matcher(
            journal, practice, clock=clock, country=country, currency=currency, zone=zone, day_starts=day_starts
        )
        self._making = asyncio.Lock()

    async def match(self, day: str | None = None) -> Document:
        """All periods in which something was paid or that were closed on the clinic day *day*; None: today.

        A practice system that cannot be reached leaves its side empty and the match red. Raises Wrong `usage`.
        """
        day = self._matcher.day(day)
        matches, others = await self._matcher.match(await self._matcher.of_day(day), day)
        listed = [difference_document(one) for one in others]
        return {"day": day, **match_document(matches), "without_reference": listed}

    async def make(self, day: str | None, operator: str) -> Closing:
        """Make the closing report of *day*, None: today: numbered, and frozen as it is now.

        It takes each closed period that no closing has yet; an open one waits for its terminal and the next closing. A
        red match is kept as it is, with a finding for each such period. Raises Refused: `payment-unknown` or
        `terminal-in-use` while an operation is open, `reconcile-first` if payments stand in open periods alone.
        """
        day = self._matcher.day(day)
        async with self._making:
            waiting = await self._matcher.unclosed()
            held = [one for one in waiting if one.period.closed_at]
            left_open = [one for one in waiting if not one.period.closed_at and one.operations]
            _refuse_if_open(waiting)
            if left_open and not held:
                raise Refused("reconcile-first", terminal=left_open[0].period.terminal)
            matches, others = await self._matcher.match(held, day)
            await self._remember_red(matches)  # first: if the power goes now, the next closing takes the same periods
            operations = [operation for one in held for operation in one.operations]
            made = await self._journal.closing_made(
                clinic_day=day,
                terminals=sorted({one.period.terminal for one in held}),
                periods=[one.document for one in held],
                match={
                    **match_document(matches),
                    "without_reference": [difference_document(one) for one in others],
                    "left_open": [one.document for one in left_open],
                    "report": report(operations, self._currency, self._zone),
                    "head": list(self._journal.head),
                },
                operator=operator,
            )
            await self._confirm_settled(made.number, held, matches)
        log.info("closing made", closing=made.number, operator=operator)
        return made

    async def x_report(self, terminal: str | None = None) -> Document:
        """What the open periods hold so far. Asks nobody, so it works without any network."""
        rows = [row for row in await self._journal.terminals() if terminal in (None, row.id)]
        if terminal is not None and not rows:
            raise Wrong("unknown-terminal", terminal=terminal)
        operations = []
        for row in rows:
            newest = await self._journal.periods(row.id, limit=1)
            operations += [one for held in await self._matcher.held(newest) for one in held.operations]
        return {"terminals": [row.id for row in rows], **report(operations, self._currency, self._zone)}

    async def review(self) -> list[str]:
        """Match again what was red in a closing. Handles and gives the findings of the periods that are green now."""
        findings = {one.subject: one.finding for one in await self._journal.open_findings() if one.kind == DIFFERS}
        periods = []
        for subject in findings:
            terminal, _, number = subject.partition("/")
            limit = (await self._journal.terminal(terminal)).period - int(number) + 1
            periods += (await self._journal.periods(terminal, limit=limit))[-1:]
        if not periods:
            return []
        matches, _ = await self._matcher.match(await self._matcher.held(periods), None)
        green = [findings[f"{one.terminal}/{one.period}"] for one in matches if one.agree]
        for finding in green:
            await self._journal.handle_finding(finding, "agent", "all three agree now")
            log.info("a period agrees now", finding=finding)
        return green

    async def watch(self) -> None:
        """Review whenever something was written that may turn a red period green. Runs until cancelled."""
        written = asyncio.Event()
        unsubscribe = self._journal.subscribe(
            lambda events: written.set() if any(event.kind in TURNS_GREEN for event in events) else None
        )
        try:
            while True:
                await written.wait()
                await self._clock.sleep(SETTLE_S)
                written.clear()
                try:
                    await self.review()
                except EdgeposError as refused:
                    log.warning("review of closed periods put off", cause=refused.code)
        finally:
            unsubscribe()

    async def _remember_red(self, matches: Sequence[TerminalMatch]) -> None:
        for match in matches:
            if not match.agree:
                causes = sorted({difference.cause for difference in match.differences if not difference.is_harmless})
                facts = {"terminal": match.terminal, "period": match.period, "causes": causes}
                await self._journal.raise_finding(DIFFERS, f"{match.terminal}/{match.period}", facts)

    async def _confirm_settled(self, number: int, held: Sequence[Held], matches: Sequence[TerminalMatch]) -> None:
        """Write down what the terminals' totals say of the payments that people settled by hand."""
        for one, match in zip(held, matches, strict=True):
            if match.terminal_minor is None:
                continue
            doubted = {
                id
                for difference in match.differences
                if difference.cause is Cause.SETTLED_BY_HAND and not difference.is_harmless
                for id in difference.ids
            }
            for operation in one.operations:
                if operation.state is State.SETTLED_BY_HAND and not operation.is_confirmed:
                    await self._journal.confirmed(operation.id, closing=number, agrees=operation.id not in doubted)


def _refuse_if_open(waiting: Sequence[Held]) -> None:
    for operation in (operation for one in waiting for operation in one.operations if operation.is_open):
        raise Refused(
            "payment-unknown" if operation.state is State.UNKNOWN else "terminal-in-use",
            payment=operation.id,
            terminal=operation.terminal,
            amount_minor=operation.asked_minor,
            currency=operation.currency,
            since=operation.created_at,
        )
