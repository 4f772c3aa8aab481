"""What edgepos refuses or cannot do, as a code and facts; the sentences are made where they are shown.

    EdgeposError          anything that a person or a program may be told
    ├── Wrong             the question itself is wrong: nothing was done, asking again unchanged is pointless (status 2)
    ├── Refused           the question is fine, the situation is not: nothing was sent (status 1)
    ├── NotReached        the agent or a service could not be asked: nothing was sent (status 3)
    └── OutcomeUnknown    it was sent and nobody knows yet what became of it (status 4)

Codes are those of the table in the contracts (`invoice-open`, `amount-form`, …); `edgepos.locale.messages` has the
sentence and the mend of each. Facts are plain JSON values that the sentence or a program needs: ids, amounts in minor
units, times. No fact is a person's name, a card number or a secret.
"""

from __future__ import annotations


class EdgeposError(Exception):
    """A refusal with a stable code and its facts. Never raised itself."""

    def __init__(self, code: str, /, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code} ({said})" if said else self.code


class Wrong(EdgeposError):
    """The question is wrong in itself: a form, an unknown id, an amount that cannot be."""


class Refused(EdgeposError):
    """Nothing was sent, because of something that stands in the way now."""


class NotReached(EdgeposError):
    """A service, or the agent, could not be asked."""


class OutcomeUnknown(EdgeposError):
    """Something was sent and its outcome is not known yet."""
