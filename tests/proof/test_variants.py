"""Every way in which a real terminal may be different from what the protocol says, with and without its answer.

Where our reference comes back, the outcome has to be the bank's. Where nothing can prove it, it has to stay unknown,
with a finding, and hold its invoice and its terminal: that too is right, and the only right answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgepos.clock import VirtualLoop
from edgepos.domain.errors import Refused
from edgepos.domain.operation import State
from tests.proof import twins_processes as twins
from tests.proof.checker import check
from tests.proof.clinic import INVOICE, Clinic, House, house
from tests.proof.figures import record
from tests.proof.rounds import money

pytestmark = [pytest.mark.virtual_time, pytest.mark.timeout(300)]

TABLE = "terminals that differ from the protocol (variants)"
PAID = frozenset({State.APPROVED})
NOTHING = frozenset({State.DECLINED, State.CANCELLED, State.NOT_STARTED})
UNKNOWN = frozenset({State.UNKNOWN})
"""Only a person can know."""


def at(seconds: float, act: Callable[[Clinic], object]) -> Callable[[Clinic], None]:
    """*act* so long after the terminal was asked."""
    return lambda clinic: void(asyncio.get_running_loop().call_later(seconds + 2.0, act, clinic))


def void(_: object) -> None:
    return None


def lost(clinic: Clinic) -> None:
    clinic.fault("drop_after", "POST", "*/transaction")


def all_of(*fates: Callable[[Clinic], object]) -> Callable[[Clinic], object]:
    return lambda clinic: [fate(clinic) for fate in fates]


def gateway(clinic: Clinic) -> None:
    clinic.fault("504_at_60s", "POST", "*/transaction", args={"seconds": 3.0})


@dataclass(frozen=True, slots=True)
class Variant:
    """*terminal* and *steps* as the simulator's control takes them; *fate* happens beside; *ends*: the right ones."""

    ends: frozenset[State] = PAID
    terminal: dict[str, Any] = field(default_factory=dict)
    steps: tuple[dict[str, Any], ...] = ()
    fate: Callable[[Clinic], object] = void
    approved_minor: int | None = None
    finding: str = ""


