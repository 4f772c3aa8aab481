"""What became of an operation: one transaction for a result and all that follows from it."""

from __future__ import annotations

from dataclasses import replace

import apsw
import pytest

from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.evidence import Finding, Next, Verdict
from edgepos.domain.identifiers import new_reference
from edgepos.domain.operation import Fence, IllegalTransition, Kind, Line, Operation, Origin, State
from edgepos.domain.result import Result, TerminalResult
from edgepos.journal import Intent, OutboxState, PeriodEnd, outcomes

from .clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, purchase

FENCE = Fence(stan_auth="000017", time="20261124", amount_minor=100, order_id=None)


async def kinds(clinic: Clinic) -> list[str]:
    return [str(row[0]) for row in (await clinic.journal.sql("SELECT kind FROM event ORDER BY seq")).rows]


async def found(
    clinic: Clinic, kind: Kind, result: TerminalResult, corrects: str | None, *lines: Line, **more: object
) -> Operation:
    return await clinic.journal.found(
        kind=kind, terminal=RECEPTION, currency="SEK", clinic_day=DAY, result=result, why="late-approval",
        corrects=corrects, lines=lines, **more,  # type: ignore[arg-type]
    )  # fmt: skip


async def findings(clinic: Clinic) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in await clinic.journal.open_findings()]


async def rows(clinic: Clinic) -> list[tuple[str, str | None, int]]:
    return [(row.row, row.invoice, row.amount_minor) for row in await clinic.journal.queued()]


# --- the four commits


async def test_a_purchase_is_four_commits(clinic: Clinic) -> None:
    commits: list[list[str]] = []
    clinic.journal.subscribe(lambda events: commits.append([event.kind for event in events]))
    payment = await clinic.pay(purchase(8000, line(1, 8000)))
    await clinic.journal.acknowledged(f"{payment.id}.1", "901", "post")
    assert commits == [["operation.intended"], ["operation.sent"], ["operation.decided"], ["outbox.acknowledged"]]


async def test_sent_keeps_fence_boot_and_its_clock(clinic: Clinic) -> None:
    intended, _ = await clinic.journal.intend(purchase(8000))
    clinic.clock.seconds = 512.5
    sent = await clinic.journal.sent(intended.id, FENCE)
    assert (sent.state, sent.fence, sent.sent_boottime_ms) == (State.SENT, FENCE, 512_500)
    assert sent.sent_boot_id == clinic.clock.boot
    assert await clinic.journal.operation(sent.id) == sent


async def test_an_approval_brings_result_slips_rows_and_findings_in_one_commit(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    verdict = clinic.approved(8000, Finding(kind="weak-evidence", facts={"a": 1}), tip=700)
    payment = await clinic.journal.decided(sent.id, verdict)
    assert (payment.state, payment.approved_minor, payment.tip_minor) == (State.APPROVED, 8000, 700)
    assert [(one.kept_minor, one.claim) for one in payment.lines] == [(5000, "kept"), (3000, "kept")]
    assert payment.result["stan_auth"] == "000001"
    assert (payment.session, payment.period, payment.evidence) == ("042", 1, ("own-reply",))
    assert await rows(clinic) == [(f"{payment.id}.1", "501", 5000), (f"{payment.id}.2", "502", 3000)]
    assert await findings(clinic) == [("weak-evidence", payment.id)]
    slips = await clinic.journal.slips(payment.id)
    assert (slips.customer, slips.merchant) == ("KUNDENS", "BUTIKENS")
    assert await clinic.journal.last_known(RECEPTION) == payment
    assert await clinic.journal.stans(RECEPTION) == {"000001"}


async def test_a_part_approval_pays_the_first_lines_first(clinic: Clinic) -> None:  # FC-14
    sent = await clinic.send(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    payment = await clinic.journal.decided(sent.id, clinic.approved(5000))
    assert [(one.kept_minor, one.claim) for one in payment.lines] == [(5000, "kept"), (0, "released")]
    assert await rows(clinic) == [(f"{payment.id}.1", "501", 5000)]


async def test_a_decline_books_nothing_and_frees_the_part(clinic: Clinic) -> None:
    payment = await clinic.decline(purchase(8000, line(1, 8000)))
    assert (payment.state, payment.approved_minor, payment.cause) == (State.DECLINED, 0, "51")
    assert payment.lines[0].claim == "released"
    assert await rows(clinic) == []


async def test_an_unlisted_sale_is_not_booked(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000))
    assert await rows(clinic) == []


async def test_an_intent_ends_as_not_started_without_a_period(clinic: Clinic) -> None:
    intended, _ = await clinic.journal.intend(purchase(8000))
    verdict = Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="practice-away")
    payment = await clinic.journal.decided(intended.id, verdict)
    assert (payment.state, payment.period, payment.cause) == (State.NOT_STARTED, None, "practice-away")
    assert await clinic.journal.last_known(RECEPTION) is None


