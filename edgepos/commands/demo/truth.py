"""The checker at the day's end: the bank's truth, a copy of the journal's file, and the practice system's bookings.

It shares no code with the agent and asks it nothing: it reads the simulator's `/truth` and a copied SQLite file.
What it compares is money by reference, so that two errors that cancel out in a sum are still seen.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
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


def bank_side(truth: Mapping[str, Any]) -> tuple[Amounts, list[str]]:
    """What the bank moved, by our reference, net of tips. A reversal has no reference: it voids its entry."""
    amounts: Amounts = {}
    doubles: list[str] = []
    for terminal, ledger in truth["terminals"].items():
        for entry in (entry for session in ledger["sessions"] for entry in session["entries"]):
            if entry["kind"] == "reversal" or entry["voided"]:
                continue
            reference = entry["order_id"] or f"stand-alone {terminal} {entry['stan_auth']}"
            if reference in amounts:
                doubles.append(f"the bank moved money twice for {reference}")
            sign = -1 if entry["kind"] == "refund" else 1
            amounts[reference] = amounts.get(reference, 0) + sign * (entry["amount_minor"] - entry["tip_minor"])
    return amounts, doubles


def journal_side(journal: Path, scratch: Path) -> tuple[Amounts, list[str]]:
    """What the journal says moved: approved operations, less the payments that a reversal took back."""
    from sqlite_utils import Database

    for side in ("", "-wal", "-shm"):
        if (source := journal.with_name(journal.name + side)).exists():
            shutil.copy(source, scratch / source.name)
    copy = Database(scratch / journal.name)
    amounts: Amounts = {}
    trouble: list[str] = []
    operations = {row["id"]: row for row in copy["operation"].rows}
    for reference, row in operations.items():
        if row["state"] in ("intended", "sent", "unknown") and row["kind"] != "reconciliation":
            trouble.append(f"the journal does not know what became of {reference}")
        if row["state"] != "approved" or row["kind"] in ("reconciliation", "reversal"):
            continue
        amounts[reference] = (-1 if row["kind"] == "refund" else 1) * row["approved_minor"]
    for row in operations.values():
        if row["kind"] == "reversal" and row["state"] == "approved":
            amounts.pop(row["corrects"], None)
    trouble += [
        f"booking {row['row']} is {row['state']}" for row in copy["outbox"].rows if row["state"] != "acknowledged"
    ]
    copy.close()
    return amounts, trouble


def practice_side(bookings: Sequence[Mapping[str, Any]]) -> tuple[Amounts, list[str]]:
    """What the practice system holds, by the reference in the first word of each payment's text. Cash is not ours."""
    amounts: Amounts = {}
    seen: Counter[str] = Counter()
    for booking in bookings:
        row = str(booking["info"]).partition(" ")[0]
        reference = row.partition(".")[0]
        if OURS.fullmatch(row) and not booking.get("cancelled"):
            seen[row] += 1
            amounts[reference] = amounts.get(reference, 0) + booking["paid_minor"]
    return amounts, [f"booked {count} times: {row}" for row, count in seen.items() if count > 1]


def compare(truth: Mapping[str, Any], journal: Path, scratch: Path, *, explained: Sequence[str] = ()) -> Comparison:
    """Hold the three against each other. *explained*: references that the script leaves different on purpose."""
    bank, doubles = bank_side(truth)
    ours, open_ends = journal_side(journal, scratch)
    practice, repeats = practice_side(truth["bookings"])
    differences = doubles + open_ends + repeats
    for reference in sorted({*bank, *ours, *practice} - set(explained)):
        sides = (bank.get(reference, 0), ours.get(reference, 0), practice.get(reference, 0))
        if len(set(sides)) > 1:
            differences.append(f"{reference}: bank {sides[0]}, journal {sides[1]}, practice system {sides[2]}")
    return Comparison(bank, ours, practice, tuple(differences))
