"""The simulator as a whole: three HTTP services on loopback in one process and one loop.

`Simulator` is used in-process by tests, `serve` is the process `edgepos simulator`: it prints one JSON line with the
addresses and runs until SIGTERM or SIGINT. In virtual time the process holds the clock that others join.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from edgepos import clock as clocks
from edgepos.clock import Clock, Master
from edgepos.simulator.control import Control
from edgepos.simulator.crew import Crew
from edgepos.simulator.faults import ActiveFault, FaultRule
from edgepos.simulator.serving import Listener, Receive, Scope, Send
from edgepos.simulator.world import World


@dataclass(frozen=True, slots=True)
class Options:
    """Ports on 127.0.0.1, 0 for any. *clock_port* given: time is virtual, and this process holds it."""

    nets_port: int = 0
    provet_port: int = 0
    control_port: int = 0
    seed: int = 1
    clock_port: int | None = None


class Simulator:
    """`async with Simulator(clock) as simulator:` and then its addresses, or its `world` directly."""

    def __init__(self, clock: Clock, options: Options | None = None, master: Master | None = None) -> None:
        self.clock = clock
        self.master = master
        self._options = options or Options()
        self._crew = Crew()

    async def __aenter__(self) -> Self:
        options = self._options
        self._listeners = {
            "nets": Listener(self._nets, options.nets_port),
            "provet": Listener(self._provet, options.provet_port),
            "control": Listener(Control(self).app, options.control_port),
        }
        self.world = World(self.clock, options.seed, await self._crew.__aenter__())
        for listener in self._listeners.values():
            await listener.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners.values():
            await listener.close()
        await self._crew.__aexit__(kind, error, trace)

    @property
    def nets_url(self) -> str:
        return self._listeners["nets"].url

    @property
    def provet_url(self) -> str:
        return self._listeners["provet"].url

    @property
    def control_url(self) -> str:
        return self._listeners["control"].url

    async def reset(self, seed: int) -> None:
        """A new world from *seed*; what was going on in the old one, requests included, is cut off."""
        for service in ("nets", "provet"):
            await self._listeners[service].end_requests()
        await self._crew.dismiss()
        self.world = World(self.clock, seed, self._crew)
        for service in ("nets", "provet"):
            await self._listeners[service].start()

    def add_fault(self, rule: FaultRule) -> ActiveFault:
        """Puts a fault in place. Raises ValueError if its id is taken."""
        fault = self.world.faults.add(rule)
        if rule.fault == "down":
            if rule.args.how == "refuse":
                self._listeners[rule.service].stop()
            if rule.args.seconds is not None:
                self._crew.spawn(self._end_outage(fault.id, rule.args.seconds), f"outage {fault.id}")
        return fault

    async def remove_fault(self, fault_id: str) -> None:
        """Takes a fault away. Raises KeyError for an unknown id."""
        rule = self.world.faults.active.pop(fault_id).rule
        still_down = any(
            fault.rule.service == rule.service and fault.rule.fault == "down" and fault.rule.args.how == "refuse"
            for fault in self.world.faults.active.values()
        )
        if not still_down:
            await self._listeners[rule.service].start()

    async def _end_outage(self, fault_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if fault_id in self.world.faults.active:
            await self.remove_fault(fault_id)

    async def _nets(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.world.doors["nets"](scope, receive, send)

    async def _provet(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.world.doors["provet"](scope, receive, send)


Addresses = Mapping[str, str | None]
"""`nets`, `provet`, `control`, `clock`: where each listens; None for what there is not."""


def say(addresses: Addresses) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()


async def serve(
    options: Options, clock: Clock, master: Master | None = None, *, started: Callable[[Addresses], None] = say
) -> None:
    """Runs the simulator until the process is told to end. *started* is called once, when all of it listens."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with Simulator(clock, options, master) as simulator:
        started(
            {
                "nets": simulator.nets_url,
                "provet": simulator.provet_url,
                "control": simulator.control_url,
                "clock": master.address if master else None,
            }
        )
        await ended.wait()


def run(options: Options, *, started: Callable[[Addresses], None] = say) -> None:
    """The process: in real time, or holding virtual time for others if the options give a clock port."""
    if options.clock_port is None:
        clocks.run(lambda clock: serve(options, clock, started=started), clock_address=None, name="simulator")
    else:
        clocks.run_master(
            lambda clock, master: serve(options, clock, master, started=started),
            name="simulator",
            port=options.clock_port,
        )
