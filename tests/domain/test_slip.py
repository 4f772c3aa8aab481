"""Closing reports are read wholly or not at all; slips print on any printer without losing a sign or a column."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepos.domain.operation import Kind
from edgepos.domain.slip import (
    LANGUAGES,
    Reading,
    SchemeTotal,
    SlipTotals,
    WhyUnread,
    decode_slip,
    is_void_slip,
    kind_on_slip,
    paid_in,
    read_slip,
    to_code_page,
)
from edgepos.simulator.slips import reconciliation_slip

NORWEGIAN = (
    "AVSTEMMING\r\n70000001-9000001\r\n25/11/2026 18:02\r\nNOK\r\nSesjon.: 042\r\n\r\n"
    "MASTERCARD             3\r\nBeløp=         -1.250,50\r\nVISA                  12\r\nBeløp=      1.234.567,00\r\n"
    "------------------------\r\nInnsamlet             15\r\nTotal=      1.233.316,50\r\n"
)
READ = SlipTotals(
    (SchemeTotal("MASTERCARD", 3, -125_050), SchemeTotal("VISA", 12, 123_456_700)), 15, 123_331_650, "NOK", "042"
)


def report(
    country: str, *, title: str, session: str, amount: str, collected: str, visa: str, total: str, currency: str
) -> Reading:
    text = f"{title}\n{currency}\n{session} 042\n\nVISA 2\n{amount} {visa}\n-----\n{collected} 2\nTotal= {total}\n\f"
    return read_slip(text, country=country, currency=currency)


def test_a_norwegian_report_as_it_was_captured() -> None:
    assert read_slip(NORWEGIAN, country="NO", currency="NOK") == Reading(READ)


@pytest.mark.parametrize(
    ("country", "title", "session", "amount", "collected", "visa", "currency"),
    [
        ("NO", "AVSTEMMING", "Sesjon.:", "Beløp=", "Innsamlet", "1.234,50", "NOK"),
        ("NO", "AVSTEMMING", "Sesjon.:", "Beløp=", "Innsamlet", "1 234,50", "NOK"),
        ("SE", "AVSTÄMNING", "Session.:", "Belopp=", "Insamlat", "1 234,50", "SEK"),
        ("SE", "AVSTÄMNING", "Session.:", "Belopp=", "Insamlat", "1\u00a0234,50", "SEK"),
        ("DK", "AFSTEMNING", "Session.:", "Beløb=", "Indsamlet", "1.234,50", "DKK"),
        ("FI", "TÄSMÄYTYS", "Istunto.:", "Summa=", "Kerätty", "1 234,50", "EUR"),
        ("FI", "AVSTÄMNING", "Session.:", "Belopp=", "Insamlat", "1 234,50", "EUR"),
        ("SE", "RECONCILIATION", "Session.:", "Amount=", "Collected", "1,234.50", "SEK"),
        ("SE", "AVSTÄMNING", "Session.:", "Belopp=", "Insamlat", "1234,50", "SEK"),
    ],
)
def test_five_languages_and_their_forms(  # noqa: PLR0917
    country: str, title: str, session: str, amount: str, collected: str, visa: str, currency: str
) -> None:
    read = report(
        country,
        title=title,
        session=session,
        amount=amount,
        collected=collected,
        visa=visa,
        total=visa,
        currency=currency,
    )
    assert read == Reading(SlipTotals((SchemeTotal("VISA", 2, 123_450),), 2, 123_450, currency, "042"))


@pytest.mark.parametrize("mangle", ["latin-1", "cp1252"])
def test_utf8_that_was_read_as_latin_is_understood(mangle: str) -> None:
    mangled = NORWEGIAN.encode().decode(mangle)
    assert mangled != NORWEGIAN
    assert read_slip(mangled, country="NO", currency="NOK") == Reading(READ)


def test_an_empty_session_is_zero_because_it_says_so() -> None:
    text = "AVSTEMMING\nSesjon.: 043\n-----\nInnsamlet 0\nTotal= 0,00\n"
    assert read_slip(text, country="NO", currency="NOK") == Reading(SlipTotals((), 0, 0, "NOK", "043"))


def test_a_report_in_another_currency_is_read_in_its_own() -> None:
    text = "AVSTÄMNING\nEUR\nSession.: 1\nVISA 1\nBelopp= 5,00\nInsamlat 1\nTotal= 5,00\n"
    read = read_slip(text, country="SE", currency="SEK").totals
    assert read is not None
    assert (read.currency, read.amount_minor) == ("EUR", 500)


def test_a_currency_without_decimals() -> None:
    text = "RECONCILIATION\nISK\nSession: 1\nVISA 1\nAmount= 1,234\nCollected 1\nTotal= 1,234\n"
    read = read_slip(text, country="NO", currency="ISK").totals
    assert read is not None
    assert read.amount_minor == 1_234


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("AVSTEMMING", "", WhyUnread.LANGUAGE),
        ("AVSTEMMING", "AFSTEMNING", WhyUnread.LANGUAGE),
        ("1.234.567,00", "1,234,567.00", WhyUnread.AMOUNT),
        ("1.234.567,00", "1.234.567", WhyUnread.AMOUNT),
        ("1.234.567,00", "1.234 567,00", WhyUnread.AMOUNT),
        ("1.234.567,00", "1.234.56,00", WhyUnread.AMOUNT),
        ("1.234.567,00", "1.234.567,0O", WhyUnread.AMOUNT),
        ("1.234.567,00", "-1.234.567,00-", WhyUnread.AMOUNT),
        ("1.234.567,00", "9" * 13 + ",00", WhyUnread.AMOUNT),
        ("1.234.567,00", "1.234.567,01", WhyUnread.TOTALS),
        ("1.234.567,00", "-1.234.567,00", WhyUnread.TOTALS),
        ("VISA                  12", "VISA                  11", WhyUnread.TOTALS),
        ("VISA                  12\r\nBeløp=      1.234.567,00\r\n", "", WhyUnread.TOTALS),
        ("VISA                  12\r\n", "", WhyUnread.LAYOUT),
        ("Beløp=      1.234.567,00\r\n", "", WhyUnread.LAYOUT),
        ("VISA                  12", "VISA", WhyUnread.LAYOUT),
        ("VISA                  12", "VISA                 l2", WhyUnread.LAYOUT),
        ("Innsamlet", "Indsamlet", WhyUnread.LAYOUT),
        ("Total=", "Tips=", WhyUnread.LAYOUT),
        ("Total=      1.233.316,50\r\n", "", WhyUnread.CUT_OFF),
        ("Sesjon.: 042", "", WhyUnread.CUT_OFF),
        ("Sesjon.: 042", "Sesjon.: 042\r\nSesjon.: 043", WhyUnread.SESSION),
        ("NOK", "XXX", WhyUnread.CURRENCY),
    ],
)
def test_what_is_not_wholly_understood_is_not_matched_and_says_why(old: str, new: str, why: WhyUnread) -> None:
    assert old in NORWEGIAN
    read = read_slip(NORWEGIAN.replace(old, new), country="NO", currency="NOK")
    assert (read.totals, read.why) == (None, why)


@pytest.mark.parametrize(
    ("text", "why"), [("", WhyUnread.EMPTY), (" \r\n\f", WhyUnread.EMPTY), ("x" * 30_000, WhyUnread.LAYOUT)]
)
def test_nothing_and_far_too_much(text: str, why: WhyUnread) -> None:
    assert read_slip(text, country="NO", currency="NOK").why is why
    assert read_slip(text, country="XX", currency="NOK").totals is None


@pytest.mark.parametrize("cut", range(0, len(NORWEGIAN) - 5, 3))
def test_a_report_cut_off_anywhere_is_never_read(cut: int) -> None:
    assert read_slip(NORWEGIAN[:cut], country="NO", currency="NOK").totals is None


def test_money_back_may_carry_its_sign_at_either_end() -> None:
    for back in ("-1.250,50", "- 1.250,50", "1.250,50-", "−1.250,50"):
        assert read_slip(NORWEGIAN.replace("-1.250,50", back), country="NO", currency="NOK") == Reading(READ)


lines = st.sampled_from(
    [
        *NORWEGIAN.splitlines(),
        "Beløp= 1,00",
        "Total= 1,00",
        "Innsamlet 1",
        "VISA 1",
        "Beløp= 1.000,00",
        "X= 5,00",
        "0",
        "",
    ]
)
mutilated = st.one_of(
    st.text(max_size=400),
    st.lists(st.one_of(lines, st.text(max_size=24)), max_size=16).map("\r\n".join),
    st.tuples(st.integers(0, 300), st.integers(0, 20), st.text(max_size=10)).map(
        lambda cut: NORWEGIAN[: cut[0]] + cut[2] + NORWEGIAN[cut[0] + cut[1] :]
    ),
)


@settings(max_examples=600, deadline=None)
@given(mutilated, st.sampled_from(sorted(LANGUAGES)), st.sampled_from(["NOK", "SEK", "ISK", "???"]))
def test_no_text_raises_and_no_number_is_made_up(text: str, country: str, currency: str) -> None:
    read = read_slip(text, country=country, currency=currency)
    assert (read.totals is None) == (read.why is not None)
    if read.totals is None:
        return
    written = {re.sub("[^0-9]", "", line.rpartition("=")[2]).lstrip("0") for line in decode_slip(text).splitlines()}
    words = set(decode_slip(text).split())
    amounts = [read.totals.amount_minor, *(scheme.amount_minor for scheme in read.totals.by_scheme)]
    counts = [read.totals.count, *(scheme.count for scheme in read.totals.by_scheme)]
    assert all(str(abs(amount)).lstrip("0") in written for amount in amounts)
    assert all(any(word.lstrip("0") == str(count).lstrip("0") for word in words) for count in counts)
    assert sum(scheme.amount_minor for scheme in read.totals.by_scheme) == read.totals.amount_minor


PRINTS = {"NO": "no", "SE": "sv", "DK": "da", "FI": "fi"}
"""The simulator's words for each country's terminals: another hand's reading of the same layout."""
schemes = st.dictionaries(
    st.sampled_from(["VISA", "MASTERCARD", "V PAY", "AMEX", "BANKAXEPT", "DANKORT", "ELECTRON 2"]),
    st.tuples(st.integers(0, 9_999), st.integers(-99_999_999, 999_999_999)),
    max_size=6,
)  # money back alone, nothing at all, and sums that are zero are among them
AT = datetime(2026, 11, 25, 18, 2, tzinfo=UTC)


