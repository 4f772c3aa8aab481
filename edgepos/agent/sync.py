"""The one sender of the outbox: each row becomes exactly one payment in the practice system, or stands parked in sight.

The steps are those of protocols/provet.md §11. Their one rule: nothing is posted before a look at the invoice's own
payments, and what may have been posted is looked up twice, far enough apart, before it is posted again.

* A lane is an invoice with its waiting rows in their order; one request that changes something is in flight in a lane,
  lanes run side by side. One bad row holds up nobody else: a refusal parks it, a temporary error only delays its lane.
* There is no limit of time or tries, and nothing is dropped.
* What was posted without an answer is known in memory only (a durable mark at each try would wear out the disk): so
  after a start that did not follow a clean end, every waiting row counts as one that may have been sent.
* While the practice system is away (three lanes in a row failed) one lane after another asks how it is.

It writes nothing to the journal but acknowledgements, parkings, releases and findings.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
import weakref
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence

from edgepos.agent.lanes import DEFAULT_RULES, Doubt, Lane, MoneyBack, SyncRules, Tried, denied, lanes_of
from edgepos.chance import Chance
from edgepos.clock import Clock
from edgepos.domain.booking import Booked, Stop, look_up, obstacle
from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.operation import Origin
from edgepos.journal import Event, Journal, OutboxRow, OutboxState, OutboxSummary
from edgepos.practice import Configuration, OutcomeUnknownPost, Permanent, PracticeSystem, Temporary

log = logging.getLogger(__name__)

NEW_ROWS = frozenset(
    {
        "operation.decided",
        "operation.found",
        "operation.recorded",
        "operation.settled",
        "payment.assigned",
        "outbox.released",
    }
)
"""Events after which there may be more to send."""
ANCHOR = "anchor-broken"
ANCHOR_LOST = 2
"""So many bookings in a row whose reference did not come back prove that look-ups find nothing any more (§11.5)."""
AWAY_AFTER = 3
"""So many different lanes have to fail without one success between them before the practice system counts as away."""


class Sender:
    """Owns the outbox's way out. `run` is its loop; all other methods may be called at any time on the same loop."""

    def __init__(
        self, journal: Journal, practice: PracticeSystem, clock: Clock, chance: Chance,
        rules: SyncRules = DEFAULT_RULES, *, after_clean_stop: bool = False,
    ) -> None:  # fmt: skip
        """*after_clean_stop*: the agent before this one ended with nothing in flight."""
        self._journal, self._practice, self._clock, self._chance, self._rules = journal, practice, clock, chance, rules
        self._after_clean_stop = after_clean_stop
        self._lanes: dict[str, Lane] = {}
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self._agenda: list[tuple[float, int, str]] = []
        self._tried: dict[str, Tried] = {}
        self._doubts: dict[str, Doubt] = {}
        self._undoing: set[str] = set()
        self._running: set[str] = set()
        self._failed: set[str] = set()
        self._probes = 0
        self._quiet_until = 0.0
        self._awaited: frozenset[str] = frozenset()
        self._anchor_lost = 0
        self._is_stale = True
        self._is_stopping = False
        self._wanted = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []

    # --- the loop

    async def run(self) -> None:
        """Send for ever; returns after `stop`. Ends with the journal's error if that breaks."""
        await self._know_broken_anchor()
        unsubscribe = self._journal.subscribe(self._hear)
        try:
            await self._read_queue()
            if not self._after_clean_stop:
                began = self._clock.monotonic()
                for lane in self._lanes.values():
                    self._doubts.update({row.row: Doubt(began) for row in lane.rows})
                    self._plan(lane)
            async with asyncio.TaskGroup() as group:
                while not self._is_stopping or self._running:
                    self._wanted.clear()
                    while self._is_stale:
                        await self._read_queue()
                    if not self._is_stopping:
                        self._start_lanes(group)
                    self._release_waiters()
                    await self._pause()
        finally:
            unsubscribe()
            self._release_waiters(all_of_them=True)

    def stop(self) -> None:
        """Begin nothing more; `run` returns when everything in flight was answered or given up."""
        self._is_stopping = True
        self._wanted.set()

    def wake(self) -> None:
        """The practice system answers again, or somebody asks: forget all back-off (never a wait for a lost answer)."""
        self._quiet_until, self._probes = 0.0, 0
        self._failed.clear()
        for lane in self._lanes.values():
            lane.failures, lane.retry_at = 0, 0.0
            self._plan(lane)
        self._wanted.set()

    async def now(self) -> OutboxSummary:
        """Try everything that waits, once, or join the pass that does; returns when nothing is due any more."""
        if not self._waiters:
            self.wake()
        done = asyncio.get_running_loop().create_future()
        self._waiters.append(done)
        self._wanted.set()
        await done
        return await self._journal.outbox_summary()

    def tried(self, row: str) -> Tried:
        """How often a row was tried since the start, and the cause of the last try."""
        return self._tried.get(row, Tried())

    def next_try_s(self, row: OutboxRow) -> float | None:
        """Seconds until its invoice's turn; None if nothing is planned."""
        lane = self._lanes.get(row.invoice)
        if lane is None or row.state is not OutboxState.QUEUED:
            return None
        return max(0.0, max(lane.when, self._quiet_until) - self._clock.monotonic())

    def payload(self, row: OutboxRow) -> str:
        """The exact text that would be posted for *row*, as far as it is known yet how."""
        return self._practice.payload(row.booking, undo=row.row in self._undoing or row.facts.get("undo") is True)

    # --- what people decide

    async def retry(self, row: str, *, operator: str, book_today: bool = False) -> OutboxRow:
        """Send a parked row again, denying what it was parked for; *book_today*: on the practice system's own day."""
        async with self._hold(row) as parked:
            change: dict[str, object] = {**parked.change, **({"book_today": True} if book_today else {})}
            if not_these := denied(parked):
                change["not_these"] = not_these
            return await self._journal.released(row, operator, change)

    async def park(self, row: str, *, operator: str) -> OutboxRow:
        """Take a waiting row out of the queue, in sight, until `retry` or `adopt`."""
        async with self._hold(row):
            return await self._journal.parked(row, "by-operator", {"operator": operator})

    async def adopt(self, row: str, practice_payment: str, *, operator: str) -> OutboxRow:
        """ "Booked by hand: that is this one." Raises Wrong or Refused, NotReached if it cannot be looked at now."""
        async with self._hold(row) as waiting:
            found = await self._find_payment(waiting, practice_payment)
            if found is None:
                raise Wrong("unknown-payment", practice_payment=practice_payment, invoice=waiting.invoice)
            if found.amount_minor != waiting.amount_minor:
                facts = {"practice_payment": found.id, "amount_minor": found.amount_minor, "row": row}
                raise Refused("not-agreed", **facts)
            adopted = await self._journal.acknowledged(row, found.id, "adopted")
            self._forget(adopted)
            return adopted

    async def _find_payment(self, row: OutboxRow, practice_payment: str) -> PracticePayment | None:
        """On the row's invoice; else, since that may be gone, among all since the day before the row was made."""
        with contextlib.suppress(Wrong):
            invoice = await self._practice.invoice(row.invoice)
            for payment in await self._practice.payments_of(invoice):
                if payment.id == practice_payment:
                    return payment
        later = await self._practice.payments_since(row.created_at[:10])
        return next((payment for payment in later if payment.id == practice_payment), None)

    @contextlib.asynccontextmanager
    async def _hold(self, row: str) -> AsyncIterator[OutboxRow]:
        """The row as it stands, with nothing in flight on its invoice while the block runs."""
        async with self._lock((await self._journal.outbox_row(row)).invoice):
            yield await self._journal.outbox_row(row)  # read again: it may have been sent while we waited
            self._is_stale = True
            self._wanted.set()

    # --- the agenda

    def _hear(self, events: Sequence[Event]) -> None:
        if any(event.kind in NEW_ROWS or event.kind == "finding.handled" for event in events):
            self._is_stale = True
            self._wanted.set()

    async def _read_queue(self) -> None:
        """Take over what waits in the journal; a lane at work is read again when it has ended."""
        self._is_stale = False
        busy = set(self._running)
        queue = await self._journal.queued()
        fresh = lanes_of(queue)
        self._awaited = frozenset(row.waits_for for row in queue if row.waits_for)
        if self._anchor_lost >= ANCHOR_LOST:
            await self._know_broken_anchor()
        for invoice, rows in fresh.items():
            lane = self._lanes.get(invoice)
            if invoice in busy and lane is not None:
                lane.is_stale = True
                continue
            if lane is None:
                lane = self._lanes[invoice] = Lane(invoice)
                self._quiet_until = 0.0  # somebody new may ask at once, even while the system counts as away
            lane.rows = deque(rows)
            self._plan(lane)
        for invoice in self._lanes.keys() - fresh.keys() - busy:
            del self._lanes[invoice]

    def _plan(self, lane: Lane) -> None:
        if not lane.rows:
            return
        doubt = self._doubts.get(lane.rows[0].row)
        lane.when = max(lane.retry_at, doubt.look_at(self._practice.timeout_s) if doubt else 0.0)
        heapq.heappush(self._agenda, (lane.when, lane.rows[0].seq, lane.invoice))

    def _start_lanes(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.monotonic()
        room = 1 if len(self._failed) >= AWAY_AFTER else self._rules.lanes
        while self._agenda and len(self._running) < room and self._agenda[0][0] <= now >= self._quiet_until:
            when, _, invoice = heapq.heappop(self._agenda)
            lane = self._lanes.get(invoice)
            if lane is not None and lane.rows and lane.when == when and invoice not in self._running:
                self._running.add(invoice)
                group.create_task(self._work(lane), name=f"sync {invoice}")

    async def _pause(self) -> None:
        now = self._clock.monotonic()
        until = max(self._agenda[0][0], self._quiet_until) if self._agenda else None
        full = until is not None and until <= now  # a lane's end will wake us
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if until is None or full else until - now):
                await self._wanted.wait()

    def _release_waiters(self, *, all_of_them: bool = False) -> None:
        now = self._clock.monotonic()
        is_due = self._agenda and max(self._agenda[0][0], self._quiet_until) <= now
        if all_of_them or not (self._running or self._is_stale or is_due):
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    # --- one lane

    async def _work(self, lane: Lane) -> None:
        """One step of the lane's first row; then the next row, or a later turn."""
        try:
            async with self._lock(lane.invoice):
                while lane.rows and not self._is_stopping and await self._step(lane):
                    pass
        finally:
            self._running.discard(lane.invoice)
            self._wanted.set()
        if lane.is_stale:
            lane.is_stale, self._is_stale = False, True
        self._plan(lane)

    async def _step(self, lane: Lane) -> bool:
        """Bring the first row one step on. True if the lane may go on at once."""
        row = lane.rows[0]
        try:
            is_done = await self._advance(row)
        except OutcomeUnknownPost as lost:
            log.warning("booking without an answer", extra={"outbox_row": row.row, "cause": lost.cause})
            self._note(row, lost.cause)
            self._doubts[row.row] = Doubt(self._clock.monotonic(), may_look_at_once=lost.was_answered)
            return False
        except (Temporary, Configuration) as error:
            await self._later(lane, row, error)
            return False
        self._failed.clear()
        if self._probes:  # it was away
            self.wake()
        lane.failures, lane.retry_at = 0, 0.0
        if is_done:
            lane.rows.popleft()
        return is_done

    async def _later(self, lane: Lane, row: OutboxRow, error: Temporary | Configuration) -> None:
        now = self._clock.monotonic()
        self._note(row, error.cause)
        if isinstance(error, Temporary) and error.wait_s is not None:  # its own wish; no attempt counted
            lane.retry_at = now + error.wait_s + self._chance.uniform(0.0, 1.0)
            return
        lane.failures += 1
        lane.retry_at = now + self._back_off_s(lane.failures)
        self._failed.add(lane.invoice)
        if len(self._failed) >= AWAY_AFTER:
            self._probes += 1
            self._quiet_until = now + self._back_off_s(self._probes)
        log.warning("practice system", extra={"outbox_row": row.row, "cause": error.cause, "attempt": lane.failures})
        if isinstance(error, Configuration) and error.cause != ANCHOR:  # that one was told when it broke
            await self._journal.raise_finding(f"practice-{error.cause}", "practice", dict(error.facts))

    def _back_off_s(self, failures: int) -> float:
        longest = min(self._rules.retry_most_s, self._rules.retry_first_s * 2.0 ** min(failures - 1, 16))
        return self._chance.uniform(longest / 2, longest)

    # --- the steps of §11

    async def _advance(self, row: OutboxRow) -> bool:
        """Look up, check, post: True if the row is acknowledged or parked, False if it has to wait for another look."""
        self._note(row, None)
        try:
            invoice = await self._practice.invoice(row.invoice, background=True)
        except Wrong:
            return await self._park(row, "invoice-gone", {})
        found = await self._look_up(row, await self._practice.payments_of(invoice, background=True))
        if isinstance(found, Booked):
            return await self._acknowledge(row, found.payment_id, "lookup")
        if isinstance(found, Stop):
            return await self._park(row, found.cause, found.facts)
        doubt = self._doubts.get(row.row)
        if doubt is not None and not doubt.looked(self._clock.monotonic(), self._practice.timeout_s):
            return False
        stop = obstacle(invoice, row.booking, allows_overpayment=self._rules.allows_overpayment)
        if stop is None and row.amount_minor < 0 and self._rules.money_back is MoneyBack.BY_HAND:
            stop = Stop(cause="refund-by-hand")
        if stop is not None:
            return await self._park(row, stop.cause, stop.facts)
        return await self._post(row)

    async def _look_up(self, row: OutboxRow, payments: Sequence[PracticePayment]) -> Booked | Stop | None:
        if await self._is_undo(row):
            original = next((one for one in payments if one.id == row.booking.corrects_payment), None)
            if original is not None and original.is_cancelled:
                return Booked(payment_id=f"cancel:{original.id}")
        operation = await self._journal.operation(row.payment)
        # What was not begun by us may have been booked by hand before we heard of it.
        began = operation.created_at if operation.origin is Origin.ASKED else operation.clinic_day
        not_these = {*await self._journal.bookings_of(row.invoice), *denied(row)}
        return look_up(row.booking, payments, intended_at=began, not_these=not_these)

    async def _is_undo(self, row: OutboxRow) -> bool:
        """Whether it takes back a booked payment as a whole, at a tenant that cancels those."""
        if row.amount_minor >= 0 or self._rules.money_back is not MoneyBack.CANCEL:
            return False
        if row.booking.corrects_row is None or row.booking.corrects_payment is None:
            return False
        if (await self._journal.outbox_row(row.booking.corrects_row)).amount_minor != -row.amount_minor:
            return False
        self._undoing.add(row.row)
        return True

    async def _post(self, row: OutboxRow) -> bool:
        if self._anchor_lost >= ANCHOR_LOST:
            raise Configuration(ANCHOR)
        book = self._practice.undo if await self._is_undo(row) else self._practice.post
        try:
            posted = await book(row.booking)
        except Permanent as refusal:
            self._doubts.pop(row.row, None)
            await self._park(row, refusal.cause, refusal.facts)
            if refusal.cause == "info-lost":
                await self._anchor_was_lost(row)
            return True
        self._anchor_lost = 0
        return await self._acknowledge(row, posted.payment_id, "post")

    async def _acknowledge(self, row: OutboxRow, practice_payment: str, via: str) -> bool:
        try:
            await self._journal.acknowledged(row.row, practice_payment, via)
        except Refused as taken:  # a person gave that payment to another row
            return await self._park(row, "possible-double", dict(taken.facts))
        log.info("booked", extra={"outbox_row": row.row, "invoice": row.invoice, "payment": row.payment, "cause": via})
        self._forget(row)
        if self._rules.writes_extras and via == "post":
            await self._write_extra(row, practice_payment)
        return True

    async def _write_extra(self, row: OutboxRow, practice_payment: str) -> None:
        """A second mark beside the booking, and the journal's head out of the box. A comfort: failing costs nothing."""
        terminal = (await self._journal.operation(row.payment)).terminal
        seq, head = self._journal.head
        marks = {"ref": row.row, "terminal": terminal, "seq": seq, "head": head}
        try:
            await self._practice.annotate(practice_payment, marks)
        except (Temporary, Configuration, OutcomeUnknownPost, Permanent) as error:
            log.warning("extras not written", extra={"outbox_row": row.row, "cause": error.cause})

    def _forget(self, row: OutboxRow) -> None:
        self._tried.pop(row.row, None)
        self._doubts.pop(row.row, None)
        self._undoing.discard(row.row)
        self._is_stale |= row.row in self._awaited

    async def _park(self, row: OutboxRow, cause: str, facts: Mapping[str, object]) -> bool:
        how = {"undo": True} if row.row in self._undoing else {}
        await self._journal.parked(row.row, cause, {**facts, **how})
        log.error("booking parked", extra={"outbox_row": row.row, "invoice": row.invoice, "cause": cause})
        self._tried.pop(row.row, None)
        return True

    # --- what is remembered

    def _note(self, row: OutboxRow, cause: str | None) -> None:
        before = self._tried.get(row.row, Tried())
        self._tried[row.row] = Tried(before.count + (cause is None), cause or before.cause)

    def _lock(self, invoice: str) -> asyncio.Lock:
        return self._locks.setdefault(invoice, asyncio.Lock())

    async def _anchor_was_lost(self, row: OutboxRow) -> None:
        self._anchor_lost += 1
        if self._anchor_lost >= ANCHOR_LOST:
            log.error(
                "references do not come back: nothing more is booked", extra={"outbox_row": row.row, "cause": ANCHOR}
            )
            await self._journal.raise_finding(ANCHOR, "practice", {"row": row.row})

    async def _know_broken_anchor(self) -> None:
        """The alarm outlives a restart and ends when a person has handled its finding."""
        is_open = any(finding.kind == ANCHOR for finding in await self._journal.open_findings())
        self._anchor_lost = ANCHOR_LOST if is_open else 0
