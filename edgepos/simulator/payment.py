"""One payment at the terminal, from the request to the slip: the cardholder's steps, the PIN, the host's answer.

A payment runs by itself: whoever asked for it may hang up, and it goes on. Only a cancel before the PIN, the terminal's
own time-outs and the power switch end it. Everything that a client may observe of it goes through the `Terminal`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from edgepos.simulator.bank import Kind, Origin
from edgepos.simulator.results import APPROVED, NO_HOST, REJECTED, UNKNOWN, Refused, Result
from edgepos.simulator.states import State
from edgepos.simulator.variants import Step

if TYPE_CHECKING:
    from edgepos.simulator.terminal import Terminal

WRONG_PINS_ALLOWED = 2
REFUSAL_S = 1.0


class Payment:
    """A purchase, refund or deposit that the terminal is working on."""

    def __init__(self, terminal: Terminal, kind: Kind, amount_minor: int, order_id: str, origin: Origin) -> None:
        self.terminal = terminal
        self.kind: Kind = kind
        self.amount_minor = amount_minor
        self.order_id = order_id
        self.origin: Origin = origin
        self.answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.at_host: Result | None = None
        self._stop = asyncio.Event()
        self._rush = False
        self._left = False

    # What others may do to it.

    @property
    def can_be_cancelled(self) -> bool:
        return self.terminal.state in (State.WAITING_CARD, State.PIN)

    def cancel(self) -> None:
        """Ends the payment if the PIN has not been entered; later it has no effect."""
        if self.can_be_cancelled:
            self._stop.set()

    def approve_now(self) -> None:
        """The cardholder taps in the same instant in which the cancel comes."""
        if self.can_be_cancelled:
            self._rush = True
            self._stop.set()

    # Its life.

    async def run(self) -> None:
        terminal = self.terminal
        if terminal.must_reconcile:
            await asyncio.sleep(REFUSAL_S)
            await self._conclude(self._rejected("3:1:87", source=3, response="87"))
            return
        result, step = await self._until_final()
        await self._conclude(result, unknown=step is not None and step.unknown)
        if step is not None and step.approve_later_s is not None and result.result == REJECTED:
            await self._approve_later(step)

    async def _until_final(self) -> tuple[Result, Step | None]:
        """Attempts until the request has its end; a decline with `try_again` only starts the next attempt."""
        while True:
            outcome = await self._cardholder()
            if isinstance(outcome, Result):
                return outcome, None
            step, contactless = outcome
            result = await self._ask_host(step, contactless)
            if result.result == APPROVED or not step.try_again:
                return result, step
            self.at_host = None
            self.terminal.show(State.WAITING_CARD)

    async def _cardholder(self) -> Result | tuple[Step, bool]:
        """The step that sends the card's data to the host, or the result if there was none."""
        variants = self.terminal.variants
        loop = asyncio.get_running_loop()
        deadline = loop.time() + variants.card_wait_s
        chip: Step | None = None
        wrong_pins = 0
        while True:
            step = None if self._left else self.terminal.next_step(pin=chip is not None)
            left_s = max(deadline - loop.time(), 0.0)
            if await self._stopped_within(min(step.after_s, left_s) if step else left_s):
                if self._rush:
                    return Step(do="tap"), True
                return self._rejected("2:1", source=2, outcome="cancelled")
            if step is None or step.after_s > left_s:
                return self._rejected("5:0", source=5)
            match step.do:
                case "tap":
                    return step, True
                case "chip":
                    chip = step
                    self.terminal.show(State.PIN)
                    deadline = loop.time() + variants.pin_wait_s
                case "pin" if chip is not None:
                    return _joined(chip, step), False
                case "wrong_pin" if chip is not None:
                    wrong_pins += 1
                    if wrong_pins > WRONG_PINS_ALLOWED:
                        return step.model_copy(update={"decline_code": "55"}), False
                case "cancel":
                    return self._rejected("2:1", source=2, outcome="cancelled")
                case "walk_away":
                    self._left = True
                case "pin" | "wrong_pin":
                    pass  # no card is in; the keys do nothing

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True

    async def _ask_host(self, step: Step, contactless: bool) -> Result:
        variants = self.terminal.variants
        self.terminal.show(State.HOST_WAIT)
        self.at_host = self._hosts_answer(step, contactless)
        await asyncio.sleep(variants.contactless_s if contactless else variants.host_s)
        # The session is the one that is open when the host answers: a closing at midnight may lie between.
        return replace(self.at_host, at=self.terminal.clock.now(), session=self.terminal.ledger.current.session)

    def _hosts_answer(self, step: Step, contactless: bool) -> Result:
        variants = self.terminal.variants
        if variants.host in ("away", "no_contact"):
            return self._rejected("3:1:91", source=3, response="91")
        if step.decline_code is not None:
            reason = f"3:{1 if contactless else 2}:{step.decline_code}"
            return self._rejected(reason, source=3, response=step.decline_code)
        return self._approved(step, contactless)

    def _approved(self, step: Step, contactless: bool) -> Result:
        terminal, variants = self.terminal, self.terminal.variants
        tip, surcharge = step.tip_minor or variants.tip_minor, step.surcharge_minor or variants.surcharge_minor
        return Result(
            APPROVED, self.kind, self.origin, (step.approve_minor or self.amount_minor) + tip + surcharge,
            terminal.clock.now(), terminal.ledger.current.session, self.order_id, tip, surcharge,
            terminal.cards.stan_auth(), terminal.cards.sequence(),
            response="Y3" if variants.host == "offline_approval" else "00",
            card=terminal.cards.card(step.scheme), contactless=contactless,
            signature=step.signature or variants.signature, dcc=variants.dcc,
        )  # fmt: skip

    def _rejected(self, reason: str, source: int, response: str = "", outcome: str = "declined") -> Result:
        terminal = self.terminal
        reached_host = bool(response) and response != "87"
        result = Result(
            REJECTED, self.kind, self.origin, self.amount_minor, terminal.clock.now(), terminal.ledger.current.session,
            self.order_id, stan_auth=terminal.cards.stan_auth(approved=False) if reached_host else "",
            source=source, reason=reason, response=response, card=terminal.cards.card() if reached_host else None,
        )  # fmt: skip
        return terminal.with_slips(result, outcome)

    async def _conclude(self, result: Result, *, unknown: bool = False) -> None:
        """The result is fixed, then answered, then printed."""
        terminal, variants = self.terminal, self.terminal.variants
        if result.result == APPROVED:
            result = terminal.with_slips(result, "approved")
        terminal.record(result)
        self.at_host = None
        terminal.show(State.DONE)
        terminal.tell("display", "approved" if result.result == APPROVED else "declined")
        await asyncio.sleep(variants.reply_after_s)
        self._reply(replace(result, result=UNKNOWN, response="") if unknown else result)
        terminal.show(State.PRINTING)
        await asyncio.sleep(variants.print_s)

    def _reply(self, result: Result) -> None:
        self.terminal.tell("result", result)
        if self.answer.done():
            return
        if result.response == "91" and self.terminal.variants.host == "no_contact":
            self.answer.set_exception(Refused(NO_HOST))  # though the terminal's own record says rejected
        else:
            self.answer.set_result(result)

    async def _approve_later(self, step: Step) -> None:
        """The second attempt that the terminal makes after it has already answered that the first was declined."""
        self.terminal.show(State.WAITING_CARD)
        self._stop.clear()
        assert step.approve_later_s is not None
        await asyncio.sleep(max(step.approve_later_s - self.terminal.variants.print_s, 0.0))
        self.terminal.show(State.HOST_WAIT)
        await self._conclude(self._approved(step, contactless=True))


def _joined(chip: Step, pin: Step) -> Step:
    """A chip payment is described by both of its steps; what the later one says counts."""
    said = {name: getattr(pin, name) for name in pin.model_fields_set}
    return chip.model_copy(update=said)
