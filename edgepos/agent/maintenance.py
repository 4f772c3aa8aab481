"""What is done where no agent runs: reading the journal again, putting a backup in its place, the first look of a
doctor.

Each takes the journal's lock by itself, so it can never work beside an agent: where one runs, the refusal says so.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from edgepos import __version__
from edgepos.agent.conditions import Conditions
from edgepos.agent.folders import Folders
from edgepos.agent.settings import Settings
from edgepos.agent.settings_files import SECRETS, Secrets, load
from edgepos.chance import SystemChance
from edgepos.clock import RealClock
from edgepos.domain.errors import EdgeposError, Refused
from edgepos.journal import Journal, JournalBroken, restore
from edgepos.locale.messages import render

T = TypeVar("T")
Document = dict[str, Any]


def verify(environ: Mapping[str, str] = os.environ) -> Document:
    """Read the whole journal: chain, projections, file. Raises JournalLocked, JournalNewer, JournalDamaged."""
    return asdict(_run(_verify(Folders.of(environ).state)))


async def _verify(folder: Path) -> Any:
    if not (folder / "journal.db").exists():  # a look must not make one
        raise Refused("journal-damaged", what=f"there is none in {folder}")
    journal = await Journal.open(folder, clock=RealClock(), chance=SystemChance(), version=__version__)
    try:
        return await journal.verify()
    finally:
        await journal.close()


def put_back(copy: Path, environ: Mapping[str, str] = os.environ) -> Document:
    """Put the backup *copy* in the journal's place, as another box; the old journal is kept beside it.

    All that is open in it is unknown afterwards, and every terminal is held until it has caught up (holding.py).
    """
    folder = Folders.of(environ).state
    if not copy.is_file():
        raise Refused("restore-refused", reason=f"there is no file {copy}")
    _run(restore(copy, folder, clock=RealClock(), chance=SystemChance()))
    return {"restored": str(copy), "folder": str(folder)}


def doctor(environ: Mapping[str, str] = os.environ) -> Document:
    """What can be checked without an agent: settings, secrets, clock, disk, journal. Never raises a refusal."""
    folders = Folders.of(environ)
    checks: list[Document] = [_said("agent", "agent-away", {"socket": str(folders.socket)})]
    settings = Settings()
    try:
        settings = load(folders.settings)
        checks.append(_fine("settings"))
        checks += [_secret(name, Secrets(folders.settings, environ)) for name in SECRETS]
    except EdgeposError as error:
        checks.append(_said("settings", error.code, error.facts))
    try:
        reserve = settings.location.limits.disk_reserve_mb
        Conditions(folders.state, reserve_mb=reserve, clock=RealClock()).demand()
        checks += [_fine("clock"), _fine("disk")]
    except EdgeposError as error:
        checks.append(_said("clock" if error.code == "clock-wrong" else "disk", error.code, error.facts))
    except OSError as error:
        checks.append(_said("disk", "disk-low", {"why": str(error)}))
    try:
        report = verify(environ)
        what = "; ".join(report["problems"])
        checks.append(_fine("journal") if report["ok"] else _said("journal", "journal-damaged", {"what": what}))
    except EdgeposError as error:
        checks.append(_said("journal", error.code, error.facts))
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def _secret(name: str, secrets: Secrets) -> Document:
    service = "Nets" if name == "nets" else "Provet Cloud"
    return (
        _fine(f"secret {name}") if secrets.read(name) else _said(f"secret {name}", "credentials", {"service": service})
    )


def _fine(name: str) -> Document:
    return {"name": name, "ok": True, "message": "", "mend": ""}


def _said(name: str, code: str, facts: Mapping[str, object]) -> Document:
    said = render(code, facts)
    return {"name": name, "ok": False, "message": said.message, "mend": said.mend}


def _run(job: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(job)
    except JournalBroken as broken:
        raise Refused("journal-damaged", what=str(broken)) from broken
