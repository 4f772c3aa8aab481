"""The text on the terminals' own displays, live: the WebSocket of connectcloud.md §1.4 and §2.7, read only.

A comfort and nothing else: staff see "INSERT CARD" where the terminal shows it. No result is taken from here, no
command is sent here, everything works without it, and whether texts reach the socket at all while REST holds the
payment is not known (§8.12). So whatever goes wrong is waited out and tried again, for ever, and raises nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module

from edgepos.clock import Clock
from edgepos.connectcloud.reading import Fields, field_text
from edgepos.domain.errors import NotReached
from edgepos.domain.identifiers import TERMINAL

log = logging.getLogger(__name__)

PING_S = 20.0
"""[C] The cloud is said to close a line that is silent for about a minute."""
PONG_S = 5.0
"""A line without an answer to a ping is dead: noticed after PING_S + PONG_S, well within a minute."""
OPEN_S = 10.0
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
LARGEST_FRAME = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayText:
    """What a terminal shows now, in its own language, on one line. *text_id*: its number where there is one."""

    terminal: str
    text: str
    text_id: str = ""


class LiveTexts:
    """The one socket of the account; it carries all its terminals."""

    def __init__(
        self,
        base_url: str,
        *,
        token: Callable[[], Awaitable[str]],
        reject: Callable[[str], None],
        clock: Clock,
        uniform: Callable[[float, float], float],
    ) -> None:
        """*token* gives a usable one or raises NotReached; *reject* hears of one that was refused."""
        self._url = "ws" + base_url.removeprefix("http").rstrip("/") + "/ws/json"
        self._token = token
        self._reject = reject
        self._clock = clock
        self._uniform = uniform

    async def texts(self) -> AsyncIterator[DisplayText]:
        """All texts from now on. Those that pass while the line is away are lost. Ends only by being closed."""
        # A start does not wait for this library, nor does anybody whom the loop answers meanwhile.
        await asyncio.to_thread(import_module, "websockets.asyncio.client")
        from websockets.exceptions import WebSocketException

        wait_s = FIRST_WAIT_S
        while True:
            opened = self._clock.monotonic()
            try:
                async for text in self._one_line():
                    yield text
                cause = "closed"
            except (OSError, TimeoutError, WebSocketException, NotReached) as lost:
                cause = type(lost).__name__
            if self._clock.monotonic() - opened >= LONGEST_WAIT_S:
                wait_s = FIRST_WAIT_S
            log.debug("live texts away", extra={"service": "nets", "cause": cause, "wait_s": wait_s})
            await self._clock.sleep(self._uniform(wait_s / 2, wait_s))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _one_line(self) -> AsyncIterator[DisplayText]:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus

        token = await self._token()
        try:
            async with connect(
                self._url,
                additional_headers={"Authorization": f"bearer {token}"},  # lower case: `Bearer` was answered 400 [R]
                proxy=None,
                open_timeout=OPEN_S,
                ping_interval=PING_S,
                ping_timeout=PONG_S,
                close_timeout=1,
                max_size=LARGEST_FRAME,
                max_queue=64,
            ) as line:
                async for frame in line:
                    if (text := display_text(frame)) is not None:
                        yield text
        except InvalidStatus as refused:
            if refused.response.status_code == 401:
                self._reject(token)
            raise


def display_text(frame: str | bytes) -> DisplayText | None:
    """The text that a frame brings, binary or not; None for every other event and for anything unreadable."""
    try:
        event = Fields(json.loads(frame)).object("NetsResponse")
    except (ValueError, RecursionError):
        return None
    shown = event.object("Dfs13DisplayText")
    terminal = event.object("MessageHeader").object("$").digits(8, "TerminalID")
    text = shown.value("_")
    if not TERMINAL.fullmatch(terminal) or not isinstance(text, str):
        return None
    return DisplayText(
        terminal=terminal, text=" ".join(field_text(text, 200).split()), text_id=shown.object("$").text("TextID")
    )