async def test_a_refund_is_booked_negative_and_waits_for_its_payment(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    refund = await clinic.pay(money_back(Kind.REFUND, payment.id, 4000))
    waiting = {row.row: row for row in await clinic.journal.outbox_of(refund.id)}
    assert {row: (one.amount_minor, one.waits_for) for row, one in waiting.items()} == {
        f"{refund.id}.1": (-1000, f"{payment.id}.1"),
        f"{refund.id}.2": (-3000, f"{payment.id}.2"),
    }
    await clinic.journal.acknowledged(f"{payment.id}.2", "902", "post")
    row = await clinic.journal.outbox_row(f"{refund.id}.2")
    assert (row.waits_for, row.booking.corrects_payment, row.booking.corrects_row) == (None, "902", f"{payment.id}.2")
    assert (row.booking.last_four, row.booking.card_scheme, row.booking.authorisation) == ("1234", "VISA", "000002")


async def test_a_reversal_takes_back_all_lines(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    reversal = await clinic.pay(money_back(Kind.REVERSAL, payment.id, 8000))
    assert [row.amount_minor for row in await clinic.journal.outbox_of(reversal.id)] == [-5000, -3000]
    assert await clinic.journal.refundable(payment.id) == 0


# --- what the table of states forbids


async def test_a_final_state_never_changes(clinic: Clinic) -> None:
    payment = await clinic.decline(purchase(8000, line(1, 8000)))
    for step in (
        clinic.journal.decided(payment.id, clinic.approved(8000)),
        clinic.journal.unknown(payment.id, "x", {}),
        clinic.journal.sent(payment.id, None),
    ):
        with pytest.raises(IllegalTransition):
            await step
    assert await clinic.journal.operation(payment.id) == payment


async def test_only_a_decision_decides(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000))
    undecided = Verdict(then=Next.LOOK_AGAIN, state=State.UNKNOWN, cause="no-answer")
    with pytest.raises(ValueError, match="no decision"):
        await clinic.journal.decided(sent.id, undecided)
    with pytest.raises(ValueError, match="closes no period"):
        await clinic.journal.decided(sent.id, clinic.approved(8000), closes=PeriodEnd())


async def test_an_unknown_operation_is_unknown_to_all(clinic: Clinic) -> None:
    with pytest.raises(Wrong) as caught:
        await clinic.journal.sent("E0000000000NE", None)
    assert caught.value.code == "unknown-payment"


# --- asked to stop, unknown


async def test_asked_to_stop_is_noted_once_and_only_while_open(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000))
    asked = await clinic.journal.stop_asked(sent.id, "anna")
    assert (asked.state, asked.stop_asked_at) == (State.SENT, asked.changed_at)
    assert await clinic.journal.stop_asked(sent.id, "bo") == asked
    payment = await clinic.journal.decided(sent.id, clinic.approved(8000))
    assert await clinic.journal.stop_asked(sent.id, "anna") == payment


async def test_unknown_said_again_writes_only_what_is_new(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000))
    lost = await clinic.journal.unknown(sent.id, "no-answer", {"answer": "cut"})
    assert await clinic.journal.unknown(sent.id, "no-answer", {"answer": "cut"}) == lost
    finding = Finding(kind="foreign-transaction", facts={})
    again = await clinic.journal.unknown(sent.id, "foreign-transaction", {}, [finding, finding])
    assert (again.state, again.cause) == (State.UNKNOWN, "foreign-transaction")
    assert await findings(clinic) == [("foreign-transaction", sent.id)]
    assert (await kinds(clinic)).count("operation.unknown") == 2


