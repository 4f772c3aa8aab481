"""Five hours of a hospital's night, with all that the week of `make soak` has in it: storms, a closing, a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.figures import SEED, record
from tests.proof.hospital_series import growth
from tests.proof.hospital_week import SHORT, play

pytestmark = pytest.mark.timeout(300)

LEAK_PERCENT = 10.0
"""A life of two hours is still filling its caches; what grows faster than that leaks."""


def test_a_stormy_night_ends_with_three_sides_that_agree_and_nothing_left_behind(tmp_path: Path) -> None:
    week, problems = play(SHORT, tmp_path, lambda text: None)
    record("payments in a night of a hospital with 3 terminals", week.pressed, len(problems))
    assert not problems, f"seed {SEED}: {problems}"
    assert week.life == 2
    assert week.pressed > 20
    grown = growth(week.samples)
    assert all(percent < LEAK_PERCENT for percent in grown.values()), grown
