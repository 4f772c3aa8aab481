"""Textual's driver of a terminal, but for one thing: a process that is continued without having been stopped goes on.

Textual would take the terminal a second time, with two threads that read the keys. systemd continues what it ends, and
anybody may. It relies on two private names of the driver; tests with a real terminal hold them.
"""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver


class Driver(LinuxDriver):
    def _sigcont_application(self, *_: object) -> None:
        if self._must_signal_resume:
            super()._sigcont_application()
