"""From a commit to the screens: one event to twenty of them, and twenty terminals paying at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.clinic import Place, place
from bench.measure import Row, by_turns_async, compared, p99
from edgepos import loading
from edgepos.agent.wiring import Agent
from edgepos.client.aio import AsyncAgent
from edgepos.client.http import new_key
from edgepos.journal import Event

ROUNDS, PAYMENTS = 5, 12
FINAL = {"approved", "declined", "cancelled", "not_started"}
STREAMS = "bench.streams"
GRACE_S = 1.0


class Screen(asyncio.Protocol):
    """One screen's stream: what came and when. It is read when all is over, so that reading delays nobody."""

    def __init__(self) -> None:
        self.got: list[tuple[float, bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"GET /v1/events HTTP/1.0\r\nHost: edgepos\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        if not self.got:
            print("open", flush=True)
        self.got.append((time.monotonic(), data))

    def messages(self) -> Iterator[tuple[str, float]]:
        """Sequence and moment of each message of a payment: the moment in which its last byte was there."""
        self._transport.abort()
        rest = b""
        for at, data in self.got:
            *whole, rest = (rest + data).split(b"\n\n")
            for message in whole:
                if message.startswith(b"event: payment\n"):
                    yield message.partition(b"id: ")[2].partition(b"\n")[0].decode(), at


async def read(path: str, screens: int) -> None:
    """A process with so many screens: prints `sequence monotonic` for each message of a payment they get."""
    loop = asyncio.get_running_loop()
    made = [(await loop.create_unix_connection(Screen, path))[1] for _ in range(screens)]
    loading.settle()  # as a screen does
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps([message for screen in made for message in screen.messages()]), flush=True)


async def pay(path: str, times: int, terminals: Sequence[str]) -> None:
    """A process of people: at each of *terminals* at once, so many payments one after the other."""

    async def till(terminal: str) -> None:
        agent = AsyncAgent(path)
        for _ in range(times):
            body = {"terminal": terminal, "currency": "SEK", "amount_minor": 12_500, "text": "bench"}
            payment = await agent.post("/payments", body, key=new_key())
            while payment["state"] not in FINAL:
                payment = await agent.get(f"/payments/{payment['id']}", wait_s=20)

    async with asyncio.TaskGroup() as group:
        for terminal in terminals:
            group.create_task(till(terminal))


class Watched:
    """An agent in this process, whose commits are timed; screens and those who pay in others."""

    def __init__(self, agent: Agent, path: Path) -> None:
        self.agent, self.path = agent, path
        self._at: dict[str, float] = {}
        agent.parts.journal.subscribe(self._hear)

    def _hear(self, events: Sequence[Event]) -> None:
        self._at.update((str(event.seq), time.monotonic()) for event in events)

    async def delays_ms(self, screens: int, terminals: Sequence[str]) -> list[float]:
        """How late each message of a payment was on each screen, while every one of *terminals* took some payments."""
        reader = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            STREAMS,
            "read",
            str(self.path),
            str(screens),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert reader.stdin is not None
        assert reader.stdout is not None
        for _ in range(screens):
            await reader.stdout.readline()
        times = max(2, PAYMENTS // len(terminals))
        payers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", STREAMS, "pay", str(self.path), str(times), *terminals
        )
        if await payers.wait():
            raise RuntimeError("a payment did not come to its end")
        await asyncio.sleep(GRACE_S)
        reader.stdin.write(b"\n")
        said, _ = await reader.communicate()
        got = json.loads(said.splitlines()[-1])
        return [(at - self._at[seq]) * 1e3 for seq, at in got if seq in self._at]


@asynccontextmanager
async def watched(here: Place, folder: Path) -> AsyncIterator[Watched]:
    (folder / "state").mkdir(mode=0o700)
    async with here.agent_here(folder / "state") as agent, asyncio.TaskGroup() as group:
        ready = asyncio.Event()
        path = folder / "agent.sock"
        group.create_task(agent.run(path, ready=ready.set))
        await ready.wait()
        loading.settle()  # as `edgepos agent` does: this process stands for it
        yield Watched(agent, path)
        agent.end()


def events() -> Iterator[Row]:
    """Payments at one terminal: each change, from its commit to twenty screens and to one."""
    with tempfile.TemporaryDirectory() as folder, place() as here:
        yield asyncio.run(_events(here, Path(folder)))


async def _events(here: Place, folder: Path) -> Row:
    all_of_ours: list[float] = []
    async with watched(here, folder) as one:

        async def to(screens: int, kept: list[float]) -> float:
            delays = await one.delays_ms(screens, here.terminals[:1])
            kept += delays
            return p99(delays)

        ours, peers = await by_turns_async(ROUNDS, lambda: to(20, all_of_ours), lambda: to(1, []))
    return compared(
        "an event to 20 screens (p99 of a round)", "to one screen", ours, peers, "ms",
        limit=("p99", p99(all_of_ours), 5),
    )  # fmt: skip


def crowd() -> Iterator[Row]:
    """Twenty terminals paying at once with ten screens watching, against one terminal and one screen."""
    with tempfile.TemporaryDirectory() as folder, place(20) as here:
        yield asyncio.run(_crowd(here, Path(folder)))


async def _crowd(here: Place, folder: Path) -> Row:
    async with watched(here, folder) as one:

        async def with_(screens: int, terminals: int) -> float:
            return p99(await one.delays_ms(screens, here.terminals[:terminals]))

        ours, peers = await by_turns_async(ROUNDS, lambda: with_(10, 20), lambda: with_(1, 1))
    return compared(
        "an event on a screen, 20 terminals paying at once, 10 screens (p99 of a round)", "1 terminal, 1 screen",
        ours, peers, "ms", at_most=3,
    )  # fmt: skip


if __name__ == "__main__":
    role, where, number, *named = sys.argv[1:]
    asyncio.run(read(where, int(number)) if role == "read" else pay(where, int(number), named))
