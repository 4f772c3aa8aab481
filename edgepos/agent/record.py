"""What a terminal says of its last operation, held against the journal, whenever it is asked without an open operation.

That happens before each sending (the fence), a little after each operation in which nothing moved, and before a
reversal. What does not fit is either adopted as `found` (the terminal did it under a reference of ours) or said to be
foreign; a reference of our form that this journal does not know stops everything at that terminal (holding.py).
"""

from __future__ import annotations

from collections.abc import Callable

from edgepos.agent.log import logger
from edgepos.domain.errors import Refused
from edgepos.domain.identifiers import looks_like_reference
from edgepos.domain.operation import NOTHING_MOVED, Kind, Operation, Origin, State
from edgepos.domain.result import Result, TerminalResult
from edgepos.domain.slip import is_void_slip
from edgepos.journal import Journal, TerminalRow

log = logger(__name__)
UNKNOWN_REFERENCE = "unknown-reference"
NOT_ADOPTED = "not-adopted"
SETTLED_CONTRADICTED = "settled-contradicted"


class TerminalRecord:
    """*today* gives the clinic day of now; *currency* is the location's."""

    def __init__(self, journal: Journal, *, currency: str, today: Callable[[], str]) -> None:
        self._journal = journal
        self._currency = currency
        self._today = today

    async def compare(self, terminal: str, result: TerminalResult | None) -> None:
        """Take in what the terminal says. Raises Refused `terminal-held` for an unknown reference of our form."""
        if result is None:
            return
        row = await self._journal.terminal(terminal)
        if _is_same(row, result):
            await self._learn(row, result)
            if _moved(row) and result.result is Result.REJECTED and row.last_operation:
                await self._reversed(await self._journal.operation(row.last_operation), result)
            return
        operation = await self._named_by(result)
        if operation is not None:
            await self._second_word(operation, result)
        elif looks_like_reference(result.order_id):
            if await self._is_a_persons(result.order_id):
                return
            await self._journal.raise_finding(
                UNKNOWN_REFERENCE, terminal, {"terminal": terminal, "result": result.kept()}
            )
            await self._journal.held(terminal, UNKNOWN_REFERENCE)
            log.error("a reference of our form that this journal does not know", terminal=terminal)
            raise Refused("terminal-held", terminal=terminal, why=UNKNOWN_REFERENCE)
        elif (
            result.result is Result.MOVED
            and row.last_result
            and result.stan_auth not in await self._journal.stans(terminal)
        ):
            await self._foreign(terminal, result)

    async def _is_a_persons(self, reference: str) -> bool:
        """Whether a person was asked about *reference* when the terminal was let go: it holds nothing up any more."""
        findings = [*await self._journal.open_findings(), *await self._journal.handled_findings(NOT_ADOPTED)]
        return any((one.kind, one.subject) == (NOT_ADOPTED, reference) for one in findings)

    async def _named_by(self, result: TerminalResult) -> Operation | None:
        """The one operation that the terminal's record names, whole or cut."""
        if not looks_like_reference(result.order_id):
            return None
        references = await self._journal.references_like(result.order_id)
        return await self._journal.operation(references[0]) if len(references) == 1 else None

    async def _second_word(self, operation: Operation, result: TerminalResult) -> None:
        """The terminal names an operation of ours that is closed: does it say what the journal says?"""
        if operation.is_open:
            return  # its own recovery is at it
        if result.result is Result.REJECTED:
            if operation.state is State.APPROVED:
                await self._reversed(operation, result)
            return
        if result.result is not Result.MOVED:
            return
        if operation.state is State.APPROVED:
            if result.stan_auth == operation.result.get("stan_auth") or _is_from_the_books(operation):
                return
            if is_void_slip(result.customer_slip) or is_void_slip(result.merchant_slip):
                await self._reversed(operation, result)
            else:
                await self._found(operation.kind, operation, result, "second-approval")
        elif operation.state is State.SETTLED_BY_HAND:
            if operation.settled_outcome != "taken" or operation.settled_minor != result.net_minor:
                await self._found(operation.kind, operation, result, SETTLED_CONTRADICTED)
        elif operation.state in NOTHING_MOVED:
            await self._found(operation.kind, operation, result, "late-approval")

    async def _reversed(self, operation: Operation, result: TerminalResult) -> None:
        await self._found(Kind.REVERSAL, operation, result, "reversed-at-terminal")

    async def _found(self, kind: Kind, operation: Operation, result: TerminalResult, why: str) -> None:
        if any(one.result.get("stan_auth") == result.stan_auth and one.kind is kind
               for one in await self._journal.corrections(operation.id) if one.result):  # fmt: skip
            return  # taken in already
        found = await self._journal.found(
            kind=kind,
            terminal=operation.terminal,
            currency=operation.currency,
            clinic_day=self._today(),
            result=result,
            why=why,
            corrects=operation.id,
        )
        facts = {"terminal": operation.terminal, "payment": operation.id, "found": found.id, "result": result.kept()}
        if why != SETTLED_CONTRADICTED:  # the journal says that one itself
            await self._journal.raise_finding(why, operation.id, facts)
        log.error("the terminal contradicts the journal", payment=operation.id, terminal=operation.terminal, cause=why)

    async def _foreign(self, terminal: str, result: TerminalResult) -> None:
        """A sale that is not ours: stand-alone, or another register's. Said once."""
        newest = await self._journal.operations(terminal=terminal, limit=1)
        if newest and newest[0].fence == result.fence:
            return
        subject = f"{terminal}:{result.stan_auth or result.time_stamp}"
        facts = {"terminal": terminal, "result": result.kept()}
        await self._journal.raise_finding("foreign-transaction", subject, facts)
        log.warning("a sale at the terminal that is not ours", terminal=terminal, cause="foreign-transaction")

    async def _learn(self, row: TerminalRow, result: TerminalResult) -> None:
        """Whether look-ups carry our reference: told by the look after an approval that our own answer proved."""
        if row.last_operation is None or not _moved(row):
            return
        operation = await self._journal.operation(row.last_operation)
        if operation.kind is Kind.PURCHASE and "own-reply" in operation.evidence:
            echoes = bool(result.order_id)
            if row.echoes is not echoes:
                await self._journal.learned(row.id, echoes)


def _is_from_the_books(operation: Operation) -> bool:
    """Adopted from the practice system (adopting.py), which knows nothing of a terminal's marks."""
    return operation.origin is Origin.FOUND and not operation.result.get("stan_auth")


def _moved(row: TerminalRow) -> bool:
    return row.last_result.get("result") == Result.MOVED


def _is_same(row: TerminalRow, result: TerminalResult) -> bool:
    """Whether *result* is the one that the journal knows as the terminal's last, whatever its outcome is now."""
    known = row.last_result
    if not known or known.get("total_minor") != result.total_minor:
        return False
    if result.stan_auth or known.get("stan_auth"):
        return known.get("stan_auth") == result.stan_auth
    return known.get("time_stamp", "") == result.time_stamp