def printed_report(country: str, totals: dict[str, tuple[int, int]], session: int, currency: str) -> str:
    return reconciliation_slip("70000001", AT, f"{session:03d}", totals, currency=currency, country=PRINTS[country])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PRINTS)), schemes, st.integers(1, 999), st.sampled_from(["NOK", "SEK", "EUR", "ISK"]))
def test_what_a_terminal_prints_is_read_as_it_was_meant(
    country: str, totals: dict[str, tuple[int, int]], session: int, currency: str
) -> None:
    read = read_slip(printed_report(country, totals, session, currency), country=country, currency="SEK").totals
    assert read is not None
    assert {one.scheme: (one.count, one.amount_minor) for one in read.by_scheme} == totals
    sums = sum(count for count, _ in totals.values()), sum(minor for _, minor in totals.values())
    assert (read.count, read.amount_minor) == sums
    assert (read.currency, read.session) == (currency, f"{session:03d}")


damage = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 400), st.integers(1, 40), st.just("")),
    st.tuples(st.just("put"), st.integers(0, 400), st.just(0), st.text("0123456789.,-= \r\nVISAx", max_size=3)),
    st.tuples(st.just("change"), st.integers(0, 400), st.just(1), st.text(min_size=1, max_size=1)),
)


@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from(sorted(PRINTS)), schemes, damage)
def test_a_damaged_report_is_read_right_or_not_at_all(
    country: str, totals: dict[str, tuple[int, int]], damage: tuple[str, int, int, str]
) -> None:
    """Each number stands in two places, a scheme's line and the sum: no one damage makes another report that adds up."""
    text = printed_report(country, totals, 42, "SEK")
    _, at, length, put = damage
    read = read_slip(text[:at] + put + text[at + length :], country=country, currency="SEK").totals
    if read is not None:
        wanted = sorted(pair for pair in totals.values() if any(pair))
        assert (
            sorted((one.count, one.amount_minor) for one in read.by_scheme if one.count or one.amount_minor) == wanted
        )
        assert (read.count, read.amount_minor) == (sum(n for n, _ in wanted), sum(minor for _, minor in wanted))


