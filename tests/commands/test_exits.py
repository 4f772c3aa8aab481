"""Which code ends a command with which status: the contract's table."""

from __future__ import annotations

import pytest

from edgepos.commands.exits import exit_of

TABLE = {
    1: "declined cancelled not-started part-approved cancel-too-late terminal-in-use terminal-busy terminal-held "
    "reconcile-first payment-unknown invoice-open invoice-paid due-changed not-payable not-last already-settled "
    "clock-wrong disk-low pin-needed pin-wrong not-allowed not-agreed journal-newer journal-damaged restore-refused "
    "unexpected never-heard-of",
    2: "usage amount-form amount-ambiguous amount-too-large terminal-needed unknown-terminal unknown-invoice "
    "unknown-payment settings terminal-type",
    3: "agent-away nets-away practice-away sign-in-page credentials",
    4: "unknown",
}


@pytest.mark.parametrize(
    ("code", "status"), [(code, status) for status, codes in TABLE.items() for code in codes.split()]
)
def test_the_table(code: str, status: int) -> None:
    assert exit_of(code) == status