async def test_an_unknown_one_gets_its_state_by_evidence(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000, line(1, 8000)))
    assert (await clinic.journal.decided(lost.id, clinic.approved(8000))).state is State.APPROVED


# --- periods


async def test_a_reconciliation_closes_its_period_in_the_same_commit(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000))
    commits: list[list[str]] = []
    clinic.journal.subscribe(lambda events: commits.append([event.kind for event in events]))
    closing = await clinic.reconcile("042")
    assert commits[-1] == ["operation.decided", "period.closed"]
    opened, closed = await clinic.journal.periods(RECEPTION)
    assert (closed.period, closed.by, closed.operation, closed.session, closed.slip) == (
        1,
        "asked",
        closing.id,
        "042",
        "SLIP",
    )
    assert closed.totals == ({"scheme": "VISA", "minor": 8000},)
    assert (opened.period, opened.by, opened.closed_at) == (2, None, None)
    assert (payment.period, closing.period) == (1, 1)
    assert (await clinic.journal.terminal(RECEPTION)).last_reconciled_at == closed.closed_at
    later = await clinic.pay(purchase(100), session="043")
    assert later.period == 2


async def test_a_session_that_jumped_closes_the_period_by_the_terminal(clinic: Clinic) -> None:  # FC-23
    await clinic.pay(purchase(100), session="042")
    after = await clinic.pay(purchase(200), session="043")
    assert after.period == 2
    opened, closed = await clinic.journal.periods(RECEPTION)
    assert (closed.by, closed.session, opened.session) == ("terminal", "042", "043")
    assert (await clinic.journal.terminal(RECEPTION)).last_reconciled_at == closed.closed_at
    [found] = await clinic.journal.open_findings()
    assert (found.kind, found.subject) == ("closed-by-terminal", f"{RECEPTION}/1")


async def test_a_late_result_of_the_session_just_closed_belongs_to_it(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(100))
    await clinic.journal.settled(
        lost.id, outcome="not_taken", slip_number="1", amount_minor=0, operator="a", confirmed_by="b"
    )
    await clinic.pay(purchase(300), session="042")
    await clinic.pay(purchase(300), session="043")
    late = await found(clinic, Kind.PURCHASE, clinic.result(100, session="42"), lost.id)
    assert late.period == 1
    assert (await clinic.journal.terminal(RECEPTION)).period == 2


async def test_a_slip_of_another_session_says_that_the_terminal_had_closed_before(clinic: Clinic) -> None:
    await clinic.pay(purchase(100), session="042")
    closing = await clinic.reconcile("043")
    assert closing.period == 2
    assert [one.by for one in await clinic.journal.periods(RECEPTION)] == [None, "asked", "terminal"]


async def test_a_refused_reconciliation_closes_nothing(clinic: Clinic) -> None:
    intent = Intent(
        kind=Kind.RECONCILIATION, terminal=RECEPTION, currency="SEK", asked_minor=0, operator="a", clinic_day=DAY
    )
    sent = await clinic.send(intent)
    await clinic.journal.decided(sent.id, clinic.declined())
    assert len(await clinic.journal.periods(RECEPTION)) == 1


async def test_a_period_is_closed_by_a_swap_and_an_unknown_terminal_has_none(clinic: Clinic) -> None:
    await clinic.journal.learned(RECEPTION, True)
    closed = await clinic.journal.period_closed(RECEPTION, by="swap")
    assert (closed.period, closed.by) == (1, "swap")
    with pytest.raises(Wrong):
        await clinic.journal.period_closed(SURGERY, by="swap")


# --- found


