"""`edgepos verify`, `backup`, `sql`: is the journal whole, a copy of it, questions to it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.commands.exits import Exit
from edgepos.commands.output import Answer, columns, print_csv, tell
from edgepos.commands.table import Verb
from edgepos.commands.usage import wrong


def declare_nothing(parser: ArgumentParser) -> None:
    """A command without arguments of its own."""


def verify(options: Namespace) -> Answer:
    report = Agent().get("/verify")
    if report["ok"]:
        return Answer(report, lambda: [f"The journal is whole: {report['events']} events, head {report['head'][:16]}."])
    error = AgentError.of("journal-damaged", what="; ".join(report["problems"]))
    return Answer(report, lambda: report["problems"], exit=Exit.FAILED, error=error)


def declare_backup(parser: ArgumentParser) -> None:
    parser.add_argument("to", metavar="DEST", help="a new file, or a folder: there the copy has its own name")


def backup(options: Namespace) -> Answer:
    """Copies the journal to a file that is whole or not there: written beside it, made durable, then named."""
    with Agent().file("/backup") as (name, pieces):
        to = os.path.join(options.to, name) if os.path.isdir(options.to) else options.to
        if os.path.exists(to):
            raise wrong(f"{to} is there already.", mend="Name a new file.", file=to)
        try:
            size = _write(to, pieces)
        except OSError as error:
            raise wrong(
                f"{to} could not be written: {error.strerror}.", mend="Choose another place.", file=to
            ) from error
    return Answer({"file": to, "bytes": size}, lambda: [f"The journal is copied to {to} ({size} bytes)."])


def _write(to: str, pieces: Iterator[bytes]) -> int:
    part = f"{to}.part"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
            size = sum(copy.write(piece) for piece in pieces)
            copy.flush()
            os.fsync(copy.fileno())
        os.rename(part, to)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise
    return size


def declare_sql(parser: ArgumentParser) -> None:
    parser.add_argument("query", metavar="QUERY", help="one SELECT")
    parser.add_argument("--csv", action="store_true", help="comma-separated, with a line of names")


def sql(options: Namespace) -> Answer | Exit:
    document = Agent().post("/sql", {"query": options.query})
    if document["cut"]:
        tell("edgepos: There are more rows than are shown. Add a LIMIT and an OFFSET to see the rest.")
    if options.csv and not options.json:
        print_csv(document["columns"], document["rows"])
        return Exit.DONE
    return Answer(document, lambda: _rows(document))


def _rows(document: Mapping[str, Any]) -> Iterable[str]:
    rows = [["" if value is None else str(value) for value in row] for row in document["rows"]]
    return columns([document["columns"], *rows])


VERBS = {
    "verify": Verb(declare_nothing, verify, "edgepos verify"),
    "backup": Verb(declare_backup, backup, "edgepos backup /mnt/stick"),
    "sql": Verb(declare_sql, sql, 'edgepos sql "SELECT state, count(*) FROM operation GROUP BY state"'),
}
