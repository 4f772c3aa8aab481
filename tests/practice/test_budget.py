"""The rate budget: nothing foreseeable is ever too much, and little is left unused."""

from __future__ import annotations

import asyncio

import pytest

from edgepos.clock import Clock
from edgepos.practice.provet.budget import Budget, weight

pytestmark = pytest.mark.virtual_time
LIST = ("invoicepayment", "list")


class Service:
    """Counts what reaches it, with a delay of its own on the way, as the service would."""

    def __init__(self, clock: Clock, budget: Budget) -> None:
        self.clock, self.budget, self.arrivals = clock, budget, list[tuple[float, int]]()

    async def ask(self, way_s: float = 0.0, cost: int = 1, background: bool = False) -> None:
        async with self.budget.spend(*LIST, weight=cost, background=background):
            await asyncio.sleep(way_s)
            self.arrivals.append((self.clock.monotonic(), cost))

    def most_in_a_window(self) -> int:
        return max(sum(cost for at, cost in self.arrivals if start - 60 < at <= start) for start, _ in self.arrivals)


@pytest.mark.parametrize(("size", "cost"), [(1, 1), (50, 1), (51, 2), (1000, 20)])
def test_a_page_costs_by_fifties(size: int, cost: int) -> None:
    assert weight(size) == cost


async def test_a_rush_never_passes_the_limit_however_long_each_request_is_on_its_way(clock: Clock) -> None:
    service = Service(clock, Budget(clock))
    async with asyncio.TaskGroup() as group:
        for number in range(350):
            group.create_task(service.ask(way_s=(number % 7) * 4.0))
    assert service.most_in_a_window() <= 100
    assert clock.monotonic() < 4 * 60 + 4 * 30


async def test_the_limit_is_used_up(clock: Clock) -> None:
    service = Service(clock, Budget(clock))
    for _ in range(1000):
        await service.ask()
    assert clock.monotonic() <= 1.1 * 600


async def test_boxes_of_one_organisation_stay_inside_one_budget_together(clock: Clock) -> None:
    boxes = [Service(clock, Budget(clock, boxes=4)) for _ in range(4)]
    async with asyncio.TaskGroup() as group:
        for box in boxes:
            for _ in range(60):
                group.create_task(box.ask())
    assert max(box.most_in_a_window() for box in boxes) <= 25


async def test_a_page_heavier_than_the_whole_share_goes_alone(clock: Clock) -> None:
    service = Service(clock, Budget(clock, boxes=50))  # a share of 2
    await service.ask(cost=20)
    await service.ask(cost=20)
    assert clock.monotonic() == pytest.approx(60)


async def test_people_are_served_while_the_background_has_spent_its_part(clock: Clock) -> None:
    service = Service(clock, Budget(clock))
    async with asyncio.TaskGroup() as group:
        drain = [group.create_task(service.ask(background=True)) for _ in range(200)]
        await asyncio.sleep(1)
        await service.ask()
        assert clock.monotonic() == pytest.approx(1)
        assert sum(task.done() for task in drain) == 95


async def test_a_wish_to_wait_is_obeyed(clock: Clock) -> None:
    budget = Budget(clock)
    service = Service(clock, budget)
    budget.hold(*LIST, 17)
    await service.ask()
    assert clock.monotonic() == pytest.approx(17)


async def test_a_caller_who_gives_up_leaves_nothing_behind(clock: Clock) -> None:
    budget = Budget(clock)
    service = Service(clock, budget)
    budget.hold(*LIST, 17)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await service.ask()
    await service.ask()
    assert service.arrivals == [(pytest.approx(17), 1)]
