"""The evidence table of the contracts, row by row, each with the near misses that must not pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from terminal_says import (
    AMOUNT,
    ASKED,
    BEFORE,
    DUMB,
    FENCE,
    MOVED,
    OTHER,
    OURS,
    PAYMENT,
    REFUND,
    REJECTED,
    REVERSAL,
    TERMINAL,
    UNIQUE,
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
from edgepos.domain.operation import Kind, State

LOST = NoAnswer(cause="cut")
NOTHING_KNOWN = Known()


def state(
    reply: OwnReply | NoAnswer | None, *looks: LookUp, asked: Asked = ASKED, known: Known = NOTHING_KNOWN
) -> State:
    return decide(asked, reply, looks, known).state


def kinds(verdict: Verdict) -> list[str]:
    return [finding.kind for finding in verdict.findings]


# --- own reply, Result 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, State.APPROVED),
        ({"order_id": ""}, State.APPROVED),
        ({"terminal": ""}, State.APPROVED),  # our reference was never given to another terminal
        ({"terminal": "", "order_id": ""}, State.UNKNOWN),  # neither mark: the answer of anything
        ({"total_minor": AMOUNT - 1}, State.APPROVED),
        ({"total_minor": 1}, State.APPROVED),
        ({"total_minor": AMOUNT + 800, "tip_minor": 800}, State.APPROVED),
        ({"total_minor": AMOUNT + 950, "tip_minor": 800, "surcharge_minor": 150}, State.APPROVED),
        ({"total_minor": AMOUNT + 1}, State.UNKNOWN),
        ({"total_minor": 100 * AMOUNT}, State.UNKNOWN),
        ({"total_minor": 0}, State.UNKNOWN),
        ({"total_minor": -AMOUNT}, State.UNKNOWN),
        ({"total_minor": 800, "tip_minor": 800}, State.UNKNOWN),
        ({"total_minor": AMOUNT + 800, "tip_minor": 1_600, "surcharge_minor": -800}, State.UNKNOWN),
        ({"total_minor": None}, State.UNKNOWN),
        ({"order_id": OTHER}, State.UNKNOWN),
        ({"order_id": PAYMENT}, State.UNKNOWN),
        ({"terminal": "70000002"}, State.UNKNOWN),
        ({"result": Result.ADMINISTRATIVE}, State.UNKNOWN),
        ({"result": Result.LOYALTY}, State.UNKNOWN),
        ({"result": Result.UNKNOWN}, State.UNKNOWN),
        ({"result": None}, State.UNKNOWN),
    ],
)
@pytest.mark.parametrize("asked", [ASKED, REFUND], ids=["purchase", "refund"])
def test_an_own_reply_approves_only_what_fits(changes: dict[str, Any], expected: State, asked: Asked) -> None:
    assert state(approved(**changes), asked=asked) is expected


def test_what_was_approved_is_net_of_tip_and_surcharge() -> None:
    verdict = decide(ASKED, approved(total_minor=AMOUNT + 950, tip_minor=800, surcharge_minor=150), (), Known())
    assert (verdict.approved_minor, verdict.cause) == (AMOUNT, None)


def test_fc14_less_than_asked_is_a_part_approval() -> None:
    verdict = decide(ASKED, approved(total_minor=AMOUNT - 7_500), (), Known())
    assert (verdict.state, verdict.approved_minor, verdict.cause) == (State.APPROVED, AMOUNT - 7_500, "part-approved")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"total_minor": AMOUNT + 1}, "amount-differs"),
        ({"order_id": OTHER}, "result-foreign"),
        ({"terminal": "70000002"}, "result-foreign"),
    ],
)
def test_fc09_fc13_what_does_not_fit_is_a_finding_for_a_person(changes: dict[str, Any], kind: str) -> None:
    verdict = decide(ASKED, approved(**changes), (), Known())
    assert (verdict.then, verdict.state, kinds(verdict)) == (Next.PERSON, State.UNKNOWN, [kind])


def test_an_approval_in_a_400_is_contradicted() -> None:
    reply = OwnReply(accepted=False, result=MOVED, error="Transaction rejected")
    assert state(reply) is State.UNKNOWN
    assert state(reply, look(BEFORE, 10), look(BEFORE, 300)) is State.UNKNOWN  # never "not started" against a Result 0
    assert state(reply, look(REJECTED)) is State.UNKNOWN
    assert state(reply, look(MOVED)) is State.APPROVED  # here both say that it moved, under our reference


def test_a_reference_that_the_cloud_cut_is_ours_if_nothing_else_begins_so() -> None:
    reply = approved(order_id=OURS[:10])
    verdict = decide(ASKED, reply, (), UNIQUE)
    assert (verdict.state, kinds(verdict)) == (State.APPROVED, ["reference-cut"])
    assert state(reply, known=Known(references_like=(OURS, OTHER))) is State.UNKNOWN
    assert state(approved(order_id=OURS[:9]), known=UNIQUE) is State.UNKNOWN


# --- look-up, Result 0


@pytest.mark.parametrize(
    ("changes", "known", "expected"),
    [
        ({}, Known(), State.APPROVED),
        ({"order_id": OURS[:10]}, UNIQUE, State.APPROVED),
        ({"order_id": OURS[:12]}, UNIQUE, State.APPROVED),
        ({"order_id": OURS[:9]}, UNIQUE, State.UNKNOWN),
        ({"order_id": OURS[:10]}, Known(references_like=(OURS, OTHER)), State.UNKNOWN),
        ({"order_id": OURS[:10]}, Known(), State.UNKNOWN),  # the journal was not asked
        ({"order_id": OTHER}, Known(), State.UNKNOWN),
        ({"order_id": OTHER[:10]}, UNIQUE, State.APPROVED),  # the same ten letters: ours is the only one known
        ({"terminal": "70000002"}, Known(), State.UNKNOWN),
        ({"total_minor": AMOUNT - 1}, Known(), State.APPROVED),
        ({"total_minor": AMOUNT + 1}, Known(), State.UNKNOWN),
        ({"total_minor": 0}, Known(), State.UNKNOWN),
        ({"total_minor": None}, Known(), State.UNKNOWN),
        ({"order_id": ""}, Known(), State.UNKNOWN),
        ({"order_id": ""}, Known(echoes_order_id=True), State.UNKNOWN),
    ],
)
def test_a_look_up_approves_by_our_reference_alone(changes: dict[str, Any], known: Known, expected: State) -> None:
    assert state(LOST, look(replace(MOVED, **changes)), known=known) is expected


@pytest.mark.parametrize("reply", [None, LOST, refused(7100), NoAnswer(cause="401")])
def test_our_reference_stands_against_any_answer_that_is_no_result(reply: OwnReply | NoAnswer | None) -> None:
    assert state(reply, look(BEFORE, 5), look(MOVED, 15)) is State.APPROVED


@pytest.mark.parametrize(
    ("asked", "changes", "known", "expected"),
    [
        (ASKED, {}, DUMB, State.APPROVED),
        (REFUND, {}, DUMB, State.UNKNOWN),
        (replace(REVERSAL, amount_minor=AMOUNT), {}, DUMB, State.UNKNOWN),
        (ASKED, {}, replace(DUMB, echoes_order_id=None), State.UNKNOWN),
        (ASKED, {}, replace(DUMB, echoes_order_id=True), State.UNKNOWN),
        (ASKED, {}, replace(DUMB, seen_stans={MOVED.stan_auth}), State.UNKNOWN),
        (ASKED, {"stan_auth": ""}, DUMB, State.UNKNOWN),
        (ASKED, {"total_minor": AMOUNT - 1}, DUMB, State.UNKNOWN),
        (ASKED, {"total_minor": AMOUNT + 500, "tip_minor": 500}, DUMB, State.APPROVED),
        (ASKED, {"terminal": "70000002"}, DUMB, State.UNKNOWN),
        (ASKED, {"terminal": ""}, DUMB, State.UNKNOWN),
        (ASKED, {"stan_auth": BEFORE.stan_auth}, Known(echoes_order_id=False), State.UNKNOWN),
        (ASKED, {"result": Result.ADMINISTRATIVE}, DUMB, State.UNKNOWN),
    ],
)
def test_weak_evidence_only_where_nothing_is_echoed(
    asked: Asked, changes: dict[str, Any], known: Known, expected: State
) -> None:
    result = replace(MOVED, order_id="", **changes)
    verdict = decide(asked, LOST, [look(result)], known)
    assert verdict.state is expected
    if expected is State.APPROVED:
        assert kinds(verdict) == ["weak-evidence"]


def test_weak_evidence_does_not_stand_against_a_refusal() -> None:
    verdict = decide(ASKED, refused(7100), [look(replace(MOVED, order_id=""))], DUMB)
    assert (verdict.then, verdict.state) == (Next.PERSON, State.UNKNOWN)


# --- Result 2


@pytest.mark.parametrize(
    ("reason", "code", "expected", "cause"),
    [
        ("2:1", "", State.CANCELLED, "cancelled"),
        ("2:1:99", "", State.CANCELLED, "cancelled"),
        ("2:10", "", State.DECLINED, "2:10"),
        ("5:0", "", State.CANCELLED, "no-card"),
        ("5:01", "", State.DECLINED, "5:01"),
        ("3:1:51", "51", State.DECLINED, "51"),
        ("3:2:Z1", "Z1", State.DECLINED, "Z1"),
        ("4:6", "", State.DECLINED, "4:6"),
        ("", "87", State.DECLINED, "87"),
        ("", "", State.DECLINED, "declined"),
        ("2:1", "00", State.CANCELLED, "cancelled"),  # "00" with Result 2 is not approved
    ],
)
def test_a_rejection_tells_its_reason(reason: str, code: str, expected: State, cause: str) -> None:
    own = decide(ASKED, rejected(rejection_reason=reason, response_code=code), (), Known())
    seen = decide(ASKED, LOST, [look(replace(REJECTED, rejection_reason=reason, response_code=code))], Known())
    assert (own.state, own.cause) == (seen.state, seen.cause) == (expected, cause)


@pytest.mark.parametrize("changes", [{"order_id": OTHER}, {"terminal": "70000002"}])
def test_somebody_elses_rejection_does_not_decline_ours(changes: dict[str, Any]) -> None:
    assert state(rejected(**changes)) is State.UNKNOWN
    assert state(LOST, look(replace(REJECTED, **changes))) is State.UNKNOWN


def test_a_rejection_in_a_201_is_contradicted() -> None:
    reply = OwnReply(accepted=True, result=REJECTED)
    assert state(reply) is State.UNKNOWN
    assert state(reply, look(MOVED)) is State.UNKNOWN  # two sources that disagree
    assert state(reply, look(REJECTED)) is State.DECLINED


@pytest.mark.parametrize(
    ("changes", "known", "expected"),
    [
        ({}, Known(), State.DECLINED),
        ({"total_minor": None}, Known(), State.DECLINED),
        ({"total_minor": 0}, Known(), State.DECLINED),
        ({"total_minor": AMOUNT + 500, "tip_minor": 500}, Known(), State.DECLINED),
        ({"total_minor": AMOUNT + 1}, Known(), State.UNKNOWN),
        ({"total_minor": AMOUNT - 1}, Known(), State.UNKNOWN),
        ({"stan_auth": "000039"}, Known(seen_stans={"000039"}), State.UNKNOWN),
        ({"time_stamp": "", "stan_auth": ""}, Known(), State.UNKNOWN),  # nothing shows that it is newer
        ({"stan_auth": BEFORE.stan_auth}, Known(), State.UNKNOWN),  # the fence's own, reversed behind our back
    ],
)
def test_a_look_up_declines_only_by_a_new_result_of_our_amount(
    changes: dict[str, Any], known: Known, expected: State
) -> None:
    assert state(LOST, look(replace(REJECTED, **changes)), known=known) is expected


@pytest.mark.parametrize(
    ("restart_s", "expected"), [(0.0, State.UNKNOWN), (59.9, State.UNKNOWN), (60.0, State.DECLINED)]
)
def test_within_a_minute_of_a_restart_only_an_approval_is_believed(restart_s: float, expected: State) -> None:
    verdict = decide(ASKED, LOST, [look(REJECTED, 100, restart_s)], Known())
    assert verdict.state is expected
    assert state(LOST, look(MOVED, 100, restart_s)) is State.APPROVED
    if expected is State.UNKNOWN:
        assert (verdict.then, verdict.look_at_s) == (Next.LOOK_AGAIN, 160 - restart_s)


def test_fc02_a_second_attempt_that_succeeds_is_seen_before_anything_is_final() -> None:
    first = replace(REJECTED, stan_auth="000042", rejection_reason="3:1:55")
    assert state(LOST, look(first, 10, 5), look(MOVED, 19, 14)) is State.APPROVED


def test_99_never_declines_and_1_never_approves() -> None:
    for result in (Result.UNKNOWN, Result.ADMINISTRATIVE, Result.LOYALTY, None):
        for reply in (OwnReply(accepted=True, result=replace(MOVED, result=result)), rejected(result=result), LOST):
            assert state(reply) is State.UNKNOWN
            assert state(reply, look(replace(MOVED, result=result), 400)) is State.UNKNOWN


# --- not started: proof twice

CODES = (6003, 6006, 7100, 7101, 7103, 7104, 7400, 7499, 7501, 7516)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_and_one_look_equal_to_the_fence_prove_that_nothing_began(code: int) -> None:
    assert state(refused(code)) is State.UNKNOWN
    assert state(refused(code), look(BEFORE, 4.9)) is State.UNKNOWN
    assert state(refused(code), look(BEFORE, 5.0)) is State.NOT_STARTED
    assert state(refused(code, elapsed_s=3.0), look(BEFORE, 7.9)) is State.UNKNOWN
    assert state(refused(code, elapsed_s=3.0), look(BEFORE, 8.0)) is State.NOT_STARTED


@pytest.mark.parametrize(
    "reply",
    [
        refused(8013), refused(7016), refused(7009), refused(9000), refused(7102), refused(7300),
        refused(7600), refused(),
        refused(7100, 8013), NoAnswer(cause="401"), NoAnswer(cause="503"), NoAnswer(cause="html"), LOST, None,
        OwnReply(accepted=True, result=None, codes=frozenset({7100})),
        OwnReply(accepted=False, result=replace(REJECTED, result=None), codes=frozenset({7100})),
    ],
)  # fmt: skip
def test_anything_else_is_no_refusal_and_needs_two_looks(reply: OwnReply | NoAnswer | None) -> None:
    assert state(reply, look(BEFORE, 10)) is State.UNKNOWN
    assert state(reply, look(BEFORE, 300)) is State.UNKNOWN  # one look
    assert state(reply, look(BEFORE, 10), look(BEFORE, 299)) is State.UNKNOWN
    assert state(reply, look(BEFORE, 10), look(BEFORE, 300)) is State.NOT_STARTED


def test_the_longest_operation_is_a_setting() -> None:
    asked = replace(ASKED, longest_operation_s=120)
    assert state(LOST, look(BEFORE, 10), look(BEFORE, 120), asked=asked) is State.NOT_STARTED


def test_a_restart_just_before_the_second_look_spoils_the_proof() -> None:
    assert state(LOST, look(BEFORE, 10), look(BEFORE, 300, 20)) is State.UNKNOWN
    assert state(LOST, look(BEFORE, 10), look(BEFORE, 300, 20), look(BEFORE, 340, 60)) is State.NOT_STARTED


@pytest.mark.parametrize(
    "changes",
    [
        {"stan_auth": "000041FFFFFF"},
        {"time_stamp": "20261125101531"},
        {"total_minor": 9_901},
        {"order_id": ""},
        {"order_id": OTHER},
        {"result": Result.REJECTED, "order_id": ""},
    ],
)
def test_a_last_result_that_differs_a_little_is_not_the_fence(changes: dict[str, Any]) -> None:
    changed = replace(BEFORE, **changes)
    assert not same_as_fence(FENCE, changed)
    assert state(LOST, look(changed, 10), look(changed, 400)) is State.UNKNOWN
    assert state(refused(7100), look(changed, 10)) is State.UNKNOWN


def test_a_changed_last_result_is_looked_at_for_as_long_as_ours_may_still_come() -> None:
    reversed_at_terminal = replace(BEFORE, result=Result.REJECTED, order_id="")
    early = decide(ASKED, LOST, [look(reversed_at_terminal, 299)], Known())
    late = decide(ASKED, LOST, [look(reversed_at_terminal, 300)], Known())
    assert (early.then, late.then) == (Next.LOOK_AGAIN, Next.PERSON)
    assert state(LOST, look(reversed_at_terminal, 10), look(MOVED, 40)) is State.APPROVED


def test_an_early_cancel_as_fence_is_known_by_time_and_amount() -> None:
    early = replace(REJECTED, stan_auth="", time_stamp="20261125101530")
    asked = replace(ASKED, fence=early.fence)
    assert state(LOST, look(early, 10), look(early, 300), asked=asked) is State.NOT_STARTED
    assert state(LOST, look(replace(early, time_stamp="20261125101702")), asked=asked) is State.DECLINED


@pytest.mark.parametrize("mute", [{"time_stamp": ""}, {"result": Result.MOVED}])
def test_a_result_without_any_mark_is_never_the_fence(mute: dict[str, Any]) -> None:
    early = replace(REJECTED, stan_auth="", **mute)
    asked = replace(ASKED, fence=early.fence)
    assert state(LOST, look(early, 10), look(early, 300), asked=asked) is State.UNKNOWN


def test_a_terminal_that_has_no_last_result_proves_by_having_none_still() -> None:
    asked = replace(ASKED, fence=None)
    assert state(LOST, look(None, 10), look(None, 300), asked=asked) is State.NOT_STARTED
    assert state(LOST, look(None, 10), look(MOVED, 20), asked=asked) is State.APPROVED


# --- sources that disagree, last one foreign or gone


def test_an_empty_look_up_is_proof_of_nothing() -> None:
    verdict = decide(ASKED, LOST, [look(None, 10), look(None, 400)], Known())
    assert (verdict.then, verdict.state, kinds(verdict)) == (Next.LOOK_AGAIN, State.UNKNOWN, ["foreign-transaction"])
    assert state(LOST, look(None, 10), look(BEFORE, 300)) is State.UNKNOWN
    assert state(LOST, look(None, 10), look(REJECTED, 300)) is State.UNKNOWN
    assert state(LOST, look(None, 10), look(MOVED, 300)) is State.APPROVED


FOREIGN = replace(MOVED, order_id="", stan_auth="000050C1C1C1")


@pytest.mark.parametrize(
    "looks",
    [
        (FOREIGN, REJECTED),
        (FOREIGN, BEFORE),
        (BEFORE, FOREIGN),
        (REJECTED, BEFORE),
        (REJECTED, replace(REJECTED, time_stamp="20261125101800")),
        (replace(MOVED, total_minor=None), REJECTED),
    ],
)
def test_looks_that_disagree_decide_nothing(looks: tuple[TerminalResult, ...]) -> None:
    seen = [look(result, 10 + 300 * at) for at, result in enumerate(looks)]
    verdict = decide(ASKED, LOST, seen, Known())
    assert (verdict.then, verdict.state, kinds(verdict)) == (Next.PERSON, State.UNKNOWN, ["foreign-transaction"])


def test_fc08_a_late_result_of_another_payment_is_not_ours() -> None:
    assert state(LOST, look(replace(MOVED, order_id=OTHER, stan_auth="000050"))) is State.UNKNOWN


# --- reversal


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, State.APPROVED),
        ({"order_id": PAYMENT}, State.APPROVED),
        ({"total_minor": 10_700, "tip_minor": 800}, State.APPROVED),
        ({"order_id": OTHER}, State.UNKNOWN),
        ({"total_minor": 9_899}, State.UNKNOWN),
        ({"total_minor": 9_901}, State.UNKNOWN),
        ({"terminal": "70000002"}, State.UNKNOWN),
        ({"terminal": ""}, State.UNKNOWN),
    ],
)
def test_a_reversal_is_approved_by_its_own_reply(changes: dict[str, Any], expected: State) -> None:
    reply = OwnReply(accepted=True, result=replace(VOIDED, **changes))
    verdict = decide(REVERSAL, reply, (), Known())
    assert (verdict.state, verdict.cause == "part-approved") == (expected, False)
    if verdict.then is Next.PERSON:
        assert kinds(verdict) == ["reversal-hit-other"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, State.APPROVED),
        ({"customer_slip": "", "merchant_slip": VOIDED.customer_slip}, State.APPROVED),
        ({"customer_slip": "DEMO VET\r\nANNULLERING KUN MED KVITTERING\r\nKJØP\r\n"}, State.UNKNOWN),
        ({"customer_slip": VOIDED.customer_slip.replace("ANNULLERING", "KÖP")}, State.UNKNOWN),
        ({"customer_slip": VOIDED.customer_slip.replace("ANNULLERING", "RETUR")}, State.UNKNOWN),
        ({"customer_slip": ""}, State.UNKNOWN),
        ({"stan_auth": ""}, State.UNKNOWN),
        ({"stan_auth": BEFORE.stan_auth}, State.UNKNOWN),
        ({"total_minor": 9_899}, State.UNKNOWN),
        ({"terminal": "70000002"}, State.UNKNOWN),
        ({"order_id": OTHER}, State.UNKNOWN),
        ({"result": Result.REJECTED}, State.UNKNOWN),
        ({"result": Result.ADMINISTRATIVE}, State.UNKNOWN),
    ],
)
def test_a_reversal_is_seen_by_a_new_void_of_its_amount(changes: dict[str, Any], expected: State) -> None:
    assert state(LOST, look(replace(VOIDED, **changes), 400), asked=REVERSAL) is expected


def test_a_void_that_another_operation_owns_is_not_ours() -> None:
    assert state(LOST, look(VOIDED), asked=REVERSAL, known=Known(seen_stans={VOIDED.stan_auth})) is State.UNKNOWN


def test_a_reversal_that_left_the_payment_as_it_was_is_not_started() -> None:
    assert state(LOST, look(BEFORE, 10), look(BEFORE, 299), asked=REVERSAL) is State.UNKNOWN
    assert state(LOST, look(BEFORE, 10), look(BEFORE, 300), asked=REVERSAL) is State.NOT_STARTED
    gone = replace(BEFORE, result=Result.REJECTED)  # it changed: the void may well have done that
    assert state(LOST, look(gone, 10), look(gone, 300), asked=REVERSAL) is State.UNKNOWN


@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.REFUND])
def test_only_a_reversal_may_carry_the_payments_reference(kind: Kind) -> None:
    asked = replace(ASKED, kind=kind, corrected_reference=PAYMENT)
    assert state(approved(order_id=PAYMENT), asked=asked) is State.UNKNOWN
    assert state(LOST, look(replace(MOVED, order_id=PAYMENT)), asked=asked) is State.UNKNOWN


def test_the_journal_keeps_a_result_without_slips_and_empty_fields() -> None:
    assert replace(MOVED, customer_slip="word for word").kept() == {
        "result": "0", "terminal": TERMINAL, "order_id": OURS, "total_minor": AMOUNT, "stan_auth": "000042D4E5F6",
        "time_stamp": "20261125101702", "session": "042", "response_code": "00", "card_scheme": "VISA",
    }  # fmt: skip


def test_a_rejection_of_another_amount_declines_ours_and_is_told() -> None:
    verdict = decide(ASKED, rejected(total_minor=AMOUNT + 100), (), Known())
    assert verdict.state is State.DECLINED
    assert kinds(verdict) == ["amount-differs"]
    plain = decide(ASKED, rejected(), (), Known())
    assert (plain.state, kinds(plain)) == (State.DECLINED, [])
