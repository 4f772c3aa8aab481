"""The thread that reads keys."""

from __future__ import annotations

import os
import pty

from edgepos.tui.driver import Driver


def test_a_line_that_has_no_key_after_all_is_not_gone() -> None:
    """A terminal that is shared may be non-blocking: then a read that finds nothing is no hang-up."""
    ours, line = pty.openpty()
    os.set_blocking(line, False)
    driver = Driver.__new__(Driver)
    driver.fileno = line
    assert driver._typed() is None
    os.write(ours, b"x\n")
    assert driver._typed() == b"x\n"
    os.close(ours)
    assert driver._typed() == b"", "gone"
    os.close(line)
