"""The SQLite journal: append-only events in a chain of hashes, projections of them, outbox, checks and copies.

The only place that says SELECT, and the only one that opens the journal's file. Imports `domain` and `clock` only.
"""

from edgepos.journal.copies import verify_copy
from edgepos.journal.events import Event
from edgepos.journal.pictures import Overview, Surroundings
from edgepos.journal.store import Journal, Pictures, restore
from edgepos.journal.values import (
    BackupMade,
    Closing,
    DayTotals,
    FindingRow,
    Intent,
    InvoiceHeld,
    JournalBroken,
    JournalDamaged,
    JournalLocked,
    JournalNewer,
    JournalOlder,
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

__all__ = [
    "BackupMade",
    "Closing",
    "DayTotals",
    "Event",
    "FindingRow",
    "Intent",
    "InvoiceHeld",
    "Journal",
    "JournalBroken",
    "JournalDamaged",
    "JournalLocked",
    "JournalNewer",
    "JournalOlder",
    "KeptLine",
    "OutboxRow",
    "OutboxState",
    "OutboxSummary",
    "Overview",
    "Period",
    "PeriodEnd",
    "Pictures",
    "Slips",
    "SqlAnswer",
    "Surroundings",
    "TerminalRow",
    "VerifyReport",
    "restore",
    "verify_copy",
]
