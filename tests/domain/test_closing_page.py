"""The page for staff and bookkeepers says of each cause what the program says, on the screen and at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepos.domain.match import MEND, Cause
from edgepos.locale.causes import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "closing.md"


def rows() -> dict[str, tuple[str, str, str, str]]:
    cells = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {name.strip("`"): (word, means, press, mend) for name, word, means, press, mend in cells}


@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_is_explained_with_what_to_do(cause: Cause) -> None:
    word, means, press, mend = rows()[cause]
    assert means.endswith(".")
    assert (word, press) == WORDS[cause]
    assert mend == MEND[cause]


def test_the_page_has_no_cause_that_is_none() -> None:
    assert set(rows()) == set(Cause)
