"""The catalogues: whole, up to date, true to what the English names, and in letters that a console has."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from edgepos.commands.table import COMMANDS
from edgepos.locale import build

CONSOLE = frozenset(
    string.ascii_letters + string.digits + string.punctuation + " \n\u00a0"
    "åäöæøÅÄÖÆØéüÉÜ" "€§°·×«»–’“”…" "─│┌┐└┘├┤┬┴┼━┃═║╭╮╰╯█░▒•●▲▼▶←↑→↓"
)  # fmt: skip
"""What every console font of Debian can draw (FC-28)."""

NAMES = re.compile(
    r"Lane3000|Desk3500|Move3500|Connect@Cloud|Provet(?: Cloud)?|\bNets|edgepos(?:-(?:agent|tech|users))?|\bSSH\b|ECR|"
    r"[a-z]+\.toml|config/|systemctl [a-z]+ [a-z-]+|timedatectl|--[a-z-]+|\bF\d+\b|\bEnter\b|\bEsc\b|\bBackspace\b"
)
"""What stays as it is in every language: product names, keys, files, options."""
MAY_BE_NAMED = {"Nets", "edgepos"}
"""Where English says `it`, another language may have to say which."""
COMMAND = re.compile(rf"edgepos (?:{'|'.join(sorted(COMMANDS))})\b(?: (?:now|retry|adopt|park|status)\b)?")


def translated() -> Iterator[tuple[str, Catalog]]:
    yield from ((code, build.catalogue(code)) for code in build.TRANSLATED)


def forms(message: Message) -> list[tuple[str, str]]:
    """Pairs of an English sentence and its translation; each plural form with the English plural."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string or ""))]
    return [(message.id[-1], text) for text in message.string or ("",)]


def faults(is_wrong: Callable[[str, str], object]) -> list[str]:
    return [
        f"{code}: {english} -> {text}"
        for code, catalog in translated()
        for message in catalog
        if message.id
        for english, text in forms(message)
        if text and is_wrong(english, text)
    ]


def placeholders(text: str) -> list[str]:
    return sorted(f"{name}!{kind}:{form}" for _, name, form, kind in string.Formatter().parse(text) if name is not None)


def test_every_sentence_of_the_sources_is_translated_into_every_language() -> None:
    """After a change of a sentence: `make words`, then write its translations into the `.po` files."""
    made = build.template()
    lacking = {code: build.missing(build.updated(code, made)) for code in build.TRANSLATED}
    assert lacking == {code: [] for code in build.TRANSLATED}


def test_no_sentence_is_marked_where_the_catalogues_maker_does_not_see_it() -> None:
    """Within an f-string it does not: such a sentence would stand in English for ever."""
    known = {text for one in build.template() for text in ([one.id] if isinstance(one.id, str) else one.id)}
    unseen = []
    for path in (path for folder in build.MARKED for path in (build.PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name("_" | "N_"), args=[ast.Constant(str(text))]) if text not in known:
                    unseen.append(f"{path.name}:{node.lineno} {text}")
    assert unseen == []


@pytest.mark.parametrize("code", build.TRANSLATED)
def test_the_compiled_catalogue_says_what_the_source_of_it_says(code: str) -> None:
    """After a change of a `.po` file: `make words`."""

    def said(catalog: Catalog) -> dict[tuple[str | None, str], list[tuple[str, str]]]:
        return {(one.context, forms(one)[0][0]): forms(one) for one in catalog if one.id and forms(one)[0][1]}

    source, compiled = build.catalogue(code), read_mo(BytesIO(build.mo_of(code).read_bytes()))
    assert said(compiled) == said(source)
    assert compiled.plural_expr == source.plural_expr


def test_a_translation_has_the_placeholders_of_its_sentence() -> None:
    assert faults(lambda english, text: placeholders(english) != placeholders(text)) == []


def test_names_keys_files_and_options_stay_as_they_are() -> None:
    """Finnish bends a name: `Netsin` still holds it."""

    def is_wrong(english: str, text: str) -> bool:
        wanted, found = set(NAMES.findall(english)), set(NAMES.findall(text))
        return not wanted <= found <= wanted | MAY_BE_NAMED

    assert faults(is_wrong) == []


def test_a_command_is_named_as_it_is_typed() -> None:
    assert faults(lambda english, text: sorted(COMMAND.findall(english)) != sorted(COMMAND.findall(text))) == []


def test_only_letters_that_a_console_has() -> None:
    assert faults(lambda english, text: set(text) - CONSOLE) == []


def test_a_word_of_a_state_is_in_capitals_as_in_english() -> None:
    assert faults(lambda english, text: english.isupper() and not text.isupper()) == []


def test_a_translation_begins_and_ends_as_its_sentence() -> None:
    """Spaces around it, a full stop, a colon before what is filled in, an ellipsis."""

    def edges(text: str) -> tuple[bool, ...]:
        return (text != text.lstrip(), text != text.rstrip(), *(text.endswith(sign) for sign in (".", "?", " …")))

    assert faults(lambda english, text: edges(english) != edges(text)) == []


def test_no_translation_is_much_longer_than_its_sentence() -> None:
    """Layouts bear forty per cent, and a short word a few letters more."""
    assert faults(lambda english, text: len(text) > 1.4 * len(english) + 12) == []


STATES = {
    "PAID": ("BETALD", "BETALT", "BETALT", "MAKSETTU"),
    "PART PAID": ("DELBETALD", "DELBETALT", "DELBETALT", "OSAKSI MAKSETTU"),
    "DECLINED": ("NEKAD", "AVVIST", "AFVIST", "HYLÄTTY"),
    "CANCELLED": ("AVBRUTEN", "AVBRUTT", "AFBRUDT", "PERUUTETTU"),
    "NOT STARTED": ("INTE PÅBÖRJAD", "IKKE STARTET", "IKKE STARTET", "EI ALOITETTU"),
    "NOT KNOWN YET": ("OKLART", "UAVKLART", "UAFKLARET", "EPÄSELVÄ"),
}
"""Agreed with the clinics: sv, nb, da, fi."""


@pytest.mark.parametrize("word", STATES)
def test_the_words_of_outcomes_are_the_agreed_ones(word: str) -> None:
    assert tuple(catalog[word].string for _, catalog in translated()) == STATES[word]


@pytest.mark.parametrize("code", build.TRANSLATED)
def test_outcomes_that_differ_have_words_that_differ(code: str) -> None:
    """PAID and NOT KNOWN YET are never the same word, nor are a cancelled and an undone payment."""
    from edgepos.locale import states

    catalog = build.catalogue(code)
    words = [*states.PAYMENTS.values(), *states.DONE.values(), states.PART_PAID, states.ASKED_TO_STOP]
    assert len({catalog[word].string for word in words}) == len(words)
    assert len({catalog[word].string for word in states.TERMINALS.values()}) == len(states.TERMINALS)


def test_nothing_is_kept_that_nobody_says_any_more() -> None:
    """After a sentence was taken away: `make words`."""
    said = {str(message.id) for message in build.template()}
    with build.TEMPLATE.open("rb") as file:
        kept = {"template": read_po(file), **dict(translated())}
    assert {name: {str(message.id) for message in catalog} - said for name, catalog in kept.items()} == {
        name: set() for name in kept
    }
