"""The states of an operation: every pair of state and step, legal or not."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.domain.operation import (
    FINAL,
    NEXT,
    NOTHING_MOVED,
    OPEN,
    STEP_TO,
    IllegalTransition,
    Kind,
    Line,
    Operation,
    Origin,
    State,
    Step,
    advance,
    split,
)

LEGAL = {
    "intended send": "sent",
    "intended disprove": "not_started",
    "intended lose": "unknown",
    "sent approve": "approved",
    "sent decline": "declined",
    "sent cancel": "cancelled",
    "sent disprove": "not_started",
    "sent lose": "unknown",
    "unknown approve": "approved",
    "unknown decline": "declined",
    "unknown cancel": "cancelled",
    "unknown disprove": "not_started",
    "unknown settle": "settled_by_hand",
}
"""Written out once more on purpose: a change of the table has to be made twice."""


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_every_pair_of_state_and_step(state: State, step: Step) -> None:
    expected = LEGAL.get(f"{state} {step}")
    if expected is not None:
        assert advance(state, step) is State(expected)
        return
    with pytest.raises(IllegalTransition) as refused:
        advance(state, step)
    assert (refused.value.state, refused.value.step) == (state, step)


def test_nothing_leaves_a_final_state() -> None:
    assert {state for state, _ in NEXT} == OPEN
    assert set(State) == OPEN | FINAL
    assert not OPEN & FINAL
    assert NOTHING_MOVED < FINAL


def test_each_step_leads_to_one_state_and_back_again() -> None:
    assert set(STEP_TO) == set(State) - {State.INTENDED}
    assert all(NEXT[pair] is state for pair in NEXT for state, step in STEP_TO.items() if step is pair[1])


def operation(**changes: object) -> Operation:
    whole = Operation(
        id="E7K2M9Q4T1XA3", kind=Kind.PURCHASE, origin=Origin.ASKED, state=State.APPROVED, terminal="70000001",
        currency="SEK", asked_minor=5_000, operator="anna", clinic_day="2026-11-25", created_at="", changed_at="",
        seq=1,
        approved_minor=4_000, tip_minor=500,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_what_moved_is_what_is_proven_or_vouched_for() -> None:
    assert operation().moved_minor == 4_000
    assert operation(approved_minor=None).moved_minor == 0
    for state in OPEN | NOTHING_MOVED:
        assert operation(state=state).moved_minor == 0
    settled = operation(state=State.SETTLED_BY_HAND, settled_minor=4_900)
    assert replace(settled, settled_outcome="taken").moved_minor == 4_900
    assert replace(settled, settled_outcome="not_taken").moved_minor == 0


@given(st.integers(0, 10_000), st.lists(st.integers(1, 4_000), max_size=5))
def test_a_part_approval_fills_the_lines_in_order(amount: int, shares: list[int]) -> None:
    filled = split(amount, tuple(Line(line=n, amount_minor=share) for n, share in enumerate(shares, 1)))
    assert sum(filled) == min(amount, sum(shares))
    assert all(0 <= got <= share for got, share in zip(filled, shares, strict=True))
    short = [n for n, (got, share) in enumerate(zip(filled, shares, strict=True)) if got < share]
    assert all(filled[n] == 0 for n in short[1:])
