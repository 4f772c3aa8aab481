"""Amounts and times as each clinic writes them, and back: what the screen shows can be typed (FC-12, FC-13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from edgepos.commands.form import Form as CommandForm
from edgepos.domain.money import MAX_MINOR, parse_amount
from edgepos.locale.words import language, set_language
from edgepos.tui.form import Form, age

CLINICS = {
    "en-SE": ("en", "SE", "SEK"), "sv-SE": ("sv", "SE", "SEK"), "nb-NO": ("nb", "NO", "NOK"),
    "da-DK": ("da", "DK", "DKK"), "fi-FI": ("fi", "FI", "EUR"), "sv-FI": ("sv", "FI", "EUR"),
    "en-IS": ("en", "IS", "ISK"), "da-NO": ("da", "NO", "NOK"),
}  # fmt: skip
MINOR = (1, 5, 50, 1250, 99_999, 100_000, 123_456, 100_000_00, MAX_MINOR)
AT = "2026-11-25T13:20:00.123Z"


class Shows(Protocol):
    def money(self, minor: object, currency: object = None) -> str: ...


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    before = language()
    yield
    set_language(before)


def location(clinic: str) -> dict[str, str]:
    spoken, country, currency = CLINICS[clinic]
    set_language(spoken)
    return {"language": spoken, "country": country, "currency": currency, "time_zone": "Europe/Stockholm"}


@pytest.mark.parametrize("clinic", CLINICS)
@pytest.mark.parametrize("made", [Form, CommandForm], ids=["screen", "commands"])
def test_what_is_shown_can_be_typed_back(clinic: str, made: type[Form] | type[CommandForm]) -> None:
    there = location(clinic)
    form: Shows = made(there)
    for minor in MINOR:
        shown = form.money(minor)
        assert there["currency"] in shown
        assert parse_amount(shown, there["currency"]).minor == minor, shown


@pytest.mark.parametrize("clinic", CLINICS)
def test_the_amount_that_is_filled_in_to_be_changed_can_be_sent_as_it_is(clinic: str) -> None:
    there = location(clinic)
    for minor in MINOR:
        shown = Form(there).bare(minor)
        assert parse_amount(shown, there["currency"]).minor == minor, shown


@pytest.mark.parametrize("clinic", CLINICS)
@pytest.mark.parametrize("text", ["12,50", "12.50", "12,5", "12", "0,05", ",50"])
def test_the_ways_to_type_an_amount_mean_the_same_in_every_language(clinic: str, text: str) -> None:
    location(clinic)
    wanted = {"12,50": 1250, "12.50": 1250, "12,5": 1250, "12": 1200, "0,05": 5, ",50": 50}[text]
    assert parse_amount(text, "SEK").minor == wanted


@pytest.mark.parametrize(
    ("clinic", "amount"),
    [
        ("sv-SE", "SEK\u00a01\u00a0250,00"), ("nb-NO", "NOK\u00a01\u00a0250,00"), ("da-DK", "DKK\u00a01.250,00"),
        ("fi-FI", "EUR\u00a01\u00a0250,00"), ("en-SE", "SEK\u00a01\u00a0250,00"), ("en-IS", "ISK\u00a0125,000"),
    ],
)  # fmt: skip
def test_an_amount_is_never_torn_in_two_lines_and_has_its_currencys_digits(clinic: str, amount: str) -> None:
    assert Form(location(clinic)).money(125_000) == amount


@pytest.mark.parametrize("clinic", CLINICS)
def test_less_than_zero_has_a_minus_that_every_font_has(clinic: str) -> None:
    assert Form(location(clinic)).money(-1250).startswith("-")


def test_a_time_is_the_clinics_and_a_day_is_in_its_language() -> None:
    said = {}
    for clinic in ("en-SE", "sv-SE", "nb-NO", "da-DK", "fi-FI"):
        form = Form(location(clinic))
        said[clinic] = (form.hour(AT), form.day("2026-11-25"))
    assert said == {
        "en-SE": ("14:20", "Wed 25 Nov"),
        "sv-SE": ("14:20", "ons 25 nov."),
        "nb-NO": ("14:20", "ons. 25 nov."),
        "da-DK": ("14:20", "ons. 25 nov."),
        "fi-FI": ("14:20", "ke 25 marras"),
    }


def test_how_long_ago_has_the_languages_units() -> None:
    said = {}
    for code in ("en", "sv", "nb", "da", "fi"):
        set_language(code)
        said[code] = (age(120), age(2 * 3600), age(3 * 86400))
    assert said == {
        "en": ("2 min", "2 h", "3 d"),
        "sv": ("2 min", "2 h", "3 d"),
        "nb": ("2 min", "2 t", "3 d"),
        "da": ("2 min", "2 t", "3 d"),
        "fi": ("2 min", "2 t", "3 pv"),
    }
