"""What the two clients, for commands and for the screen, make of answers whole and broken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from edgepos.client import aio, http
from edgepos.client.aio import AsyncAgent, Away
from edgepos.client.errors import AgentAway, AgentError, AgentLost
from edgepos.client.events import Event, events
from edgepos.client.http import Agent, path_of

Ask = Callable[..., Awaitable[Any]]
Peer = Callable[..., AbstractContextManager[tuple[str, list[bytes]]]]

REFUSED = b'{"error": {"code": "terminal-in-use", "message": "m", "mend": "n", "facts": {"payment": "E1"}}}'


def answer(status: str, body: bytes, *, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode() + body


async def blocking(path: str, method: str, *arguments: Any, **named: Any) -> Any:
    return await asyncio.to_thread(getattr(Agent(path), method), *arguments, **named)


async def on_a_loop(path: str, method: str, *arguments: Any, **named: Any) -> Any:
    return await getattr(AsyncAgent(path), method)(*arguments, **named)


@pytest.fixture(params=[blocking, on_a_loop], ids=["blocking", "on_a_loop"])
def ask(request: pytest.FixtureRequest) -> Ask:
    asked: Ask = request.param
    return asked


async def test_a_document_and_its_question(peer: Peer, ask: Ask) -> None:
    with peer(answer("200 OK", b'{"payments": []}')) as (path, questions):
        assert await ask(path, "get", "/payments", find="a b", limit=None) == {"payments": []}
    assert questions[0].startswith(b"GET /v1/payments?find=a+b HTTP/1.")


async def test_a_key_travels_with_what_moves_money(peer: Peer, ask: Ask) -> None:
    with peer(answer("201 Created", b'{"id": "E1"}')) as (path, questions):
        assert await ask(path, "post", "/payments", {"amount_minor": 1250}, key="a-key") == {"id": "E1"}
    head, _, body = questions[0].partition(b"\r\n\r\n")
    assert b"idempotency-key: a-key" in head.lower()
    assert body == b'{"amount_minor": 1250}'


async def test_a_refusal_keeps_its_code_its_words_and_its_facts(peer: Peer, ask: Ask) -> None:
    with peer(answer("409 Conflict", REFUSED)) as (path, _), pytest.raises(AgentError) as refused:
        await ask(path, "post", "/payments", {})
    assert (refused.value.code, refused.value.status) == ("terminal-in-use", 409)
    assert (refused.value.message, refused.value.mend, refused.value.facts) == ("m", "n", {"payment": "E1"})


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"error": "x"}', b'{"detail": 1}', b"[1]"])
async def test_a_refusal_in_a_strange_form_is_unexpected(peer: Peer, ask: Ask, body: bytes) -> None:
    with peer(answer("500 No", body)) as (path, _), pytest.raises(AgentError) as refused:
        await ask(path, "get", "/status")
    assert refused.value.code == "unexpected"


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", answer("200 OK", b'{"a": 1', length=900), b"SSH-2.0-OpenSSH\r\n\r\n"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
async def test_a_line_that_breaks_may_have_done_what_was_asked(peer: Peer, ask: Ask, said: bytes) -> None:
    with peer(said) as (path, _), pytest.raises(AgentLost) as lost:
        await ask(path, "post", "/payments", {})
    assert lost.value.code == "agent-away"
    assert "may have been done" in lost.value.message


async def test_where_nobody_listens_nothing_was_done(tmp_path: Path, ask: Ask) -> None:
    with pytest.raises(AgentAway) as away:
        await ask(str(tmp_path / "none.sock"), "get", "/status")
    assert not isinstance(away.value, AgentLost)
    assert "none.sock" in away.value.message


async def test_an_agent_that_says_nothing_is_not_waited_for_for_ever(
    peer: Peer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ANSWER_S", 0.05)
    monkeypatch.setattr(aio, "ANSWER_S", 0.05)
    with peer(b"HTTP/1.1 200 OK\r\n", stays=True) as (path, _), pytest.raises(AgentLost) as lost:
        await ask(path, "get", "/status")
    assert lost.value.facts["why"] == "silent"


def test_any_letter_may_stand_in_an_id() -> None:
    assert path_of("invoices", "STH/1 ä") == "/invoices/STH%2F1%20%C3%A4"


STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    b': keep-alive\n\nevent: view\nid: 7\ndata: {"status": {}}\n\n'
    b'event: payment\nid: 9\nretry: 5\ndata: {"id":\ndata: "E1"}\n\nevent: nothing\n\n'
)
VIEW, PAYMENT = Event("view", {"status": {}}, 7), Event("payment", {"id": "E1"}, 9)


def test_the_stream_gives_whole_events_and_ends_as_lost(peer: Peer) -> None:
    with peer(STREAM) as (path, _):
        stream = events(Agent(path))
        assert [next(stream), next(stream)] == [VIEW, PAYMENT]
        with pytest.raises(AgentLost):
            next(stream)


async def test_whoever_follows_is_told_when_the_line_is_lost_and_gets_it_back(peer: Peer) -> None:
    seen: list[Event | Away] = []
    with peer(STREAM, STREAM) as (path, _):
        async for event in AsyncAgent(path).follow():
            seen.append(event)
            if len(seen) == 5:
                break
    assert [one if isinstance(one, Event) else "away" for one in seen] == [VIEW, PAYMENT, "away", VIEW, PAYMENT]


async def test_a_dead_line_is_noticed_by_its_silence(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "SILENCE_S", 0.05)
    with peer(STREAM, stays=True) as (path, _), pytest.raises(AgentLost) as lost:
        async for _event in AsyncAgent(path).events():
            pass
    assert lost.value.facts["why"] == "silent"
