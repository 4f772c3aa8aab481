"""The talk between `edgepos setup`, or a pilot, and a person: one question at a time on stderr, one line as its answer.

From a terminal or from a pipe alike. Where nobody is to be asked, `Silent` gives the default of each question, and None
for what only a person could have seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from edgepos.client import AgentError
from edgepos.commands.output import tell
from edgepos.commands.typed import secret

TRIES = 5
"""After so many answers that cannot be meant, something else than a person is answering."""
YES, NO = frozenset({"y", "yes"}), frozenset({"n", "no"})


class Talk(Protocol):
    """Questions and their answers."""

    def ask(self, question: str, default: str = "", check: Callable[[str], str | None] = lambda text: None) -> str:
        """A line; *check* says what is wrong with one, or None."""

    def secret(self, question: str, *, is_there: bool) -> str | None:
        """A secret, not shown; None to keep the one that *is_there*."""

    def yes(self, question: str, default: bool | None = None) -> bool | None:
        """Yes or no; None where nobody can say."""

    def choose(self, question: str, choices: Sequence[tuple[str, str]], default: str = "") -> str:
        """One of *choices*, each a key and what it means."""


class Person:
    """Somebody who answers on stdin. Raises AgentError `not-confirmed` where the answers end too early.

    *again* is the command with which to go on, or to begin anew.
    """

    def __init__(self, again: str) -> None:
        self._again = again

    def ask(self, question: str, default: str = "", check: Callable[[str], str | None] = lambda text: None) -> str:
        for _ in range(TRIES):
            answer = self._line(f"{question} [{default}]:" if default else f"{question}:") or default
            wrong = "It needs an answer." if not answer and not default and check("") else check(answer)
            if wrong is None:
                return answer
            tell(f"  {wrong}")
        raise self._no_answer(question)

    def secret(self, question: str, *, is_there: bool) -> str | None:
        keep = " (Enter keeps the stored one)" if is_there else ""
        for _ in range(TRIES):
            answer = secret(f"{question}{keep}: ")
            if answer or is_there:
                return answer or None
            tell("  It needs an answer.")
        raise self._no_answer(question)

    def yes(self, question: str, default: bool | None = None) -> bool | None:
        hint = {True: "yes", False: "no", None: "yes, no or ?"}[default]
        for _ in range(TRIES):
            answer = self._line(f"{question} [{hint}]:").casefold()
            if answer in YES:
                return True
            if answer in NO:
                return False
            if not answer or answer == "?":
                return default
            tell("  Type yes or no.")
        return default

    def choose(self, question: str, choices: Sequence[tuple[str, str]], default: str = "") -> str:
        for key, meaning in choices:
            tell(f"  {key:<12}{meaning}".rstrip())
        known = {key.casefold(): key for key, _ in choices}
        by_number = {str(at): key for at, (key, _) in enumerate(choices, 1)} if len(choices) < 10 else {}

        def check(text: str) -> str | None:
            is_known = text.casefold() in known or text in by_number
            return None if is_known else f"One of: {', '.join(key for key, _ in choices)}"

        answer = self.ask(question, default, check)
        return known.get(answer.casefold()) or by_number[answer]

    def _no_answer(self, question: str) -> AgentError:
        return AgentError("usage", f"No answer fits: {question}", f"Start again: {self._again}")

    def _line(self, prompt: str) -> str:
        sys.stderr.write(f"{prompt} ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            tell("")
        if not line:
            mend = f"What was done is kept. Go on with: {self._again}"
            raise AgentError("not-confirmed", f"The answers end before: {prompt}", mend)
        return line.strip()


class Silent:
    """Nobody."""

    def ask(self, question: str, default: str = "", check: Callable[[str], str | None] = lambda text: None) -> str:
        return default

    def secret(self, question: str, *, is_there: bool) -> str | None:
        return None

    def yes(self, question: str, default: bool | None = None) -> bool | None:
        return default

    def choose(self, question: str, choices: Sequence[tuple[str, str]], default: str = "") -> str:
        return default
