from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from edgepos.clock import VirtualLoop
from edgepos.simulator.server import Simulator

from .nets import Nets


@pytest.fixture
async def nets() -> AsyncIterator[Nets]:
    """The simulated service and a client of it, ready to take a payment at the reception."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    async with Simulator(loop.clock) as simulator:
        nets = Nets(simulator, loop.clock)
        nets.behaves()
        yield nets
        await nets.close()