def test_two_reports_on_one_paper_are_none() -> None:
    second = "VISA 1\r\nBeløp= 1,00\r\nInnsamlet 1\r\nTotal= 1,00\r\n"
    assert read_slip(NORWEGIAN + second, country="NO", currency="NOK").why is WhyUnread.LAYOUT
    assert read_slip(NORWEGIAN + NORWEGIAN, country="NO", currency="NOK").why is WhyUnread.SESSION
    assert read_slip(NORWEGIAN + "GODKJENT\r\nTAKK 2026\r\n", country="NO", currency="NOK") == Reading(READ)


# --- the currency of a payment


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("KÖP\r\nSEK           1 250,00\r\nGODKÄNT", {"SEK"}),
        ("NOK   12,50", {"NOK"}),
        ("RETUR\nEUR -12,50", {"EUR"}),
        ("SEK 125,00\nEUR 11,20", {"SEK", "EUR"}),  # the card's own beside ours
        ("TVR 0000008000\nAID 12\nVISA 12", set()),
        ("TIP 12,50", set()),
        ("SEK", set()),
        ("", set()),
    ],
)
def test_the_currency_that_a_payment_was_taken_in(text: str, found: set[str]) -> None:
    assert paid_in(text) == found


# --- voids


@pytest.mark.parametrize(
    "line",
    ["ANNULLERING", "Annullering av kjøp", "MAKULERING", "MAKULERING KÖP", "ANNULLERING AF KØB", "PERUUTUS",
     "OSTON PERUUTUS",
     "MITÄTÖINTI", "VOID", "VOID PURCHASE", "REVERSAL", "TILBAKEFØRING", "  KJØP ANNULLERT  ", "MITÃ„TÃ–INTI"],
)  # fmt: skip
def test_a_void_says_so_on_a_line_of_its_own(line: str) -> None:
    assert is_void_slip(f"DEMO VET\r\nOverf.: 042\r\n\r\n{line}\r\nNOK    12,50\r\n")


