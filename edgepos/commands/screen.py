"""`edgepos` without a command: the screen. Only here is the screen's package loaded.

Where no box is set up and no agent answers, it starts one of its own and ends it again.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

from edgepos.client import Agent
from edgepos.client.http import AgentAway
from edgepos.client.paths import may_start_own_agent
from edgepos.commands.exits import Exit
from edgepos.commands.table import Verb
from edgepos.commands.usage import wrong


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--kiosk", action="store_true", help="lock the screen in: only a technician's PIN leads out")


def run(options: Namespace) -> Exit:
    return show(is_kiosk=options.kiosk)


def show(*, is_kiosk: bool) -> Exit:
    """The screen, until it is left. Refused where it could not be drawn."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise wrong("The screen needs a terminal.", mend="Without one use: edgepos status")
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        raise wrong("This terminal (TERM=dumb) cannot draw the screen.", mend="Use: edgepos status")
    from edgepos.tui import run_screen

    agent = Agent()
    if may_start_own_agent(is_kiosk=is_kiosk) and not _answers(agent):
        from edgepos.client.start import own_agent

        with own_agent() as path:
            return Exit(run_screen(path, is_kiosk=False))
    return Exit(run_screen(agent.path, is_kiosk=is_kiosk))


def _answers(agent: Agent) -> bool:
    try:
        agent.get("/status")
    except AgentAway:
        return False
    return True


VERBS = {"screen": Verb(declare, run, "edgepos")}
