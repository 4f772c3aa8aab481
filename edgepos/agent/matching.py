"""What the match compares, fetched: a day's periods with their operations, and the three sides of each.

It reads the journal and the practice system and writes nothing. A practice system that cannot be reached leaves its
side empty; a report that cannot be read, or that is of another session than the journal's, leaves the terminal's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from edgepos.agent.closing_documents import Document
from edgepos.agent.log import logger
from edgepos.clock import Clock
from edgepos.domain.day import clinic_day
from edgepos.domain.errors import NotReached, Wrong
from edgepos.domain.evidence import Result, same_session
from edgepos.domain.identifiers import line_id
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.match import (
    Bookings,
    Cause,
    Difference,
    Ended,
    JournalSide,
    Row,
    TerminalMatch,
    TerminalSide,
    journal_total,
    match_period,
)
from edgepos.domain.operation import Kind, Operation, Origin, split
from edgepos.domain.slip import SlipTotals, read_slip
from edgepos.journal import FindingRow, Journal, OutboxRow, OutboxState, Period
from edgepos.practice import PracticeSystem

log = logger(__name__)

PAGE = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A period and the operations that belong to it."""

    period: Period
    operations: tuple[Operation, ...]

    @property
    def subject(self) -> str:
        """The period's name in findings and events: `TERMINAL/N`."""
        return f"{self.period.terminal}/{self.period.period}"

    @property
    def document(self) -> Document:
        names = ("terminal", "period", "session", "opened_at", "closed_at", "by", "operation")
        return {name: getattr(self.period, name) for name in names}


