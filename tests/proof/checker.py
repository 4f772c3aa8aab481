"""The checker of the proof: the bank's truth, the journal's file and the practice system's books, side by side.

It shares no code with the agent and asks it nothing. Money by reference is compared by `demo/truth.py`; added here is
what sums cannot show: requests that were sent twice, closings, and the chain of the journal's own events.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from edgepos.commands.demo import truth as three
from tests.proof.clinic import Clinic


def check(clinic: Clinic, *, not_known: Collection[str] = (), chargeable_once: bool = True) -> list[str]:
    """Everything that is wrong; empty is good. *not_known*: operations that only a person can close."""
    journal = clinic.copy_of_journal()
    truth = clinic.truth()
    try:
        problems = compare(truth, journal, not_known)
        problems += sent_twice(clinic)
        problems += closings(truth, journal)
        problems += broken_chain(journal)
        problems += said_too_early(journal)
        if chargeable_once:
            problems += charged_twice(truth, journal)
        return problems
    finally:
        shutil.rmtree(journal.parent)


def compare(truth: Mapping[str, Any], journal: Path, not_known: Collection[str]) -> list[str]:
    """Bank, journal and practice system by reference."""
    with tempfile.TemporaryDirectory(dir=journal.parent) as scratch:
        found = three.compare(truth, journal, Path(scratch), explained=not_known)
    return [line for line in found.differences if not any(id in line for id in not_known)]


def said_too_early(journal: Path) -> list[str]:
    """A final state that the terminal contradicted afterwards, though no fate of these rounds explains it: the sum is
    mended by then, and still somebody was told that nothing was taken."""
    late = _rows(journal, "SELECT first.id, first.state FROM operation AS found JOIN operation AS first "
                          "ON first.id = found.corrects WHERE found.origin = 'found'")  # fmt: skip
    return [f"{id} was said to be {state}, and was not" for id, state in late]


def sent_twice(clinic: Clinic) -> list[str]:
    """Each reference went out at most once: no request that moves money was ever repeated."""
    sent = Counter(
        call.body.get("orderId")
        for call in clinic.simulator.world.calls
        if call.service == "nets" and call.method == "POST" and call.path.endswith("/transaction")
        if isinstance(call.body, dict)
    )
    return [f"sent {count} times: {reference}" for reference, count in sent.items() if count > 1]


def charged_twice(truth: Mapping[str, Any], journal: Path) -> list[str]:
    """The bank took no invoice's part twice: what stands for its purchases is at most what it cost."""
    taken: Counter[str] = Counter()
    amounts = {
        entry["order_id"]: entry["amount_minor"] - entry["tip_minor"] - entry["surcharge_minor"]
        for ledger in truth["terminals"].values()
        for session in ledger["sessions"]
        for entry in session["entries"]
        if entry["kind"] == "purchase" and not entry["voided"]
    }
    lines = _rows(journal, "SELECT operation, invoice FROM line JOIN operation ON id = operation "
                           "WHERE kind = 'purchase' AND invoice IS NOT NULL")  # fmt: skip
    for operation, invoice in lines:
        taken[invoice] += amounts.get(operation, 0)
    return [
        f"invoice {invoice} cost {truth['invoices'][invoice]['total_minor']}, the bank took {amount}"
        for invoice, amount in taken.items()
        if amount > truth["invoices"][invoice]["total_minor"]
    ]


def closings(truth: Mapping[str, Any], journal: Path) -> list[str]:
    """As many reconciliations approved as sessions closed because we asked; an unknown one may be either."""
    states = Counter(dict_row for (dict_row,) in _rows(
        journal, "SELECT state FROM operation WHERE kind = 'reconciliation'"))  # fmt: skip
    closed = sum(
        session["closed_by"] == "asked" for ledger in truth["terminals"].values() for session in ledger["sessions"]
    )
    open_ones = states["unknown"] + states["sent"] + states["intended"]
    if states["approved"] <= closed <= states["approved"] + open_ones:
        return []
    return [f"the bank closed {closed} sessions that were asked for, the journal says {dict(states)}"]


def broken_chain(journal: Path) -> list[str]:
    """Each event names the hash of the one before it, and the journal's own file is whole."""
    before, problems = bytes(32), []
    rows = _rows(journal, "SELECT seq, at, boot_id, kind, subject, body, prev, hash FROM event ORDER BY seq")
    for number, (seq, at, boot_id, kind, subject, body, prev, digest) in enumerate(rows, 1):
        fields = (str(seq), at, boot_id, kind, subject, body)
        parts = [before, *(field.encode() for field in fields)]
        if seq != number or prev != before or digest != _hash(parts):
            problems.append(f"the journal's chain breaks at event {seq}")
            break
        before = digest
    if (said := _rows(journal, "PRAGMA integrity_check")) != [("ok",)]:
        problems.append(f"the journal's file is damaged: {said}")
    return problems


def _hash(parts: list[bytes]) -> bytes:
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def _rows(journal: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(journal)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
