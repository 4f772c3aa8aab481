"""`edgepos agent`: the process. Folders, signals, exit statuses; everything else is `wiring.py`'s.

The first SIGTERM or SIGINT drains: no new requests, a running one has a moment to be answered. The second cuts. What is
cut is found again at the next start: nothing is lost by it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from edgepos import clock as clocks
from edgepos.agent import log as logs
from edgepos.agent.folders import Folders
from edgepos.agent.settings import Settings
from edgepos.agent.settings_files import load
from edgepos.agent.systemd import Supervisor
from edgepos.agent.wiring import Agent, Given, opened
from edgepos.chance import SystemChance
from edgepos.clock import Clock
from edgepos.domain.errors import EdgeposError, Wrong
from edgepos.journal import JournalBroken, JournalNewer
from edgepos.locale.messages import render

DONE, FAILED = 0, 1
JOURNAL_NEWER = 65
"""systemd does not start it again after these two: nothing would be better."""
SETTINGS_WRONG = 78

log = logs.logger(__name__)


def run(environ: Mapping[str, str] = os.environ) -> int:
    """Run the agent until it is told to end. Gives the exit status; whatever is wrong is a sentence on stderr."""
    folders = Folders.of(environ)
    try:
        settings = load(folders.settings)
        address = environ.get("EDGEPOS_CLOCK")
        if address and not settings.is_loopback_only:
            reason = "is refused: virtual time must never meet a real terminal, and a service is not on this machine"
            raise Wrong(
                "settings", file="environment", key="EDGEPOS_CLOCK", reason=reason, problems=[f"EDGEPOS_CLOCK {reason}"]
            )
        for folder in (folders.state, folders.socket.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return clocks.run(lambda clock: _live(settings, folders, clock, environ), clock_address=address, name="agent")
    except Wrong as wrong:
        return _tell(wrong)
    except asyncio.CancelledError:  # told a second time
        return FAILED
    except (OSError, ValueError) as error:  # a folder that cannot be made, a clock that does not answer
        sys.stderr.write(f"edgepos agent: {error}\n")
        return FAILED


async def _live(settings: Settings, folders: Folders, clock: Clock, environ: Mapping[str, str]) -> int:
    recent = logs.set_up(clock, environ)
    supervisor = Supervisor(clock, environ)
    try:
        given = Given(
            settings=settings,
            settings_folder=folders.settings,
            state_folder=folders.state,
            clock=clock,
            chance=SystemChance(),
            supervisor=supervisor,
            recent=recent,
        )
        async with opened(given) as agent:
            _listen_to_signals(agent)
            await agent.run(folders.socket, ready=supervisor.ready)
        return DONE
    except EdgeposError as error:
        return _tell(error)
    except (JournalBroken, BaseExceptionGroup) as error:
        if isinstance(error, BaseExceptionGroup) and (refused := error.subgroup(EdgeposError)) is not None:
            return _tell(_first(refused))
        log.critical("broken; starting again to read what is there", exc_info=True)
        return FAILED


def _listen_to_signals(agent: Agent) -> None:
    loop = asyncio.get_running_loop()
    life = asyncio.current_task()

    def told() -> None:
        if agent.ending.is_set() and life is not None:
            life.cancel()
        agent.end()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)


def _tell(error: EdgeposError) -> int:
    """Say what is wrong, with its mend, and give the status that goes with it."""
    problems = error.facts.get("problems")
    if isinstance(problems, list):
        for problem in problems:
            sys.stderr.write(f"edgepos agent: {problem}\n")
    else:
        sys.stderr.write(f"edgepos agent: {render(error.code, error.facts)}\n")
    if isinstance(error, JournalNewer):
        return JOURNAL_NEWER
    return SETTINGS_WRONG if error.code == "settings" else FAILED


def _first(errors: BaseExceptionGroup[EdgeposError]) -> EdgeposError:
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, EdgeposError)
    return first
