"""The form of an entry in the tables of sentences."""

from __future__ import annotations

from dataclasses import dataclass


def N_(text: str) -> str:
    """Marks *text* for the catalogue; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Entry:
    """Sentences, the most telling first. The last of `what` and of `mend` needs no facts; `why` may be left out."""

    what: tuple[str, ...]
    why: tuple[str, ...]
    mend: tuple[str, ...]


def entry(what: str | tuple[str, ...], why: str | tuple[str, ...], mend: str | tuple[str, ...]) -> Entry:
    """An entry; a single sentence stands for a tuple of one."""

    def each(part: str | tuple[str, ...]) -> tuple[str, ...]:
        return (part,) if isinstance(part, str) else part

    return Entry(each(what), each(why), each(mend))
