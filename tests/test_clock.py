"""Virtual time: it stands while anybody works, jumps when nobody does, and is the same in every process."""

from __future__ import annotations

import asyncio
import contextlib
import math
import subprocess
import sys
import textwrap
import threading
import time  # a test of clocks needs a thread that really works, and to know what it really took
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from edgepos.clock import (
    VIRTUAL_START,
    Clock,
    Master,
    RealClock,
    VirtualLoop,
    busy,
    job_started,
    parse_rfc3339,
    rfc3339,
    run,
    run_master,
)

ROOT = Path(__file__).parent.parent
virtual = pytest.mark.virtual_time


# --- alone


@virtual
async def test_timers_fire_in_order_and_on_time_to_the_microsecond(clock: Clock) -> None:
    seen = []

    async def after(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("week", 604_800.3), ("late", 300.1), ("soon", 0.000_002), ("middle", 5.0)):
            group.create_task(after(name, seconds))
    assert seen == [("soon", 0.000_002), ("middle", 5.0), ("late", 300.1), ("week", 604_800.3)]


@virtual
async def test_a_timer_in_a_far_year_is_reached(clock: Clock) -> None:
    for _ in range(100):
        await clock.sleep(86_400 * 30 + 0.1)
    await clock.sleep(0.000_001)
    assert clock.monotonic() == pytest.approx(100 * (86_400 * 30 + 0.1) + 0.000_001, abs=1e-6)


@virtual
async def test_time_stands_while_a_thread_works(clock: Clock) -> None:
    async with asyncio.timeout(5):
        await asyncio.to_thread(time.sleep, 0.05)
    assert clock.monotonic() == 0.0


@virtual
async def test_a_job_holds_time_also_when_its_waiter_was_cancelled(clock: Clock) -> None:
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.05)
        ended.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.to_thread(work)
    await clock.sleep(300)
    assert ended.is_set()


