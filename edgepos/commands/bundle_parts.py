"""What goes into a support bundle, field by field: each document of the agent, the machine's own words, the log.

A field that is not named here stays out, whatever it holds. Texts of payments and invoices, notes, slips, operators and
all other free text are never named. Nothing here raises for what it finds: a part that cannot be had is said to be so.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from edgepos.commands.bundle_redaction import Redactor

Document = Mapping[str, Any]

ASK_S = 3.0
"""For one question to a program of the system."""
LOG_LINES = 2_000
UNITS = (
    "edgepos-agent.service", "edgepos-kiosk@tty1.service", "edgepos-backup.timer", "edgepos-backup.service",
    "edgepos-upgrade.service",
)  # fmt: skip
SECRETS = ("nets", "provet")
SECRETIVE_NAMES = ("PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL")
"""In the name of a variable of the environment."""


TELLING_WORD = 6
"""A word of a free text of the settings that long is looked for by itself too: a key among a program's arguments."""


def _fields(names: str) -> Mapping[str, Any]:
    return dict.fromkeys(names.split(), True)


SHOWN_SETTINGS = _fields(
    "nets.base_url practice.kind practice.base_url practice.provet_id practice.money_back location.country"
    " location.currency location.language location.time_zone location.day_starts terminal.id terminal.model kiosk.theme"
)
"""Texts of the settings that can hold nothing private: each has a form of its own. Numbers and yes or no are all shown."""
LOG_FACTS = _fields(
    "payment terminal outbox_row period closing finding service state from_state cause code status attempt wait_s"
    " elapsed_ms bytes seq boot_id version peer_uid role key count"
)
"""The log's own list without the operator, the invoice and the file."""
PAYMENT = _fields(
    "id kind state origin cause terminal amount_minor approved_minor currency created_at changed_at clinic_day"
    " asked_to_stop_at session period corrects sync seq"
)
SERVICE = _fields("state since code why")
STATUS: Mapping[str, Any] = {
    **_fields("at version training findings outbox limits kiosk box"),
    "location": _fields("country currency language time_zone is_set_up"),
    "services": {"nets": SERVICE, "practice": SERVICE},
    "terminals": _fields(
        "id model keypad_sales state since why payment reported seen_s held session period last_payment"
        " last_reconciled_at"
    ),
    "unknown": PAYMENT,
    "today": _fields("day count amount_minor refunds_minor currency"),
    "backup": _fields("made_at old_s"),
}
OPERATIONS = "SELECT kind, state, origin, count(*) FROM operation GROUP BY kind, state, origin"
FINDING = _fields("id kind subject raised_at handled_at")
CHECK = _fields("area name ok state message")


def chosen(document: Any, fields: Any) -> Any:
    """Of *document* the named *fields*; of a list, of each of its documents."""
    if isinstance(document, (list, tuple)):
        return [chosen(one, fields) for one in document]
    if isinstance(document, Mapping) and isinstance(fields, Mapping):
        return {name: chosen(document[name], part) for name, part in fields.items() if name in document}
    return document


def settings(found: Iterable[Document]) -> list[dict[str, Any]]:
    """Each value in force and where it came from; of free texts only whether there is one."""
    shown = []
    for one in found:
        value, kind = one["value"], ".".join(part for part in str(one["key"]).split(".") if not part.isdigit())
        if isinstance(value, str) and kind not in SHOWN_SETTINGS:
            value = "(set)" if value else ""
        elif not isinstance(value, (str, int, float, bool, type(None))):
            value = f"({len(value)} entries)" if hasattr(value, "__len__") else "(set)"
        shown.append({"key": one["key"], "value": value, "origin": one["origin"]})
    return shown


def log_line(line: Document | str, redactor: Redactor) -> dict[str, Any]:
    """A line of a log, the agent's own form of it or any other."""
    known = line if isinstance(line, Mapping) else _parsed(line)
    if known is None:
        return {"event": redactor.words(str(line))}
    kept = {name: redactor.value(known[name], free=True) for name in ("at", "level", "event") if name in known}
    return kept | {name: redactor.value(known[name], free=True) for name in known if name in LOG_FACTS}


def _parsed(text: str) -> Document | None:
    """A line of JSON, with or without systemd's priority and journalctl's head in front."""
    start = text.find("{")
    with suppress(ValueError):
        parsed: Any = json.loads(text[start:]) if start >= 0 else None
        return parsed if isinstance(parsed, dict) and "event" in parsed else None
    return None


# --- what this box knows to be private


class Private(NamedTuple):
    """Texts that must not leave, names of people, and names of terminals to their ids."""

    secrets: list[str]
    names: list[str]
    places: dict[str, str]


def private_values(settings_folder: Path, state: Path, environ: Mapping[str, str]) -> Private:
    """What this user can read here of that: to be looked for in everything."""
    folders = [settings_folder, *([Path(given)] if (given := environ.get("CREDENTIALS_DIRECTORY")) else [])]
    secrets = [text for folder in folders for name in SECRETS if (text := _read(folder / name).strip())]
    secrets += [value for name, value in environ.items() if _is_secretive(name)]
    places: dict[str, str] = {}
    for file in ("organisation.toml", "location.toml"):
        text = _read(settings_folder / file)
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            secrets += [one for quoted in re.findall(r"[\"']([^\"'\n]+)[\"']", text) for one in _with_words(quoted)]
            continue
        for terminal in _tables(tables.get("terminal")):
            places[str(terminal.pop("name", ""))] = str(terminal.get("id"))
        secrets += _free_texts(tables)
    return Private(secrets, [*_operators(state / "operators.json"), *_customers(state / "cache.db")], places)


