"""The WebSocket of the simulated Connect@Cloud: what the terminal shows, while REST carries the payment."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

pytestmark = pytest.mark.virtual_time


async def token(clinic: Clinic) -> str:
    body = {"username": "clinic_demo", "password": "demo-password"}
    return str((await clinic.http.post(f"{clinic.simulator.nets_url}/v1/login", json=body)).json()["token"])


def url(clinic: Clinic) -> str:
    return clinic.simulator.nets_url.replace("http", "ws") + "/ws/json"


async def socket(clinic: Clinic) -> ClientConnection:
    return await connect(url(clinic), additional_headers={"Authorization": f"bearer {await token(clinic)}"})


async def events(line: ClientConnection, until: str) -> list[tuple[str, Any]]:
    """What comes, up to the first event named *until*."""
    seen: list[tuple[str, Any]] = []
    while not seen or seen[-1][0] != until:
        frame = await line.recv()
        assert isinstance(frame, bytes)
        message = json.loads(frame)["NetsResponse"]
        seen += [(name, body) for name, body in message.items() if name != "MessageHeader"]
    return seen


async def command(line: ClientConnection, name: str, body: dict[str, str], terminal: str = "70000001") -> None:
    head = {"$": {"ECRID": "EDGE-1", "TerminalID": terminal, "VersionNumber": "1"}}
    await line.send(json.dumps({"NetsRequest": {"MessageHeader": head, name: body}}))


async def test_the_display_can_be_followed_while_rest_holds_the_payment(clinic: Clinic) -> None:
    line = await socket(clinic)
    await clinic.steps("chip", "pin")
    async with line, asyncio.TaskGroup() as group:
        group.create_task(clinic.purchase(4200))
        seen = await events(line, "Dfs13TerminalReady")
    texts = [body["$"]["TextID"] for name, body in seen if name == "Dfs13DisplayText"]
    assert texts == ["1011", "1", "1004", "0"]
    assert [name for name, _ in seen[-3:]] == ["Dfs13PrintText", "Dfs13LocalMode", "Dfs13TerminalReady"]
    assert (seen[-2][1]["Result"], seen[-2][1]["TotalAmount"]) == ("0", "4200")


async def test_a_payment_by_socket_reaches_the_bank_and_is_read_again_by_12605(clinic: Clinic) -> None:
    async with await socket(clinic) as line:
        await command(line, "Open", {})
        assert await events(line, "Dfs13TerminalReady")
        await command(line, "Open", {})
        assert (await events(line, "MethodRejected"))[-1][1]["Code"] == "7102"
        await command(line, "Dfs13TransferAmount", {"TransactionType": "48", "OperId": "0000", "Amount1": "700"})
        await events(line, "Dfs13TerminalReady")
        await asyncio.sleep(3)
        await command(line, "Dfs13Administration", {"AdmCode": "12605"})
        assert (await events(line, "Dfs13LastFinancialResult"))[-1][1]["TotalAmount"] == "700"
    assert [(entry["origin"], entry["amount_minor"]) for entry in await clinic.entries()] == [("ws", 700)]


async def test_what_cannot_be_done_is_rejected_by_name(clinic: Clinic) -> None:
    async with await socket(clinic) as line:
        await line.send("<xml/>")
        assert (await events(line, "Dfs13Error"))[-1][1]["ErrorCode"] == 9001
        await command(line, "Open", {}, terminal="79999999")
        assert (await events(line, "Dfs13Error"))[-1][1]["ErrorCode"] == 8013
        await command(line, "Dfs13TransferAmount", {"TransactionType": "48", "OperId": "1", "Amount1": "700"})
        assert (await events(line, "MethodRejected"))[-1][1]["Code"] == "7506"


async def test_only_the_lower_case_bearer_of_a_known_token_gets_in(clinic: Clinic) -> None:
    for header, status in ((f"Bearer {await token(clinic)}", 400), ("bearer nonsense", 401), ("", 401)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(clinic), additional_headers={"Authorization": header})
        assert refused.value.response.status_code == status
    async with connect(f"{url(clinic)}/?auth_token={await token(clinic)}"):
        pass


async def test_a_closed_socket_loses_the_result_and_harms_nobody(clinic: Clinic) -> None:
    line = await socket(clinic)
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(clinic.purchase())
        await asyncio.sleep(1)
        line.transport.abort()
    assert payment.result().status_code == 201
    assert clinic.terminal.listeners == []
