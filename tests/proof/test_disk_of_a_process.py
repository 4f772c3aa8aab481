"""The disk under the real agent fails, or is full, at each step of its journal, once and for good.

The agent is a process, started on that disk: it takes a payment as far as it comes, and ends by itself where the journal
has failed. Then the disk is good again, and the next start has to make of it what the bank has done.
"""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import count, product
from pathlib import Path

import pytest

from edgepos.client import AgentError
from edgepos.commands.demo.control import DemoFailed
from tests.proof.figures import SEED, SOAK, record, replay
from tests.proof.nursery import Nursery, NurseryClinic
from tests.proof.real_processes import LIMIT_S, RECEPTION, Chapter

pytestmark = pytest.mark.timeout(3600)

TABLE = "I/O error, disk full under the real process"
TEST = "tests/proof/test_disk_of_a_process.py"
HERE = "tests.proof.disk_of_a_process"
STRIDE, LEAST = (1, 400) if SOAK > 1 else (70, 6)
MISSES = 3
"""So many places in a row that nothing came to: the day has no more steps."""
AROUND_THE_SENDING = range(32, 100, 4)
"""Where the twin sends what it has not written down; at most other places what it loses is found again."""
STEP_S, A_PAYMENT_S = 0.05, 15.0


class Trouble:
    """One clinic, one fault after the other."""

    def __init__(self, clinic: NurseryClinic, folder: Path, function: str = "fails") -> None:
        self.clinic, self.folder, self.function = clinic, folder, function
        self.chapter = Chapter(clinic, random.Random(SEED))
        self.faults = 0
        self.bad: list[str] = []
        clinic.control("PUT", f"/terminals/{RECEPTION}", {"fresh_refuses": False})

    def strike(self, at: int, code: str, for_good: bool) -> bool:
        """A start and a payment on that disk, then all again on a good one; whether the fault has come."""
        self.clinic.stop_agent()
        note = self.folder / "failed"
        note.unlink(missing_ok=True)
        self.clinic.first = (HERE, self.function, at, code, for_good, str(note))
        if self._begins():
            self._pays()
        if note.exists() and for_good and self.function == "fails":
            self.clinic.first = (HERE, self.function, 1, code, True, str(note))
            if self._begins():
                self.bad.append(f"READY on a disk that takes nothing: at={at} {code}")
                self.clinic.stop_agent()
        self.clinic.first = ()
        self.clinic.start_agent()
        self.clinic.until("rest on a good disk", self.chapter.at_rest, LIMIT_S, 10)
        self.faults += note.exists()
        return note.exists()

    def _begins(self) -> bool:
        """Whether it becomes READY."""
        self.clinic.begin_agent()
        while not self.clinic.is_ready(self.clinic.pause_s):
            if not self.clinic.is_running:
                return False
            self.clinic.advance(STEP_S)
        return True

    def _pays(self) -> None:
        """As far as it comes; an agent that lives is told to end, which writes too."""
        with suppress(AgentError):
            self.chapter.pay()
            self.clinic.advance(A_PAYMENT_S)
            self.clinic.until("rest, or the end", self._is_over, LIMIT_S, 5)
        for _ in range(100):
            if not self.clinic.is_running:
                return
            with suppress(AgentError):
                self.clinic.agent.get("/status")
                self.clinic.stop_agent()
            self.clinic.advance(STEP_S)

    def _is_over(self) -> bool:
        return not self.clinic.is_running or self.chapter.at_rest()

    def judge(self) -> None:
        self.bad += self.chapter.judge(self.folder)


def troubles(trouble: Trouble, code: str, for_good: bool) -> None:
    """One fault at each place of a day, until there is nothing left that could fail."""
    misses = 0
    try:
        for at in count(1 + SEED % STRIDE, STRIDE):
            misses = 0 if trouble.strike(at, code, for_good) else misses + 1
            if misses == (MISSES if STRIDE == 1 else 1):
                break
    except (DemoFailed, AgentError) as error:
        trouble.bad.append(f"at={at} {code} for_good={for_good}: {error}")
    trouble.judge()


def test_the_twin_that_goes_on_after_an_error_is_convicted(tmp_path: Path) -> None:
    with Nursery() as nursery, NurseryClinic(nursery) as clinic:
        trouble = Trouble(clinic, tmp_path, "fails_and_it_goes_on")
        for at in AROUND_THE_SENDING:
            with suppress(DemoFailed, AgentError):
                trouble.strike(at, "IOError", for_good=True)
            trouble.judge()
            if trouble.bad:
                break
    assert trouble.bad, "the twin was not convicted"
    record(TABLE, 0, 0, twin_convicted=["goes on after an I/O error"])


def test_a_disk_that_fails_under_a_payment_loses_doubles_and_misreports_nothing(tmp_path: Path) -> None:
    with Nursery() as nursery, NurseryClinic(nursery) as clinic:
        trouble = Trouble(clinic, tmp_path)
        for code, for_good in product(("IOError", "FullError"), (False, True)):
            troubles(trouble, code, for_good)
    record(TABLE, trouble.faults, len(trouble.bad))
    assert not trouble.bad, "\n".join([*trouble.bad[:10], replay(TEST)])
    assert trouble.faults >= LEAST
