"""A program that is being loaded makes little rubbish, and what it has loaded stays.

Python looks for rubbish after every so many new objects, and through all that there are: a tenth of a start, and later
pauses of some twenty milliseconds in the middle of a key or of an event. So what is there once all is loaded is left out
for good. The screen puts all of it off until then; the agent does not, as its 60 MiB have no room for that little.

And it is put into large pages: agent and screen rest for seconds and then touch some thousand pages within a moment.
With small ones each is looked up by itself, and on a virtual machine whose host takes resting memory back each is a
fault of its own: at rest large pages save a third of the agent's processor time and nearly half of the screen's.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

SETTLED_S = 2.0
"""So long after a start all is there that a program goes on with."""
LARGE = 2 * 1024 * 1024
"""Bytes of a large page on every processor that a box has."""
COLLAPSE = 25
"""`MADV_COLLAPSE`, of Linux 6.1 and later: these pages become large ones, now."""


def begin() -> None:
    """Call `settle` when all is loaded."""
    gc.disable()


def settle() -> None:
    """From now on rubbish is looked for, among what is new."""
    gc.collect()
    gc.freeze()
    gc.enable()
    with contextlib.suppress(OSError, ValueError, AttributeError, ImportError, MemoryError):
        _enlarge()  # what kernel and library do not have, or do not give, stays as it was


def _enlarge() -> None:
    """Give back what loading needed and nothing does any more; the rest into large pages."""
    import ctypes  # nobody needs it before

    own = ctypes.CDLL(None)
    own.malloc_trim(0)
    advise = own.madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for begin, length in list(_whole_pages()):
        advise(begin, length, COLLAPSE)  # refused where there is no large page left


def _whole_pages() -> Iterator[tuple[int, int]]:
    """The stretches of this process's own memory, cut to whole large pages: address and length. A thread's stack is a
    stretch as well, and the kernel leaves it alone."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            addresses, rights, _, _, inode, *name = line.split(maxsplit=5)
            if rights.startswith("rw") and inode == "0" and (not name or name[0].startswith("[heap]")):
                begin, end = (int(address, 16) for address in addresses.split("-"))
                begin, end = -(-begin // LARGE) * LARGE, end // LARGE * LARGE
                if begin < end:
                    yield begin, end - begin
