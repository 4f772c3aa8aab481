"""Telling somebody outside the clinic that a person is needed: one program, one JSON document on its input.

Called when something has gone on for long enough, and again when it is over; never twice for the same, not even over a
restart: what was told is kept in a file. The program gets nothing of the agent's environment, and its failure is a line
in the log and another try later.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edgepos.agent.aside import aside
from edgepos.agent.log import logger
from edgepos.clock import Clock
from edgepos.locale.messages import render
from edgepos.whole_file import write_whole

log = logger(__name__)

TEN_MINUTES_S, HOUR_S, DAY_S = 600.0, 3600.0, 86_400.0
AGAIN_S = 600.0
"""After the program failed."""
PROGRAM_S = 30.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
QUIET_SERVICES = frozenset({"ok", "slow", "not_set_up", "clock_wrong"})
QUIET_TERMINALS = frozenset(
    {"ready", "in_use", "busy", "restarting", "reconcile_first", "not_checked", "payment_unknown"}
)
"""Those that pass by themselves, those that staff see to at the desk, and those that are told by another name: an
unknown payment by its own, a terminal that cannot be checked by the service's, a service that the clock keeps away by
the clock's."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that a person has to see to, once it has been so for *after_s*."""

    code: str
    subject: str
    message: str
    mend: str
    after_s: float

    @property
    def key(self) -> Key:
        return self.code, self.subject


def troubles(status: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> Iterator[Trouble]:
    """What the agent's own documents have of that, the money first."""
    for payment in status["unknown"]:
        yield _rendered("payment-unknown", payment["id"], TEN_MINUTES_S, payment=payment["id"])
    for finding in findings:
        yield Trouble(
            code=finding["kind"],
            subject=finding["id"],
            message=finding["message"],
            mend=finding["mend"],
            after_s=0.0,
        )
    outbox = status["outbox"]
    if outbox["queued"]:
        since = outbox["oldest_queued_at"]
        yield _rendered("bookings-wait", "outbox", HOUR_S, count=outbox["queued"], since=since)
    if outbox["parked"]:
        yield _rendered("bookings-parked", "outbox", 0.0, count=outbox["parked"])
    for name, service in status["services"].items():
        if service["state"] not in QUIET_SERVICES:
            yield _as_shown(service, service["code"] or service["state"], name)
    for terminal in status["terminals"]:
        if terminal["state"] not in QUIET_TERMINALS:
            yield _as_shown(terminal, f"terminal-{terminal['state'].replace('_', '-')}", terminal["id"])
    if status["box"]["clock_wrong"]:
        yield _rendered("clock-wrong", "box", TEN_MINUTES_S, why=status["box"]["clock_wrong"])
    free_mb, needed_mb = status["box"]["free_mb"], status["limits"]["disk_reserve_mb"]
    if free_mb < needed_mb:
        yield _rendered("disk-low", "box", 0.0, free_mb=free_mb, needed_mb=needed_mb)
    backup = status["backup"]
    if (backup["old_s"] or 0) > DAY_S:
        yield _rendered("backup-old", "box", 0.0, why=backup["problem"])


def _rendered(code: str, subject: str, after_s: float, **facts: object) -> Trouble:
    said = render(code, facts)
    return Trouble(code=code, subject=subject, message=said.message, mend=said.mend, after_s=after_s)


def _as_shown(thing: Mapping[str, Any], code: str, subject: str) -> Trouble:
    return Trouble(code=code, subject=subject, message=thing["why"], mend=thing["mend"], after_s=TEN_MINUTES_S)


class Alerts:
    """*command* is the program with its arguments; empty: nobody is told. *told* is the file of what was told."""

    def __init__(self, command: str, clock: Clock, told: Path) -> None:
        self._command = shlex.split(command)
        self._clock = clock
        self._file = told
        self._since: dict[Key, float] = {}
        self._told = _read(told) if self._command else {}
        self._not_before = 0.0

    @property
    def is_wanted(self) -> bool:
        return bool(self._command)

    async def turn(self, status: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> None:
        """Tell what has begun and what is over since the last telling."""
        now = self._clock.monotonic()
        present = {one.key: one for one in troubles(status, findings)}
        self._since = {key: self._since.get(key, now) for key in present}
        lasting = {key: one for key, one in present.items() if now - self._since[key] >= one.after_s}
        told = {key: present.get(key, one) for key, one in self._told.items() if key in present}
        began, ended = lasting.keys() - self._told.keys(), self._told.keys() - present.keys()
        if not (began or ended) or now < self._not_before:
            return
        standing = told | lasting
        document = {
            "at": status["at"],
            "location": status["location"]["name"],
            "box_id": status["box"]["box_id"],
            "version": status["version"],
            "began": [self._shown(lasting[key], now) for key in sorted(began)],
            "ended": [self._shown(self._told[key], now) for key in sorted(ended)],
            "alerts": [self._shown(one, now) for one in standing.values()],
        }
        if await self._tell(document):
            self._told = standing
            await asyncio.to_thread(_write, self._file, standing)
        else:
            self._not_before = now + AGAIN_S

    def _shown(self, one: Trouble, now: float) -> dict[str, object]:
        since_s = round(now - self._since[one.key]) if one.key in self._since else None
        return {"code": one.code, "subject": one.subject, "message": one.message, "mend": one.mend, "since_s": since_s}

    async def _tell(self, document: Mapping[str, object]) -> bool:
        run = partial(
            subprocess.run,
            self._command,
            input=json.dumps(document).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PROGRAM_S,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
            cwd="/",
            check=True,
        )
        try:
            await aside(run)
        except (OSError, subprocess.SubprocessError) as error:
            log.error("nobody could be told", cause=f"{type(error).__name__} {self._command[0]}")
            return False
        return True


def _read(path: Path) -> dict[Key, Trouble]:
    """What had been told before this start; nothing where the file is not there or damaged: it is then told again."""
    try:
        kept = [Trouble(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return {}
    return {one.key: one for one in kept}


def _write(path: Path, told: Mapping[Key, Trouble]) -> None:
    """Written only when somebody was told. A disk that fails costs a second telling after the next start."""
    try:
        write_whole(path, [json.dumps([asdict(one) for one in told.values()]).encode()])
    except OSError as error:
        log.warning("what was told is not kept", cause=type(error).__name__)
