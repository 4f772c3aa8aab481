"""What proves that a session was closed: the report, or the next operation's session, never a repeat."""

from __future__ import annotations

import pytest
from terminal_says import REJECTED, refused

from edgepos.domain.evidence import (
    Next,
    NoAnswer,
    OwnReply,
    Result,
    TerminalResult,
    decide_reconciliation,
    next_session,
    same_session,
)
from edgepos.domain.operation import State

LOST = NoAnswer(cause="cut")


def state(reply: OwnReply | NoAnswer | None, *, slip: bool = False, later: str = "", unchanged: bool = False) -> State:
    return decide_reconciliation(
        reply, has_slip=slip, open_session="042", later_session=later, is_last_unchanged=unchanged
    ).state


@pytest.mark.parametrize("result", [None, Result.MOVED, Result.ADMINISTRATIVE])
def test_a_reply_with_its_report_closes_the_period(result: Result | None) -> None:
    reply = OwnReply(accepted=True, result=TerminalResult(result=result) if result else None)
    assert state(reply, slip=True) is State.APPROVED
    assert state(reply, slip=False) is State.UNKNOWN


@pytest.mark.parametrize("result", [Result.REJECTED, Result.UNKNOWN])
def test_a_report_beside_a_rejection_is_contradicted(result: Result) -> None:
    assert state(OwnReply(accepted=True, result=TerminalResult(result=result)), slip=True) is State.UNKNOWN


@pytest.mark.parametrize("reply", [LOST, None, OwnReply(accepted=True, result=None)])
@pytest.mark.parametrize(
    ("later", "expected"),
    [("043", State.APPROVED), ("43", State.APPROVED), ("042", State.NOT_STARTED), ("044", State.UNKNOWN),
     ("041", State.UNKNOWN), ("", State.UNKNOWN), ("x", State.UNKNOWN)],
)  # fmt: skip
def test_a_lost_one_is_told_by_the_next_session(reply: OwnReply | NoAnswer | None, later: str, expected: State) -> None:
    assert state(reply, later=later) is expected


def test_a_session_that_fits_nothing_is_for_a_person() -> None:
    verdict = decide_reconciliation(LOST, has_slip=False, open_session="042", later_session="050")
    assert (verdict.then, verdict.findings[0].kind) == (Next.PERSON, "session-jump")


def test_fc23_a_lost_report_is_said_to_be_missing() -> None:
    verdict = decide_reconciliation(LOST, has_slip=False, open_session="999", later_session="001")
    assert (verdict.state, verdict.cause) == (State.APPROVED, "slip-missing")


def test_a_refusal_alone_does_not_prove_that_nothing_was_closed() -> None:
    assert state(refused(7104)) is State.UNKNOWN
    assert state(refused(7104), unchanged=True) is State.NOT_STARTED
    assert (
        state(refused(7104), unchanged=True, later="043") is State.APPROVED
    )  # the later session is the better witness
    assert state(refused(8013), unchanged=True) is State.UNKNOWN


def test_a_rejection_says_why() -> None:
    verdict = decide_reconciliation(
        OwnReply(accepted=False, result=REJECTED), has_slip=False, open_session="042", later_session=""
    )
    assert (verdict.state, verdict.cause) == (State.DECLINED, "51")


@pytest.mark.parametrize(
    ("session", "following"),
    [("042", "043"), ("998", "999"), ("999", "001"), ("9", "10"), ("", ""), ("4x", ""), ("٣", "")],
)
def test_sessions_run_to_999_and_begin_again_at_001(session: str, following: str) -> None:
    assert next_session(session) == following


@pytest.mark.parametrize(
    ("one", "other", "are_same"), [("042", "42", True), ("42", "43", False), ("", "", False), ("x", "x", False)]
)
def test_sessions_are_compared_as_numbers_and_no_number_is_no_session(one: str, other: str, are_same: bool) -> None:
    assert same_session(one, other) is are_same
