"""The doctor: every check with its mend, each state of a terminal, and an end within ten seconds with everything down."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from agent_clinic import RECEPTION, Clinic

from edgepos.agent import network_check
from edgepos.agent.box_check import _units
from edgepos.agent.check import AREAS
from edgepos.agent.doctor import checks, rights
from edgepos.agent.network_check import Service, reachable
from edgepos.agent.view import CODES
from edgepos.clock import Clock, RealClock
from edgepos.domain.health import TerminalState
from edgepos.journal import FindingRow
from edgepos.locale.messages import render

LIMIT_S = 10.0
FINE: dict[str, Any] = {
    "at": "2026-11-25T08:00:00.000Z",
    "version": "1",
    "location": {"is_set_up": True},
    "services": {"nets": {"state": "ok", "why": "", "mend": ""}, "practice": {"state": "slow", "why": "", "mend": ""}},
    "terminals": [],
    "unknown": [],
    "findings": 0,
    "outbox": {"queued": 0, "parked": 0, "oldest_queued_at": None},
    "box": {"free_mb": 900, "clock_wrong": None, "seq": 7, "head": "ab" * 32},
    "limits": {"disk_reserve_mb": 64},
    "backup": {"folder": "/mnt/share", "old_s": 60, "problem": None},
}


def wrong_ones(status: Mapping[str, Any], findings: list[FindingRow] | None = None) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in checks(FINE | status, findings or []) if not check["ok"]}


def test_a_box_that_is_well_has_nothing_wrong() -> None:
    assert wrong_ones({}) == {}


@pytest.mark.parametrize("state", list(TerminalState), ids=str)
def test_each_state_of_a_terminal_is_told_with_its_mend(state: TerminalState) -> None:
    """FC-27: busy, and with what, is one of them."""
    said = render(CODES[state], {"terminal": "RECEPTION", "reported": "menu"}) if state in CODES else None
    shown = {
        "name": "RECEPTION",
        "state": str(state),
        "why": said.message if said else "",
        "mend": said.mend if said else "",
    }
    found = wrong_ones({"terminals": [shown]})
    if state in (TerminalState.READY, TerminalState.IN_USE):
        assert found == {}
        return
    check = found["RECEPTION"]
    assert (check["area"], check["state"]) == ("terminals", str(state))
    assert check["message"]
    assert check["mend"]
    if state is TerminalState.BUSY:
        assert "menu" in check["message"]


@pytest.mark.parametrize(
    ("status", "name", "says"),
    [
        ({"box": FINE["box"] | {"clock_wrong": "before-this-program"}}, "clock", "timedatectl"),
        ({"services": FINE["services"] | {"nets": {"state": "refused", "why": "Nets refuses.", "mend": "Mend."}}},
         "nets", "Mend."),
        ({"box": FINE["box"] | {"free_mb": 3}}, "disk", "Make room"),
        ({"backup": {"folder": "/mnt/share", "old_s": 90_000, "problem": None}}, "backups", "[backup]"),
        ({"backup": {"folder": "/mnt/share", "old_s": 60, "problem": "away"}}, "backups", "backups"),
        ({"outbox": {"queued": 2, "parked": 1, "oldest_queued_at": None}}, "bookings", "edgepos sync"),
        ({"outbox": {"queued": 2, "parked": 0, "oldest_queued_at": "2026-11-25T06:30:00.000Z"}}, "bookings", "doctor"),
        ({"unknown": [{"id": "E7K2M9Q4T1XA3"}]}, "payments", "terminal's slip"),
        ({"findings": 2}, "findings", "edgepos findings"),
        ({"location": {"is_set_up": False}}, "location", "config/"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_of_the_agents_checks_has_its_mend(status: dict[str, Any], name: str, says: str) -> None:
    found = wrong_ones(status)
    assert list(found) == [name]
    assert found[name]["message"]
    assert says in found[name]["mend"] or says in found[name]["message"]


def test_a_booking_that_waits_for_minutes_is_no_fault() -> None:
    assert wrong_ones({"outbox": {"queued": 2, "parked": 0, "oldest_queued_at": "2026-11-25T07:50:00.000Z"}}) == {}


def test_each_unit_of_the_box_is_named_with_its_state() -> None:
    found = list(_units("active\nfailed\ninactive"))
    assert [check["ok"] for check in found] == [True, False, False]
    assert "edgepos-kiosk@tty1.service is failed" in found[1]["message"]
    assert "systemctl status edgepos-backup.timer" in found[2]["mend"]
    assert [check["ok"] for check in _units("")] == [True], "no systemd, no word of it"


@pytest.mark.virtual_time
async def test_rights_that_booking_needs_are_named(clinic: Clinic) -> None:
    assert clinic.agent is not None
    practice = clinic.agent.parts.practice
    assert all(check["ok"] for check in await rights(practice, limit_s=30))
    await clinic.control(
        "POST", "/faults",
        {"service": "provet", "fault": "status", "method": "GET", "path": "*/invoice/", "times": None,
         "args": {"status": 403, "body": '{"detail": "nej"}'}},
    )  # fmt: skip
    lacking = [check for check in await rights(practice, limit_s=30) if not check["ok"]]
    assert [check["name"] for check in lacking] == ["right invoices"]
    assert "Financial: Invoices" in lacking[0]["message"]


@pytest.mark.virtual_time
async def test_over_the_api_areas_come_in_the_order_in_which_one_mends(clinic: Clinic) -> None:
    await clinic.variant(connected=False)
    await asyncio.sleep(200)
    document = await clinic.client.get("/doctor")
    areas = [check["area"] for check in document["checks"]]
    assert areas == sorted(areas, key=AREAS.index)
    check = next(one for one in document["checks"] if one["name"] == "RECEPTION")
    assert (check["ok"], check["state"]) == (False, "not_reached")
    assert (document["ok"], RECEPTION in check["name"]) == (False, False)


# --- the network


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Gästnät i Norr AB")


@pytest.fixture
async def in_between(authority: trustme.CA) -> Any:
    """Something that answers in a service's place, with a certificate of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_who_answers_in_a_services_place_is_named(in_between: int, clock: Clock) -> None:
    service = Service(name="nets", base_url=f"https://127.0.0.1:{in_between}", path="/v1/terminal")
    (check,) = await reachable([service], clock)
    assert not check["ok"]
    assert "Its certificate is by Gästnät i Norr AB." in check["message"]
    assert "cannot prove that it is" in check["message"]


