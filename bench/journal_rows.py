"""The journal: durable commits, the outbox, replay and verify."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import persistqueue

from bench import filled
from bench.measure import Row, by_turns, by_turns_async, compared
from edgepos import __version__
from edgepos.chance import SeededChance
from edgepos.clock import RealClock
from edgepos.domain.evidence import Next, Verdict
from edgepos.domain.operation import Fence, Kind, Line, State
from edgepos.domain.result import Result, TerminalResult
from edgepos.journal import Intent, Journal
from edgepos.journal.events import chained
from edgepos.journal.verify import chain_problem, verify

ROUNDS = 7
A_ROUND = 40
TERMINAL = "70000001"


class Till:
    """A journal that payments go through, one after the other."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.taken = 0

    async def approve(self) -> str:
        """Three durable commits: intended, sent, decided with its outbox row. The row's id."""
        self.taken += 1
        line = Line(line=1, amount_minor=12_500, invoice=str(self.taken), number=f"STH-{self.taken}", due_minor=12_500)
        intent = Intent(
            kind=Kind.PURCHASE, terminal=TERMINAL, currency="SEK", asked_minor=12_500, lines=(line,), operator="anna",
            clinic_day="2026-11-25", request_key=f"key-{self.taken}",
        )  # fmt: skip
        operation, _ = await self.journal.intend(intent, expected_parts=False)
        fence = Fence(stan_auth=f"{self.taken - 1:012d}", time="20261125120000", amount_minor=12_500, order_id=None)
        await self.journal.sent(operation.id, fence)
        result = TerminalResult(
            result=Result.MOVED, terminal=TERMINAL, order_id=operation.id, total_minor=12_500, card_scheme="VISA",
            stan_auth=f"{self.taken:012d}", masked_card="************1234", time_stamp="20261125120000", session="042",
            customer_slip=filled.SLIPS["customer"], merchant_slip=filled.SLIPS["merchant"],
        )  # fmt: skip
        verdict = Verdict(
            then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",), result=result, approved_minor=12_500
        )
        await self.journal.decided(operation.id, verdict)
        return f"{operation.id}.1"

    async def acknowledge(self, row: str) -> None:
        """The fourth."""
        await self.journal.acknowledged(row, str(9_000 + self.taken), "post")


async def _opened(folder: Path) -> Journal:
    return await Journal.open(folder, clock=RealClock(), chance=SeededChance(1), version=__version__)


def commits(long: bool) -> Iterator[Row]:
    """A payment's four durable commits against four appends with fdatasync of the same bytes."""
    yield asyncio.run(_commits())


async def _commits() -> Row:
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        journal = await _opened(Path(folder) / "state")
        till = Till(journal)
        texts: list[bytes] = []
        unsubscribe = journal.subscribe(
            lambda events: texts.extend(f"{one.at}{one.kind}{one.subject}{one.body}".encode() for one in events)
        )
        await till.acknowledge(await till.approve())
        unsubscribe()
        plain = os.open(Path(folder) / "plain", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

        async def ours() -> float:
            began = time.perf_counter()
            for _ in range(A_ROUND):
                await till.acknowledge(await till.approve())
            return A_ROUND / (time.perf_counter() - began)

        async def floor() -> float:
            began = time.perf_counter()
            for _ in range(A_ROUND):
                for text in texts[:4]:
                    os.write(plain, text)
                    os.fdatasync(plain)
            return A_ROUND / (time.perf_counter() - began)

        rates, floors = await by_turns_async(ROUNDS, ours, floor)
        os.close(plain)
        await journal.close()
    return compared(
        "a payment's durable commits through the journal, all rules on", "four appends with fdatasync, same bytes",
        rates, floors, "payments/s", at_least=0.55,
    )  # fmt: skip


def outbox(long: bool) -> Iterator[Row]:
    """From a row in the outbox to its acknowledgement, against a queue made for that, both with an fsync a commit."""
    yield asyncio.run(_outbox())


async def _outbox() -> Row:
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        journal = await _opened(Path(folder) / "state")
        queue = persistqueue.SQLiteAckQueue(str(Path(folder) / "queue"), multithreading=True)
        for connection in (queue._putter, queue._getter):  # its default promises less than ours
            connection.execute("PRAGMA synchronous = FULL")
        message = {"row": "E7K2M9Q4T1XA3.1", "invoice": "501", "amount_minor": 12_500, "currency": "SEK"}
        till = Till(journal)

        async def ours() -> float:
            spent = 0.0
            for _ in range(A_ROUND):
                await _two_commits(till)  # the intent and its fence are no part of the outbox
                began = time.perf_counter()
                row = await _decide(till)
                (waiting,) = await journal.queued()
                await till.acknowledge(waiting.row)
                spent += time.perf_counter() - began
                assert waiting.row == row
            return A_ROUND / spent

        async def peer() -> float:
            began = time.perf_counter()
            for _ in range(A_ROUND):
                queue.put(message)
                queue.ack(queue.get())
            return A_ROUND / (time.perf_counter() - began)

        rates, peers = await by_turns_async(ROUNDS, ours, peer)
        queue.close()
        await journal.close()
    return compared(
        "enqueue to acknowledge through the outbox", "persist-queue SQLiteAckQueue, synchronous=FULL",
        rates, peers, "rows/s", at_least=1.3,
    )  # fmt: skip


_asked: list[str] = []


async def _two_commits(till: Till) -> None:
    till.taken += 1
    line = Line(line=1, amount_minor=12_500, invoice=str(till.taken), number=f"STH-{till.taken}", due_minor=12_500)
    intent = Intent(
        kind=Kind.PURCHASE, terminal=TERMINAL, currency="SEK", asked_minor=12_500, lines=(line,), operator="anna",
        clinic_day="2026-11-25",
    )  # fmt: skip