class Matcher:
    """*practice* is None where no practice system is set up: terminal and journal are compared all the same.

    *terminals* are those of the settings: another one, with payments in an open period, was swapped.
    """

    def __init__(
        self,
        journal: Journal,
        practice: PracticeSystem | None,
        *,
        terminals: Collection[str],
        clock: Clock,
        country: str,
        currency: str,
        zone: ZoneInfo,
        day_starts: time,
    ) -> None:
        self._journal = journal
        self._practice = practice
        self._terminals = terminals
        self._clock = clock
        self._country = country
        self._currency = currency
        self._zone = zone
        self._day_starts = day_starts

    # --- which periods

    def day(self, day: str | None) -> str:
        if day is None:
            return clinic_day(self._clock.now(), self._zone, self._day_starts)
        try:
            return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=self._zone).date().isoformat()
        except ValueError:
            raise Wrong("usage", text=day[:20], expected="YYYY-MM-DD") from None

    def _day_of(self, instant: str) -> str:
        return clinic_day(datetime.fromisoformat(instant), self._zone, self._day_starts)

    async def of_day(self, day: str) -> list[Held]:
        """Periods with an operation of *day*, or closed on it. A period may span many days: all of it is matched."""
        of_day = await self._journal.day_periods(day)
        # What never reached the terminal (no result placed it, and it is over) belongs to no period.
        waiting = [one for one in await self._journal.open_operations() if one.clinic_day == day]
        periods = []
        for row in await self._journal.terminals():
            mine = [one for one in waiting if one.terminal == row.id]
            for period in await self._since(row.id, day):
                is_here = (row.id, period.period) in of_day or any(_is_within(one, period) for one in mine)
                if is_here or (period.closed_at and self._day_of(period.closed_at) == day):
                    periods.append(period)
        return await self.held(periods)

    async def _since(self, terminal: str, day: str) -> list[Period]:
        """The periods of *terminal* from the one in which *day* began, oldest first."""
        limit = 8
        while True:
            periods = await self._journal.periods(terminal, limit=limit)
            if len(periods) < limit or self._day_of(periods[-1].opened_at) < day:
                return periods[::-1]
            limit *= 4

    async def unclosed(self) -> list[Held]:
        """Periods that no closing has yet, oldest first, the open ones last."""
        terminals = await self._journal.terminals()
        missing = {row.id for row in terminals if row.period > 1}  # in a first period nothing was closed yet
        taken: dict[str, int] = {}
        before: int | None = None
        while missing and (closings := await self._journal.closings(limit=1, before=before)):
            for period in closings[0].periods:
                terminal, number = str(period["terminal"]), int(str(period["period"]))
                taken[terminal] = max(taken.get(terminal, 0), number)
            missing -= taken.keys()
            before = closings[0].number
        periods = []
        for row in terminals:
            periods += (await self._journal.periods(row.id, limit=row.period - taken.get(row.id, 0)))[::-1]
        return await self.held(periods)

    async def held(self, periods: Sequence[Period]) -> list[Held]:
        """The periods with their operations, those too that no result has placed yet."""
        waiting = [one for one in await self._journal.open_operations() if one.period is None]
        held = []
        for period in periods:
            operations = await self._operations(terminal=period.terminal, period=period.period)
            operations += [one for one in waiting if one.terminal == period.terminal and _is_within(one, period)]
            held.append(Held(period, tuple(one for one in operations if _is_of_money(one) or one.is_open)))
        return held

    async def _operations(self, **which: Any) -> list[Operation]:
        """All operations of a search, oldest first."""
        found: list[Operation] = []
        while page := await self._journal.operations(**which, limit=PAGE, before=found[-1].id if found else None):
            found += page
            if len(page) < PAGE:
                break
        return found[::-1]

    async def period(self, terminal: str, number: int) -> Period | None:
        """One period of a terminal."""
        newest = (await self._journal.terminal(terminal)).period
        if not 1 <= number <= newest:
            return None
        found = await self._journal.periods(terminal, limit=newest - number + 1)
        return found[-1] if found and found[-1].period == number else None

    def is_swapped(self, period: Period) -> bool:
        """Whether *period* is open on a terminal that is none of ours any more: it cannot be reconciled from here."""
        return period.closed_at is None and period.terminal not in self._terminals

    def may_be_told(self, period: Period) -> bool:
        """Whether a person may tell its total: there is no report that can be read, or one in another currency."""
        if any("told_by" in total for total in period.totals):
            return True
        totals, _ = self._totals(period)
        return totals is None or totals.currency != self._currency

    # --- the three sides

    async def totals_agree(self, period: Period) -> bool | None:
        """Whether a closed period's report and the journal have the same sum; None without a report to compare."""
        totals, _ = self._totals(period)
        if totals is None or totals.currency != self._currency:
            return None
        [held] = await self.held([period])
        return journal_total(held.operations) == totals.amount_minor

    async def match(self, held: Sequence[Held], day: str | None) -> tuple[list[TerminalMatch], list[Difference]]:
        """The match of *held*; and the card payments without our reference that were booked on *day*."""
        bookings = await self._bookings(held, day)
        findings = await self._journal.open_findings()
        unseen = frozenset(finding.subject for finding in findings)
        pending = {row.row: row.state for row in await self._journal.queued()}
        pending |= {row.row: row.state for row in await self._parked()}
        matches = []
        for one in held:
            is_gap = any(
                finding.kind == Cause.BEFORE_THIS_JOURNAL
                and finding.subject == one.period.terminal
                and finding.facts.get("period") == one.period.period
                for finding in findings
            )
            side = replace(
                self._terminal_side(one.period), foreign_sales=_foreign_sales(findings, one), is_before_journal=is_gap
            )
            journal = await self._journal_side(one, pending, unseen, bookings)
            matches.append(match_period(side, journal, bookings))
        if bookings is None or day is None:
            return matches, []
        return matches, [_without(one) for one in self._booked_on(bookings.left, day)]

    async def _bookings(self, held: Sequence[Held], day: str | None) -> Bookings | None:
        days = [operation.clinic_day for one in held for operation in one.operations]
        nothing = None if days else Bookings(())  # where nothing was paid, nothing has to be booked
        if self._practice is None or not (days or day):
            return nothing
        try:
            return Bookings(await self._practice.payments_since(min([*days, *([day] if day else [])])))
        except NotReached as away:
            log.info("match without the practice system", cause=away.code)
            return nothing

    def _booked_on(self, payments: Iterable[PracticePayment], day: str) -> Iterable[PracticePayment]:
        for payment in payments:
            try:
                at = datetime.fromisoformat(payment.created_at)
            except ValueError:
                yield payment  # better listed on each day than on none
                continue
            if clinic_day(at.replace(tzinfo=at.tzinfo or self._zone), self._zone, self._day_starts) == day:
                yield payment

    async def _parked(self) -> list[OutboxRow]:
        parked: list[OutboxRow] = []
        while page := await self._journal.outbox(
            OutboxState.PARKED, limit=PAGE, before=parked[-1].row if parked else None
        ):
            parked += page
        return parked

    def _terminal_side(self, period: Period) -> TerminalSide:
        totals, is_unread = self._totals(period)
        return TerminalSide(
            terminal=period.terminal,
            period=period.period,
            session=period.session or "",
            ended=Ended.SWAP if self.is_swapped(period) else Ended(period.by or "open"),
            currency=self._currency,
            totals=totals,
            is_unread=is_unread,
        )

    def _totals(self, period: Period) -> tuple[SlipTotals | None, bool]:
        """What a person told; else the report's, from its text; without a text, those that came as numbers. Text and
        numbers are never taken against each other."""
        if any("told_by" in total for total in period.totals):
            on_paper = sum(int(str(total["amount_minor"])) for total in period.totals)
            return SlipTotals((), 0, on_paper, self._currency, period.session or ""), False
        told = [int(str(total["amount_minor"])) for total in period.totals if "amount_minor" in total]
        if not period.slip:
            counts = [int(str(total.get("count") or 0)) for total in period.totals]
            known = SlipTotals((), sum(counts), sum(told), self._currency, period.session or "")
            return (known if told else None), False
        read = read_slip(period.slip, country=self._country, currency=self._currency).totals
        if read is None or (told and sum(told) != read.amount_minor):
            return None, True
        if period.session and not same_session(read.session, period.session):
            return None, True
        return read, False

    async def _journal_side(
        self, held: Held, pending: dict[str, OutboxState], unseen: frozenset[str], bookings: Bookings | None
    ) -> JournalSide:
        rows: dict[str, Sequence[Row]] = {}
        period_of: dict[str, int | None] = {one.id: one.period for one in held.operations}
        for operation in held.operations:
            if operation.moved_minor:
                rows[operation.id] = [row async for row in self._rows(operation, pending, bookings)]
            if operation.kind is Kind.REVERSAL and operation.corrects and operation.corrects not in period_of:
                period_of[operation.corrects] = (await self._journal.operation(operation.corrects)).period
        return JournalSide(operations=held.operations, rows=rows, period_of=period_of, unseen=unseen)

    async def _rows(
        self, operation: Operation, pending: dict[str, OutboxState], bookings: Bookings | None
    ) -> AsyncIterator[Row]:
        """The bookings of *operation*. Most are found by their reference; only for the rest is the outbox asked."""
        sign = 1 if operation.kind is Kind.PURCHASE else -1
        shares = split(operation.moved_minor, operation.lines)
        for line, share in zip(operation.lines, shares, strict=True):
            minor = share if line.kept_minor is None else line.kept_minor
            row = Row(row=line_id(operation.id, line.line), invoice=line.invoice or "", amount_minor=sign * minor)
            if line.invoice is None or not minor:
                continue
            if row.row in pending:
                yield replace(row, state=str(pending[row.row]))
            elif bookings is None or bookings.has(row.row):
                yield row
            else:
                for kept in await self._journal.outbox_of(operation.id):
                    if kept.row == row.row:
                        yield replace(row, adopted=kept.practice_payment)


