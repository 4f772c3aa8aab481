"""One wish to move money: a key made once, sent again with every repetition until there is an answer.

However often a line breaks, the agent does it once. Only a refusal by the agent itself ends a press without a payment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from edgepos.client.aio import RECONNECT_S, AgentLost, AsyncAgent, new_key

TRIES = 8


class Press:
    """*path* and *body* are fixed with the key: another amount or terminal is another press."""

    def __init__(self, agent: AsyncAgent, path: str, body: Mapping[str, object] | None = None) -> None:
        self._agent = agent
        self._path = path
        self._body = dict(body or {})
        self._key = new_key()
        self.may_be_done = False
        """The question left at least once and no answer came: it must be asked again, and nothing else."""

    async def send(self, agent: AsyncAgent | None = None) -> dict[str, Any]:
        """The payment that it began. Raises AgentError; while `may_be_done`, send again later, not anew.

        *agent* asks with another session than the one that made the press.
        """
        asked = agent or self._agent
        for tried in range(TRIES):
            try:
                payment: dict[str, Any] = await asked.post(self._path, self._body, key=self._key)
            except AgentLost:
                self.may_be_done = True
                if tried == TRIES - 1:
                    raise
                await asyncio.sleep(RECONNECT_S[min(tried, len(RECONNECT_S) - 1)])
                continue
            self.may_be_done = False
            return payment
        raise AssertionError("the last try returns or raises")
