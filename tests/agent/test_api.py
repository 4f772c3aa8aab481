"""The local API: bad input is a sentence, errors are one document, the stream tells the truth first."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from agent_clinic import RECEPTION, Clinic

from edgepos.agent.hub import QUEUE, STATUS_PAUSE_S
from edgepos.client.errors import AgentError

pytestmark = pytest.mark.virtual_time


async def raw(clinic: Clinic, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """One request as anybody could send it."""
    reader, writer = await asyncio.open_unix_connection(str(clinic.socket))
    lines = [f"{method} {path} HTTP/1.1", "Host: edgepos", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(rest)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "terminal-needed"),
        (b"{", "usage"),
        (b"[1]", "usage"),
        (b"\xff\xfe", "usage"),
        (b'{"terminal": 5}', "usage"),
        (b'{"terminal": "NOWHERE", "amount_minor": 1}', "unknown-terminal"),
        (b'{"amount_minor": 100}', "terminal-needed"),
        (b'{"terminal": "RECEPTION"}', "usage"),
        (b'{"terminal": "RECEPTION", "amount_minor": 12.5}', "usage"),
        (b'{"terminal": "RECEPTION", "amount_minor": "1250"}', "usage"),
        (b'{"terminal": "RECEPTION", "amount_minor": true}', "usage"),
        (b'{"terminal": "RECEPTION", "amount_minor": 0}', "amount-form"),
        (b'{"terminal": "RECEPTION", "amount_minor": -1}', "amount-form"),
        (b'{"terminal": "RECEPTION", "amount_minor": 100000000}', "amount-too-large"),
        (b'{"terminal": "RECEPTION", "amount_minor": 2000001}', "amount-too-large"),
        (b'{"terminal": "RECEPTION", "amount_minor": 1e400}', "usage"),
        (b'{"terminal": "RECEPTION", "amount_minor": 100, "currency": "XYZ"}', "currency"),
        (b'{"terminal": "RECEPTION", "amount_minor": 100, "text": "a\\nb"}', "usage"),
        (b'{"terminal": "RECEPTION", "lines": {}}', "usage"),
        (b'{"terminal": "RECEPTION", "lines": [1]}', "usage"),
        (b'{"terminal": "RECEPTION", "lines": [{"invoice": "501"}]}', "usage"),
        (b'{"x": "' + b"y" * 70_000 + b'"}', "usage"),
    ],
)
async def test_a_wrong_form_is_a_sentence_and_starts_nothing(clinic: Clinic, body: bytes, code: str) -> None:
    assert clinic.agent is not None
    before = clinic.agent.parts.journal.head
    status, document = await raw(clinic, "POST", "/v1/payments", body, Idempotency_Key=clinic.chance.uuid4())
    assert (status, document["error"]["code"]) == (404 if code.startswith("unknown-") else 400, code)
    assert document["error"]["message"]
    assert document["error"]["mend"]
    assert clinic.agent.parts.journal.head == before


async def test_without_a_key_of_its_own_no_press_moves_money(clinic: Clinic) -> None:
    body = b'{"terminal": "RECEPTION", "amount_minor": 100}'
    for key in ("", "x", "00000000-0000-1000-8000-000000000000"):
        status, document = await raw(clinic, "POST", "/v1/payments", body, Idempotency_Key=key)
        assert (status, document["error"]["code"]) == (400, "usage")


@pytest.mark.parametrize(
    "path",
    [
        "/payments/nonsense", "/payments/E7K2M9Q4T1XA3", "/payments?limit=x", "/payments?limit=201",
        "/payments?state=paid",
        "/payments/E7K2M9Q4T1XA3?wait_s=61", "/invoices/%00", "/invoices/99999999", "/closings/x", "/nothing",
        "/outbox?state=x", "/match?day=today", "/payments?day=2026-13-45", "/payments?before=nonsense",
    ],
)  # fmt: skip
async def test_a_wrong_question_is_never_a_fault_of_the_agent(clinic: Clinic, path: str) -> None:
    status, document = await raw(clinic, "GET", f"/v1{path}")
    assert status in (200, 400, 404), document
    assert status == 200 or document["error"]["message"]


async def test_the_routes_describe_themselves(clinic: Clinic) -> None:
    described = await clinic.client.get("/openapi.json")
    assert all(one["summary"] for path in described["paths"].values() for one in path.values())


async def test_changes_in_a_burst_are_one_status_behind_them(clinic: Clinic) -> None:
    """A payment is intended and sent at once: its second message must not wait for the picture of all terminals."""
    assert clinic.agent is not None
    hub, clock = clinic.agent.parts.hub, clinic.agent.parts.clock
    await clock.sleep(1)  # what the start has changed is told
    with hub.listening() as listener:
        assert await listener.next() == []
        began = clock.monotonic()
        for _ in range(5):
            hub.touch()
            await clock.sleep(STATUS_PAUSE_S / 10)
        assert [message.name for message in await listener.next()] == ["status"]
        assert clock.monotonic() - began == pytest.approx(STATUS_PAUSE_S)


async def test_the_stream_begins_with_the_whole_view_and_follows_a_payment(clinic: Clinic) -> None:
    heard: list[tuple[str, Any]] = []

    async def listen() -> None:
        async for event in clinic.client.events():
            heard.append((event.name, event.data))

    listening = asyncio.get_running_loop().create_task(listen())
    await clinic.until(lambda: _true(bool(heard)), 5)
    assert heard[0][0] == "view"
    assert set(heard[0][1]) == {"status", "open", "findings"}
    payment = await clinic.begin_plain()
    await clinic.outcome(payment)
    await asyncio.sleep(30)
    states = [data["state"] for name, data in heard if name == "payment" and data["id"] == payment["id"]]
    assert states[-1] == "approved"
    assert "sent" in states
    await clinic.stop()
    await asyncio.wait({listening})
    assert heard[-1][0] == "bye"


async def _true(value: bool) -> bool:
    return value


async def test_a_slow_listener_gets_one_new_view_in_place_of_what_it_missed(clinic: Clinic) -> None:
    assert clinic.agent is not None
    hub = clinic.agent.parts.hub
    with hub.listening() as listener:
        assert await listener.next() == []
        for number in range(QUEUE + 10):
            hub.tell("status", {"n": number})
        assert await listener.next() == []


async def test_a_listener_gets_all_that_waits_in_order_and_at_once(clinic: Clinic) -> None:
    assert clinic.agent is not None
    hub = clinic.agent.parts.hub
    with hub.listening() as listener:
        assert await listener.next() == []
        hub.tell("status", {"n": 1})
        hub.tell("finding", {"open": []})
        assert [message.name for message in await listener.next()] == ["status", "finding"]


async def test_a_slow_listener_hears_the_goodbye_too(clinic: Clinic) -> None:
    assert clinic.agent is not None
    hub = clinic.agent.parts.hub
    with hub.listening() as listener:
        assert await listener.next() == []
        for number in range(QUEUE):
            hub.tell("status", {"n": number})
        hub.tell("bye", {})
        assert await listener.next() == []
        assert [message.name for message in await listener.next()] == ["bye"]


async def test_waiting_for_an_outcome_ends_with_it(clinic: Clinic) -> None:
    payment = await clinic.begin_plain()
    began = clinic.clock.monotonic()
    waited = await clinic.client.get(f"/payments/{payment['id']}", wait_s=60)
    assert waited["state"] == "approved"
    assert clinic.clock.monotonic() - began < 20


async def test_waiting_in_vain_ends_in_time(clinic: Clinic) -> None:
    await clinic.variant(cardholder="absent")
    payment = await clinic.begin_plain()
    began = clinic.clock.monotonic()
    waited = await clinic.client.get(f"/payments/{payment['id']}", wait_s=10)
    assert waited["state"] == "sent"
    assert 10 <= clinic.clock.monotonic() - began < 12


async def test_the_status_says_what_each_terminal_is_and_why(clinic: Clinic) -> None:
    await clinic.variant(connected=False)
    await asyncio.sleep(200)
    status = await clinic.client.get("/status")
    shown = {one["id"]: one for one in status["terminals"]}
    assert shown[RECEPTION]["state"] == "not_reached"
    assert shown[RECEPTION]["mend"]
    assert {one["state"] for id, one in shown.items() if id != RECEPTION} == {"reconcile_first"}  # they are new
    assert status["services"]["nets"]["state"] == "ok"


async def test_with_nothing_set_up_the_agent_still_answers(unstarted: Clinic) -> None:
    for name in ("organisation.toml", "location.toml"):
        (unstarted.folder / "config" / name).unlink()
    await unstarted.start()
    status = await unstarted.client.get("/status")
    assert {one["state"] for one in status["services"].values()} == {"not_set_up"}
    assert status["terminals"] == []
    with pytest.raises(AgentError) as refused:
        await unstarted.client.get("/invoices")
    assert refused.value.status == 503


async def test_a_clock_before_this_program_refuses_payments_by_that_name(unstarted: Clinic) -> None:
    """FC-22."""
    loop = asyncio.get_running_loop()
    loop._timekeeper.station.wall_offset_s = -30 * 86_400  # type: ignore[attr-defined]
    await unstarted.start()
    status = await unstarted.client.get("/status")
    assert status["services"]["nets"]["state"] == "clock_wrong"
    with pytest.raises(AgentError) as refused:
        await unstarted.begin_plain()
    assert refused.value.code == "clock-wrong"
    loop._timekeeper.station.wall_offset_s = 0.0  # type: ignore[attr-defined]
    await asyncio.sleep(60)
    assert (await unstarted.pay())["state"] == "approved"


async def test_below_the_reserve_no_payment_begins(unstarted: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """FC-26: early, and with that reason."""
    monkeypatch.setenv("EDGEPOS_LIMITS__DISK_RESERVE_MB", "999999999")
    await unstarted.start()
    with pytest.raises(AgentError) as refused:
        await unstarted.begin_plain()
    assert refused.value.code == "disk-low"
    assert (await unstarted.client.get("/payments"))["payments"] == []


async def test_technicians_have_their_own_questions(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await clinic.client.get("/verify"))["ok"] is True
    assert (await clinic.client.post("/sql", {"query": "SELECT COUNT(*) AS n FROM event"}))["columns"] == ["n"]
    assert any(one["key"] == "nets.username" for one in (await clinic.client.get("/settings"))["settings"])
    assert "demo-password" not in json.dumps(await clinic.client.get("/settings"))
    assert (await clinic.client.get("/doctor"))["checks"]

    from edgepos.agent.peers import Peer, Role

    monkeypatch.setattr(Peer, "role", property(lambda peer: Role.STAFF))
    for path in ("/verify", "/settings", "/log", "/backup"):
        with pytest.raises(AgentError) as refused:
            await clinic.client.get(path)
        assert (refused.value.code, refused.value.status) == ("pin-needed", 403)
    monkeypatch.setattr(Peer, "role", property(lambda peer: Role.NOBODY))
    with pytest.raises(AgentError) as refused:
        await clinic.client.get("/status")
    assert (refused.value.code, refused.value.status) == ("not-allowed", 403)
