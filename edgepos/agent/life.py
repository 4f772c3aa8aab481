"""An agent's life, from its settings to its end: the log, virtual time where that is asked for, signals.

The first SIGTERM or SIGINT drains: no new requests, a running one has a moment to be answered. The second cuts. What is
cut is found again at the next start: nothing is lost by it.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from edgepos import clock as clocks
from edgepos import loading
from edgepos.agent import log as logs
from edgepos.agent.folders import Folders
from edgepos.agent.settings_files import load
from edgepos.agent.systemd import Supervisor
from edgepos.agent.wiring import Agent, Given, opened
from edgepos.chance import SystemChance
from edgepos.clock import Clock
from edgepos.domain.errors import EdgeposError, Wrong
from edgepos.journal import JournalBroken
from edgepos.journal.files import Lock

DONE, FAILED = 0, 1

log = logs.logger(__name__)


def live(folders: Folders, environ: Mapping[str, str], lock: Lock, listener: socket.socket) -> int:
    """Run the agent of *folders* until it is told to end, with the journal's *lock* held and *listener* open.

    Gives the exit status. Raises EdgeposError with what is wrong in settings or journal.
    """
    settings = load(folders.settings)
    address = environ.get("EDGEPOS_CLOCK")
    if address and not settings.is_loopback_only:
        reason = "is refused: virtual time must never meet a real terminal, and a service is not on this machine"
        raise Wrong(
            "settings", file="environment", key="EDGEPOS_CLOCK", reason=reason, problems=[f"EDGEPOS_CLOCK {reason}"]
        )

    async def begin(clock: Clock) -> int:
        recent = logs.set_up(clock, environ)
        given = Given(
            settings=settings,
            settings_folder=folders.settings,
            state_folder=folders.state,
            clock=clock,
            chance=SystemChance(),
            supervisor=Supervisor(clock, environ),
            recent=recent,
            lock=lock,
        )
        return await _live(given, folders.socket, listener)

    return clocks.run(begin, clock_address=address, name="agent")


async def _live(given: Given, socket_path: Path, listener: socket.socket) -> int:
    try:
        async with opened(given) as agent:
            _listen_to_signals(agent)
            asyncio.get_running_loop().call_later(loading.SETTLED_S, loading.settle)
            await agent.run(socket_path, ready=given.supervisor.ready, listener=listener)
        return DONE
    except (JournalBroken, BaseExceptionGroup) as error:
        if isinstance(error, BaseExceptionGroup) and (refused := error.subgroup(EdgeposError)) is not None:
            raise _first(refused) from error
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


def _first(errors: BaseExceptionGroup[EdgeposError]) -> EdgeposError:
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, EdgeposError)
    return first
