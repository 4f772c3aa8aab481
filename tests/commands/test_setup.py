"""The set-up: from nothing to a purchase and its reversal, with answers in a file and with answers typed one by one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bare_box import Bare, Services

RECEPTION, ROOM, LAB = "70000001", "70000002", "70000003"
ANSWERS = """\
lamps = true

[nets]
base_url = "{nets}"
username = "clinic_demo"
password = "demo-password"

[practice]
base_url = "{provet}"
provet_id = "1234"
client_id = "edgepos-demo-client"
secret = "edgepos-demo-secret"

[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
language = "sv"
time_zone = "Europe/Stockholm"
department = "2"

[limits]
disk_reserve_mb = 1

[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"

[[operator]]
id = "tove"
name = "Tove"
role = "technician"
pin = "4711"

[test]
amount = "1,00"
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = Services(tmp_path_factory.mktemp("services"))
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path, services: Services) -> Bare:
    return Bare(tmp_path, services)


def answers(bare: Bare, text: str = ANSWERS, mode: int = 0o600) -> str:
    return bare.file("answers.toml", text, mode)


def states(ended: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {one["step"]: one["state"] for one in json.loads(ended.stdout)["steps"]}


def test_from_a_file_it_goes_from_nothing_to_a_purchase_and_back_and_asks_nothing(bare: Bare) -> None:
    ended = bare.run("setup", "--from", answers(bare), "--json")
    assert ended.returncode == 0, ended.stderr
    found = states(ended)
    assert found["Nets: account"] == found["RECEPTION: account"] == found["practice system"] == "ok"
    assert found["RECEPTION: lamps"] == found["RECEPTION: first reconciliation"] == "ok"
    assert found["RECEPTION: test purchase and reversal"] == "ok"
    assert found[f"terminal {LAB}"] == "not_looked_at", "it is in the account, and not of this clinic"
    assert found["person tove"] == found["people"] == "ok"
    assert {"time: clock", "network: line to nets", "services: practice", "storage: disk"} <= found.keys()
    assert bare.taken[RECEPTION] == [("purchase", 100), ("reversal", 100)]
    assert bare.taken[ROOM] == []
    assert oct((bare.config / "nets").stat().st_mode & 0o777) == "0o600"
    assert (bare.config / "nets").read_text() == "demo-password\n"
    kept = [
        path.read_text() for path in (bare.folder / "state" / "edgepos").glob("*.json") if "operators" not in path.name
    ]
    assert kept, "what a person saw at the terminals"
    everything = ended.stdout + ended.stderr + "".join(kept)
    assert "demo-password" not in everything
    assert "edgepos-demo-secret" not in everything
    assert "4711" not in everything
    assert "password =" not in (bare.config / "organisation.toml").read_text()


def test_done_again_it_changes_nothing_and_moves_no_money(bare: Bare) -> None:
    assert bare.run("setup", "--from", answers(bare)).returncode == 0
    again = bare.run("setup", "--from", answers(bare), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["written"] == []
    assert states(again)["RECEPTION: test purchase and reversal"] == "ok"
    assert bare.taken[RECEPTION] == [("purchase", 100), ("reversal", 100)]


TYPED = """\
other
{nets}
clinic_demo
wrong
demo-password
{provet}
1234
edgepos-demo-client
edgepos-demo-secret
Djurkliniken Norr
SE



2

RECEPTION
2
-
LAB
Lane3000
"""
THEN = """\
yes
yes
1,00
no
-
tove
Tove
technician
4711

"""


def test_typed_answers_lead_to_the_same_and_a_wrong_password_is_asked_again(bare: Bare) -> None:
    ended = bare.run("setup", typed=TYPED.format(**bare.addresses) + THEN)
    assert ended.returncode == 1, ended.stderr
    assert "refuses our user or password" in ended.stderr
    assert "It lets us in." in ended.stderr
    works, _, rest = ended.stdout.partition("Not looked at:")
    assert "RECEPTION: test purchase and reversal" in works, ended.stdout
    assert "LAB: first reconciliation" in works
    assert "LAB: lamps: A lamp is not green" in rest
    assert bare.taken[RECEPTION] == [("purchase", 100), ("reversal", 100)]
    assert bare.taken[LAB] == []
    settings = (bare.config / "location.toml").read_text()
    assert 'currency = "SEK"' in settings
    assert 'language = "sv"' in settings
    assert ROOM not in settings


def test_answers_that_end_early_are_kept_and_it_goes_on_there(bare: Bare) -> None:
    lines = TYPED.format(**bare.addresses).splitlines(keepends=True)
    cut = bare.run("setup", typed="".join(lines[:11]))
    assert cut.returncode == 1
    assert "Go on with: edgepos setup" in cut.stderr
    assert not (bare.config / "location.toml").exists()
    kept = (bare.folder / "state" / "edgepos" / "setup.json").read_text()
    assert "clinic_demo" in kept
    assert "demo-password" not in kept
    # Nothing but Enter where it was answered before; the secrets were kept nowhere.
    resumed = ["\n", "\n", "\n", "demo-password\n", "\n", "\n", "\n", "edgepos-demo-secret\n", *lines[9:]]
    ended = bare.run("setup", "--check", typed="".join(resumed))
    assert ended.returncode == 0, ended.stderr
    assert '+username = "clinic_demo"' in ended.stderr
    assert not (bare.config / "organisation.toml").exists(), "--check writes nothing"


@pytest.mark.parametrize(
    ("change", "to", "says"),
    [
        ('password = "demo-password"', 'password = "wrong"', "refuses our user or password"),
        ('secret = "edgepos-demo-secret"', 'secret = "wrong"', "refuses our"),
        ('id = "70000001"', 'id = "79999999"', "79999999 is not in the account"),
        ('department = "2"', 'department = "9"', "There are: 1 Demo Vet Söder, 2 Demo Vet Stockholm"),
        ("[[terminal]]\n", "[[terminal]]\nkeypad_sale = true\n", "did you mean keypad_sales?"),
        ("[limits]", "[limitz]", "Did you mean limits?"),
        ("[test]", "[test", "is no TOML"),
        ('id = "tove"', 'ident = "tove"', "[[operator]] needs an id"),
        ("lamps = true", 'lamps = "green"', "lamps is true or false"),
    ],
)
def test_what_is_wrong_in_the_answers_is_said_before_anything_is_written(
    bare: Bare, change: str, to: str, says: str
) -> None:
    ended = bare.run("setup", "--from", answers(bare, ANSWERS.replace(change, to)), "--check")
    assert ended.returncode in (1, 2)
    assert says.casefold() in (ended.stdout + ended.stderr).casefold()
    assert not bare.config.exists()


def test_answers_with_secrets_that_others_may_read_are_refused(bare: Bare) -> None:
    ended = bare.run("setup", "--from", answers(bare, mode=0o644), "--check")
    assert ended.returncode == 2
    assert "chmod 600" in ended.stderr


def test_with_a_payment_open_no_setting_changes(clinic: Any) -> None:
    """A terminal with an open operation is neither removed nor swapped."""
    assert clinic.run("reconcile").status == 0
    clinic.control("PUT", f"/terminals/{RECEPTION}", {"cardholder": "absent", "card_wait_s": 1200.0})
    answers = clinic.folder / "answers.toml"
    answers.write_text(ANSWERS.format(**clinic.addresses).replace('"RECEPTION"', '"DESK"'))
    answers.chmod(0o600)
    before = (clinic.folder / "config" / "location.toml").read_text()
    started = subprocess.Popen(
        [sys.executable, "-m", "edgepos", "pay", "12", "--terminal", "RECEPTION"],
        env=clinic.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while clinic.run("status", "--json").document["terminals"][0]["state"] != "in_use":
            pass
        ended = clinic.run("setup", "--from", str(answers))
        assert ended.status == 1
        assert "A payment is open: E" in ended.err
        assert (clinic.folder / "config" / "location.toml").read_text() == before
    finally:
        started.kill()
        started.wait()
        clinic.control("PUT", f"/terminals/{RECEPTION}", {"cardholder": "taps"})


def test_an_agent_with_the_settings_of_before_is_named(clinic: Any) -> None:
    """It is somebody else's to start again; the set-up goes on afterwards."""
    answers = clinic.folder / "more.toml"
    answers.write_text(ANSWERS.format(**clinic.addresses).replace('"RECEPTION"', '"COUNTER"'))
    answers.chmod(0o600)
    clinic.control("DELETE", f"/terminals/{RECEPTION}/cardholder")
    while clinic.run("status", "--json").document["terminals"][0]["payment"]:
        clinic.control("POST", "/clock", {"advance_s": 600})
    ended = clinic.run("setup", "--from", str(answers))
    assert ended.status == 3
    assert "still runs with those from before" in ended.err
    assert 'name = "COUNTER"' in (clinic.folder / "config" / "location.toml").read_text()
