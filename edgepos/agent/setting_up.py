"""What `edgepos setup` needs of the agent's own knowledge: a proposal checked, tried at both services, and written.

A proposal is the two settings files as tables and the two secrets. It is checked by the very models that the agent
reads with, and tried with the very clients; nothing is written before a person has seen the difference, and never while
a payment is open. Secrets go into files for the agent alone, and into nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import os
import shutil
import subprocess
import tomllib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgepos.agent.folders import BOX_STATE, Folders
from edgepos.agent.settings import Settings
from edgepos.agent.settings_example import written
from edgepos.agent.settings_files import FILES, SECRETS, Secrets, fault_of, sources
from edgepos.chance import SystemChance
from edgepos.clock import RealClock
from edgepos.connectcloud import ConnectCloud, Times
from edgepos.domain.errors import Refused, Wrong
from edgepos.outbound import Outbound
from edgepos.practice import Link, PracticeCheck, Provet, Tenant
from edgepos.practice.provet.budget import Budget
from edgepos.whole_file import write_whole

Tables = dict[str, Any]
ANSWER_S = 20.0
SECRET_KEYS: Mapping[str, tuple[str, str]] = {"nets": ("nets", "password"), "provet": ("practice", "secret")}
"""Where a file of answers may name a secret."""
BESIDES = ("operator", "test", "lamps")
"""What a file of answers may hold beside the settings: people, the test purchase, what a person saw at the terminals."""
SEALING_S = 20.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings as they shall be. *extra*: what a file of answers holds beside them, for the later steps."""

    settings: Settings
    texts: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PracticeSeen:
    """What the practice system lets us see: rights, its departments by id, how many invoices can be paid."""

    check: PracticeCheck
    payable: int


def existing(folder: Path) -> Tables:
    """The tables of both files as they are; none where there is none, or it cannot be read."""
    tables: Tables = {}
    for name in FILES:
        with contextlib.suppress(OSError, ValueError):
            tables |= tomllib.loads((folder / name).read_text(encoding="utf-8"))
    return tables


def read_answers(path: Path) -> Proposal:
    """The proposal in a file of answers. Raises Wrong `settings`, each fault with its line."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, f"is no TOML: {error}") from error
    if any(key in tables.get(table, {}) for table, key in SECRET_KEYS.values()) and path.stat().st_mode & 0o077:
        raise _wrong(path, f"holds secrets and may be read by others: chmod 600 {path}")
    return propose(tables, path)


def propose(tables: Tables, path: Path) -> Proposal:
    """*tables* of both files in one, secrets, operators and test among them; *path* is where they came from."""
    tables = {name: dict(part) if isinstance(part, dict) else part for name, part in tables.items()}
    secrets = {
        name: str(tables[table].pop(key))
        for name, (table, key) in SECRET_KEYS.items()
        if isinstance(tables.get(table), dict) and key in tables[table]
    }
    extra: Tables = {name: tables.pop(name) for name in BESIDES if name in tables}
    _check_besides(extra, path)
    known = {name for model in FILES.values() for name in model.model_fields}
    if strange := sorted(tables.keys() - known):
        near = difflib.get_close_matches(strange[0], sorted(known | {*BESIDES}), 1)
        raise _wrong(path, f"[{strange[0]}] is no table of the settings", near[0] if near else None)
    read: Tables = {}
    texts = {}
    for name, model in FILES.items():
        own = {table: part for table, part in tables.items() if table in model.model_fields}
        try:
            read[name] = model.model_validate(own)
        except ValidationError as error:
            faults = [fault_of(model, path, one["loc"], one["type"], one["msg"]) for one in error.errors()]
            first = faults[0]
            raise Wrong(
                "settings", file=first.file, line=first.line, key=first.key, reason=first.why, nearest=first.nearest,
                problems=[str(fault) for fault in faults],
            ) from None  # fmt: skip
        texts[name] = written(model, own)
    settings = Settings(organisation=read["organisation.toml"], location=read["location.toml"])
    return Proposal(settings, texts, secrets, extra)


def _check_besides(extra: Tables, path: Path) -> None:
    people = extra.get("operator", [])
    if not isinstance(people, list) or not all(isinstance(one, dict) and one.get("id") for one in people):
        raise _wrong(path, "[[operator]] needs an id for each person")
    if not isinstance(extra.get("test", {}), dict):
        raise _wrong(path, "[test] is a table with the amount of the test purchase")
    if not isinstance(extra.get("lamps", True), bool):
        raise _wrong(path, "lamps is true or false")


def _wrong(path: Path, reason: str, nearest: str | None = None) -> Wrong:
    return Wrong("settings", file=str(path), reason=reason, nearest=nearest, problems=[f"{path} {reason}"])


# --- trying


def account(proposal: Proposal, folder: Path) -> frozenset[str]:
    """The terminals of the account that *proposal* names, after a login. Raises CloudDown."""
    return asyncio.run(_account(proposal, folder))


async def _account(proposal: Proposal, folder: Path) -> frozenset[str]:
    nets = proposal.settings.organisation.nets
    if nets is None:
        raise Refused("nets-away", why="not-set-up")
    clock = RealClock()
    cloud = ConnectCloud(
        Outbound(nets.base_url, setting="nets.base_url", clock=clock),
        base_url=nets.base_url,
        username=nets.username,
        password=lambda: secret(proposal, folder, "nets"),
        clock=clock,
        times=Times(login_s=ANSWER_S),
    )
    try:
        told = (await cloud.login()).terminals
        return await cloud.terminals() if told is None else told
    finally:
        await cloud.aclose()


def practice(proposal: Proposal, folder: Path) -> PracticeSeen:
    """What the practice system says to *proposal*'s credentials. Raises Temporary, Configuration."""
    return asyncio.run(_practice(proposal, folder))