LATE_CARD = ({"do": "tap", "after_s": 40.0},)
DECLINED = ({"do": "tap", "decline_code": "51"},)
VARIANTS = {
    "look-up at a busy terminal cancels": Variant(PAID, {"lookup_busy": "cancels"}, LATE_CARD, gateway),
    "look-up at a busy terminal tells the one before": Variant(PAID, {"lookup_busy": "previous"}, LATE_CARD, gateway),
    "a second request cancels": Variant(PAID, {"second_payment": "auto_cancel"}, LATE_CARD, lost),
    "a second request waits": Variant(PAID, {"second_payment": "both"}, LATE_CARD, lost),
    "power cut at the card": Variant(NOTHING, {}, LATE_CARD, at(5.0, lambda c: c.terminal().power_cut(20.0))),
    "power cut at the bank, reversed": Variant(
        NOTHING, {"power_cut": "reverse_on_boot"}, (), at(4.0, lambda c: c.terminal().power_cut(20.0))
    ),
    "power cut at the bank, kept": Variant(
        PAID, {"power_cut": "keep"}, (), at(4.0, lambda c: c.terminal().power_cut(20.0))
    ),
    "power cut at the bank, forgotten": Variant(
        UNKNOWN, {"power_cut": "lost"}, (), at(4.0, lambda c: c.terminal().power_cut(20.0))
    ),
    "reference comes back on declines too": Variant(NOTHING, {"order_id_echo": "also_declines"}, DECLINED, lost),
    "declined, answer lost": Variant(NOTHING, {}, DECLINED, lost),
    "reference cut to ten": Variant(PAID, {"order_id_echo": "cut10"}, finding="reference-cut"),
    "reference cut to ten, answer lost": Variant(PAID, {"order_id_echo": "cut10"}, (), lost, finding="reference-cut"),
    "reference never comes back": Variant(PAID, {"order_id_echo": "never"}),
    "reference never comes back, answer lost": Variant(
        PAID, {"order_id_echo": "never"}, (), lost, finding="weak-evidence"
    ),
    "keys in small letters": Variant(PAID, {"key_case": "lower"}, (), lost),
    "keys of an older server": Variant(PAID, {"key_case": "id_pan_mixed"}, (), lost),
    "numbers as texts": Variant(PAID, {"numbers": "string"}, (), lost),
    "numbers as texts, answered": Variant(PAID, {"numbers": "string"}),
    "times in ISO form": Variant(PAID, {"time_form": "iso"}, (), lost),
    "terminal's clock an hour off": Variant(PAID, {"terminal_clock_offset_s": -3600.0}, (), lost),
    "no time at all": Variant(PAID, {"empty_keys": ("TimeStamp",)}, (), lost),
    "fields missing": Variant(PAID, {"missing_keys": ("CVM", "SessionNumber", "TerminalID")}),
    "fields null": Variant(PAID, {"null_keys": ("CVM", "TipAmount", "RejectionReason")}, (), lost),
    "no result in the answer": Variant(PAID, {"overrides": {"Result": None}, "overrides_in": "reply"}),
    "result 99": Variant(PAID, {}, ({"do": "tap", "unknown": True},)),
    "no amount in the answer": Variant(PAID, {"overrides": {"TotalAmount": None}, "overrides_in": "reply"}),
    "a fraction for an amount": Variant(PAID, {"overrides": {"TotalAmount": 62500.5}, "overrides_in": "reply"}),
    "a higher amount without a tip": Variant(
        UNKNOWN, {"overrides": {"TotalAmount": 6_250_000}}, finding="amount-differs"
    ),
    "another terminal's id": Variant(UNKNOWN, {"overrides": {"TerminalID": "70000002"}}, finding="result-foreign"),
    "another reference": Variant(UNKNOWN, {"overrides": {"orderId": "100234"}}, finding="result-foreign"),
    "tip": Variant(PAID, {"tip_minor": 800}, approved_minor=62_500),
    "tip, answer lost": Variant(PAID, {"tip_minor": 800}, (), lost, approved_minor=62_500),
    "surcharge": Variant(PAID, {"surcharge_minor": 500}, (), lost, approved_minor=62_500),
    "signature": Variant(PAID, {"signature": True}, (), lost),
    "own currency of the cardholder": Variant(PAID, {"dcc": True}, (), lost),
    "part approval": Variant(PAID, {}, ({"do": "tap", "approve_minor": 50_000},), approved_minor=50_000),
    "part approval, answer lost": Variant(
        PAID, {}, ({"do": "tap", "approve_minor": 50_000},), lost, approved_minor=50_000
    ),
    "two wrong PINs": Variant(
        PAID, {}, ({"do": "chip"}, {"do": "wrong_pin"}, {"do": "wrong_pin"}, {"do": "pin", "after_s": 20.0}), gateway
    ),
    "refused first, approved in the same request": Variant(
        PAID, {}, ({"do": "tap", "decline_code": "55", "try_again": True}, {"do": "chip"}, {"do": "pin"}), gateway
    ),
    "approved offline": Variant(PAID, {"host": "offline_approval"}, (), lost),
    "bank away": Variant(NOTHING, {"host": "away"}, (), lost),
    "no contact with the bank": Variant(NOTHING, {"host": "no_contact"}),
    "foreign sale before our look": Variant(
        UNKNOWN, {"keypad_after_ours_minor": 12_300}, (), lost, finding="foreign-transaction"
    ),
    "foreign sale of our amount, ours never came": Variant(
        UNKNOWN, {}, (), all_of(money("drop_before"), at(3.0, lambda c: c.terminal().keypad_sale(62_500))),
        finding="foreign-transaction",
    ),
    "bare text for a failure": Variant(NOTHING, {"failure_form": "string"}, DECLINED, lost),
    "silent for two minutes": Variant(
        PAID, {"silent_s": 40.0}, (),
        all_of(at(0.5, lambda c: c.variant(silent=True)), at(120.0, lambda c: c.variant(silent=False))),
    ),
    "seen a minute late": Variant(PAID, {"visible_after_s": 60.0}, (), lost),
    "token revoked in the middle": Variant(
        PAID, {}, LATE_CARD, at(5.0, lambda c: c.simulator.world.nets.revoke_tokens())
    ),
    "swallows a cancel": Variant(PAID, {"cancel": "swallow"}, LATE_CARD, at(5.0, lambda c: c.ask_to_stop())),
    "cancels late": Variant(NOTHING, {"cancel": "late"}, LATE_CARD, at(5.0, lambda c: c.ask_to_stop())),
    "says cancelled and approves": Variant(PAID, {"cancel": "approve"}, LATE_CARD, at(5.0, lambda c: c.ask_to_stop())),
    "cancels, answer lost": Variant(
        NOTHING, {}, LATE_CARD, all_of(lost, at(5.0, lambda c: c.ask_to_stop()))
    ),
}  # fmt: skip


