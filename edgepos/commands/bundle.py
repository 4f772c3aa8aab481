"""`edgepos support-bundle`: one redacted archive, made in ten seconds, with the agent up or down.

Everything is gathered side by side, each part with a limit of its own, and put together in memory: a disk that is full
costs nothing but the last step. What may be in it is `bundle_parts.py`'s and `bundle_redaction.py`'s to say.
"""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import tarfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import AgentAway, AgentLost
from edgepos.commands import bundle_parts as parts
from edgepos.commands.bundle_redaction import Redactor
from edgepos.commands.here import here
from edgepos.commands.output import Answer
from edgepos.commands.table import Verb
from edgepos.commands.usage import wrong
from edgepos.whole_file import write_whole

ANSWER_S = 3.0
CHILD_S = 8.5
"""For `doctor` and `verify`, which run as processes of their own: they may hang, and they may give up root."""
LARGEST_PART = 1 << 20
NOT_HAD = "not to be had"
README = """\
A support bundle of edgepos. It holds states, versions, settings without free text, checks and log lines.
It holds no card numbers, no names of people, no passwords, keys or tokens, and no text of payments or invoices.
What was taken out reads [removed] or "…". `missing.json` says what could not be had.
"""


def declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "to", nargs="?", default=".", metavar="FILE", help="a new file, or a folder: there it has its own name"
    )


def run(options: Namespace) -> Answer:
    to, at = Path(options.to), _now()
    if to.is_dir():
        to /= f"edgepos-support-{at[:19].replace(':', '').replace('-', '')}Z.tar.gz"
    if to.exists():
        raise wrong(f"{to} is there already.", mend="Name a new file.", file=str(to))
    members, missing = _gathered(at)
    archive = _archive(members, at)
    try:
        size = write_whole(str(to), [archive])
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            mend = "Name a place with more room, such as a stick: edgepos support-bundle /mnt/stick"
            raise AgentError("disk-low", f"There is no room for {to}.", mend, {"file": str(to)}) from error
        raise wrong(
            f"{to} could not be written: {error.strerror}.", mend="Choose another place.", file=str(to)
        ) from error
    document = {"file": str(to), "bytes": size, "parts": sorted(members), "missing": missing}
    return Answer(document, lambda: _told(document))


def _told(document: Mapping[str, Any]) -> list[str]:
    lines = [f"The support bundle is {document['file']} ({document['bytes']} bytes)."]
    lines += [f"Not in it: {name}: {why}" for name, why in document["missing"].items()]
    return [*lines, "No card numbers, names, passwords or tokens are in it."]


def _now() -> str:
    from edgepos.clock import RealClock, rfc3339

    return rfc3339(RealClock().now())


