"""The live texts: read as they come, and never missed by anybody when they stay away."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator

import pytest

from edgepos.connectcloud.live import DisplayText, LiveTexts, display_text

from .nets import RECEPTION, REFERENCE, Nets


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def frame(event: object, terminal: object = RECEPTION, name: str = "Dfs13DisplayText") -> str:
    header = {"$": {"ECRID": "EDGE-1", "TerminalID": terminal, "VersionNumber": 1}}
    return json.dumps({"NetsResponse": {"MessageHeader": header, name: event}})


SHOWN = {"$": {"Source": "1", "TextID": "1004"}, "_": "KÖP\rVÄNTA\r"}


@pytest.mark.parametrize(
    ("came", "text"),
    [
        (frame(SHOWN), DisplayText(terminal=RECEPTION, text="KÖP VÄNTA", text_id="1004")),
        (frame(SHOWN).encode(), DisplayText(terminal=RECEPTION, text="KÖP VÄNTA", text_id="1004")),
        (frame(SHOWN, 70000001), DisplayText(terminal=RECEPTION, text="KÖP VÄNTA", text_id="1004")),
        (frame({"_": "CARD 4111111111111111"}), DisplayText(terminal=RECEPTION, text="CARD ************1111")),
        (frame({"$": {}, "_": "\r"}), DisplayText(terminal=RECEPTION, text="")),
        (frame({"$": {"TextID": 1011}}), None),
        (frame(SHOWN, "../x"), None),
        (frame({}, name="Dfs13TerminalReady"), None),
        (frame({"Result": "0"}, name="Dfs13LocalMode"), None),
        ("", None),
        ("{", None),
        (b"\xff\xfe\xfd", None),
        ("[" * 100_000, None),
        ("null", None),
        ('{"NetsResponse": [1]}', None),
    ],
)
def test_a_frame_is_a_text_of_a_terminal_or_nothing(came: str | bytes, text: DisplayText | None) -> None:
    assert display_text(came) == text


@contextlib.asynccontextmanager
async def listening(nets: Nets) -> AsyncIterator[asyncio.Queue[DisplayText]]:
    """The texts as they come, in a queue."""
    heard: asyncio.Queue[DisplayText] = asyncio.Queue()

    async def listen() -> None:
        async with contextlib.aclosing(nets.cloud.live_texts(middle).texts()) as texts:
            async for text in texts:
                heard.put_nowait(text)

    async with asyncio.TaskGroup() as group:
        listener = group.create_task(listen())
        await asyncio.sleep(2)
        yield heard
        listener.cancel()


@pytest.mark.virtual_time
async def test_what_the_terminal_shows_during_a_payment_is_heard(nets: Nets) -> None:
    async with listening(nets) as heard:
        await nets.cloud.purchase(RECEPTION, 5_000, REFERENCE)
        async with asyncio.timeout(5):
            first = await heard.get()
    assert (first.terminal, first.text_id) == (RECEPTION, "1011")


@pytest.mark.virtual_time
async def test_the_stream_comes_back_after_an_outage(nets: Nets) -> None:
    async with listening(nets) as heard:
        nets.fault("down", seconds=300.0)
        await asyncio.sleep(400)
        await nets.cloud.purchase(RECEPTION, 5_000, REFERENCE)
        async with asyncio.timeout(5):
            assert (await heard.get()).terminal == RECEPTION


@pytest.mark.virtual_time
async def test_a_refused_token_costs_one_login(nets: Nets) -> None:
    await nets.cloud.login()
    nets.simulator.world.nets.revoke_tokens()
    async with listening(nets) as heard:
        await nets.cloud.purchase(RECEPTION, 5_000, REFERENCE)
        async with asyncio.timeout(5):
            assert (await heard.get()).terminal == RECEPTION
    assert nets.calls("POST", "/login") == 2


@pytest.mark.virtual_time
async def test_fc18_a_line_that_is_open_and_silent_is_left_within_a_minute(nets: Nets) -> None:
    opened: list[float] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes the handshake, and from then on not even a ping is answered."""
        opened.append(nets.clock.monotonic())
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = re.search(r"Sec-WebSocket-Key: (\S+)", asked)
        assert key is not None
        assert "bearer " in asked
        accept = base64.b64encode(hashlib.sha1(f"{key[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                pass
        writer.close()

    async def token() -> str:
        return "opaque"

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    live = LiveTexts(f"http://127.0.0.1:{port}", token=token, reject=print, clock=nets.clock, uniform=middle)

    async def listen() -> None:
        async for _ in live.texts():
            pass

    async with server, asyncio.TaskGroup() as group:
        listener = group.create_task(listen())
        await asyncio.sleep(60)
        listener.cancel()
    assert len(opened) >= 2
    assert opened[1] - opened[0] < 60
