"""A simulated clinic for one test: the simulator on the test's virtual loop, and raw HTTP to its three services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from edgepos.clock import VirtualLoop
from edgepos.simulator.server import Simulator
from edgepos.simulator.terminal import Terminal

RECEPTION = "70000001"


class Clinic:
    """Speaks HTTP to the three services; signs in by itself."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient) -> None:
        self.simulator = simulator
        self.http = http
        self.clock = simulator.clock
        self._nets_token = ""
        self._provet_token = ""

    @property
    def terminal(self) -> Terminal:
        return self.simulator.world.terminals[RECEPTION]

    @property
    def api(self) -> str:
        return f"{self.simulator.provet_url}/1234/api/0.1"

    async def sign_in(self) -> None:
        login = await self.http.post(
            f"{self.simulator.nets_url}/v1/login", json={"username": "clinic_demo", "password": "demo-password"}
        )
        self._nets_token = login.json()["token"]
        token = await self.http.post(
            f"{self.simulator.provet_url}/1234/oauth2/token/",
            data={"grant_type": "client_credentials"},
            auth=("edgepos-demo-client", "edgepos-demo-secret"),
        )
        self._provet_token = token.json()["access_token"]

    async def nets(self, method: str, path: str = "", body: Any = None, *, timeout_s: float = 600) -> httpx.Response:
        """A request about RECEPTION."""
        return await self.http.request(
            method,
            f"{self.simulator.nets_url}/v1/terminal/{RECEPTION}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._nets_token}"},
            timeout=timeout_s,
        )

    async def provet(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._provet_token}"}
        return await self.http.request(method, f"{self.api}{path}", json=body, headers=headers)

    async def control(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """An answer of the control service, whose status must be *status*."""
        answer = await self.http.request(method, f"{self.simulator.control_url}{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def set_terminal(self, **variants: Any) -> None:
        await self.control("PUT", f"/terminals/{RECEPTION}", variants)

    async def steps(self, *steps: Any) -> None:
        await self.control("POST", f"/terminals/{RECEPTION}/cardholder", {"steps": steps})

    async def fault(self, service: str, fault: str, **more: Any) -> str:
        return str((await self.control("POST", "/faults", {"service": service, "fault": fault, **more}))["id"])

    async def purchase(self, amount: int = 12500, order: str = "E7K2M9Q4T1XA3", **more: Any) -> httpx.Response:
        body = {"transactionType": "purchase", "amount": amount, "orderId": order}
        return await self.nets("POST", "/transaction", body, **more)

    async def look_up(self) -> httpx.Response:
        return await self.nets("GET", "/transaction")

    async def reconcile(self) -> httpx.Response:
        return await self.nets("POST", "/administration", {"action": "reconciliation"})

    async def cancel(self) -> httpx.Response:
        return await self.nets("POST", "/administration", {"action": "cancelAction"})

    async def book(self, invoice: int = 502, paid: float = 100.0, info: str = "E7K2M9Q4T1XA3.1") -> httpx.Response:
        body = {"invoice": f"{self.api}/invoice/{invoice}/", "payment_type": 0, "paid": paid, "status": 3, "info": info}
        return await self.provet("POST", "/invoicepayment/", body)

    async def entries(self) -> list[dict[str, Any]]:
        """What the bank has of RECEPTION, over all sessions."""
        truth = await self.control("GET", "/truth")
        return [entry for session in truth["terminals"][RECEPTION]["sessions"] for entry in session["entries"]]

    async def bookings(self, info: str) -> list[dict[str, Any]]:
        return [b for b in (await self.control("GET", "/truth"))["bookings"] if info in b["info"]]


@pytest_asyncio.fixture
async def fresh_clinic() -> AsyncIterator[Clinic]:
    """As on the first morning: the terminals have never been reconciled."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    async with Simulator(loop.clock) as simulator, httpx.AsyncClient(timeout=600, verify=False) as http:
        clinic = Clinic(simulator, http)
        await clinic.sign_in()
        yield clinic


@pytest_asyncio.fixture
async def clinic(fresh_clinic: Clinic) -> Clinic:
    """A clinic whose terminals take payments."""
    await fresh_clinic.set_terminal(fresh_refuses=False)
    return fresh_clinic
