"""One round of the proof: an operation, a fault, kills at numbered steps, and the person who asks again afterwards.

The end is always the same: everything at rest, and the checker holds bank, journal and practice system against each
other. A round is known by its name (`purchase:lost reply:17,31`), and the same name and seed play it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from edgepos.domain.errors import EdgeposError, NotReached
from edgepos.domain.operation import Kind, State
from tests.proof.checker import check
from tests.proof.clinic import INVOICE, Clinic, House

Ask = Callable[[Clinic], Awaitable[str]]
Fate = Callable[[Clinic], None]
DOWN_S = (0.2, 2.0, 9.0, 45.0, 400.0)
"""How long the box is away after a kill: shorter than a card, longer than any operation."""
RESTARTS = 6
"""More than any round has kills."""


def money(fault: str, **args: object) -> Fate:
    """A fault of Nets in the very request that moves money or closes the session."""

    def befall(clinic: Clinic) -> None:
        for method, path in (("POST", "*/transaction"), ("DELETE", "*/transaction"), ("POST", "*/administration")):
            clinic.fault(fault, method, path, args=args)

    return befall


def booking(fault: str, method: str = "POST", path: str = "*/invoicepayment/", **args: object) -> Fate:
    """A fault of the practice system."""
    return lambda clinic: void(clinic.fault(fault, method, path, service="provet", args=args))


def void(_: object) -> None:
    return None


def seen_late(clinic: Clinic) -> None:
    """The answer is lost, and a look-up shows the result only half a minute later."""
    clinic.variant(visible_after_s=30.0)
    money("drop_after")(clinic)


def power_cut(clinic: Clinic) -> None:
    """The terminal's plug is pulled while it asks the bank: 4 s into its work."""
    asyncio.get_running_loop().call_later(5.8, clinic.terminal().power_cut, 20.0)


def out_of_reach(clinic: Clinic) -> None:
    """The terminal's own line is away for half a minute; what runs at it goes on."""
    loop = asyncio.get_running_loop()
    loop.call_later(3.0, lambda: clinic.variant(connected=False))
    loop.call_later(33.0, lambda: clinic.variant(connected=True))


def nets_away(clinic: Clinic) -> None:
    """The cloud is gone for a minute, from the middle of the operation on."""
    rule = {"how": "refuse", "seconds": 60.0}
    asyncio.get_running_loop().call_later(4.0, lambda: clinic.fault("down", None, args=rule))


def books_away(clinic: Clinic) -> None:
    """The practice system is away for 40 s, from when the payment is at the terminal on."""
    rule = {"how": "503", "seconds": 40.0}
    asyncio.get_running_loop().call_later(4.0, lambda: clinic.fault("down", None, service="provet", args=rule))


FATES: dict[str, Fate] = {
    "smooth": void,
    "lost request": money("drop_before"),
    "lost reply": money("drop_after"),
    "cut in the body": money("cut_body"),
    "gateway gives up": money("504_at_60s", seconds=3.0),
    "401 yet executed": money("401_executed"),
    "late in the gateway": money("late", seconds=6.0, commit_after_s=8.0),
    "seen late": seen_late,
    "terminal without power": power_cut,
    "terminal out of reach": out_of_reach,
    "cloud away": nets_away,
    "booking lost": booking("drop_after"),
    "books away": books_away,
}


async def purchase(clinic: Clinic) -> str:
    return await clinic.pay()


async def refund(clinic: Clinic) -> str:
    return await clinic.refund(await first_payment(clinic), 20_000)


async def reversal(clinic: Clinic) -> str:
    return await clinic.reverse(await first_payment(clinic))


async def reconciliation(clinic: Clinic) -> str:
    return await clinic.reconcile()


async def first_payment(clinic: Clinic) -> str:
    return (await clinic.agent.parts.journal.operations(state=State.APPROVED, limit=1))[0].id


