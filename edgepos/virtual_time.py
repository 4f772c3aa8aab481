"""Virtual time: an asyncio loop whose time stands while anybody has work, and jumps when nobody has.

The loop is an ordinary one with real sockets and threads, so `asyncio.sleep`, `asyncio.timeout` and every library on
top follow along. Where it would block, its selector (`Timekeeper`) moves time instead: `Master` decides, for its own
loop and for every `Participant`. They agree over JSON lines, spoken inside the selector, so that the talk itself is no
activity:

    master       → {"wave": n, "now": t, "station": {…}}   the time is t; answer when your loop would block
    participant  → {"wave": n, "activity": k, "next": t}   no socket ready, no thread at work, no timer due before t
    master       → {"propose": t}                          after two waves in a row with every k unchanged
    participant  → {"ack": true|false}                     true: still idle, and silent until the next wave
    master       → {"wave": n+1, "now": t, …}              all agreed: time moves; else "now" is what it was

Every wake-up raises k. So nothing can be in flight when time moves, and no timer fires before all clocks agree. A
killed participant leaves by its closed line; one that joins gets the present time with its first wave. A participant
whose master is gone goes on in real time.

How far time may run is one number, `Master.until`. At `until` it stands and burns nothing, until somebody raises it:
`advance(3600)` runs an hour, `until = math.inf` runs for ever. A master for others begins at 0, which stands; a loop
alone begins at infinity. While `hold` is true nothing moves at all. Commands and people are no participants: what they
send over a socket wakes its receiver as ever.

This module reads no clock of the machine and imports the standard library only; see `edgepos.clock` for its use.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import selectors
import socket
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import Context
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

VIRTUAL_START = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
"""What the wall clock shows at virtual second 0: a working day, before the clinic opens."""

_JOIN_TIMEOUT_S = 10.0
_MICROSECOND = 1e-6


class VirtualClock:
    """The clock of one box in virtual time; the box may have a wrong wall clock, and may be booted again."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._timekeeper = timekeeper

    def monotonic(self) -> float:
        return self._timekeeper.now - self._timekeeper.station.booted_at

    def now(self) -> datetime:
        return VIRTUAL_START + timedelta(seconds=self._timekeeper.now + self._timekeeper.station.wall_offset_s)

    def boot_id(self) -> str:
        return f"00000000-0000-4000-8000-{self._timekeeper.station.boot:012x}"

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


# --- the loop


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is its timekeeper's."""

    def __init__(self, timekeeper: Timekeeper | None = None) -> None:
        self._timekeeper = timekeeper or Master()
        super().__init__(self._timekeeper)
        # asyncio fires what is due before now + this; its nanosecond is lost in the float after three months.
        self._clock_resolution = _MICROSECOND / 2
        self._threads = ThreadPoolExecutor(thread_name_prefix="edgepos")
        self.set_default_executor(self._threads)

    @property
    def clock(self) -> VirtualClock:
        return VirtualClock(self._timekeeper)

    def time(self) -> float:
        return self._timekeeper.now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return super().call_at(_not_before(when, self.time()), callback, *args, context=context)

    def job_started(self) -> Callable[[], None]:
        self._timekeeper.jobs += 1

        def ended() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody's time is held any more
                self.call_soon_threadsafe(self._job_ended)

        return ended

    def _job_ended(self) -> None:
        self._timekeeper.jobs -= 1

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        ended = self.job_started()
        try:
            job = (executor or self._threads).submit(func, *args)
        except BaseException:
            ended()
            raise
        future = asyncio.wrap_future(job, loop=self)
        # Callbacks run in the order in which they were added: the waiter is woken before time is let go. It also
        # holds for a job whose waiter was cancelled while the thread works on.
        job.add_done_callback(lambda _: ended())
        return future

    async def shutdown_default_executor(self, *limit_s: float | None) -> None:
        ended = self.job_started()  # from 3.12 on asyncio gives the threads a limit, which would be over at once
        try:
            await super().shutdown_default_executor(*limit_s)
        finally:
            ended()


def _whole_us(seconds: float) -> float:
    """All timers lie on whole microseconds. asyncio tells its selector only `when - now`; adding `now` again would miss
    `when` by a rounding error, and in a later week of virtual time never come any nearer."""
    return round(seconds, 6)


def _not_before(when: float, now: float) -> float:
    """The whole microsecond at which a timer for *when* fires: none that has come already while *when* has not.
    Such a timer would find itself too early, wait for the hair's rest, and fire at the same time again, for ever."""
    whole = _whole_us(when)
    is_rounding_error = when - whole <= 4 * math.ulp(when)
    if whole >= when or (is_rounding_error and whole > now):
        return whole
    return _whole_us(whole + _MICROSECOND)


@dataclass(slots=True)
class Station:
    """What one participant's box would say of itself."""

    wall_offset_s: float = 0.0
    """How wrong its wall clock is."""
    boot: int = 1
    booted_at: float = 0.0


