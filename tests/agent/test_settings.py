"""The settings: told by file, line and the nearest right key; secrets apart; the examples say what the models read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgepos.agent.folders import settings_folder
from edgepos.agent.settings import File, LocationFile, Organisation
from edgepos.agent.settings_example import example
from edgepos.agent.settings_files import FILES, Secrets, load, sources
from edgepos.domain.errors import Wrong

LOCATION = """[location]
name = "Norr"
country = "SE"
currency = "SEK"
time_zone = "Europe/Stockholm"

[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"
"""


def another(id: str, name: str) -> str:
    return f'[[terminal]]\nid = "{id}"\nname = "{name}"\nmodel = "Lane3000"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "organisation.toml").write_text('[nets]\nusername = "clinic_demo"\n')
    (tmp_path / "location.toml").write_text(LOCATION)
    return tmp_path


def problems(folder: Path) -> list[str]:
    with pytest.raises(Wrong) as wrong:
        load(folder)
    assert wrong.value.code == "settings"
    told = wrong.value.facts["problems"]
    assert isinstance(told, list)
    return told


@pytest.mark.parametrize(
    ("file", "text", "line", "said"),
    [
        ("organisation.toml", '[nets]\nusrname = "x"\n', 2, "did you mean username?"),
        ("organisation.toml", '[netz]\nusername = "x"\n', 1, "did you mean nets?"),
        ("organisation.toml", '[nets]\nusername = "x"\nbase_url = "http://example.com"\n', 3, "https://"),
        ("organisation.toml", '[nets]\nusername = "x"\nbase_url = "http://localhost:1"\n', 3, "https://"),
        ("organisation.toml", '[nets]\nusername = 5\n', 2, "valid string"),
        ("organisation.toml", '[times]\npoll_s = 0\n', 2, "greater than 0"),
        ("organisation.toml", '[nets\n', 1, "is no TOML"),
        ("location.toml", LOCATION.replace('"70000001"', "70000001"), 8, "string"),
        ("location.toml", LOCATION.replace("70000001", "7000001"), 8, "8 digits"),
        ("location.toml", LOCATION.replace("Desk3500", "Desk5000"), 10, "Lane3000"),
        ("location.toml", LOCATION.replace("SEK", "SEX"), 4, "currency"),
        ("location.toml", LOCATION.replace("Stockholm", "Stokholm"), 5, "time zone"),
        ("location.toml", LOCATION.replace("[[terminal]]", 'day_starts = "6"\n[[terminal]]'), 7, '"06:00"'),
        ("location.toml", LOCATION.replace("[[terminal]]", "day_starts = 6\n[[terminal]]"), 7, '"06:00"'),
        ("location.toml", LOCATION + another("70000001", "B"), None, "two terminals"),
        ("location.toml", LOCATION + another("70000002", "reception"), None, "name"),
        ("location.toml", another("70000001", "A"), None, "no [location]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_line(
    folder: Path, file: str, text: str, line: int | None, said: str
) -> None:
    (folder / file).write_text(text)
    told = problems(folder)
    assert len(told) == 1
    assert file in told[0]
    assert said in told[0]
    if line is not None:
        assert f"line {line}:" in told[0]


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    (folder / "organisation.toml").write_text('[nets]\nusrname = "x"\n[times]\npoll_s = -1\n')
    assert len(problems(folder)) == 2


def test_nothing_set_up_is_no_fault(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.organisation.nets is None
    assert settings.terminals == ()


def test_the_environment_wins_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPOS_NETS__USERNAME", "other")
    monkeypatch.setenv("EDGEPOS_LIMITS__DISK_RESERVE_MB", "8")
    settings = load(folder)
    assert settings.organisation.nets is not None
    assert settings.organisation.nets.username == "other"
    assert settings.location.limits.disk_reserve_mb == 8
    origins = {one.key: one.origin for one in sources(settings, folder)}
    assert origins["nets.username"] == "EDGEPOS_NETS__USERNAME"
    assert origins["location.currency"] == f"{folder / 'location.toml'}, line 4"
    assert origins["terminal.1.name"] == f"{folder / 'location.toml'}, line 9"
    assert origins["kiosk.idle_s"] == "default"


@pytest.mark.parametrize("name", ["EDGEPOS_NETZ__USERNAME", "EDGEPOS_NETS__USRNAME"])
def test_a_wrong_variable_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert name in problems(folder)[0]


def test_a_secret_is_read_from_the_credentials_first_and_never_shown(folder: Path, tmp_path: Path) -> None:
    (folder / "nets").touch(mode=0o600)
    (folder / "nets").write_text("from-the-file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    secret = Secrets(folder, {}).read("nets")
    assert secret is not None
    assert secret.get_secret_value() == "from-the-file"
    assert "from" not in repr(secret)
    (credentials / "nets").write_text("from-systemd")
    secret = Secrets(folder, {"CREDENTIALS_DIRECTORY": str(credentials)}).read("nets")
    assert secret is not None
    assert secret.get_secret_value() == "from-systemd"
    assert Secrets(folder, {}).read("provet") is None


def test_a_secret_that_others_may_read_is_refused(folder: Path) -> None:
    (folder / "nets").write_text("x")
    os.chmod(folder / "nets", 0o640)
    with pytest.raises(Wrong) as wrong:
        Secrets(folder, {}).read("nets")
    assert "chmod 600" in str(wrong.value.facts["problems"])


def test_the_folder_is_the_named_one_else_the_boxs_else_ones_own(tmp_path: Path) -> None:
    assert settings_folder({"EDGEPOS_CONFIG": str(tmp_path)}) == tmp_path
    if not Path("/etc/edgepos").is_dir():
        assert settings_folder({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "edgepos"


@pytest.mark.parametrize(("name", "model"), [("organisation.toml", Organisation), ("location.toml", LocationFile)])
def test_the_shipped_examples_are_made_from_the_models_and_load(name: str, model: type[File], tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "config" / name
    assert shipped.read_text() == example(model)
    for other in FILES:
        (tmp_path / other).write_text((shipped.parent / other).read_text())
    assert load(tmp_path).terminals[0].name == "RECEPTION"
