"""The box looks after itself: hourly copies with generations, and a word to somebody outside when a person is needed."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from agent_clinic import LOCATION, Clinic

from edgepos.agent import generations
from edgepos.journal import Journal

HOUR_S = 3600


def set_up(clinic: Clinic, more: str) -> None:
    (clinic.folder / "config" / "location.toml").write_text(LOCATION + more)


def told(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# --- copies


@pytest.fixture
def share(unstarted: Clinic) -> Path:
    folder = unstarted.folder / "share"
    folder.mkdir()
    set_up(unstarted, f'\n[backup]\nfolder = "{folder}"\n')
    return folder


@pytest.mark.virtual_time
async def test_a_copy_goes_out_each_hour_in_which_something_happened(unstarted: Clinic, share: Path) -> None:
    clinic = unstarted
    await clinic.start()
    await clinic.client.post("/operators", {"operator": "anna", "name": "Anna", "role": "senior", "pin": "4711"})
    await clinic.pay()
    await asyncio.sleep(600)
    (first,) = generations.copies(share)
    people = generations.operators_beside(first)
    assert json.loads(people.read_text())["operators"][0]["id"] == "anna"
    assert {oct(path.stat().st_mode & 0o777) for path in (first, people)} == {"0o600"}
    await asyncio.sleep(3 * HOUR_S)
    assert generations.copies(share) == [first], "nothing happened, and nothing is worn out"
    await clinic.pay(9_900)
    await asyncio.sleep(HOUR_S)
    assert len(generations.copies(share)) == 2
    assert len(generations.copies(clinic.folder / "state" / "backups")) == 1
    status = await clinic.client.get("/status")
    assert status["backup"]["problem"] is None
    assert status["backup"]["old_s"] <= HOUR_S + 120
    await clinic.kill()
    again = await Journal.open(clinic.folder / "again", clock=clinic.clock, chance=clinic.chance, version="1")
    await again.close()


@pytest.mark.virtual_time
async def test_a_journal_that_lost_its_end_does_not_contain_its_own_newest_copy(unstarted: Clinic, share: Path) -> None:
    """As after a bad byte in the log: what is left is a whole journal, of an earlier moment."""
    clinic = unstarted
    await clinic.start()
    earlier = clinic.folder / "earlier"
    earlier.mkdir()
    assert clinic.agent is not None
    made = await clinic.agent.parts.journal.backup(earlier)
    await clinic.pay()
    await asyncio.sleep(600)
    assert (await clinic.client.get("/verify"))["ok"]
    await clinic.kill()
    state = clinic.folder / "state"
    for path in state.glob("journal.db*"):
        path.unlink()
    made.path.rename(state / "journal.db")
    await clinic.start()
    report = await clinic.client.get("/verify")
    assert not report["ok"]
    assert "left the box once" in report["problems"][0]


@pytest.mark.virtual_time
async def test_a_share_that_is_away_is_said_and_payments_go_on(unstarted: Clinic, share: Path) -> None:
    clinic = unstarted
    share.rmdir()
    await clinic.start()
    assert (await clinic.pay())["state"] == "approved"
    await asyncio.sleep(600)
    assert "share" in (await clinic.client.get("/status"))["backup"]["problem"]
    doctor = await clinic.client.get("/doctor")
    assert [check["ok"] for check in doctor["checks"] if check["name"] == "backups"] == [False]
    share.mkdir()
    await asyncio.sleep(HOUR_S)
    assert len(generations.copies(share)) == 1
    assert (await clinic.client.get("/status"))["backup"]["problem"] is None


def test_all_of_the_newest_day_and_one_of_each_day_before_are_kept(tmp_path: Path) -> None:
    box, other = "0" * 16, "f" * 16
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    for day in range(20):
        for hour in range(3):
            path = tmp_path / f"journal-{box}-{1000 - day * 10 + hour}-{'a' * 12}.db"
            path.touch()
            generations.operators_beside(path).touch()
            at = (noon - timedelta(days=day) + timedelta(hours=hour)).timestamp()
            os.utime(path, (at, at))
    foreign = [tmp_path / f"journal-{other}-1-{'b' * 12}.db", tmp_path / "holiday.db", tmp_path / "journal-x.db"]
    for path in foreign:
        path.touch()
    generations.thin(tmp_path, box, 14)
    kept = [int(path.name.split("-")[2]) for path in generations.copies(tmp_path, box)]
    assert kept == [1002, 1001, 1000, *(1002 - day * 10 for day in range(1, 14))]
    assert all(path.exists() for path in foreign)
    assert len(list(tmp_path.glob("*.operators.json"))) == len(kept)


# --- telling people


@pytest.fixture
def letters(unstarted: Clinic) -> Path:
    path = unstarted.folder / "letters"
    set_up(unstarted, f"""\n[alerts]\ncommand = '/bin/sh -c "cat >> {path}; echo >> {path}"'\n""")
    return path


@pytest.mark.virtual_time
async def test_a_terminal_that_is_away_is_told_once_and_once_when_it_is_back(unstarted: Clinic, letters: Path) -> None:
    clinic = unstarted
    await clinic.start()
    await clinic.variant(connected=False)
    await asyncio.sleep(500)
    assert told(letters) == []
    await asyncio.sleep(500)
    (letter,) = told(letters)
    assert [(one["code"], one["subject"]) for one in letter["began"]] == [("terminal-not-reached", "70000001")]
    assert letter["location"] == "Djurkliniken Norr"
    assert "RECEPTION" in letter["began"][0]["message"]
    await asyncio.sleep(2 * HOUR_S)
    assert len(told(letters)) == 1
    await clinic.variant(connected=True)
    await asyncio.sleep(200)
    assert [one["code"] for one in told(letters)[-1]["ended"]] == ["terminal-not-reached"]
    assert told(letters)[-1]["alerts"] == []


@pytest.mark.virtual_time
async def test_an_unknown_payment_and_a_booking_that_waits_are_told(unstarted: Clinic, letters: Path) -> None:
    clinic = unstarted
    await clinic.start()
    invoice = await clinic.invoice()
    await clinic.control("POST", "/faults", {"service": "provet", "fault": "status", "path": "*invoicepayment*",
                                             "method": "POST", "times": None, "args": {"status": 503}})  # fmt: skip
    await clinic.outcome(await clinic.begin(clinic.body(invoice)))
    await asyncio.sleep(20)
    await clinic.fault("drop_after")
    await clinic.fault("status", method="GET", path="transaction", times=None, nth=2, args={"status": 503})
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"unknown"})
    await asyncio.sleep(HOUR_S + 300)
    codes = {(one["code"], one["subject"]) for letter in told(letters) for one in letter["began"]}
    assert {("payment-unknown", payment["id"]), ("bookings-wait", "outbox")} <= codes


@pytest.mark.virtual_time
async def test_a_program_that_fails_is_tried_again(unstarted: Clinic) -> None:
    clinic = unstarted
    path, script = clinic.folder / "letters", clinic.folder / "tell"
    script.write_text(f"#!/bin/sh\ntest -e {clinic.folder}/line || exit 1\ncat >> {path}; echo >> {path}\n")
    script.chmod(0o700)
    set_up(clinic, f'\n[alerts]\ncommand = "{script}"\n')
    await clinic.start()
    await clinic.variant(connected=False)
    await asyncio.sleep(1_200)
    (clinic.folder / "line").touch()
    await asyncio.sleep(700)
    assert len(told(path)) == 1
