"""`edgepos pilot` as a person runs it: what it refuses, what it asks, the report it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bare_box import Bare, Services

from edgepos.commands.demo.settings import write_settings

LOCATION = """
[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
time_zone = "Europe/Stockholm"
department = "2"
[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"
[[terminal]]
id = "70000002"
name = "ROOM 2"
model = "Move3500"
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = Services(tmp_path_factory.mktemp("services"))
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path, services: Services) -> Bare:
    """A machine that is set up, and whose agent does not run."""
    made = Bare(tmp_path, services)
    made.config.mkdir(parents=True)
    write_settings(made.config, made.addresses, location=LOCATION)
    return made


def test_it_writes_a_report_that_people_and_programs_can_read(bare: Bare, tmp_path: Path) -> None:
    """The confirmation is typed; `card` and `no-card` are answered with Enter."""
    bare.control("PUT", "/terminals/70000001", {"fresh_refuses": False, "numbers": "string"})
    report = tmp_path / "pilot.md"
    ended = bare.run(
        "pilot", "nets", "--terminal", "reception", "--only", "numbers", "--only", "key-case", "--only", "idle-word",
        "--report", str(report), "--json", typed="clinic_demo\n" + "\n" * 6,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    document = json.loads(ended.stdout)
    assert {one["id"]: one["verdict"] for one in document["facts"]} == {
        "idle-word": "as_assumed", "numbers": "otherwise", "key-case": "as_assumed",
    }  # fmt: skip
    assert document["written"] == [str(report), f"{report}.json"]
    text = report.read_text()
    assert "## Not as assumed (1)" in text
    assert "Assumed was: As JSON numbers." in text
    assert "## To be asked of Nets Connect@Cloud" in text
    assert json.loads(Path(f"{report}.json").read_text())["counts"]["otherwise"] == 1
    everything = text + ended.stdout + ended.stderr
    assert "demo-password" not in everything
    assert "eyJ" not in everything


def test_of_provet_too(bare: Bare) -> None:
    ended = bare.run("pilot", "provet", "--only", "slash", "--only", "rights", "--test-account", "1234")
    assert ended.returncode == 0, ended.stderr
    assert "2 as assumed, 0 otherwise, 0 not tried." in ended.stdout


def test_it_says_what_it_would_try_and_tries_nothing(bare: Bare) -> None:
    before = len(bare.control("GET", "/calls")["calls"])
    ended = bare.run("pilot", "nets", "--list", "--json")
    assert ended.returncode == 0
    assert {"id", "question", "assumed", "how", "kept"} <= json.loads(ended.stdout)["facts"][0].keys()
    assert len(bare.control("GET", "/calls")["calls"]) == before


@pytest.mark.parametrize(
    ("arguments", "typed", "status", "says"),
    [
        (["nets", "--terminal", "RECEPTION"], "another\n", 1, "another is not clinic_demo. Nothing was tried."),
        (["nets", "--terminal", "RECEPTION"], "", 1, "The answers end before"),
        (["provet", "--test-account", "4321"], "", 1, "4321 is not 1234"),
        (["nets", "--test-account", "clinic_demo"], "", 2, "There are: RECEPTION, ROOM 2."),
        (["nets", "--test-account", "clinic_demo", "--terminal", "RECEPTOIN"], "", 2, "Did you mean RECEPTION?"),
        (["nets", "--test-account", "clinic_demo", "--terminal", "LAB", "--only", "x"], "", 2, "There is no terminal"),
        (["nets", "--test-account", "clinic_demo", "--terminal", "ROOM 2", "--only", "canel"], "", 2, "canel"),
        (["visa"], "", 2, "invalid choice: 'visa'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_is_tried_where_it_is_not_meant(
    bare: Bare, arguments: list[str], typed: str, status: int, says: str
) -> None:
    before = len(bare.control("GET", "/calls")["calls"])
    ended = bare.run("pilot", *arguments, typed=typed)
    assert (ended.returncode, says in ended.stderr) == (status, True), ended.stderr
    money = [call for call in bare.control("GET", "/calls")["calls"][before:] if call["path"].endswith("/transaction")]
    assert money == []


def test_never_at_nets_own_system_where_cards_are_real(bare: Bare) -> None:
    settings = bare.config / "organisation.toml"
    text = settings.read_text().replace(bare.addresses["nets"], "https://connectcloud.aws.nets.eu")
    settings.write_text(text)
    del bare.environ["EDGEPOS_CLOCK"]
    ended = bare.run("pilot", "nets", "--terminal", "RECEPTION", "--test-account", "clinic_demo")
    assert ended.returncode == 1
    assert "where cards are real" in ended.stderr


def test_never_beside_an_agent(clinic: Any) -> None:
    ended = clinic.run("pilot", "nets", "--terminal", "RECEPTION", "--test-account", "clinic_demo")
    assert ended.status == 1
    assert "an agent runs: end it first, with systemctl stop edgepos-agent" in ended.err


def test_never_with_a_payment_open(clinic: Any, tmp_path: Path) -> None:
    """The agent is gone, and what it had begun is still open in the journal."""
    assert clinic.run("reconcile").status == 0
    clinic.control("PUT", "/terminals/70000001", {"cardholder": "absent", "card_wait_s": 3600.0})
    started = subprocess.Popen(
        [sys.executable, "-m", "edgepos", "pay", "12", "--terminal", "RECEPTION"],
        env=clinic.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while clinic.run("status", "--json").document["terminals"][0]["state"] != "in_use":
            pass
    finally:
        started.kill()
        started.wait()
    clinic._agent.kill()
    clinic._agent.wait()
    ended = clinic.run("pilot", "nets", "--terminal", "ROOM 2", "--test-account", "clinic_demo")
    assert ended.status == 1
    assert "a payment is open in the journal: E" in ended.err
    assert os.path.exists(clinic.folder / "state" / "journal.db")


@pytest.mark.parametrize("command", ["setup", "pilot", "support-bundle", "doctor"])
def test_help_loads_nothing_heavy(command: str) -> None:
    program = (
        "import sys; from edgepos.__main__ import main; main([sys.argv[1], '--help']); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, command], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.startswith(f"usage: edgepos {command}")
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert not loaded & {"textual", "httpx", "pydantic", "starlette", "apsw", "asyncio"}
