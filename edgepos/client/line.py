"""HTTP to a Unix socket. A module of its own: what loads it costs more than all the rest of `edgepos pay --help`."""

from __future__ import annotations

import http.client
import socket

from edgepos.client.errors import CONNECT_S, away


class UnixConnection(http.client.HTTPConnection):
    """Raises AgentAway where nobody listens at *path*."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("edgepos", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(CONNECT_S)
            line.connect(self._path)
            line.settimeout(self.timeout)
        except OSError as error:
            line.close()
            raise away(self._path, error) from error
        self.sock = line
