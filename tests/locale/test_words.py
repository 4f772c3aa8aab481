"""The language that is spoken: chosen, changed, forced from outside, and the one that nobody speaks."""

from __future__ import annotations

import string
import subprocess
import sys
from collections.abc import Iterator

import pytest

from edgepos.locale.pseudo import pseudo
from edgepos.locale.words import LANGUAGES, _, language, ngettext, set_language, wanted


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


def test_a_language_is_changed_while_the_program_runs() -> None:
    said = []
    for code in LANGUAGES:
        set_language(code)
        said.append(_("PAID"))
    assert said == ["PAID", "BETALD", "BETALT", "BETALT", "MAKSETTU"]


def test_a_change_says_whether_it_is_one() -> None:
    assert set_language("sv")
    assert not set_language("sv")


def test_a_language_that_we_do_not_have_is_english() -> None:
    set_language("sv")
    set_language("de")
    assert (language(), _("PAID")) == ("en", "PAID")


def test_plural_forms_are_those_of_the_language() -> None:
    set_language("fi")
    said = [ngettext("{n} payment", "{n} payments", n).format(n=n) for n in (0, 1, 2)]
    assert said == ["0 maksua", "1 maksu", "2 maksua"]


def test_the_environment_is_stronger_than_the_clinics_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEPOS_LANGUAGE", raising=False)
    assert wanted("sv") == "sv"
    monkeypatch.setenv("EDGEPOS_LANGUAGE", "fi")
    assert wanted("sv") == "fi"


def test_nothing_is_said_of_nothing() -> None:
    set_language("sv")
    assert _("") == ""  # gettext would give the catalogue's own heading


def test_speaking_loads_no_babel() -> None:
    program = (
        "import sys; from edgepos.locale.words import _, set_language; set_language('fi'); "
        "print(_('PAID'), 'babel' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.split() == ["MAKSETTU", "False"]


@pytest.mark.parametrize(
    "text", ["Pay", "Do not charge again. Wait, or press F8.", "{n} of {total} at {terminal}", "Provet Cloud is away."]
)
def test_the_pseudo_language_is_longer_and_keeps_what_no_translation_changes(text: str) -> None:
    said = pseudo(text)
    assert len(said) >= 1.4 * len(text)
    assert said.startswith("«")
    assert said.endswith("»")
    names = [name for _, name, _, _ in string.Formatter().parse(text)]
    assert [name for _, name, _, _ in string.Formatter().parse(said) if name] == [name for name in names if name]
    assert all(kept in said for kept in ("F8", "Provet Cloud") if kept in text)


def test_the_pseudo_language_can_be_spoken() -> None:
    set_language("xx")
    assert _("Pay") == pseudo("Pay")
    assert ngettext("{n} payment", "{n} payments", 2) == pseudo("{n} payments")
