"""What holds for anything that a terminal may say, and five bad deciders that the table's own cases convict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal_says import (
    AMOUNT,
    ASKED,
    BEFORE,
    DUMB,
    MOVED,
    OTHER,
    OURS,
    PAYMENT,
    REFUND,
    REJECTED,
    REVERSAL,
    TERMINAL,
    VOIDED,
    approved,
    look,
    refused,
    rejected,
)

from edgepos.domain.evidence import (
    Asked,
    Known,
    LookUp,
    Next,
    NoAnswer,
    OwnReply,
    Result,
    TerminalResult,
    Verdict,
    decide,
    same_as_fence,
)
from edgepos.domain.operation import FINAL, Kind, State

results = st.builds(
    TerminalResult,
    result=st.sampled_from([*Result, None]),
    terminal=st.sampled_from([TERMINAL, "70000002", ""]),
    order_id=st.sampled_from([OURS, OURS[:10], OURS[:9], OTHER, PAYMENT, ""]),
    total_minor=st.sampled_from([None, 0, 1, 9_900, AMOUNT - 1, AMOUNT, AMOUNT + 1, AMOUNT + 500, -AMOUNT]),
    tip_minor=st.sampled_from([0, 0, 0, 500, -500]),
    stan_auth=st.sampled_from(["", BEFORE.stan_auth, MOVED.stan_auth, VOIDED.stan_auth]),
    time_stamp=st.sampled_from(["", BEFORE.time_stamp, MOVED.time_stamp]),
    rejection_reason=st.sampled_from(["", "2:1", "5:0", "3:1:51"]),
    customer_slip=st.sampled_from(["", VOIDED.customer_slip]),
)
anything = st.one_of(st.none(), st.sampled_from([BEFORE, MOVED, REJECTED, VOIDED]), results)
gaps = st.lists(st.tuples(anything, st.sampled_from([1.0, 5.0, 30.0, 150.0, 299.0]), st.booleans()), max_size=5)
replies = st.one_of(
    st.none(),
    st.just(NoAnswer(cause="cut")),
    st.sampled_from([refused(7100), refused(8013), refused(7100, elapsed_s=20), refused()]),
    st.builds(OwnReply, accepted=st.booleans(), result=st.one_of(st.none(), results, st.just(MOVED))),
)
questions = st.sampled_from([ASKED, REFUND, REVERSAL, replace(ASKED, fence=None)])
journals = st.builds(
    Known,
    echoes_order_id=st.sampled_from([None, True, False]),
    seen_stans=st.sampled_from([frozenset(), frozenset({BEFORE.stan_auth}), frozenset({MOVED.stan_auth})]),
    references_like=st.sampled_from([(), (OURS,), (OURS, OTHER)]),
)


def in_time(seen: Sequence[tuple[TerminalResult | None, float, bool]]) -> list[LookUp]:
    looks, at_s = [], 0.0
    for result, gap_s, is_after_restart in seen:
        at_s += gap_s
        looks.append(look(result, at_s, 20.0 if is_after_restart else None))
    return looks


def carries_ours(result: TerminalResult | None) -> bool:
    return result is not None and len(result.order_id) >= 10 and OURS.startswith(result.order_id)


@settings(max_examples=600, deadline=None)
@given(questions, replies, gaps, journals)
def test_no_approval_without_its_proof(
    asked: Asked, reply: OwnReply | NoAnswer | None, seen: list[tuple[TerminalResult | None, float, bool]], known: Known
) -> None:
    verdict = decide(asked, reply, in_time(seen), known)
    if verdict.state is not State.APPROVED:
        return
    result = verdict.result
    assert result is not None
    assert result.result is Result.MOVED
    assert result.terminal in (TERMINAL, "")
    assert result.terminal or result.order_id
    net = result.net_minor
    assert net is not None
    assert 0 < verdict.approved_minor == net
    assert net <= asked.amount_minor
    if verdict.evidence == ("own-reply",):
        assert isinstance(reply, OwnReply)
        assert reply.accepted
        assert reply.result == result
        assert carries_ours(result) or not result.order_id or asked.kind is Kind.REVERSAL
    elif asked.kind is Kind.REVERSAL:
        assert result.stan_auth not in ("", BEFORE.stan_auth)
        assert result.customer_slip
    elif not carries_ours(result):
        assert asked.kind is Kind.PURCHASE
        assert known.echoes_order_id is False
        assert result.stan_auth
        assert result.stan_auth not in known.seen_stans
        assert net == asked.amount_minor
        assert not same_as_fence(asked.fence, result)
        assert [finding.kind for finding in verdict.findings] == ["weak-evidence"]


@settings(max_examples=600, deadline=None)
@given(questions, replies, gaps, journals)
def test_not_started_takes_the_looks_it_demands(
    asked: Asked, reply: OwnReply | NoAnswer | None, seen: list[tuple[TerminalResult | None, float, bool]], known: Known
) -> None:
    looks = in_time(seen)
    verdict = decide(asked, reply, looks, known)
    if verdict.state is not State.NOT_STARTED:
        return
    assert looks
    assert all(same_as_fence(asked.fence, one.result) for one in looks)
    assert looks[-1].since_restart_s is None
    if isinstance(reply, OwnReply) and reply.is_refusal:
        assert looks[-1].elapsed_s >= reply.elapsed_s + 5
    else:
        assert len(looks) >= 2
        assert looks[-1].elapsed_s >= 300
    assert not (isinstance(reply, OwnReply) and reply.result is not None and reply.result.result is Result.MOVED)


@settings(max_examples=600, deadline=None)
@given(questions, replies, gaps, journals, st.integers(1, 3))
def test_a_final_verdict_stays_when_the_same_is_seen_again(
    asked: Asked,
    reply: OwnReply | NoAnswer | None,
    seen: list[tuple[TerminalResult | None, float, bool]],
    known: Known,
    more: int,
) -> None:
    looks = in_time(seen)
    first = decide(asked, reply, looks, known)
    if looks and first.state in FINAL:
        again = [*looks, *(replace(looks[-1], elapsed_s=looks[-1].elapsed_s + 30 * n) for n in range(1, more + 1))]
        assert decide(asked, reply, again, known).state is first.state


@settings(max_examples=300, deadline=None)
@given(questions, replies, gaps, journals)
def test_a_verdict_is_final_or_unknown_and_a_person_gets_a_finding(
    asked: Asked, reply: OwnReply | NoAnswer | None, seen: list[tuple[TerminalResult | None, float, bool]], known: Known
) -> None:
    verdict = decide(asked, reply, in_time(seen), known)
    assert (verdict.then is Next.DECIDED) == (verdict.state in FINAL) == (verdict.state is not State.UNKNOWN)
    if verdict.then is Next.PERSON:
        assert verdict.findings
    if verdict.then is Next.DECIDED:
        assert verdict.evidence


# --- bad twins

Decider = Callable[[Asked, OwnReply | NoAnswer | None, Sequence[LookUp], Known], Verdict]
CUT = NoAnswer(cause="cut")
NOTHING_KNOWN = Known()


@dataclass(frozen=True)
class Case:
    """One line of the table: what was seen, and the only right state."""

    name: str
    expected: State
    reply: OwnReply | NoAnswer | None
    looks: tuple[LookUp, ...] = ()
    known: Known = NOTHING_KNOWN


TABLE = (
    Case("own reply fits", State.APPROVED, approved()),
    Case("own reply says 1", State.UNKNOWN, approved(result=Result.ADMINISTRATIVE)),
    Case("own reply says 99", State.UNKNOWN, rejected(result=Result.UNKNOWN)),
    Case("own reply rejects", State.DECLINED, rejected()),
    Case("look-up with our reference", State.APPROVED, CUT, (look(MOVED),)),
    Case("keypad sale of the same amount", State.UNKNOWN, CUT, (look(replace(MOVED, order_id="")),)),
    Case("another box's payment", State.UNKNOWN, CUT, (look(replace(MOVED, order_id=OTHER)),)),
    Case("the fence, once", State.UNKNOWN, CUT, (look(BEFORE, 10),)),
    Case("the fence, twice and in time", State.NOT_STARTED, CUT, (look(BEFORE, 10), look(BEFORE, 300))),
    Case("nothing there any more", State.UNKNOWN, CUT, (look(None, 400),)),
    Case("new rejection of our amount", State.DECLINED, CUT, (look(REJECTED),)),
    Case("new rejection of another amount", State.UNKNOWN, CUT, (look(replace(REJECTED, total_minor=1)),)),
    Case("no echo, learned", State.APPROVED, CUT, (look(replace(MOVED, order_id="")),), DUMB),
)


def said(state: State) -> Verdict:
    return Verdict(then=Next.DECIDED if state in FINAL else Next.LOOK_AGAIN, state=state)


def takes_any_last_result(
    asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known
) -> Verdict:
    if not isinstance(reply, OwnReply) and looks and looks[-1].result is not None:
        return said(State.APPROVED if looks[-1].result.result is Result.MOVED else State.DECLINED)
    return decide(asked, reply, looks, known)


def takes_the_same_amount_without_id(
    asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known
) -> Verdict:
    return decide(asked, reply, looks, replace(known, echoes_order_id=False))


def takes_one_not_found_as_proof(
    asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known
) -> Verdict:
    if looks and (looks[-1].result is None or same_as_fence(asked.fence, looks[-1].result)):
        return said(State.NOT_STARTED)
    return decide(asked, reply, looks, known)


def takes_1_as_approved(
    asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known
) -> Verdict:
    if isinstance(reply, OwnReply) and reply.result is not None and reply.result.result is Result.ADMINISTRATIVE:
        return said(State.APPROVED)
    return decide(asked, reply, looks, known)


def takes_99_as_declined(
    asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known
) -> Verdict:
    if isinstance(reply, OwnReply) and reply.result is not None and reply.result.result is Result.UNKNOWN:
        return said(State.DECLINED)
    return decide(asked, reply, looks, known)


def wrong_in(decider: Decider) -> list[str]:
    return [
        case.name for case in TABLE if decider(ASKED, case.reply, case.looks, case.known).state is not case.expected
    ]


def test_the_decider_is_right_in_every_line() -> None:
    assert wrong_in(decide) == []


@pytest.mark.parametrize(
    ("bad", "convicted_by"),
    [
        (takes_any_last_result, "keypad sale of the same amount"),
        (takes_the_same_amount_without_id, "keypad sale of the same amount"),
        (takes_one_not_found_as_proof, "the fence, once"),
        (takes_1_as_approved, "own reply says 1"),
        (takes_99_as_declined, "own reply says 99"),
    ],
)
def test_the_table_convicts_each_bad_decider(bad: Decider, convicted_by: str) -> None:
    assert convicted_by in wrong_in(bad)
