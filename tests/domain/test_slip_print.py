"""Slips to hand out: headed, marked as copies, and readable on any printer."""

from __future__ import annotations

import pytest

from edgepos.domain.slip_print import PROFILES, in_code_page, printed

SLIP = "DEMO VET\r\nÅsa Ørsted\r\n€          12,50 🐶\r\nGODKÄNT\r\n\f"


@pytest.mark.parametrize("country", sorted(PROFILES))
def test_a_slip_says_first_that_it_is_no_sales_receipt(country: str) -> None:
    profile = PROFILES[country]
    lines = printed(SLIP, country).splitlines()
    assert tuple(lines[: len(profile.heading)]) == profile.heading
    assert all(len(line) <= 24 for line in (*profile.heading, f"*** {profile.copy} 99 ***"))
    assert lines[len(profile.heading) + 1 :] == ["DEMO VET", "Åsa Ørsted", "€          12,50 🐶", "GODKÄNT"]
    assert f"*** {profile.copy} 2 ***" in printed(SLIP, country, copy=2)


@pytest.mark.parametrize("page", ["cp437", "cp850", "cp858", "iso8859-15", "ascii", "utf-8"])
def test_no_sign_becomes_a_question_mark(page: str) -> None:  # FC-32
    shown = in_code_page(printed(SLIP, "SE"), page)
    assert shown.encode(page).decode(page) == shown
    assert "?" not in shown
    assert "12,50" in shown


@pytest.mark.parametrize(
    "page", ["utf-16", "idna", "base64", "rot13", "utf-7", "cp037", "undefined", "no page", "", "\0"]
)
def test_what_is_no_code_page_of_a_printer_is_refused(page: str) -> None:
    with pytest.raises(LookupError):
        in_code_page("text", page)


def test_a_merchants_slip_is_kept_where_somebody_signs() -> None:
    assert all(profile.slips_signed == ("merchant", "customer") for profile in PROFILES.values())
