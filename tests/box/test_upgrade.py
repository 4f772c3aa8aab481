"""Upgrade and the way back: no payment is lost by either. dpkg and systemctl are scripts here; the rest is real."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.box.units import UNITS


def _load() -> ModuleType:
    loader = SourceFileLoader("edgepos_upgrade", str(UNITS / "upgrade"))
    spec = importlib.util.spec_from_loader("edgepos_upgrade", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


upgrade = _load()
HEAD = "0123456789ab"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A box with version 1.0 on it; a package is a file that holds its version, and `broken` in it fails."""
    box = upgrade.Box(tmp_path)
    for folder in (box.journal.parent, box.copies, box.waiting, tmp_path / "bin"):
        folder.mkdir(parents=True)
    (tmp_path / "installed").write_text("1.0")
    box.current.write_text("1.0")
    programs = {
        "dpkg-query": f"printf %s $(cut -d' ' -f1 {tmp_path}/installed)",
        "dpkg": f"for file; do :; done; echo $EDGEPOS_WAY_BACK >> {tmp_path}/ways; grep -q refused $file && exit 1; "
        f"cp $file {tmp_path}/installed; ! grep -q broken $file",
        "systemctl": f'echo "$*" >> {tmp_path}/systemctl',
    }
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return box


@pytest.fixture
def journal() -> Callable[..., None]:
    def make(path: Path, version: int, *kinds: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, kind TEXT)")
        connection.executemany("INSERT INTO event (kind) VALUES (?)", [(kind,) for kind in kinds])
        connection.commit()
        connection.close()

    return make


def now(box: Any) -> str:
    return str(upgrade.installed())


def test_the_package_that_waits_is_installed_and_the_one_before_is_kept(box: Any) -> None:
    (box.waiting / "edgepos.deb").write_text("2.0")
    box.upgrade()
    assert (now(box), box.current.read_text(), box.previous.read_text()) == ("2.0", "2.0", "1.0")
    assert list(box.waiting.iterdir()) == []


def test_a_refused_package_waits_for_another_night(box: Any) -> None:
    (box.waiting / "edgepos.deb").write_text("2.0 refused")
    with pytest.raises(upgrade.Refused, match="not installed"):
        box.upgrade()
    assert now(box) == "1.0"
    assert [path.name for path in box.waiting.iterdir()] == ["edgepos.deb"]
    assert not box.previous.exists()


def test_a_version_that_does_not_work_is_taken_back_at_once_and_not_tried_again(box: Any) -> None:
    (box.waiting / "edgepos.deb").write_text("2.0 broken")
    with pytest.raises(upgrade.Refused, match=r"Version 1\.0 is at work again"):
        box.upgrade()
    assert (now(box), box.current.read_text()) == ("1.0", "1.0")
    assert [path.name for path in box.waiting.iterdir()] == ["edgepos.failed"]
    assert (box.journal.parents[3] / "ways").read_text().split() == ["yes"]  # only the way back may go down


def test_two_packages_at_once_are_none(box: Any) -> None:
    for name in ("a.deb", "b.deb"):
        (box.waiting / name).write_text("2.0")
    with pytest.raises(upgrade.Refused, match="there are 2"):
        box.upgrade()
    assert now(box) == "1.0"


def test_a_journal_that_the_older_version_reads_stays(box: Any, journal: Callable[..., None], tmp_path: Path) -> None:
    journal(tmp_path / "before" / f"journal-box-2-{HEAD}.db", 1, "journal.created", "agent.started")
    journal(box.journal, 1, "journal.created", "agent.started", "operation.intended")
    box.bring_journal_back(tmp_path / "before")
    assert upgrade.since(box.journal, 2) == 1


def test_a_journal_that_it_cannot_read_is_exchanged_for_its_copy(
    box: Any, journal: Callable[..., None], tmp_path: Path
) -> None:
    journal(tmp_path / "before" / f"journal-box-2-{HEAD}.db", 1, "journal.created", "agent.started")
    journal(box.journal, 2, "journal.created", "agent.started", "agent.stopped", "agent.started")
    box.bring_journal_back(tmp_path / "before")
    assert upgrade.version(box.journal) == 1
    assert box.journal.stat().st_mode & 0o777 == 0o600
    assert upgrade.version(box.journal.with_suffix(".newer")) == 2


def test_money_that_moved_since_forbids_the_way_back(box: Any, journal: Callable[..., None]) -> None:
    journal(box.copies / "before-2.0" / f"journal-box-2-{HEAD}.db", 1, "journal.created", "agent.started")
    journal(box.journal, 2, "journal.created", "agent.started", "operation.intended")
    (box.journal.parents[3] / "installed").write_text("2.0")
    box.previous.write_text("1.0")
    with pytest.raises(upgrade.Refused, match="1 events"):
        box.back()
    assert (now(box), upgrade.version(box.journal)) == ("2.0", 2)
    told = (box.journal.parents[3] / "systemctl").read_text().splitlines()
    assert [line.split()[0] for line in told] == ["stop", "--no-block"]  # and what was stopped is started again
