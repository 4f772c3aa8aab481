"""A simulated Connect@Cloud behind a real socket, and the client that speaks with it, in one virtual time."""

from __future__ import annotations

from typing import Any

from edgepos.clock import VirtualClock
from edgepos.connectcloud import ConnectCloud, Times
from edgepos.outbound import Outbound
from edgepos.simulator.faults import FaultArgs, FaultRule
from edgepos.simulator.nets import PASSWORD, USERNAME
from edgepos.simulator.server import Simulator
from edgepos.simulator.terminal import Terminal
from edgepos.simulator.variants import ConnectCloudVariants, Step, TerminalVariants

RECEPTION = "70000001"
REFERENCE = "E7K2M9Q4T1XA3"
TRANSACTION = "/v1/terminal/*/transaction"


class Nets:
    """Both ends of the line: the simulated service, and the client under test."""

    def __init__(self, simulator: Simulator, clock: VirtualClock) -> None:
        self.simulator = simulator
        self.clock = clock
        self._clients: list[ConnectCloud] = []
        self.cloud = self.client()

    @property
    def terminal(self) -> Terminal:
        return self.simulator.world.terminals[RECEPTION]

    def behaves(self, **variants: Any) -> None:
        """The terminal at the reception, with these variants; it needs no first reconciliation."""
        self.terminal.change(TerminalVariants(**{"fresh_refuses": False, **variants}))

    def cloud_behaves(self, **variants: Any) -> None:
        self.simulator.world.nets.variants = ConnectCloudVariants(**variants)

    def cardholder(self, **step: Any) -> None:
        self.terminal.steps.append(Step(**step))

    def fault(self, fault: Any, path: str = "*", *, method: Any = None, times: int | None = 1, **args: Any) -> None:
        rule = FaultRule(service="nets", fault=fault, method=method, path=path, times=times, args=FaultArgs(**args))
        self.simulator.add_fault(rule)

    def moved(self) -> list[tuple[str, int, str]]:
        """What the bank took at the reception: kind, amount, our id."""
        return [
            (entry.kind, entry.amount_minor, entry.order_id)
            for session in self.terminal.ledger.sessions
            for entry in session.entries
        ]

    def calls(self, method: str, path_end: str) -> int:
        """How many requests of that kind the service saw."""
        calls = self.simulator.world.calls
        return sum(call.method == method and call.path.endswith(path_end) for call in calls)

    def client(self, *, password: str = PASSWORD, url: str = "", times: Times | None = None) -> ConnectCloud:
        """Another client of the same account; *url*: of another place than the service."""
        url = url or self.simulator.nets_url
        cloud = ConnectCloud(
            Outbound(url, setting="nets.base_url", clock=self.clock),
            base_url=url,
            username=USERNAME,
            password=lambda: password,
            clock=self.clock,
            times=times or Times(),
        )
        self._clients.append(cloud)
        return cloud

    async def close(self) -> None:
        for cloud in self._clients:
            await cloud.aclose()
