"""The control service: what it scripts, what it refuses, and that nothing is half applied."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

pytestmark = pytest.mark.virtual_time

TERMINAL = "/terminals/70000001"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", TERMINAL, {"nonsense": 1}, 400),
        ("PUT", TERMINAL, {"card_wait_s": "long"}, 400),
        ("PUT", TERMINAL, {"card_wait_s": -1}, 400),
        ("PUT", TERMINAL, {"close_at": "25:00"}, 400),
        ("PUT", TERMINAL, [], 400),
        ("PUT", "/terminals/1", {}, 404),
        ("POST", f"{TERMINAL}/cardholder", {"steps": ["dance"]}, 400),
        ("POST", f"{TERMINAL}/cardholder", {}, 400),
        ("POST", f"{TERMINAL}/keypad_sale", {"amount_minor": 0}, 400),
        ("POST", f"{TERMINAL}/menu", {}, 400),
        ("POST", "/faults", {"service": "nets", "fault": "dance"}, 400),
        ("DELETE", "/faults/none", None, 404),
        ("PUT", "/practice", {"lock_date": "soon"}, 400),
        ("POST", "/practice/invoices", {}, 400),
        ("POST", "/practice/invoices", {"total_minor": 100, "client": 5}, 404),
        ("PATCH", "/practice/invoices/0", {}, 404),
        ("POST", "/practice/bookings", {"invoice": 0, "paid_minor": 1}, 404),
        ("POST", "/practice/bookings", {"invoice": 506, "paid_minor": 1}, 409),
        ("DELETE", "/practice/bookings/0", None, 404),
        ("POST", "/reset", {"seed": "x"}, 400),
        ("POST", "/clock", {"advance_s": 1}, 409),
        ("GET", "/nonsense", None, 404),
        ("DELETE", "/truth", None, 405),
    ],
)
async def test_bad_input_gets_a_sentence(clinic: Clinic, method: str, path: str, body: Any, status: int) -> None:
    before = await clinic.control("GET", "/truth")
    answer = await clinic.control(method, path, body, status=status)
    assert isinstance(answer["error"], str)
    assert await clinic.control("GET", "/truth") == before


async def test_a_body_that_is_no_json_gets_a_sentence(clinic: Clinic) -> None:
    for text in (b"{", b"\xff\xfe", b'{"steps": [' * 5000):
        answer = await clinic.http.put(f"{clinic.simulator.control_url}{TERMINAL}", content=text)
        assert answer.status_code == 400
        assert "error" in answer.json()


async def test_variants_not_named_stay_as_they_are(clinic: Clinic) -> None:
    await clinic.set_terminal(country="fi", tip_minor=5)
    await clinic.set_terminal(tip_minor=6)
    variants = (await clinic.control("GET", TERMINAL))["variants"]
    assert (variants["country"], variants["tip_minor"], variants["fresh_refuses"]) == ("fi", 6, False)


async def test_steps_can_be_queued_and_forgotten(clinic: Clinic) -> None:
    await clinic.steps("tap", {"do": "chip", "after_s": 1})
    assert [step["do"] for step in (await clinic.control("GET", TERMINAL))["steps"]] == ["tap", "chip"]
    assert (await clinic.control("DELETE", f"{TERMINAL}/cardholder"))["steps"] == []


async def test_a_reset_gives_the_same_world_again_and_cuts_what_runs(clinic: Clinic) -> None:
    first = await clinic.control("GET", "/truth")
    await clinic.fault("nets", "down")
    await clinic.book()
    await clinic.control("POST", "/reset", {"seed": 1})
    assert await clinic.control("GET", "/truth") == first
    assert (await clinic.control("GET", "/calls"))["calls"] == []
    await clinic.sign_in()
    await clinic.control("POST", "/reset", {"seed": 2})
    assert await clinic.control("GET", "/truth") != first


async def test_people_work_in_the_practice_system_too(clinic: Clinic) -> None:
    made = await clinic.control("POST", "/practice/invoices", {"total_minor": 8000, "insurer_minor": 3000})
    assert (made["number"], made["client_due_minor"]) == ("STH-22001", 5000)
    booking = await clinic.control("POST", "/practice/bookings", {"invoice": made["id"], "paid_minor": 5000})
    assert booking["by_hand"] is True
    await clinic.control("DELETE", f"/practice/bookings/{booking['id']}")
    changed = await clinic.control("PATCH", f"/practice/invoices/{made['id']}", {"status": 99, "add_minor": 100})
    assert (changed["status"], changed["total_minor"], changed["client_due_minor"]) == (99, 8100, 5100)
    assert (await clinic.book(made["id"], 1.0)).status_code == 400


async def test_the_terminal_closes_its_session_on_demand(clinic: Clinic) -> None:
    session = (await clinic.control("GET", TERMINAL))["session"]
    closed = await clinic.control("POST", f"{TERMINAL}/close_session")
    assert closed["closed"] == session
    assert closed["session"] != session
    (first, second) = (await clinic.control("GET", "/truth"))["terminals"]["70000001"]["sessions"]
    assert (first["closed_by"], second["closed_by"]) == ("terminal", None)


async def test_the_openapi_page_describes_every_route_and_the_index_lists_it(clinic: Clinic) -> None:
    page = await clinic.control("GET", "/openapi.json")
    index = (await clinic.http.get(clinic.simulator.control_url)).text
    for path, methods in page["paths"].items():
        assert path in index
        assert all(operation["summary"] for operation in methods.values())
    assert "card_wait_s" in page["components"]["schemas"]["TerminalVariants"]["properties"]


async def test_text_that_is_none_cannot_break_the_log_of_calls(clinic: Clinic) -> None:
    url = f"{clinic.simulator.nets_url}/v1/login"
    for text in (b'{"username": "\\ud800"}', b'{"a": NaN, "b": 1e999}', b"\xff", b"[" * 100_000):
        await clinic.http.post(url, content=text)
    assert len((await clinic.control("GET", "/calls"))["calls"]) == 6


async def test_a_busy_day_passes_in_virtual_time(clinic: Clinic) -> None:
    taken = 0
    for at in range(50):
        taken += (await clinic.purchase(100 + at)).status_code == 201
        await asyncio.sleep(600)
    assert taken == 50
    assert len(await clinic.entries()) == 50
