"""Four hours of a hospital's night, with all that the week of `make soak` has in it: storms, a closing, a restart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgepos.outbound import IDLE_LINES
from tests.proof.figures import SEED, record
from tests.proof.hospital_series import growth
from tests.proof.hospital_week import ROOT, SHORT, play

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
    assert all(grown[name] < LEAK_PERCENT for name in ("agent_kib", "screens_kib", "files", "threads", "tasks")), grown
    few, most = (pick(one.descriptors for one in week.samples) for pick in (min, max))
    assert most - few <= IDLE_LINES, "descriptors come and go with the lines that are kept open, and with nothing else"


def test_a_week_that_is_told_to_end_leaves_no_process_behind() -> None:
    command = [sys.executable, "-m", "tests.proof.hospital_week", "--short"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as week:
        assert week.stdout is not None
        assert week.stdout.readline(), "the head of its table"
        assert week.stdout.readline(), "the first hour's line: all are at work"
        started = Path(f"/proc/{week.pid}/task/{week.pid}/children").read_text().split()
        week.terminate()
        week.wait(30)
    assert len(started) == 3, "simulator, agent, screens"
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
