"""From arguments to an exit status: finds the command, imports its module, runs it, prints how it ended.

The last place that an error reaches. No traceback ever reaches a person: what nobody expected is said to be unexpected,
and its trace (places in the code, no values) goes to a file under a reference that the message names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import cast

from edgepos.client import AgentError
from edgepos.commands.exits import Exit, exit_of
from edgepos.commands.output import Answer, error_fields, prepare_streams, print_json, say, tell
from edgepos.commands.table import COMMANDS, Command, Verb

INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended."""


def run(arguments: Sequence[str]) -> int:
    """Runs `edgepos` with *arguments*; its exit status. Never raises."""
    prepare_streams()
    as_json = "--json" in arguments
    try:
        return int(_run(list(arguments)))
    except AgentError as error:
        return int(_report(error, as_json))
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ended:  # argparse, after --help
        return ended.code if isinstance(ended.code, int) else int(Exit.DONE)
    except Exception as error:  # noqa: BLE001  the last place: see above
        return int(_report(_unexpected(error), as_json))


def _run(arguments: list[str]) -> Exit:
    from edgepos.commands.usage import overview, parser_of, unknown_command

    first = arguments[0] if arguments else ""
    if first in ("--help", "-h", "help"):
        say(overview())
        return Exit.DONE
    if first == "--version":
        from edgepos import __version__

        say(f"edgepos {__version__}")
        return Exit.DONE
    if not first or first.startswith("-"):
        command, rest = Command("screen", "screen", "the screen"), arguments
    elif first in COMMANDS:
        command, rest = COMMANDS[first], arguments[1:]
    else:
        raise unknown_command(first)
    verb = cast(Verb, import_module(f"edgepos.commands.{command.module}").VERBS[command.name])
    options = parser_of(command, verb).parse(rest)
    ended = verb.run(options)
    return _print(ended, as_json=options.json) if isinstance(ended, Answer) else ended


def _print(answer: Answer, *, as_json: bool) -> Exit:
    if as_json:
        print_json(answer.document)
    else:
        for line in answer.text():
            say(line)
    if answer.error:
        tell(f"edgepos: {answer.error}")
    return answer.exit


def _report(error: AgentError, as_json: bool) -> Exit:
    if as_json:
        print_json({"error": error_fields(error)})
    tell(f"edgepos: {error}")
    return exit_of(error.code)


def _unexpected(error: Exception) -> AgentError:
    """The error that a person is told of in place of *error*, whose trace is kept in a file under a reference."""
    import hashlib
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    # Places only: the text of an exception may hold what was typed, a name or a card's number.
    trace = "\n".join(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    trace = f"{type(error).__module__}.{type(error).__qualname__}\n{trace}\n"
    reference = hashlib.sha256(trace.encode()).hexdigest()[:8].upper()
    folder = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    kept = os.path.join(folder, "edgepos", "unexpected.log")
    try:
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        with open(kept, "a", encoding="utf-8") as log:
            log.write(f"{reference} edgepos {sys.argv[1:2]} {trace}")
    except OSError:
        return AgentError.of("unexpected", reference=reference)
    return AgentError.of("unexpected", reference=f"{reference} ({kept})")