ASKS: dict[str, Ask] = {
    "purchase": purchase,
    "refund": refund,
    "reversal": reversal,
    "reconciliation": reconciliation,
}


@dataclass(slots=True)
class Round:
    """What one round was, and what came of it."""

    ask: str
    fate: str
    kills: tuple[int, ...] = ()
    seed: int = 1
    steps: list[str] = field(default_factory=list)
    deaths: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.ask}:{self.fate}:{','.join(map(str, self.kills))}:{self.seed}"

    @classmethod
    def named(cls, name: str) -> Round:
        ask, fate, kills, seed = name.split(":")
        return cls(ask, fate, tuple(int(kill) for kill in kills.split(",") if kill), int(seed))


async def play(house: House, round: Round) -> Round:
    """Play *round* to its end; its problems are empty if every promise was kept."""
    async with house.clinic(round.seed) as clinic:
        await clinic.start()
        await asyncio.sleep(2.0)
        if round.ask != "purchase":
            await clinic.outcome(await clinic.pay())
            await clinic.at_rest()
            await asyncio.sleep(6.0)
        clinic.steps.kill_at = frozenset(round.kills)
        clinic.steps.is_counting = True
        FATES[round.fate](clinic)
        await ask_in_vain_or_not(clinic, ASKS[round.ask])
        await at_rest_whatever_happens(clinic, round)
        clinic.steps.is_counting = False
        round.steps, round.deaths = clinic.steps.seen, clinic.deaths
        await asyncio.sleep(60.0)
        await clinic.mend()
        await as_a_person_would(clinic, round)
        round.problems += check(clinic)
    return round


async def ask_in_vain_or_not(clinic: Clinic, ask: Ask) -> None:
    """The agent may die under the question; then it was asked in vain, or was not."""
    try:
        await ask(clinic)
    except (EdgeposError, RuntimeError, asyncio.CancelledError):
        if clinic.is_alive:
            raise


async def at_rest_whatever_happens(clinic: Clinic, round: Round) -> None:
    for _ in range(RESTARTS):
        if clinic.is_alive:
            if await clinic.at_rest():
                return
            if clinic.is_alive:
                round.problems.append("no rest within 1500 s")
                return
        await clinic.dead()
        await asyncio.sleep(DOWN_S[(round.seed + clinic.deaths) % len(DOWN_S)])
        await clinic.start()
    round.problems.append("it does not stay alive")


async def as_a_person_would(clinic: Clinic, round: Round) -> None:
    """Whatever ended without effect is asked for once more, on a good line: now it has to work, and only once."""
    journal = clinic.agent.parts.journal
    done = [one for one in await journal.operations(state=State.APPROVED, limit=50) if one.kind is Kind(round.ask)]
    unknown = [one for one in await journal.open_operations() if one.kind is Kind.RECONCILIATION]
    if not done or unknown:
        try:
            ended = await clinic.outcome(await ASKS[round.ask](clinic))
        except (EdgeposError, IndexError) as refused:
            if not isinstance(refused, NotReached) and not clinic.truth()["invoices"][str(INVOICE)]["client_due_minor"]:
                return  # paid already, which the checker sees
            round.problems.append(f"asked again, refused: {refused!r}")
            return
        if ended.state != "approved":
            round.problems.append(f"asked again, it ended {ended.state} ({ended.cause})")
        if not await clinic.at_rest():
            round.problems.append("asked again, no rest")


def told(rounds: Sequence[Round]) -> str:
    """What went wrong, each with what replays it."""
    bad = [round for round in rounds if round.problems]
    lines = [
        f"{one.name}: after {[one.steps[kill - 1] for kill in one.kills if kill <= len(one.steps)]}: "
        f"{'; '.join(one.problems)}\n  replay: .venv/bin/python -m tests.proof '{one.name}'"
        for one in bad[:10]
    ]
    return "\n".join([f"{len(bad)} of {len(rounds)} rounds broke a promise", *lines])
