"""`edgepos doctor`, `settings`, `operators`, `log`: what a technician asks the box."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import AgentAway
from edgepos.commands.exits import Exit
from edgepos.commands.here import here
from edgepos.commands.keeping import declare_nothing
from edgepos.commands.output import Answer, columns
from edgepos.commands.table import Verb
from edgepos.commands.typed import secret

GREETING_S = 1.5
"""An agent that is well answers in milliseconds; one that hangs is not waited for, its share is looked at here."""
ANSWER_S = 7.0
"""With everything down the agent's own checks take five: the whole doctor is done within ten seconds."""


def doctor(options: Namespace) -> Answer:
    """The agent's own checks and the machine's; where no agent answers, all that can be seen without one."""
    known, away, in_haste = None, {}, False
    try:
        Agent(answer_s=GREETING_S).get("/status")
        in_haste = True
        known = Agent(answer_s=ANSWER_S).get("/doctor")
    except AgentAway as error:
        away = dict(error.facts)
    document = here(lambda care: care.doctor(known, away, in_haste=in_haste))
    return Answer(document, lambda: _checks(document), exit=Exit.DONE if document["ok"] else Exit.FAILED)


def _checks(document: Mapping[str, Any]) -> Iterable[str]:
    checks = document["checks"]
    yield from columns(
        [(check["name"], "OK" if check["ok"] else "WRONG", check["message"] if check["ok"] else "") for check in checks]
    )
    for check in checks:
        if not check["ok"]:
            yield from ("", f"{check['name']}: {check['message']}", f"  {check['mend']}")


def settings(options: Namespace) -> Answer:
    document = Agent().get("/settings")
    return Answer(document, lambda: _settings(document))


def _settings(document: Mapping[str, Any]) -> Iterable[str]:
    yield f"From {document['folder']}:"
    folder = document["folder"] + "/"
    yield from columns(
        [(one["key"], _value(one["value"]), one["origin"].removeprefix(folder)) for one in document["settings"]]
    )


def _value(value: object) -> str:
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def declare_operators(parser: ArgumentParser) -> None:
    parser.add_argument("operator", nargs="?", metavar="NAME", help="add or change this person; without it, list all")
    parser.add_argument("--name", default="", metavar="TEXT", help="the name that is shown")
    parser.add_argument(
        "--role", choices=("staff", "senior", "technician"), default="staff", help="staff, if not given"
    )
    parser.add_argument("--pin", action="store_true", help="set a new PIN; it is asked for")
    parser.add_argument("--left", action="store_true", help="the person works here no more")


def operators(options: Namespace) -> Answer:
    agent = Agent()
    if options.operator:
        body: dict[str, object] = {
            "operator": options.operator, "name": options.name, "role": options.role, "active": not options.left,
        }  # fmt: skip
        if options.pin:
            body["pin"] = _new_pin(options.operator)
        person = agent.post("/operators", body)
        return Answer(person, lambda: _people([person]))
    document = agent.get("/operators")
    return Answer(
        document, lambda: _people(document["operators"]) or ["Nobody is set up: everybody may do what staff may."]
    )


def _new_pin(operator: str) -> str:
    pin = secret(f"New PIN of {operator}: ")
    if sys.stdin.isatty() and secret("Once more: ") != pin:
        raise AgentError("usage", "The two PINs differ.", "Nothing was changed. Try again.")
    return pin


def _people(people: Iterable[Mapping[str, Any]]) -> list[str]:
    return columns([(one["operator"], one["name"], one["role"], "" if one["active"] else "left") for one in people])


def declare_log(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="the last N lines (50)")


def log(options: Namespace) -> Answer:
    document = Agent().get("/log", limit=options.limit)
    return Answer(document, lambda: map(_line, document["log"]))


def _line(line: Mapping[str, Any] | str) -> str:
    if isinstance(line, str):
        return line
    fields = [
        f"{name}={value}" for name, value in line.items() if name not in ("at", "level", "event") and value is not None
    ]
    return " ".join([str(line.get("at")), f"{line.get('level')!s:<8}", str(line.get("event")), *fields])


VERBS = {
    "doctor": Verb(declare_nothing, doctor, "edgepos doctor --json"),
    "settings": Verb(declare_nothing, settings, "edgepos settings"),
    "operators": Verb(declare_operators, operators, "edgepos operators anna --role senior --pin"),
    "log": Verb(declare_log, log, "edgepos log --limit 200"),
}
