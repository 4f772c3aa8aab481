"""Rate limits as a budget (protocols/provet.md §6): so much for each endpoint in any 60 s, and this box's share.

A request counts from before it leaves until 60 s after its answer is here. The service counts it somewhere in between,
so whatever its window is, it never sees more than the limit: a 429 that could have been foreseen does not happen. What
cannot be foreseen (another program on the same API user, a box that was restarted) is obeyed: `hold`.

People come first: what runs in the background leaves a small reserve of each endpoint untouched.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from edgepos.clock import Clock

WINDOW_S = 60.0
SHORTEST_WAIT_S = 0.001
"""A timer may fire a hair early; a wait for the rest of it must be one that a clock can measure."""
ROWS_A_WEIGHT = 50
RESERVE = 0.05
"""The part of each endpoint's budget that only people may use."""

LIMITS: Mapping[tuple[str, str], int] = {
    ("invoice", "list"): 60, ("invoice", "one"): 250,
    ("invoicepayment", "list"): 100, ("invoicepayment", "one"): 300, ("invoicepayment", "create"): 300,
    ("invoicepayment", "cancel"): 100, ("extras", "create"): 300,
    ("client", "list"): 125, ("client", "one"): 500,
    ("patient", "list"): 300, ("patient", "one"): 1200,
    ("department", "list"): 300, ("department", "one"): 1200,
}  # fmt: skip
UNLISTED = 100
"""The lowest limit that is known for any endpoint like it."""


def weight(page_size: int) -> int:
    """What a list request of that size costs."""
    return math.ceil(page_size / ROWS_A_WEIGHT)


@dataclass(slots=True)
class _Endpoint:
    limit: int
    under_way: int = 0
    """The weight of what has not been answered yet."""
    answered: deque[tuple[float, int]] = field(default_factory=deque)
    """Until when each answered request counts, and its weight: in the order in which they stop counting."""
    answered_weight: int = 0
    held_until: float = 0.0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    people: asyncio.Lock = field(default_factory=asyncio.Lock)
    background: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The turn, one of each kind: whoever has it waits for room, all others for the turn, in their order."""


class Budget:
    """The budget of one box. *boxes* share one API user; *limits* replaces the table in tests."""

    def __init__(self, clock: Clock, *, boxes: int = 1, limits: Mapping[tuple[str, str], int] = LIMITS) -> None:
        self._clock = clock
        self._boxes = max(1, boxes)
        self._limits = limits
        self._endpoints: dict[tuple[str, str], _Endpoint] = {}

    @contextlib.asynccontextmanager
    async def spend(
        self, resource: str, call: str, *, weight: int = 1, background: bool = False
    ) -> AsyncIterator[None]:
        """Wait until the request may leave, and count it while the block runs and for the window after it.

        The wait has no limit of its own; a caller with a person waiting sets one (`asyncio.timeout`).
        """
        endpoint = self._endpoint(resource, call)
        async with endpoint.background if background else endpoint.people:
            while (wait_s := self._wait_s(endpoint, weight, background)) > 0:
                endpoint.freed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if wait_s == math.inf else max(wait_s, SHORTEST_WAIT_S)):
                        await endpoint.freed.wait()
            endpoint.under_way += weight
        try:
            yield
        finally:
            endpoint.under_way -= weight
            endpoint.answered.append((self._clock.monotonic() + WINDOW_S, weight))
            endpoint.answered_weight += weight
            endpoint.freed.set()

    def hold(self, resource: str, call: str, seconds: float) -> None:
        """The service asked for a pause of this endpoint."""
        endpoint = self._endpoint(resource, call)
        endpoint.held_until = max(endpoint.held_until, self._clock.monotonic() + seconds)

    def _endpoint(self, resource: str, call: str) -> _Endpoint:
        key = (resource, call)
        if key not in self._endpoints:
            self._endpoints[key] = _Endpoint(max(1, self._limits.get(key, UNLISTED) // self._boxes))
        return self._endpoints[key]

    def _wait_s(self, endpoint: _Endpoint, weight: int, background: bool) -> float:
        """Seconds until *weight* fits; infinite while only the end of a request under way can tell."""
        now = self._clock.monotonic()
        if now < endpoint.held_until:
            return endpoint.held_until - now
        while endpoint.answered and endpoint.answered[0][0] <= now:
            endpoint.answered_weight -= endpoint.answered.popleft()[1]
        limit = endpoint.limit - (math.ceil(endpoint.limit * RESERVE) if background and endpoint.limit > 1 else 0)
        over = endpoint.under_way + endpoint.answered_weight + min(weight, limit) - limit
        if over <= 0:  # a request heavier than the whole share goes when nothing else counts
            return 0.0
        for until, spent in endpoint.answered:
            over -= spent
            if over <= 0:
                return until - now
        return math.inf
