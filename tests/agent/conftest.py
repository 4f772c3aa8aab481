"""Fixtures of the agent's tests: a clinic at work, or one whose agent has not begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from agent_clinic import LAB, LOCATION, ORGANISATION, RECEPTION, ROOM, Clinic

from edgepos.clock import VirtualLoop
from edgepos.simulator.server import Simulator


@pytest_asyncio.fixture
async def unstarted(tmp_path: Path) -> AsyncIterator[Clinic]:
    """A clinic whose terminals take payments, and no agent yet."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    async with Simulator(loop.clock) as simulator, httpx.AsyncClient(timeout=600) as http:
        clinic = Clinic(simulator, http, tmp_path)
        config = tmp_path / "config"
        config.mkdir()
        (config / "organisation.toml").write_text(
            ORGANISATION.format(nets=simulator.nets_url, provet=simulator.provet_url)
        )
        (config / "location.toml").write_text(LOCATION)
        for name, secret in (("nets", "demo-password"), ("provet", "demo-secret")):
            (config / name).touch(mode=0o600)
            (config / name).write_text(secret.replace("demo-secret", "edgepos-demo-secret") + "\n")
        (tmp_path / "state").mkdir(mode=0o700)
        for terminal in (RECEPTION, ROOM, LAB):
            await clinic.variant(terminal, fresh_refuses=False)
        try:
            yield clinic
        finally:
            await clinic.kill()


@pytest_asyncio.fixture
async def clinic(unstarted: Clinic) -> Clinic:
    """A clinic at work."""
    await unstarted.start()
    return unstarted
