"""Four clients press pay for one invoice at the same instant, at one terminal or at two: one operation, ever.

Here they are tasks that ask the agent, as its API does, with keys of their own; a fifth sends one of the keys again.
The claims that hold them apart are the journal's unique indexes, which the bad twin has dropped.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from edgepos.agent.forms import Form
from edgepos.domain.errors import Refused
from tests.proof import twins_processes as twins
from tests.proof.checker import check
from tests.proof.clinic import RECEPTION, ROOM, STAFF, Clinic, house
from tests.proof.figures import SEED, SOAK, record, replay

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(600 * SOAK)]

ROUNDS = 1_000 * SOAK
A_CLINIC = 50
"""Rounds in one clinic, each with an invoice of its own."""
CLIENTS = 4
DEPARTMENT = 2
TEST = "tests/proof/test_four_clients.py"


async def press(clinic: Clinic, invoice: int, terminal: str, key: str, after_s: float) -> str:
    """One client's press; the payment that it began, or "" if it was refused and told which payment holds it."""
    due = clinic.simulator.world.practice.client_due_minor(clinic.simulator.world.practice.invoices[invoice])
    line = {"invoice": str(invoice), "part": 1, "due_minor": due, "amount_minor": due}
    await asyncio.sleep(after_s)
    try:
        form = Form({"terminal": terminal, "currency": "SEK", "lines": [line]})
        return (await clinic.agent.parts.asking.purchase(form, STAFF, key)).id
    except Refused as refused:
        return "" if refused.facts.get("payment") else f"refused without a name: {refused!r}"


async def one_round(clinic: Clinic, draw: random.Random, number: int, terminals: list[str]) -> list[str]:
    """Play it; what is wrong about it."""
    invoice = clinic.simulator.world.practice.new_invoice(10_000 + number, DEPARTMENT).id
    await clinic.agent.parts.charging.named(str(invoice))  # as the list knows it: nobody has to ask first
    keys = [clinic.key() for _ in range(CLIENTS)]
    presses = [
        press(clinic, invoice, draw.choice(terminals), key, draw.choice((0.0, 0.0, 0.001, 0.05)))
        for key in (*keys, keys[0])
    ]
    begun = {id for id in await asyncio.gather(*presses) if id}
    await clinic.at_rest()
    sold = [
        entry for terminal in terminals for entry in clinic.terminal(terminal).ledger.current.entries
        if entry.amount_minor == 10_000 + number
    ]  # fmt: skip
    if len(begun) == len(sold) == 1:
        return []
    return [f"round {number}: {len(begun)} begun ({sorted(begun)}), {len(sold)} at the terminals"]


async def play(rounds: int, terminals: list[str]) -> list[str]:
    draw = random.Random(SEED)
    bad: list[str] = []
    async with house(terminals=2) as place:
        for first in range(0, rounds, A_CLINIC):
            async with place.clinic(SEED + first) as clinic:
                for terminal in terminals:
                    clinic.variant(
                        terminal, cardholder_after_s=0.5, contactless_s=0.5, print_s=0.1, visible_after_s=0.5
                    )
                await clinic.start()
                for number in range(first, min(first + A_CLINIC, rounds)):
                    bad += await one_round(clinic, draw, number, terminals)
                bad += check(clinic)
    return bad


@pytest.mark.parametrize("terminals", [[RECEPTION], [RECEPTION, ROOM]], ids=["one terminal", "two terminals"])
async def test_four_clients_on_one_invoice_are_one_operation(terminals: list[str]) -> None:
    """FC-05."""
    bad = await play(ROUNDS // 2, terminals)
    record("four clients and a repeated key on one invoice", ROUNDS // 2, len(bad))
    assert not bad, "\n".join([*bad[:10], replay(TEST, rounds=ROUNDS)])


async def test_the_twin_that_looks_first_and_inserts_then_is_convicted() -> None:
    with twins.let_in(twins.looks_then_inserts) as name:
        bad = await play(10, [RECEPTION, ROOM])
    assert bad
    record("four clients and a repeated key on one invoice", 0, 0, twin_convicted=[name])