async def test_a_name_service_that_swallows_questions_does_not_hold_the_doctor(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup hangs in the C library; the doctor goes on, and the process ends."""
    monkeypatch.setattr(network_check, "NAME_S", 0.05)
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hangs(*question: object) -> object:
        return asyncio.run_coroutine_threadsafe(released.wait(), loop).result()

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    service = Service(name="nets", base_url="https://nets.invalid", path="/")
    (check,) = await reachable([service], clock)
    assert "nets.invalid cannot be looked up" in check["message"]
    released.set()


# --- with everything down


@pytest.fixture
def down(tmp_path: Path) -> dict[str, str]:
    """A box whose services swallow everything, and whose agent is there and says nothing."""
    config, state = tmp_path / "config", tmp_path / "state"
    for folder in (config, state):
        folder.mkdir(mode=0o700)
    swallowing = socket.socket()
    swallowing.bind(("127.0.0.1", 0))  # bound, and never listening: refused; a black hole would need a network
    port = swallowing.getsockname()[1]
    (config / "organisation.toml").write_text(
        f'[nets]\nbase_url = "http://127.0.0.1:{port}"\nusername = "x"\n'
        f'[practice]\nbase_url = "http://127.0.0.1:{port}"\nprovet_id = "1"\nclient_id = "x"\n'
    )
    swallowing.close()
    return {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "EDGEPOS_CONFIG": str(config),
        "EDGEPOS_SOCKET": str(tmp_path / "agent.sock"), "STATE_DIRECTORY": str(state),
    }  # fmt: skip


def doctor(environ: Mapping[str, str]) -> tuple[dict[str, dict[str, Any]], float]:
    """Its checks by name, and how long it took."""
    clock = RealClock()
    began = clock.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "edgepos", "doctor", "--json"],
        env=dict(environ), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    return {check["name"]: check for check in json.loads(ended.stdout)["checks"]}, clock.monotonic() - began


def test_with_everything_down_it_ends_in_time_and_each_fault_has_its_mend(down: dict[str, str]) -> None:
    found, took_s = doctor(down)
    assert took_s < LIMIT_S
    for name in ("agent", "line to nets", "line to practice", "secret nets", "secret provet"):
        assert not found[name]["ok"], name
        assert found[name]["mend"], name
    assert {"clock", "time service", "disk", "journal", "medium", "permissions", "versions", "locale"} <= found.keys()


def test_an_agent_that_hangs_is_not_waited_for(down: dict[str, str], tmp_path: Path) -> None:
    """It listens, as a stopped process does, and says nothing."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(down["EDGEPOS_SOCKET"])
        silent.listen(5)
        found, took_s = doctor(down)
    assert took_s < LIMIT_S
    assert "said nothing for 1 s" in found["agent"]["message"]
    assert "line to nets" in found, "its share is looked at here"


def test_services_that_swallow_everything_do_not_hold_it(down: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as swallowing:
        swallowing.bind(("127.0.0.1", 0))
        swallowing.listen(50)
        port = swallowing.getsockname()[1]
        settings = Path(down["EDGEPOS_CONFIG"]) / "organisation.toml"
        lines = [f'base_url = "http://127.0.0.1:{port}"' if "base_url" in line else line
                 for line in settings.read_text().splitlines()]  # fmt: skip
        settings.write_text("\n".join(lines))
        found, took_s = doctor(down)
    assert took_s < LIMIT_S
    assert "no answer in time" in found["line to nets"]["message"]


def test_files_that_others_may_read_are_named(down: dict[str, str]) -> None:
    state = Path(down["STATE_DIRECTORY"])
    (state / "operators.json").write_text("{}")
    (state / "operators.json").chmod(0o644)
    found, _ = doctor(down)
    assert "chmod go-rwx" in found["permissions"]["mend"]
