"""A fact that the program takes for granted, what was found of it, and the report of all.

Values only: nothing here asks anybody anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """*answers*: each way in which it can be, in a sentence. *assumed*: the one that the program counts on."""

    id: str
    section: str
    """Where the protocol's description has it."""
    question: str
    assumed: str
    answers: Mapping[str, str]
    kept: str
    """Where the program keeps it, or lives with it."""
    otherwise: str
    """What the program does, or what somebody has to change, where it is not as assumed."""
    how: str
    """How it is tried."""


class Value(NamedTuple):
    """What a trial gives: the id of a fact, one of its answers, and what it was seen by."""

    fact: str
    value: str
    seen: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is so: one of the fact's answers, or NOT_TRIED; *seen* is what it was seen by."""

    fact: Fact
    value: str
    seen: Mapping[str, object] = field(default_factory=dict)
    why: str = ""
    """Why it was not tried."""

    @property
    def verdict(self) -> str:
        if self.value == NOT_TRIED:
            return NOT_TRIED
        return "as_assumed" if self.value == self.fact.assumed else "otherwise"

    @property
    def sentence(self) -> str:
        return self.why if self.value == NOT_TRIED else self.fact.answers.get(self.value, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    service: str
    account: str
    began_at: str
    ended_at: str
    version: str
    found: Sequence[Found]
    to_ask: Sequence[str]
    """What no trial can tell, only the service itself."""

    @property
    def document(self) -> dict[str, Any]:
        counts = dict.fromkeys(("as_assumed", "otherwise", NOT_TRIED), 0)
        for one in self.found:
            counts[one.verdict] += 1
        return {
            "service": self.service,
            "account": self.account,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
            "version": self.version,
            "counts": counts,
            "facts": [
                {
                    "id": one.fact.id,
                    "section": one.fact.section,
                    "question": one.fact.question,
                    "assumed": one.fact.assumed,
                    "found": one.value,
                    "verdict": one.verdict,
                    "sentence": one.sentence,
                    "otherwise": one.fact.otherwise if one.verdict == "otherwise" else "",
                    "kept": one.fact.kept,
                    "seen": dict(one.seen),
                }
                for one in self.found
            ],
            "to_ask": list(self.to_ask),
        }

    @property
    def markdown(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterable[str]:
        yield f"# Pilot with {self.service}"
        yield ""
        yield f"Test account {self.account}, {self.began_at} to {self.ended_at}, edgepos {self.version}."
        for verdict, title in (
            ("otherwise", "Not as assumed"), (NOT_TRIED, "Not tried"), ("as_assumed", "As assumed"),
        ):  # fmt: skip
            found = [one for one in self.found if one.verdict == verdict]
            if not found:
                continue
            yield from ("", f"## {title} ({len(found)})")
            for one in found:
                yield from ("", f"### {one.fact.id}: {one.fact.question}", "", one.sentence)
                if verdict == "otherwise":
                    assumed = one.fact.answers.get(one.fact.assumed, one.fact.assumed)
                    yield from ("", f"Assumed was: {assumed}", "", f"What follows: {one.fact.otherwise}")
                yield from ("", f"Kept in `{one.fact.kept}`; protocol {one.fact.section}.")
                if one.seen:
                    yield ""
                    yield from (f"* {name}: `{value}`" for name, value in one.seen.items())
        if self.to_ask:
            yield from ("", f"## To be asked of {self.service}", "")
            yield from (f"* {question}" for question in self.to_ask)


def table(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {fact.id: fact for fact in facts}
