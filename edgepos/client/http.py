"""One question, one answer, over the agent's Unix socket: for commands. Blocks; nothing here needs an event loop.

Each question has its own connection: the agent may start again between two of them. A question that moves money takes a
key, made once; asked again with the same key it gives the first answer again, so that a lost answer can be asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from edgepos.client.errors import AgentAway, AgentError, AgentLost
from edgepos.client.paths import socket_path

if TYPE_CHECKING:  # a command that asks nothing does without it
    from http.client import HTTPResponse

ANSWER_S = 30.0
"""Longest wait for an answer: the agent may read an invoice again first, and its own limit for that is shorter."""
WAIT_MAX_S = 60
"""The agent's own limit of `wait_s`."""

__all__ = ["Agent", "AgentAway", "AgentError", "AgentLost", "new_key", "path_of"]


def new_key() -> str:
    """A key for one press of a button: made once, sent again with every repetition of it."""
    from edgepos.chance import SystemChance

    return SystemChance().uuid4()


def path_of(*parts: str) -> str:
    """The path of a resource whose parts may hold any letter: `path_of("invoices", "STH/1")`."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def document_of(status: int, text: bytes, path: str) -> Any:
    """The document in an answer. Raises the refusal that it holds; AgentLost where a good answer was cut."""
    try:
        document = json.loads(text)
    except ValueError as error:
        if status < 400:
            raise AgentLost.of("agent-away", why="lost", socket=path) from error
        document = None
    if status >= 400:
        raise AgentError.answered(status, document)
    return document


class Agent:
    """The agent behind the socket at *path* (found by `socket_path` if not given). *session* is a PIN's.

    *answer_s*: how long `get` waits for an answer, if not as long as usual.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, session: str | None = None, answer_s: float | None = None
    ) -> None:
        self.path = os.fspath(path or socket_path())
        self.session = session
        self._answer_s = ANSWER_S if answer_s is None else answer_s

    def get(self, path: str, /, **query: object) -> Any:
        """The document at *path*. `wait_s` lengthens the wait for the answer by itself. Raises AgentError."""
        waits = query.get("wait_s", 0)
        asked = {name: str(value) for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(asked)}" if asked else path
        with self._asked("GET", target, timeout_s=self._answer_s + (waits if isinstance(waits, int) else 0)) as answer:
            return self._document(answer)

    def post(self, path: str, body: Mapping[str, object] | None = None, /, *, key: str | None = None) -> Any:
        """What *path* answers to *body*. Raises AgentError; AgentLost if it may have been done all the same."""
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        with self._asked("POST", path, json.dumps(body or {}).encode(), headers) as answer:
            return self._document(answer)

    def lines(self, path: str, silence_s: float, /) -> Iterator[bytes]:
        """The answer at *path* line by line as it comes. AgentLost after *silence_s* without a byte, and at its end."""
        with self._asked("GET", path, timeout_s=silence_s) as answer:
            if answer.status >= 400:
                self._document(answer)
            with self._heard(silence_s):
                yield from answer
        raise AgentLost.of("agent-away", why="lost", socket=self.path)

    @contextmanager
    def file(self, path: str, /) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The name and the pieces of the file at *path*. AgentLost, from the pieces, when it breaks off."""
        with self._asked("GET", path) as answer:
            if answer.status >= 400:
                self._document(answer)
            _, _, name = answer.getheader("Content-Disposition", "").partition('filename="')
            yield name.rstrip('"'), self._pieces(answer)

    def _pieces(self, answer: HTTPResponse) -> Iterator[bytes]:
        from http.client import IncompleteRead

        with self._heard(ANSWER_S):
            while piece := answer.read(1 << 16):
                yield piece
            if answer.length:  # more was promised than came, and `read(n)` does not say so
                raise IncompleteRead(b"", answer.length)

    def _document(self, answer: HTTPResponse) -> Any:
        with self._heard(ANSWER_S):
            text = answer.read()
        return document_of(answer.status, text, self.path)

    @contextmanager
    def _asked(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_s: float = ANSWER_S,
    ) -> Iterator[HTTPResponse]:
        from edgepos.client.line import UnixConnection

        connection = UnixConnection(self.path, timeout_s)
        session = {"Edgepos-Session": self.session} if self.session else {}
        try:
            with self._heard(timeout_s):
                connection.connect()
                connection.request(method, "/v1" + target, body, {**(headers or {}), **session})
                answer = connection.getresponse()
            yield answer
        finally:
            connection.close()

    @contextmanager
    def _heard(self, timeout_s: float) -> Iterator[None]:
        """Tells what the line does wrong by our own name for it."""
        from http.client import HTTPException

        try:
            yield
        except TimeoutError as error:
            raise AgentLost.of("agent-away", why="silent", socket=self.path, waited_s=int(timeout_s)) from error
        except (OSError, HTTPException) as error:
            raise AgentLost.of("agent-away", why="lost", socket=self.path) from error
