"""One terminal's worker: takes its operations through checks, sending and outcome, one at a time.

Its place in the order of things is the journal's: an `intended` row is here and nothing was sent; then `sent` with its
fence is durable; then the request goes out, once; then resolving.py finds out what became of it. Whatever interrupts
this (a kill, a cut, a cancelled task) leaves a row from which the next start goes on. Nothing here ever sends again,
and a refusal before sending ends the row as `not_started` with its cause.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from edgepos.agent.conditions import Conditions
from edgepos.agent.health import Health
from edgepos.agent.log import logger
from edgepos.agent.periods import Periods
from edgepos.agent.ports import Cloud, Desk
from edgepos.agent.record import TerminalRecord
from edgepos.agent.resolving import Case, Resolver, whole_extra
from edgepos.agent.settings import TerminalSettings, Times
from edgepos.clock import Clock
from edgepos.connectcloud import LookUpFailed, TerminalOffline
from edgepos.domain.errors import EdgeposError, NotReached, Refused
from edgepos.domain.evidence import Next, Verdict
from edgepos.domain.operation import NOTHING_MOVED, Kind, Operation, State
from edgepos.domain.result import NoAnswer, OwnReply, TerminalResult
from edgepos.journal import Event, Journal

log = logger(__name__)

AFTER_LOOKS_S = (15.0, 50.0)
"""After an end in which nothing moved, the terminal is asked once more at these seconds: an approval may come later."""
IDLE_PAUSES_S = (0.8, 1.2)
"""How long a terminal may still be busy with the last slip before a person is told: together less than 3 s."""
ANSWER_S = 10.0
"""A call this young may go out on a line of which the last question said that it is dead."""
IDLE_WITHOUT_ANSWER_S = 20.0
"""A terminal that has shown itself idle for this long after the sending is done with it, and its answer is overdue."""
CANCEL_AFTER_S = 1.0
"""A wish to stop that overtakes its payment stops nothing."""
TOKEN_BEYOND_S = 600.0
"""What a token has to have left beyond the longest operation (connectcloud.md §1.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every worker works with."""

    journal: Journal
    cloud: Cloud
    desk: Desk
    health: Health
    conditions: Conditions
    record: TerminalRecord
    periods: Periods
    clock: Clock
    times: Times
    began_at: float
    """`Clock.monotonic()` at the agent's start: what elapsed is counted from for operations of another boot."""


class Worker:
    """The worker of one terminal. `run` is its life; everything else may be called while it runs."""

    def __init__(self, terminal: TerminalSettings, tools: Tools) -> None:
        self.terminal = terminal
        self._tools = tools
        self._resolver = Resolver(terminal.id, tools)
        self._wake = asyncio.Event()
        self._after: list[float] = []
        self._is_stranger = False
        """This journal has never used it, and has not looked at it yet."""
        self._posted_at: float | None = None
        self._cancelling: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self.tried = asyncio.Event()
        """Set once what was open at the start was decided, or looked at and found to need more time."""
        self.is_idle = True
        self.step = ""
        """What is being done for the open operation, for the screen: checking, at_terminal, looking."""
        self.at_work_on: str | None = None

    # --- what others ask of it

    def wake(self) -> None:
        """Something about this terminal is new in the journal."""
        self._wake.set()

    def look_again(self) -> None:
        """A person asks, or has closed the operation: do not wait for the next look's time."""
        self._resolver.nudge()

    @property
    def waiting_for(self) -> str | None:
        """Why the open operation is not decided yet."""
        return self._resolver.cause or ("line-lost" if self._is_line_lost else None)

    @property
    def _is_line_lost(self) -> bool:
        """The call that waits for the terminal's answer is silent, and so is Nets; or the terminal is long idle again.

        Nothing is decided by it: the answer may still come, and the end of the call brings the looks.
        """
        if self._posted_at is None:
            return False
        health, now = self._tools.health, self._tools.clock.monotonic()
        idle_s = health.idle_s(self.terminal.id, since=self._posted_at)
        return (not health.is_nets_ok and now - self._posted_at > ANSWER_S) or idle_s > IDLE_WITHOUT_ANSWER_S

    async def cancel(self, operation: Operation, operator: str) -> Operation:
        """Ask the terminal to stop. A wish: the outcome is the operation's own. Raises Refused `cancel-too-late`."""
        if operation.kind is Kind.RECONCILIATION or not operation.is_open or not self._may_cancel(operation):
            if operation.state is State.CANCELLED:
                return operation
            raise Refused("cancel-too-late", payment=operation.id, state=str(operation.state))
        operation = await self._tools.journal.stop_asked(operation.id, operator)
        at_terminal = operation.state in (State.SENT, State.UNKNOWN)
        if at_terminal and self._group is not None and (self._cancelling is None or self._cancelling.done()):
            self._cancelling = self._group.create_task(self._send_cancel(operation), name=f"cancel {operation.id}")
        return operation

    def _may_cancel(self, operation: Operation) -> bool:
        """No wish to stop goes out once a reply or a look-up is under way: it could hit what comes next."""
        if operation.state is State.INTENDED:
            return True
        if self._resolver.is_looking:
            return False
        is_posting = self._posted_at is not None
        seen = self._tools.health.terminals[self.terminal.id]
        return is_posting or (operation.state is State.UNKNOWN and seen.reported not in ("idle", None))

    async def _send_cancel(self, operation: Operation) -> None:
        if self._posted_at is not None:
            await self._tools.clock.sleep(self._posted_at + CANCEL_AFTER_S - self._tools.clock.monotonic())
            if self._posted_at is None:
                return
        try:
            was_taken = await self._tools.cloud.cancel(self.terminal.id)
            log.info(
                "stop asked",
                payment=operation.id,
                terminal=self.terminal.id,
                status="taken" if was_taken else "refused",
            )
        except NotReached as error:
            log.warning("the wish to stop did not get through", payment=operation.id, cause=error.code)

    # --- its life

    async def run(self) -> None:
        """For ever: the next operation, or the looks after the last one."""
        async with asyncio.TaskGroup() as self._group:
            await self._plan_after_looks()
            while True:
                self._wake.clear()
                operation = await self._open_operation()
                if operation is None:
                    self.is_idle, self.step, self.at_work_on = True, "", None
                    self.tried.set()
                    await self._rest()
                    continue
                self.is_idle, self.at_work_on = False, operation.id
                await self._live(operation)

    async def _open_operation(self) -> Operation | None:
        for operation in await self._tools.journal.open_operations():
            is_held_back = operation.kind is Kind.RECONCILIATION and operation.state is State.UNKNOWN
            if operation.terminal == self.terminal.id and not is_held_back:
                return operation
        return None

    async def _live(self, operation: Operation) -> None:
        if operation.state is State.INTENDED:
            await self._begin(operation)
        else:
            await self._resolve(operation, None)

    async def _begin(self, operation: Operation) -> None:
        self.step = "checking"
        try:
            fence = await self._check(operation)
        except EdgeposError as why:
            await self._end_unsent(operation, why)
            return
        operation = await self._tools.journal.sent(operation.id, fence.fence if fence else None)
        if operation.stop_asked_at:  # asked during the checks: nothing has left the box
            await self._end_unsent(operation, Refused("cancelled"))
            return
        await self._send(operation)

    async def _check(self, operation: Operation) -> TerminalResult | None:
        """Everything that has to be fine before money is sent, the cheapest first; gives the terminal's last result.

        Raises EdgeposError with the cause if it is not. Nothing has been sent then.
        """
        tools, terminal = self._tools, self.terminal.id
        tools.conditions.demand()
        if self._cancelling is not None and not self._cancelling.done():
            await asyncio.wait({self._cancelling})  # a wish to stop that is still on its way would hit this one
        if operation.kind is Kind.PURCHASE:
            await tools.desk.still_due(operation)
        await tools.cloud.ensure_token(tools.times.longest_operation_s + TOKEN_BEYOND_S)
        last = await self._last_at_idle()
        if operation.kind is not Kind.RECONCILIATION:
            await tools.record.compare(terminal, last)
        if operation.kind is Kind.REVERSAL:
            await self._demand_last(operation, last)
        return last

    async def _last_at_idle(self) -> TerminalResult | None:
        """The terminal's last result, as soon as it is idle; it may still be printing the last slip for a moment."""
        terminal, busy = self.terminal.id, Refused("terminal-busy", terminal=self.terminal.id)
        for pause_s in (0.0, *IDLE_PAUSES_S):
            await self._tools.clock.sleep(pause_s)
            state = await self._tools.health.ask(terminal)
            if state.is_offline:
                raise NotReached("terminal-away", terminal=terminal)
            if state.reported != "idle":
                busy = Refused("terminal-busy", terminal=terminal, reported=state.reported)
                continue
            try:
                return await self._tools.cloud.last(terminal)
            except TerminalOffline:
                raise NotReached("terminal-away", terminal=terminal) from None
            except LookUpFailed as error:
                busy = Refused("terminal-busy", terminal=terminal, reported=error.error)
        raise busy

    async def _demand_last(self, operation: Operation, last: TerminalResult | None) -> None:
        """The terminal's last result has to be the very payment: a reversal hits whatever is last."""
        payment = await self._tools.journal.operation(operation.corrects or "")
        is_it = (
            last is not None
            and bool(last.stan_auth)
            and last.stan_auth == payment.result.get("stan_auth")
            and last.order_id == payment.id
            and not self.terminal.keypad_sales
        )
        if not is_it:
            raise Refused("not-last", payment=payment.id, terminal=self.terminal.id)

    async def _end_unsent(self, operation: Operation, why: EdgeposError) -> None:
        evidence = (
            "never-sent",
            *(f"{name}={value}" for name, value in why.facts.items() if name in ("why", "reported")),
        )
        verdict = Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause=why.code, evidence=evidence)
        await self._tools.journal.decided(operation.id, verdict)
        log.info("not sent", payment=operation.id, terminal=self.terminal.id, cause=why.code)

    async def _send(self, operation: Operation) -> None:
        self.step = "at_terminal"
        self._posted_at = self._tools.clock.monotonic()
        log.info("sent", payment=operation.id, terminal=self.terminal.id)
        slip = None
        try:
            if operation.kind is Kind.RECONCILIATION:
                reply, slip = await self._tools.cloud.reconcile(self.terminal.id)
            else:
                reply = await self._request(operation)
        except NotReached as why:  # the connection was refused: not one byte has left
            await self._end_unsent(operation, why)
            return
        finally:
            self._posted_at = None
        if operation.kind is Kind.RECONCILIATION:
            await self._tools.periods.conclude(operation, reply, slip)
            return
        self._tools.health.note_result(self.terminal.id, None, reply if isinstance(reply, OwnReply) else None)
        await self._resolve(operation, reply)

    async def _request(self, operation: Operation) -> OwnReply | NoAnswer:
        cloud, terminal = self._tools.cloud, self.terminal.id
        match operation.kind:
            case Kind.PURCHASE:
                return await cloud.purchase(terminal, operation.asked_minor, operation.id)
            case Kind.REFUND:
                return await cloud.refund(terminal, operation.asked_minor, operation.id)
            case Kind.REVERSAL:
                payment = await self._tools.journal.operation(operation.corrects or "")
                return await cloud.reverse(terminal, operation.asked_minor + whole_extra(payment))
            case _:
                raise ValueError(f"{operation.kind} is no money")

    async def _resolve(self, operation: Operation, reply: OwnReply | NoAnswer | None) -> None:
        self.step = "looking"
        if operation.kind is Kind.RECONCILIATION:
            await self._tools.periods.conclude(operation, reply, None)
            return
        case = await Case.of(operation, reply, self._tools)
        ended = await self._resolver.resolve(case, tried=self.tried)
        if ended.state in NOTHING_MOVED:
            now = self._tools.clock.monotonic()
            self._after = [now + seconds for seconds in AFTER_LOOKS_S]

    # --- afterwards

    async def _plan_after_looks(self) -> None:
        """Looks that a restart has cut short are made up for: nobody knows how long the agent was away.

        A terminal that this journal has never used is looked at at once: another box may have used it (holding.py).
        """
        newest = await self._tools.journal.operations(terminal=self.terminal.id, limit=1)
        now = self._tools.clock.monotonic()
        if not newest:
            self._after, self._is_stranger = [now], True
        elif newest[0].state in NOTHING_MOVED and newest[0].fence is not None:
            self._after = [now + seconds for seconds in AFTER_LOOKS_S]

    async def _rest(self) -> None:
        """Until there is something to do, or a look after the last operation is due."""
        if not self._after:
            await self._wake.wait()
            return
        try:
            async with asyncio.timeout(max(self._after[0] - self._tools.clock.monotonic(), 0)):
                await self._wake.wait()
        except TimeoutError:
            del self._after[0]
            if await self._look_afterwards():
                self._is_stranger = False
            elif self._is_stranger:
                self._after.append(self._tools.clock.monotonic() + self._tools.times.poll_s)

    async def _look_afterwards(self) -> bool:
        """Hold the terminal's last result against the journal; False if it could not be had now."""
        try:
            state = await self._tools.health.ask(self.terminal.id)
            if state.reported != "idle" or state.is_offline or self._wake.is_set():
                return False
            last = await self._tools.cloud.last(self.terminal.id)
        except (NotReached, LookUpFailed) as error:
            log.debug("no look afterwards", terminal=self.terminal.id, cause=str(error))
            return False
        with contextlib.suppress(Refused):  # it is held now, and said
            await self._tools.record.compare(self.terminal.id, last)
        return True


class Crew:
    """All workers."""

    def __init__(self, terminals: Sequence[TerminalSettings], tools: Tools) -> None:
        self.workers = {terminal.id: Worker(terminal, tools) for terminal in terminals}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for worker in self.workers.values():
                group.create_task(worker.run(), name=f"worker of {worker.terminal.name}")

    def hear(self, events: Sequence[Event]) -> None:
        """The journal has something new: an intent to carry out, or an end that a person gave."""
        for event in events:
            if event.kind == "operation.intended":
                self.workers[str(event.fields["terminal"])].wake()
            elif event.kind == "operation.settled":
                for worker in self.workers.values():
                    worker.look_again()

    @property
    def is_at_terminal(self) -> bool:
        """Whether an answer of a terminal is being waited for, or a request is about to leave."""
        return any(not worker.is_idle and worker.step != "looking" for worker in self.workers.values())
