"""Events: what may be written, and that its hash covers all of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.journal.events import GENESIS, KINDS, BadEvent, canonical, chained, make_event

STAMP = ("2026-11-25T08:00:00.000Z", "boot")
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, JSON))
def test_a_body_reads_back_as_what_was_written_and_writes_the_same_again(facts: dict[str, object]) -> None:
    body = canonical("outbox.parked", {"row": "r", "cause": "c", "facts": facts})
    read = json.loads(body)
    assert read["facts"] == facts
    assert canonical("outbox.parked", read) == body


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "x", "more": 1},
        {},
        {"reason": 7},
        {"reason": None},
        {"reason": "\ud800"},
    ],
)
def test_a_body_with_a_field_too_many_too_few_or_of_a_wrong_type_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadEvent):
        canonical("agent.stopped", fields)


def test_true_is_no_number_and_a_huge_number_is_none_that_every_reader_keeps() -> None:
    with pytest.raises(BadEvent):
        canonical("receipt.copied", {"id": "E", "copy": True})
    with pytest.raises(BadEvent):
        canonical("receipt.copied", {"id": "E", "copy": 2**60})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(BadEvent, match=r"payment\.deleted"):
        canonical("payment.deleted", {})


def test_each_kind_names_its_fields() -> None:
    assert all(spec and all(types for types in spec.values()) for spec in KINDS.values())


@given(st.lists(TEXT, min_size=5, max_size=5), st.lists(TEXT, min_size=5, max_size=5))
def test_no_two_events_share_what_is_hashed(one: list[str], other: list[str]) -> None:
    assert (chained(GENESIS, 1, *one) == chained(GENESIS, 1, *other)) is (one == other)


def test_moving_a_letter_from_one_field_to_the_next_changes_the_hash() -> None:
    assert chained(GENESIS, 1, "ab", "c", "", "", "") != chained(GENESIS, 1, "a", "bc", "", "", "")


def test_an_event_follows_its_head() -> None:
    first = make_event((0, GENESIS), STAMP, "agent.stopped", "agent", {"reason": "x"})
    second = make_event((first.seq, first.hash), STAMP, "agent.stopped", "agent", {"reason": "x"})
    assert (first.seq, second.seq) == (1, 2)
    assert second.prev == first.hash != second.hash
    assert second.fields == {"reason": "x"}
