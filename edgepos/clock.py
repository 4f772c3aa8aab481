"""Real and virtual time, for the agent and the simulator alike. The only module that reads the machine's clocks.

Whoever needs time receives a `Clock`. On a box that is `RealClock`. In tests, and in a demo that nobody watches, time
is virtual (`edgepos.virtual_time` says how): it stands while anybody has work and jumps to the next timer when nobody
has. There are three ways to run so:

* alone: `VirtualLoop()`. The loop of one test; it is its own only participant.
* `run_master`: the process (the simulator) that holds the time of several. It takes part in its own time.
* `run` with the address of a master: a participant (the agent).

A thread's work holds time only if it is counted: `run_in_executor` counts by itself, other threads use `job_started`.
It imports the standard library only, and never anything of edgepos that knows about payments.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from edgepos.virtual_time import VIRTUAL_START, Master, Participant, VirtualClock, VirtualLoop

__all__ = [
    "VIRTUAL_START", "Clock", "Master", "RealClock", "VirtualClock", "VirtualLoop",
    "busy", "job_started", "parse_rfc3339", "rfc3339", "run", "run_master",
]  # fmt: skip

T = TypeVar("T")


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds since this boot, suspended time included. The only measure of how long something took."""

    def now(self) -> datetime:
        """The wall clock, UTC. For people and records only: it may be wrong, and it may jump."""

    def boot_id(self) -> str:
        """Names the boot within which two `monotonic()` values may be compared."""

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    def __init__(self) -> None:
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def boot_id(self) -> str:
        return self._boot_id

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def rfc3339(moment: datetime) -> str:
    """`2026-11-25T14:32:00.123Z`: UTC, milliseconds, cut and not rounded. A datetime without zone is refused."""
    if moment.tzinfo is None:
        raise ValueError("a point in time needs its zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse_rfc3339(text: str) -> datetime:
    """The point in time, in UTC. Any zone is understood; none at all is a ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def run(main: Callable[[Clock], Coroutine[Any, Any, T]], *, clock_address: str | None, name: str) -> T:
    """Run a process: in real time, or as participant *name* of the master at *clock_address* (`$EDGEPOS_CLOCK`).

    Raises ValueError for an address that is not loopback (the caller makes sure that both services are on loopback
    too: virtual time must never meet a real terminal), OSError if no master answers there.
    """
    if not clock_address:
        return asyncio.run(main(RealClock()))
    loop = VirtualLoop(Participant(_loopback(clock_address), name, time.monotonic))
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop.clock))


def run_master(main: Callable[[Clock, Master], Coroutine[Any, Any, T]], *, name: str, port: int = 0) -> T:
    """Run the process that holds virtual time for others; its address is `Master.address`. Time stands at first."""
    master = Master(name, port)
    loop = VirtualLoop(master)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop.clock, master))


def job_started() -> Callable[[], None]:
    """Virtual time stands until the returned function is called. Call this one on the loop, that one from any thread.

    A thread hands its result over first and then calls it: time then cannot slip in between.
    In real time both do nothing.
    """
    loop = asyncio.get_running_loop()
    return loop.job_started() if isinstance(loop, VirtualLoop) else lambda: None


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Virtual time stands inside this block: around awaiting what is neither a socket nor an executor's job."""
    ended = job_started()
    try:
        yield
    finally:
        ended()


def _loopback(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host, int(port)
    except ValueError:
        pass
    raise ValueError(f"EDGEPOS_CLOCK={address} is refused: it must be a loopback address such as 127.0.0.1:40000")