def _without(payment: PracticePayment) -> Difference:
    ids = (payment.id, payment.invoice)
    return Difference(cause=Cause.WITHOUT_REFERENCE, minor=payment.amount_minor, ids=ids, is_harmless=True)


def _is_of_money(operation: Operation) -> bool:
    return operation.kind is not Kind.RECONCILIATION


def _is_within(operation: Operation, period: Period) -> bool:
    """Whether *operation* belongs to *period*. One that no result has placed yet belongs to the open period in any
    case, and to a closed one if it was intended before that closed: listed twice is better than lost.
    """
    if operation.period is not None:
        return operation.period == period.period
    return period.closed_at is None or period.opened_at <= operation.created_at < period.closed_at


def _foreign_sales(findings: Iterable[FindingRow], held: Held) -> tuple[tuple[str, int], ...]:
    """Findings of sales in this period that are not ours, with their amounts, less those recorded from their slips."""
    recorded = [operation.moved_minor for operation in held.operations if operation.origin is Origin.RECORDED]
    sales = []
    for finding in findings:
        minor = _foreign_minor(finding.facts, held.period) if finding.kind == "foreign-transaction" else 0
        if minor in recorded:
            recorded.remove(minor)
        elif minor:
            sales.append((finding.finding, minor))
    return tuple(sales)


def _foreign_minor(facts: Mapping[str, Any], period: Period) -> int:
    """What a result that is not ours moved in *period*; 0 if it stands in another one, or moved nothing."""
    result = facts.get("result") or {}
    if facts.get("terminal") != period.terminal or result.get("result") != Result.MOVED:
        return 0
    is_here = same_session(str(result.get("session", "")), period.session or "")
    return int(result.get("total_minor") or 0) if is_here else 0
