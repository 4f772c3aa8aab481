"""What was red stays listed until it is green: looks again at closed periods whose match did not agree.

A period is in doubt while one of three findings about it is open: its closing was red, the terminal closed it unseen,
or a sale stands in it that nobody asked for. Whatever may turn it green (a booking that arrives late, a sale recorded
from its slip, a total told from paper, a finding that a person handled) makes it be matched again; if all three sides
agree then, its findings are handled by `agent`, and what people had settled by hand in it counts as confirmed.
Nothing here turns anything red.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from edgepos.agent.log import logger
from edgepos.agent.matching import Held, Matcher
from edgepos.clock import Clock
from edgepos.domain.errors import EdgeposError, Wrong
from edgepos.domain.evidence import same_session
from edgepos.domain.match import Cause, TerminalMatch
from edgepos.domain.operation import State
from edgepos.journal import Event, FindingRow, Journal, Period

log = logger(__name__)

SETTLE_S = 5.0
"""Between what may turn a period green and the look at it: bookings come in bursts."""
REVIEW_S = 3600.0
"""What was mended in the practice system alone writes nothing here: now and then all is looked at again."""
DIFFERS = "match-differs"
"""The finding of a closed period that was not green when its closing was made."""
CLOSED_ITSELF = "closed-by-terminal"
FOREIGN = "foreign-transaction"
OF_OPERATIONS = frozenset(
    {"outbox.acknowledged", "payment.assigned", "operation.confirmed", "operation.found", "operation.recorded"}
)
AGREES = "all three agree now"


class Reviews:
    def __init__(self, journal: Journal, matcher: Matcher, clock: Clock) -> None:
        self._journal = journal
        self._matcher = matcher
        self._clock = clock
        self._touched: set[str] = set()
        """Periods (`TERMINAL/N`) and operations of which something new was written."""
        self._all = True
        """Look at every period in doubt: at the start, after a person handled a finding, and once an hour."""
        self._written = asyncio.Event()

    async def watch(self) -> None:
        """Review whenever something was written that may turn a red period green. Runs until cancelled."""
        unsubscribe = self._journal.subscribe(self._hear)
        try:
            while True:
                await self._clock.sleep(SETTLE_S)
                self._written.clear()
                touched, self._touched, everything, self._all = self._touched, set(), self._all, False
                try:
                    await self.review(None if everything else touched)
                except EdgeposError as refused:
                    log.warning("review of closed periods put off", cause=refused.code)
                try:
                    async with asyncio.timeout(REVIEW_S):
                        await self._written.wait()
                except TimeoutError:
                    self._all = True
        finally:
            unsubscribe()

    def look_again(self) -> None:
        """At everything in doubt, soon."""
        self._all = True
        self._written.set()

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind in OF_OPERATIONS:
                self._touched.add(event.subject.partition(".")[0])
            elif event.kind == "period.told":
                self._touched.add(event.subject)
            elif event.kind == "finding.handled" and event.fields["operator"] != "agent":
                self._all = True
            else:
                continue
            self._written.set()

    async def review(self, touched: Collection[str] | None = None) -> list[str]:
        """Match again what is in doubt, all of it or what *touched* concerns. The findings that are handled now."""
        doubts = await self._doubts()
        if touched is not None and doubts:
            concerned = {await self._period_of(one) for one in touched}
            doubts = {subject: found for subject, found in doubts.items() if subject in concerned}
        held = await self._held(doubts)
        if not held:
            return []
        matches, _ = await self._matcher.match(held, None)
        handled = []
        for one, match in zip(held, matches, strict=True):
            found = doubts[one.subject]
            await self.confirm_settled(_closing_of(found), one, match)
            if match.agree:
                for finding in found:
                    await self._journal.handle_finding(finding.finding, "agent", AGREES)
                    handled.append(finding.finding)
                log.info("a period agrees now", terminal=match.terminal, period=match.period)
        return handled

    async def in_doubt(self) -> list[Held]:
        """The closed periods that were red, or have something in them that nobody asked for, and are not dealt with."""
        return await self._held(await self._doubts())

    async def _held(self, subjects: Iterable[str]) -> list[Held]:
        found = [await self._closed(subject) for subject in subjects]
        return await self._matcher.held([period for period in found if period is not None])

    async def dealt_with(self) -> dict[int, list[FindingRow]]:
        """By closing: what was red in it and is not listed any more, since it agrees or since a person said so."""
        dealt: dict[int, list[FindingRow]] = {}
        for finding in await self._journal.handled_findings(DIFFERS):
            dealt.setdefault(_closing_of([finding]), []).append(finding)
        return dealt

    async def remember(self, matches: Sequence[TerminalMatch], closing: int) -> None:
        """Each red period of a closing is a finding from now on."""
        for match in matches:
            if not match.agree:
                causes = sorted({difference.cause for difference in match.differences if not difference.is_harmless})
                facts = {"terminal": match.terminal, "period": match.period, "causes": causes, "closing": closing}
                await self._journal.raise_finding(DIFFERS, f"{match.terminal}/{match.period}", facts)

    async def confirm_settled(self, closing: int, held: Held, match: TerminalMatch) -> None:
        """Write down, once, what the terminal's total says of the payments that people settled by hand."""
        if match.terminal_minor is None or not closing:
            return
        doubted = {
            id
            for difference in match.differences
            if difference.cause is Cause.SETTLED_BY_HAND and not difference.is_harmless
            for id in difference.ids
        }
        for operation in held.operations:
            is_waiting = operation.state is State.SETTLED_BY_HAND and not operation.is_confirmed
            if is_waiting and operation.id not in doubted:
                await self._journal.confirmed(operation.id, closing=closing, agrees=True)

    async def _doubts(self) -> dict[str, list[FindingRow]]:
        """The open findings of each period in doubt."""
        doubts: dict[str, list[FindingRow]] = {}
        for finding in await self._journal.open_findings():
            subject: str | None = None
            if finding.kind in (DIFFERS, CLOSED_ITSELF):
                subject = finding.subject
            elif finding.kind == FOREIGN:
                subject = await self._place_of(finding)
            if subject is not None:
                doubts.setdefault(subject, []).append(finding)
        return doubts

    async def _place_of(self, finding: FindingRow) -> str | None:
        """The period in which a sale that is not ours stands: the newest one of its session."""
        terminal, result = str(finding.facts.get("terminal")), finding.facts.get("result")
        session = str(result.get("session", "")) if isinstance(result, dict) else ""
        for period in await self._journal.periods(terminal):
            if same_session(session, period.session or ""):
                return f"{terminal}/{period.period}"
        return None

    async def _period_of(self, touched: str) -> str:
        if "/" in touched:
            return touched
        try:
            operation = await self._journal.operation(touched)
        except Wrong:
            return ""
        return f"{operation.terminal}/{operation.period}"

    async def _closed(self, subject: str) -> Period | None:
        terminal, _, number = subject.partition("/")
        period = await self._matcher.period(terminal, int(number))
        return period if period is not None and period.closed_at else None


def _closing_of(findings: Sequence[FindingRow]) -> int:
    """The number of the closing that has the period; 0 while none has it."""
    return max((int(str(one.facts.get("closing") or 0)) for one in findings), default=0)
