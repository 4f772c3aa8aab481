"""Textual's driver of a terminal, but for three things.

A process that is continued without having been stopped goes on. Textual would take the terminal a second time, with two
threads that read the keys. systemd continues what it ends, and anybody may.

Keys are waited for, and not looked for ten times a second: a kiosk rests for most of its life, and those looks were
five sixths of what woke it.

What is written is as short as it can be for the same picture: the line may be a slow one.

It relies on some private names of Textual's; tests with a real terminal hold them.
"""

from __future__ import annotations

import codecs
import os
import select
from functools import cached_property
from typing import Any, cast

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from edgepos.tui.wire import spare, wipes

ESCAPE_S = 0.12
"""After so long without another byte Escape was a key, and not the beginning of one: a little more than the parser
itself waits (`textual.constants.ESCAPE_DELAY`)."""
AT_ONCE = 4_096
"""So many bytes are read in one go."""


class Driver(LinuxDriver):
    def _sigcont_application(self, *_: object) -> None:
        if self._must_signal_resume:
            super()._sigcont_application()

    def start_application_mode(self) -> None:
        """Take the terminal, or take it again: whatever stands there is not ours."""
        cast(Any, self._app).shown.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def write(self, data: str) -> None:
        super().write(spare(data, may_wipe=self._may_wipe))

    @cached_property
    def _may_wipe(self) -> bool:
        return wipes(self.fileno)

    @cached_property
    def _end(self) -> int:
        """What the thread that reads waits for beside the keys: a counter of the kernel's, readable when it is not 0."""
        return os.eventfd(0)

    def disable_input(self) -> None:
        """End the thread that reads. It may be called again and again, and another thread may be begun."""
        os.eventfd_write(self._end, 1)
        super().disable_input()
        os.eventfd_read(self._end)

    def _typed(self) -> bytes | None:
        """Nothing (b"") where the terminal is gone; None where it has no key to give after all."""
        try:
            return os.read(self.fileno, AT_ONCE)
        except BlockingIOError:  # whoever shares the line has made it so, and was quicker
            return None
        except OSError:
            return b""

    def run_input_thread(self) -> None:
        """Read keys until `disable_input`; wake for nothing else but the end of an Escape that nothing follows."""
        parser = XTermParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        waiting, pause = [self.fileno, self._end], None
        while True:
            ready, _, _ = select.select(waiting, [], [], pause)
            if self._end in ready:
                return
            pause = None
            if ready:
                typed = self._typed()
                if typed is None:
                    continue
                if not typed:
                    waiting.remove(self.fileno)
                    self._loop.call_soon_threadsafe(cast(Any, self._app).hung_up)
                if text := decode(typed):  # of a letter in two bytes one may come first
                    for message in parser.feed(text):
                        self.process_message(message)
                pause = ESCAPE_S
            for message in parser.tick():
                self.process_message(message)
