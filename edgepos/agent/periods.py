"""Reconciliations and the sessions that they close.

A lost answer to a reconciliation is never cured by a repeat (the second report is empty): what became of it shows in
the session number of the terminal's next operation, or of a second reconciliation. So an unknown one waits in the
journal, holds nothing but the day's closing, and is decided here when a session is seen.
"""

from __future__ import annotations

from dataclasses import asdict

from edgepos.agent.health import Health
from edgepos.agent.log import logger
from edgepos.agent.ports import Cloud
from edgepos.clock import Clock
from edgepos.connectcloud import LookUpFailed, ReconciliationSlip
from edgepos.domain.errors import NotReached
from edgepos.domain.evidence import (
    REFUSAL_LOOK_S,
    Next,
    Verdict,
    decide_reconciliation,
    same_as_fence,
)
from edgepos.domain.operation import Kind, Operation, State
from edgepos.domain.result import NoAnswer, OwnReply, Result, TerminalResult
from edgepos.domain.slip import SlipTotals, paid_in, read_slip
from edgepos.journal import Journal, PeriodEnd

log = logger(__name__)

REPORT_CURRENCY = "report-currency"
"""The finding of a terminal whose slips are in another currency than the settings."""


class Periods:
    """*country* and *currency* say how the terminals' reports are read."""

    def __init__(
        self, journal: Journal, cloud: Cloud, health: Health, *, clock: Clock, country: str, currency: str
    ) -> None:
        self._journal = journal
        self._cloud = cloud
        self._health = health
        self._clock = clock
        self._country = country
        self._currency = currency

    async def conclude(
        self, operation: Operation, reply: OwnReply | NoAnswer | None, slip: ReconciliationSlip | None
    ) -> Operation:
        """Write down what became of a reconciliation, as far as its own answer tells."""
        if slip is not None:
            await self.session_seen(operation.terminal, slip.session, but=operation.id)
        row = await self._journal.terminal(operation.terminal)
        verdict = decide_reconciliation(
            reply,
            has_slip=slip is not None,
            open_session=row.session or "",
            later_session="",
            is_last_unchanged=await self._is_refused_and_unchanged(operation, reply),
        )
        return await self._write(operation, verdict, reply, slip, row.session)

    async def session_seen(self, terminal: str, session: str, *, but: str = "") -> None:
        """A newer operation of *terminal* stands in *session*: what that proves of a lost reconciliation before it."""
        if not session:
            return
        for operation in await self._journal.open_operations():
            is_lost = operation.kind is Kind.RECONCILIATION and operation.state is State.UNKNOWN
            if operation.terminal == terminal and is_lost and operation.id != but:
                row = await self._journal.terminal(terminal)
                verdict = decide_reconciliation(
                    None, has_slip=False, open_session=row.session or "", later_session=session
                )
                await self._write(operation, verdict, None, None, row.session)

    async def _is_refused_and_unchanged(self, operation: Operation, reply: OwnReply | NoAnswer | None) -> bool:
        if not isinstance(reply, OwnReply) or not reply.is_refusal:
            return False
        await self._clock.sleep(REFUSAL_LOOK_S)
        try:
            state = await self._health.ask(operation.terminal)
            if state.reported != "idle":
                return False
            return same_as_fence(operation.fence, await self._cloud.last(operation.terminal))
        except (NotReached, LookUpFailed):
            return False

    async def _write(
        self,
        operation: Operation,
        verdict: Verdict,
        reply: OwnReply | NoAnswer | None,
        slip: ReconciliationSlip | None,
        open_session: str | None,
    ) -> Operation:
        terminal = operation.terminal
        if verdict.then is not Next.DECIDED:
            for finding in verdict.findings:
                await self._journal.raise_finding(finding.kind, operation.id, {"terminal": terminal, **finding.facts})
            if operation.state is State.UNKNOWN:
                return operation
            cause = reply.cause if isinstance(reply, NoAnswer) else verdict.cause or "no-answer"
            log.warning("outcome unknown", payment=operation.id, terminal=terminal, cause=cause)
            return await self._journal.unknown(operation.id, cause, {"answer": cause})
        closes = None
        if verdict.state is State.APPROVED:
            closes = self._end(slip) if slip is not None else PeriodEnd(session=open_session)
            self._health.reconciled(terminal)
        elif verdict.result is not None:
            self._health.note_result(terminal, verdict.result)
        log.info("decided", payment=operation.id, terminal=terminal, state=verdict.state, cause=verdict.cause)
        decided = await self._journal.decided(operation.id, verdict, closes=closes)
        if verdict.state is State.APPROVED and slip is not None and (read := self._read(slip)) is not None:
            await self._compare_currency(terminal, frozenset({read.currency}))
        return decided

    def _end(self, slip: ReconciliationSlip) -> PeriodEnd:
        """The slip word for word, and its totals: as they came in numbers, else as they can be read from the text."""
        totals = [asdict(total) for total in slip.totals]
        if not totals:
            read = self._read(slip)
            totals = [asdict(total) for total in read.by_scheme] if read is not None else []
        return PeriodEnd(session=slip.session or None, totals=tuple(totals), slip=slip.text)

    def _read(self, slip: ReconciliationSlip) -> SlipTotals | None:
        return read_slip(slip.text, country=self._country, currency=self._currency).totals

    async def result_seen(self, terminal: str, result: TerminalResult) -> None:
        """A payment ended: its slip names the currency in which money was taken, hours before any report does."""
        if result.result is Result.MOVED:
            await self._compare_currency(terminal, paid_in(result.customer_slip or result.merchant_slip))

    async def _compare_currency(self, terminal: str, found: frozenset[str]) -> None:
        """A terminal that prints another currency than the one set up takes the wrong money: said until it is so no
        more. A slip in two currencies (the card's own beside ours) says nothing against it."""
        if found and self._currency not in found:
            facts = {"terminal": terminal, "found": ", ".join(sorted(found)), "expected": self._currency}
            await self._journal.raise_finding(REPORT_CURRENCY, terminal, facts)
        elif found:
            for finding in await self._journal.open_findings():
                if (finding.kind, finding.subject) == (REPORT_CURRENCY, terminal):
                    await self._journal.handle_finding(finding.finding, "agent", f"a slip is in {self._currency}")
