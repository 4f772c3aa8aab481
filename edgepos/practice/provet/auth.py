"""The access token of the organisation's API user: fetched when first needed, renewed at 80 % of its life.

Its life is counted from the moment it was asked for, on the clock that only runs forward. Whoever needs a token while
one is being fetched waits for that one. Token and secret stand in no log, no repr, no address.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from edgepos.clock import Clock
from edgepos.domain.errors import NotReached

log = logging.getLogger(__name__)

RENEW_AT = 0.8
RETRY_RENEWAL_S = 15.0
"""While the old token is good: how long a failed renewal is not repeated."""


@dataclass(frozen=True, slots=True)
class Token:
    text: str = field(repr=False)
    life_s: float


class Auth:
    """The present token."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]], clock: Clock) -> None:
        """*fetch* asks for a token once; raises Temporary or Configuration."""
        self._fetch, self._clock = fetch, clock
        self._token: Token | None = None
        self._since = 0.0
        self._renew_from = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good now. Raises what *fetch* raises, if there is none."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._token is None or now - self._since >= self._token.life_s:
                self._token = None
                return await self._renew()
            if now - self._since >= RENEW_AT * self._token.life_s and now >= self._renew_from:
                self._renew_from = now + RETRY_RENEWAL_S
                try:
                    return await self._renew()
                except NotReached as failure:  # the old one still serves
                    log.warning(
                        "token not renewed", extra={"service": "practice", "cause": str(failure.facts.get("why"))}
                    )
            return self._token.text

    def reject(self, token: str) -> None:
        """The service did not take *token*: it is not used again. A newer one stays."""
        if self._token is not None and self._token.text == token:
            self._token = None

    async def _renew(self) -> str:
        asked_at = self._clock.monotonic()
        self._token = await self._fetch()
        self._since, self._renew_from = asked_at, 0.0
        log.info("token fetched", extra={"service": "practice"})
        return self._token.text