def _tables(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _free_texts(value: object, key: str = "") -> Iterator[str]:
    """The texts of a settings file that are not shown, names of keys that somebody chose included."""
    if isinstance(value, dict):
        for name, one in value.items():
            if key == "practice.users":
                yield str(name)
            yield from _free_texts(one, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for one in value:
            yield from _free_texts(one, key)
    elif isinstance(value, str) and key not in SHOWN_SETTINGS:
        yield from _with_words(value)


def _with_words(text: str) -> Iterator[str]:
    yield text
    yield from (word for word in text.split() if len(word) >= TELLING_WORD)


def _is_secretive(name: str) -> bool:
    is_setting = name.startswith("EDGEPOS_") and "__" in name
    kind = name.removeprefix("EDGEPOS_").lower().replace("__", ".")
    return (is_setting and kind not in SHOWN_SETTINGS) or any(word in name.upper() for word in SECRETIVE_NAMES)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _operators(path: Path) -> Iterator[str]:
    with suppress(ValueError, KeyError, TypeError):
        for one in json.loads(_read(path) or "{}").get("operators", []):
            yield from (str(one["name"]), str(one["id"]))


def _customers(path: Path) -> list[str]:
    """Owners and animals, from the cache of invoices."""
    names: set[str] = set()
    if path.is_file():
        with suppress(sqlite3.Error, ValueError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as cache:
            names |= {str(row[0]) for row in cache.execute("SELECT name FROM name")}
            for (document,) in cache.execute("SELECT document FROM invoice"):
                known = json.loads(document)
                names |= {str(known.get(field) or "") for field in ("owner", "animal")}
    return sorted(names - {""})


# --- the machine


def versions() -> dict[str, Any]:
    from importlib.metadata import distributions

    from edgepos import __version__

    found = {
        str(one.metadata["Name"]): one.version for one in distributions() if one.metadata["Name"]
    }  # those beside us, which are ours where the package is installed
    return {
        "edgepos": __version__,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "system": _os_release(),
        "libraries": dict(sorted(found.items())),
    }


def _os_release() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def box(state: Path, at: str, boot_id: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Time, disk, and the names (only the names) of the variables that change what edgepos does."""
    return {
        "at": at,
        "boot_id": boot_id,
        "time": _properties(ask("timedatectl", "show")),
        "disk": _disk(state),
        "state_folder": _sizes(state),
        "load": os.getloadavg(),
        "variables": sorted(name for name in environ if name.startswith(("EDGEPOS_", "LC_", "LANG", "TERM", "TZ"))),
    }


def _disk(folder: Path) -> dict[str, int] | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    return {
        "size_mb": disk.f_blocks * disk.f_frsize // 1_000_000,
        "free_mb": disk.f_bavail * disk.f_frsize // 1_000_000,
        "free_inodes": disk.f_favail,
    }


def _sizes(folder: Path) -> dict[str, int]:
    """The files of edgepos' own names; any other is counted, not named."""
    sizes: dict[str, int] = {}
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            own = path.name.partition(".")[0] in (
                "journal",
                "cache",
                "operators",
                "reserve",
                "backups",
                "alerts",
                "setup",
            )
            name = path.name if own else "other files"
            sizes[name] = sizes.get(name, 0) + path.lstat().st_size
    return sizes


def ask(*command: str, limit_s: float = ASK_S) -> str:
    """What a program of the system says; nothing where there is none, or it takes too long."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=limit_s, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout


def units() -> list[dict[str, str]]:
    """The states of our units, where there is systemd."""
    wanted = "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,ActiveEnterTimestamp,MemoryCurrent"
    said = ask("systemctl", "show", f"--property={wanted}", *UNITS)
    return [known for block in said.split("\n\n") if (known := _properties(block))]


def unit_log() -> list[str]:
    """The newest lines of our units in systemd's journal."""
    named = [part for unit in UNITS for part in ("-u", unit)]
    return ask("journalctl", "--no-pager", "-o", "short-iso", "-n", str(LOG_LINES), *named).splitlines()


def file_log(state: Path) -> list[str]:
    """The newest lines of an agent that a screen started for itself."""
    try:
        with (state / "agent.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - (1 << 19)))
            return log.read().decode("utf-8", "replace").splitlines()[-LOG_LINES:]
    except OSError:
        return []


def unexpected(environ: Mapping[str, str]) -> str:
    """What commands of this user met that nobody expected: places in the code, and no values."""
    folder = environ.get("XDG_STATE_HOME") or f"{environ.get('HOME', '')}/.local/state"
    return _read(Path(folder) / "edgepos" / "unexpected.log")[-20_000:]


def _properties(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


def sieved_checks(checks: Sequence[Document], redactor: Redactor) -> list[Any]:
    return [redactor.value(chosen(check, CHECK)) for check in checks]
