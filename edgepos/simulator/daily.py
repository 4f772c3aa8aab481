"""What a terminal does by itself each day at a set local time: it restarts, or it closes its session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from edgepos.simulator.terminal import Terminal


async def keep_daily_plan(terminal: Terminal) -> None:
    """Follows `restart_at` and `close_at` of the terminal's variants, whenever they change. Runs for ever."""
    while True:
        terminal.changed.clear()
        wait_s, act = _next(terminal)
        try:
            async with asyncio.timeout(wait_s):
                await terminal.changed.wait()
        except TimeoutError:
            act()


def _next(terminal: Terminal) -> tuple[float | None, Callable[[], object]]:
    variants = terminal.variants
    plans: list[tuple[float, Callable[[], object]]] = []
    if variants.restart_at is not None:
        plans.append((_seconds_until(terminal, variants.restart_at), lambda: terminal.power_cut(variants.boot_s)))
    if variants.close_at is not None:
        plans.append((_seconds_until(terminal, variants.close_at), terminal.close_session))
    return min(plans, key=lambda plan: plan[0], default=(None, lambda: None))


def _seconds_until(terminal: Terminal, time_of_day: str) -> float:
    now = terminal.local(terminal.clock.now())
    hour, minute = map(int, time_of_day.split(":"))
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    # Half a second of grace: a timer that fires a hair early must not fire twice for one day.
    return (due - now - timedelta(seconds=0.5)) % timedelta(days=1) / timedelta(seconds=1) + 0.5
