"""Journals with years in them, made by the journal's own code in large transactions without waiting for the disk.

`payments` writes one event a payment (adopted ones, approved), `days` the four events of a payment as it is lived.
Both pass `edgepos verify`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edgepos import __version__
from edgepos.chance import SeededChance
from edgepos.clock import RealClock, rfc3339
from edgepos.domain.identifiers import box_tag, new_reference
from edgepos.journal import Journal
from edgepos.journal.database import Tx, connect, read_head
from edgepos.journal.verify import set_checkpoint

TERMINALS = ("70000001", "70000002", "70000003")
A_DAY = 500
A_TRANSACTION = 20_000
BOOT = "00000000-0000-4000-8000-000000000000"
SLIPS = {"customer": "DEMO ANIMAL CLINIC\nVISA ****1234\nKOP 125,00 SEK", "merchant": "VISA ****1234\nKOP 125,00 SEK"}


def make(folder: Path, events: Iterator[tuple[str, str, dict[str, Any]]], span: int) -> None:
    """A journal in *folder* with *events*, the newest a minute ago; *span*: how many minutes back the first one lies."""
    asyncio.run(_create(folder))
    connection = connect(folder / "journal.db")
    for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "locking_mode = EXCLUSIVE", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    aside = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in aside:  # made again at the end, word for word: sorted once rather than kept in order
        connection.execute(f"DROP {kind} {name}")
    moment = datetime.now(UTC) - timedelta(minutes=span + 1)
    head = read_head(connection)
    for batch in _batches(events):
        connection.execute("BEGIN IMMEDIATE")
        for kind, subject, fields in batch:
            tx = Tx(connection, (rfc3339(moment), BOOT), head)
            tx.append(kind, subject, fields)
            head = tx.head
            moment += timedelta(seconds=60)
        connection.execute("COMMIT")
    connection.execute("BEGIN IMMEDIATE")
    for _, _, sql in aside:
        connection.execute(sql)
    set_checkpoint(connection, *head)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


async def _create(folder: Path) -> None:
    journal = await Journal.open(folder, clock=RealClock(), chance=SeededChance(1), version=__version__)
    await journal.close()


def _batches(events: Iterator[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for event in events:
        batch.append(event)
        if len(batch) == A_TRANSACTION:
            yield batch
            batch = []
    yield batch


def references(count: int) -> Iterator[str]:
    chance, tag = SeededChance(9), box_tag("0" * 16)
    return (new_reference(tag, chance.bits) for _ in range(count))


def payments(count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """One event for each of *count* approved payments, A_DAY a day, each on an invoice of its own."""
    today = datetime.now(UTC).date()
    for number, id in enumerate(references(count)):
        day = today - timedelta(days=(count - 1 - number) // A_DAY)
        line = _line(number)
        fields = {
            **_asked(id, number, day.isoformat(), [{**line, "kept_minor": 12_500}]), **_outcome(number), "why": "bench",
            "is_booked": False,
        }  # fmt: skip
        yield "operation.found", id, fields


def days(count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The four events of each of *count* payments as they are lived."""
    today = datetime.now(UTC).date()
    for number, id in enumerate(references(count)):
        day = today - timedelta(days=(count - 1 - number) // A_DAY)
        yield "operation.intended", id, _asked(id, number, day.isoformat(), [{**_line(number), "part": 1}])
        fence = {"stan_auth": f"{number:012d}", "time": f"{number:014d}", "amount_minor": 12_500, "order_id": None}
        yield "operation.sent", id, {"id": id, "fence": fence, "boottime_ms": number}
        kept = [{"line": 1, "kept_minor": 12_500}]
        yield "operation.decided", id, {"id": id, "cause": None, "lines": kept, **_outcome(number)}
        row = f"{id}.1"
        yield "outbox.acknowledged", row, {"row": row, "practice_payment": str(9_000 + number), "via": "post"}


def _asked(id: str, number: int, day: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": id, "kind": "purchase", "terminal": TERMINALS[number % 3], "currency": "SEK", "asked_minor": 12_500,
        "lines": lines, "text": "", "corrects": None, "operator": "anna", "clinic_day": day, "request_key": None,
    }  # fmt: skip


def _line(number: int) -> dict[str, Any]:
    return {
        "line": 1, "practice": "provet", "invoice": str(100_000 + number), "number": f"STH-{100_000 + number}",
        "part": None, "amount_minor": 12_500, "due_minor": 12_500,
    }  # fmt: skip


def _outcome(number: int) -> dict[str, Any]:
    result = {
        "result": 0, "terminal": TERMINALS[number % 3], "total_minor": 12_500, "tip_minor": 0, "surcharge_minor": 0,
        "stan_auth": f"{number:012d}", "time_stamp": f"{number:014d}", "session": "042", "card_scheme": "VISA",
        "masked_card": "************1234", "order_id": "", "response_code": "00",
    }  # fmt: skip
    return {
        "state": "approved", "evidence": ["own-reply"], "approved_minor": 12_500, "tip_minor": 0, "surcharge_minor": 0,
        "result": result, "slips": SLIPS, "period": 1,
    }  # fmt: skip
