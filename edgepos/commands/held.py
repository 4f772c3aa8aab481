"""`edgepos release`, `findings`: what only a person can see to, once they have looked."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgepos.client import Agent
from edgepos.client.http import path_of
from edgepos.commands.asking import choose_terminal
from edgepos.commands.output import Answer
from edgepos.commands.table import Verb
from edgepos.commands.typed import confirm
from edgepos.commands.usage import wrong


def declare_release(parser: ArgumentParser) -> None:
    parser.add_argument("terminal", metavar="TERMINAL", help="the terminal's name or its 8 digits")
    parser.add_argument("--yes", action="store_true", help="the other box, or the old one, is off for good")


def release(options: Namespace) -> Answer:
    """Takes the next step towards letting a held terminal go; says which one stands in the way."""
    agent = Agent()
    terminal = choose_terminal(agent.get("/status"), options.terminal)
    if terminal["held"] and not options.yes:
        confirm(f"Every other box that has driven {terminal['name']} is off for good.")
    released = agent.post(path_of("terminals", terminal["id"], "release"), {"other_box_is_off": True})
    return Answer(released, lambda: [f"{terminal['name']} is free: payments are sent to it again."])


def declare_findings(parser: ArgumentParser) -> None:
    parser.add_argument("finding", nargs="?", metavar="ID", help="close this one; without it, list all")
    parser.add_argument("--note", metavar="TEXT", help="what was found out, and done about it")


def findings(options: Namespace) -> Answer:
    agent = Agent()
    if options.finding is None:
        document = agent.get("/findings")
        return Answer(document, lambda: _list(document["findings"]))
    if not options.note:
        raise wrong("A finding is closed with a note.", mend="As in: edgepos findings F123 --note “slip found”")
    handled = agent.post(path_of("findings", options.finding, "handle"), {"note": options.note})
    return Answer(handled, lambda: [f"{handled['id']} is closed: {handled['note']}"])


def _list(found: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if not found:
        yield "Nothing waits for a person."
    for one in found:
        yield f"{one['id']}  {one['raised_at'][:16].replace('T', ' ')} UTC  {one['message']}"
        yield f"    {one['mend']}"


VERBS = {
    "release": Verb(declare_release, release, "edgepos release RECEPTION"),
    "findings": Verb(declare_findings, findings, "edgepos findings F123 --note “the slip was found and booked”"),
}
