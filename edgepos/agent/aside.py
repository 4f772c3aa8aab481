"""Work that may hang for ever: a share whose server is gone, a program that does not end.

It runs in a thread of its own, and nothing waits for that thread at the agent's end: a dead network share must not keep
the box from stopping, let alone a payment from being taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from edgepos.clock import job_started

T = TypeVar("T")


async def aside(job: Callable[[], T]) -> T:
    """What *job* gives, or raises. If its awaiter is cancelled it goes on, and its end is of no interest."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()
    ended = job_started()

    def give(result: T) -> None:
        if not answer.done():
            answer.set_result(result)

    def fail(error: BaseException) -> None:
        if not answer.done():
            answer.set_exception(error)

    def work() -> None:
        try:
            tell: partial[None] = partial(give, job())
        except BaseException as error:  # noqa: BLE001  it belongs to the awaiter, whatever it is
            tell = partial(fail, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            loop.call_soon_threadsafe(tell)
        ended()

    threading.Thread(target=work, name="aside", daemon=True).start()
    return await answer
