"""A busy day at the journal, drawn from one seed: every kind of write that there is, with a witness of what was reported.

The witness keeps the events as the journal told them after each commit. From those alone, without the disk, it says
what the tables must hold after each of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import apsw
from journal.clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, purchase

from edgepos.domain.errors import EdgeposError
from edgepos.domain.operation import Kind, Operation, State
from edgepos.journal import Event
from edgepos.journal.database import write_event
from edgepos.journal.schema import MIGRATIONS, PROJECTIONS

STAMP = ("2026-11-25T09:00:00.000Z", "22222222-2222-4222-8222-222222222222")


def digest(connection: apsw.Connection) -> str:
    """All that the journal holds, in one word: two journals that differ in any row have two."""
    whole = hashlib.sha256()
    for table in ("event", *PROJECTIONS):
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
            whole.update(repr(row).encode())
    return whole.hexdigest()


class Witness:
    """A clinic whose every commit is witnessed. *on_commit* hears the sequence that has just been reported."""

    def __init__(self, folder: Path, dice: random.Random, *, vfs: str, on_commit: Callable[[int], None]) -> None:
        self.clinic, self.dice, self.vfs, self.on_commit = Clinic(folder), dice, vfs, on_commit
        self.events: list[Event] = []
        self.ends: list[int] = []
        """The last sequence of each commit: in between there is nothing that one may find."""
        self._invoice = 500

    async def open(self) -> None:
        journal = await self.clinic.open(vfs=self.vfs)
        if not self.events:
            created = (await journal.sql("SELECT * FROM event")).rows
            self._heard([Event(*row) for row in created])  # type: ignore[arg-type]
        journal.subscribe(self._heard)

    def _heard(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        self.ends.append(events[-1].seq)
        self.on_commit(events[-1].seq)

    def expected(self) -> dict[int, str]:
        """For the end of each commit: the digest of a journal that was made from its events alone. 0: of none."""
        memory = apsw.Connection(":memory:")
        for migration in MIGRATIONS:
            memory.execute(migration)
        digests = {0: digest(memory)}
        for event in self.events:
            write_event(memory, event)
            if event.seq in self.ends:
                digests[event.seq] = digest(memory)
        return digests

    # --- the day

    async def day(self, acts: int) -> None:
        """*acts* things that happen in a clinic, each of one to four commits."""
        everything: list[Callable[[], Awaitable[object]]] = [
            self._pay, self._pay, self._pay_two, self._decline, self._lose, self._settle, self._give_back,
            self._undo, self._book, self._book, self._park, self._assign, self._find, self._hold, self._reconcile,
            self._close_day, self._restart, self._remark,
        ]  # fmt: skip
        for _ in range(acts):
            with contextlib.suppress(EdgeposError):  # a claim was taken: an answer as good as any
                await self.dice.choice(everything)()

    def _next_invoice(self) -> str:
        self._invoice += 1
        return str(self._invoice)

    def _terminal(self) -> str:
        return self.dice.choice((RECEPTION, SURGERY))

    async def _some(self, state: State, kind: Kind = Kind.PURCHASE) -> Operation:
        found = await self.clinic.journal.operations(state=state, kind=kind, limit=20)
        return self.dice.choice(found or [await self._pay()])

    async def _pay(self) -> Operation:
        amount = self.dice.randint(1, 99_999)
        return await self.clinic.pay(
            purchase(amount, line(1, amount, self._next_invoice()), terminal=self._terminal(), key=self._next_invoice())
        )

    async def _pay_two(self) -> Operation:
        lines = (line(1, 5000, self._next_invoice()), line(2, 3000, self._next_invoice()))
        sent = await self.clinic.send(purchase(8000, *lines, terminal=self._terminal()))
        await self.clinic.journal.stop_asked(sent.id, "anna")
        return await self.clinic.journal.decided(sent.id, self.clinic.approved(self.dice.randint(1, 8000)))

    async def _decline(self) -> None:
        await self.clinic.decline(purchase(100, line(1, 100, self._next_invoice()), terminal=self._terminal()))

    async def _lose(self) -> None:
        lost = await self.clinic.lose(purchase(700, line(1, 700, self._next_invoice()), terminal=self._terminal()))
        await self.clinic.journal.decided(lost.id, self.clinic.approved(700, tip=50))

    async def _settle(self) -> None:
        lost = await self.clinic.lose(purchase(900, line(1, 900, self._next_invoice()), terminal=self._terminal()))
        outcome = self.dice.choice(("taken", "not_taken"))
        await self.clinic.journal.settled(
            lost.id, outcome=outcome, slip_number="0042", amount_minor=900, operator="anna", confirmed_by="bo"
        )
        await self.clinic.journal.confirmed(lost.id, closing=1, agrees=self.dice.random() < 0.5)

    async def _give_back(self) -> None:
        paid = await self._some(State.APPROVED)
        amount = self.dice.randint(1, max(1, await self.clinic.journal.refundable(paid.id)))
        await self.clinic.pay(money_back(Kind.REFUND, paid.id, amount, terminal=self._terminal()))

    async def _undo(self) -> None:
        paid = await self._pay()
        await self.clinic.pay(money_back(Kind.REVERSAL, paid.id, paid.moved_minor, terminal=paid.terminal))

    async def _book(self) -> None:
        for row in await self.clinic.journal.queued():
            if row.waits_for is None:
                await self.clinic.journal.acknowledged(row.row, f"pp-{row.row}", "post")

    async def _park(self) -> None:
        await self._pay()
        row = (await self.clinic.journal.queued())[-1]
        await self.clinic.journal.parked(row.row, "refused", {"status": 400})
        if self.dice.random() < 0.5:
            await self.clinic.journal.released(row.row, "anna", {"book_today": True})

    async def _assign(self) -> None:
        paid = await self.clinic.pay(purchase(1200, terminal=self._terminal()))
        invoice = self._next_invoice()
        await self.clinic.journal.assigned(paid.id, line=1, invoice=invoice, number=f"STH-{invoice}", operator="anna")

    async def _find(self) -> None:
        finding = await self.clinic.journal.raise_finding("foreign-transaction", self._terminal(), {"minor": 5})
        result = self.clinic.result(300)
        await self.clinic.journal.found(
            kind=Kind.PURCHASE, terminal=self._terminal(), currency="SEK", clinic_day=DAY, result=result, why="keypad"
        )
        await self.clinic.journal.handle_finding(finding, "anna", "seen")

    async def _hold(self) -> None:
        terminal = self._terminal()
        await self.clinic.journal.learned(terminal, self.dice.random() < 0.5)
        await self.clinic.journal.held(terminal, "restored")
        await self.clinic.journal.terminal_released(terminal, "tech.olof")

    async def _reconcile(self) -> None:
        await self.clinic.reconcile(session=f"{self.dice.randint(1, 99):03d}", terminal=self._terminal())

    async def _close_day(self) -> None:
        await self.clinic.journal.closing_made(
            clinic_day=DAY, terminals=[RECEPTION], periods=[{"terminal": RECEPTION, "period": 1}], match={"agree": True},
            operator="anna",
        )  # fmt: skip

    async def _restart(self) -> None:
        await self.clinic.journal.close()
        await self.open()

    async def _remark(self) -> None:
        await self.clinic.journal.started("0.1.0")
        await self.clinic.journal.operator_changed("bo", "senior", True)
        await self.clinic.journal.settings_changed("location.toml", ["limits.disk_reserve_mb"])
