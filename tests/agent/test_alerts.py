"""Alerts by a command: each told once when it has lasted, and once when it is over; with a real program."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from agent_clinic import LOCATION, RECEPTION, Clinic

from edgepos.agent.alerts import Alerts, troubles
from edgepos.clock import Clock

HOUR_S = 3_600.0
FINE: dict[str, Any] = {
    "at": "2026-11-25T08:00:00.000Z",
    "version": "1",
    "location": {"name": "Djurkliniken Norr"},
    "services": {"nets": {"state": "ok"}, "practice": {"state": "ok"}},
    "terminals": [{"id": RECEPTION, "state": "ready", "why": "", "mend": ""}],
    "unknown": [],
    "outbox": {"queued": 0, "parked": 0, "oldest_queued_at": None},
    "box": {"box_id": "0" * 16, "free_mb": 900, "clock_wrong": None},
    "limits": {"disk_reserve_mb": 64},
    "backup": {"old_s": 60, "problem": None},
}
TERMINAL = {"id": RECEPTION, "state": "not_reached", "why": "RECEPTION has no connection.", "mend": "Check it."}
AWAY = {"state": "not_reached", "code": "nets-away", "why": "Nets cannot be reached.", "mend": "Check the network."}
CLOCK_WRONG = {"state": "clock_wrong", "code": "clock-wrong", "why": "", "mend": ""}
FINDING = {"kind": "match-differs", "id": "F12", "message": "The sums do not agree.", "mend": "See: edgepos match"}
Case = tuple[str, str, float, dict[str, Any], list[dict[str, Any]]]
TROUBLES: list[Case] = [
    ("payment-unknown", "E7K2M9Q4T1XA3", 600, {"unknown": [{"id": "E7K2M9Q4T1XA3"}]}, []),
    ("bookings-wait", "outbox", HOUR_S,
     {"outbox": {"queued": 3, "parked": 0, "oldest_queued_at": "2026-11-25T07:00:00.000Z"}}, []),
    ("bookings-parked", "outbox", 0, {"outbox": {"queued": 0, "parked": 1, "oldest_queued_at": None}}, []),
    ("terminal-not-reached", RECEPTION, 600, {"terminals": [TERMINAL]}, []),
    ("nets-away", "nets", 600, {"services": {"nets": AWAY, "practice": {"state": "ok"}}}, []),
    ("match-differs", "F12", 0, {}, [FINDING]),
    ("clock-wrong", "box", 600, {"box": {"box_id": "0" * 16, "free_mb": 900, "clock_wrong": "services"},
                                 "services": {"nets": CLOCK_WRONG, "practice": CLOCK_WRONG}}, []),
    ("disk-low", "box", 0, {"box": {"box_id": "0" * 16, "free_mb": 9, "clock_wrong": None}}, []),
    ("backup-old", "box", 0, {"backup": {"old_s": 90_000, "problem": "no such share"}}, []),
]  # fmt: skip


class Letters:
    """The program that tells, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "letters"
        script = folder / "tell"
        script.write_text(f"#!/bin/sh\nenv > {folder}/environment\ncat >> {self._path}; echo >> {self._path}\n")
        script.chmod(0o700)
        self.command = f"{script} --to 'the chain'"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []

    @property
    def codes(self) -> list[tuple[list[str], list[str]]]:
        """Of each letter what began and what ended."""
        return [([o["code"] for o in one["began"]], [o["code"] for o in one["ended"]]) for one in self.told]


@pytest.fixture
def letters(tmp_path: Path) -> Letters:
    return Letters(tmp_path)


