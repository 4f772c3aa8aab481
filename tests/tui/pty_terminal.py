"""A terminal of its own with a process in it: what a person reads on it, and every byte that it was sent."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence

import pyte

from tui.until import until

SCREEN = ("-m", "edgepos")
FULL_S = 1.5
"""A screen that can write does so within this: it is drawn once a second."""
MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
AS_IT_WAS = {25: True, 1049: False} | dict.fromkeys((1000, 1002, 1003, 1004, 1006, 1015, 2004), False)
"""The cursor is seen, the second screen left; nothing reports mouse, focus or pastes."""


class Terminal:
    """*arguments* are Python's. The process leads a session and has this terminal as its own."""

    def __init__(
        self, environ: Mapping[str, str], arguments: Sequence[str] = SCREEN, size: tuple[int, int] = (80, 24)
    ) -> None:
        self.sent = b""
        """All that the process has written."""
        self._master, self._slave = pty.openpty()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.resize(*size)
        self.lines_settings = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            env=dict(environ), stdin=self._slave, stdout=self._slave, stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # no thread runs here
        )  # fmt: skip

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for end in (self._master, self._slave):
            if end >= 0:
                os.close(end)

    def hang_up(self) -> None:
        """The line is cut: a closed window, a lost SSH connection."""
        for end in (self._slave, self._master):
            os.close(end)
        self._master = self._slave = -1

    # --- what a person does

    def type(self, keys: str | bytes) -> None:
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    # --- what a person sees

    def read(self, limit_s: float) -> bool:
        """What has come, or comes within *limit_s*; whether anything has."""
        line = [self._master] if self._master >= 0 else []
        if not select.select(line, [], [], limit_s)[0]:
            return False
        got = os.read(self._master, 1 << 16)
        self.sent += got
        self._stream.feed(got)
        return True

    def read_all(self, quiet_s: float = 0.3) -> int:
        """Until nothing has come for *quiet_s*; how many bytes came."""
        before = len(self.sent)
        while self.read(quiet_s):
            pass
        return len(self.sent) - before

    def is_waiting(self) -> bool:
        """Whether it has written more than was read, and has stopped writing: its line is full."""
        waiting = self._waiting()
        select.select([], [], [], FULL_S)
        return 0 < waiting == self._waiting()

    def _waiting(self) -> int:
        return int.from_bytes(fcntl.ioctl(self._master, termios.FIONREAD, bytes(4)), sys.byteorder)

    def forget(self) -> None:
        """What stands there is wiped off, as by another program."""
        self.read_all()
        self._screen.reset()

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).replace("\xa0", " ")

    def shows(self, text: str) -> None:
        """Wait until *text* stands there."""
        try:
            until(lambda: text in self.text, text, self.read)
        except AssertionError as error:
            raise AssertionError(f"{error}\nstatus {self.process.poll()}\n{self.text}") from None

    # --- how it ends

    def ends(self) -> int:
        """Wait until it has ended; its status. What it still has to say is read."""
        until(lambda: self.process.poll() is not None, "the process ends", self.read)
        self.read_all(0)
        return self.process.returncode

    @property
    def modes(self) -> list[tuple[int, bool]]:
        """Each private mode that was set (true) or reset, in order."""
        return [
            (int(number), letter == b"h")
            for numbers, letter in MODE.findall(self.sent)
            for number in numbers.split(b";")
        ]

    def is_clean(self) -> bool:
        """Everything about it is as it was before."""
        return (
            AS_IT_WAS.items() <= dict(self.modes).items()
            and self.sent.count(b"\x1b[>") <= self.sent.count(b"\x1b[<u")
            and termios.tcgetattr(self._slave) == self.lines_settings
        )

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self._slave)[3] & termios.ICANON

    def stops(self) -> None:
        """Wait until it has been stopped, as with Ctrl-Z."""
        until(lambda: os.WIFSTOPPED(self._status()), "the process stops", self.read)
        self.read_all(0)

    def _status(self) -> int:
        return os.waitpid(self.process.pid, os.WUNTRACED | os.WNOHANG)[1] or 0


KILLED = -signal.SIGKILL
