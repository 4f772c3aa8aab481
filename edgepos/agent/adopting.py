"""What a journal lacks of a terminal's operations, taken from where it can still be seen: the terminal, and the books.

Of the terminal only its last result is left, and that does not say whether it took or gave money: its slip does. The
practice system has everything that was booked, on which invoice, by which terminal, and nothing of the card. Where both
know an operation it is adopted once, with what each of them knows; where neither says what it was, a person has to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

from edgepos.agent.ports import Cloud
from edgepos.agent.record import NOT_ADOPTED, UNKNOWN_REFERENCE
from edgepos.clock import Clock
from edgepos.connectcloud import LookUpFailed
from edgepos.domain.booking import row_in, terminal_in
from edgepos.domain.errors import NotReached, Refused, Wrong
from edgepos.domain.identifiers import split_line_id
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.operation import Kind, Line
from edgepos.domain.result import Result, TerminalResult
from edgepos.domain.slip import kind_on_slip
from edgepos.journal import Journal
from edgepos.practice import PracticeSystem

GAP = "before-this-journal"
LOOK_BACK = timedelta(days=31)
"""A copy older than this is not caught up with by the practice system; the reconciliation shows the difference."""

Booked = Mapping[int, PracticePayment]
"""An operation's lines with the practice system's payment of each."""


class Adopting:
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

    async def adopt(self, terminal: str) -> None:
        """Everything of *terminal* that the journal lacks and can be seen. Safe to repeat.

        Raises Refused `terminal-busy`, NotReached where terminal or practice system cannot be asked.
        """
        last = await self._strange_last(terminal)
        booked = await self._strange_bookings(terminal)
        if last is not None:
            await self._adopt_last(terminal, last, booked.pop(last.order_id, {}))
        for reference, payments in booked.items():
            kind, amount = _moved(payments.values())
            result = TerminalResult(result=Result.MOVED, order_id=reference, total_minor=amount)
            await self._found(terminal, kind, result, payments, GAP)

    async def driven_elsewhere(self, terminals: Collection[str]) -> dict[str, str]:
        """Those of *terminals* that the practice system has a booking of which nobody here knows; each with its
        reference. Raises NotReached."""
        found: dict[str, str] = {}
        for payment, reference, _ in await self._strange_payments():
            named = terminal_in(payment.info)
            if named is not None and named in terminals:
                found.setdefault(named, reference)
        return found

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

    async def _strange_bookings(self, terminal: str) -> dict[str, Booked]:
        """The bookings of operations that nobody here knows, by reference. One that names no terminal may be of any."""
        found: dict[str, dict[int, PracticePayment]] = {}
        for payment, reference, line in await self._strange_payments():
            if terminal_in(payment.info) in (None, terminal):
                found.setdefault(reference, {}).setdefault(line, payment)
        return {reference: dict(sorted(payments.items())) for reference, payments in found.items()}

    async def _strange_payments(self) -> list[tuple[PracticePayment, str, int]]:
        """The practice system's payments under references of our form that nobody here knows, each with its line."""
        if self._practice is None:
            return []
        since = (self._clock.now() - LOOK_BACK).date().isoformat()
        found = []
        for payment in await self._practice.payments_since(since):
            row = row_in(payment.info)
            if row is not None and payment.amount_minor and not payment.is_cancelled:
                reference, line = split_line_id(row)
                if await self._is_strange(reference):
                    found.append((payment, reference, line))
        return found

    async def _adopt_last(self, terminal: str, last: TerminalResult, payments: Booked) -> None:
        told = {kind for kind in (_of_slips(last), _moved(payments.values())[0] if payments else None) if kind}
        if len(told) == 1 and (kind := told.pop()) is not Kind.REVERSAL:
            await self._found(terminal, kind, last, payments, UNKNOWN_REFERENCE)
            return
        facts = {"terminal": terminal, "reference": last.order_id, "result": last.kept()}
        await self._journal.raise_finding(NOT_ADOPTED, last.order_id, facts)

    async def _found(self, terminal: str, kind: Kind, result: TerminalResult, payments: Booked, why: str) -> None:
        await self._journal.found(
            kind=kind,
            terminal=terminal,
            currency=self._currency,
            clinic_day=self._today(),
            result=result,
            why=why,
            lines=_lines(payments, abs(result.net_minor or 0)),
            acknowledged_as={line: payment.id for line, payment in payments.items()},
        )

    async def _is_strange(self, reference: str) -> bool:
        """Whether *reference* is whole, of our form, and not in this journal."""
        try:
            split_line_id(f"{reference}.1")
        except Wrong:
            return False
        return not await self._journal.references_like(reference)


def _of_slips(result: TerminalResult) -> Kind | None:
    return kind_on_slip(f"{result.customer_slip}\n{result.merchant_slip}")


def _moved(payments: Iterable[PracticePayment]) -> tuple[Kind, int]:
    """Whether *payments*, those of one operation, took or gave money, and how much."""
    amount = sum(payment.amount_minor or 0 for payment in payments)
    return (Kind.PURCHASE if amount > 0 else Kind.REFUND), abs(amount)


def _lines(payments: Booked, moved_minor: int) -> tuple[Line, ...]:
    """A line for each booking, and one without an invoice for what moved and is in no book yet."""
    lines = [
        Line(line=line, amount_minor=abs(payment.amount_minor or 0), invoice=payment.invoice, number=payment.invoice)
        for line, payment in payments.items()
    ]
    rest = moved_minor - sum(line.amount_minor for line in lines)
    if lines and rest > 0:
        lines.append(Line(line=max(payments) + 1, amount_minor=rest))
    return tuple(lines)
