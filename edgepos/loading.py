"""A program that is being loaded makes no rubbish to speak of, and what it has loaded stays.

Python looks for rubbish after every so many new objects, and through all that there are: a tenth of a start, and later
pauses of some twenty milliseconds in the middle of a key or of an event. So it is put off until all is loaded, and then
what is there is left out for good.
"""

from __future__ import annotations

import gc

SETTLED_S = 2.0
"""So long after a start all is there that a program goes on with."""


def begin() -> None:
    """Call `settle` when all is loaded."""
    gc.disable()


def settle() -> None:
    """From now on rubbish is looked for, among what is new."""
    gc.collect()
    gc.freeze()
    gc.enable()
