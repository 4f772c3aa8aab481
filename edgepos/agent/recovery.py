"""What a start finds open, before anybody is told that the agent is ready.

An `intended` row proves that nothing was sent: it ends at once. A `sent` one may be at the terminal still: it is
unknown from now on, and its worker looks for the outcome. READY does not wait for outcomes (a cloud that is away must
not keep the clinic from seeing so), but for the first look to have been tried. Restored copies have no `intended`
rows: there they may have been sent, and the restore has made them unknown.
"""

from __future__ import annotations

import asyncio
import contextlib

from edgepos.agent.log import logger
from edgepos.agent.worker import Crew
from edgepos.domain.evidence import Next, Verdict
from edgepos.domain.operation import Operation, State
from edgepos.journal import Journal

log = logger(__name__)

FIRST_ROUND_S = 10.0
"""Longest wait for the first looks: what needs longer goes on behind READY."""


async def close_unsent(journal: Journal) -> list[Operation]:
    """End what never left the box, mark what may have; gives what is still open."""
    opened = []
    for operation in await journal.open_operations():
        if operation.state is State.INTENDED:
            verdict = Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="restart", evidence=("never-sent",))
            await journal.decided(operation.id, verdict)
            log.info("not sent", payment=operation.id, terminal=operation.terminal, cause="restart")
            continue
        if operation.state is State.SENT:
            opened.append(await journal.unknown(operation.id, "restart", {"answer": "restart"}))
            log.warning("outcome unknown", payment=operation.id, terminal=operation.terminal, cause="restart")
        else:
            opened.append(operation)
    return opened


async def first_round(crew: Crew) -> None:
    """Until every worker has decided what it found open, or looked in vain once; or the time is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FIRST_ROUND_S):
            for worker in crew.workers.values():
                await worker.tried.wait()
