"""`edgepos reconcile`, `match`, `close`: close the terminals' periods; compare terminal, journal and practice system;
make the day's report, print it again, and see what the open periods hold so far."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key, path_of
from edgepos.commands.asking import (
    asked_for,
    choose_terminal,
    declare_wait,
    names_of,
    outcome_error,
    wait_for_outcome,
)
from edgepos.commands.by_hand import agent_of, declare_operator
from edgepos.commands.exits import Exit, exit_of
from edgepos.commands.form import Form, payment_word
from edgepos.commands.output import Answer, columns, error_fields, tell
from edgepos.commands.table import Verb
from edgepos.commands.usage import day, wrong

Document = Mapping[str, Any]
PAGE = 200
"""The agent's longest list."""


def declare_reconcile(parser: ArgumentParser) -> None:
    parser.add_argument("--terminal", metavar="ID", help="one terminal, by name or its 8 digits; else each")
    parser.add_argument("--total", metavar="AMOUNT", help="with --terminal and --period: what the paper report says, "
                        "where edgepos has none that it can read; more back than paid: --total=-12,50")  # fmt: skip
    parser.add_argument(
        "--period", type=int, metavar="N", help="the closed period that --total is of, as match shows it"
    )
    declare_operator(parser)
    declare_wait(parser)


def reconcile(options: Namespace) -> Answer:
    """Reconciles one terminal after the other; one that cannot be does not keep the others from it."""
    agent = agent_of(options)
    status = agent.get("/status")
    if options.total is not None or options.period is not None:
        return _tell(agent, status, options)
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


def _tell(agent: Agent, status: Document, options: Namespace) -> Answer:
    """The total of a closed period from the terminal's own paper; answers that period's match."""
    if None in (options.terminal, options.total, options.period):
        raise wrong("--total, --period and --terminal belong together.", mend="See: edgepos reconcile --help")
    # A swapped terminal is none of the settings any more: its 8 digits are taken as they are.
    known = options.terminal.isdecimal() and len(options.terminal) == 8
    terminal = options.terminal if known else choose_terminal(status, options.terminal)["id"]
    path = path_of("terminals", terminal, "periods", str(options.period), "total")
    document = agent.post(path, {"amount_minor": _total_of(options.total, status["today"]["currency"])})
    error = None if document["agree"] else AgentError.of("not-agreed")
    return Answer(document, lambda: _match(document, status), exit=_exit([error]), error=error)


def _total_of(text: str, currency: str) -> int:
    from edgepos.client.values import Wrong, parse_total

    try:
        return parse_total(text, currency)
    except Wrong as wrong:
        raise AgentError.of(wrong.code, **wrong.facts) from None


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
    for one in document.get("earlier") or ():
        yield f"Red since an earlier day, closed {form.moment(one['closed_at'])}:"
        yield from _match({"terminals": [one]}, status)


def _difference(difference: Document, form: Form) -> str:
    parts = (form.money(difference["minor"]), difference["cause"], " ".join(difference["ids"]), difference["mend"])
    return "  ".join(part for part in parts if part)


def declare_close(parser: ArgumentParser) -> None:
    declare_match(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--x", action="store_true", help="what the open periods hold so far; closes nothing, asks nobody")
    what.add_argument("--again", type=int, metavar="N", help="print report N again, as it was made: marked and counted")
    what.add_argument("--list", action="store_true", help="the reports made so far, newest first")
    parser.add_argument("--terminal", metavar="ID", help="with --x: of one terminal")


def close(options: Namespace) -> Answer:
    """Makes the closing report. One that does not agree is made all the same, and says so."""
    agent = Agent()
    if options.x:
        status = agent.get("/status")
        terminal = choose_terminal(status, options.terminal)["id"] if options.terminal else None
        sums = agent.get("/x-report", terminal=terminal)
        return Answer(sums, lambda: ["X report: nothing is closed", *_report(sums, status)])
    if options.list:
        closings = agent.get("/closings", limit=PAGE)
        return Answer(closings, lambda: _closings(closings["closings"], agent.get("/status")))
    if options.again is not None:
        copy = agent.get(path_of("closings", str(options.again)), copy=1)
        return Answer(copy, lambda: _closing(copy, agent.get("/status")))
    closing = agent.post("/closings", {"day": options.day} if options.day else {})
    error = None if closing["match"]["agree"] else AgentError.of("not-agreed", day=closing["clinic_day"])
    return Answer(closing, lambda: _closing(closing, agent.get("/status")), exit=_exit([error]), error=error)


def _closings(closings: Sequence[Document], status: Document) -> Iterable[str]:
    form = Form(status["location"])
    rows = [
        (
            str(one["number"]),
            one["clinic_day"],
            form.moment(one["made_at"]),
            one["operator"],
            form.money(one["match"]["report"]["amount_minor"]),
            _closing_word(one),
        )
        for one in closings
    ]
    return columns(rows, "><<<>") or ["No closing report was made yet."]


def _closing_word(closing: Document) -> str:
    red = sum(not one["agree"] for one in closing["match"]["terminals"])
    if not red:
        return "agreed"
    return "DIFFERED" if len(closing["dealt_with"]) < red else "DIFFERED, dealt with since"


def _closing(closing: Document, status: Document) -> Iterable[str]:
    """The whole report, as it was when it was made; under it, what was dealt with since."""
    form = Form(status["location"])
    if closing.get("copy"):
        yield f"*** COPY {closing['copy']} ***"
    yield f"{status['location']['name']}: closing {closing['number']} of {closing['clinic_day']}"
    yield f"made {form.moment(closing['made_at'])} by {closing['operator']}"
    yield ""
    yield from _match(closing["match"], status)
    yield ""
    yield from _report(closing["match"]["report"], status)
    left = [f"{one['terminal']}, period {one['period']}" for one in closing["match"].get("left_open") or ()]
    if left:
        yield f"Still open, and in a later report: {'; '.join(left)}"
    names = names_of(status)
    for one in closing["dealt_with"]:
        name = names.get(one["terminal"], one["terminal"])
        yield f"Since then: {name}, period {one['period']}: {one['note']} ({form.moment(one['at'])}, {one['operator']})"


def _report(report: Document, status: Document) -> Iterable[str]:
    """Sums by terminal, person, card scheme and hour."""
    form, names = Form(status["location"]), names_of(status)
    rows = [("", "paid", "", "back", "", "tips"), _sums("all", report, form)]
    for by in ("terminal", "operator", "scheme", "hour"):
        for one in report[f"by_{by}"]:
            key = str(one[by])
            label = names.get(key, key) if by == "terminal" else key.replace("T", " ") + ":00" if by == "hour" else key
            rows.append(_sums(f"  {label or '-'}", one, form))
    return columns(rows, "<>>>>>")


def _sums(label: str, sums: Document, form: Form) -> tuple[str, ...]:
    return (
        label,
        str(sums["count"]),
        form.money(sums["amount_minor"]),
        str(sums["back_count"]) if sums["back_count"] else "",
        form.money(sums["back_minor"]) if sums["back_count"] else "",
        form.money(sums["tip_minor"]) if sums["tip_minor"] else "",
    )


VERBS = {
    "reconcile": Verb(declare_reconcile, reconcile, "edgepos reconcile --terminal RECEPTION"),
    "match": Verb(declare_match, match, "edgepos match --day 2026-11-25"),
    "close": Verb(declare_close, close, "edgepos close"),
}
