"""The simulator's OpenAPI pages, and that nothing that fits them, or fails to, makes it stumble."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from edgepos.clock import Clock
from edgepos.simulator.provet import CLIENT_ID, CLIENT_SECRET, PROVET_ID
from edgepos.simulator.server import Simulator
from tests.fuzzing import fuzz

pytestmark = pytest.mark.virtual_time

LIMIT_S = 20_000
OURSELVES = {"/reset", "/clock"}
"""What would take the world away from under the test."""


async def page(simulator: Simulator, name: str) -> Any:
    async with httpx.AsyncClient(timeout=600) as client:
        return (await client.get(f"{simulator.control_url}/{name}")).json()


async def headers_for(simulator: Simulator, service: str) -> dict[str, str]:
    async with httpx.AsyncClient(timeout=600) as client:
        if service == "provet":
            answer = await client.post(
                f"{simulator.provet_url}/{PROVET_ID}/oauth2/token/", auth=(CLIENT_ID, CLIENT_SECRET),
                data={"grant_type": "client_credentials"},
            )  # fmt: skip
            return {"Authorization": f"Bearer {answer.json()['access_token']}"}
        answer = await client.post(
            f"{simulator.nets_url}/v1/login", json={"username": "clinic_demo", "password": "demo-password"}
        )
        return {"Authorization": f"Bearer {answer.json()['token']}"}


@pytest.mark.parametrize("service", ["nets", "provet"])
async def test_no_request_makes_a_service_stumble(clock: Clock, service: str) -> None:
    async with Simulator(clock) as simulator, asyncio.timeout(LIMIT_S):
        simulator.world.practice.variants = simulator.world.practice.variants.model_copy(update={"rate_limits": False})
        described = await page(simulator, f"openapi/{service}.json")
        base = simulator.nets_url if service == "nets" else simulator.provet_url
        answers = await fuzz(described, base=base, headers=await headers_for(simulator, service), examples=4)
        assert 200 in answers
        assert not [status for status in answers if status >= 500 and service == "provet"]


async def test_no_request_makes_the_control_server_stumble(clock: Clock) -> None:
    async with Simulator(clock) as simulator, asyncio.timeout(LIMIT_S):
        described = await page(simulator, "openapi.json")
        answers = await fuzz(described, base=simulator.control_url, skip=OURSELVES, examples=6)
        assert 200 in answers
        assert not [status for status in answers if status >= 500]
