"""A payment terminal: what it is doing, its last result, its sessions, and what people and mains do to it.

Its methods are what Connect@Cloud asks of it (`pay`, `reverse_last`, `last_result`, `reconcile`, `cancel`) and what a
test does to it (`power_cut`, `menu`, `keypad_sale`, `close_session`). The former raise `Refused` and have then changed
nothing. Work runs in the crew's tasks, so that no hung-up call ends a payment.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeVar

from edgepos.clock import Clock, rfc3339
from edgepos.simulator import slips
from edgepos.simulator.bank import Entry, Kind, Ledger, Origin
from edgepos.simulator.cards import Cards
from edgepos.simulator.crew import Crew
from edgepos.simulator.payment import Payment
from edgepos.simulator.results import (
    APPROVED,
    BUSY,
    BUSY_ADMINISTRATION,
    DUPLICATE_ORDER,
    NO_ANSWER,
    NO_HOST,
    NOT_CONNECTED,
    NOTHING_TO_CANCEL,
    REBOOTED,
    REJECTED,
    Closed,
    Refused,
    Result,
)
from edgepos.simulator.states import State
from edgepos.simulator.variants import Step, TerminalVariants

T = TypeVar("T")
Work = Coroutine[Any, Any, None]

RECONCILE_S = 8.0
DOWNLOAD_S = 30.0
REVERSE_S = 4.0
LOOKUP_S = 1.0
DAY_S = 86_400.0


class Terminal:
    def __init__(self, terminal_id: str, name: str, model: str, *, clock: Clock, cards: Cards, crew: Crew) -> None:
        self.id, self.name, self.model = terminal_id, name, model
        self.clock = clock
        self.cards = cards
        self.variants = TerminalVariants()
        self.changed = asyncio.Event()
        self.listeners: list[Callable[[Terminal, str, Any], None]] = []
        self.state = State.IDLE
        self.doing = ""
        self.steps: deque[Step] = deque()
        self.ledger = Ledger(cards.first_session())
        self.last: Result | None = None
        self.printer_width = slips.WIDTH
        self.last_report = ""
        self._seen_last: Result | None = None
        self._visible_at = 0.0
        self._reconciled_at: float | None = None
        self._orders: set[str] = set()
        self._payment: Payment | None = None
        self._work: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[Any] | None = None
        self._cut: Result | None = None
        self._crew = crew
        self._at_rest = asyncio.Event()
        self._speaks = asyncio.Event()
        self._at_rest.set()
        self._speaks.set()

    # What Connect@Cloud asks.

    @property
    def is_connected(self) -> bool:
        return self.state is not State.OFF and self.variants.connected

    @property
    def is_idle(self) -> bool:
        return self.state is State.IDLE

    async def pay(self, kind: Kind, amount_minor: int, order_id: str, origin: Origin) -> Result:
        """Runs a payment to its end. Blocks until the cardholder is done."""
        await self._reach()
        if self.variants.order_id_duplicate == "refuse" and order_id and order_id in self._orders:
            raise Refused(DUPLICATE_ORDER)
        await self._make_room()
        self._orders.add(order_id)
        payment = Payment(self, kind, amount_minor, order_id, origin)
        self._payment = payment
        self._begin(State.WAITING_CARD, kind, payment.run, payment.answer)
        return await self._answer_of(payment.answer)

    async def reverse_last(self, amount_minor: int) -> Result:
        """Voids the last operation, whoever did it, if it moved this amount in the open session."""
        await self._reach()
        self._refuse_if_busy()
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._begin(State.ADMINISTRATION, "reversal", lambda: self._reverse(amount_minor, answer), answer)
        return await self._answer_of(answer)

    async def last_result(self) -> Result | None:
        """The last operation as the terminal tells it now; None if it has none."""
        await self._reach()
        if self.state is not State.IDLE:
            if self.variants.lookup_busy == "refuse":
                self._refuse_if_busy()
            if self.variants.lookup_busy == "cancels" and self._payment is not None:
                self._payment.cancel()
                await self._at_rest.wait()
        await asyncio.sleep(LOOKUP_S)
        await self._reach()
        return self.last if self.clock.monotonic() >= self._visible_at else self._seen_last

    async def reconcile(self) -> Closed:
        """Closes the session. Refused without contact with the host; the session then stays open."""
        await self._reach()
        self._refuse_if_busy()
        answer: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self._begin(State.ADMINISTRATION, "reconciliation", lambda: self._reconcile(answer), answer)
        return await self._answer_of(answer)

    async def download(self) -> None:
        """Fetches agreements or program; the terminal starts again after the answer."""
        await self._reach()
        self._refuse_if_busy()
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begin(State.ADMINISTRATION, "download", lambda: self._download(answer), answer)
        await self._answer_of(answer)

    async def cancel(self) -> None:
        """Asks the running payment to stop. Returning means that the request was taken, not that it stopped."""
        await self._reach()
        payment = self._payment
        if payment is None:
            raise Refused(NOTHING_TO_CANCEL)
        match self.variants.cancel:
            case "refuse":
                raise Refused(BUSY, busy=True)
            case "late":
                await asyncio.sleep(self.variants.cancel_late_s)
                payment.cancel()
            case "approve":
                payment.approve_now()
            case "obey":
                payment.cancel()
            case "swallow":
                pass

    # What people and mains do.

    def power_cut(self, off_s: float) -> None:
        """Off at once, on again after *off_s*. What was at the host ends as the variant `power_cut` says."""
        if self._payment is not None:
            self._cut, self._payment = self._payment.at_host, None
            if self._cut is not None and self._cut.result == APPROVED:
                self.ledger.add(_entry(self._cut))
        if self._work is not None:
            self._work.cancel()
        self._at_rest.set()  # who waits for the payment to end now finds the terminal off
        self._begin(State.OFF, "restart", lambda: self._boot(off_s), self._answer)

    def menu(self, seconds: float, doing: str) -> None:
        """Somebody opens the menu, loads paper …: busy for a while. Raises Refused if it works on something."""
        self._refuse_if_busy()
        self._begin(State.MENU, doing, lambda: asyncio.sleep(seconds))

    def keypad_sale(self, amount_minor: int, tip_minor: int = 0) -> Result:
        """A stand-alone sale, done at once. Raises Refused while the terminal is off or works on something."""
        if self.state not in (State.IDLE, State.MENU):
            raise Refused(BUSY, busy=True)
        sale = Result(
            APPROVED, "purchase", "keypad", amount_minor + tip_minor, self.clock.now(), self.ledger.current.session,
            tip_minor=tip_minor, stan_auth=self.cards.stan_auth(), sequence=self.cards.sequence(), response="00",
            card=self.cards.card(),
        )  # fmt: skip
        self.remember(self.with_slips(sale, "approved"), visible_after_s=0.0)
        self.ledger.add(_entry(sale))
        return sale

    def close_session(self) -> Closed:
        """The terminal closes its day by itself, whatever is running."""
        return self._close("terminal")

    def change(self, variants: TerminalVariants) -> None:
        self.variants = variants
        self.changed.set()
        if variants.silent:
            self._speaks.clear()
        else:
            self._speaks.set()

    # What the payment uses.

    @property
    def must_reconcile(self) -> bool:
        if self._reconciled_at is None:
            return self.variants.fresh_refuses
        days = self.variants.reconcile_within_days
        return days > 0 and self.clock.monotonic() - self._reconciled_at > days * DAY_S

    def show(self, state: State) -> None:
        self.state = state
        if state in (State.WAITING_CARD, State.PIN, State.HOST_WAIT):
            self.tell("display", state)

    def tell(self, event: Literal["display", "result", "ready"], what: Any = None) -> None:
        """Says to all who listen what happens: the text shown, the result given, ready for the next."""
        for listener in list(self.listeners):
            listener(self, event, what)

    def next_step(self, *, pin: bool) -> Step | None:
        if self.steps:
            return self.steps.popleft()
        if self.variants.cardholder == "absent":
            return None
        return Step(do="pin" if pin else "tap", after_s=self.variants.cardholder_after_s)

    def local(self, at: datetime) -> datetime:
        """The terminal's own clock at that instant."""
        offset = timedelta(seconds=self.variants.terminal_clock_offset_s)
        return (at + offset).astimezone(timezone(timedelta(hours=self.variants.utc_offset_h)))

    def with_slips(self, result: Result, outcome: str) -> Result:
        card = result.card
        receipt = slips.Receipt(
            result.kind, self.id, self.local(result.at), card.scheme if card else "", card.pan if card else "",
            "Contactless" if result.contactless else "Chip", result.stan_auth[:6], result.stan_auth[6:],
            result.response, result.session, result.amount_minor, result.tip_minor, self.variants.currency, outcome,
            result.signature,
        )  # fmt: skip
        country = self.variants.country
        return replace(
            result,
            customer_slip=slips.customer_slip(receipt, country),
            merchant_slip=slips.merchant_slip(receipt, country),
        )

    def remember(self, result: Result, visible_after_s: float | None = None) -> None:
        """Makes *result* the last one; a look-up shows it a while later."""
        now = self.clock.monotonic()
        if now >= self._visible_at:
            self._seen_last = self.last
        self._visible_at = now + (self.variants.visible_after_s if visible_after_s is None else visible_after_s)
        self.last = result

    def record(self, result: Result) -> None:
        """Remembers the result of a payment and tells the bank if money moved."""
        self.remember(result)
        if result.result == APPROVED:
            self.ledger.add(_entry(result))
            if self.variants.reverse_after_s is not None:
                self._spawn(self._take_back_later(result, self.variants.reverse_after_s))

    # Its inside.

    async def _reach(self) -> None:
        if not self.is_connected:
            raise Refused(NOT_CONNECTED)
        await self._hear()

    async def _hear(self) -> None:
        """Waits while the terminal is silent, until the cloud gives up."""
        try:
            async with asyncio.timeout(self.variants.silent_s):
                await self._speaks.wait()
        except TimeoutError:
            raise Refused(NO_ANSWER) from None

    def _refuse_if_busy(self) -> None:
        if self.state is State.OFF:
            raise Refused(NOT_CONNECTED)
        if self.state is not State.IDLE:
            raise Refused(BUSY if self._payment else BUSY_ADMINISTRATION, busy=True)

    async def _make_room(self) -> None:
        """A payment for a terminal that has one already: refused, or the first gives way, or they follow each other."""
        if self._payment is not None and self.variants.second_payment == "auto_cancel":
            self._payment.cancel()
        if self._payment is not None and self.variants.second_payment != "refuse":
            while self.state not in (State.IDLE, State.OFF):
                await self._at_rest.wait()
        self._refuse_if_busy()

    def _begin(
        self, state: State, doing: str, work: Callable[[], Work], answer: asyncio.Future[Any] | None = None
    ) -> None:
        """Starts work. The state changes at once, so that nothing else can start beside it."""
        self.show(state)
        self.doing = doing
        self._at_rest.clear()
        self._answer = answer
        self._work = self._spawn(self._until_rest(work))

    async def _until_rest(self, work: Callable[[], Work]) -> None:
        await work()
        paid, self._payment = self._payment, None
        self._answer = None
        self.state, self.doing = State.IDLE, ""
        self._at_rest.set()
        self.tell("ready")
        if paid is not None and self.variants.keypad_after_ours_minor is not None:
            self.keypad_sale(self.variants.keypad_after_ours_minor)

    def _spawn(self, work: Work) -> asyncio.Task[None]:
        return self._crew.spawn(work, f"terminal {self.id}")

    async def _answer_of(self, answer: asyncio.Future[T]) -> T:
        result = await asyncio.shield(answer)
        await self._hear()
        if not self.variants.connected:
            raise Refused(NO_ANSWER)
        return result

    async def _boot(self, off_s: float) -> None:
        await asyncio.sleep(off_s)
        cut, self._cut = self._cut, None
        if cut is not None:
            self._settle_cut(cut)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Refused(REBOOTED))

    def _settle_cut(self, cut: Result) -> None:
        """The host had been asked when the power went: what it approved is kept, given back, or not known here."""
        self.remember(self.with_slips(cut, "approved" if cut.result == APPROVED else "declined"), visible_after_s=0.0)
        if self.variants.power_cut == "lost":
            self.last = None
        elif self.variants.power_cut == "reverse_on_boot" and cut.result == APPROVED:
            self._take_back(cut.stan_auth)

    def _take_back(self, stan_auth: str) -> None:
        """The host reverses an approval by itself; if it is still the last result, it now reads as rejected."""
        self.ledger.take_back(stan_auth)
        last = self.last
        if last is not None and last.result == APPROVED and last.stan_auth == stan_auth:
            rejected = replace(last, result=REJECTED, source=3, reason="3:1:91", response="91")
            self.last = self.with_slips(rejected, "declined")

    async def _take_back_later(self, approved: Result, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._take_back(approved.stan_auth)

    async def _reverse(self, amount_minor: int, answer: asyncio.Future[Result]) -> None:
        await asyncio.sleep(REVERSE_S)
        last = self.last
        session = self.ledger.current
        result = Result(
            APPROVED, "reversal", "rest", amount_minor, self.clock.now(), session.session,
            stan_auth=self.cards.stan_auth(), sequence=self.cards.sequence(), response="00",
            card=last.card if last else None,
        )  # fmt: skip
        if last is not None and self._is_reversible(last, amount_minor):
            result = self.with_slips(result, "approved")
            self.ledger.reverse(_entry(result, voids=last.stan_auth))
            self.remember(result)
        else:
            result = replace(result, result=REJECTED, stan_auth="", source=3, reason="4:6", response="", card=None)
            result = self.with_slips(result, "declined")
        answer.set_result(result)

    def _is_reversible(self, last: Result, amount_minor: int) -> bool:
        open_entries = {e.stan_auth for e in self.ledger.current.entries if not e.voided and e.kind != "reversal"}
        same = last.result == APPROVED and last.amount_minor == amount_minor
        return same and last.stan_auth in open_entries and self.variants.host == "up"

    async def _reconcile(self, answer: asyncio.Future[Closed]) -> None:
        await asyncio.sleep(RECONCILE_S)
        if self.variants.host == "no_contact":
            answer.set_exception(Refused(NO_HOST))
        elif self.variants.host != "up" or self.variants.reconciliation == "fails":
            answer.set_exception(Refused("7101 Unable to process: reconciliation failed, 91"))
        else:
            answer.set_result(self._close("asked"))

    def _close(self, by: Literal["asked", "terminal"]) -> Closed:
        now = self.clock.now()
        session = self.ledger.close(rfc3339(now), by)
        totals = session.totals()
        self.last_report = slips.reconciliation_slip(
            self.id,
            self.local(now),
            session.session,
            totals,
            currency=self.variants.currency,
            country=self.variants.country,
        )
        self._reconciled_at = self.clock.monotonic()
        if self.variants.last_after_reconciliation == "cleared":
            self.last = self._seen_last = None
        return Closed(session.session, now, totals, self.last_report)

    async def _download(self, answer: asyncio.Future[None]) -> None:
        await asyncio.sleep(DOWNLOAD_S)
        answer.set_result(None)
        asyncio.get_running_loop().call_soon(self.power_cut, self.variants.boot_s)


def _entry(result: Result, voids: str = "") -> Entry:
    return Entry(
        kind=result.kind, amount_minor=result.amount_minor, tip_minor=result.tip_minor, order_id=result.order_id,
        stan_auth=result.stan_auth, scheme=result.card.scheme if result.card else "", origin=result.origin,
        at=rfc3339(result.at), session=result.session, voids=voids, surcharge_minor=result.surcharge_minor,
    )  # fmt: skip
