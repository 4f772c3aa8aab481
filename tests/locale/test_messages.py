"""The sentences: each code has them, and no fact, none or a strange one, makes them fail."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import edgepos
from edgepos.locale.messages import ENTRIES, plain_money, render

PACKAGE = Path(edgepos.__file__).parent
CONTRACTS = """
declined cancelled not-started part-approved cancel-too-late terminal-in-use terminal-busy terminal-held
reconcile-first payment-unknown invoice-open invoice-paid due-changed not-payable not-last already-settled clock-wrong
disk-low pin-needed pin-wrong not-allowed not-agreed journal-newer journal-damaged restore-refused unexpected usage
amount-form amount-ambiguous amount-too-large terminal-needed unknown-terminal unknown-invoice unknown-payment settings
terminal-type agent-away nets-away practice-away sign-in-page credentials unknown
"""


@pytest.mark.parametrize("code", CONTRACTS.split())
def test_each_code_has_a_sentence_and_a_mend_without_any_facts(code: str) -> None:
    said = render(code, {})
    assert re.fullmatch(r"[A-Z].*[.?]", said.message), said
    assert said.mend
    assert "{" not in str(said)


@pytest.mark.parametrize("code", ENTRIES)
def test_the_plainest_sentence_needs_no_facts(code: str) -> None:
    for part in (ENTRIES[code].what, ENTRIES[code].mend):
        assert not [name for _, name, _, _ in string.Formatter().parse(part[-1]) if name]


def test_every_code_that_is_raised_has_a_sentence() -> None:
    """Reads the sources: a code without its sentences would be told as unexpected."""
    raised = re.compile(r"(?:Wrong|Refused|NotReached|Permanent|raise_finding|AgentError\.of)\(\s*\"([a-z-]+)\"")
    package = Path(render.__code__.co_filename).parents[1]
    codes = {
        (code, path.name)
        for path in package.rglob("*.py")
        if "simulator" not in path.parts
        for code in raised.findall(path.read_text(encoding="utf-8"))
    }
    assert {(code, where) for code, where in codes if code not in ENTRIES} == set()


def test_facts_make_the_sentence_sharper() -> None:
    plain = render("terminal-in-use", {})
    sharp = render(
        "terminal-in-use",
        {
            "payment": "E7K2M9Q4T1XA3",
            "terminal": "RECEPTION",
            "amount_minor": 125000,
            "currency": "SEK",
            "since": "2026-11-25T14:20:00.123Z",
        },
    )
    assert plain.message == "The terminal is in use. Another payment is running there."
    assert sharp.message == (
        "RECEPTION is in use. E7K2M9Q4T1XA3 over 1250.00 SEK has been running there since 2026-11-25 14:20 UTC."
    )
    assert sharp.mend == "Wait for it, or ask it to stop: edgepos cancel E7K2M9Q4T1XA3"


def test_an_amount_without_its_currency_is_left_out() -> None:
    assert "12" not in render("payment-unknown", {"amount_minor": 1250, "since": "2026-11-25T14:20:00.123Z"}).message


def test_the_reason_chooses_the_sentence() -> None:
    assert render("amount-form", {"why": "zero"}).message.startswith("The amount is zero.")
    assert render("amount-form", {"why": "never-heard-of", "text": "x"}).message == "“x” is not an amount."


def test_an_unknown_code_is_unexpected_and_named() -> None:
    assert "never-heard-of" in render("never-heard-of", {}).message


def test_a_translation_with_a_wrong_hole_breaks_nothing() -> None:
    assert render("terminal-needed", {}, lambda text: "{nobody}").mend == "nobody"


@given(
    st.sampled_from(sorted(ENTRIES)),
    st.dictionaries(
        st.sampled_from(["payment", "terminal", "amount_minor", "max_minor", "currency", "since", "why", "terminals"]),
        st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=3) | st.booleans(),
    ),
)
def test_no_fact_makes_it_fail(code: str, facts: dict[str, object]) -> None:
    assert render(code, facts).message


def test_money_is_exact_and_carries_its_currency() -> None:
    assert [plain_money(minor, "SEK") for minor in (0, 5, -5, 1250, 99_999_999)] == [
        "0.00 SEK", "0.05 SEK", "-0.05 SEK", "12.50 SEK", "999999.99 SEK",
    ]  # fmt: skip
    assert plain_money(1250, "ISK") == "1250 ISK"


def test_a_programs_word_is_told_in_words() -> None:
    assert "no answer in time" in render("nets-away", {"why": "timeout"}).message
    assert "it is: draft" in render("not-payable", {"why_not": "draft"}).message
    assert "NOT STARTED" in render("already-settled", {"payment": "E7K2M9Q4T1XA3", "state": "not_started"}).message
    assert render("credentials", {"service": "practice"}).message.startswith("Provet refuses")
    assert "503" in render("nets-away", {"why": "503"}).message


def test_a_programs_word_is_translated_like_the_sentence() -> None:
    said = render("nets-away", {"why": "timeout"}, lambda text: text.replace("no answer in time", "inget svar i tid"))
    assert "inget svar i tid" in said.message


def test_both_readings_of_an_amount_are_amounts() -> None:
    facts = {"text": "1,250", "readings_minor": [125_000, 125], "currency": "SEK"}
    assert "1250.00 SEK / 1.25 SEK" in render("amount-ambiguous", facts).message


def test_a_terminal_in_a_command_stands_as_a_shell_wants_it() -> None:
    assert "--terminal 'ROOM 2'" in str(render("reconcile-due", {"terminal": "ROOM 2", "days": 9}))
    assert "--terminal LAB" in str(render("reconcile-due", {"terminal": "LAB", "days": 9}))


def test_each_wrong_use_that_only_names_its_kind_has_sentences_of_its_own() -> None:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("Wrong"), args=[ast.Constant("usage")], keywords=facts):
                    named = (fact.value for fact in facts if fact.arg == "why")
                    found |= {str(why.value) for why in named if isinstance(why, ast.Constant)}
    assert {"sql", "unknown-finding"} <= found
    assert {f"usage:{why}" for why in found} <= ENTRIES.keys()
