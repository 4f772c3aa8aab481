"""`edgepos pilot nets|provet`: with a test account, tries what is assumed of a service, and writes down what is so.

A person is asked for what only they can do, one line at a time. The report is Markdown, with its data beside it.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from edgepos.client import AgentError
from edgepos.commands.exits import Exit
from edgepos.commands.here import here
from edgepos.commands.output import Answer, columns, tell
from edgepos.commands.setup_talk import Person, Talk
from edgepos.commands.table import Verb
from edgepos.commands.usage import nearest, wrong
from edgepos.whole_file import write_whole

if TYPE_CHECKING:
    from edgepos.agent.pilot.facts import Report
    from edgepos.agent.settings import Settings, TerminalSettings

WORDS: Mapping[str, str] = {"as_assumed": "as assumed", "otherwise": "OTHERWISE", "not_tried": "not tried"}


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("service", choices=("nets", "provet"), help="which of the two")
    parser.add_argument("--terminal", metavar="ID", help="the test terminal, by name or its 8 digits")
    parser.add_argument(
        "--only", action="append", default=[], metavar="FACT", help="try this one alone; may be repeated"
    )
    parser.add_argument("--report", metavar="FILE", help="write it there as Markdown, and as JSON to FILE.json")
    parser.add_argument(
        "--test-account", metavar="NAME", help="confirm without being asked that this account is a test account"
    )
    parser.add_argument("--list", action="store_true", help="say what is tried, and try nothing")


def run(options: Namespace) -> Answer:
    from edgepos.agent.folders import Folders
    from edgepos.agent.pilot import run as pilot
    from edgepos.agent.settings_files import Secrets, load

    if options.list:
        return _list(options.service)
    folders = Folders.of(os.environ)
    settings: Settings = here(lambda _: load(folders.settings))
    talk = Person(f"edgepos pilot {options.service}")
    account = str(here(lambda _: pilot.account_of(options.service, settings)))
    _confirm_account(options, talk, account)
    terminal = _terminal(settings, options.terminal) if options.service == "nets" else None
    secret = here(lambda _: Secrets(folders.settings).needed(options.service))

    def beside_nobody() -> Report:
        with pilot.journal_at_rest(folders):
            return _tried(options, settings, secret, terminal, talk)

    report: Report = here(lambda _: beside_nobody())
    written = _write(options.report, report) if options.report else []
    document = report.document | {"written": written}
    is_fine = not document["counts"]["otherwise"]
    return Answer(document, lambda: _told(document), exit=Exit.DONE if is_fine else Exit.FAILED)


def _confirm_account(options: Namespace, talk: Talk, account: str) -> None:
    """Raises AgentError unless a person, or the command line, names the account as a test account."""
    named = options.test_account
    if named is None:
        what = "user" if options.service == "nets" else "organisation"
        named = talk.ask(f"Purchases and bookings are made. Type the {what} again if it is a test account ({account})")
    if named != account:
        raise AgentError(
            "not-confirmed", f"Not confirmed: {named or 'nothing'} is not {account}. Nothing was tried.",
            f"With a test account: edgepos pilot {options.service} --test-account {account}",
        )  # fmt: skip


def _terminal(settings: Settings, named: str | None) -> TerminalSettings:
    names = [terminal.name for terminal in settings.terminals]
    if named is None and len(names) == 1:
        return settings.terminals[0]
    if named is None:
        raise AgentError.of("terminal-needed", terminals=names)
    found = settings.terminal_named(named)
    if found is None:
        near = nearest(named.upper(), names)
        raise AgentError.of("unknown-terminal", terminal=named, terminals=names, **({"nearest": near} if near else {}))
    return found


def _tried(
    options: Namespace, settings: Settings, secret: str, terminal: TerminalSettings | None, talk: Talk
) -> Report:
    from edgepos import clock as clocks
    from edgepos.agent.pilot.run import Order, pilot
    from edgepos.chance import SystemChance
    from edgepos.clock import Clock

    async def main(clock: Clock) -> Report:
        order = Order(
            service=options.service, settings=settings, secret=secret, person=_AtTheTerminal(talk), clock=clock,
            chance=SystemChance(), terminal=terminal, only=tuple(options.only),
        )  # fmt: skip
        return await pilot(order)

    address = os.environ.get("EDGEPOS_CLOCK") if settings.is_loopback_only else None
    return clocks.run(main, clock_address=address, name="pilot")


class _AtTheTerminal:
    """The person who started the command."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    async def please(self, what: str, sentence: str) -> None:
        await self._asked(f"{sentence} Then press Enter")

    async def answer(self, what: str, question: str) -> str:
        return await self._asked(question)

    async def tell(self, sentence: str) -> None:
        tell(sentence)

    async def _asked(self, question: str) -> str:
        from edgepos.agent.aside import aside  # Ctrl-C does not wait for the line that nobody types any more

        return await aside(lambda: self._talk.ask(question))


def _write(path: str, report: Report) -> list[str]:
    import json

    files = {path: report.markdown, f"{path}.json": json.dumps(report.document, indent=1, default=str) + "\n"}
    try:
        for name, text in files.items():
            write_whole(name, [text.encode()])
    except OSError as error:
        raise wrong(
            f"{path} could not be written: {error.strerror}.", mend="Choose another place.", file=path
        ) from error
    return list(files)


def _told(document: Mapping[str, Any]) -> Iterable[str]:
    rows = [(one["id"], WORDS[one["verdict"]], one["sentence"]) for one in document["facts"]]
    yield from columns(rows)
    for one in document["facts"]:
        if one["otherwise"]:
            yield from ("", f"{one['id']}: {one['question']} {one['sentence']}", f"  {one['otherwise']}")
    counts = document["counts"]
    yield ""
    yield f"{counts['as_assumed']} as assumed, {counts['otherwise']} otherwise, {counts['not_tried']} not tried."
    yield from (f"Written: {path}" for path in document["written"])


def _list(service: str) -> Answer:
    from edgepos.agent.pilot.run import FACTS

    facts = list(FACTS[service].values())
    document = {"facts": [{"id": one.id, "question": one.question, "assumed": one.assumed, "how": one.how,
                           "section": one.section, "kept": one.kept} for one in facts]}  # fmt: skip
    return Answer(document, lambda: columns([(one.id, one.question) for one in facts]))


VERBS = {"pilot": Verb(declare, run, "edgepos pilot nets --terminal RECEPTION --report pilot.md")}
