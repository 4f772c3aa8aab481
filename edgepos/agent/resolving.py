"""From a request that was sent to its outcome: waits, asks the terminal, and lets `domain.evidence.decide` judge.

Order of connectcloud.md §6: wait, ask the state until idle, look up the last result; again with growing pauses. A look
at a working terminal might stop what it does, so none is made before it is idle, or the longest operation is over. What
cannot be proven stays unknown, is said so at once, and holds its terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import TYPE_CHECKING

from edgepos.agent.log import logger
from edgepos.connectcloud import LookUpFailed, TerminalOffline
from edgepos.domain.errors import NotReached, Refused
from edgepos.domain.evidence import (
    RESTART_CODES,
    Asked,
    Known,
    Next,
    Verdict,
    decide,
    same_as_fence,
)
from edgepos.domain.operation import Kind, Operation, State
from edgepos.domain.result import LookUp, NoAnswer, OwnReply, TerminalResult

if TYPE_CHECKING:
    from edgepos.agent.worker import Tools

log = logger(__name__)

PAUSES_S = (5.0, 10.0, 20.0)
LONG_PAUSE_S = 30.0
PERSON_PAUSE_S = 600.0
"""Where no look can prove anything, the terminal is still asked now and then."""
AWAY_MAX_S = 15.0
"""The longest pause between two questions to a terminal or cloud that is away."""


def whole_extra(payment: Operation) -> int:
    """What a reversal takes back beyond the goods: the tip and the surcharge that the terminal took with them."""
    return payment.tip_minor + payment.surcharge_minor


@dataclass(slots=True)
class Case:
    """Everything seen of one operation since it was sent."""

    operation: Operation
    asked: Asked
    reply: OwnReply | NoAnswer | None
    sent_at: float
    """`Clock.monotonic()` of the sending, or of the agent's start where that was in another boot."""
    restart_at: float | None = None
    """When the terminal last showed a sign of restarting."""
    looks: list[LookUp] = field(default_factory=list)
    raised: set[str] = field(default_factory=set)
    """Kinds of findings said already: a person may have handled them since."""

    @classmethod
    async def of(cls, operation: Operation, reply: OwnReply | NoAnswer | None, tools: Tools) -> Case:
        is_same_boot = operation.sent_boot_id == tools.clock.boot_id() and operation.sent_boottime_ms is not None
        sent_at = (operation.sent_boottime_ms or 0) / 1000 if is_same_boot else tools.began_at
        corrected = await tools.journal.operation(operation.corrects) if operation.corrects else None
        is_reversal = operation.kind is Kind.REVERSAL and corrected is not None
        case = cls(
            operation=operation,
            asked=Asked(
                kind=operation.kind,
                reference=operation.id,
                terminal=operation.terminal,
                amount_minor=operation.asked_minor + (whole_extra(corrected) if is_reversal and corrected else 0),
                fence=operation.fence,
                corrected_reference=corrected.id if is_reversal and corrected else "",
                corrected_stan=str(corrected.result.get("stan_auth", "")) if is_reversal and corrected else "",
                longest_operation_s=tools.times.longest_operation_s,
            ),
            reply=reply,
            sent_at=sent_at,
            # Another boot: the clinic may have lost its power, and the terminal with it.
            restart_at=None if is_same_boot else tools.began_at,
        )
        if isinstance(reply, OwnReply):
            case.reply = replace(reply, elapsed_s=tools.clock.monotonic() - sent_at)
            if reply.codes & RESTART_CODES:
                case.restart_at = tools.clock.monotonic()
        return case

    def add(self, look: LookUp) -> None:
        """Keep *look*. Of many that say the same the first and the last two tell everything."""
        if len(self.looks) >= 3 and all(one.result == look.result for one in self.looks[-2:]):
            self.looks.pop()
        self.looks.append(look)


