"""`edgepos reconcile`, `match`: close the terminals' periods; compare terminal, journal and practice system."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key
from edgepos.commands.asking import (
    asked_for,
    choose_terminal,
    declare_wait,
    names_of,
    outcome_error,
    wait_for_outcome,
)
from edgepos.commands.exits import Exit, exit_of
from edgepos.commands.form import Form, payment_word
from edgepos.commands.output import Answer, columns, error_fields, tell
from edgepos.commands.table import Verb
from edgepos.commands.usage import day

Document = Mapping[str, Any]


def declare_reconcile(parser: ArgumentParser) -> None:
    parser.add_argument("--terminal", metavar="ID", help="one terminal, by name or its 8 digits; else each")
    declare_wait(parser)


def reconcile(options: Namespace) -> Answer:
    """Reconciles one terminal after the other; one that cannot be does not keep the others from it."""
    agent = Agent()
    status = agent.get("/status")
    if options.terminal:
        terminal = choose_terminal(status, options.terminal)
        operation, error = _reconcile(agent, terminal, options.wait)
        return Answer(operation, lambda: _slips([operation], names_of(status)), exit=_exit([error]), error=error)
    done = [_reconcile(agent, terminal, options.wait) for terminal in status["terminals"]]
    errors = [error for _, error in done if error]
    for error in errors[1:]:
        tell(f"edgepos: {error}")
    operations = [{**operation, "error": error_fields(error)} if error else operation for operation, error in done]
    return Answer(
        {"reconciliations": operations},
        lambda: _slips(operations, names_of(status)),
        exit=_exit(errors),
        error=errors[0] if errors else None,
    )


def _reconcile(agent: Agent, terminal: Document, wait_s: int) -> tuple[Document, AgentError | None]:
    """What came of one terminal's reconciliation, and why not, if it came to nothing."""
    tell(f"{terminal['name']} …")
    try:
        started = asked_for(agent, "/reconciliations", {"terminal": terminal["id"]}, new_key())
    except AgentError as refused:
        return {"terminal": terminal["id"], "kind": "reconciliation", "state": "not_started"}, refused
    operation = wait_for_outcome(agent, started, wait_s=wait_s)
    return operation, outcome_error(operation, terminal["name"])


def _exit(errors: Sequence[AgentError | None]) -> Exit:
    """The gravest of several ends."""
    return max((exit_of(error.code) for error in errors if error), default=Exit.DONE)


def _slips(operations: Sequence[Document], names: Mapping[str, str]) -> Iterable[str]:
    for operation in operations:
        matched = {True: "totals agree", False: "totals do not agree", None: ""}[operation.get("matched")]
        session = f"session {operation['session']}" if operation.get("session") else ""
        parts = (names.get(operation["terminal"], operation["terminal"]), payment_word(operation), session, matched)
        yield "  ".join(part for part in parts if part)
        yield from (f"  {line}" for line in str(operation.get("slip") or "").splitlines())


def declare_match(parser: ArgumentParser) -> None:
    parser.add_argument("--day", type=day, metavar="DAY", help="a clinic day, as 2026-11-25; without it, today")


def match(options: Namespace) -> Answer:
    agent = Agent()
    document = agent.get("/match", day=options.day)
    error = None if document["agree"] else AgentError.of("not-agreed", day=document["day"])
    return Answer(document, lambda: _match(document, agent.get("/status")), exit=_exit([error]), error=error)


def _match(document: Document, status: Document) -> Iterable[str]:
    form, names = Form(status["location"]), names_of(status)
    sides = ("terminal_minor", "journal_minor", "practice_minor")
    rows = [("", "period", "session", "terminal", "edgepos", "practice", "")]
    for one in document["terminals"]:
        sums = (form.money(one[side]) or "-" for side in sides)
        name = names.get(one["terminal"], one["terminal"])
        rows.append((name, str(one["period"]), one["session"] or "-", *sums, "agrees" if one["agree"] else "DIFFERS"))
    yield from columns(rows, "<>>>>>") if document["terminals"] else ["Nothing was paid, nothing was closed."]
    for one in document["terminals"]:
        for difference in one["differences"]:
            yield "  ".join((names.get(one["terminal"], one["terminal"]), _difference(difference, form)))
    for difference in document.get("without_reference") or ():
        yield _difference(difference, form)


def _difference(difference: Document, form: Form) -> str:
    parts = (form.money(difference["minor"]), difference["cause"], " ".join(difference["ids"]), difference["mend"])
    return "  ".join(part for part in parts if part)


def close(options: Namespace) -> Answer:
    """Makes the closing report. One that does not agree is made all the same, and says so."""
    agent = Agent()
    closing = agent.post("/closings", {"day": options.day} if options.day else {})
    error = None if closing["match"]["agree"] else AgentError.of("not-agreed", day=closing["clinic_day"])
    return Answer(closing, lambda: _closing(closing, agent.get("/status")), exit=_exit([error]), error=error)


def _closing(closing: Document, status: Document) -> Iterable[str]:
    yield f"Closing {closing['number']} of {closing['clinic_day']}"
    yield from _match(closing["match"], status)


VERBS = {
    "reconcile": Verb(declare_reconcile, reconcile, "edgepos reconcile --terminal RECEPTION"),
    "match": Verb(declare_match, match, "edgepos match --day 2026-11-25"),
    "close": Verb(declare_match, close, "edgepos close"),
}
