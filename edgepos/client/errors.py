"""What a client raises: the agent's own refusals, and that the agent does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONNECT_S = 2.0
"""A live agent accepts at once; a stopped one (SIGSTOP, dead disk) fills its queue."""


class AgentError(Exception):
    """A refusal, with the agent's code, sentences and facts. *status* is HTTP's, 0 where no answer came."""

    def __init__(
        self, code: str, message: str, mend: str, facts: Mapping[str, Any] | None = None, status: int = 0
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.mend = mend
        self.facts: Mapping[str, Any] = facts or {}
        self.status = status

    def __str__(self) -> str:
        return f"{self.message} {self.mend}".strip()

    @classmethod
    def of(cls, code: str, status: int = 0, /, **facts: object) -> AgentError:
        """The refusal *code* with the sentences that this program has for it."""
        from edgepos.locale.messages import render

        said = render(code, facts)
        return cls(code, said.message, said.mend, facts, status)

    @classmethod
    def answered(cls, status: int, document: object) -> AgentError:
        """The refusal in an answer's body. A body without one is `unexpected`: our agent's code did not write it."""
        error = document.get("error") if isinstance(document, Mapping) else None
        if not isinstance(error, Mapping) or not isinstance(error.get("code"), str):
            return cls.of("unexpected", status, reference=f"HTTP {status}")
        facts = error.get("facts")
        return cls(
            error["code"],
            str(error.get("message", "")),
            str(error.get("mend", "")),
            facts if isinstance(facts, Mapping) else {},
            status,
        )


class AgentAway(AgentError):
    """Nobody answers. Nothing was done, unless the line was lost after the question had left (`AgentLost`)."""


class AgentLost(AgentAway):
    """The line broke, or stayed silent, after the question had left: what was asked for may have been done."""


def away(path: str, error: OSError) -> AgentError:
    """Why nobody could be asked at *path*."""
    if isinstance(error, PermissionError):
        return AgentError.of("not-allowed", needed="edgepos-users", role="none")
    why = {"why": "silent", "waited_s": int(CONNECT_S)} if isinstance(error, (TimeoutError, BlockingIOError)) else {}
    return AgentAway.of("agent-away", socket=path, **why)
