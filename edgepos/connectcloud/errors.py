"""What stood in the way of a question to Nets.

    NotReached            (domain)
    └── CloudDown         nothing was sent, or a question has no answer: `nets-away`, `sign-in-page`, `credentials`
    LookUpFailed          the cloud answered, the terminal's last result was not in it: proves nothing
    ├── TerminalBusy      it works on something
    └── TerminalOffline   the cloud has no line to it, or it is not of the account

None of them says anything about money: calls that move it give their outcome back as a value.
"""

from __future__ import annotations

from edgepos.domain.errors import NotReached


class CloudDown(NotReached):
    """Nets itself could not be asked. *why* is a short word or a status; *hint* says more where more is known."""

    def __init__(self, code: str, *, why: str = "", hint: str = "") -> None:
        facts = {name: value for name, value in (("why", why), ("hint", hint)) if value}
        super().__init__(code, service="nets", **facts)
        self._why, self._hint = why, hint

    def again(self) -> CloudDown:
        """The same for another caller: a raised error belongs to the one that it was raised to."""
        return CloudDown(self.code, why=self._why, hint=self._hint)


class LookUpFailed(Exception):
    """The terminal's last result could not be had. *error*: the cloud's words, *codes*: those found in them."""

    def __init__(self, error: str = "", codes: frozenset[int] = frozenset()) -> None:
        super().__init__(error)
        self.error, self.codes = error, codes


class TerminalBusy(LookUpFailed):
    """7100, 7104, or plain words for it."""


class TerminalOffline(LookUpFailed):
    """8013 or 404."""
