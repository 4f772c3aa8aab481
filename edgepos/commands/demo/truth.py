"""The checker at the day's end: the bank's truth, a copy of the journal's file, and the practice system's bookings.

It shares no code with the agent and asks it nothing: it reads the simulator's `/truth` and a copied SQLite file.
What it compares is money by reference, so that two errors that cancel out in a sum are still seen.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OURS = re.compile(r"E[0-9A-Z]{12}\.\d+")
Amounts = dict[str, int]
"""Minor units by reference; money back is negative."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Three records of one day, and every place where they differ. *agree* only if there is none."""

    bank: Amounts
    journal: Amounts
    practice: Amounts
    differences: tuple[str, ...] = field(default=())

    @property
    def agree(self) -> bool:
        return not self.differences

    @property
    def totals(self) -> dict[str, int]:
        sides = {"bank": self.bank, "journal": self.journal, "practice": self.practice}
        return {name: sum(amounts.values()) for name, amounts in sides.items()}


def _name_of(terminal: str, entry: Mapping[str, Any]) -> str:
    return str(entry["order_id"] or f"stand-alone {terminal} {entry['stan_auth']}")


def slips(truth: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Under which name the bank has the entry of a slip, by the slip's terminal and number."""
    return {
        (terminal, entry["stan_auth"]): _name_of(terminal, entry)
        for terminal, ledger in truth["terminals"].items()
        for session in ledger["sessions"]
        for entry in session["entries"]
    }


def bank_side(truth: Mapping[str, Any]) -> tuple[Amounts, list[str]]:
    """What the bank moved, by our reference, net of tips and surcharges. A reversal voids its entry."""
    amounts: Amounts = {}
    doubles: list[str] = []
    for terminal, ledger in truth["terminals"].items():
        for entry in (entry for session in ledger["sessions"] for entry in session["entries"]):
            if entry["kind"] == "reversal" or entry["voided"]:
                continue
            reference = _name_of(terminal, entry)
            if reference in amounts:
                doubles.append(f"the bank moved money twice for {reference}")
            sign = -1 if entry["kind"] == "refund" else 1
            net = entry["amount_minor"] - entry["tip_minor"] - entry["surcharge_minor"]
            amounts[reference] = amounts.get(reference, 0) + sign * net
    return amounts, doubles


@dataclass(slots=True)
class Journal:
    """What the journal says moved, by the reference under which the bank has it; and what is not settled in it."""

    amounts: Amounts = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Operations that are about another one's money, or about a stand-alone sale: under which name the bank has it."""
    adopted: dict[str, str] = field(default_factory=dict)
    """The practice system's payments that a person has named: payment to operation."""
    trouble: list[str] = field(default_factory=list)


def journal_side(journal: Path, scratch: Path, slips: Mapping[tuple[str, str], str]) -> Journal:
    """Approved operations and those that a person settled as taken, less what a reversal took back."""
    from sqlite_utils import Database

    for side in ("", "-wal", "-shm"):
        if (source := journal.with_name(journal.name + side)).exists():
            shutil.copy(source, scratch / source.name)
    copy = Database(scratch / journal.name)
    read = Journal()
    operations = list(copy["operation"].rows)
    for row in operations:
        if row["state"] in ("intended", "sent", "unknown") and row["kind"] != "reconciliation":
            read.trouble.append(f"the journal does not know what became of {row['id']}")
        if name := _name_at_bank(row, slips):
            read.names[row["id"]] = name
        moved = row["approved_minor"] if row["state"] == "approved" else row.get("settled_minor")
        if moved and row["kind"] in ("purchase", "refund"):
            name = read.names.get(row["id"], row["id"])
            read.amounts[name] = read.amounts.get(name, 0) + (-moved if row["kind"] == "refund" else moved)
    for row in operations:
        if row["kind"] == "reversal" and row["state"] == "approved":
            read.amounts.pop(row["corrects"], None)
    for row in copy["outbox"].rows:
        if row["state"] != "acknowledged":
            read.trouble.append(f"booking {row['row']} is {row['state']}")
        elif row.get("via") == "adopted":
            read.adopted[row["practice_payment"]] = row["operation"]
    copy.close()
    return read


def _name_at_bank(row: Mapping[str, Any], slips: Mapping[tuple[str, str], str]) -> str | None:
    """What was recorded has its slip's STAN as number; what was found late has the first's name."""
    if row.get("origin") == "recorded":
        return slips.get((row["terminal"], row["settled_slip"]))
    is_of_another = row.get("origin") == "found" or row["kind"] == "reversal"
    return str(row["corrects"]) if is_of_another and row["corrects"] else None


def practice_side(bookings: Sequence[Mapping[str, Any]], journal: Journal) -> tuple[Amounts, list[str]]:
    """What the practice system holds, by the reference in the first word of each payment's text, or because a person
    said whose it is. Cash is not ours."""
    amounts: Amounts = {}
    seen: Counter[str] = Counter()
    for booking in bookings:
        row = str(booking["info"]).partition(" ")[0]
        reference = row.partition(".")[0] if OURS.fullmatch(row) else journal.adopted.get(str(booking.get("id")))
        if reference and not booking.get("cancelled"):
            seen[row] += bool(OURS.fullmatch(row))
            name = journal.names.get(reference, reference)
            amounts[name] = amounts.get(name, 0) + booking["paid_minor"]
    return amounts, [f"booked {count} times: {row}" for row, count in seen.items() if count > 1]


def compare(truth: Mapping[str, Any], journal: Path, scratch: Path, *, explained: Collection[str] = ()) -> Comparison:
    """Hold the three against each other. *explained*: references that are not known yet, and rightly so."""
    bank, doubles = bank_side(truth)
    read = journal_side(journal, scratch, slips(truth))
    practice, repeats = practice_side(truth["bookings"], read)
    differences = doubles + read.trouble + repeats
    for reference in sorted({*bank, *read.amounts, *practice} - set(explained)):
        sides = (bank.get(reference, 0), read.amounts.get(reference, 0), practice.get(reference, 0))
        if len(set(sides)) > 1:
            differences.append(f"{reference}: bank {sides[0]}, journal {sides[1]}, practice system {sides[2]}")
    return Comparison(bank, read.amounts, practice, tuple(differences))
