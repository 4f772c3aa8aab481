"""The simulated Connect@Cloud in front of the terminals: account, tokens, bodies that it cannot take."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

pytestmark = pytest.mark.virtual_time


async def login(clinic: Clinic, body: Any) -> httpx.Response:
    return await clinic.http.post(f"{clinic.simulator.nets_url}/v1/login", json=body)


async def test_login_names_the_terminals_and_the_token_lives_24_hours(clinic: Clinic) -> None:
    answer = (await login(clinic, {"username": "clinic_demo", "password": "demo-password"})).json()
    assert answer["terminals"] == ["70000001", "70000002", "70000003"]
    claims = answer["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert claims["exp"] - claims["iat"] == 86_400
    await asyncio.sleep(86_399)
    assert (await clinic.nets("GET")).status_code == 200
    await asyncio.sleep(2)
    assert (await clinic.nets("GET")).status_code == 401


@pytest.mark.parametrize("body", [{}, [], "x", {"username": "clinic_demo", "password": "wrong"}, {"username": 1}])
async def test_a_bad_login_is_refused_with_an_error(clinic: Clinic, body: Any) -> None:
    answer = await login(clinic, body)
    assert answer.status_code in (400, 401)
    assert list(answer.json()) == ["error"]


async def test_older_servers_give_the_token_alone(clinic: Clinic) -> None:
    await clinic.control("PUT", "/nets", {"login": "token_only", "token_life_s": 400})
    assert list((await login(clinic, {"username": "clinic_demo", "password": "demo-password"})).json()) == ["token"]


async def test_without_a_token_nothing_happens_at_the_terminal(clinic: Clinic) -> None:
    url = f"{clinic.simulator.nets_url}/v1/terminal/70000001/transaction"
    body = {"transactionType": "purchase", "amount": 100}
    assert (await clinic.http.post(url, json=body)).status_code == 401
    assert (await clinic.http.post(url, json=body, headers={"Authorization": "Bearer x"})).status_code == 401
    assert await clinic.entries() == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "query"])
async def test_the_token_goes_in_the_header_or_the_query(clinic: Clinic, scheme: str) -> None:
    token = (await login(clinic, {"username": "clinic_demo", "password": "demo-password"})).json()["token"]
    query = {"auth_token": token} if scheme == "query" else {}
    headers = {} if query else {"Authorization": f"{scheme} {token}"}
    answer = await clinic.http.get(f"{clinic.simulator.nets_url}/v1/terminal", params=query, headers=headers)
    assert [terminal["terminalId"] for terminal in answer.json()["terminals"]] == ["70000001", "70000002", "70000003"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"transactionType": "purchase", "amount": 0}, "7501"),
        ({"transactionType": "purchase", "amount": -1}, "7501"),
        ({"transactionType": "purchase", "amount": 12.5}, "7501"),
        ({"transactionType": "purchase", "amount": True}, "7501"),
        ({"transactionType": "purchase", "amount": "100"}, "7501"),
        ({"transactionType": "purchaseWithCashback", "amount": 100}, "7501"),
        ({"transactionType": "theft", "amount": 100}, "7503"),
        ({"transactionType": "purchase", "amount": 100, "orderId": "x" * 21}, "7504"),
        ({"transactionType": "purchase", "amount": 100, "orderId": "a b"}, "7504"),
        ([], "7515"),
    ],
)
async def test_a_bad_request_is_400_with_its_code(clinic: Clinic, body: Any, code: str) -> None:
    answer = await clinic.nets("POST", "/transaction", body)
    assert answer.status_code == 400
    assert answer.json()["failure"]["error"].startswith(code)


async def test_the_state_of_an_offline_terminal_has_three_faces(clinic: Clinic) -> None:
    for form, status in (("state", 200), ("8013", 400), ("404", 404)):
        await clinic.set_terminal(connected=False, offline_as=form)
        assert (await clinic.nets("GET")).status_code == status


async def test_a_terminal_of_others_and_an_unknown_action_are_refused(clinic: Clinic) -> None:
    token = (await login(clinic, {"username": "clinic_demo", "password": "demo-password"})).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{clinic.simulator.nets_url}/v1/terminal/79999999"
    assert (await clinic.http.get(url, headers=headers)).status_code == 404
    assert (await clinic.nets("POST", "/administration", {"action": "dance"})).status_code == 400


async def test_the_cash_part_of_a_purchase_is_part_of_the_total(clinic: Clinic) -> None:
    body = {"transactionType": "purchaseWithCashback", "amount": 100, "amountCashback": 50}
    answer = await clinic.nets("POST", "/transaction", body)
    assert answer.json()["result"][0]["localModeEventArgs"]["TotalAmount"] == 150


async def test_the_date_header_follows_the_clouds_clock(clinic: Clinic) -> None:
    assert (await clinic.nets("GET")).headers["date"] == "Wed, 25 Nov 2026 06:00:00 GMT"
    await clinic.control("PUT", "/nets", {"clock_offset_s": 600})
    assert (await clinic.nets("GET")).headers["date"] == "Wed, 25 Nov 2026 06:10:00 GMT"
