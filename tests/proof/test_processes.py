"""The real agent as a process of its own, ended by a real SIGKILL at any moment, again and again on one journal.

What `test_kills.py` does at chosen steps and cheaply is done here with everything real but the time: process, signal,
sockets, start-up, disk. Nobody chooses the moment: time is running when the blow is struck, after a drawn number of
questions to the simulator's clock, and it finds the process wherever that happens to be.
"""

from __future__ import annotations

import random
from pathlib import Path
from threading import Thread

import pytest

from edgepos.client import AgentError
from edgepos.client.http import new_key
from edgepos.commands.demo.clinic import DemoClinic
from edgepos.commands.demo.truth import compare
from tests.proof.figures import SEED, SOAK, record, replay

pytestmark = pytest.mark.timeout(7200)

KILLS = 12 if SOAK == 1 else 300
RECEPTION = "70000001"
FAULTS = (None, None, "drop_before", "drop_after", "cut_body", "504_at_60s")
LIMIT_S = 1_500


def press_pay(clinic: DemoClinic, invoice: int, due_minor: int) -> str | None:
    """The payment; None where the agent refuses, or is gone before it has answered."""
    line = {"invoice": str(invoice), "part": 1, "due_minor": due_minor, "amount_minor": due_minor}
    try:
        body = {"terminal": RECEPTION, "currency": "SEK", "lines": [line]}
        return str(clinic.agent.post("/payments", body, key=new_key())["id"])
    except AgentError:
        return None


def at_rest(clinic: DemoClinic) -> bool:
    status = clinic.agent.get("/status")
    under_way = clinic.agent.get("/payments", state="sent")["payments"]
    return not (status["unknown"] or status["outbox"]["queued"] or under_way)


def strike(clinic: DemoClinic, draw: random.Random, fault: str | None) -> None:
    """A payment, the blow some seconds into it, and a start some seconds later."""
    due = 10_000 + draw.randrange(10_000)
    invoice = clinic.control("POST", "/practice/invoices", {"total_minor": due, "department": 2})["id"]
    if fault:
        rule = {"service": "nets", "fault": fault, "method": "POST", "path": "*/transaction"}
        clinic.control("POST", "/faults", rule)
    press_pay(clinic, invoice, due)
    clinic.advance(draw.choice((0.0, 1.0, draw.uniform(0, 8))))
    time_runs = Thread(target=clinic.advance, args=(4.0,))
    time_runs.start()
    for _ in range(draw.randrange(12)):
        clinic.control("GET", "/clock")
    clinic.kill_agent()
    time_runs.join()
    clinic.advance(draw.choice((0.1, 5.0, 40.0)))
    clinic.start_agent()
    clinic.until("rest after a kill", lambda: at_rest(clinic), LIMIT_S, 5)
    clinic.advance(60.0)


def test_a_real_sigkill_at_any_moment_loses_doubles_and_misreports_nothing(tmp_path: Path) -> None:
    draw, bad = random.Random(SEED), []
    with DemoClinic(virtual=True) as clinic:
        for terminal in ("70000001", "70000002", "70000003"):
            clinic.control("PUT", f"/terminals/{terminal}", {"fresh_refuses": False})
        for _ in range(KILLS):
            strike(clinic, draw, draw.choice(FAULTS))
        clinic.stop_agent()
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        bad = list(compare(clinic.control("GET", "/truth"), clinic.journal, scratch).differences)
    record("SIGKILL of the real process at any moment", KILLS, len(bad))
    assert not bad, "\n".join([*bad, replay("tests/proof/test_processes.py", kills=KILLS)])