@pytest.mark.virtual_time
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda one: str(one[0]))
async def test_each_is_told_once_and_once_when_it_is_over(
    letters: Letters, tmp_path: Path, clock: Clock, trouble: Case
) -> None:
    code, subject, after_s, status, findings = trouble
    alerts = Alerts(letters.command, clock, tmp_path / "alerts.json")
    bad = FINE | status
    if after_s:
        await alerts.turn(bad, findings)
        await asyncio.sleep(after_s - 60)
        await alerts.turn(bad, findings)
        assert letters.codes == [], "it may pass by itself"
        await asyncio.sleep(120)
    for _ in range(3):
        await alerts.turn(bad, findings)
        await asyncio.sleep(60)
    assert letters.codes == [([code], [])]
    (letter,) = letters.told
    assert (letter["began"][0]["subject"], letter["location"]) == (subject, "Djurkliniken Norr")
    assert letter["began"][0]["message"]
    assert letter["began"][0]["mend"]
    for _ in range(3):
        await alerts.turn(FINE, [])
        await asyncio.sleep(60)
    assert letters.codes == [([code], []), ([], [code])]
    assert letters.told[-1]["alerts"] == []


@pytest.mark.virtual_time
async def test_over_a_restart_nothing_is_told_twice_and_the_end_is_told(
    letters: Letters, tmp_path: Path, clock: Clock
) -> None:
    kept = tmp_path / "alerts.json"
    bad = FINE | {"terminals": [TERMINAL], "backup": {"old_s": 90_000, "problem": None}}
    before = Alerts(letters.command, clock, kept)
    await before.turn(bad, [])
    await asyncio.sleep(700)
    await before.turn(bad, [])
    assert letters.codes == [(["backup-old"], []), (["terminal-not-reached"], [])]
    after = Alerts(letters.command, clock, kept)
    await after.turn(bad, [])
    await asyncio.sleep(HOUR_S)
    await after.turn(bad, [])
    assert len(letters.told) == 2
    await after.turn(FINE | {"terminals": [TERMINAL]}, [])
    assert letters.codes[2:] == [([], ["backup-old"])]
    assert [one["code"] for one in letters.told[-1]["alerts"]] == ["terminal-not-reached"]
    assert oct(kept.stat().st_mode & 0o777) == "0o600"


@pytest.mark.virtual_time
async def test_a_damaged_note_of_what_was_told_costs_a_second_telling(
    letters: Letters, tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "alerts.json").write_text("[{")
    await Alerts(letters.command, clock, tmp_path / "alerts.json").turn(FINE, [FINDING])
    assert letters.codes == [(["match-differs"], [])]


@pytest.mark.virtual_time
async def test_the_program_gets_nothing_of_the_agents_environment(
    letters: Letters, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/canary")
    await Alerts(letters.command, clock, tmp_path / "alerts.json").turn(FINE, [FINDING])
    assert "canary" not in (tmp_path / "environment").read_text()


def test_what_passes_by_itself_is_told_to_nobody() -> None:
    for state in ("ready", "in_use", "busy", "restarting", "reconcile_first", "not_checked", "payment_unknown"):
        assert list(troubles(FINE | {"terminals": [TERMINAL | {"state": state}]}, [])) == []


@pytest.mark.virtual_time
async def test_an_agent_whose_clock_goes_wrong_says_that_and_not_that_nets_is_away(unstarted: Clinic) -> None:
    """One trouble, one letter: the services are away by it, and are not told beside it."""
    letters = Letters(unstarted.folder)
    (unstarted.folder / "config" / "location.toml").write_text(
        LOCATION + f'\n[alerts]\ncommand = "{letters.command}"\n'
    )
    await unstarted.start()
    await unstarted.control("PUT", "/nets", {"clock_offset_s": 86_400.0})
    await unstarted.control("PUT", "/practice", {"clock_offset_s": 86_400.0})
    await asyncio.sleep(1_500)
    assert letters.codes == [(["clock-wrong"], [])]
    await unstarted.control("PUT", "/nets", {"clock_offset_s": 0.0})
    await unstarted.control("PUT", "/practice", {"clock_offset_s": 0.0})
    await asyncio.sleep(300)
    assert letters.codes[1:] == [([], ["clock-wrong"])]
