"""A clinic of real processes whose agent dies by a real SIGKILL, again and again on one journal, and what is judged then.

Nobody chooses the moment of a blow: time is running when it is struck, and it finds the process wherever that happens
to be, also before it is READY again. What is drawn is what is asked for, what goes wrong, and how long it is waited.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

from edgepos.client import AgentError
from edgepos.client.http import new_key
from edgepos.commands.demo.clinic import DemoClinic
from edgepos.commands.demo.control import DemoFailed
from tests.proof.checker import broken_chain, charged_twice, closings, compare, said_too_early

RECEPTION = "70000001"
FAULTS = (None, None, "drop_before", "drop_after", "cut_body", "504_at_60s")
LIMIT_S = 1_500
AGAIN = 0.7
"""How likely it is each time that an agent that starts is killed too."""


@dataclass
class Tally:
    """How often, and what came of it. *recovering*: kills of an agent that was not READY yet."""

    kills: int = 0
    recovering: int = 0
    operations: int = 0
    bad: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.kills += other.kills
        self.recovering += other.recovering
        self.operations += other.operations
        self.bad += other.bad


class Chapter:
    """One journal and all that befalls it."""

    def __init__(self, clinic: DemoClinic, draw: random.Random) -> None:
        self.clinic, self.draw, self.tally = clinic, draw, Tally()
        self._start_s = 1.0
        """How long the last start took, in real time: the blow falls somewhere within the next."""

    # --- what is asked for

    def ask(self) -> None:
        """A payment, or some or all of one back. Refused, or without an answer, is as good: life goes on."""
        self.tally.operations += 1
        try:
            paid = self._approved() if self.draw.random() < 0.3 else []
            if not paid:
                self.pay()
            elif self.draw.random() < 0.5:
                body = {"terminal": RECEPTION, "amount_minor": self.draw.randint(1, 5_000)}
                self.clinic.agent.post(f"/payments/{self.draw.choice(paid)}/refund", body, key=new_key())
            else:
                self.clinic.agent.post(f"/payments/{paid[0]}/reverse", {}, key=new_key())
        except AgentError:
            return

    def _approved(self) -> list[str]:
        found = self.clinic.agent.get("/payments", state="approved")["payments"]
        return [one["id"] for one in found if one["kind"] == "purchase"]

    def pay(self) -> None:
        due = 10_000 + self.draw.randrange(10_000)
        invoice = self.clinic.control("POST", "/practice/invoices", {"total_minor": due, "department": 2})["id"]
        line = {"invoice": str(invoice), "part": 1, "due_minor": due, "amount_minor": due}
        self.clinic.agent.post("/payments", {"terminal": RECEPTION, "currency": "SEK", "lines": [line]}, key=new_key())

    # --- what befalls it

    def story(self) -> None:
        """One operation, blows while it runs and while it is taken up again, and rest."""
        if fault := self.draw.choice(FAULTS):
            for method in ("POST", "DELETE"):
                rule = {"service": "nets", "fault": fault, "method": method, "path": "*/transaction"}
                self.clinic.control("POST", "/faults", rule)
        self.ask()
        self.clinic.advance(self.draw.choice((0.0, 1.0, self.draw.uniform(0, 8), 30.0)))
        for _ in range(self.draw.choice((1, 1, 2, 3))):
            self.strike()
            while self.draw.random() < AGAIN:
                self.strike_at_the_start()
            began = perf_counter()
            self.clinic.start_agent()
            self._start_s = perf_counter() - began
        for fault in self.clinic.control("GET", "/faults")["faults"]:
            self.clinic.control("DELETE", f"/faults/{fault['id']}")
        self.clinic.until("rest after a kill", self.at_rest, LIMIT_S, 10)
        self.clinic.advance(30.0)

    @contextmanager
    def time_runs(self, seconds: float) -> Iterator[None]:
        running = Thread(target=self.clinic.advance, args=(seconds,))
        running.start()
        try:
            yield
        finally:
            running.join()

    def strike(self) -> None:
        """Somewhere in the next seconds; then the box is away for a while."""
        with self.time_runs(4.0):
            for _ in range(self.draw.randrange(12)):
                self.clinic.control("GET", "/clock")
            self._kill()
        self.clinic.advance(self.draw.choice((0.1, 5.0, 40.0)))

    def strike_at_the_start(self) -> None:
        """It is started, and killed before it is ready, or just then."""
        self.clinic.begin_agent()
        with self.time_runs(1.0):
            is_ready = self.clinic.is_ready(self.draw.uniform(0, self._start_s))
            self._kill()
        self.tally.recovering += not (is_ready or self.clinic.is_ready())

    def _kill(self) -> None:
        self.clinic.kill_agent()
        self.tally.kills += 1

    def at_rest(self) -> bool:
        status = self.clinic.agent.get("/status")
        under_way = self.clinic.agent.get("/payments", state="sent")["payments"]
        return not (status["unknown"] or status["outbox"]["queued"] or under_way)

    # --- what is true at its end

    def play(self, kills: int, scratch: Path) -> Tally:
        """Stories until there were so many kills; what all three sides say then."""
        try:
            while self.tally.kills < kills:
                self.story()
        except (DemoFailed, AgentError) as error:
            self.tally.bad.append(f"after {self.tally.operations} operations: {error}")
        self.tally.bad += self.judge(scratch)
        return self.tally

    def judge(self, scratch: Path) -> list[str]:
        journal = scratch / self.clinic.journal.name
        for name in (journal.name, f"{journal.name}-wal"):
            if (source := self.clinic.journal.with_name(name)).exists():
                shutil.copy(source, scratch / name)
        truth: dict[str, Any] = self.clinic.control("GET", "/truth")
        sent = Counter(
            call["body"].get("orderId")
            for call in self.clinic.control("GET", "/calls")["calls"]
            if call["method"] == "POST" and call["path"].endswith("/transaction") and isinstance(call["body"], dict)
        )
        return [
            *(f"sent {count} times: {reference}" for reference, count in sent.items() if count > 1),
            *compare(truth, journal, ()),
            *charged_twice(truth, journal),
            *closings(truth, journal),
            *broken_chain(journal),
            *said_too_early(journal),
        ]