async def test_a_late_approval_is_booked_on_the_invoice_of_the_declined_one(clinic: Clinic) -> None:  # FC-02
    declined = await clinic.decline(purchase(8000, line(1, 8000)))
    late = await found(clinic, Kind.PURCHASE, clinic.result(8000), declined.id)
    assert (late.origin, late.state, late.corrects, late.approved_minor) == (
        Origin.FOUND,
        State.APPROVED,
        declined.id,
        8000,
    )
    assert late.lines[0].claim == "kept"
    assert await rows(clinic) == [(f"{late.id}.1", "501", 8000)]
    assert await findings(clinic) == []
    assert await clinic.journal.operation(declined.id) == declined
    assert await clinic.journal.parts("501") == 2


async def test_a_late_approval_of_a_part_paid_meanwhile_is_booked_and_a_finding(clinic: Clinic) -> None:
    declined = await clinic.decline(purchase(8000, line(1, 8000)))
    await clinic.pay(purchase(8000, line(1, 8000)))
    late = await found(clinic, Kind.PURCHASE, clinic.result(8000), declined.id)
    assert await findings(clinic) == [("double", late.id)]
    assert (f"{late.id}.1", "501", 8000) in await rows(clinic)


async def test_a_found_result_with_our_reference_keeps_it(clinic: Clinic) -> None:
    reference = new_reference(clinic.journal.tag, lambda n: 7)
    first = await found(clinic, Kind.PURCHASE, clinic.result(8000, order_id=reference), None, line(1, 8000, part=None))
    assert (first.id, first.lines[0].part) == (reference, 1)
    second = await found(clinic, Kind.PURCHASE, clinic.result(8000, order_id=reference), None)
    assert second.id != reference


async def test_what_the_practice_system_has_already_is_found_and_acknowledged_at_once(clinic: Clinic) -> None:
    told = TerminalResult(result=Result.MOVED, total_minor=5000)
    one = await found(clinic, Kind.PURCHASE, told, None, line(1, 5000), acknowledged_as={1: "77"})
    row = await clinic.journal.outbox_row(f"{one.id}.1")
    assert (row.state, row.practice_payment, row.via) == (OutboxState.ACKNOWLEDGED, "77", "lookup")
    assert await clinic.journal.last_known(RECEPTION) is None, "no terminal said it"


async def test_a_payment_that_its_terminal_reversed_is_a_found_reversal_of_all_of_it(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    reversal = await found(clinic, Kind.REVERSAL, clinic.result(8000, kind=Result.REJECTED), payment.id)
    assert (reversal.state, reversal.approved_minor) == (State.APPROVED, 8000)
    assert [row.amount_minor for row in await clinic.journal.outbox_of(reversal.id)] == [-5000, -3000]
    again = await found(clinic, Kind.REVERSAL, clinic.result(8000), payment.id)
    assert [row.amount_minor for row in await clinic.journal.outbox_of(again.id)] == [-8000], "never refused"


async def test_a_found_decline_is_kept_and_a_result_that_says_nothing_is_none(clinic: Clinic) -> None:
    declined = await found(clinic, Kind.PURCHASE, clinic.result(100, kind=Result.REJECTED), None, line(1, 100))
    assert (declined.state, declined.lines[0].claim) == (State.DECLINED, "released")
    assert await rows(clinic) == []
    alone = await found(clinic, Kind.REVERSAL, clinic.result(100, kind=Result.REJECTED), None)
    assert alone.approved_minor == 0
    with pytest.raises(ValueError, match="moved nothing"):
        await found(clinic, Kind.PURCHASE, clinic.result(100, kind=Result.UNKNOWN), None)


async def test_a_found_reconciliation_has_no_lines(clinic: Clinic) -> None:
    assert (await found(clinic, Kind.RECONCILIATION, clinic.result(0), None)).lines == ()


# --- settled by hand


async def settle(clinic: Clinic, id: str, outcome: str, amount_minor: int = 8000) -> Operation:
    return await clinic.journal.settled(
        id, outcome=outcome, slip_number="0017", amount_minor=amount_minor, operator="anna", confirmed_by="bo"
    )


async def test_settled_as_taken_keeps_the_part_is_booked_and_stays_a_finding(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000, line(1, 8000)))
    settled = await settle(clinic, lost.id, "taken")
    assert (settled.state, settled.settled_outcome, settled.settled_slip) == (State.SETTLED_BY_HAND, "taken", "0017")
    assert (settled.moved_minor, settled.lines[0].claim, settled.period) == (8000, "kept", 1)
    assert await rows(clinic) == [(f"{lost.id}.1", "501", 8000)]
    assert await findings(clinic) == [("settled-by-hand", lost.id)]
    await clinic.pay(purchase(100))  # the terminal is free


