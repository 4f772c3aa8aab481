"""The journal: durable commits, the outbox, replay and verify."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from itertools import islice, starmap
from pathlib import Path
from typing import Any

import apsw
import persistqueue

from bench import filled
from bench.measure import Row, by_turns, by_turns_async, compared
from edgepos import __version__
from edgepos.chance import SeededChance
from edgepos.clock import RealClock
from edgepos.domain.evidence import Next, Verdict
from edgepos.domain.operation import Fence, Kind, Line, Operation, State
from edgepos.domain.result import Result, TerminalResult
from edgepos.journal import Intent, Journal
from edgepos.journal.events import chained
from edgepos.journal.verify import chain_problem, verify

ROUNDS, A_ROUND = 9, 30
WARM_UP = 120
"""Until the write-ahead log has its full length: from then on it is written over, as on a box that is up all day."""
EVENTS, A_PORTION = 1_000_000, 50_000
TERMINAL = "70000001"


class Till:
    """A journal that payments go through, one after the other, each in its four commits."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.taken = 0

    async def send(self) -> Operation:
        """Intended and sent."""
        self.taken += 1
        line = Line(line=1, amount_minor=12_500, invoice=str(self.taken), number=f"STH-{self.taken}", due_minor=12_500)
        intent = Intent(
            kind=Kind.PURCHASE, terminal=TERMINAL, currency="SEK", asked_minor=12_500, lines=(line,), operator="anna",
            clinic_day="2026-11-25", request_key=f"key-{self.taken}",
        )  # fmt: skip
        operation, _ = await self.journal.intend(intent, expected_parts=False)
        fence = Fence(stan_auth=f"{self.taken - 1:012d}", time="20261125120000", amount_minor=12_500, order_id=None)
        return await self.journal.sent(operation.id, fence)

    async def decide(self, operation: Operation) -> None:
        """Approved, with its outbox row."""
        result = TerminalResult(
            result=Result.MOVED, terminal=TERMINAL, order_id=operation.id, total_minor=12_500, card_scheme="VISA",
            stan_auth=f"{self.taken:012d}", masked_card="************1234", time_stamp="20261125120000", session="042",
            customer_slip=filled.SLIPS["customer"], merchant_slip=filled.SLIPS["merchant"],
        )  # fmt: skip
        verdict = Verdict(
            then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",), result=result, approved_minor=12_500
        )
        await self.journal.decided(operation.id, verdict)

    async def acknowledge(self, row: str) -> None:
        await self.journal.acknowledged(row, str(9_000 + self.taken), "post")

    async def pay(self) -> None:
        operation = await self.send()
        await self.decide(operation)
        await self.acknowledge(f"{operation.id}.1")


@contextlib.asynccontextmanager
async def till(folder: Path) -> AsyncIterator[Till]:
    journal = await Journal.open(folder / "state", clock=RealClock(), chance=SeededChance(1), version=__version__)
    try:
        yield Till(journal)
    finally:
        await journal.close()


def commits() -> Iterator[Row]:
    """A payment's four durable commits against four appends with fdatasync of the same bytes."""
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        yield asyncio.run(_commits(Path(folder)))


async def _commits(folder: Path) -> Row:
    async with till(folder) as one:
        texts: list[bytes] = []
        unsubscribe = one.journal.subscribe(
            lambda events: texts.extend(f"{e.at}{e.boot_id}{e.kind}{e.subject}{e.body}".encode() for e in events)
        )
        await one.pay()
        unsubscribe()
        for _ in range(WARM_UP):
            await one.pay()
        plain = os.open(folder / "plain", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

        async def ours() -> float:
            began = time.perf_counter()
            for _ in range(A_ROUND):
                await one.pay()
            return A_ROUND / (time.perf_counter() - began)

        async def floor() -> float:
            began = time.perf_counter()
            for _ in range(A_ROUND):
                for text in texts:
                    os.write(plain, text)
                    os.fdatasync(plain)
            return A_ROUND / (time.perf_counter() - began)

        rates, floors = await by_turns_async(ROUNDS, ours, floor)
        os.close(plain)
    return compared(
        "a payment's durable commits through the journal, all rules on", "four appends with fdatasync, same bytes",
        rates, floors, "payments/s", at_least=0.55,
    )  # fmt: skip


def outbox() -> Iterator[Row]:
    """From the commit that puts a row into the outbox to its acknowledgement, against a queue made for nothing else."""
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        yield asyncio.run(_outbox(Path(folder)))


async def _outbox(folder: Path) -> Row:
    queue = persistqueue.SQLiteAckQueue(str(folder / "queue"), multithreading=True)
    connections: tuple[Any, ...] = (queue._putter, queue._getter)
    for connection in connections:  # its default leaves the last commits to the power
        connection.execute("PRAGMA synchronous = FULL")
    message = {"row": "E7K2M9Q4T1XA3.1", "invoice": "501", "amount_minor": 12_500, "currency": "SEK"}
    async with till(folder) as one:

        async def ours() -> float:
            spent = 0.0
            for _ in range(A_ROUND):
                operation = await one.send()  # no part of the outbox
                began = time.perf_counter()
                await one.decide(operation)
                (waiting,) = await one.journal.queued()
                await one.acknowledge(waiting.row)
                spent += time.perf_counter() - began
            return A_ROUND / spent

        async def peer() -> float:
            began = time.perf_counter()
            for _ in range(A_ROUND):
                queue.put(message)
                queue.ack(queue.get())
            return A_ROUND / (time.perf_counter() - began)

        for _ in range(WARM_UP):
            await one.pay()
            for _ in range(2):  # its log is shorter, and its commits are smaller
                queue.put(message)
                queue.ack(queue.get())
        rates, peers = await by_turns_async(ROUNDS, ours, peer)
    queue.close()
    return compared(
        "enqueue to acknowledge through the outbox", "persist-queue SQLiteAckQueue with synchronous=FULL",
        rates, peers, "rows/s", at_least=1.3,
    )  # fmt: skip


def replay() -> Iterator[Row]:
    """The chain of hashes, and the whole check with its replay, against SHA-256 of the same rows in memory: of their
    texts, put together as the chain has them."""
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        state = Path(folder) / "state"
        filled.make(state, filled.days(EVENTS // 4), EVENTS)
        connection = apsw.Connection(str(state / "journal.db"), flags=apsw.SQLITE_OPEN_READONLY)

        def chain() -> float:
            return timed(lambda: chain_problem(connection))

        def whole() -> float:
            began = time.perf_counter()
            report = verify(connection)
            assert report.ok, report.problems
            return time.perf_counter() - began

        def floor() -> float:
            """In portions, as a million rows are more than a gigabyte; reading them does not count."""
            cursor, spent = connection.execute("SELECT prev, seq, at, boot_id, kind, subject, body FROM event"), 0.0
            while rows := list(islice(cursor, A_PORTION)):
                spent += timed(partial(list, starmap(chained, rows)))
            return spent

        chains, floors = by_turns(3, chain, floor)
        wholes, floors_beside = by_turns(1, whole, floor)
        connection.close()
    against = "sha256 of the same rows in memory"
    yield compared(f"the chain of {EVENTS:,} events reckoned again", against, chains, floors, "s", at_most=2.2)
    yield compared(
        f"replay and verify of {EVENTS:,} events: chain, file, every projection made anew and compared", against,
        wholes, floors_beside, "s", at_most=2.2,
    )  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
