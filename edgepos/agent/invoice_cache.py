"""cache.db: the list of invoices and the names that go with it, for when the practice system is away.

It may be deleted at any time, and one that cannot be read is deleted here. sqlite-utils owns it: one connection, in one
thread, never the event loop's. It holds names of people and therefore never leaves the box; nothing in it decides.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgepos.domain.invoice import Invoice, WhyNot

if TYPE_CHECKING:
    from sqlite_utils import Database

T = TypeVar("T")
log = logging.getLogger(__name__)

FORM = 1
"""Raised whenever `Invoice` or the tables change: a cache of another form is begun anew."""

TABLES = {"about": ("key", "value"), "invoice": ("id", "document"), "name": ("key", "name")}
"""Their columns, the key first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """What a box knew when it last ran."""

    invoices: tuple[Invoice, ...] = ()
    names: Mapping[str, str] | None = None
    as_of: str | None = None
    """When the list was read (RFC 3339); None if it never was."""


class InvoiceCache:
    """The file. Every method may be called on the event loop; they run one after another."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "cache.db"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cache")
        self._db: Database | None = None

    async def load(self, scope: str) -> Cached:
        """What is there for *scope* (the practice system's address and department); another's is thrown away."""
        return await self._run(self._load, scope)

    async def save(
        self, changed: Iterable[Invoice], gone: Collection[str], names: Mapping[str, str], unneeded: Collection[str],
        as_of: str,
    ) -> None:  # fmt: skip
        """Keep what a refresh brought, and drop the invoices that are *gone* and the names that are *unneeded*. A disk
        that fails costs the cache, nothing else."""
        await self._run(self._save, tuple(changed), tuple(gone), dict(names), tuple(unneeded), as_of)

    async def close(self) -> None:
        """Let go of the file. It is opened again by `load`."""
        await self._run(self._close)

    async def _run(self, job: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job, *args)

    # --- in the thread

    def _load(self, scope: str) -> Cached:
        try:
            return self._read(self._open(scope))
        except (sqlite3.Error, OSError, ValueError, TypeError, KeyError) as error:
            log.warning("cache begun anew", extra={"file": self._path.name, "cause": type(error).__name__})
        try:
            self._discard()
            self._open(scope)
        except (sqlite3.Error, OSError) as error:  # the list lives in memory then
            log.error("no cache", extra={"file": self._path.name, "cause": type(error).__name__})
            self._close()
        return Cached()

    def _open(self, scope: str) -> Database:
        self._close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        from sqlite_utils import Database  # a tenth of what the agent loads at all: after the start

        self._db = db = Database(self._path)
        db.conn.execute("PRAGMA journal_mode = WAL")
        db.conn.execute("PRAGMA synchronous = OFF")  # what a power cut costs here is read again
        mark = f"{FORM} {scope}"
        about = db.table("about")
        if not about.exists() or {row["key"]: row["value"] for row in about.rows}.get("mark") != mark:
            for table, columns in TABLES.items():
                db.table(table).drop(ignore=True)
                db.table(table).create(dict.fromkeys(columns, str), pk=columns[0])
            about.insert({"key": "mark", "value": mark})
        self._path.chmod(0o600)
        return db

    def _read(self, db: Database) -> Cached:
        about = {row["key"]: row["value"] for row in db.table("about").rows}
        return Cached(
            invoices=tuple(_invoice(json.loads(row["document"])) for row in db.table("invoice").rows),
            names={str(row["key"]): str(row["name"]) for row in db.table("name").rows},
            as_of=about.get("as_of"),
        )

    def _save(
        self, changed: tuple[Invoice, ...], gone: tuple[str, ...], names: dict[str, str], unneeded: tuple[str, ...],
        as_of: str,
    ) -> None:  # fmt: skip
        if self._db is None:
            return
        db = self._db
        try:
            with db.conn:
                documents = ({"id": one.id, "document": json.dumps(asdict(one))} for one in changed)
                db.table("invoice").upsert_all(documents, pk="id")
                db.table("name").upsert_all(({"key": key, "name": name} for key, name in names.items()), pk="key")
                db.conn.executemany("DELETE FROM invoice WHERE id = :id", [{"id": id} for id in gone])
                db.conn.executemany("DELETE FROM name WHERE key = :key", [{"key": key} for key in unneeded])
                db.table("about").upsert({"key": "as_of", "value": as_of}, pk="key")
        except sqlite3.Error as error:
            log.warning("cache not written", extra={"file": self._path.name, "cause": type(error).__name__})

    def _close(self) -> None:
        if self._db is not None:
            self._db.conn.close()
            self._db = None

    def _discard(self) -> None:
        self._close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _invoice(document: dict[str, Any]) -> Invoice:
    known = {field.name: document[field.name] for field in fields(Invoice)}
    known["why_not"] = WhyNot(known["why_not"]) if known["why_not"] is not None else None
    for name in ("payment_ids", "animal_ids"):
        known[name] = tuple(known[name])
    return Invoice(**known)
