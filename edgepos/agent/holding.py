"""Terminals to which nothing is sent, because this journal may be behind what they did (CONTRACTS §10).

After a restore, or when a terminal names a reference of our form that nobody here knows, another box or an older copy
of this journal may have driven it. It is let go in this order, each step by what was really seen:

1. a technician says that the other box is off;
2. the terminal's last result, if it is of our form and unknown, is adopted as `found`, as what its slip says it was;
3. payments in the practice system under references of our form that the journal lacks are adopted, acknowledged;
4. a reconciliation closed the session in which the gap lies: the difference stays as a finding for a person.

Until that person has handled it, an invoice or payment that is older than the gap may have been paid, or paid back, in
it: `gap_after` says so to whoever is about to move money for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from edgepos.agent.log import logger
from edgepos.agent.ports import Cloud
from edgepos.agent.record import UNKNOWN_REFERENCE
from edgepos.clock import Clock, parse_rfc3339
from edgepos.connectcloud import LookUpFailed
from edgepos.domain.booking import row_in
from edgepos.domain.errors import NotReached, Refused, Wrong
from edgepos.domain.identifiers import split_line_id
from edgepos.domain.operation import Kind, Line
from edgepos.domain.result import Result, TerminalResult
from edgepos.domain.slip import kind_on_slip
from edgepos.journal import FindingRow, Journal, TerminalRow
from edgepos.practice import PracticeSystem

log = logger(__name__)

GAP = "before-this-journal"
NOT_ADOPTED = "not-adopted"
LOOK_BACK = timedelta(days=31)
"""A copy older than this is not caught up with by the practice system; the reconciliation shows the difference."""


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
    """*practice* is None where no practice system is set up."""

    def __init__(
        self,
        journal: Journal,
        cloud: Cloud,
        practice: PracticeSystem | None,
        *,
        clock: Clock,
        currency: str,
        today: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._cloud = cloud
        self._practice = practice
        self._clock = clock
        self._currency = currency
        self._today = today

    async def release(self, terminal: str, *, other_box_is_off: bool, operator: str) -> TerminalRow:
        """Take the next steps towards letting *terminal* go. Raises what still stands in the way; safe to repeat."""
        row = await self._journal.terminal(terminal)
        if row.held is None:
            return row
        if not other_box_is_off:
            raise Wrong("usage", text="other_box_is_off", expected="true, once the other box is off for good")
        period = await self._gap_period(row)
        last = await self._strange_last(terminal)
        if last is not None:
            await self._adopt_last(terminal, last)
        if self._practice is not None:
            await self._adopt_booked(self._practice, terminal)
        if last is not None and await self._is_strange(last.order_id):
            facts = {"terminal": terminal, "reference": last.order_id, "result": last.kept()}
            await self._journal.raise_finding(NOT_ADOPTED, last.order_id, facts)
        if row.period <= period:
            raise Refused("reconcile-first", terminal=terminal)
        log.info("terminal released", terminal=terminal, operator=operator, cause=row.held)
        return await self._journal.terminal_released(terminal, operator)

    async def _gap_period(self, row: TerminalRow) -> int:
        """The period that was open when the hold was first met here. Kept in the finding that a person handles."""
        for finding in await self._journal.open_findings():
            if finding.kind == GAP and finding.subject == row.id:
                return int(str(finding.facts["period"]))
        facts = {"terminal": row.id, "period": row.period, "cause": row.held}
        await self._journal.raise_finding(GAP, row.id, facts)
        return row.period

    async def _strange_last(self, terminal: str) -> TerminalResult | None:
        """What the terminal did last, if it moved money under a reference of our form that nobody here knows."""
        try:
            state = await self._cloud.state(terminal)
            if state.reported != "idle":
                raise Refused("terminal-busy", terminal=terminal, reported=state.reported)
            last = await self._cloud.last(terminal)
        except LookUpFailed as error:
            raise NotReached("terminal-away", terminal=terminal, why=error.error) from None
        is_strange = last is not None and last.result is Result.MOVED and await self._is_strange(last.order_id)
        return last if is_strange else None

    async def _adopt_last(self, terminal: str, last: TerminalResult) -> None:
        """As what its slip says it was: without one, money taken and money given back look alike."""
        kind = kind_on_slip(f"{last.customer_slip}\n{last.merchant_slip}")
        if kind in (Kind.PURCHASE, Kind.REFUND):
            await self._journal.found(
                kind=kind,
                terminal=terminal,
                currency=self._currency,
                clinic_day=self._today(),
                result=last,
                why=UNKNOWN_REFERENCE,
            )

    async def _adopt_booked(self, practice: PracticeSystem, terminal: str) -> None:
        since = (self._clock.now() - LOOK_BACK).date().isoformat()
        for payment in await practice.payments_since(since):
            row = row_in(payment.info)
            if row is None or payment.amount_minor is None or payment.is_cancelled:
                continue
            reference, line = split_line_id(row)
            if not await self._is_strange(reference):
                continue
            amount = abs(payment.amount_minor)
            await self._journal.found(
                kind=Kind.PURCHASE if payment.amount_minor > 0 else Kind.REFUND,
                terminal=terminal,
                currency=self._currency,
                clinic_day=self._today(),
                result=TerminalResult(result=Result.MOVED, order_id=reference, total_minor=amount),
                why=GAP,
                lines=(Line(line=line, amount_minor=amount, invoice=payment.invoice, number=payment.invoice),),
                acknowledged_as={line: payment.id},
            )

    async def _is_strange(self, reference: str) -> bool:
        """Whether *reference* is whole, of our form, and not in this journal."""
        try:
            split_line_id(f"{reference}.1")
        except Wrong:
            return False
        return not await self._journal.references_like(reference)