async def ended(place: House, variant: Variant, *, then_again: bool = True) -> list[str]:
    """A payment before it on a plain line (its result is the fence), then the one that counts; what is wrong."""
    wrong: list[str] = []
    async with place.clinic() as clinic:
        clinic.variant(**{key: variant.terminal[key] for key in ("order_id_echo",) if key in variant.terminal})
        await clinic.start()
        await clinic.outcome(await clinic.pay(invoice=505))
        await clinic.at_rest()
        await clinic.clock.sleep(10.0)
        await learned(clinic, variant)
        clinic.variant(**variant.terminal)
        clinic.cardholder(*variant.steps)
        variant.fate(clinic)
        payment = await clinic.pay(invoice=INVOICE)
        await clinic.until(lambda: is_decided(clinic, payment), 900)
        operation = await clinic.operation(payment)
        if operation.state not in variant.ends:
            wrong.append(f"it ended {operation.state} ({operation.cause}), not {sorted(variant.ends)}")
        if variant.approved_minor not in (None, operation.approved_minor):
            wrong.append(f"{operation.approved_minor} approved, not {variant.approved_minor}")
        findings = {one.kind for one in await clinic.agent.parts.journal.open_findings()}
        if variant.finding and variant.finding not in findings:
            wrong.append(f"no finding {variant.finding} but {sorted(findings)}")
        if operation.state is State.UNKNOWN:
            wrong += await not_held(clinic)
        await clinic.until(clinic.is_booked, 600)
        not_known = [payment] if operation.state is State.UNKNOWN else []
        foreign = [f"stand-alone {one}" for one in clinic.simulator.world.terminals]
        return wrong + check(clinic, not_known=[*not_known, *foreign])


async def learned(clinic: Clinic, variant: Variant) -> None:
    """That a terminal never echoes is learned from an own answer and the look after it: the next payment's fence."""
    if variant.terminal.get("order_id_echo") == "never":
        clinic.simulator.world.practice.new_invoice(9_900, 2)
        await clinic.outcome(await clinic.pay(invoice=max(clinic.simulator.world.practice.invoices)))
        await clinic.at_rest()
        await clinic.clock.sleep(10.0)


async def is_decided(clinic: Clinic, payment: str) -> bool:
    return not (await clinic.operation(payment)).is_open


async def not_held(clinic: Clinic) -> list[str]:
    """An unknown payment holds its invoice and its terminal."""
    free = []
    for invoice in (INVOICE, 501):
        try:
            await clinic.pay(invoice=invoice)
            free.append(f"while unknown, invoice {invoice} could be charged")
        except Refused as refused:
            if refused.code != "payment-unknown":
                free.append(f"refused for {refused.code}")
    return free


