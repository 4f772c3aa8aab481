"""Shorthand for what terminals say, shared by the tests of evidence. Every id and card in it is invented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgepos.domain.evidence import Asked, Known, LookUp, OwnReply, Result, TerminalResult
from edgepos.domain.identifiers import check_letter
from edgepos.domain.operation import Fence, Kind


def reference(body: str) -> str:
    return body + check_letter(body)


OURS = reference("E7K2M9Q4T1XA")
OTHER = reference("E7K2M9Q4T1ZZ")
PAYMENT = reference("E7K2PPPP0001")
TERMINAL = "70000001"
AMOUNT = 12_500

BEFORE = TerminalResult(
    result=Result.MOVED, terminal=TERMINAL, order_id=PAYMENT, total_minor=9_900, stan_auth="000041A1B2C3",
    time_stamp="20261125101530", session="042", card_scheme="VISA",
)  # fmt: skip
"""The terminal's last result before ours was sent."""
FENCE: Fence = BEFORE.fence
MOVED = TerminalResult(
    result=Result.MOVED, terminal=TERMINAL, order_id=OURS, total_minor=AMOUNT, stan_auth="000042D4E5F6",
    time_stamp="20261125101702", session="042", response_code="00", card_scheme="VISA",
)  # fmt: skip
REJECTED = TerminalResult(
    result=Result.REJECTED, terminal=TERMINAL, total_minor=AMOUNT, time_stamp="20261125101702", session="042",
    response_code="51", rejection_source="3", rejection_reason="3:1:51",
)  # fmt: skip
VOID_SLIP = "DEMO VET\r\nOverf.: 042\r\n\r\nANNULLERING\r\nSEK                99,00\r\n\r\nGODKÄNT\r\n"

ASKED = Asked(kind=Kind.PURCHASE, reference=OURS, terminal=TERMINAL, amount_minor=AMOUNT, fence=FENCE)
REFUND = replace(ASKED, kind=Kind.REFUND)
REVERSAL = Asked(
    kind=Kind.REVERSAL, reference=OURS, terminal=TERMINAL, amount_minor=9_900, fence=FENCE,
    corrected_reference=PAYMENT, corrected_stan=BEFORE.stan_auth,
)  # fmt: skip
VOIDED = replace(BEFORE, order_id="", stan_auth="000043A9B9C9", time_stamp="20261125101702", customer_slip=VOID_SLIP)
UNIQUE = Known(references_like=(OURS,))
DUMB = Known(echoes_order_id=False, seen_stans=frozenset({BEFORE.stan_auth}))
"""A terminal proven not to give `orderId` back."""


def approved(**changes: Any) -> OwnReply:
    return OwnReply(accepted=True, result=replace(MOVED, **changes))


def rejected(**changes: Any) -> OwnReply:
    return OwnReply(accepted=False, result=replace(REJECTED, **changes), error="Transaction rejected")


def refused(*codes: int, elapsed_s: float = 0.0) -> OwnReply:
    return OwnReply(accepted=False, result=None, error="busy", codes=frozenset(codes), elapsed_s=elapsed_s)


def look(result: TerminalResult | None, at_s: float = 10.0, restart_s: float | None = None) -> LookUp:
    return LookUp(result=result, elapsed_s=at_s, since_restart_s=restart_s)
