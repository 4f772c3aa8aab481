"""Provet as the agent wires it, over real sockets to the simulator, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgepos.chance import SeededChance
from edgepos.clock import Clock
from edgepos.domain.health import ServiceState
from edgepos.domain.invoice import Booking
from edgepos.outbound import Outbound
from edgepos.practice import Link, Provet, Tenant
from edgepos.practice.provet.budget import Budget
from edgepos.simulator.faults import FaultRule
from edgepos.simulator.provet import CLIENT_ID, CLIENT_SECRET, PROVET_ID
from edgepos.simulator.server import Simulator

REFERENCES = ("E7K2M9Q4T1XA3", "E7K2M9Q4T1XB3", "E7K2M9Q4T1XC3", "E7K2M9Q4T1XD3")

STOCKHOLM = Tenant(currency="SEK", department="2", users={"anna": "12"})


@dataclass
class Tried:
    """A practice system, what stands behind it, and what was heard of it."""

    provet: Provet
    simulator: Simulator
    heard: list[tuple[ServiceState, str]] = field(default_factory=list)

    @property
    def books(self) -> Any:
        return self.simulator.world.practice

    def vary(self, **changed: object) -> None:
        self.books.variants = self.books.variants.model_copy(update=changed)

    def fault(self, fault: str, method: str | None = None, path: str = "*", nth: int = 1, times: int | None = 1,
              **args: object) -> str:  # fmt: skip
        rule = {
            "service": "provet",
            "fault": fault,
            "method": method,
            "path": path,
            "nth": nth,
            "times": times,
            "args": args,
        }
        return self.simulator.add_fault(FaultRule.model_validate(rule)).id

    def bookings(self, reference: str = "E") -> list[Any]:
        return [one for one in self.books.bookings.values() if one.info.startswith(reference)]

    def calls(self, method: str, path: str = "") -> list[Any]:
        return [call for call in self.simulator.world.calls.kept if call.method == method and path in call.path]


@asynccontextmanager
async def provet_of(simulator: Simulator, clock: Clock, *, boxes: int = 1, secret: str = CLIENT_SECRET,
                    tenant: Tenant = STOCKHOLM) -> AsyncIterator[Tried]:  # fmt: skip
    heard: list[tuple[ServiceState, str]] = []
    outbound = Outbound(simulator.provet_url, setting="practice.base_url", clock=clock)
    link = Link(
        outbound, base_url=simulator.provet_url, provet_id=str(PROVET_ID), client_id=CLIENT_ID, secret=lambda: secret,
        budget=Budget(clock, boxes=boxes), clock=clock, chance=SeededChance(1),
        heard=lambda state, why: heard.append((state, why)),
    )  # fmt: skip
    try:
        yield Tried(Provet(link, tenant, clock), simulator, heard)
    finally:
        await outbound.aclose()


@pytest.fixture
async def tried(clock: Clock) -> AsyncIterator[Tried]:
    async with Simulator(clock) as simulator, provet_of(simulator, clock) as one:
        yield one


def booking(invoice: str = "501", amount_minor: int = 75000, row: str = f"{REFERENCES[0]}.1", **more: Any) -> Booking:
    more = {"card_scheme": "VISA", "last_four": "0119", "authorisation": "A1B2C3", "operator": "anna"} | more
    return Booking(row=row, invoice=invoice, amount_minor=amount_minor, currency="SEK", **more)