@pytest.mark.parametrize(
    "line",
    ["KJØP", "KÖP", "OSTO", "RETUR", "HYVITYS", "KREDITERING", "AVBRUTT", "KESKEYTETTY", "VOID BAR & GRILL",
     "ANNULLERING KUN MED KVITTERING", "INGEN ANNULLERING", "AVOID", "TID FOR MAKULERING: 14 D", ""],
)  # fmt: skip
def test_no_other_line_is_a_void(line: str) -> None:
    assert not is_void_slip(f"DEMO VET\r\nOverf.: 042\r\n\r\n{line}\r\nNOK    12,50\r\n")


@pytest.mark.parametrize(
    ("line", "kind"),
    [("KJØP", Kind.PURCHASE), ("KÖP", Kind.PURCHASE), ("KØB", Kind.PURCHASE), ("OSTO", Kind.PURCHASE),
     ("PURCHASE", Kind.PURCHASE), ("RETUR", Kind.REFUND), ("HYVITYS", Kind.REFUND), ("Refund", Kind.REFUND),
     ("VARERETUR", Kind.REFUND), ("MAKULERING", Kind.REVERSAL), ("OSTON PERUUTUS", Kind.REVERSAL),
     ("KÖP GODKÄNT", None), ("RETUR INOM 14 DAGAR", None), ("", None), ("KÖP\r\nRETUR", None)],
)  # fmt: skip
def test_a_slip_says_what_it_is_of_or_nothing(line: str, kind: Kind | None) -> None:
    assert kind_on_slip(f"DEMO VET\r\nOverf.: 042\r\n\r\n{line}\r\nNOK    12,50\r\n") is kind


