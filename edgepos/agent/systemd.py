"""What systemd is told: ready, how it stands, that it lives, that a recovery takes longer.

"Lives" means that the loops move, not that a thread can still send a word: each loop that must never stand still beats
by its name, and the watchdog is fed only if all have beaten since the last time. Without systemd nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Mapping

from edgepos.clock import Clock

FEED_AT_LEAST_S = 10.0
"""The watchdog is fed this often or oftener, so that no unit may ask for less than twice this."""
BEAT_LIMIT_S = 60.0
"""A loop that has not come round for this long stands still. The slowest rests 15 s and waits 30 s for answers."""


class Supervisor:
    def __init__(self, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        self._address = environ.get("NOTIFY_SOCKET", "")
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_s: float | None = int(usec) / 1e6 if usec.isdecimal() else None
        self._beats: dict[str, float] = {}

    def ready(self) -> None:
        self._say("READY=1")

    def status(self, text: str) -> None:
        self._say(f"STATUS={text}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def extend(self, seconds: float) -> None:
        """Starting takes longer, and is getting on."""
        self._say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def beat(self, loop: str) -> None:
        """The loop named *loop* has come round."""
        self._beats[loop] = self._clock.monotonic()

    def standing_still(self) -> list[str]:
        """The loops that have not come round for too long."""
        now = self._clock.monotonic()
        return sorted(name for name, at in self._beats.items() if now - at > BEAT_LIMIT_S)

    async def run(self, probe: Callable[[], Awaitable[object]]) -> None:
        """Feed the watchdog as long as every loop moves and *probe*, a question to the journal, is answered."""
        rest = min((self.watchdog_s or 30.0) / 3, FEED_AT_LEAST_S)
        while True:
            await probe()
            if self.watchdog_s and not self.standing_still():
                self._say("WATCHDOG=1")
            await self._clock.sleep(rest)

    def _say(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            try:
                line.connect(address)
                line.send(message.encode())
            except OSError:
                return  # systemd itself starts again; nobody else could be told
