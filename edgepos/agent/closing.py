"""The day's end: the match as the screen asks for it, the numbered closing report, the X report, and totals from paper.

It decides nothing itself: `domain.match` names the differences, the journal has the periods (a session that jumped has
closed one there already). A closing freezes what was so when it was made; what was red is a finding from then on, and
closing_review.py handles it once a later match is green.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from edgepos.agent.closing_documents import (
    Document,
    difference_document,
    match_document,
    report,
    terminal_document,
)
from edgepos.agent.closing_review import Reviews
from edgepos.agent.log import logger
from edgepos.agent.matching import Held, Matcher
from edgepos.clock import Clock
from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.operation import in_the_way
from edgepos.journal import Closing, Journal, Period, PeriodEnd

log = logger(__name__)


class Closings:
    """Ends the days that *matcher* compares; times on reports are of *zone*."""

    def __init__(self, journal: Journal, matcher: Matcher, *, clock: Clock, currency: str, zone: ZoneInfo) -> None:
        self._journal = journal
        self._matcher = matcher
        self._currency = currency
        self._zone = zone
        self.reviews = Reviews(journal, matcher, clock)
        self._making = asyncio.Lock()

    async def match(self, day: str | None = None) -> Document:
        """All periods in which something was paid or that were closed on the clinic day *day*; None: today.

        Without a day, what is red from before and not dealt with yet stands in `earlier`. A practice system that cannot
        be reached leaves its side empty and the match red. Raises Wrong `usage`.
        """
        is_today = day is None
        day = self._matcher.day(day)
        held = await self._matcher.of_day(day)
        here = {one.subject for one in held}
        before = [one for one in await self.reviews.in_doubt() if one.subject not in here] if is_today else []
        matches, others = await self._matcher.match([*held, *before], day)
        if any(match.agree for match in matches):
            self.reviews.look_again()  # it may have been red before, and mended in the practice system alone
        earlier = [
            {**terminal_document(match), "closed_at": one.period.closed_at}
            for one, match in zip(before, matches[len(held) :], strict=True)
            if not match.agree
        ]
        listed = [difference_document(one) for one in others]
        return {"day": day, **match_document(matches[: len(held)]), "earlier": earlier, "without_reference": listed}

    async def make(self, day: str | None, operator: str) -> Closing:
        """Make the closing report of *day*, None: today: numbered, and frozen as it is now.

        It takes each closed period that no closing has yet; an open one waits for its terminal and the next closing,
        unless that terminal was swapped: then the period ends here. A red match is kept as it is, with a finding for
        each such period. Raises Refused: `payment-unknown` or `terminal-in-use` while an operation is open,
        `reconcile-first` if payments stand in open periods alone.
        """
        day = self._matcher.day(day)
        async with self._making:
            waiting = [await self._end_if_swapped(one) for one in await self._matcher.unclosed()]
            held = [one for one in waiting if one.period.closed_at]
            left_open = [one for one in waiting if not one.period.closed_at and one.operations]
            _refuse_if_open(waiting)
            if left_open and not held:
                raise Refused("reconcile-first", terminal=left_open[0].period.terminal)
            matches, others = await self._matcher.match(held, day)
            newest = await self._journal.closings(limit=1)
            number = newest[0].number + 1 if newest else 1
            # First: if the power goes now, the next closing has the same number and takes the same periods.
            await self.reviews.remember(matches, number)
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
            for one, match in zip(held, matches, strict=True):
                await self.reviews.confirm_settled(made.number, one, match)
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

    async def totals_agree(self, period: Period) -> bool | None:
        """Whether a closed period's report and the journal have the same sum; None without a report to compare."""
        return await self._matcher.totals_agree(period)

    async def tell(self, terminal: str, number: int, amount_minor: int, *, operator: str, note: str) -> Document:
        """The total of a period as a person reads it on the terminal's paper; gives the period's match as it is then.

        Only for want of a report that can be read here. Raises Wrong `usage` for any other period.
        """
        period = await self._matcher.period(terminal, number)
        if period is not None and self._matcher.is_swapped(period):
            [held] = await self._matcher.held([period])
            _refuse_if_open([held])
            period = (await self._end_if_swapped(held)).period
        if period is None or period.closed_at is None or not self._matcher.may_be_told(period):
            raise Wrong("usage", text=f"{terminal}/{number}", expected="a closed period without a readable report")
        period = await self._journal.period_told(
            terminal, number, amount_minor=amount_minor, operator=operator, note=note
        )
        log.info("total told", terminal=terminal, period=number, operator=operator)
        matches, _ = await self._matcher.match(await self._matcher.held([period]), None)
        return match_document(matches)

    async def watch(self) -> None:
        """Look again at what was red, whenever something about it is new. Runs until cancelled."""
        await self.reviews.watch()

    async def _end_if_swapped(self, held: Held) -> Held:
        period = held.period
        if not self._matcher.is_swapped(period) or not held.operations:  # an empty one would be red at each closing
            return held
        if any(operation.is_open for operation in held.operations):
            return held
        end = PeriodEnd(session=period.session)
        return Held(await self._journal.period_closed(period.terminal, by="swap", end=end), held.operations)


def _refuse_if_open(waiting: Sequence[Held]) -> None:
    for operation in (operation for one in waiting for operation in one.operations if operation.is_open):
        raise in_the_way(operation)
