"""A socket that answers with given bytes: the shape of one message on the wire, whole or broken."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

Peer = Callable[..., AbstractContextManager[tuple[str, list[bytes]]]]


def question(line: socket.socket) -> bytes:
    """A whole question, with its body. To close with a part unread would reset the line."""
    heard = b""
    while True:
        head, end, body = heard.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= int(length[1] if length else 0):
            return heard
        heard += line.recv(1 << 16)


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    """Gives the socket's path and the questions that came. One connection for each of *answers*, then none.

    With *stays* the last connection is left open and silent until the end.
    """

    @contextmanager
    def run(*answers: bytes, stays: bool = False) -> Iterator[tuple[str, list[bytes]]]:
        path = str(tmp_path / "agent.sock")
        questions: list[bytes] = []
        over = threading.Event()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(path)
            listening.listen()
            listening.settimeout(10)

            def serve() -> None:
                for number, said in enumerate(answers, 1):
                    line, _ = listening.accept()
                    with line:
                        questions.append(question(line))
                        line.sendall(said)
                        if stays and number == len(answers):
                            over.wait(10)

            thread = threading.Thread(target=serve)
            thread.start()
            try:
                yield path, questions
            finally:
                over.set()
                thread.join(10)

    return run
