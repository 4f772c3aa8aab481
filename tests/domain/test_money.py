"""Amounts: what people type is read in one way or refused, and no amount changes on its way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_decimal, get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from edgepos.domain.errors import Wrong
from edgepos.domain.money import DIGITS, MAX_MINOR, Money, from_decimal, parse_amount, parse_total

LANGUAGES = ("en", "sv", "nb", "da", "fi")


def refusal(text: str, currency: str = "SEK") -> Wrong:
    with pytest.raises(Wrong) as refused:
        parse_amount(text, currency)
    return refused.value


@pytest.mark.parametrize(
    ("text", "minor"), [("12,50", 1_250), ("12.50", 1_250), ("12,5", 1_250), ("12", 1_200), ("0,05", 5), (",50", 50)]
)
@pytest.mark.parametrize("quick", [0, 10, 20, 50])
def test_fc12_typed_amounts_and_quick_buttons(text: str, minor: int, quick: int) -> None:
    assert parse_amount(text, "SEK") + Money(100 * quick, "SEK") == Money(minor + 100 * quick, "SEK")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minor", [5, 50, 1_250, 99_999, 125_000, 1_234_550, 99_999_999])
def test_fc12_what_each_language_writes_is_read_back(language: str, minor: int) -> None:
    written = format_decimal(Decimal(minor) / 100, format="#,##0.00", locale=language)
    assert parse_amount(written, "SEK").minor == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1 250", 125_000), ("1.250,00", 125_000), ("1,250.00", 125_000), ("1 250,50", 125_050),
        ("1\u00a0250,5", 125_050),
        ("1.250.000", 99_999_999 + 1), ("0,125", None), ("12,50 SEK", 1_250), ("sek 12", 1_200), (" 12 ", 1_200),
        ("007", 700), (".5", 50), ("1'250.00", 125_000), ("\u202f1\u202f250", 125_000),
    ],
)  # fmt: skip
def test_groups_blanks_and_currency_codes(text: str, minor: int | None) -> None:
    if minor is None:
        assert refusal(text).code == "amount-form"
    elif minor > MAX_MINOR:
        assert refusal(text).code == "amount-too-large"
    else:
        assert parse_amount(text, "SEK").minor == minor


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"), ("  ", "empty"), ("SEK", "empty"), ("-5", "negative"), ("−5", "negative"), ("0", "zero"),
        ("0,00", "zero"), ("abc", "letters"), ("12kr", "letters"), ("1e3", "letters"), ("٣", "letters"),
        ("12,505", "decimals"),
        ("12.", "decimals"), (",", "decimals"), (".", "decimals"), ("12,5055", "decimals"), ("12345,678", "decimals"),
        ("1 25", "groups"), ("12 50", "groups"), ("1.25.00", "groups"), ("1,2,3", "groups"), ("1.250,00,00", "groups"),
        ("12,50 EUR", "letters"), ("nan", "letters"), ("∞", "letters"), ("1_000", "letters"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str, why: str) -> None:
    wrong = refusal(text)
    assert (wrong.code, wrong.facts["why"]) == ("amount-form", why)


@pytest.mark.parametrize("text", ["1,250", "1.250", "12.500", "999,990"])
def test_what_can_be_read_in_two_ways_is_refused_with_both(text: str) -> None:
    wrong = refusal(text)
    assert wrong.code == "amount-ambiguous"
    whole, _, decimals = text.replace(",", ".").partition(".")
    assert wrong.facts["readings_minor"] == [int(whole + decimals) * 100, int(whole) * 100 + int(decimals[:2])]


def test_a_currency_without_decimals_takes_groups_and_no_decimals() -> None:
    assert parse_amount("1.250", "ISK").minor == 1_250
    assert parse_amount("1 250", "ISK").minor == 1_250
    assert refusal("12,50", "ISK").code == "amount-form"


def test_too_large_names_the_limit() -> None:
    assert parse_amount("999999,99", "SEK").minor == MAX_MINOR
    for text in ("1000000", "9" * 40):
        wrong = refusal(text)
        assert (wrong.code, wrong.facts["max_minor"]) == ("amount-too-large", MAX_MINOR)


def test_fc13_every_amount_to_9_999_99_is_itself() -> None:
    for minor in range(1, 1_000_000):
        text = f"{minor // 100},{minor % 100:02d}"
        if parse_amount(text, "SEK").minor != minor:
            pytest.fail(f"{text} is {parse_amount(text, 'SEK')}")


@given(st.integers(1, MAX_MINOR), st.sampled_from(sorted(DIGITS)))
def test_what_an_amount_says_of_itself_is_read_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse_amount(str(money), currency) == money
    assert from_decimal(money.decimal, currency) == money


@given(st.text(max_size=30), st.sampled_from(["SEK", "EUR", "ISK"]))
def test_any_text_is_an_amount_within_limits_or_a_named_refusal(text: str, currency: str) -> None:
    said: object
    try:
        said = parse_amount(text, currency).minor
    except Wrong as wrong:
        said = wrong.code
    assert said in {"amount-form", "amount-ambiguous", "amount-too-large"} or said in range(1, MAX_MINOR + 1)


def test_digits_are_those_of_iso_4217() -> None:
    assert {currency: get_currency_precision(currency) for currency in DIGITS} == dict(DIGITS)


def test_money_keeps_its_currency_and_takes_no_floats() -> None:
    assert Money(5, "SEK") - Money(7, "SEK") == -Money(2, "SEK")
    assert Money(5, "SEK") < Money(7, "SEK")
    assert Money(7, "SEK") <= Money(7, "SEK")
    for nonsense in (12.5, True, "12", None):
        with pytest.raises(TypeError):
            Money(nonsense, "SEK")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(1, "SEK") + Money(1, "EUR")
    with pytest.raises(TypeError):
        _ = Money(1, "SEK") < Money(1, "EUR")
    with pytest.raises(Wrong):
        Money(1, "XXX")


@pytest.mark.parametrize("value", ["12.505", "0.001", "NaN", "Infinity", "-Infinity"])
def test_a_decimal_that_minor_units_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"no amount"):
        from_decimal(Decimal(value), "SEK")


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1 250,50", 125_050), ("-30,00", -3_000), ("30,00-", -3_000), ("−12,50", -1_250), (" 0,00 ", 0), ("-0", 0)],
)
def test_a_reports_total_may_be_zero_or_money_back(text: str, minor: int) -> None:
    assert parse_total(text, "SEK") == minor


@pytest.mark.parametrize("text", ["", "-", "12,505", "1-2", "twelve"])
def test_a_total_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        parse_total(text, "SEK")
