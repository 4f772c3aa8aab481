"""Waiting for a fact about another process, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 60.0
"""Far above what it takes: the machine may be busy with other tests."""
LOOK_S = 0.05


def until(fact: Callable[[], object], what: str, look: Callable[[float], None] = time.sleep) -> None:
    """Wait for *fact*, looking again after each call of *look*."""
    end = time.monotonic() + LIMIT_S
    while not fact():
        if time.monotonic() > end:
            raise AssertionError(f"not within {LIMIT_S:.0f} s: {what}")
        look(LOOK_S)
