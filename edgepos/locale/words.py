"""The language of this process: `_` and its kin, and which catalogue they read. Imports nothing of edgepos around it.

Texts that a class holds (bindings, titles) are evaluated at import: they are marked with `N_` and translated with `_`
where they are shown, so that a screen can change its language while it runs. Without a catalogue English stands.
"""

from __future__ import annotations

import gettext as _gettext
from io import BytesIO
from pathlib import Path

from edgepos.locale.entry import N_

__all__ = ["LANGUAGES", "N_", "_", "language", "ngettext", "pgettext", "set_language"]

LANGUAGES = ("en", "sv", "nb", "da", "fi")
FOLDER = Path(__file__).parent
DOMAIN = "edgepos"


class _Spoken:
    """What is spoken now."""

    language = "en"
    catalogue: _gettext.NullTranslations = _gettext.NullTranslations()


def set_language(code: str) -> None:
    """Speak *code* from now on; a language that we do not have is English."""
    _Spoken.language = code if code in LANGUAGES else "en"
    _Spoken.catalogue = _load(_Spoken.language)


def language() -> str:
    return _Spoken.language


def _(text: str) -> str:
    """*text* in the language spoken now."""
    return _Spoken.catalogue.gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    return _Spoken.catalogue.ngettext(one, many, count)


def pgettext(context: str, text: str) -> str:
    """A word too short to be clear without *context*."""
    return _Spoken.catalogue.pgettext(context, text)


def _load(code: str) -> _gettext.NullTranslations:
    folder = FOLDER / code / "LC_MESSAGES"
    compiled, source = folder / f"{DOMAIN}.mo", folder / f"{DOMAIN}.po"
    if compiled.is_file():
        with compiled.open("rb") as file:
            return _gettext.GNUTranslations(file)
    if source.is_file():  # a working copy, where nobody compiled them
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        made = BytesIO()
        with source.open("rb") as file:
            write_mo(made, read_po(file, locale=code))
        made.seek(0)
        return _gettext.GNUTranslations(made)
    return _gettext.NullTranslations()
