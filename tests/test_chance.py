"""Randomness is the system's, or the same again for the same seed."""

from __future__ import annotations

import uuid

import pytest

from edgepos.chance import Chance, SeededChance, SystemChance


def draws(chance: Chance) -> tuple[int, float, str]:
    return chance.bits(64), chance.uniform(1.0, 2.0), chance.uuid4()


def test_a_seed_gives_the_same_draws_again() -> None:
    assert draws(SeededChance(7)) == draws(SeededChance(7))
    assert draws(SeededChance(7)) != draws(SeededChance(8))


def test_the_system_never_repeats_itself() -> None:
    assert draws(SystemChance()) != draws(SystemChance())


@pytest.mark.parametrize("chance", [SystemChance(), SeededChance(1)])
def test_draws_have_the_promised_form(chance: Chance) -> None:
    for _ in range(200):
        number, jitter, key = draws(chance)
        assert 0 <= number < 2**64
        assert 1.0 <= jitter <= 2.0
        parsed = uuid.UUID(key)
        assert (str(parsed), parsed.version, parsed.variant) == (key, 4, uuid.RFC_4122)
