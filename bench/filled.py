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
BOOT = "00000000-0000-4000-8000-000000000000"
COPY_ID = "'E' || printf('%03d', :number) || '=' || substr({name}, 6)"
COPIED = {
    "operation": {
        "id": COPY_ID.format(name="id"), "created_seq": "created_seq - :number * :span",
        "seq": "seq - :number * :span", "clinic_day": "date(clinic_day, '-' || :days || ' days')",
    },
    "line": {
        "operation": COPY_ID.format(name="operation"), "invoice": "invoice || '.' || :number",
        "number": "number || '.' || :number",
    },
    "slip": {"operation": COPY_ID.format(name="operation")},
    "event": {"seq": "seq - :number * :span", "subject": COPY_ID.format(name="subject")},
}  # fmt: skip
"""What a copy has other than its original; a copied id has an `=` where no reference has one."""
SLIPS = {"customer": "DEMO ANIMAL CLINIC\nVISA ****1234\nKOP 125,00 SEK", "merchant": "VISA ****1234\nKOP 125,00 SEK"}


def make(folder: Path, events: Iterator[tuple[str, str, dict[str, Any]]], span: int, *, times: int = 1) -> None:
    """A journal in *folder* with *events*, the newest a minute ago; *span*: how many minutes back the first one lies.

    *times*: with so many years of the same before them, copied by SQL in front of the first event. What a start and a
    question read is then as large as after all those years; `edgepos verify` would see that they were never lived.
    """
    asyncio.run(_create(folder))
    connection = connect(folder / "journal.db")
    for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "cache_size = -400000", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    aside = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in aside:  # made again at the end, word for word: sorted once rather than kept in order
        connection.execute(f"DROP {kind} {name}")
    moment = datetime.now(UTC) - timedelta(minutes=span + 1)
    head = read_head(connection)
    connection.execute("BEGIN IMMEDIATE")
    for kind, subject, fields in events:
        tx = Tx(connection, (rfc3339(moment), BOOT), head)
        tx.append(kind, subject, fields)
        head = tx.head
        moment += timedelta(seconds=60)
    for number in range(1, times):
        for table, changes in COPIED.items():
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changes.get(name, name) for name in names)
            where = (
                f"WHERE {'seq' if table == 'event' else 'rowid'} > 1"
                if table in ("event", "operation")
                else ("WHERE operation NOT GLOB 'E[0-9][0-9][0-9]=*'")
            )
            connection.execute(
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} {where}",
                {"number": number, "span": head[0], "days": number * (span // A_DAY + 1)},
            )
    for _, _, sql in aside:
        connection.execute(str(sql))
    set_checkpoint(connection, *head)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


async def _create(folder: Path) -> None:
    journal = await Journal.open(folder, clock=RealClock(), chance=SeededChance(1), version=__version__)
    await journal.close()


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
