"""The language of this process: `_` and its kin, and which catalogue they read. Imports nothing of edgepos around it.

Texts that a class holds (bindings, titles) are evaluated at import: they are marked with `N_` and translated with `_`
where they are shown, so that a screen can change its language while it runs. Without a catalogue English stands.

`EDGEPOS_LANGUAGE` is stronger than the clinic's setting: a technician over SSH reads English beside a Finnish kiosk,
and whoever builds a screen sees it in `xx`, the pseudo-language that is 40 % longer than English.
"""

from __future__ import annotations

import gettext as _gettext
import os
from pathlib import Path

from edgepos.locale.entry import N_

__all__ = ["LANGUAGES", "N_", "PSEUDO", "_", "language", "ngettext", "pgettext", "set_language", "wanted"]

LANGUAGES = ("en", "sv", "nb", "da", "fi")
PSEUDO = "xx"
FOLDER = Path(__file__).parent
DOMAIN = "edgepos"


class _Spoken:
    """What is spoken now."""

    language = "en"
    catalogue: _gettext.NullTranslations = _gettext.NullTranslations()


def set_language(code: str) -> bool:
    """Speak *code* from now on; a language that we do not have is English. Whether that is another than before."""
    before = _Spoken.language
    _Spoken.language = code if code in (*LANGUAGES, PSEUDO) else "en"
    if _Spoken.language != before:
        _Spoken.catalogue = _load(_Spoken.language)
    return _Spoken.language != before


def wanted(setting: str) -> str:
    """The language to begin with: that of the environment, else the clinic's *setting*."""
    return os.environ.get("EDGEPOS_LANGUAGE") or setting


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
    if code == PSEUDO:
        from edgepos.locale.pseudo import Pseudo

        return Pseudo()
    compiled = FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
    if not compiled.is_file():
        return _gettext.NullTranslations()
    with compiled.open("rb") as file:
        return _gettext.GNUTranslations(file)
