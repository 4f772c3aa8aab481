"""Reading a command's arguments: argparse, with errors that name the flag, what was expected and the nearest."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import NoReturn

from edgepos.client import AgentError
from edgepos.commands.table import COMMANDS, GROUPS, Command, Verb

NEGATIVE = re.compile(r"-[\d.,]")


def wrong(message: str, *, mend: str, **facts: object) -> AgentError:
    """A wrong use of the command line, in words of its own."""
    return AgentError("usage", message, mend, facts)


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The known word that *text* was probably meant to be."""
    import difflib

    found = difflib.get_close_matches(text, list(known), n=1)
    return found[0] if found else None


def day(text: str) -> str:
    """A clinic day as a command takes it: a type for argparse."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is no day; write it as 2026-11-25") from None


class HelpForm(argparse.RawDescriptionHelpFormatter):
    """For 80 columns wherever it is printed; asking for the terminal's width would load `shutil` at each start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=78)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises AgentError `usage` in place of ending the process."""

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=HelpForm, allow_abbrev=False, **options)  # type: ignore[arg-type]
        self._negative_number_matcher = NEGATIVE  # `-1,50` is an amount, to be refused as one, and no flag

    def error(self, message: str) -> NoReturn:
        raise wrong(f"{message[0].upper()}{message[1:]}.", mend=f"See: {self.prog} --help")

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """The values of *arguments*. Raises AgentError `usage`; `--help` raises SystemExit after it has printed."""
        options, extra = self.parse_known_args(arguments)
        if not extra:
            return options
        flag = extra[0].partition("=")[0]
        near = nearest(flag, self._option_string_actions) if flag.startswith("-") else None
        mend = f"Did you mean {near}?" if near else f"See: {self.prog} --help"
        raise wrong(f"“{self.prog}” does not know “{extra[0]}”.", mend=mend, text=extra[0])


def parser_of(command: Command, verb: Verb) -> Parser:
    """The parser of one command."""
    does = command.does[0].upper() + command.does[1:] + "."
    parser = Parser(prog=f"edgepos {command.name}", description=does, epilog=f"example:\n  {verb.example}")
    verb.declare(parser)
    if not any("--json" in action.option_strings for action in parser._actions):
        parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def unknown_command(name: str) -> AgentError:
    near = nearest(name, COMMANDS)
    mend = f"Did you mean: edgepos {near}" if near else "See: edgepos --help"
    return wrong(f"There is no command “{name}”.", mend=mend, text=name)


def overview() -> str:
    """What `edgepos --help` says."""
    lines = [
        "usage: edgepos [--kiosk] | edgepos COMMAND …",
        "",
        "Card payments between a clinic's terminals and its practice system.",
        "Without a command: the screen.",
    ]
    for title, commands in GROUPS:
        lines += ["", f"{title}:", *(f"  {command.name:<16}{command.does}" for command in commands)]
    lines += [
        "",
        "edgepos COMMAND --help says more, with an example. Most commands take --json.",
        "Exit status: 0 done · 1 failed, declined or refused · 2 wrong usage · 3 not reached ·",
        "4 outcome not known yet.",
    ]
    return "\n".join(lines)
