"""What the agent's loops ask of the parts behind them, and the stand-in where a part is not set up."""

from __future__ import annotations

from typing import NoReturn, Protocol

from edgepos.connectcloud import ReconciliationSlip, StateAnswer
from edgepos.domain.errors import NotReached
from edgepos.domain.operation import Operation
from edgepos.domain.result import NoAnswer, OwnReply, TerminalResult


class Cloud(Protocol):
    """Connect@Cloud, as `edgepos.connectcloud.ConnectCloud` has it."""

    async def ensure_token(self, seconds_left: float) -> None: ...

    async def terminals(self) -> frozenset[str] | None: ...

    async def state(self, tid: str) -> StateAnswer: ...

    async def last(self, tid: str) -> TerminalResult | None: ...

    async def purchase(self, tid: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer: ...

    async def refund(self, tid: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer: ...

    async def reverse(self, tid: str, amount_minor: int) -> OwnReply | NoAnswer: ...

    async def cancel(self, tid: str) -> bool: ...

    async def reconcile(self, tid: str) -> tuple[OwnReply | NoAnswer, ReconciliationSlip | None]: ...


class Desk(Protocol):
    """The invoices, as a worker needs them just before it sends."""

    async def still_due(self, operation: Operation) -> None:
        """Read each invoice of *operation* again. Raises Refused (`due-changed`, `not-payable`), NotReached."""


class AbsentCloud:
    """Stands where no account is set up: every question is refused before anything could be sent."""

    async def ensure_token(self, seconds_left: float) -> None:
        _not_set_up()

    async def terminals(self) -> frozenset[str] | None:
        _not_set_up()

    async def state(self, tid: str) -> StateAnswer:
        _not_set_up()

    async def last(self, tid: str) -> TerminalResult | None:
        _not_set_up()

    async def purchase(self, tid: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer:
        _not_set_up()

    async def refund(self, tid: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer:
        _not_set_up()

    async def reverse(self, tid: str, amount_minor: int) -> OwnReply | NoAnswer:
        _not_set_up()

    async def cancel(self, tid: str) -> bool:
        _not_set_up()

    async def reconcile(self, tid: str) -> tuple[OwnReply | NoAnswer, ReconciliationSlip | None]:
        _not_set_up()


def _not_set_up() -> NoReturn:
    raise NotReached("nets-away", service="nets", why="not-set-up")
