"""Real sockets under the simulated services: listening, refusing, cutting and resetting connections.

uvicorn's protocol is used without its `Server`, whose tick of 0.1 s would make virtual time crawl. Each request's scope
carries the connection's transport, so that a fault can close it for real. While a service is down its port stays
bound by a socket that never listens: connections are refused, and nobody else can take the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEEP_ALIVE_S = 75
TRANSPORT = "edgepos.transport"


def _is_a_fault(record: logging.LogRecord) -> bool:
    """A request that is cut off when the simulator ends or starts anew is none; uvicorn logs it as if it were."""
    return record.exc_info is None or record.exc_info[0] is not asyncio.CancelledError


logging.getLogger("uvicorn.error").addFilter(_is_a_fault)


class _Protocol(H11Protocol):
    """Hands the transport to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport


class Listener:
    """One service on one loopback port. `stop` and `start` may be called any number of times.

    Raises OSError at once if the port is in use.
    """

    def __init__(self, app: App, port: int) -> None:
        self._config = uvicorn.Config(
            app,
            http=_Protocol,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._config.load()
        if port:
            socket.create_server(("127.0.0.1", port)).close()  # OSError if somebody listens: SO_REUSEPORT would share
        self._keeper = _bound(port)
        self.port: int = self._keeper.getsockname()[1]
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._connection, sock=_bound(self.port))

    def stop(self) -> None:
        """Refuses connections from now on and cuts those that are open; what they asked for goes on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._state.connections):
            connection.transport.abort()

    async def close(self) -> None:
        """Stops for good and ends the requests that still wait."""
        self.stop()
        self._keeper.close()
        await self.end_requests()

    async def end_requests(self) -> None:
        """Cuts every connection and ends what waits for an answer on it."""
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connection(self) -> asyncio.Protocol:
        return _Protocol(config=self._config, server_state=self._state, app_state={})


def _bound(port: int) -> socket.socket:
    # The protocol must be named: asyncio sets TCP_NODELAY only then, and what the kernel holds back is not seen as
    # being in flight, so that virtual time would jump over it.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock


def hang_up(scope: Scope, *, reset: bool = False) -> None:
    """Closes the connection of a request; *reset* with RST rather than FIN."""
    transport: asyncio.Transport = scope[TRANSPORT]
    sock = transport.get_extra_info("socket")
    if reset and sock is not None:
        with contextlib.suppress(OSError):  # the client was faster
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


async def gone(receive: Receive) -> None:
    """Returns when the connection is closed, by either side."""
    while (await receive())["type"] != "http.disconnect":
        pass


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")
