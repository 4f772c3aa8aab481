"""One thread owns the journal's connection; the event loop hands it jobs and awaits, and never waits for a disk.

Whatever was handed over is carried out, in order, also when its awaiter was cancelled meanwhile: a result that came in
is not lost with the task that brought it. Whoever needs to know of it listens to the committed events. Virtual time
stands while a job is under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from edgepos.clock import job_started

T = TypeVar("T")


class JournalThread:
    """Made and used on one event loop."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Sequence[Callable[[], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal")
        self._thread.start()
        self._is_closed = False

    async def run(
        self, job: Callable[[], T], done: Callable[[T], None] = lambda result: None, *,
        then: Callable[[], Callable[[], None]] | None = None,
    ) -> T:  # fmt: skip
        """What *job* returns or raises, there. *done* gets its result on the loop, cancelled awaiter or not.

        *then* is carried out directly after *job*, before anything that others have handed over meanwhile; what it
        returns is called on the loop. Nobody waits for it.
        """
        if self._is_closed:
            raise RuntimeError("the journal is closed")
        answer, work = self._job(job, done)
        more = [] if then is None else [self._job(then, lambda tell: tell())[1]]
        self._jobs.put([work, *more])
        return await answer

    async def end(self, last: Callable[[], None]) -> None:
        """Carry out all that was handed over, then *last*; nothing is taken any more from now on."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            answer, work = self._job(last, lambda result: None)
            self._jobs.put([work])
            await answer
        finally:
            self.close()

    def close(self) -> None:
        """Carry out what was handed over, then end. Blocks until then."""
        self._is_closed = True
        self._jobs.put(None)
        self._thread.join()

    def _job(self, job: Callable[[], T], done: Callable[[T], None]) -> tuple[asyncio.Future[T], Callable[[], None]]:
        """*job* as the thread carries it out, and the future of its answer."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        ended = job_started()

        def succeed(result: T) -> None:
            if not answer.done():  # its awaiter was cancelled
                answer.set_result(result)
            done(result)

        def fail(error: BaseException) -> None:
            if not answer.done():
                answer.set_exception(error)

        def work() -> None:
            tell: partial[None]
            try:
                tell = partial(succeed, job())
            except BaseException as error:  # noqa: BLE001  # it belongs to the awaiter, whatever it is
                tell = partial(fail, error)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(tell)
            ended()

        return answer, work

    def _work(self) -> None:
        while (jobs := self._jobs.get()) is not None:
            for job in jobs:
                job()
