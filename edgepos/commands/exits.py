"""The exit statuses, and which code ends with which: the one place that knows."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    """Done: what was asked for is so."""
    FAILED = 1
    """Failed, declined or refused: nothing moved, or not as asked."""
    USAGE = 2
    """The question is wrong; asking it again unchanged is pointless."""
    NOT_REACHED = 3
    """The agent or a service cannot be reached; nothing was sent."""
    UNKNOWN = 4
    """It was sent, and its outcome is not known yet."""
    JOURNAL_NEWER = 65
    """Only `agent`: the journal is newer than the program. systemd does not start it again."""
    HUNG_UP = 129
    """Only the screen: its terminal is gone (SIGHUP)."""
    TERMINATED = 143
    """Only the screen: it was told to end (SIGTERM)."""
    SETTINGS = 78
    """Only `agent`: the settings are wrong. systemd does not start it again."""


_WRONG = frozenset({
    "usage", "amount-form", "amount-ambiguous", "amount-too-large", "currency", "terminal-needed", "terminal-type",
    "settings",
})  # fmt: skip
_AWAY = frozenset({"agent-away", "nets-away", "practice-away", "terminal-away", "sign-in-page", "credentials"})


def exit_of(code: str) -> Exit:
    """The exit status of a command that ends with *code*. What the table does not have is a failure."""
    if code == "unknown":
        return Exit.UNKNOWN
    if code in _WRONG or code.startswith("unknown-"):
        return Exit.USAGE
    return Exit.NOT_REACHED if code in _AWAY else Exit.FAILED
