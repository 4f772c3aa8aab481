"""The login at Connect@Cloud and the life of its token: connectcloud.md §1.3.

The token's life is counted from the monotonic time of the login; the wall clock has no say. Whoever finds no usable
token logs in, and all who wait meanwhile share that login and its outcome: a wrong password is tried once, not once
for each terminal. The token and the password are never logged and stand in no repr.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from edgepos.clock import Clock
from edgepos.connectcloud.errors import CloudDown
from edgepos.connectcloud.wire import Login

log = logging.getLogger(__name__)

FRESH_S = 30.0
"""A token this young is not renewed for being short-lived: the next would be no longer."""


class Session:
    """The present token of the account."""

    def __init__(self, log_in: Callable[[], Awaitable[Login]], clock: Clock) -> None:
        """*log_in* asks the cloud for a token once and raises CloudDown."""
        self._log_in = log_in
        self._clock = clock
        self._login: Login | None = None
        self._since = 0.0
        self._lock = asyncio.Lock()
        self._asked = 0
        self._failure: CloudDown | None = None

    async def login(self) -> Login:
        """A login now, or the outcome of the one that is under way. Raises CloudDown."""
        asked = self._asked
        async with self._lock:
            if self._asked == asked:  # nobody's login has ended while we waited
                await self._ask()
            if self._failure is not None:
                raise self._failure.again()
            if self._login is None:  # refused already, in the moment since
                raise CloudDown("nets-away", why="401")
            return self._login

    async def token(self, seconds_left: float = 0.0) -> str:
        """A token that outlives *seconds_left*, as far as any does. Raises CloudDown."""
        if self._login is None or not self._outlives(self._login, seconds_left):
            return (await self.login()).token
        return self._login.token

    def reject(self, token: str) -> None:
        """The cloud did not take *token*: it is not used again. A newer one stays."""
        if self._login is not None and self._login.token == token:
            self._login = None

    def _outlives(self, login: Login, seconds_left: float) -> bool:
        age = self._clock.monotonic() - self._since
        return login.life_s - age > (0.0 if age < FRESH_S else seconds_left)

    async def _ask(self) -> None:
        since = self._clock.monotonic()
        try:
            login = await self._log_in()
        except CloudDown as failure:
            self._failure = failure
        else:
            self._failure, self._login, self._since = None, login, since
            log.info("logged in", extra={"service": "nets"})
        self._asked += 1