class Resolver:
    """Finds out what became of one terminal's operation."""

    def __init__(self, terminal: str, tools: Tools) -> None:
        self._terminal = terminal
        self._tools = tools
        self._nudged = asyncio.Event()
        self.is_looking = False
        self.cause: str | None = None

    def nudge(self) -> None:
        """Look now: somebody asks, or a person has closed the operation."""
        self._nudged.set()

    async def resolve(self, case: Case, *, tried: asyncio.Event) -> Operation:
        """Until the operation is closed, by evidence or by a person. Gives it as it is then."""
        self._nudged.clear()
        try:
            for pause_s in self._pauses(case):
                verdict = await self._judge(case)
                if verdict.then is Next.DECIDED:
                    return await self._conclude(case, verdict)
                await self._stay_unknown(case, verdict)
                if not await self._another_look(case, verdict, pause_s, tried):
                    return await self._tools.journal.operation(case.operation.id)
            raise AssertionError("pauses never end")
        finally:
            self.cause = None

    async def _judge(self, case: Case) -> Verdict:
        """`decide`, except that on a held terminal others may have run since: only our own reference proves."""
        verdict = decide(case.asked, case.reply, case.looks, await self._known(case))
        held = (await self._tools.journal.terminal(self._terminal)).held
        if held and verdict.then is Next.DECIDED and verdict.state is not State.APPROVED:
            return Verdict(then=Next.PERSON, state=State.UNKNOWN, cause="terminal-held", result=verdict.result)
        return verdict

    def _pauses(self, case: Case) -> Iterator[float]:
        """How long to wait before each look. After a restart, however long it took, the first is at once."""
        first = (0.0,) if case.reply is None else (self._tools.times.lookup_first_s,)
        return chain(first, PAUSES_S[1:] if case.reply is not None else PAUSES_S, repeat(LONG_PAUSE_S))

    async def _known(self, case: Case) -> Known:
        journal = self._tools.journal
        own = case.reply.result if isinstance(case.reply, OwnReply) else None
        newest = case.looks[-1].result if case.looks else own
        order_id = newest.order_id if newest else ""
        return Known(
            echoes_order_id=(await journal.terminal(self._terminal)).echoes,
            seen_stans=await journal.stans(self._terminal),
            references_like=await journal.references_like(order_id) if order_id else (),
        )

    async def _stay_unknown(self, case: Case, verdict: Verdict) -> None:
        """Say it is not known, as soon as a certain answer can no longer come by itself."""
        self.cause = verdict.cause
        journal, operation = self._tools.journal, case.operation
        for finding in verdict.findings:
            if finding.kind in case.raised:
                continue
            case.raised.add(finding.kind)
            await journal.raise_finding(finding.kind, operation.id, finding.facts)
        is_refused = isinstance(case.reply, OwnReply) and case.reply.is_refusal and not case.looks
        if operation.state is not State.UNKNOWN and not is_refused:
            cause = case.reply.cause if isinstance(case.reply, NoAnswer) else verdict.cause
            case.operation = await journal.unknown(operation.id, cause or "no-answer", _seen(case.reply))
            log.warning("outcome unknown", payment=operation.id, terminal=self._terminal, cause=cause)

    async def _another_look(self, case: Case, verdict: Verdict, pause_s: float, tried: asyncio.Event) -> bool:
        """Wait for the time and for the terminal, then look. False: the operation was closed meanwhile."""
        elapsed = self._elapsed(case)
        wait_s = PERSON_PAUSE_S if verdict.then is Next.PERSON else max(pause_s, verdict.look_at_s - elapsed)
        away_s = self._tools.times.poll_recovery_s
        while True:
            if wait_s > 0:
                tried.set()
                await self._rest(wait_s)
            if not (await self._tools.journal.operation(case.operation.id)).is_open:
                return False
            look, is_there = await self._look(case)
            tried.set()
            if look is not None:
                case.add(look)
                return True
            await self._stay_unknown(case, Verdict(then=Next.LOOK_AGAIN, state=State.UNKNOWN, cause="terminal-away")
                                     if not is_there else verdict)  # fmt: skip
            away_s = self._tools.times.poll_recovery_s if is_there else min(away_s * 2, AWAY_MAX_S)
            wait_s = away_s

    async def _look(self, case: Case) -> tuple[LookUp | None, bool]:
        """One look-up at idle, or None where it cannot be had now; and whether the terminal answers at all."""
        tools = self._tools
        try:
            state = await tools.health.ask(self._terminal)
        except NotReached:
            return None, False
        if state.is_offline:
            case.restart_at = tools.clock.monotonic()
            return None, False
        is_over = self._elapsed(case) >= case.asked.longest_operation_s
        if state.reported != "idle" and not is_over:
            return None, True
        self.is_looking = True
        try:
            result = await tools.cloud.last(self._terminal)
        except TerminalOffline:
            case.restart_at = tools.clock.monotonic()
            return None, False
        except (LookUpFailed, NotReached):
            return None, True
        finally:
            self.is_looking = False
        if state.reported not in ("idle", None) and same_as_fence(case.asked.fence, result):
            return None, True  # it works on something, perhaps still ours: the old record proves nothing
        return self._as_look(case, result), True

    def _as_look(self, case: Case, result: TerminalResult | None) -> LookUp:
        now = self._tools.clock.monotonic()
        offline_at = self._tools.health.terminals[self._terminal].offline_at
        signs = [at for at in (case.restart_at, offline_at) if at is not None and at >= case.sent_at]
        return LookUp(result=result, elapsed_s=now - case.sent_at, since_restart_s=now - max(signs) if signs else None)

    async def _conclude(self, case: Case, verdict: Verdict) -> Operation:
        """Commit the outcome. If a person was faster, their word stands, and the terminal's is held against it."""
        journal, operation = self._tools.journal, case.operation
        present = await journal.operation(operation.id)
        if not present.is_open:
            with contextlib.suppress(Refused):  # of our form and unknown: it is held now, and said
                await self._tools.record.compare(self._terminal, verdict.result)
            return present
        if verdict.result is not None:
            await self._tools.periods.session_seen(self._terminal, verdict.result.session)
        present = await journal.decided(operation.id, verdict)
        if verdict.result is not None:
            await self._tools.periods.result_seen(self._terminal, verdict.result)
        self._tools.health.note_result(self._terminal, verdict.result)
        log.info("decided", payment=operation.id, terminal=self._terminal, state=present.state, cause=verdict.cause)
        return present

    def _elapsed(self, case: Case) -> float:
        return self._tools.clock.monotonic() - case.sent_at

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
        except TimeoutError:
            return
        finally:
            self._nudged.clear()


def _seen(reply: OwnReply | NoAnswer | None) -> dict[str, object]:
    """What is worth keeping of an answer that proves nothing."""
    if isinstance(reply, NoAnswer):
        return {"answer": reply.cause}
    if isinstance(reply, OwnReply):
        seen: dict[str, object] = {"answer": "accepted" if reply.accepted else "refused", "error": reply.error}
        return seen if reply.result is None else {**seen, "result": reply.result.kept()}
    return {"answer": "restart"}
