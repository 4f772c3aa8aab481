"""A million payments in the journal against a thousand: the start, and what a screen asks for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import filled
from bench.clinic import Running, place
from bench.journal_rows import timed
from bench.measure import Row, by_turns, compared, p99
from edgepos.client import Agent

FEW, TIMES = 1_000, 100
A_COPY = 10_000
STARTS, ROUNDS, A_ROUND = 5, 7, 15


def years() -> Iterator[Row]:
    """A start, and questions over the local API, on a journal of a thousand and of a million payments."""
    with tempfile.TemporaryDirectory(prefix="edgepos-bench-") as folder:
        many, few = Path(folder) / "many", Path(folder) / "few"
        filled.make(few, filled.payments(FEW), FEW)
        filled.make(many, filled.payments(A_COPY), A_COPY, times=TIMES)
        with place() as here:

            def started(state: Path) -> float:
                with here.agent(state) as agent:
                    return agent.ready_s

            for state in (many, few):
                started(state)  # the first start reads a file that was just written
            ours, peers = by_turns(STARTS, lambda: started(many), lambda: started(few))
            yield compared("start to READY, 1,000,000 events", "the same with 1,000", ours, peers, "s", at_most=3)
            with here.agent(many) as of_many, here.agent(few) as of_few:
                yield from _questions(of_many, of_few)


def _questions(many: Running, few: Running) -> Iterator[Row]:
    agents = Agent(many.socket), Agent(few.socket)
    day, number = _newest(agents[0]), f"STH-{100_000 + FEW // 2}"
    asked: tuple[tuple[str, Callable[[Agent], object]], ...] = (
        ("the day's list", lambda agent: agent.get("/payments", day=day, limit=50)),
        ("history, found by an invoice's number", lambda agent: agent.get("/payments", find=number)),
        ("history, found by the beginning of a reference", lambda agent: agent.get("/payments", find="E0000000")),
        ("status", lambda agent: agent.get("/status")),
    )
    for what, ask in asked:
        kept: list[float] = []
        sides = (partial(_asked, ask, agents[0], kept), partial(_asked, ask, agents[1], []))
        ours, peers = by_turns(ROUNDS, *sides)
        yield compared(
            f"{what} over the local API, 1,000,000 payments", "the same with 1,000", ours, peers, "ms", at_most=3,
            limit=("p99", p99(kept), 50),
        )  # fmt: skip


def _newest(agent: Agent) -> str:
    (payment,) = agent.get("/payments", limit=1)["payments"]
    return str(payment["clinic_day"])


def _asked(ask: Callable[[Agent], object], agent: Agent, kept: list[float]) -> float:
    """The mean of some questions in a row, in ms; each is added to *kept*."""
    times = [timed(lambda: ask(agent)) * 1e3 for _ in range(A_ROUND)]
    kept += times
    return sum(times) / len(times)
