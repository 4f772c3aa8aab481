"""What the set-up writes: whole files, secrets for the agent alone, comments that somebody made left in peace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgepos.agent import open_payments, setting_up
from edgepos.agent.folders import Folders
from edgepos.agent.settings_files import load
from edgepos.chance import SystemChance
from edgepos.clock import RealClock
from edgepos.domain.errors import Refused, Wrong
from edgepos.journal import Journal

ANSWERS = """
[nets]
username = "clinic_demo"
password = "geheim+ord"
[location]
name = "Norr"
country = "SE"
currency = "SEK"
time_zone = "Europe/Stockholm"
[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"
"""
AGENTS_USER = 12_345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    (tmp_path / "state").mkdir(mode=0o700)
    return Folders(settings=tmp_path / "config", state=tmp_path / "state", socket=tmp_path / "agent.sock")


@pytest.fixture
def proposal(tmp_path: Path) -> setting_up.Proposal:
    path = tmp_path / "answers.toml"
    path.touch(mode=0o600)
    path.write_text(ANSWERS)
    return setting_up.read_answers(path)


def test_what_is_written_is_what_the_agent_reads(folders: Folders, proposal: setting_up.Proposal) -> None:
    done = setting_up.write(proposal, folders)
    assert [Path(one).name for one in done] == ["nets", "organisation.toml", "location.toml"]
    assert load(folders.settings) == proposal.settings
    assert (folders.settings / "nets").stat().st_mode & 0o777 == 0o600
    assert "geheim" not in (folders.settings / "organisation.toml").read_text()
    assert setting_up.difference(proposal, folders.settings) == []
    assert setting_up.write(proposal, folders) == []
    assert [path.name for path in folders.settings.iterdir() if path.name.startswith(".")] == []


def test_the_difference_shows_values_and_no_secret(folders: Folders, proposal: setting_up.Proposal) -> None:
    setting_up.write(proposal, folders)
    location = folders.settings / "location.toml"
    location.write_text(location.read_text().replace('"RECEPTION"', '"DESK"'))
    (folders.settings / "nets").write_text("another\n")
    told = setting_up.difference(proposal, folders.settings)
    assert '-name = "DESK"' in told
    assert '+name = "RECEPTION"' in told
    assert told[-1].endswith("nets: the secret is written anew")
    assert "geheim" not in "\n".join(told)
    assert not [line for line in told if line[1:].startswith("#")]
    assert "+[limits]" not in setting_up.difference(proposal, folders.settings / "nowhere"), (
        "a table that holds nothing says nothing"
    )


def test_a_comment_of_somebodys_own_is_no_difference(folders: Folders, proposal: setting_up.Proposal) -> None:
    setting_up.write(proposal, folders)
    location = folders.settings / "location.toml"
    location.write_text("# Exchanged on 3 May.\n" + location.read_text())
    assert setting_up.difference(proposal, folders.settings) == []
    assert setting_up.write(proposal, folders) == []
    assert location.read_text().startswith("# Exchanged")


def test_a_secret_that_others_may_read_is_written_anew(folders: Folders, proposal: setting_up.Proposal) -> None:
    setting_up.write(proposal, folders)
    (folders.settings / "nets").chmod(0o644)
    assert setting_up.write(proposal, folders) == [str(folders.settings / "nets")]
    assert (folders.settings / "nets").stat().st_mode & 0o777 == 0o600


@needs_root
def test_a_secret_belongs_to_the_agents_user(folders: Folders, proposal: setting_up.Proposal) -> None:
    os.chown(folders.state, AGENTS_USER, AGENTS_USER)
    setting_up.write(proposal, folders)
    assert (folders.settings / "nets").stat().st_uid == AGENTS_USER
    assert (folders.settings / "location.toml").stat().st_uid == 0


def test_a_sealed_secret_is_sealed_again(
    folders: Folders, proposal: setting_up.Proposal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name stands in for systemd's: it takes the secret on its input and never as an argument."""
    sealed = folders.settings / "credentials" / "nets.cred"
    sealed.parent.mkdir(parents=True)
    sealed.write_text("old")
    tool = tmp_path / "bin" / "systemd-creds"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n(echo sealed; cat) > "$4"\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    assert str(sealed) in setting_up.write(proposal, folders)
    assert sealed.read_text() == "sealed\ngeheim+ord"
    assert "geheim" not in (tmp_path / "arguments").read_text()
    assert not (folders.settings / "nets").exists()


def test_a_table_that_is_missing_stands_as_a_comment(folders: Folders, proposal: setting_up.Proposal) -> None:
    setting_up.write(proposal, folders)
    text = (folders.settings / "organisation.toml").read_text()
    assert "# [practice]" in text
    assert '# base_url = "https://provetcloud.com"' in text


def test_answers_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(Wrong) as wrong:
        setting_up.read_answers(tmp_path / "none.toml")
    assert "cannot be read" in str(wrong.value.facts["reason"])


async def test_what_is_open_without_an_agent_is_found_and_one_that_runs_is_said(folders: Folders) -> None:
    assert open_payments.without_agent(folders) == [], "there is no journal yet, and none is made"
    assert not (folders.state / "journal.db").exists()
    journal = await Journal.open(folders.state, clock=RealClock(), chance=SystemChance(), version="1")
    with pytest.raises(Refused) as refused:
        open_payments.without_agent(folders)
    assert (refused.value.code, str(os.getpid())) == ("journal-locked", refused.value.facts["pid"])
    await journal.close()
    assert open_payments.without_agent(folders) == []
