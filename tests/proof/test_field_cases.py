"""The field cases about money and recovery: each has a test that names it; those that nobody else has stand here.

`WHERE` says which tests answer which case, for the whole kind; the first test holds that they exist.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
from pathlib import Path

import pytest

from edgepos.chance import SeededChance
from edgepos.domain.errors import Refused
from edgepos.domain.identifiers import new_reference
from edgepos.domain.operation import State
from tests.proof.checker import check
from tests.proof.clinic import ROOM, Clinic, house
from tests.proof.figures import SEED, SOAK, record, replay

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(600 * SOAK)]

ROOT = Path(__file__).parents[2]
TABLE = "field cases FC-01 to FC-11, 18, 20, 22, 24 to 27"
WHERE = {
    "FC-01": ("tests/agent/test_unknown.py", "tests/proof/test_field_cases.py"),
    "FC-02": ("tests/agent/test_unknown.py", "tests/agent/test_match_causes.py", "tests/proof/test_variants.py"),
    "FC-03": ("tests/agent/test_unknown.py", "tests/proof/test_field_cases.py"),
    "FC-04": ("tests/agent/test_restart.py", "tests/proof/test_field_cases.py"),
    "FC-05": ("tests/agent/test_payments.py", "tests/tui/test_pay.py", "tests/proof/test_four_clients.py"),
    "FC-06": ("tests/agent/test_money_back.py", "tests/tui/test_pay.py", "tests/proof/test_field_cases.py"),
    "FC-07": ("tests/agent/test_payments.py", "tests/proof/test_field_cases.py"),
    "FC-08": ("tests/proof/test_field_cases.py",),
    "FC-09": ("tests/proof/test_field_cases.py",),
    "FC-10": ("tests/agent/test_money_back.py", "tests/journal/test_intents.py"),
    "FC-11": ("tests/agent/test_money_back.py", "tests/journal/test_intents.py"),
    "FC-18": ("tests/agent/test_line.py", "tests/tui/test_pay.py"),
    "FC-20": ("tests/agent/test_payments.py", "tests/agent/test_sync.py", "tests/practice/test_provet.py"),
    "FC-22": ("tests/agent/test_wrong_clock.py", "tests/agent/test_api.py", "tests/proof/test_variants.py"),
    "FC-24": ("tests/agent/test_process.py",),
    "FC-25": ("tests/agent/test_process.py", "tests/journal/test_opening.py"),
    "FC-26": ("tests/agent/test_disk_full.py", "tests/agent/test_api.py", "tests/journal/test_store.py"),
    "FC-27": ("tests/agent/test_payments.py", "tests/tui/test_pay.py", "tests/proof/test_field_cases.py"),
}


@pytest.mark.parametrize("case", WHERE)
def test_each_case_has_tests_that_name_it(case: str) -> None:
    missing = [path for path in WHERE[case] if not re.search(rf"{case}\b", (ROOT / path).read_text())]
    record(TABLE, 1, int(bool(missing)))
    assert not missing


async def test_the_payer_may_be_slower_than_everybody_who_waits() -> None:
    """FC-01: the answer is cut at 20 s, paid at 90 s, and no look-up succeeds before 200 s."""
    async with house() as place, place.clinic() as clinic:
        await clinic.start()
        clinic.cardholder({"do": "tap", "after_s": 90.0})
        clinic.fault("504_at_60s", "POST", "*/transaction", args={"seconds": 20.0})
        payment = await clinic.pay()
        assert (await clinic.outcome_or_unknown(payment)).state is State.UNKNOWN
        blind = clinic.fault("status", "GET", times=None, args={"status": 503})
        with pytest.raises(Refused) as again:
            await clinic.pay()
        assert again.value.facts["payment"] == payment
        await clinic.clock.sleep(180.0)
        assert (await clinic.operation(payment)).state is State.UNKNOWN
        await clinic.simulator.remove_fault(blind)
        assert (await clinic.outcome(payment, 60)).state is State.APPROVED
        await clinic.at_rest()
        assert not check(clinic)


async def test_nothing_that_anybody_does_removes_a_row() -> None:
    """FC-03: cancelled, looked at, killed and left alone for hours: the unknown payment stays, and holds."""
    async with house() as place, place.clinic() as clinic:
        await clinic.start()
        asyncio.get_running_loop().call_later(5.0, lambda: clinic.variant(connected=False))
        payment = await clinic.pay()
        assert (await clinic.outcome_or_unknown(payment)).state is State.UNKNOWN
        for _ in range(3):
            before = rows(clinic)
            with pytest.raises(Refused):
                await clinic.pay(invoice=505)
            clinic.ask_to_stop()
            clinic.agent.parts.asking.look_again(await clinic.operation(payment))
            await clinic.clock.sleep(4_000.0)
            clinic.kill()
            await clinic.dead()
            await clinic.start()
            assert rows(clinic) >= before
            assert (await clinic.operation(payment)).state is State.UNKNOWN
        clinic.variant(connected=True)
        assert (await clinic.outcome(payment, 60)).state is State.APPROVED
        await clinic.at_rest()
        assert not check(clinic)


def rows(clinic: Clinic) -> int:
    connection = sqlite3.connect(clinic.copy_of_journal())
    try:
        return int(connection.execute("SELECT count(*) FROM operation").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("order", ["cancel first", "card first"])
async def test_cancel_and_approval_in_the_same_ten_milliseconds(order: str) -> None:
    """FC-06: 1,000 rounds of it, half for each order. Never cancelled in the journal and charged at the terminal."""
    draw, bad = random.Random(SEED), []
    async with house() as place:
        for _ in range(10 * SOAK):
            async with place.clinic() as clinic:
                clinic.variant(cardholder_after_s=2.0, contactless_s=0.5, print_s=0.1, visible_after_s=0.5)
                await clinic.start()
                for _ in range(50):
                    bad += await cancelled_at_the_card(clinic, draw, order)
                bad += [one for one in check(clinic) if not one.startswith("E")]  # no invoice: nothing is booked
    record("cancel and approval within 10 ms, in both orders (FC-06)", 500 * SOAK, len(bad))
    assert not bad, "\n".join([*bad[:10], replay("tests/proof/test_field_cases.py")])


async def cancelled_at_the_card(clinic: Clinic, draw: random.Random, order: str) -> list[str]:
    offset_s = draw.uniform(-0.010, 0.0) if order == "cancel first" else draw.uniform(0.0, 0.010)
    payment = await clinic.pay_plain(10_000)
    await clinic.at_terminal()
    asyncio.get_running_loop().call_later(2.0 + offset_s, clinic.ask_to_stop)
    ended = await clinic.outcome(payment)
    taken = [one for one in clinic.terminal().ledger.current.entries if one.order_id == payment]
    if (ended.state is State.APPROVED) is bool(taken) and ended.state in (State.APPROVED, State.CANCELLED):
        return []
    return [f"{payment} is {ended.state}, the terminal took {taken}"]


async def test_an_amount_left_on_the_terminal_is_never_charged_to_the_next_customer() -> None:
    """FC-07: the cancel is swallowed, the next sale refused, and the first one's card pays the first one's bill."""
    async with house() as place, place.clinic() as clinic:
        clinic.variant(cancel="swallow", cardholder="absent")
        await clinic.start()
        first = await clinic.pay()
        await clinic.at_terminal()
        await clinic.clock.sleep(5.0)
        clinic.ask_to_stop()
        await clinic.clock.sleep(5.0)
        with pytest.raises(Refused) as refused:
            await clinic.pay(invoice=505)
        assert refused.value.facts["payment"] == first
        assert refused.value.facts["amount_minor"] == 62_500
        clinic.variant(cardholder="taps")
        clinic.cardholder({"do": "tap"})
        assert clinic.calls("POST", "/transaction") == 1
        ended = await clinic.outcome(first)
        await clinic.at_rest()
        assert ended.state in (State.APPROVED, State.CANCELLED)
        assert not check(clinic)


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "answers lost"])
async def test_a_cancelled_payment_never_gets_the_next_ones_result(answered: bool) -> None:
    """FC-08: A cancelled at the terminal, B started a second later and approved."""
    async with house() as place, place.clinic() as clinic:
        await clinic.start()
        clinic.cardholder({"do": "cancel"}, {"do": "tap"})
        if not answered:
            clinic.fault("drop_after", "POST", "*/transaction", times=2)
        first = await clinic.outcome(await clinic.pay())
        await clinic.clock.sleep(3.0)
        second = await clinic.outcome(await clinic.pay(invoice=505))
        await clinic.at_rest()
        assert (first.state, second.state) == (State.CANCELLED, State.APPROVED)
        assert [one.invoice for one in second.lines] == ["505"]
        assert not check(clinic)


async def test_a_result_with_a_reference_of_nobody_is_a_finding_and_attached_to_nothing() -> None:
    """FC-08: what fits nothing is kept in sight, and the terminal is held until somebody has looked."""
    async with house() as place, place.clinic() as clinic:
        await clinic.start()
        await clinic.outcome(await clinic.pay(invoice=505))
        await clinic.at_rest()
        await clinic.clock.sleep(8.0)
        nobodys = new_reference(clinic.agent.parts.journal.tag, SeededChance(5).bits)
        await clinic.terminal().pay("purchase", 4_200, nobodys, "rest")
        await clinic.clock.sleep(8.0)
        ended = await clinic.outcome(await clinic.pay())
        assert (ended.state, ended.cause) == (State.NOT_STARTED, "terminal-held")
        assert "unknown-reference" in {one.kind for one in await clinic.agent.parts.journal.open_findings()}


async def test_two_terminals_never_answer_for_each_other() -> None:
    """FC-09: terminal 2's result under terminal 1's request leaves it unknown; both at once go each to its own."""
    async with house(terminals=2) as place, place.clinic() as clinic:
        await clinic.start()
        one, two = await clinic.pay(), await clinic.pay(invoice=505, terminal=ROOM)
        ended = [await clinic.outcome(payment) for payment in (one, two)]
        assert [operation.result["terminal"] for operation in ended] == ["70000001", ROOM]
        await clinic.at_rest()
        assert not check(clinic)
        await clinic.clock.sleep(8.0)
        clinic.variant(overrides={"TerminalID": ROOM})
        mixed = await clinic.outcome_or_unknown(await clinic.pay(invoice=501))
        assert mixed.state is State.UNKNOWN
        assert "result-foreign" in {one.kind for one in await clinic.agent.parts.journal.open_findings()}


@pytest.mark.parametrize("form", ["object", "string"])
async def test_busy_right_after_a_payment_is_told_in_three_seconds(form: str) -> None:
    """FC-27: busy for 5 s after each payment, told as a code or as a bare text; in the menu for ten minutes."""
    async with house() as place, place.clinic() as clinic:
        clinic.variant(print_s=5.0, busy_form=form)
        await clinic.start()
        await clinic.outcome(await clinic.pay())
        began = clinic.clock.monotonic()
        told = await clinic.outcome(await clinic.pay(invoice=505))
        assert (told.state, told.cause) == (State.NOT_STARTED, "terminal-busy")
        assert clinic.clock.monotonic() - began <= 3.0
        await clinic.clock.sleep(8.0)
        clinic.terminal().menu(600.0, "menu")
        assert (await clinic.outcome(await clinic.pay(invoice=505), 5)).cause == "terminal-busy"
        await clinic.clock.sleep(620.0)
        assert (await clinic.outcome(await clinic.pay(invoice=505))).state is State.APPROVED
        await clinic.at_rest()
        assert not check(clinic)
