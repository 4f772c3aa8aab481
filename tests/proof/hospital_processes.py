"""The processes of the hospital's week that are not the agent: its simulator, and the screens that watch.

`python -m tests.proof.hospital_processes simulator N` is the simulator with N terminals, holding virtual time;
`… screens SOCKET N` follows the agent's stream N times, and answers each line on stdin with a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from edgepos.client.aio import AsyncAgent, Away

FIRST_TERMINAL = 70_000_001


def simulate(terminals: int) -> None:
    """The simulator's process."""
    from edgepos.simulator import world
    from edgepos.simulator.server import Options, run

    world.TERMINALS = tuple(  # type: ignore[assignment]
        (str(FIRST_TERMINAL + number), f"PLACE {number + 1}", "Desk3500") for number in range(terminals)
    )
    run(Options(clock_port=0))


class Screen:
    """What one screen knows: the newest status, and the payments that are not at their end."""

    def __init__(self) -> None:
        self.is_connected = False
        self.messages = 0
        self.status: dict[str, Any] = {}
        self.open: dict[str, str] = {}

    async def follow(self, path: str) -> None:
        async for event in AsyncAgent(path).follow():
            self.is_connected = not isinstance(event, Away)
            if isinstance(event, Away):
                continue
            self.messages += 1
            if event.name == "view":
                self.status = event.data["status"]
                self.open = {payment["id"]: payment["state"] for payment in event.data["open"]}
            elif event.name == "status":
                self.status = event.data
            elif event.name == "payment":
                self._heard(event.data)

    def _heard(self, payment: dict[str, Any]) -> None:
        if payment["state"] in ("intended", "sent", "unknown"):
            self.open[payment["id"]] = payment["state"]
        else:
            self.open.pop(payment["id"], None)

    @property
    def shown(self) -> dict[str, Any]:
        """What must be the same on every screen."""
        return {"today": self.status.get("today"), "outbox": self.status.get("outbox"), "open": sorted(self.open)}


async def watch(path: str, count: int) -> None:
    """*count* screens until stdin ends."""
    screens = [Screen() for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(screen.follow(path)) for screen in screens]
        while await asyncio.to_thread(sys.stdin.readline):
            resident = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line)
            said = {
                "connected": sum(screen.is_connected for screen in screens),
                "messages": sum(screen.messages for screen in screens),
                "resident_kib": int(resident.split()[1]),
                "shown": [screen.shown for screen in screens],
            }
            print(json.dumps(said), flush=True)  # noqa: T201  that is its answer
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    if sys.argv[1] == "simulator":
        simulate(int(sys.argv[2]))
    else:
        asyncio.run(watch(sys.argv[2], int(sys.argv[3])))
