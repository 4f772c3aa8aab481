"""`edgepos verify`, `backup`, `restore`, `sql`: is the journal whole, a copy of it, questions to it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.events import events
from edgepos.client.http import AgentAway, AgentLost
from edgepos.commands import csv_lines
from edgepos.commands.exits import Exit
from edgepos.commands.here import here
from edgepos.commands.output import Answer, columns, tell, write
from edgepos.commands.table import Verb
from edgepos.commands.typed import confirm
from edgepos.commands.usage import wrong
from edgepos.whole_file import write_whole


def declare_nothing(parser: ArgumentParser) -> None:
    """A command without arguments of its own."""


def declare_verify(parser: ArgumentParser) -> None:
    parser.add_argument("copy", nargs="?", metavar="COPY", help="a backup, in place of the journal")
    parser.add_argument(
        "--quick", action="store_true", help="the chain of events and the file only: a million events in seconds"
    )


def verify(options: Namespace) -> Answer:
    """The agent reads its own journal; where none runs, and for a copy, it is read here."""
    if options.copy is not None:
        report = here(lambda care: care.verify_file(Path(options.copy), replays=not options.quick))
    else:
        try:
            report = Agent().get("/verify", **({"quick": 1} if options.quick else {}))
        except AgentLost:
            raise
        except AgentAway:
            report = here(lambda care: care.verify(replays=not options.quick))
            if report is None:  # nor is there a journal that could be read here
                raise
    if report["ok"]:
        return Answer(report, lambda: [f"The journal is whole: {report['events']} events, head {report['head'][:16]}."])
    error = AgentError.of("journal-damaged", what="; ".join(report["problems"]))
    return Answer(report, lambda: report["problems"], exit=Exit.FAILED, error=error)


def declare_backup(parser: ArgumentParser) -> None:
    parser.add_argument("to", metavar="DEST", help="a new file, or a folder: there the copy has its own name")
    parser.add_argument(
        "--keep-days", type=int, metavar="N", help="in a folder: remove copies of this box that are older than N days"
    )
    parser.add_argument("--at-rest", action="store_true", help="only if no payment is open or unknown: for upgrades")


def backup(options: Namespace) -> Answer:
    """Copies the journal, and the people beside it, to files that are whole or not there.

    Where no agent runs, the journal is opened here; then DEST is a folder.
    """
    is_folder = os.path.isdir(options.to)
    if options.keep_days is not None and (not is_folder or options.keep_days < 1):
        raise wrong("--keep-days needs a folder and a number of days.", mend="As in: edgepos backup /mnt/stick")
    made: dict[str, Any] | None
    try:
        made = _from_agent(options, is_folder=is_folder)
    except AgentLost:
        raise
    except AgentAway:
        made = here(lambda care: care.backup(Path(options.to), at_rest=options.at_rest)) if is_folder else None
        if made is None:  # nor is there a journal that could be read here
            raise
    removed = _thin(made["file"], options.keep_days) if options.keep_days is not None else []
    return Answer(
        {**made, "removed": removed},
        lambda: [
            f"The journal is copied to {made['file']} ({made['bytes']} bytes).",
            *(f"Removed: {old}" for old in removed),
        ],
    )


def _from_agent(options: Namespace, *, is_folder: bool) -> dict[str, Any]:
    agent = Agent()
    if options.at_rest:
        _demand_rest(agent)
    with agent.file("/backup/operators") as (_, pieces):
        people = b"".join(pieces)
    with agent.file("/backup") as (name, pieces):
        to = os.path.join(options.to, name) if is_folder else options.to
        if os.path.exists(to):
            raise wrong(f"{to} is there already.", mend="Name a new file.", file=to)
        try:
            if people:
                write_whole(f"{to}.operators.json", [people])
            return {"file": to, "bytes": write_whole(to, pieces)}
        except OSError as error:
            raise wrong(
                f"{to} could not be written: {error.strerror}.", mend="Choose another place.", file=to
            ) from error


def _demand_rest(agent: Agent) -> None:
    """Raises AgentError `payment-unknown` or `terminal-in-use` with the first payment that is open."""
    view = next(iter(events(agent))).data
    for payment in view["open"]:
        raise AgentError.of(
            "payment-unknown" if payment["state"] == "unknown" else "terminal-in-use",
            payment=payment["id"],
            terminal=payment["terminal"],
            amount_minor=payment["amount_minor"],
            currency=payment["currency"],
            since=payment["created_at"],
        )


def _thin(newest: str, keep_days: int) -> list[str]:
    """Remove old copies of the box of which *newest* is one."""
    from edgepos.agent.generations import COPY, thin

    copy = Path(newest)
    named = COPY.fullmatch(copy.name)
    return [str(path) for path in thin(copy.parent, named[1], keep_days)] if named else []


def declare_restore(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="SRC", help="a copy, or a folder of copies: then the newest of them")
    parser.add_argument("--yes", action="store_true", help="confirm without being asked")


def restore(options: Namespace) -> Answer:
    """Puts a copy in the journal's place, where no agent runs; says what has to follow."""
    copy = here(lambda care: care.newest_copy(Path(options.source)))
    report = here(lambda care: care.verify_file(copy))
    if not report["ok"]:
        raise AgentError.of("journal-damaged", what="; ".join(report["problems"]))
    if not options.yes:
        confirm(f"{copy}, up to event {report['seq']}, is put in the place of this box's journal.")
    restored = here(lambda care: care.put_back(copy))
    return Answer(restored | {"seq": report["seq"]}, lambda: _after_restore(restored))


def _after_restore(restored: Mapping[str, Any]) -> list[str]:
    return [
        f"{restored['restored']} is the journal of {restored['folder']} now; the old one is kept beside it.",
        "What happened after the copy was made is not in it. Therefore each terminal is held. Next:",
        "  1. Make sure that the other box is off for good, if there is one.",
        "  2. Start the agent: systemctl start edgepos-agent",
        "  3. For each terminal: edgepos release TERMINAL, edgepos reconcile --terminal TERMINAL,",
        "     and edgepos release TERMINAL once more.",
        "  4. See what the copy lacks with: edgepos match, and book what is missing.",
        "  5. Then close what was found with: edgepos findings",
    ]


def declare_sql(parser: ArgumentParser) -> None:
    parser.add_argument("query", metavar="QUERY", help="one SELECT")
    parser.add_argument("--csv", action="store_true", help="comma-separated, with a line of names")


def sql(options: Namespace) -> Answer | Exit:
    document = Agent().post("/sql", {"query": options.query})
    if document["cut"]:
        tell("edgepos: There are more rows than are shown. Add a LIMIT and an OFFSET to see the rest.")
    if options.csv and not options.json:
        write(csv_lines.lines(document["columns"], document["rows"]))
        return Exit.DONE
    return Answer(document, lambda: _rows(document))


def _rows(document: Mapping[str, Any]) -> Iterable[str]:
    rows = [["" if value is None else str(value) for value in row] for row in document["rows"]]
    return columns([document["columns"], *rows])


VERBS = {
    "verify": Verb(declare_verify, verify, "edgepos verify"),
    "backup": Verb(declare_backup, backup, "edgepos backup /mnt/stick"),
    "restore": Verb(declare_restore, restore, "edgepos restore /mnt/stick"),
    "sql": Verb(declare_sql, sql, 'edgepos sql "SELECT state, count(*) FROM operation GROUP BY state"'),
}
