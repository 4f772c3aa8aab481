"""The journal as the rest of edgepos knows it: one object on the event loop, one database transaction a call.

Every function here hands a job to the journal's thread and awaits it; what the job does is a named function in
`intents`, `outcomes`, `notes` or `queries`. Subscribers hear of every commit, also when the awaiter is gone. After
JournalBroken nothing is taken any more: the agent ends, starts again and reads what is on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import apsw

from edgepos.clock import Clock, rfc3339
from edgepos.domain.errors import Refused
from edgepos.domain.evidence import Finding, Verdict
from edgepos.domain.identifiers import box_tag, new_reference
from edgepos.domain.operation import Fence, Kind, Line, Operation, State
from edgepos.domain.result import TerminalResult
from edgepos.journal import (
    copies,
    intents,
    notes,
    opening,
    outbox_queries,
    outcomes,
    pictures,
    queries,
    record_queries,
    verify,
)
from edgepos.journal.ask import ask
from edgepos.journal.database import Database, Tx
from edgepos.journal.events import Event
from edgepos.journal.files import Lock, Reserve, private_folder
from edgepos.journal.pictures import Overview, Surroundings
from edgepos.journal.thread import JournalThread
from edgepos.journal.values import (
    BackupMade,
    Closing,
    DayTotals,
    FindingRow,
    Intent,
    InvoiceHeld,
    KeptLine,
    OutboxRow,
    OutboxState,
    OutboxSummary,
    Period,
    PeriodEnd,
    Slips,
    SqlAnswer,
    TerminalRow,
    VerifyReport,
)

P = ParamSpec("P")
R = TypeVar("R")
Subscriber = Callable[[Sequence[Event]], None]
Pictures = Sequence[tuple[int, Operation, Surroundings]]
"""Operations that a commit has changed, each with the sequence of its newest event and with what stands around it."""

NO_END = PeriodEnd()


class Bits(Protocol):
    """The part of `chance.Chance` that the journal needs."""

    def bits(self, n: int) -> int: ...


def stamp_of(clock: Clock) -> Callable[[], tuple[str, str]]:
    """What each event is stamped with: the wall clock, for people, and the boot, which names the clock that counts."""
    boot_id = clock.boot_id()
    return lambda: (rfc3339(clock.now()), boot_id)


class Journal:
    """Made by `open`. *box_id* names the box for ever, *tag* is what its references carry."""

    def __init__(
        self, database: Database, thread: JournalThread, lock: Lock, reserve: Reserve, *, clock: Clock, chance: Bits
    ) -> None:
        self._database, self._thread, self._lock, self._reserve, self._clock = database, thread, lock, reserve, clock
        self._subscribers: list[Subscriber] = []
        self._pictures: Callable[[Pictures], None] | None = None
        with database.reading() as tx:
            self.box_id = record_queries.boxes(tx)[0]
            self.tags = record_queries.tags(tx)
        self.tag = box_tag(self.box_id)
        self._new_reference = partial(new_reference, self.tag, chance.bits)

    @classmethod
    async def open(
        cls, folder: Path, *, clock: Clock, chance: Bits, version: str, reserve_mb: int = 16, vfs: str | None = None,
        lock: Lock | None = None,
    ) -> Journal:  # fmt: skip
        """The journal of *folder*, made if there is none. The lock is taken first, unless it is held already (*lock*),
        and let go of by `close`.

        Raises JournalLocked (with the holder's pid), JournalNewer, JournalOlder, JournalDamaged, JournalBroken.
        """
        lock = lock or Lock(private_folder(folder))
        thread = JournalThread()
        reserve = Reserve(folder, reserve_mb)

        held = lock

        def job() -> Journal:
            reserve.give_up_if_needed()
            box_id = f"{chance.bits(64):016x}"
            database = opening.open_database(folder, stamp_of(clock), box_id=box_id, version=version, vfs=vfs)
            reserve.keep()
            return cls(database, thread, held, reserve, clock=clock, chance=chance)

        try:
            return await thread.run(job)
        except BaseException:
            thread.close()
            held.release()
            raise

    async def close(self) -> None:
        """Carry out what was handed over, close the database, let go of the lock. Nothing is taken after this."""
        try:
            await self._thread.end(self._database.close)
        finally:
            self._lock.release()

    @property
    def head(self) -> tuple[int, str]:
        """Sequence and hash of the last event: what leaves the box with closings, bundles and bookings."""
        seq, digest = self._database.head
        return seq, digest.hex()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """*callback* is called on the loop after each commit with its events. The result ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def picture(self, callback: Callable[[Pictures], None] | None) -> None:
        """From now on *callback* is called on the loop after each commit with the operations that it changed, as they
        are now; None ends that. They are read before the next commit begins: a screen waits for no other's disk."""
        self._pictures = callback

    # --- how a call becomes a transaction

    def _draw(self) -> Callable[[], str]:
        """References, the first drawn here and now: what one seed gives must not hang on how two threads interleave."""
        return itertools.chain((self._new_reference(),), iter(self._new_reference, "")).__next__

    async def _write(self, function: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        committed: list[Event] = []

        def job() -> R:
            self._reserve.give_up_if_needed()
            with self._database.transaction() as tx:
                result = function(tx, *args, **kwargs)
            committed.extend(tx.events)
            return result

        tell = self._pictures
        then = partial(self._picture, committed, tell) if tell else None
        return await self._thread.run(job, lambda _: self._publish(committed), then=then)

    def _picture(self, committed: Sequence[Event], tell: Callable[[Pictures], None]) -> Callable[[], None]:
        with self._database.reading() as tx:
            return partial(tell, pictures.changed(tx, committed))

    async def _read(self, function: Callable[Concatenate[Tx, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        def job() -> R:
            with self._database.reading() as tx:
                return function(tx, *args, **kwargs)

        return await self._thread.run(job)

    async def _note(self, kind: str, subject: str, fields: Mapping[str, object]) -> None:
        await self._write(Tx.append, kind, subject, fields)

    def _publish(self, events: Sequence[Event]) -> None:
        if events:
            for subscriber in tuple(self._subscribers):
                subscriber(events)

    # --- operations

    async def intend(self, intent: Intent, *, expected_parts: bool = True) -> tuple[Operation, bool]:
        """Commit 1 of 4: the intent, with a reference of its own. False: this request key was answered before.

        *expected_parts*: a line's part must be the one that is next now, else Refused `due-changed`; otherwise the
        journal gives the parts out. Raises Refused `terminal-in-use`, `payment-unknown`, `terminal-held`,
        `invoice-open`, `invoice-paid` with the holder's facts; Wrong `amount-too-large` above what is left.
        """
        return await self._write(intents.append_intent, intent, self._draw(), expected_parts)

    async def sent(self, id: str, fence: Fence | None) -> Operation:
        """Commit 2 of 4: the first byte may leave after this. *fence*: None only where the terminal has no last one."""
        boottime_ms = int(self._clock.monotonic() * 1000)
        return await self._write(outcomes.append_sent, id, fence, boottime_ms)

    async def stop_asked(self, id: str, operator: str) -> Operation:
        return await self._write(outcomes.append_stop_asked, id, operator)

    async def unknown(
        self, id: str, cause: str, seen: Mapping[str, object], findings: Sequence[Finding] = ()
    ) -> Operation:
        """The answer is lost, unreadable or contradicted."""
        return await self._write(outcomes.append_unknown, id, cause, seen, findings)

    async def decided(self, id: str, verdict: Verdict, *, closes: PeriodEnd | None = None) -> Operation:
        """Commit 3 of 4: a final state with slips, outbox rows, findings and period. *closes*: what an approved
        reconciliation ended. A session that the open period does not have closes that one first, `by` terminal."""
        return await self._write(outcomes.append_decided, id, verdict, closes)

    async def found(
        self,
        *,
        kind: Kind,
        terminal: str,
        currency: str,
        clinic_day: str,
        result: TerminalResult,
        why: str,
        corrects: str | None = None,
        lines: tuple[Line, ...] = (),
        acknowledged_as: Mapping[int, str] | None = None,
        operator: str = "agent",
    ) -> Operation:
        """Adopt what the terminal has done. *acknowledged_as*: for a line, the practice system's payment that is it."""
        intent = Intent(
            kind=kind, terminal=terminal, currency=currency, asked_minor=0, operator=operator, clinic_day=clinic_day,
            lines=lines, corrects=corrects,
        )  # fmt: skip
        return await self._write(
            outcomes.append_found, self._draw(), result, intent, why=why, acknowledged_as=acknowledged_as or {}
        )

    async def recorded(
        self,
        *,
        kind: Kind,
        terminal: str,
        currency: str,
        amount_minor: int,
        slip_number: str,
        operator: str,
        clinic_day: str,
        lines: tuple[Line, ...] = (),
        corrects: str | None = None,
        request_key: str | None = None,
        at: str = "",
        session: str = "",
        text: str = "",
    ) -> tuple[Operation, bool]:
        """Book what was taken on a terminal that stood alone, from its slip. False: this key was answered before.

        *session* and *at*, as the slip has them, say to which of the terminal's periods it belongs.
        """
        intent = Intent(
            kind=kind, terminal=terminal, currency=currency, asked_minor=amount_minor, operator=operator,
            clinic_day=clinic_day, lines=lines, text=text, corrects=corrects, request_key=request_key,
        )  # fmt: skip
        return await self._write(
            outcomes.append_recorded, self._draw(), intent, slip_number=slip_number, at=at, session=session
        )

    async def settled(
        self, id: str, *, outcome: str, slip_number: str, amount_minor: int, operator: str, confirmed_by: str
    ) -> Operation:
        """A person closes an unknown one, `taken` or `not_taken`. Raises Refused `already-settled`."""
        return await self._write(
            outcomes.append_settled, id, outcome=outcome, slip_number=slip_number, amount_minor=amount_minor,
            operator=operator, confirmed_by=confirmed_by,
        )  # fmt: skip

    async def confirmed(self, id: str, *, closing: int, agrees: bool) -> Operation:
        return await self._write(outcomes.append_confirmed, id, closing, agrees)

    async def assigned(
        self, id: str, *, line: int, invoice: str, number: str, operator: str, practice: str = "provet"
    ) -> Operation:
        """Give an unlisted payment its invoice, once. Raises Refused `already-assigned`, or the holder of the part."""
        return await self._write(
            outcomes.append_assigned,
            id,
            line=line,
            practice=practice,
            invoice=invoice,
            number=number,
            operator=operator,
        )

    # --- outbox

    async def acknowledged(self, row: str, practice_payment: str, via: str) -> OutboxRow:
        """Commit 4 of 4. *via*: post, lookup or adopted. Raises Refused `already-booked`."""
        return await self._write(notes.append_acknowledged, row, practice_payment, via)

    async def parked(self, row: str, cause: str, facts: Mapping[str, object]) -> OutboxRow:
        return await self._write(notes.append_parked, row, cause, facts)

    async def released(self, row: str, operator: str, change: Mapping[str, object]) -> OutboxRow:
        return await self._write(notes.append_row_released, row, operator, change)

    async def queued(self) -> list[OutboxRow]:
        """All that is to be booked, in order; a row whose `waits_for` is set has to wait for that one."""
        return await self._read(outbox_queries.queued)

    async def outbox(
        self, state: OutboxState | None = None, *, limit: int = 50, before: str | None = None
    ) -> list[OutboxRow]:
        return await self._read(outbox_queries.outbox, state, limit, before)

    async def outbox_row(self, row: str) -> OutboxRow:
        return await self._read(outbox_queries.outbox_row, row)

    async def outbox_of(self, id: str) -> list[OutboxRow]:
        return await self._read(outbox_queries.outbox_of, id)

    async def outbox_summary(self) -> OutboxSummary:
        return await self._read(outbox_queries.outbox_summary)

    async def bookings_of(self, invoice: str, practice: str = "provet") -> frozenset[str]:
        return await self._read(queries.bookings_of, invoice, practice)

    # --- findings

    async def raise_finding(self, kind: str, subject: str, facts: Mapping[str, object]) -> str:
        """The finding's id. An open one of that kind about that subject is raised no second time."""
        return await self._write(notes.append_finding, kind, subject, facts)

    async def handle_finding(self, finding: str, operator: str, note: str) -> FindingRow:
        return await self._write(notes.append_handled, finding, operator, note)

    async def open_findings(self) -> list[FindingRow]:
        return await self._read(record_queries.open_findings)

    async def handled_findings(self, kind: str) -> list[FindingRow]:
        return await self._read(record_queries.handled_findings, kind)

    # --- terminals, periods, closings

    async def learned(self, terminal: str, echoes: bool) -> TerminalRow:
        return await self._write(notes.append_learned, terminal, echoes)

    async def held(self, terminal: str, cause: str) -> TerminalRow:
        return await self._write(notes.append_held, terminal, cause)

    async def terminal_released(self, terminal: str, operator: str) -> TerminalRow:
        return await self._write(notes.append_terminal_released, terminal, operator)

    async def terminal(self, terminal: str) -> TerminalRow:
        return await self._read(record_queries.terminal, terminal)

    async def terminals(self) -> list[TerminalRow]:
        return await self._read(record_queries.terminals)

    async def period_closed(
        self, terminal: str, *, by: str, end: PeriodEnd = NO_END, operation: str | None = None
    ) -> Period:
        """End the open period. *by*: asked, terminal or swap."""
        return await self._write(notes.append_period_closed, terminal, by, end, operation)

    async def periods(self, terminal: str, *, limit: int = 50) -> list[Period]:
        return await self._read(record_queries.periods, terminal, limit)

    async def closing_made(
        self,
        *,
        clinic_day: str,
        terminals: Sequence[str],
        periods: Sequence[Mapping[str, object]],
        match: Mapping[str, object],
        operator: str,
    ) -> Closing:
        return await self._write(
            notes.append_closing, clinic_day=clinic_day, terminals=terminals, periods=periods, match=match,
            operator=operator,
        )  # fmt: skip

    async def period_told(self, terminal: str, period: int, *, amount_minor: int, operator: str, note: str) -> Period:
        """A closed period's total as a person read it from the terminal's paper, in place of a missing report's."""
        return await self._write(
            notes.append_period_told, terminal, period, amount_minor=amount_minor, operator=operator, note=note
        )

    async def closings(self, *, limit: int = 50, before: int | None = None) -> list[Closing]:
        return await self._read(record_queries.closings, limit, before)

    # --- remarks

    async def started(self, version: str) -> None:
        await self._note("agent.started", "agent", {"version": version, "boot_id": self._clock.boot_id()})

    async def stopped(self, reason: str) -> None:
        await self._note("agent.stopped", "agent", {"reason": reason})

    async def operator_changed(self, operator: str, role: str, active: bool) -> None:
        await self._note("operator.changed", operator, {"operator": operator, "role": role, "active": active})

    async def settings_changed(self, file: str, keys: Sequence[str]) -> None:
        await self._note("settings.changed", file, {"file": file, "keys": list(keys)})

    async def closing_copied(self, number: int) -> int:
        return await self._write(notes.append_closing_copied, number)

    async def receipt_copied(self, id: str) -> int:
        return await self._write(notes.append_receipt_copied, id)

    async def archive_made(self, periods: Sequence[Mapping[str, object]], sha256: str) -> None:
        await self._note("archive.made", sha256, {"periods": [dict(period) for period in periods], "sha256": sha256})

    # --- questions

    async def operation(self, id: str) -> Operation:
        """Raises Wrong `unknown-payment`."""
        return await self._read(queries.operation, id)

    async def by_request_key(self, key: str) -> Operation | None:
        return await self._read(queries.by_request_key, key)

    async def operations(
        self,
        *,
        find: str | None = None,
        day: str | None = None,
        state: State | None = None,
        terminal: str | None = None,
        period: int | None = None,
        amount_minor: int | None = None,
        kind: Kind | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Operation]:
        """Newest first. *find*: an invoice's id or number, the beginning of a reference (six letters) or of a text."""
        return await self._read(
            queries.operations, find=find, day=day, state=state, terminal=terminal, period=period,
            amount_minor=amount_minor, kind=kind, limit=limit, before=before,
        )  # fmt: skip

    async def corrections(self, id: str) -> list[Operation]:
        return await self._read(queries.corrections, id)

    async def open_operations(self) -> list[Operation]:
        return await self._read(queries.open_operations)

    async def last_known(self, terminal: str) -> Operation | None:
        return await self._read(queries.last_known, terminal)

    async def stans(self, terminal: str) -> frozenset[str]:
        return await self._read(queries.stans, terminal)

    async def references_like(self, prefix: str) -> list[str]:
        return await self._read(queries.references_like, prefix)

    async def refundable(self, id: str) -> int:
        """What is left of a payment, with unknown and running money back counted as used."""
        return await self._read(queries.refundable, id)

    async def parts(self, invoice: str, practice: str = "provet") -> int:
        """The part that is next on an invoice."""
        return await self._read(queries.next_part, practice, invoice)

    async def invoice_kept(self, invoice: str, practice: str = "provet") -> list[KeptLine]:
        return await self._read(queries.invoice_kept, invoice, practice)

    async def invoices_held(self, invoices: Sequence[str], practice: str = "provet") -> dict[str, InvoiceHeld]:
        return await self._read(queries.invoices_held, invoices, practice)

    async def day_totals(self, day: str, currency: str) -> DayTotals:
        return await self._read(queries.day_totals, day, currency)

    async def surroundings(self, operations: Sequence[Operation]) -> list[Surroundings]:
        """What stands around each of *operations*, in their order."""
        return await self._read(pictures.surroundings, operations)

    async def overview(self, day: str, currency: str) -> Overview:
        """All of the journal that the status shows, of one moment."""
        return await self._read(pictures.overview, day, currency)

    async def day_periods(self, day: str) -> frozenset[tuple[str, int]]:
        return await self._read(queries.day_periods, day)

    async def slips(self, id: str) -> Slips:
        return await self._read(queries.slips, id)

    async def sql(self, query: str) -> SqlAnswer:
        """A technician's read-only question. Raises Wrong `usage`."""
        return await self._read(ask, query)

    # --- care

    @property
    def free_mb(self) -> int:
        """What an ordinary process may still write on the journal's disk."""
        return self._reserve.free_mb

    def keep_reserve(self) -> bool:
        """Make the reserve again once the disk has room. Whether it is there."""
        return self._reserve.keep()

    async def verify(self, head: tuple[int, str] | None = None, *, replays: bool = True) -> VerifyReport:
        """The full check, on a copy, so that nobody waits for it. *head*: one that once left the box. *replays*: as in
        `verify.verify`."""
        copy = await self._copy(self._reserve.folder / "verify.part")

        def job() -> VerifyReport:
            connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                return verify.verify(connection, head, replays=replays)
            finally:
                connection.close()
                copy.unlink()

        return await asyncio.get_running_loop().run_in_executor(None, job)

    async def backup(self, folder: Path) -> BackupMade:
        """A checked copy in *folder*. Raises Refused `backup-failed`, JournalDamaged if the copy does not pass."""
        copy = await self._copy(folder / "backup.part")
        made = await asyncio.get_running_loop().run_in_executor(None, copies.finish_copy, copy, folder)
        await self._note("backup.made", made.path.name, {"name": made.path.name, "seq": made.seq, "head": made.head})
        return made

    async def _copy(self, target: Path) -> Path:
        """The journal copied to *target*, with everybody else's jobs between the steps."""
        steps = copies.copy_steps(self._database.connection, target)
        try:
            while await self._thread.run(lambda: next(steps, True) is None):
                pass
        except (apsw.Error, OSError) as error:
            raise Refused("backup-failed", why=str(error)) from error
        finally:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                await self._thread.run(steps.close)
        return target


async def restore(copy: Path, folder: Path, *, clock: Clock, chance: Bits) -> None:
    """Put a backup in the place of the journal of *folder*, as another box: all open is unknown, all terminals held.

    For when no agent runs; the old journal is kept beside it. Raises JournalLocked, JournalNewer, JournalDamaged.
    """
    private_folder(folder)
    lock = Lock(folder)
    thread = JournalThread()

    def job() -> None:
        copies.check_copy(copy)
        copies.prepare_restored(copy, folder, f"{chance.bits(64):016x}", stamp_of(clock))
        copies.finish_restore(folder)

    try:
        await thread.run(job)
    finally:
        thread.close()
        lock.release()
