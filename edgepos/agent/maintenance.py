"""What is done where no agent runs: reading the journal again, putting a backup in its place, the first look of a
doctor.

Each takes the journal's lock by itself, so it can never work beside an agent: where one runs, the refusal says so.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from edgepos import __version__
from edgepos.agent import generations
from edgepos.agent.box_check import box_checks
from edgepos.agent.check import Check, fine, in_order, wrong
from edgepos.agent.conditions import Conditions
from edgepos.agent.folders import Folders
from edgepos.agent.network_check import reachable, services_of
from edgepos.agent.settings import Settings
from edgepos.agent.settings_files import Secrets, load
from edgepos.chance import SystemChance
from edgepos.clock import Clock, RealClock
from edgepos.domain.errors import EdgeposError, Refused
from edgepos.domain.operation import in_the_way
from edgepos.journal import BackupMade, Journal, JournalBroken, JournalLocked, VerifyReport, restore, verify_copy
from edgepos.journal.files import private_folder, sync_folder

T = TypeVar("T")
Document = dict[str, Any]


def verify(*, replays: bool = True, environ: Mapping[str, str] = os.environ) -> Document | None:
    """Read the whole journal: chain, file and, if it *replays*, projections; None if there is none. Raises
    JournalLocked, JournalNewer, JournalDamaged."""
    folder = Folders.of(environ).state
    if not (folder / "journal.db").exists():  # a look must not make one
        return None
    become_owner(folder)
    return asdict(_run(_verify(folder, replays)))


async def _verify(folder: Path, replays: bool) -> VerifyReport:
    journal = await Journal.open(folder, clock=RealClock(), chance=SystemChance(), version=__version__)
    try:
        return await journal.verify(generations.newest_head(folder, journal.box_id), replays=replays)
    finally:
        await journal.close()


def verify_file(copy: Path, *, replays: bool = True) -> Document:
    """The same of a copy, wherever it lies. Raises JournalNewer, JournalDamaged, Refused `restore-refused`."""
    if not copy.is_file():
        raise Refused("restore-refused", reason=f"there is no file {copy}")
    return asdict(verify_copy(copy, replays=replays))


def backup(folder: Path, *, at_rest: bool, environ: Mapping[str, str] = os.environ) -> Document | None:
    """A checked copy of the journal, and of its people, in *folder*; None if there is no journal.

    *at_rest*: only with nothing open in it. Raises Refused `payment-unknown` or `terminal-in-use`, JournalLocked and
    its kin.
    """
    state = Folders.of(environ).state
    if not (state / "journal.db").exists():
        return None
    become_owner(state)
    made = _run(_backup(state, folder, at_rest=at_rest))
    if (people := state / "operators.json").exists():
        beside = generations.operators_beside(made.path)
        beside.touch(mode=0o600)
        beside.write_bytes(people.read_bytes())
    return {"file": str(made.path), "bytes": made.bytes}


async def _backup(state: Path, folder: Path, *, at_rest: bool) -> BackupMade:
    journal = await Journal.open(state, clock=RealClock(), chance=SystemChance(), version=__version__)
    try:
        for operation in await journal.open_operations() if at_rest else ():
            raise in_the_way(operation)
        return await journal.backup(folder)
    finally:
        await journal.close()


def newest_copy(source: Path) -> Path:
    """The copy that *source* means: itself, or the newest in that folder. Raises Refused `restore-refused`."""
    if not source.is_dir():
        return source
    found = generations.copies(source)
    if not found:
        raise Refused("restore-refused", reason=f"there is no copy of a journal in {source}")
    return found[0]


def put_back(copy: Path, environ: Mapping[str, str] = os.environ) -> Document:
    """Put the backup *copy* in the journal's place, as another box; the old journal is kept beside it.

    All that is open in it is unknown afterwards, and every terminal is held until it has caught up (holding.py). The
    people of the copy, where it has any, come with it.
    """
    folder = private_folder(Folders.of(environ).state)
    verify_file(copy)
    incoming = folder / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    try:
        incoming.mkdir(mode=0o700)
        own = generations.send(copy, incoming)  # here, since the agent's user may be unable to read where it lies
        become_owner(folder)
        _run(restore(own, folder, clock=RealClock(), chance=SystemChance()))
        if (people := generations.operators_beside(own)).exists():
            people.replace(folder / "operators.json")
            sync_folder(folder)
    except JournalLocked as locked:
        reason = f"an agent runs, process {locked.facts['pid']}: end it first, with systemctl stop edgepos-agent"
        raise Refused("restore-refused", reason=reason) from None
    except OSError as error:
        raise Refused("restore-refused", reason=f"{error.filename or folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return {"restored": str(copy), "folder": str(folder)}


def become_owner(folder: Path) -> None:
    """root gives itself up for the owner of *folder*, with everything that it has just laid there.

    A file of root's among the journal's would keep the agent from starting. There is no way back: for the end of a
    command.
    """
    owner = folder.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    incoming = folder / "incoming"
    for path in (incoming, *incoming.iterdir()) if incoming.exists() else ():
        os.chown(path, owner.st_uid, owner.st_gid)
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def doctor(
    known: Document | None,
    away: Mapping[str, object],
    environ: Mapping[str, str] = os.environ,
    *,
    in_haste: bool = False,
) -> Document:
    """Everything that a technician would check: *known* is the running agent's own document, None where none answers,
    and *away* says how it does not.

    Without an agent its share is looked at here: settings, secrets, network, disk, journal; *in_haste* without the
    network, which takes seconds where it is down. Never raises a refusal.
    """
    folders, clock = Folders.of(environ), RealClock()
    version = str(known["version"]) if known else None
    found = [*known["checks"]] if known else _without_agent(folders, clock, environ, with_network=not in_haste)
    found += box_checks(folders, clock, environ, version)
    if known is None:
        found.append(wrong("agent", "agent", "agent-away", {"socket": str(folders.socket), **away}))
    else:
        found.append(fine("agent", "agent", f"version {version}"))
    found = in_order(found)
    return {"ok": all(check["ok"] for check in found), "checks": found}


def _without_agent(folders: Folders, clock: Clock, environ: Mapping[str, str], *, with_network: bool) -> list[Check]:
    found: list[Check] = []
    settings = Settings()
    try:
        settings = load(folders.settings)
        found += [fine("settings", "settings", str(folders.settings)), *_secrets(folders, settings, environ)]
    except EdgeposError as error:
        found.append(wrong("settings", "settings", error.code, error.facts))
    if with_network:
        found += asyncio.run(reachable(services_of(settings), clock))
    conditions = Conditions(folders.state, reserve_mb=settings.location.limits.disk_reserve_mb, clock=clock)
    facts = conditions.clock_facts
    found.append(fine("time", "clock") if facts is None else wrong("time", "clock", "clock-wrong", facts))
    try:
        conditions.demand_room()
        found.append(fine("storage", "disk", f"{conditions.free_mb} MB free"))
    except EdgeposError as error:
        found.append(wrong("storage", "disk", error.code, error.facts))
    except FileNotFoundError:
        found.append(fine("storage", "disk", f"not looked at: there is no {folders.state} yet"))
    except OSError as error:
        found.append(wrong("storage", "disk", "disk-low", {"why": error.strerror}))
    found.append(_journal(folders.state))
    return found


def _secrets(folders: Folders, settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    """Those that the services which are set up need. Where only the agent's unit gets them, nothing is said."""
    organisation = settings.organisation
    secrets = Secrets(folders.settings, environ)
    for key, service, is_needed in (
        ("nets", "Nets", organisation.nets is not None),
        ("provet", "Provet Cloud", organisation.practice is not None),
    ):
        if not is_needed or (folders.settings / "credentials" / f"{key}.cred").exists():
            continue
        try:
            is_there = secrets.read(key) is not None
        except EdgeposError as error:
            yield wrong("settings", f"secret {key}", error.code, error.facts)
            continue
        facts = {"key": key, "service": service}
        yield (
            fine("settings", f"secret {key}")
            if is_there
            else wrong("settings", f"secret {key}", "secret-missing", facts)
        )


def _journal(folder: Path) -> Check:
    """Whether the journal opens: what an agent checks at its start. All of it is `edgepos verify`'s."""
    try:
        if not (folder / "journal.db").exists():
            return fine("storage", "journal", f"there is none in {folder} yet")
        become_owner(folder)
        seq, head = _run(_opened(folder))
    except EdgeposError as error:
        return wrong("storage", "journal", error.code, error.facts)
    except OSError as error:
        return wrong("storage", "journal", "not-allowed", {"path": error.filename or str(folder)})
    return fine("storage", "journal", f"event {seq}, head {head[:12]}")


async def _opened(folder: Path) -> tuple[int, str]:
    journal = await Journal.open(folder, clock=RealClock(), chance=SystemChance(), version=__version__)
    try:
        return journal.head
    finally:
        await journal.close()


def _run(job: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(job)
    except JournalBroken as broken:
        raise Refused("journal-damaged", what=str(broken)) from broken
