"""The sentences for what edgepos refuses or cannot do: code and facts in, what happened, why and what to do out.

One table for the agent, the screen, the command line and the log, so that a refusal reads the same everywhere. It may
rely on nothing but the facts that it is given, and it must never raise: a sentence whose facts are missing gives way to
the next, plainer one of its tuple. English stands here and is the key of the translations.

A code may have a sharper entry for one `why` fact: `amount-form:zero` is looked up before `amount-form`.

Facts are made readable before they are filled in: `amount_minor` with `currency` is also `{amount}` (and so for every
`…_minor`), `{typed_terminal}` is the terminal as a shell wants it, a point in time is shortened, a list is joined, and a
program's word (`timeout`, `draft`) gets its own.
"""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgepos.locale.checks import CHECKS
from edgepos.locale.entry import Entry
from edgepos.locale.facts import WORDS
from edgepos.locale.matters import MATTERS
from edgepos.locale.refusals import REFUSALS
from edgepos.locale.steps import STEPS

Translate = Callable[[str], str]
ShowMoney = Callable[[int, str], str]
ShowMoment = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Message:
    """What happened and why, in plain sentences, and what to do about it."""

    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.message} {self.mend}".strip()


ENTRIES: Mapping[str, Entry] = {**MATTERS, **CHECKS, **STEPS, **REFUSALS}


def plain_money(minor: int, currency: str) -> str:
    """`12.50 SEK`, for logs and programs. Whoever knows the clinic's number form hands in its own."""
    if currency == "ISK":  # the one clinic currency without minor units
        return f"{minor} {currency}"
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02} {currency}"


def plain_moment(text: str) -> str:
    """`2026-11-25 14:32 UTC` of a point in time as the journal writes it."""
    return f"{text[:10]} {text[11:16]} UTC"


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def render(
    code: str,
    facts: Mapping[str, object],
    translate: Translate = str,
    *,
    money: ShowMoney = plain_money,
    moment: ShowMoment = plain_moment,
) -> Message:
    """The sentences of *code* with *facts* in them. Never raises; an unknown code is `unexpected`, and named."""
    entry = ENTRIES.get(f"{code}:{facts.get('why')}") or ENTRIES.get(code)
    if entry is None:
        entry, facts = ENTRIES["unexpected"], {"reference": code, **facts}
    shown = _readable(facts, translate, money, moment)
    what, why, mend = (_fill(part, shown, translate) for part in (entry.what, entry.why, entry.mend))
    return Message(f"{what} {why}".strip(), mend)


def _readable(
    facts: Mapping[str, object], translate: Translate, money: ShowMoney, moment: ShowMoment
) -> dict[str, str]:
    currency = facts.get("currency")
    shown: dict[str, str] = {}
    for name, value in facts.items():
        if value is None or value == "":
            continue
        amounts = value if isinstance(value, (list, tuple)) else (value,)
        if name.endswith("_minor") and isinstance(currency, str) and all(isinstance(one, int) for one in amounts):
            shown[name.removesuffix("_minor")] = " / ".join(money(one, currency) for one in amounts)
        elif isinstance(value, str) and _MOMENT.fullmatch(value):
            shown[name] = moment(value)
        elif isinstance(value, (list, tuple)):
            shown[name] = ", ".join(map(str, value))
        else:
            word = WORDS.get(name, {}).get(str(value))
            shown[name] = translate(word) if word else str(value)
    if "terminal" in shown:
        shown["typed_terminal"] = shlex.quote(shown["terminal"])
    return shown


def _fill(sentences: tuple[str, ...], shown: Mapping[str, str], translate: Translate) -> str:
    """The first of *sentences* whose facts are all there, filled in."""
    for sentence in sentences:
        needed = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        if needed <= shown.keys():
            return translate(sentence).format_map(_Shown(shown)) if sentence else ""
    return ""


class _Shown(dict[str, str]):
    """A translation may name a fact that its English does not; then its name stands there, and nothing breaks."""

    def __missing__(self, name: str) -> str:
        return name
