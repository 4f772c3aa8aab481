"""What an outcome rests on, in words: by the kinds of evidence that the journal keeps. Imports nothing of edgepos.

They stand one behind the other after "proof:", and are of the terminal unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_

WORDS: Mapping[str, str] = {
    "own-reply": N_("the terminal's own answer"),
    "look-up": N_("the terminal's last result, asked for afterwards"),
    "void-slip": N_("a slip that says undone"),
    "fence": N_("nothing new in the terminal's last result"),
    "refusal": N_("the terminal refused it"),
    "never-sent": N_("nothing was sent"),
    "later-session": N_("the session of what came after it"),
    "slip": N_("the terminal's slip"),
}
FACTS: Mapping[str, str] = {"why": N_("because: {word}"), "reported": N_("the terminal reports: {word}")}
"""What stands as `name=value`."""
TWICE = N_("{words}, twice")