async def test_settled_as_not_taken_frees_the_part_and_is_not_booked(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000, line(1, 8000)))
    settled = await settle(clinic, lost.id, "not_taken")
    assert (settled.moved_minor, settled.lines[0].claim) == (0, "released")
    assert await rows(clinic) == []
    await clinic.pay(purchase(8000, line(1, 8000)))


async def test_the_slip_may_say_more_than_was_asked_and_all_of_it_is_booked(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    await settle(clinic, lost.id, "taken", 9000)
    assert [amount for *_, amount in await rows(clinic)] == [5000, 4000]


async def test_only_an_unknown_one_can_be_settled(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000))
    with pytest.raises(Refused) as caught:
        await settle(clinic, sent.id, "taken")
    assert caught.value.code == "terminal-in-use"
    await clinic.journal.unknown(sent.id, "x", {})
    for outcome, amount in (("perhaps", 8000), ("taken", 0)):
        with pytest.raises(Wrong):
            await settle(clinic, sent.id, outcome, amount)
    await settle(clinic, sent.id, "taken")
    with pytest.raises(Refused) as caught:
        await settle(clinic, sent.id, "not_taken")
    assert caught.value.code == "already-settled"


async def test_totals_that_agree_end_the_finding_and_others_do_not(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000))
    with pytest.raises(Wrong):
        await clinic.journal.confirmed(lost.id, closing=1, agrees=True)
    await settle(clinic, lost.id, "taken")
    assert not (await clinic.journal.confirmed(lost.id, closing=1, agrees=False)).is_confirmed
    assert await findings(clinic) == [("settled-by-hand", lost.id)]
    assert (await clinic.journal.confirmed(lost.id, closing=2, agrees=True)).is_confirmed
    assert await findings(clinic) == []
    assert (await clinic.journal.confirmed(lost.id, closing=3, agrees=True)).is_confirmed


async def test_what_was_settled_as_taken_is_never_booked_a_second_time(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000, line(1, 8000)))
    settled = await settle(clinic, lost.id, "taken")
    late = await found(clinic, Kind.PURCHASE, clinic.result(8000), lost.id)
    assert await rows(clinic) == [(f"{lost.id}.1", "501", 8000)]
    assert late.lines[0].claim == "released"
    assert ("settled-contradicted", lost.id) in await findings(clinic)
    assert await clinic.journal.operation(lost.id) == settled
    totals = await clinic.journal.day_totals(DAY, "SEK")
    assert (totals.count, totals.amount_minor) == (1, 8000)


async def test_what_was_settled_as_not_taken_and_was_is_booked_then(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000, line(1, 8000)))
    await settle(clinic, lost.id, "not_taken")
    late = await found(clinic, Kind.PURCHASE, clinic.result(8000), lost.id)
    assert await rows(clinic) == [(f"{late.id}.1", "501", 8000)]
    assert ("settled-contradicted", lost.id) in await findings(clinic)


# --- recorded


async def record(
    clinic: Clinic, kind: Kind = Kind.PURCHASE, amount_minor: int = 8000, *lines: Line, **more: str
) -> tuple[Operation, bool]:
    return await clinic.journal.recorded(
        kind=kind, terminal=RECEPTION, currency="SEK", amount_minor=amount_minor, slip_number="0099", operator="anna",
        clinic_day=DAY, lines=lines, at="2026-11-25T07:00:00.000Z", **more,  # type: ignore[arg-type]
    )  # fmt: skip


