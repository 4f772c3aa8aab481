"""The journal without a thread of its own: each job is carried out where it is handed over, at the asker's next turn.

For a harness that asks a hundred thousand times and looks at what the journal holds, not at how threads hand over: that
costs more than all the rest. Who goes first of two askers is then not left to the machine but drawn.
"""

from __future__ import annotations

import random
import types
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar

import pytest

from edgepos.journal import store

T = TypeVar("T")


@types.coroutine
def _turn() -> Generator[None, None, None]:
    """Here others may go on: where one would wait for the thread."""
    yield


class NoThread:
    """In place of `JournalThread`."""

    def __init__(self) -> None:
        self._is_closed = False

    async def run(
        self, job: Callable[[], T], done: Callable[[T], None] = lambda result: None, *,
        then: Callable[[], Callable[[], None]] | None = None,
    ) -> T:  # fmt: skip
        if self._is_closed:
            raise RuntimeError("the journal is closed")
        await _turn()
        result = job()
        done(result)
        if then is not None:
            then()()
        return result

    async def end(self, last: Callable[[], None]) -> None:
        if not self._is_closed:
            self._is_closed = True
            last()

    def close(self) -> None:
        self._is_closed = True


def without_thread(patch: pytest.MonkeyPatch) -> None:
    """Journals that are opened from now on have none."""
    patch.setattr(store, "JournalThread", NoThread)


def alone(work: Coroutine[Any, Any, T]) -> T:
    """What *work* gives while nobody else asks."""
    try:
        while True:
            work.send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]


def in_turns(works: Sequence[Coroutine[Any, Any, T]], drawn: int) -> list[T | Exception]:
    """What each of *works* gives or raises; who has the next turn comes from *drawn*."""
    dice, answers = random.Random(drawn), dict[int, T | Exception]()
    while waiting := [number for number in range(len(works)) if number not in answers]:
        number = dice.choice(waiting)
        try:
            works[number].send(None)
        except StopIteration as ended:
            answers[number] = ended.value
        except Exception as error:  # noqa: BLE001  it is this asker's answer
            answers[number] = error
    return [answers[number] for number in range(len(works))]
