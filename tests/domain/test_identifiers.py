"""References: drawn right, typed by people, wrong letters found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.domain.errors import Wrong
from edgepos.domain.identifiers import (
    ALPHABET,
    box_tag,
    check_letter,
    is_operator,
    is_reference,
    line_id,
    looks_like_reference,
    new_reference,
    parse_reference,
    split_line_id,
)

drawn = st.builds(
    lambda box, bits: new_reference(box_tag(f"{box:016x}"), lambda n: bits & (1 << n) - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**40 - 1),
)


@given(drawn)
def test_a_drawn_reference_has_our_form(reference: str) -> None:
    assert is_reference(reference)
    assert len(reference) == 13
    assert reference[0] == "E"
    assert looks_like_reference(reference)
    assert looks_like_reference(reference[:10])


@given(drawn, st.integers(0, 12), st.sampled_from(ALPHABET))
def test_each_single_wrong_letter_is_found(reference: str, place: int, letter: str) -> None:
    typed = reference[:place] + letter + reference[place + 1 :]
    assert is_reference(typed) == (typed == reference)


def test_every_substitution_in_one_reference_is_found() -> None:
    reference = new_reference("7K2", lambda n: 0x1234567890 & (1 << n) - 1)
    for place in range(13):
        for letter in ALPHABET:
            typed = reference[:place] + letter + reference[place + 1 :]
            assert is_reference(typed) == (typed == reference)


def test_all_forty_bits_are_used() -> None:
    assert new_reference("7K2", lambda n: 0)[4:12] == "00000000"
    assert new_reference("7K2", lambda n: (1 << n) - 1)[4:12] == "ZZZZZZZZ"
    assert len({new_reference("7K2", lambda n, bit=bit: 1 << bit) for bit in range(40)}) == 40


@given(drawn, st.booleans())
def test_people_type_it_in_any_case_with_blanks_and_look_alikes(reference: str, small: bool) -> None:
    typed = reference.replace("1", "l").replace("0", "o")
    typed = f" {typed[:4]}-{typed[4:8]} {typed[8:]} "
    assert parse_reference(typed.lower() if small else typed) == reference


@pytest.mark.parametrize("text", ["", "E", "E7K2M9Q4T1XA", "X7K2M9Q4T1XA3", "E7K2M9Q4T1XAU", "E" * 200, "é" * 13])
def test_what_is_no_reference_is_an_unknown_payment(text: str) -> None:
    with pytest.raises(Wrong) as refused:
        parse_reference(text)
    assert refused.value.code == "unknown-payment"


@given(drawn, st.integers(1, 99))
def test_a_row_is_its_reference_and_line(reference: str, line: int) -> None:
    assert split_line_id(line_id(reference, line)) == (reference, line)
    assert split_line_id(f" {line_id(reference, line).lower()} ") == (reference, line)


@pytest.mark.parametrize("text", ["", "E7K2M9Q4T1XA3", ".1", "E7K2M9Q4T1XA3.", "E7K2M9Q4T1XA3.x", "E7K2M9Q4T1XA3.1.2"])
def test_what_is_no_row_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        split_line_id(text)


@pytest.mark.parametrize("text", ["E7K2M9Q4T", "", "9999999999", "E7K2M9Q4TU", "e7k2m9q4t1", "F7K2M9Q4T1"])
def test_too_little_or_another_form_does_not_look_like_one_of_ours(text: str) -> None:
    assert not looks_like_reference(text)


@given(st.text(ALPHABET, min_size=0, max_size=12))
def test_the_check_letter_is_one_of_the_alphabet(body: str) -> None:
    assert check_letter(body) in ALPHABET


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("anna", True), ("anna.b-2", True), ("a" * 16, True), ("a" * 17, False), ("Anna", False), ("", False),
     (".a", False),
     ("kiosk", False), ("agent", False), ("tech.kim", False), ("tech", True), ("åsa", False), ("an na", False)],
)  # fmt: skip
def test_operators(text: str, is_one: bool) -> None:
    assert is_operator(text) is is_one
