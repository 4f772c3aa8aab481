"""Faults have real effects on the line, and it is known which of them let the request be carried out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

pytestmark = pytest.mark.virtual_time

POSTS = {"method": "POST", "path": "*/invoicepayment/"}


async def booked(clinic: Clinic) -> int:
    return len(await clinic.bookings("E7K2M9Q4T1XA3"))


@pytest.mark.parametrize(
    ("fault", "error", "carried"),
    [
        ("drop_before", httpx.RemoteProtocolError, 0),
        ("drop_after", httpx.RemoteProtocolError, 1),
        ("cut_body", httpx.RemoteProtocolError, 1),
        ("reset", httpx.ReadError, 1),
    ],
)
async def test_cut_lines(clinic: Clinic, fault: str, error: type[Exception], carried: int) -> None:
    await clinic.fault("provet", fault, **POSTS)
    with pytest.raises(error):
        await clinic.book()
    assert await booked(clinic) == carried
    assert (await clinic.book()).status_code == 201


@pytest.mark.parametrize(
    ("fault", "args", "status", "body", "carried"),
    [
        ("status", {"status": 500}, 500, "", 0),
        ("status", {"status": 502, "body": "<html>Bad gateway</html>", "carried": True}, 502, "<html>", 1),
        ("html", {}, 200, "Please sign in", 0),
        ("redirect", {}, 302, "", 0),
        ("511", {}, 511, "Please sign in", 0),
        ("cut_json", {}, 201, '{"url"', 1),
        ("wrong_type", {}, 201, '"unexpected"', 1),
        ("empty", {}, 200, "", 1),
        ("duplicate", {}, 201, '"id":9004', 2),
        ("retry_after", {"retry_after": "Wed, 25 Nov 2026 06:01:00 GMT"}, 429, "detail", 0),
        ("401_executed", {}, 401, "", 1),
        ("token_revoked", {}, 401, "detail", 0),
        ("down", {"how": "503"}, 503, "<html>", 0),
    ],
)
async def test_wrong_answers(
    clinic: Clinic, *, fault: str, args: dict[str, object], status: int, body: str, carried: int
) -> None:
    await clinic.fault("provet", fault, args=args, **POSTS)
    answer = await clinic.book()
    assert answer.status_code == status
    assert body in answer.text
    assert await booked(clinic) == carried


async def test_hang_and_late_hold_the_answer_until_the_client_gives_up(clinic: Clinic) -> None:
    clinic.http.timeout = httpx.Timeout(30)
    await clinic.fault("provet", "late", args={"commit_after_s": 40}, **POSTS)
    with pytest.raises(httpx.ReadTimeout):
        await clinic.book()
    await asyncio.sleep(39)
    assert await booked(clinic) == 0
    await asyncio.sleep(2)
    assert await booked(clinic) == 1
    await clinic.fault("provet", "hang", args={"carried": True}, **POSTS)
    with pytest.raises(httpx.ReadTimeout):
        await clinic.book()
    assert await booked(clinic) == 2


async def test_the_gateway_gives_up_at_60_s_and_the_payment_goes_on(clinic: Clinic) -> None:
    await clinic.steps({"do": "tap", "after_s": 90})
    await clinic.fault("nets", "504_at_60s", method="POST", path="*/transaction")
    begun = clinic.clock.monotonic()
    assert (await clinic.purchase()).status_code == 504
    assert clinic.clock.monotonic() - begun == pytest.approx(60)
    await asyncio.sleep(40)
    assert (await clinic.look_up()).json()["result"]["orderId"] == "E7K2M9Q4T1XA3"


async def test_nth_and_times_choose_the_requests(clinic: Clinic) -> None:
    await clinic.fault("nets", "status", method="GET", path="/v1/terminal/*", nth=2, times=2)
    statuses = [(await clinic.nets("GET")).status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    (shown,) = (await clinic.control("GET", "/faults"))["faults"]
    assert (shown["seen"], shown["hit"]) == (5, 2)


async def test_a_service_that_is_down_refuses_connections_and_comes_back(clinic: Clinic) -> None:
    fault = await clinic.fault("provet", "down")
    with pytest.raises(httpx.ConnectError):
        await clinic.book()
    assert (await clinic.nets("GET")).status_code == 200
    await clinic.control("DELETE", f"/faults/{fault}")
    assert (await clinic.book()).status_code == 201
    await clinic.fault("provet", "down", args={"seconds": 600})
    await asyncio.sleep(599)
    with pytest.raises(httpx.ConnectError):
        await clinic.book()
    await asyncio.sleep(2)
    assert (await clinic.book()).status_code == 201


async def test_the_cloud_going_down_does_not_stop_a_payment(clinic: Clinic) -> None:
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(asyncio.wait_for(_fails(clinic), 100))
        await asyncio.sleep(1)
        fault = await clinic.fault("nets", "down")
    assert payment.result()
    await asyncio.sleep(10)
    await clinic.control("DELETE", f"/faults/{fault}")
    assert (await clinic.look_up()).json()["result"]["orderId"] == "E7K2M9Q4T1XA3"


async def _fails(clinic: Clinic) -> bool:
    with pytest.raises(httpx.TransportError):
        await clinic.purchase()
    return True


async def test_every_request_is_written_down_without_secrets(clinic: Clinic) -> None:
    await clinic.book()
    calls = (await clinic.control("GET", "/calls"))["calls"]
    assert [(call["method"], call["path"], call["status"]) for call in calls] == [
        ("POST", "/v1/login", 200),
        ("POST", "/1234/oauth2/token/", 200),
        ("POST", "/1234/api/0.1/invoicepayment/", 201),
    ]
    assert calls[0]["body"] == {"username": "clinic_demo", "password": "***"}
    assert calls[2]["body"]["paid"] == 100.0
    assert "demo-password" not in str(calls)
    assert "edgepos-demo-secret" not in str(calls)
