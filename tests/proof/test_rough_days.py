"""Days on which one request in twenty goes wrong, in a way drawn from all there are, while the clinic works on.

Payments, refunds, reversals and closings follow each other; now and then the agent is killed as well. At the end the
line is good again, and all three sides have to agree. Each push plays some hours, the long run a week.
"""

from __future__ import annotations

import random

import pytest

from edgepos.domain.errors import EdgeposError
from edgepos.domain.operation import Kind, State
from edgepos.practice import Temporary
from edgepos.simulator.faults import ActiveFault, FaultList, FaultRule
from tests.proof.checker import check
from tests.proof.clinic import Clinic, house
from tests.proof.figures import SEED, SOAK, record, replay
from tests.proof.test_faults import FAULTS, MORE_FAULTS

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(3600)]

ONE_IN = 20
DAYS = 2 if SOAK == 1 else 7 * 8
OPERATIONS_A_DAY = 30
DEPARTMENT = 2


class Weather:
    """Which request meets which fault."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.is_fine = False
        self.faults = 0

    def take(self, faults: FaultList, service: str, method: str, path: str) -> ActiveFault | None:
        if self.is_fine or self.draw.randrange(ONE_IN):
            return None
        self.faults += 1
        fault, args = self.draw.choice([*FAULTS.values(), *MORE_FAULTS.values()])
        rule = FaultRule.model_validate({"service": service, "fault": fault, "args": args})
        return ActiveFault("weather", rule)


async def work(clinic: Clinic, draw: random.Random) -> None:
    """One operation, as far as it comes; refused or not reached, it is left, and life goes on."""
    journal = clinic.agent.parts.journal
    approved = await journal.operations(state=State.APPROVED, limit=20)
    payments = [one.id for one in approved if one.kind is Kind.PURCHASE and await journal.refundable(one.id)]
    try:
        match draw.choices(("pay", "refund", "reverse", "reconcile"), (8, 2, 2, 1))[0]:
            case "refund" if payments:
                payment = draw.choice(payments)
                await clinic.outcome(await clinic.refund(payment, draw.randint(1, await journal.refundable(payment))))
            case "reverse" if payments:
                await clinic.outcome(await clinic.reverse(payments[0]))
            case "reconcile":
                await clinic.outcome_or_unknown(await clinic.reconcile())
            case _:
                invoice = clinic.simulator.world.practice.new_invoice(draw.randint(1_000, 200_000), DEPARTMENT)
                await clinic.outcome(await clinic.pay(invoice=invoice.id))
    except (EdgeposError, Temporary):
        return


async def test_days_of_bad_weather_end_with_three_sides_that_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, bad, faults, operations = random.Random(SEED), [], 0, 0
    async with house() as place:
        for day in range(DAYS):
            weather = Weather(random.Random(SEED * 1_000 + day))
            monkeypatch.setattr(FaultList, "take", lambda *asked, weather=weather: weather.take(*asked))
            async with place.clinic(SEED + day) as clinic:
                await clinic.start()
                for _ in range(OPERATIONS_A_DAY):
                    await work(clinic, draw)
                    await clinic.clock.sleep(draw.uniform(5.0, 900.0))
                    if not draw.randrange(6):
                        clinic.kill()
                        await clinic.dead()
                        await clinic.clock.sleep(draw.uniform(0.1, 30.0))
                        await clinic.start()
                weather.is_fine = True
                await clinic.at_rest(7_200)
                await clinic.persist(clinic.reconcile)
                await clinic.at_rest(7_200)
                bad += [f"day {day}: {problem}" for problem in [*check(clinic), *await still_unknown(clinic)]]
                faults, operations = faults + weather.faults, operations + OPERATIONS_A_DAY
    record(f"operations on days on which 1 request in {ONE_IN} goes wrong", operations, len(bad))
    record("faults on those days", faults, 0)
    assert not bad, "\n".join([*bad[:10], replay("tests/proof/test_rough_days.py", days=DAYS)])


async def still_unknown(clinic: Clinic) -> list[str]:
    unknown = [one for one in await clinic.agent.parts.journal.open_operations() if one.state is State.UNKNOWN]
    return [
        f"{one.kind} {one.id} is still unknown: {one.cause}" for one in unknown if one.kind is not Kind.RECONCILIATION
    ]
