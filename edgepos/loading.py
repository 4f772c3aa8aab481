"""A program that is being loaded makes little rubbish, and what it has loaded stays.

Python looks for rubbish after every so many new objects, and through all that there are: a tenth of a start, and later
pauses of some twenty milliseconds in the middle of a key or of an event. So what is there once all is loaded is left out
for good. The screen puts all of it off until then; the agent does not, as its 60 MiB have no room for that little.
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