@pytest.mark.parametrize("name", VARIANTS)
async def test_a_terminal_that_differs_is_read_rightly_or_stays_unknown(name: str) -> None:
    async with house() as place:
        wrong = await ended(place, VARIANTS[name])
    record(TABLE, 1, int(bool(wrong)))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("twin", "name"),
    [
        (twins.takes_the_same_amount, "foreign sale of our amount, ours never came"),
        (twins.takes_any_last_operation, "foreign sale before our look"),
        (twins.believes_not_found_at_once, "seen a minute late"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
async def test_a_twin_that_guesses_is_convicted(twin: twins.Twin, name: str) -> None:
    async with house() as place:
        with twins.let_in(twin) as convicted:
            assert await ended(place, VARIANTS[name])
    record(TABLE, 0, 0, twin_convicted=[convicted])


async def foreign_sale_becomes_the_last(place: House) -> list[str]:
    """Between a payment and its reversal somebody types the same amount in at the terminal."""
    async with place.clinic() as clinic:
        await clinic.start()
        payment = await clinic.pay()
        await clinic.outcome(payment)
        await clinic.at_rest()
        await clinic.clock.sleep(6.0)
        sale = clinic.terminal().keypad_sale(62_500)
        undone = await clinic.outcome(await clinic.reverse(payment))
        await clinic.at_rest()
        hit = clinic.terminal().ledger.find(sale.stan_auth).voided
        wrong = ["the reversal hit the foreign sale"] if hit else []
        wrong += [] if undone.cause == "not-last" else [f"it ended {undone.state} ({undone.cause})"]
        return wrong + check(clinic, not_known=["stand-alone"])


async def test_a_reversal_is_not_sent_when_a_foreign_sale_became_the_last() -> None:
    async with house() as place:
        wrong = await foreign_sale_becomes_the_last(place)
        with twins.let_in(twins.reverses_whatever_is_last) as convicted:
            assert any("hit the foreign sale" in one for one in await foreign_sale_becomes_the_last(place))
    record(TABLE, 1, len(wrong), twin_convicted=[convicted])
    assert not wrong


async def test_an_approval_that_the_bank_takes_back_later_is_found_and_booked_back() -> None:
    """Nobody tells a register of it: the terminal's last result does, at the next look."""
    async with house() as place, place.clinic() as clinic:
        clinic.variant(reverse_after_s=30.0)
        await clinic.start()
        payment = await clinic.pay()
        assert (await clinic.outcome(payment)).state is State.APPROVED
        await clinic.at_rest()
        await clinic.clock.sleep(60.0)
        clinic.variant(reverse_after_s=None)
        assert (await clinic.outcome(await clinic.pay(invoice=505))).state is State.APPROVED
        await clinic.at_rest()
        journal = clinic.agent.parts.journal
        [found] = await journal.corrections(payment)
        assert (found.kind, found.origin, found.state) == ("reversal", "found", "approved")
        assert payment in {one.subject for one in await journal.open_findings()}
        assert not three_sides(clinic)


def three_sides(clinic: Clinic) -> list[str]:
    """All problems but that the first word was taken back: here that is the case."""
    return [one for one in check(clinic) if "was said to be" not in one]


@pytest.mark.parametrize("answered", [True, False], ids=["answered", "answer lost"])
async def test_refused_first_and_approved_nine_seconds_later_is_not_lost(answered: bool) -> None:
    """FC-02, for the whole kind: the decline stays, and a row that names it has the money within a minute."""
    async with house() as place, place.clinic() as clinic:
        await clinic.start()
        clinic.cardholder({"do": "tap", "decline_code": "51", "approve_later_s": 9.0})
        if not answered:
            lost(clinic)
        payment = await clinic.pay()
        await clinic.outcome(payment)
        await clinic.clock.sleep(60.0)
        await clinic.until(clinic.is_booked, 600)
        assert not three_sides(clinic)


@pytest.mark.parametrize("off_s", [-1_795_000_000.0, -30 * 86_400.0, 30 * 86_400.0], ids=["1970", "-30 d", "+30 d"])
async def test_the_clock_may_jump_at_any_step(off_s: float) -> None:
    """FC-22: forth at a step and back at the next third; the outcome is the bank's, whatever the time is said to be."""
    bad, number, steps = [], 0, 1
    async with house() as place:
        while number < steps:
            number += 1
            async with place.clinic() as clinic:
                await clinic.start()
                lost(clinic)
                clinic.steps.kill_at, clinic.steps.is_counting = frozenset({number, number + 3}), True
                clinic.steps.act = wrong_and_right(off_s)
                with contextlib.suppress(Refused):  # for its clock: then nothing was sent
                    await clinic.outcome(await clinic.pay())
                await clinic.at_rest()
                steps = len(clinic.steps.seen)
                bad += [f"step {number}: {problem}" for problem in check(clinic)]
                set_clock(0.0)
    record("the wall clock jumps at every step of a payment whose answer is lost", number, len(bad))
    assert not bad


def wrong_and_right(off_s: float) -> Callable[[], None]:
    """Puts the wall clock wrong, and right again the next time."""
    turns = itertools.cycle((off_s, 0.0))
    return lambda: set_clock(next(turns))


def set_clock(off_s: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._timekeeper.station.wall_offset_s = off_s