async def test_a_stand_alone_sale_is_booked_although_the_terminal_is_in_use(clinic: Clinic) -> None:
    await clinic.send(purchase(500, line(1, 500, "600")))
    recorded, is_new = await record(clinic, Kind.PURCHASE, 8000, line(1, 8000, part=None), request_key="k")
    assert (is_new, recorded.origin, recorded.state, recorded.settled_slip) == (
        True,
        Origin.RECORDED,
        State.APPROVED,
        "0099",
    )
    assert (recorded.moved_minor, recorded.lines[0].part, recorded.period) == (8000, 1, 1)
    assert await rows(clinic) == [(f"{recorded.id}.1", "501", 8000)]
    assert await record(clinic, Kind.PURCHASE, 1, request_key="k") == (recorded, False)


async def test_a_recorded_refund_takes_from_its_payment(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    refund, _ = await record(clinic, Kind.REFUND, 9000, corrects=payment.id)
    assert [(one.line, one.kept_minor) for one in refund.lines] == [(1, 5000), (2, 4000)], "what was done is recorded"
    assert await clinic.journal.refundable(payment.id) == 0


async def test_a_recorded_sale_needs_an_amount_that_its_lines_add_up_to(clinic: Clinic) -> None:
    for amount, lines in ((0, ()), (-1, ()), (8000, (line(1, 7000),))):
        with pytest.raises(Wrong):
            await record(clinic, Kind.PURCHASE, amount, *lines)
    unlisted, _ = await record(clinic)
    assert unlisted.lines[0].invoice is None


# --- assigned


async def assign(clinic: Clinic, id: str, number: int = 1, invoice: str = "501") -> Operation:
    return await clinic.journal.assigned(id, line=number, invoice=invoice, number="STH-501", operator="anna")


async def test_an_unlisted_payment_gets_its_invoice_once_and_its_refunds_with_it(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000))
    refund = await clinic.pay(money_back(Kind.REFUND, payment.id, 1000))
    assigned = await assign(clinic, payment.id)
    assert (assigned.lines[0].invoice, assigned.lines[0].part, assigned.lines[0].number) == ("501", 1, "STH-501")
    assert await rows(clinic) == [(f"{payment.id}.1", "501", 8000), (f"{refund.id}.1", "501", -1000)]
    assert (await clinic.journal.outbox_row(f"{refund.id}.1")).waits_for == f"{payment.id}.1"
    with pytest.raises(Refused) as caught:
        await assign(clinic, payment.id, invoice="502")
    assert (caught.value.code, caught.value.facts["invoice"]) == ("already-assigned", "501")
    later = await clinic.pay(money_back(Kind.REFUND, payment.id, 500))
    assert [row.invoice for row in await clinic.journal.outbox_of(later.id)] == ["501"]


async def test_a_part_that_is_open_is_not_given_to_another_payment(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000))
    holder = await clinic.send(purchase(8000, line(1, 8000), terminal=SURGERY))
    with pytest.raises(Refused) as caught:
        await assign(clinic, payment.id)
    assert (caught.value.code, caught.value.facts["payment"]) == ("invoice-open", holder.id)


async def test_a_conflict_that_nobodys_claim_explains_stays_one(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await clinic.pay(purchase(8000))
    await clinic.send(purchase(8000, line(1, 8000), terminal=SURGERY))
    monkeypatch.setattr(outcomes, "invoice_holder", lambda *_: None)
    with pytest.raises(apsw.ConstraintError):
        await assign(clinic, payment.id)
    assert (await clinic.journal.operation(payment.id)).lines[0].invoice is None


async def test_only_a_payment_that_moved_money_has_lines_to_assign(clinic: Clinic) -> None:
    declined = await clinic.decline(purchase(8000))
    payment = await clinic.pay(purchase(8000))
    refund = await clinic.pay(money_back(Kind.REFUND, payment.id, 100))
    for id, number in ((declined.id, 1), (payment.id, 2), (refund.id, 1)):
        with pytest.raises(Wrong):
            await assign(clinic, id, number)


def test_the_values_of_a_result_are_what_the_journal_keeps() -> None:
    result = TerminalResult(result=Result.MOVED, total_minor=5, customer_slip="secret slip")
    assert "customer_slip" not in replace(result).kept()