class Timekeeper(selectors.DefaultSelector):
    """The selector of a virtual loop: where an ordinary loop would block, time may move instead.

    Its own sockets (the talk of master and participants) are registered with `_OURS` as data and never reach the loop.
    """

    _OURS = object()

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.station = Station()
        self.jobs = 0
        self.activity = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        due = math.inf if timeout is None else _whole_us(self.now + timeout) if timeout else self.now
        ready = self._look(0)
        while not ready and due > self.now:  # the loop would block
            moved = not self.jobs and self._idle(due)
            ready = self._look(0 if moved else None)
        self.activity += 1
        return ready

    def _look(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        ours = [key for key, _ in events if key.data is self._OURS]
        if not ours:
            return events
        if len(ours) < len(events):
            self.activity += 1  # before our talk is heard: what came with it makes us busy
        for key in ours:
            self._hear(key.fileobj)
        return [(key, mask) for key, mask in events if key.data is not self._OURS]

    def _idle(self, due: float) -> bool:
        """Nothing is left to do here before *due*. True: something may have changed, so look again."""
        raise NotImplementedError

    def _hear(self, speaker: Any) -> None:
        raise NotImplementedError


# --- the master


@dataclass(eq=False, slots=True)
class _Peer:
    """A participant as the master sees it."""

    line: _Line
    name: str
    activity: int | None = None  # its answer to the present wave; None: at work
    next: float = math.inf
    ack: bool | None = None  # its answer to the present proposal


class Master(Timekeeper):
    """Holds the time of its own loop and of every participant. Its methods are called on its own loop."""

    def __init__(self, name: str = "alone", port: int | None = None) -> None:
        """Without a *port* it is alone and its time runs free; port 0 takes any."""
        super().__init__()
        self.hold = False
        self.until = math.inf if port is None else 0.0
        self._stations = {name: self.station}
        self._peers: dict[socket.socket, _Peer] = {}
        self._wave = 0
        self._picture: tuple[object, ...] = ()
        self._proposed: float | None = None
        self._waiters: list[tuple[float, asyncio.Future[None]]] = []
        self._listener: socket.socket | None = None
        if port is not None:
            self._listener = socket.create_server(("127.0.0.1", port))
            self.register(self._listener, selectors.EVENT_READ, self._OURS)

    @property
    def address(self) -> str:
        """What participants are given as `$EDGEPOS_CLOCK`."""
        if self._listener is None:
            raise RuntimeError("a loop alone has no address")
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    @property
    def participants(self) -> list[str]:
        """Who takes part now, besides the master's own process."""
        return [peer.name for peer in self._peers.values() if peer.name]

    async def advance(self, seconds: float) -> None:
        """Let *seconds* pass. Returns when nobody has anything left to do at that time, and time stands there
        unless `until` was later already."""
        await self.run_until(self.now + seconds)

    async def run_until(self, moment: float) -> None:
        """Like `advance`, to a point of virtual time; 'now' waits until all have settled."""
        moment = _whole_us(moment)
        self.until = max(self.until, moment)
        settled = asyncio.get_running_loop().create_future()
        self._waiters.append((moment, settled))
        await settled

    def set_wall_offset(self, name: str, seconds: float) -> None:
        """Make the wall clock of *name* wrong; it shows from the next wave on. Also for one that is yet to join."""
        self._station(name).wall_offset_s = seconds

    def reboot(self, name: str) -> None:
        """Another boot id, and `monotonic()` from 0. Meant for between the death and the new start of *name*."""
        station = self._station(name)
        station.boot += 1
        station.booted_at = self.now

    def close(self) -> None:
        for sock in (*self._peers, *([self._listener] if self._listener else [])):
            sock.close()
        super().close()

    def _station(self, name: str) -> Station:
        return self._stations.setdefault(name, Station())

    def _idle(self, due: float) -> bool:
        if any(peer.activity is None for peer in self._peers.values()):
            return False
        picture = (self.activity, *((peer, peer.activity) for peer in self._peers.values()))
        if self._proposed is not None:
            return self._decide(self._proposed, picture)
        if picture != self._picture:
            self._picture = picture
            return self._look_twice()
        return self._release_waiters() or self._move(due)

    def _look_twice(self) -> bool:
        """One quiet moment proves nothing, two in a row do."""
        if self._peers:
            self._send_wave()
            return False
        os.sched_yield()  # bytes on loopback may still wait for the kernel's own thread on this core
        return True

    def _release_waiters(self) -> bool:
        reached = [settled for moment, settled in self._waiters if moment <= self.now]
        self._waiters = [(moment, settled) for moment, settled in self._waiters if settled not in reached]
        for settled in reached:
            settled.get_loop().call_soon_threadsafe(_settle, settled)  # which wakes us by its socket
        return bool(reached)

    def _move(self, due: float) -> bool:
        waited_for = (moment for moment, _ in self._waiters)
        target = min(_whole_us(self.until), due, *(peer.next for peer in self._peers.values()), *waited_for)
        if self.hold or not self.now < target < math.inf:
            return False
        if not self._peers:
            self.now = target
            return True
        self._proposed = target
        for peer in list(self._peers.values()):
            peer.ack = None
            self._tell(peer, {"propose": target})
        return False

    def _decide(self, proposed: float, picture: tuple[object, ...]) -> bool:
        acks = [peer.ack for peer in self._peers.values()]
        if picture == self._picture and None in acks:
            return False
        if picture == self._picture and all(acks) and not self.hold:
            self.now = proposed
        self._proposed = None
        self._send_wave()
        return True

    def _send_wave(self) -> None:
        self._wave += 1
        for peer in list(self._peers.values()):
            self._greet(peer)

    def _greet(self, peer: _Peer) -> None:
        peer.activity = None
        if peer.name:
            self._tell(peer, {"wave": self._wave, "now": self.now, "station": asdict(self._station(peer.name))})

    def _tell(self, peer: _Peer, message: dict[str, Any]) -> None:
        try:
            peer.line.say(message)
        except OSError:
            self._part(peer)

    def _part(self, peer: _Peer) -> None:
        if self._peers.pop(peer.line.sock, None):
            self.unregister(peer.line.sock)
            peer.line.sock.close()

    def _hear(self, speaker: Any) -> None:
        if speaker is self._listener and self._listener is not None:
            sock, _ = self._listener.accept()
            self._peers[sock] = _Peer(_Line(sock), name="")
            self.register(sock, selectors.EVENT_READ, self._OURS)
            return
        peer = self._peers.get(speaker)
        if peer is None:  # it left in this same look
            return
        try:
            for message in peer.line.hear():
                self._take(peer, message)
        except (OSError, ValueError, KeyError, TypeError):  # gone, or no participant at all
            self._part(peer)

    def _take(self, peer: _Peer, message: dict[str, Any]) -> None:
        if "join" in message:
            peer.name = str(message["join"])
            self._greet(peer)
        elif "ack" in message:
            peer.ack = bool(message["ack"])
        elif message["wave"] == self._wave:
            peer.activity = int(message["activity"])
            peer.next = math.inf if message["next"] is None else float(message["next"])


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():  # it may have been cancelled
        waiter.set_result(None)


# --- a participant


class Participant(Timekeeper):
    """Follows the master at *address*. Should the master go, *real_time* (seconds that pass) takes over."""

    def __init__(self, address: tuple[str, int], name: str, real_time: Callable[[], float]) -> None:
        super().__init__()
        sock = socket.create_connection(address, timeout=_JOIN_TIMEOUT_S)
        self._line: _Line | None = _Line(sock)
        self._wave = -1
        self._said: dict[str, Any] = {}
        self._real_time = real_time
        self._real_offset = 0.0
        self._line.say({"join": name})
        self._listen(self._line, until_wave=True)
        sock.settimeout(None)
        self.register(sock, selectors.EVENT_READ, self._OURS)

    def _idle(self, due: float) -> bool:
        if self._line is None:
            self._look(None if due == math.inf else due - self.now)  # what is ready now is so in the next look too
            self.now = self._real_time() + self._real_offset
            return True
        answer = {"wave": self._wave, "activity": self.activity, "next": None if due == math.inf else due}
        if answer != self._said:
            self._said = answer
            with contextlib.suppress(OSError):  # a closed line is heard of in the next look
                self._line.say(answer)
        return False

    def _hear(self, speaker: Any) -> None:
        if self._line is None:
            return
        try:
            self._listen(self._line, until_wave=False)
        except OSError:
            self._go_on_alone(self._line)

    def _listen(self, line: _Line, *, until_wave: bool) -> None:
        """Hear what has come. Who agreed to a proposal hears nothing else before the next wave: whatever else comes is
        handled at the new time, when all clocks show it. (The proposal may be taken back in the same breath.)"""
        while True:
            for message in line.hear():
                if "propose" in message:
                    until_wave = self.activity == self._said.get("activity")
                    line.say({"ack": until_wave})
                else:
                    until_wave = False
                    self._follow(message)
            if not until_wave:
                return

    def _follow(self, message: dict[str, Any]) -> None:
        self._wave = message["wave"]
        self.now = message["now"]
        self.station = Station(**message["station"])

    def _go_on_alone(self, line: _Line) -> None:
        self.unregister(line.sock)
        line.sock.close()
        self._line = None
        self._real_offset = self.now - self._real_time()

    def close(self) -> None:
        if self._line is not None:
            self._line.sock.close()
        super().close()


@dataclass(slots=True)
class _Line:
    """JSON lines on a socket."""

    sock: socket.socket
    _rest: bytes = field(default=b"", init=False)

    def __post_init__(self) -> None:
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def say(self, message: dict[str, Any]) -> None:
        self.sock.sendall(json.dumps(message).encode() + b"\n")

    def hear(self) -> list[dict[str, Any]]:
        """What has come, waiting for at least a part of it. Raises ConnectionError at the end of the line."""
        piece = self.sock.recv(65536)
        if not piece:
            raise ConnectionResetError("the line was closed")
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [json.loads(line) for line in lines]
