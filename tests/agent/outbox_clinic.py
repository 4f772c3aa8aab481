"""A journal with card payments in it, the sender, and the practice system's truth behind real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgepos.agent.lanes import DEFAULT_RULES, SyncRules
from edgepos.agent.sync import Sender
from edgepos.chance import SeededChance
from edgepos.clock import Clock
from edgepos.domain.evidence import Next, Verdict
from edgepos.domain.operation import Fence, Kind, Line, State
from edgepos.domain.result import Result, TerminalResult
from edgepos.journal import Intent, Journal, OutboxRow, OutboxState
from edgepos.simulator.faults import FaultRule
from edgepos.simulator.server import Simulator
from tests.practice.conftest import Tried, provet_of

PAYMENTS = "*/invoicepayment/"
TERMINAL = "70000001"


@dataclass
class OutboxClinic:
    clock: Clock
    folder: Path
    tried: Tried
    journal: Journal
    rules: SyncRules = DEFAULT_RULES
    sender: Sender = field(init=False)
    taken: int = 0
    _run: asyncio.Task[None] | None = None

    @property
    def books(self) -> Any:
        return self.tried.books

    # --- the terminal's side

    async def pay(self, invoice: int, amount_minor: int | None = None, *, day: str = "2026-11-25") -> str:
        """A purchase that the terminal has taken; its outbox row's id."""
        known = self.books.invoices[invoice]
        due = self.books.client_due_minor(known)
        amount = due if amount_minor is None else amount_minor
        line = Line(line=1, amount_minor=amount, invoice=str(invoice), number=f"STH-{invoice}", due_minor=due)
        return await self._take(Kind.PURCHASE, amount, day, lines=(line,))

    async def give_back(self, row: str, amount_minor: int, *, kind: Kind = Kind.REFUND) -> str:
        return await self._take(kind, amount_minor, "2026-11-25", corrects=row.partition(".")[0])

    async def _take(self, kind: Kind, amount: int, day: str, **more: Any) -> str:
        self.taken += 1
        intent = Intent(
            kind=kind, terminal=TERMINAL, currency="SEK", asked_minor=amount, operator="anna", clinic_day=day, **more
        )
        operation, _ = await self.journal.intend(intent, expected_parts=False)
        await self.journal.sent(operation.id, Fence(stan_auth="1", time="0", amount_minor=1, order_id=None))
        result = TerminalResult(
            result=Result.MOVED, terminal=TERMINAL, order_id=operation.id, total_minor=amount, card_scheme="VISA",
            stan_auth=f"{self.taken:06d}A1", masked_card="************0119", time_stamp=f"20261125{self.taken:06d}",
        )  # fmt: skip
        verdict = Verdict(
            then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",), result=result, approved_minor=amount
        )
        await self.journal.decided(operation.id, verdict)
        return f"{operation.id}.1"

    # --- the sender

    def start(self, *, after_clean_stop: bool = True) -> None:
        self.sender = Sender(
            self.journal, self.tried.provet, self.clock, SeededChance(2), self.rules, after_clean_stop=after_clean_stop
        )
        self._run = asyncio.get_running_loop().create_task(self.sender.run(), name="sender")

    async def kill(self) -> None:
        """The process dies: whatever is in flight is cut."""
        if self._run is not None:
            self._run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._run
            self._run = None

    async def ended(self) -> None:
        """The sender has stopped by itself."""
        if self._run is not None:
            await self._run
            self._run = None

    async def settle(self, *, limit_s: float = 7200.0) -> float:
        """Wait until nothing is queued; the seconds that took."""
        began = self.clock.monotonic()
        async with asyncio.timeout(limit_s):
            while (await self.journal.outbox_summary()).queued:
                await asyncio.sleep(0.5)
                if self._run is not None and self._run.done():
                    self._run.result()
        return self.clock.monotonic() - began

    async def row(self, id: str) -> OutboxRow:
        return await self.journal.outbox_row(id)

    async def rows(self, state: OutboxState) -> list[OutboxRow]:
        return await self.journal.outbox(state, limit=200)

    # --- the practice system's side

    def fault(self, name: str, method: str | None = None, path: str = "*", **more: Any) -> str:
        rule = {"service": "provet", "fault": name, "method": method, "path": path, **more}
        return self.tried.simulator.add_fault(FaultRule.model_validate(rule)).id

    def booked(self, row: str) -> list[Any]:
        return [one for one in self.books.bookings.values() if one.info.split(" ")[0] == row]

    async def agree(self) -> None:
        """The checker: every acknowledged row is exactly one booking of its amount, and every booking of ours a row."""
        acknowledged = {row.row: row for row in await self.rows(OutboxState.ACKNOWLEDGED)}
        for row in acknowledged.values():
            ids = [str(one.id) for one in self.booked(row.row)]
            if row.via != "adopted":
                assert ids == [row.practice_payment], row.row
                assert self.books.bookings[int(ids[0])].paid_minor == row.amount_minor
                assert str(self.books.bookings[int(ids[0])].invoice) == row.invoice
        ours = {
            one.info.split(" ")[0]
            for one in self.books.bookings.values()
            if one.info.startswith("E") and "." in one.info
        }
        assert ours <= set(acknowledged)


@asynccontextmanager
async def outbox_clinic(clock: Clock, folder: Path, rules: SyncRules = DEFAULT_RULES) -> AsyncIterator[OutboxClinic]:
    async with Simulator(clock) as simulator, provet_of(simulator, clock) as tried:
        journal = await Journal.open(folder / "state", clock=clock, chance=SeededChance(3), version="0")
        clinic = OutboxClinic(clock, folder, tried, journal, rules)
        try:
            yield clinic
        finally:
            await clinic.kill()
            await journal.close()
