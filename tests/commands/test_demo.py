"""The demo day as a whole, and its checker: it sees what it is there for."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from sqlite_utils import Database

from edgepos.client import AgentError
from edgepos.commands.demo.clinic import DemoClinic
from edgepos.commands.demo.control import DemoFailed
from edgepos.commands.demo.nights import CAUSES
from edgepos.commands.demo.truth import compare
from edgepos.commands.demo.week import Week
from edgepos.domain.match import Cause
from edgepos.locale.causes import WORDS

REFERENCE = "E0000000000AA"


@pytest.mark.timeout(180)
def test_the_scripted_day_ends_with_three_sides_that_agree() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "edgepos", "demo", "--headless", "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    day = json.loads(ended.stdout)
    assert day["agree"]
    assert day["truth"] == day["journal"] == day["practice"] != {}


@pytest.mark.timeout(180)
def test_the_scripted_week_finds_every_cause_and_leaves_nothing_red() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "edgepos", "demo", "--week", "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    week = json.loads(ended.stdout)
    assert week["agree"]
    assert week["truth"] == week["journal"] == {ref: minor for ref, minor in week["practice"].items() if minor} != {}
    assert "nothing is left to do" in week["steps"][-1]["text"]


def test_the_week_has_to_show_every_cause_that_there_is() -> None:
    assert set(Cause) == CAUSES == set(WORDS)


def test_a_week_in_which_a_cause_never_came_about_fails_with_its_name() -> None:
    week = Week(cast(Any, None), say=print, seen=set(CAUSES) - {"parked"})
    with pytest.raises(DemoFailed, match="Never seen: parked"):
        week.must_have_seen(CAUSES)


def world(folder: Path, *, bank: int = 1250, journal: int = 1250, practice: int = 1250, twice: bool = False) -> Any:
    """One payment as the three sides have it."""
    copy = Database(folder / "journal.db")
    copy["operation"].insert(
        {"id": REFERENCE, "kind": "purchase", "state": "approved", "approved_minor": journal, "corrects": None}
    )
    copy["outbox"].insert({"row": f"{REFERENCE}.1", "state": "acknowledged"})
    copy.close()
    entry = {
        "kind": "purchase",
        "voided": False,
        "order_id": REFERENCE,
        "stan_auth": "1",
        "tip_minor": 0,
        "surcharge_minor": 0,
    }
    booking = {"info": f"{REFERENCE}.1 VISA **** 1234", "paid_minor": practice, "cancelled": False}
    return {
        "terminals": {"70000001": {"sessions": [{"entries": [{**entry, "amount_minor": bank}]}]}},
        "bookings": [booking] * (2 if twice else 1),
    }


@pytest.mark.parametrize(
    ("wrong", "agrees"),
    [
        ({}, True),
        ({"bank": 1251}, False),
        ({"journal": 1249}, False),
        ({"practice": 0}, False),
        ({"twice": True}, False),
    ],
)
def test_the_checker_sees_money_that_one_side_has_and_another_has_not(
    tmp_path: Path, wrong: dict[str, Any], agrees: bool
) -> None:
    truth = world(tmp_path, **wrong)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert compare(truth, tmp_path / "journal.db", scratch).agree is agrees


@pytest.mark.timeout(120)
def test_an_agent_that_dies_under_a_persons_screen_is_started_again() -> None:
    with DemoClinic(virtual=False) as clinic, clinic.agent_kept_alive():
        clinic.kill_agent()
        while not _answers(clinic):
            select.select([], [], [], 0.05)
        starts = clinic.agent.post("/sql", {"query": "SELECT count(*) FROM event WHERE kind = 'agent.started'"})
        assert starts["rows"] == [[2]]


def _answers(clinic: DemoClinic) -> bool:
    try:
        clinic.agent.get("/status")
    except AgentError:
        return False
    return True