def _gathered(at: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The members, sieved, and why others are missing."""
    from edgepos.agent.folders import Folders
    from edgepos.clock import RealClock

    folders = Folders.of(os.environ)
    agent = Agent(answer_s=ANSWER_S)
    wanted: dict[str, Callable[[], Any]] = {
        "status": lambda: agent.get("/status"),
        "findings": lambda: agent.get("/findings")["findings"],
        "log": lambda: agent.get("/log", limit=parts.LOG_LINES)["log"],
        "settings": lambda: _settings(agent, folders.settings),
        "doctor": lambda: _child("doctor")["checks"],
        "verify": lambda: _verified(agent),
        "operations": lambda: _operations(agent),
        "units": parts.units,
        "unit-log": parts.unit_log,
        "unexpected": lambda: parts.unexpected(os.environ),
        "versions": parts.versions,
        "box": lambda: parts.box(folders.state, at, RealClock().boot_id(), os.environ),
    }
    with ThreadPoolExecutor(len(wanted)) as pool:
        asked = {name: pool.submit(job) for name, job in wanted.items()}
        private = parts.private_values(folders.settings, folders.state, os.environ)
    missing: dict[str, str] = {}
    had = {name: value for name, one in asked.items() if (value := _outcome(name, one, missing)) is not None}
    redactor = Redactor(*private)
    if not had.get("log"):
        had["log"] = parts.file_log(folders.state)
    members = {name: text.encode() for name, text in _members(had, redactor).items()}
    for name in [name for name, data in members.items() if redactor.leaks(data)]:
        del members[name]
        missing[name] = "it would have held a secret"
    missing = {name: redactor.text(why) for name, why in missing.items()}
    members["missing.json"] = json.dumps(missing, indent=1).encode()
    members["README.txt"] = README.encode()
    return members, missing


def _outcome(name: str, asked: Future[Any], missing: dict[str, str]) -> Any:
    try:
        return asked.result()
    except AgentAway as away:
        missing[name] = away.message
    except AgentError as error:
        missing[name] = str(error)
    except (OSError, ValueError, KeyError, TypeError) as error:
        missing[name] = f"{NOT_HAD}: {type(error).__name__}"
    return None


def _settings(agent: Agent, folder: Path) -> list[dict[str, Any]]:
    """In force at the agent; where none answers, those that its next start would read."""
    try:
        return parts.settings(agent.get("/settings")["settings"])
    except AgentAway:
        from edgepos.agent.settings_files import load, sources

        found = here(lambda _: sources(load(folder), folder))
        return parts.settings([{"key": one.key, "value": _plain(one.value), "origin": one.origin} for one in found])


def _verified(agent: Agent) -> Any:
    """By the agent, or by a process of our own where none runs. One that hangs holds the journal: nobody can then."""
    try:
        agent.get("/status")
    except AgentLost:
        raise
    except AgentAway:
        pass  # `verify` reads the journal itself
    return _child("verify")


def _operations(agent: Agent) -> Any:
    """How many there are of each kind and state. Asked of an agent that answers: this question waits long."""
    agent.get("/status")
    return agent.post("/sql", {"query": parts.OPERATIONS})["rows"]


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float, bool, dict)) else str(value)


def _child(command: str) -> Any:
    """What `edgepos COMMAND --json` answers. Raises OSError, ValueError."""
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "edgepos", command, "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=CHILD_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise AgentError("unexpected", f"It was not done within {CHILD_S:.0f} s.", "") from None
    answered = json.loads(ended.stdout)
    if ended.returncode not in (0, 1) and "error" in answered:
        raise AgentError.answered(0, answered)
    return answered


def _members(had: Mapping[str, Any], redactor: Redactor) -> dict[str, str]:
    """Each part as the text of its file."""
    documents: dict[str, Any] = {
        name: redactor.value(had[name]) for name in ("versions", "settings", "box") if name in had
    }
    if "status" in had:
        documents["status"] = redactor.value(parts.chosen(had["status"], parts.STATUS))
    if "findings" in had:
        documents["findings"] = redactor.value(parts.chosen(had["findings"], parts.FINDING))
    if "doctor" in had:
        documents["doctor"] = parts.sieved_checks(had["doctor"], redactor)
    if "verify" in had:
        documents["journal"] = redactor.value(had["verify"] | {"operations": had.get("operations")}, free=True)
    if had.get("units"):
        documents["units"] = redactor.value(had["units"], free=True)
    files = {f"{name}.json": json.dumps(document, indent=1) for name, document in documents.items()}
    for name, file in (("log", "log.jsonl"), ("unit-log", "systemd-journal.jsonl")):
        if lines := had.get(name):
            files[file] = _newest([json.dumps(parts.log_line(line, redactor)) for line in lines])
    if had.get("unexpected"):
        files["unexpected.txt"] = redactor.text(had["unexpected"])
    return files


def _newest(lines: list[str]) -> str:
    """As many of the newest *lines* as a part may hold."""
    kept, size = 0, 0
    for line in reversed(lines):
        size += len(line) + 1
        if size > LARGEST_PART:
            break
        kept += 1
    return "\n".join([*lines[len(lines) - kept :], ""])


def _archive(members: Mapping[str, bytes], at: str) -> bytes:
    from edgepos.clock import parse_rfc3339

    packed = io.BytesIO()
    made_at = int(parse_rfc3339(at).timestamp())
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as archive:
        for name in sorted(members, key=lambda name: (name != "README.txt", name)):
            entry = tarfile.TarInfo(f"edgepos-support/{name}")
            entry.size, entry.mtime, entry.mode = len(members[name]), made_at, 0o600
            archive.addfile(entry, io.BytesIO(members[name]))
    return packed.getvalue()


VERBS = {"support-bundle": Verb(declare, run, "edgepos support-bundle /mnt/stick")}
