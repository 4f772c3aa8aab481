"""A byte of the journal's files changes by itself, in the database or in its log: that is found, or it harms nothing.

The files are those of a killed agent. What reads them is what a start and `edgepos verify` read, with the head that has
last left the box: a log that is cut short at a bad byte is a whole journal of an earlier moment, and that nobody could
see who does not know of a later one.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edgepos.journal import JournalBroken, JournalDamaged, JournalNewer, JournalOlder
from edgepos.journal.opening import open_database
from edgepos.journal.verify import verify

from . import twins
from .busy_day import STAMP, Witness, digest
from .disk import lay
from .figures import SEED, SOAK, record, replay

TABLE = "flipped bytes in journal and log"
TEST = "tests/proof/test_flips.py"
FLIPS = 500 * SOAK
FLIPS_A_DAY = 100
ACTS = 12
FILES = ("journal.db", "journal.db-wal")
FOUND = (JournalBroken, JournalDamaged, JournalNewer, JournalOlder)


@dataclass
class Day:
    """A killed agent's files, the head that had left the box, and all that they held."""

    files: dict[str, bytes]
    head: tuple[int, str]
    digest: str


def killed_day(seed: int, folder: Path) -> Day:
    async def main() -> Day:
        witness = Witness(folder, random.Random(seed), vfs="unix", on_commit=lambda seq: None)
        await witness.open()
        await witness.day(ACTS)
        while not (folder / FILES[1]).stat().st_size:  # the day has ended with a start, which empties the log
            await witness.day(1)
        journal = witness.clinic.journal
        files = {name: (folder / name).read_bytes() for name in FILES}
        held = Day(files, journal.head, digest(journal._database.connection))
        await journal.close()
        return held

    return asyncio.run(main())


@dataclass
class Flips:
    """*broken*: bytes whose change nobody was told of, though it changed what the journal says."""

    folder: Path
    tried: int = 0
    found: int = 0
    broken: list[str] = field(default_factory=list)

    def flip(self, day: Day, name: str, place: int, change: int) -> None:
        content = bytearray(day.files[name])
        content[place] ^= change
        self.folder.mkdir(exist_ok=True)
        lay(day.files | {name: bytes(content)}, self.folder)
        self.tried += 1
        try:
            journal = open_database(self.folder, lambda: STAMP, box_id="0" * 16, version="after")
        except FOUND:
            self.found += 1
            return
        try:
            if not verify(journal.connection, day.head).ok:
                self.found += 1
            elif digest(journal.connection) != day.digest:
                self.broken.append(replay(TEST, file=name, place=place, change=change))
        finally:
            journal.close()


def flipped(memory: Path, flips: int, name: str) -> Flips:
    """As many as *flips*, half of them in the log, on several days."""
    tried, dice = Flips(memory / f"after-{name}"), random.Random(SEED)
    for number in range(flips // FLIPS_A_DAY):
        day = killed_day(SEED * 1000 + number, memory / f"{name}-{number}")
        for one in range(FLIPS_A_DAY):
            file = FILES[one % 2]
            tried.flip(day, file, dice.randrange(len(day.files[file])), dice.randint(1, 255))
    return tried


@pytest.mark.usefixtures("short_log")
def test_the_twin_that_looks_at_no_chain_is_convicted(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins.looks_at_no_chain(monkeypatch)
    assert flipped(memory, FLIPS_A_DAY, "twin").broken, "not convicted"
    record(TABLE, 0, 0, twin_convicted=["looks at no chain"])


@pytest.mark.timeout(300 * SOAK)
@pytest.mark.usefixtures("short_log")
def test_a_flipped_byte_is_found_or_harms_nothing(memory: Path) -> None:
    tried = flipped(memory, FLIPS, "real")
    record(TABLE, tried.tried, len(tried.broken))
    assert not tried.broken, f"{len(tried.broken)} of {tried.tried}; the first:\n{tried.broken[0]}"
    assert tried.found > tried.tried // 5
