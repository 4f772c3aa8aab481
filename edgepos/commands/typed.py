"""What a person types while a command runs: a PIN, a yes. From a terminal without showing it, else a line of stdin."""

from __future__ import annotations

import sys

from edgepos.client import AgentError
from edgepos.commands.output import tell


def secret(prompt: str) -> str:
    """A PIN, not shown and not kept in the shell's history."""
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(prompt, sys.stderr)
    return sys.stdin.readline().strip()


def confirm(sentence: str) -> None:
    """Asks a person to confirm *sentence*; anything but `yes` leaves all as it is. Raises AgentError."""
    tell(sentence)
    tell("Is that so? Type yes:")
    if sys.stdin.readline().strip().casefold() != "yes":
        raise AgentError("not-confirmed", "Not confirmed: nothing was changed.", "Without a terminal, add --yes.")
