"""The catalogues: from the sources to `edgepos.pot`, from there to each language's `.po`, and compiled to its `.mo`.

`make words` runs it: after a sentence was written or changed, and after a translator's work. All three are kept with
the sources, so that a box needs no step of its own. Nothing that runs at a clinic imports this module: it loads babel,
and `edgepos.locale.words` reads the `.mo` with the standard library alone.

It never guesses: a sentence that is new, or was changed, has no translation until a person has written one, and a test
says so. A guess from a similar sentence could say PAID where NOT PAID is meant.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from edgepos.locale.words import DOMAIN, FOLDER, LANGUAGES

PACKAGE = FOLDER.parent
TEMPLATE = FOLDER / f"{DOMAIN}.pot"
TRANSLATED = tuple(code for code in LANGUAGES if code != "en")
KEYWORDS: dict[str, Any] = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
MARKED = ("locale", "tui")
"""The folders in which a sentence for people is marked. Commands speak English, see TRANSLATING.md."""
TABLES = (("domain/match.py", "MEND"),)
"""Tables of sentences in modules that must not import `N_`."""
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""Git knows when; a date in the files would change them with each run."""


def template() -> Catalog:
    """All that the sources have to say, in the order in which they say it."""
    catalog = _empty(None)
    for path in (path for folder in MARKED for path in sorted((PACKAGE / folder).rglob("*.py"))):
        place = path.relative_to(PACKAGE.parent).as_posix()
        for line, text, _, context in extract_from_file("python", path, keywords=KEYWORDS):
            catalog.add(text, locations=[(place, line)], context=context)
    for name, table in TABLES:
        for line, text in _values(ast.parse((PACKAGE / name).read_text("utf-8")), table):
            catalog.add(text, locations=[(f"edgepos/{name}", line)])
    return catalog


def catalogue(code: str) -> Catalog:
    """The translations into *code* as they are kept; none yet where there is no file."""
    source = po_of(code)
    if not source.is_file():
        return _empty(code)
    with source.open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN)


def updated(code: str, made: Catalog) -> Catalog:
    """The translations into *code* of what stands in *made* now: what is gone is dropped, what is new is empty."""
    catalog = catalogue(code)
    catalog.update(made, no_fuzzy_matching=True, update_header_comment=False)
    catalog.creation_date = catalog.revision_date = UNDATED
    return catalog


def missing(catalog: Catalog) -> list[str]:
    """The sentences that *catalog* has no translation of, or not in every plural form."""
    return [str(message.id) for message in catalog if message.id and not _is_whole(message, catalog)]


def compiled(catalog: Catalog) -> bytes:
    made = BytesIO()
    write_mo(made, catalog)
    return made.getvalue()


def written(catalog: Catalog) -> bytes:
    made = BytesIO()
    write_po(made, catalog, width=120, ignore_obsolete=True, include_lineno=False)
    return made.getvalue()


def po_of(code: str) -> Path:
    return FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def mo_of(code: str) -> Path:
    return po_of(code).with_suffix(".mo")


def main(say: Callable[[str], object] = sys.stdout.write) -> int:
    """Bring all files up to date; 1 if something waits for a translation."""
    made = template()
    TEMPLATE.write_bytes(written(made))
    waiting = 0
    for code in TRANSLATED:
        catalog = updated(code, made)
        po_of(code).parent.mkdir(parents=True, exist_ok=True)
        po_of(code).write_bytes(written(catalog))
        mo_of(code).write_bytes(compiled(catalog))
        lacking = missing(catalog)
        waiting += len(lacking)
        say(f"{code}: {len(catalog) - len(lacking)} of {len(catalog)} sentences\n")
        for text in lacking:
            say(f"    no translation: {text}\n")
    return 1 if waiting else 0


def _empty(code: str | None) -> Catalog:
    made = Catalog(
        locale=code,
        project="edgepos",
        version="1",
        header_comment="# What edgepos says to people. The rules for its words are in edgepos/locale/TRANSLATING.md",
        msgid_bugs_address="the project's issues",
        last_translator="see the history of this file",
        language_team="edgepos",
        charset="utf-8",
        fuzzy=False,
    )
    made.creation_date = made.revision_date = UNDATED
    return made


def _is_whole(message: Message, catalog: Catalog) -> bool:
    if isinstance(message.id, str):
        return bool(message.string)
    forms = tuple(message.string or ())
    return len(forms) == catalog.num_plurals and all(forms)


def _values(tree: ast.Module, table: str) -> Iterator[tuple[int, str]]:
    """The sentences of the dictionary *table*, each with its line."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == table:
            assert isinstance(node.value, ast.Dict)
            for value in node.value.values:
                yield value.lineno, str(ast.literal_eval(value))


if __name__ == "__main__":
    sys.exit(main())