# --- display and printing


@pytest.mark.parametrize("text", ["Beløp= 12,50 €", "KÖP ÅÄÖ åäö", "Kerätty", "Ørsted", "plain", "Ã alone", "🐶"])
@pytest.mark.parametrize("mangle", ["latin-1", "cp1252"])
def test_double_decoding_is_mended_for_display_and_whole_text_left_alone(text: str, mangle: str) -> None:
    assert decode_slip(text) == text
    try:
        mangled = text.encode().decode(mangle)
    except UnicodeDecodeError:
        return
    if "Ã alone" not in text:
        assert decode_slip(mangled) == text


@pytest.mark.parametrize(
    "text", ["\u00c0\u0080", "\u00e0\u0080\u0080", "\u00ed\u00a0\u0080", "\u00f4\u0090\u0080\u0080"]
)
def test_what_looks_like_mangled_utf_8_and_is_none_stays(text: str) -> None:
    assert decode_slip(f"Bel\u00c3\u00b8p {text}") == f"Beløp {text}"


@given(st.text(max_size=200))
def test_mending_never_raises(text: str) -> None:
    assert isinstance(decode_slip(text), str)


PAGES = ("cp437", "cp850", "cp858", "iso8859-15", "ascii")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("mangle", [None, "latin-1"])
def test_fc32_a_receipt_in_any_code_page(page: str, mangle: str | None) -> None:
    text = "Åsa Ørsted €12,50 🐶\r\nSUMMA           €12,50\r\n\f"
    kept = text.encode().decode(mangle) if mangle else text
    printed = to_code_page(decode_slip(kept), page).decode(page)
    assert "?" not in printed
    assert "12,50" in printed
    assert printed.split("\r\n")[0].count("*") == 2
    assert ("€" in printed) == (page in ("cp858", "iso8859-15"))
    assert ("EUR" in printed) == (page not in ("cp858", "iso8859-15"))
    assert ("Åsa" in printed) == (page != "ascii")
    assert ("Ørsted" in printed) == (page not in ("cp437", "ascii"))
    assert len(printed.split("\r\n")[1]) == len("SUMMA           €12,50")
    assert printed.split("\r\n")[1].endswith("12,50")


def test_question_marks_that_were_there_stay() -> None:
    assert to_code_page("Signatur?", "ascii") == b"Signatur?"


def test_columns_stay_where_they_were() -> None:
    assert to_code_page("Kerätty €   x    12", "ascii").decode() == "Keratty EUR x    12"
    assert to_code_page("Œ  1", "ascii").decode() == "OE 1"


def test_control_signs_do_not_reach_the_printer() -> None:
    assert to_code_page("A\x1b@B\x00\u200e\tC\r\n", "ascii") == b"A@B C\r\n"


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=120), st.sampled_from(PAGES))
def test_any_text_can_be_printed_without_new_question_marks(text: str, page: str) -> None:
    printed = to_code_page(text, page).decode(page)
    assert printed.count("?") <= unicodedata.normalize("NFKD", text).count("?")