@virtual
async def test_a_thread_of_ones_own_holds_time_until_its_result_has_arrived(clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    result: asyncio.Future[str] = loop.create_future()
    ended = job_started()

    def write() -> None:
        time.sleep(0.02)
        loop.call_soon_threadsafe(result.set_result, "written")
        ended()

    thread = threading.Thread(target=write)
    thread.start()
    async with asyncio.timeout(1):
        assert await result == "written"
    assert clock.monotonic() == 0.0
    thread.join()


@virtual
async def test_time_stands_while_a_child_process_is_awaited_as_busy(clock: Clock) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    async with asyncio.timeout(10):
        with busy():
            assert await child.wait() == 0
    assert clock.monotonic() == 0.0


@virtual
async def test_bytes_on_a_socket_come_before_any_later_timer(clock: Clock) -> None:
    """Two thousand exchanges with a time-out of a millisecond: none may end before its answer."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for _ in range(2_000):
        async with asyncio.timeout(0.001):
            writer.write(b"x\n")
            await reader.readline()
        await clock.sleep(1)
    assert clock.monotonic() == 2_000.0
    writer.close()
    server.close()
    await clock.sleep(1)  # for the service to see it


def test_time_goes_no_further_than_until_and_burns_nothing_there() -> None:
    master = Master()
    master.until = 10.0
    loop = VirtualLoop(master)

    async def main() -> None:
        ticks: list[float] = []

        async def tick() -> None:
            while True:
                await asyncio.sleep(4)
                ticks.append(loop.time())

        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(tick())
            await master.run_until(10.0)
            used = time.process_time()
            await asyncio.to_thread(time.sleep, 0.1)
            assert time.process_time() - used < 0.05
            assert (ticks, loop.time()) == ([4.0, 8.0], 10.0)
            await master.advance(2)
            ticking.cancel()
        assert ticks == [4.0, 8.0, 12.0]

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())


def test_a_virtual_box_has_a_wrong_wall_clock_and_boots_again() -> None:
    master = Master("box")
    loop = VirtualLoop(master)

    async def main() -> None:
        clock = loop.clock
        assert clock.now() == VIRTUAL_START
        first = clock.boot_id()
        await clock.sleep(90)
        master.set_wall_offset("box", -86_400)
        assert clock.now() == VIRTUAL_START + timedelta(seconds=90 - 86_400)
        master.reboot("box")
        assert clock.monotonic() == 0.0
        assert clock.boot_id() != first

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())


# --- several processes

PARTICIPANT = """
import asyncio, os, sys, time
from edgepos.clock import run

async def main(clock):
    {body}

run(main, clock_address=os.environ["EDGEPOS_CLOCK"], name=sys.argv[1])
"""

CALLER = """
reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    asked = clock.monotonic()
    async with asyncio.timeout(300.000001):          # the other side answers after exactly 300 s
        writer.write(b"pay\\n")
        await reader.readline()
    assert clock.monotonic() - asked == 300.0, (asked, clock.monotonic())
    try:
        async with asyncio.timeout(299.999999):
            writer.write(b"pay\\n")
            await reader.readline()
        raise SystemExit("the answer came early")
    except TimeoutError:
        await reader.readline()
writer.close()
print(clock.monotonic())
"""


@contextlib.contextmanager
def process(code: str, *args: object, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", code, *map(str, args)]
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def participant(
    address: str, body: str, *args: object, name: str = "agent"
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    code = PARTICIPANT.format(body=textwrap.indent(body.strip(), "    ").strip())
    return process(code, name, *args, EDGEPOS_CLOCK=address)


@contextlib.asynccontextmanager
async def output(child: subprocess.Popen[bytes]) -> AsyncIterator[asyncio.StreamReader]:
    """What it prints. The pipe wakes the loop; a thread that waits for it would hold time."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), child.stdout)
    try:
        yield reader
    finally:
        pipe.close()


async def output_of(child: subprocess.Popen[bytes]) -> str:
    async with output(child) as reader:
        return (await reader.read()).decode().strip()


async def wait_for(master: Master, *names: str) -> None:
    """Until exactly these take part. In real time, since processes start and die in real time; it holds time."""
    for _ in range(1_000):
        if sorted(master.participants) == sorted(names):
            return
        await asyncio.to_thread(time.sleep, 0.01)
    raise AssertionError(f"{master.participants} take part")


@contextlib.asynccontextmanager
async def slow_service(clock: Clock) -> AsyncIterator[int]:
    """Answers each line after 300 s, for one caller."""
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await clock.sleep(300)
            writer.write(line)
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await gone.wait()


def test_two_processes_exchange_bytes_for_days_and_no_timeout_is_off() -> None:
    rounds = 250

    async def main(clock: Clock, master: Master) -> tuple[str, float]:
        async with slow_service(clock) as port:
            with participant(master.address, CALLER, port, rounds) as agent:
                await wait_for(master, "agent")
                began = time.perf_counter()
                master.until = math.inf
                return await output_of(agent), time.perf_counter() - began

    virtual_s, real_s = run_master(main, name="simulator")
    assert float(virtual_s) == rounds * 600
    jumps_per_s = rounds * 3 / real_s
    assert jumps_per_s > 100  # it is some 1,300 on two shared cores


def test_nothing_moves_while_held_and_a_newcomer_gets_the_present_time() -> None:
    async def main(clock: Clock, master: Master) -> str:
        await master.advance(1_000)
        master.hold = True
        master.until = math.inf
        body = "print(clock.monotonic()); await clock.sleep(5); print(clock.monotonic())"
        with participant(master.address, body) as agent:
            await wait_for(master, "agent")
            await asyncio.to_thread(time.sleep, 0.1)
            assert clock.monotonic() == 1_000.0
            master.hold = False
            return await output_of(agent)

    assert run_master(main, name="simulator").split() == ["1000.0", "1005.0"]


def test_a_killed_participant_leaves_and_time_goes_on() -> None:
    async def main(clock: Clock, master: Master) -> float:
        stuck_at_work = "await clock.sleep(1); print('at work', flush=True); time.sleep(60)"
        with (
            participant(master.address, "await clock.sleep(1e9)", name="idle"),
            participant(master.address, stuck_at_work, name="stuck") as stuck,
        ):
            await wait_for(master, "idle", "stuck")
            async with asyncio.TaskGroup() as group, output(stuck) as said:
                passing = group.create_task(master.advance(10))
                assert await said.readline() == b"at work\n"
                assert (clock.monotonic(), passing.done()) == (1.0, False)
                stuck.kill()
                await passing
            assert master.participants == ["idle"]
            return clock.monotonic()

    assert run_master(main, name="simulator") == 10.0


VISITOR = """
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
    while line.send(b"x") and line.recv(1):
        time.sleep(0.0005)
"""


def test_time_moves_on_while_somebody_outside_of_it_keeps_asking() -> None:
    """Each byte of the visitor takes back a proposal or comes before one: neither may leave a participant waiting."""

    async def main(clock: Clock, master: Master) -> float:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while piece := await reader.read(1):
                writer.write(piece)
            writer.close()

        ticking = "async with asyncio.timeout(10_000):\n        for _ in range(200): await clock.sleep(1)"
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            with participant(master.address, ticking, name="a"), participant(master.address, ticking, name="b"):
                await wait_for(master, "a", "b")
                with process(VISITOR, server.sockets[0].getsockname()[1]):
                    await master.advance(201)
                await master.advance(1)
        return clock.monotonic()

    assert run_master(main, name="simulator") == 202.0


def test_each_participant_has_its_own_wall_clock_and_boot() -> None:
    async def main(clock: Clock, master: Master) -> str:
        master.set_wall_offset("agent", 3_600)
        await master.advance(60)
        master.reboot("agent")
        body = "print(clock.now().isoformat(), clock.monotonic(), clock.boot_id()[-1])"
        with participant(master.address, body) as agent:
            return await output_of(agent)

    assert run_master(main, name="simulator") == f"{(VIRTUAL_START + timedelta(seconds=3_660)).isoformat()} 0.0 2"


def test_a_participant_that_lost_its_master_goes_on_in_real_time() -> None:
    with contextlib.ExitStack() as stack:

        async def main(clock: Clock, master: Master) -> subprocess.Popen[bytes]:
            body = "await clock.sleep(0.2); print(clock.monotonic())"
            child = stack.enter_context(participant(master.address, body))
            await wait_for(master, "agent")
            return child

        printed, _ = run_master(main, name="simulator").communicate(timeout=10)
        assert 0.2 <= float(printed) < 5


def test_who_talks_nonsense_to_the_master_is_shown_the_door() -> None:
    async def main(clock: Clock, master: Master) -> bytes:
        host, port = master.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()
        await master.advance(5)
        return b"%d" % clock.monotonic()

    assert run_master(main, name="simulator") == b"5"


# --- real time, and text


def test_the_real_clock_counts_one_boot_and_shows_utc() -> None:
    clock = RealClock()
    before = clock.monotonic()
    assert clock.monotonic() >= before
    assert clock.now().tzinfo is UTC
    assert len(clock.boot_id()) == 36


def test_without_an_address_a_process_runs_in_real_time() -> None:
    async def main(clock: Clock) -> bool:
        with busy():
            job_started()()
        return isinstance(clock, RealClock)

    assert run(main, clock_address=None, name="agent")


@pytest.mark.parametrize("address", ["10.0.0.1:4000", "localhost:4000", "127.0.0.1", "127.0.0.1:x", "0.0.0.0:4000"])
def test_a_clock_from_elsewhere_is_refused(address: str) -> None:
    async def main(clock: Clock) -> None: ...

    with pytest.raises(ValueError, match="must be a loopback address"):
        run(main, clock_address=address, name="agent")


def test_points_in_time_are_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 25, 16, 32, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-11-25T14:32:00.123Z"
    assert parse_rfc3339("2026-11-25T16:32:00.123+02:00") == parse_rfc3339("2026-11-25T14:32:00.123Z")
    assert rfc3339(parse_rfc3339("2026-11-25T14:32:00Z")) == "2026-11-25T14:32:00.000Z"


def test_a_point_in_time_without_a_zone_is_none() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_rfc3339("2026-11-25T14:32:00")
    with pytest.raises(ValueError, match="zone"):
        rfc3339(VIRTUAL_START.replace(tzinfo=None))


@virtual
async def test_a_wait_for_a_moment_between_two_microseconds_ends(clock: Clock) -> None:
    rounds = 0
    for until in (5.000_000_3, 7.000_000_000_000_002):
        while clock.monotonic() < until:
            rounds += 1
            assert rounds < 10, "time stands while the wait goes round and round"
            await clock.sleep(until - clock.monotonic())


def test_small_advances_that_add_up_unevenly_do_not_make_time_stand() -> None:
    master = Master("simulator", 0)
    loop = VirtualLoop(master)

    async def main() -> float:
        for _ in range(20):  # 8 * 0.05 is 0.39999999999999997
            await master.advance(0.05)
            await asyncio.sleep(0)
        return master.now

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(asyncio.wait_for(main(), None)) == pytest.approx(1.0)
