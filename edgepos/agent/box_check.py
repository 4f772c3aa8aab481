"""What can be seen of the machine itself, by whoever runs the doctor: time service, disk, units, files, font, locale.

Reads only. What this user may not see, or what this machine does not have (no systemd, no package), is said to be not
looked at; each question to another program has a limit.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

from edgepos import __version__
from edgepos.agent import generations
from edgepos.agent.check import Check, fine, wrong
from edgepos.agent.folders import BOX_STATE, Folders
from edgepos.clock import Clock

ASK_S = 1.5
"""Both questions to systemd are asked side by side: what is looked at here takes no longer than this."""
UNITS = ("edgepos-agent.service", "edgepos-kiosk@tty1.service", "edgepos-backup.timer")
BACKUPS = Path("/var/backups/edgepos")
FONT = Path("/usr/lib/edgepos/fonts/28x14.psf.gz")
WORN_OUT = 9
"""Of eMMC's own scale of 1 to 11: 80 % of its writes are spent."""
PRIVATE = ("journal.db", "journal.db-wal", "operators.json", "cache.db")
NOT_SEEN = "not looked at: no permission"


def box_checks(folders: Folders, clock: Clock, environ: Mapping[str, str], agent_version: str | None) -> list[Check]:
    """All of them, in at most about ASK_S."""
    is_box = folders.state == BOX_STATE  # from the package, and no laptop
    time_said, units_said = _ask_systemd(is_box)
    found = [_time_service(time_said), *_medium(folders.state), *_permissions(folders)]
    if is_box:
        found += [*_units(units_said), _font(), *_copies(clock)]
    if agent_version not in (None, __version__):
        facts = {"agent": agent_version, "program": __version__}
        found.append(wrong("program", "versions", "versions-differ", facts))
    else:
        python = ".".join(map(str, sys.version_info[:3]))
        found.append(fine("program", "versions", f"edgepos {__version__}, Python {python}"))
    return [*found, _locale(environ)]


def _ask_systemd(is_box: bool) -> tuple[str | None, str | None]:
    """What it says of the time service, and of our units; None where it was not asked or did not answer."""
    if not Path("/run/systemd/system").is_dir():
        return None, None
    with ThreadPoolExecutor(2) as pool:
        time_said = pool.submit(_ask, "timedatectl", "show", "--property=NTPSynchronized", "--value")
        units_said = pool.submit(_ask, "systemctl", "is-active", *UNITS) if is_box else None
    return time_said.result(), units_said.result() if units_said else None


def _ask(*command: str) -> str | None:
    """What *command* says; None where there is no such program, or it takes too long."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=ASK_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip()


def _time_service(said: str | None) -> Check:
    if said in ("yes", "no"):
        return fine("time", "time service") if said == "yes" else wrong("time", "time service", "time-service-away")
    return fine("time", "time service", "not looked at: no systemd")


def _medium(state: Path) -> Iterator[Check]:
    """What the kernel has counted against the disk that the journal lies on."""
    while not state.exists() and state != state.parent:
        state = state.parent
    try:
        number = state.stat().st_dev
        device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
        is_read_only = bool(os.statvfs(state).f_flag & os.ST_RDONLY)
    except OSError:
        return
    facts: dict[str, object] = {"device": device.name}
    if is_read_only:
        yield wrong("storage", "medium", "medium-errors", facts | {"cause": "it can only be read"})
        return
    errors = _number(Path("/sys/fs/ext4") / device.name / "errors_count")
    worn = _number(device.parent / "device" / "life_time")
    if errors:
        yield wrong("storage", "medium", "medium-errors", facts | {"cause": f"{errors} errors in the file system"})
    elif worn is not None and worn >= WORN_OUT:
        yield wrong("storage", "medium", "medium-errors", facts | {"cause": f"worn out, {worn} of 11"})
    else:
        yield fine("storage", "medium")


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0], 0)
    except (OSError, ValueError, IndexError):
        return None


def _permissions(folders: Folders) -> Iterator[Check]:
    paths = [folders.state, *(folders.state / name for name in PRIVATE)]
    for path in paths:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
        except PermissionError:
            yield fine("program", "permissions", NOT_SEEN)
            return
        if mode & 0o077:
            facts = {"path": str(path), "mode": f"{mode:04o}"}
            yield wrong("program", "permissions", "too-open", facts)
            return
    yield fine("program", "permissions")


def _units(said: str | None) -> Iterator[Check]:
    """*said*: one state a line, in the order of UNITS."""
    states = said.splitlines() if said else []
    if len(states) != len(UNITS):
        yield fine("program", "units", "not looked at: no systemd")
        return
    for unit, state in zip(UNITS, states, strict=True):
        is_there = state in ("active", "activating")
        yield fine("program", unit) if is_there else wrong("program", unit, "unit-away", {"unit": unit, "state": state})


def _font() -> Check:
    return fine("program", "font") if FONT.exists() else wrong("program", "font", "no-font")


def _copies(clock: Clock) -> Iterator[Check]:
    """The copies that the backup timer makes, where it does."""
    try:
        found = generations.copies(BACKUPS)
    except FileNotFoundError:
        return
    except PermissionError:
        yield fine("storage", "copies", NOT_SEEN)
        return
    if not found:
        yield wrong("storage", "copies", "no-backup", {"folder": str(BACKUPS)})
        return
    age_s = clock.now().astimezone(UTC).timestamp() - found[0].stat().st_mtime
    yield fine("storage", "copies", found[0].name) if age_s < 86_400 else wrong("storage", "copies", "backup-old")


def _locale(environ: Mapping[str, str]) -> Check:
    named = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    encoding = (sys.stdout.encoding or "").lower() if sys.stdout else ""
    if encoding.replace("-", "") == "utf8":
        return fine("program", "locale", named)
    return wrong("program", "locale", "no-utf8", {"encoding": encoding or "not known"})
