"""The body's text is RFC 8785's, whichever way it was made."""

from __future__ import annotations

import enum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from edgepos.journal.events import MAX_INTEGER, canonical_json


class Word(enum.StrEnum):
    PAID = "paid"


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(max_codepoint=0xA0))
    | st.characters(categories=["Cs"]) | st.sampled_from(Word)
)  # fmt: skip
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(values)
@example({"\U0001f436": 1, "\uffff": 2, "z": 3})  # where the order of code points and of UTF-16 differ
@example({"a": MAX_INTEGER, "b": -MAX_INTEGER})
@example(MAX_INTEGER + 1)
@example('\x00\x1f\x7f\u2028"\\/\b\f\n\r\t')
@example({1: "no name"})
def test_the_text_is_that_of_rfc_8785_or_both_refuse(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeError):
        with pytest.raises((rfc8785.CanonicalizationError, UnicodeError)):
            canonical_json(value)
        return
    assert canonical_json(value) == expected