async def _practice(proposal: Proposal, folder: Path) -> PracticeSeen:
    async with _provet(proposal, folder) as provet:
        check = await provet.check()
        payable = [invoice for invoice in await provet.invoices(since=None) if invoice.why_not is None]
        return PracticeSeen(check, len(payable))


def departments(proposal: Proposal, folder: Path) -> dict[str, str]:
    """The practice system's departments by their ids. Raises Temporary, Configuration."""

    async def ask() -> dict[str, str]:
        async with _provet(proposal, folder) as provet:
            return await provet.departments()

    return asyncio.run(ask())


@contextlib.asynccontextmanager
async def _provet(proposal: Proposal, folder: Path) -> AsyncIterator[Provet]:
    practice, place = proposal.settings.organisation.practice, proposal.settings.place
    if practice is None:
        raise Refused("practice-away", why="not-set-up")
    clock = RealClock()
    outbound = Outbound(practice.base_url, setting="practice.base_url", clock=clock)
    link = Link(
        outbound,
        base_url=practice.base_url,
        provet_id=practice.provet_id,
        client_id=practice.client_id,
        secret=lambda: secret(proposal, folder, "provet"),
        budget=Budget(clock),
        clock=clock,
        chance=SystemChance(),
        timeout_s=ANSWER_S,
    )
    try:
        yield Provet(link, Tenant(currency=place.currency, department=place.department), clock)
    finally:
        await outbound.aclose()


def secret(proposal: Proposal, folder: Path, name: str) -> str:
    """The new secret, else the stored one. Raises Refused `secret-missing`."""
    return proposal.secrets[name] if name in proposal.secrets else Secrets(folder).needed(name)


# --- writing


def difference(proposal: Proposal, folder: Path) -> list[str]:
    """What writing *proposal* would change, line by line, comments aside; of secrets only that they change."""
    lines: list[str] = []
    for name, text in proposal.texts.items():
        path = folder / name
        old = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        lines += difflib.unified_diff(_values(old), _values(text), str(path), "new", lineterm="", n=1)
    return lines + [f"{folder / name}: the secret is written anew" for name in _changed_secrets(proposal, folder)]


def _values(text: str) -> list[str]:
    """What *text* sets, without its comments and without tables that hold nothing."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    after = [*lines[1:], "["]
    return [line for at, line in enumerate(lines) if not (line.startswith("[") and after[at].startswith("["))]


def _changed_secrets(proposal: Proposal, folder: Path) -> list[str]:
    changed = []
    for name in SECRETS:
        if name in proposal.secrets:
            try:
                stored = Secrets(folder).read(name)
            except Wrong:  # it may be read by others: written anew, it may not
                stored = None
            if stored is None or stored.get_secret_value() != proposal.secrets[name]:
                changed.append(name)
    return changed


def write(proposal: Proposal, folders: Folders) -> list[str]:
    """Put *proposal* in place: each file whole or not at all, secrets for the agent alone. Gives the files.

    Raises OSError; whoever calls has made sure that no payment is open.
    """
    folder = folders.settings
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    done = []
    for name in _changed_secrets(proposal, folder):
        sealed = folder / "credentials" / f"{name}.cred"
        if sealed.exists():  # systemd hands this one to the agent: a plain file beside it would never be read
            _seal(name, proposal.secrets[name], sealed)
            done.append(str(sealed))
        else:
            _replace(folder / name, proposal.secrets[name] + "\n", 0o600, _agents_user(folders))
            done.append(str(folder / name))
    for name, text in proposal.texts.items():
        path = folder / name
        if not path.exists() or _values(path.read_text(encoding="utf-8", errors="replace")) != _values(text):
            _replace(path, text, 0o640, (os.geteuid(), folder.stat().st_gid))
            done.append(str(path))
    return done


def _agents_user(folders: Folders) -> tuple[int, int]:
    """Who the agent runs as: the owner of its state folder, on a box."""
    known = folders.state.stat() if folders.state.exists() else folders.settings.stat()
    return known.st_uid, known.st_gid


def _replace(path: Path, text: str, mode: int, owner: tuple[int, int]) -> None:
    write_whole(path, [text.encode()], mode=mode, owner=owner if os.geteuid() == 0 else None)


def _seal(name: str, text: str, to: Path) -> None:
    """Encrypted with the box's own key, as systemd gives it to the agent. Raises OSError."""
    part = to.with_name(f".{to.name}.new")
    command = ["systemd-creds", "encrypt", f"--name={name}", "-", str(part)]
    ended = subprocess.run(command, input=text.encode(), capture_output=True, check=False, timeout=SEALING_S)
    if ended.returncode:
        part.unlink(missing_ok=True)
        raise OSError(0, "systemd-creds could not seal the secret", str(to))
    shutil.move(part, to)


def in_force(proposal: Proposal, folder: Path) -> dict[str, Any]:
    """Each value of *proposal* as an agent that runs with it shows it."""
    return {one.key: one.value for one in sources(proposal.settings, folder)}


def is_box(folders: Folders) -> bool:
    """Whether this is a box from the package: its agent is systemd's to start."""
    return folders.state == BOX_STATE
