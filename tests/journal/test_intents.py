"""Claims: who may start what, held by the tables' own indexes; and how much money may go back."""

from __future__ import annotations

import apsw
import pytest

from edgepos.domain.errors import EdgeposError, Refused, Wrong
from edgepos.domain.money import MAX_MINOR
from edgepos.domain.operation import Kind, Line, Operation, State
from edgepos.journal import Intent, intents
from edgepos.journal.database import Tx

from .clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, purchase


async def refusal(clinic: Clinic, intent: Intent) -> EdgeposError:
    before = clinic.journal.head
    with pytest.raises(EdgeposError) as caught:
        await clinic.journal.intend(intent)
    assert clinic.journal.head == before, "a refused intent leaves nothing"
    return caught.value


# --- what the indexes take


async def test_an_intent_is_durable_with_all_that_was_asked(clinic: Clinic) -> None:
    operation, is_new = await clinic.journal.intend(
        purchase(8000, line(1, 5000, "501"), line(2, 3000, "502"), text="x")
    )
    assert is_new
    assert operation.state is State.INTENDED
    assert operation.id.startswith("E" + clinic.journal.tag)
    assert [(one.invoice, one.amount_minor, one.claim) for one in operation.lines] == [
        ("501", 5000, "open"),
        ("502", 3000, "open"),
    ]
    assert await clinic.journal.operation(operation.id) == operation
    assert await clinic.journal.open_operations() == [operation]


async def test_two_parts_of_an_invoice_one_after_the_other(clinic: Clinic) -> None:
    await clinic.pay(purchase(5000, line(1, 5000, part=1)))
    assert await clinic.journal.parts("501") == 2
    assert (await clinic.pay(purchase(3000, line(1, 3000, part=2)))).state is State.APPROVED
    assert await clinic.journal.parts("501") == 3


async def test_the_same_part_again_after_a_decline(clinic: Clinic) -> None:
    await clinic.decline(purchase(8000, line(1, 8000)))
    assert (await clinic.pay(purchase(8000, line(1, 8000)))).state is State.APPROVED


async def test_unlisted_sales_do_not_get_in_each_others_way(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000))
    await clinic.pay(purchase(8000))
    other, _ = await clinic.journal.intend(purchase(8000, terminal=SURGERY))
    assert other.lines[0].invoice is None


async def test_a_late_approval_is_recorded_although_somebody_holds_the_part(clinic: Clinic) -> None:
    declined = await clinic.decline(purchase(8000, line(1, 8000)))
    await clinic.send(purchase(8000, line(1, 8000), terminal=SURGERY))
    found = await clinic.journal.found(
        kind=Kind.PURCHASE, terminal=RECEPTION, currency="SEK", clinic_day=DAY, result=clinic.result(8000),
        why="late-approval", corrects=declined.id,
    )  # fmt: skip
    assert found.state is State.APPROVED


# --- what they refuse


@pytest.mark.parametrize("step", ["intended", "sent", "unknown"])
async def test_a_terminal_has_one_open_operation_and_the_refusal_names_it(clinic: Clinic, step: str) -> None:
    holder, _ = await clinic.journal.intend(purchase(8000, line(1, 8000)))
    if step != "intended":
        await clinic.journal.sent(holder.id, None)
    if step == "unknown":
        await clinic.journal.unknown(holder.id, "no-answer", {})
    error = await refusal(clinic, purchase(100, line(1, 100, "777")))
    assert isinstance(error, Refused)
    assert error.code == ("payment-unknown" if step == "unknown" else "terminal-in-use")
    assert error.facts == {
        "payment": holder.id, "terminal": RECEPTION, "amount_minor": 8000, "since": holder.created_at,
    }  # fmt: skip


async def test_an_unknown_reconciliation_does_not_hold_its_terminal(clinic: Clinic) -> None:
    await clinic.lose(
        Intent(
            kind=Kind.RECONCILIATION, terminal=RECEPTION, currency="SEK", asked_minor=0, operator="a", clinic_day=DAY
        )
    )
    await clinic.pay(purchase(100))


@pytest.mark.parametrize(("is_unknown", "code"), [(False, "invoice-open"), (True, "payment-unknown")])
async def test_an_invoice_has_one_open_purchase_on_any_terminal(clinic: Clinic, is_unknown: bool, code: str) -> None:
    intent = purchase(8000, line(1, 5000, "500"), line(2, 3000, "501"))
    holder = await (clinic.lose(intent) if is_unknown else clinic.send(intent))
    error = await refusal(clinic, purchase(3000, line(1, 3000, "501"), terminal=SURGERY))
    assert (error.code, error.facts["payment"], error.facts["invoice"]) == (code, holder.id, "501")
    assert error.facts["terminal"] == RECEPTION


async def test_a_part_that_is_kept_is_not_charged_again(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000, line(1, 8000, part=1)))
    error = await refusal(clinic, purchase(8000, line(1, 8000, part=1)))
    assert (error.code, error.facts) == ("due-changed", {"invoice": "501", "part": 2, "seen_part": 1})


async def test_where_nobody_saw_a_part_the_journal_gives_it_out(clinic: Clinic) -> None:
    await clinic.pay(purchase(5000, line(1, 5000, part=1)))
    operation, _ = await clinic.journal.intend(purchase(3000, line(1, 3000, part=None)), expected_parts=False)
    assert operation.lines[0].part == 2


async def test_the_index_itself_refuses_a_part_that_is_kept(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = await clinic.pay(purchase(8000, line(1, 8000)))
    monkeypatch.setattr(intents.queries, "next_part", lambda *_: 1)  # as wrong code would
    error = await refusal(clinic, purchase(8000, line(1, 8000)))
    assert (error.code, error.facts["payment"]) == ("invoice-paid", kept.id)


async def test_a_conflict_that_no_claim_explains_is_not_called_one(clinic: Clinic) -> None:
    with pytest.raises(apsw.ConstraintError):
        await clinic.journal.intend(purchase(8000, Line(line=0, amount_minor=8000)))
    await clinic.pay(purchase(8000))


async def test_a_held_terminal_takes_nothing_but_a_reconciliation(clinic: Clinic) -> None:
    await clinic.journal.held(RECEPTION, "restored")
    error = await refusal(clinic, purchase(100))
    assert (error.code, error.facts) == ("terminal-held", {"terminal": RECEPTION, "cause": "restored"})
    assert (await clinic.reconcile()).state is State.APPROVED


async def test_a_reference_that_is_taken_is_drawn_again(clinic: Clinic) -> None:
    first, _ = await clinic.journal.intend(purchase(100))
    drawn = iter([first.id, "E0000000000NE"])
    operation, _ = await clinic.journal._write(
        intents.append_intent, purchase(100, terminal=SURGERY), drawn.__next__, True
    )
    assert operation.id == "E0000000000NE"


# --- repeated requests


async def test_a_repeated_request_gets_its_first_answer_also_after_a_restart(clinic: Clinic) -> None:
    first, _ = await clinic.journal.intend(purchase(8000, line(1, 8000), key="k1"))
    assert await clinic.journal.intend(purchase(8000, line(1, 8000), key="k1")) == (first, False)
    await clinic.restart()
    assert await clinic.journal.intend(purchase(1, key="k1")) == (first, False)
    assert await clinic.journal.by_request_key("k1") == first
    assert await clinic.journal.by_request_key("k2") is None


async def test_a_row_that_reads_back_otherwise_than_it_was_written_is_rolled_back(clinic: Clinic) -> None:
    def lie(tx: Tx) -> Operation:
        operation, _ = intents.append_intent(tx, purchase(100), clinic.journal._draw(), True)
        return intents.read_back(tx, operation.id, State.SENT)

    before = clinic.journal.head
    with pytest.raises(RuntimeError, match="reads back as intended"):
        await clinic.journal._write(lie)
    assert clinic.journal.head == before
    assert await clinic.journal.open_operations() == []


# --- forms


@pytest.mark.parametrize(
    ("intent", "code"),
    [
        (purchase(0), "amount-form"),
        (purchase(-5), "amount-form"),
        (purchase(MAX_MINOR + 1), "amount-too-large"),
        (purchase(8000, line(1, 7999)), "usage"),
        (purchase(8000, line(1, 4000), line(2, 4000)), "usage"),
        (purchase(8000, line(1, 0, "501"), line(2, 8000, "502")), "amount-form"),
        (money_back(Kind.REFUND, "E000", 5), "unknown-payment"),
        (money_back(Kind.REVERSAL, "E000", 5), "unknown-payment"),
    ],
)
async def test_an_intent_that_makes_no_sense_is_wrong(clinic: Clinic, intent: Intent, code: str) -> None:
    error = await refusal(clinic, intent)
    assert isinstance(error, Wrong)
    assert error.code == code


# --- money back


async def test_three_part_refunds_leave_nothing_and_a_fourth_is_refused(clinic: Clinic) -> None:  # FC-11
    payment = await clinic.pay(purchase(10000, line(1, 10000)))
    error = await refusal(clinic, money_back(Kind.REFUND, payment.id, 10001))
    assert (error.code, error.facts["max_minor"]) == ("amount-too-large", 10000)
    for part in (3333, 3333, 3334):
        await clinic.pay(money_back(Kind.REFUND, payment.id, part))
    assert await clinic.journal.refundable(payment.id) == 0
    error = await refusal(clinic, money_back(Kind.REFUND, payment.id, 1))
    assert (error.code, error.facts["max_minor"]) == ("amount-too-large", 0)
    assert [one.asked_minor for one in await clinic.journal.corrections(payment.id)] == [3333, 3333, 3334]


async def test_an_unknown_refund_counts_as_used(clinic: Clinic) -> None:  # FC-10
    payment = await clinic.pay(purchase(10000, line(1, 10000)))
    lost = await clinic.lose(money_back(Kind.REFUND, payment.id, 6000))
    assert await clinic.journal.refundable(payment.id) == 4000
    error = await refusal(clinic, money_back(Kind.REFUND, payment.id, 6000, terminal=SURGERY))
    assert (error.code, error.facts["max_minor"]) == ("amount-too-large", 4000)
    await clinic.restart()
    assert await clinic.journal.refundable(payment.id) == 4000
    await clinic.journal.decided(lost.id, clinic.declined())
    assert await clinic.journal.refundable(payment.id) == 10000


@pytest.mark.parametrize(("outcome", "left"), [("taken", 4000), ("not_taken", 10000)])
async def test_a_refund_settled_by_hand_counts_as_the_person_said(clinic: Clinic, outcome: str, left: int) -> None:
    payment = await clinic.pay(purchase(10000, line(1, 10000)))
    lost = await clinic.lose(money_back(Kind.REFUND, payment.id, 6000))
    await clinic.journal.settled(
        lost.id, outcome=outcome, slip_number="17", amount_minor=6000, operator="a", confirmed_by="b"
    )
    assert await clinic.journal.refundable(payment.id) == left


async def test_only_what_was_approved_can_go_back(clinic: Clinic) -> None:
    sent = await clinic.send(purchase(8000, line(1, 8000)))
    error = await refusal(clinic, money_back(Kind.REFUND, sent.id, 100, terminal=SURGERY))
    assert (error.code, error.facts["payment"]) == ("terminal-in-use", sent.id)
    part = await clinic.journal.decided(sent.id, clinic.approved(5000))
    assert part.approved_minor == 5000
    assert await clinic.journal.refundable(part.id) == 5000
    declined = await clinic.decline(purchase(100))
    assert (await refusal(clinic, money_back(Kind.REFUND, declined.id, 100))).facts["max_minor"] == 0


async def test_money_back_of_an_unknown_payment_waits_for_its_outcome(clinic: Clinic) -> None:
    lost = await clinic.lose(purchase(8000))
    assert (await refusal(clinic, money_back(Kind.REFUND, lost.id, 1, terminal=SURGERY))).code == "payment-unknown"


async def test_a_refund_is_not_refundable_nor_one_in_another_currency(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000))
    refund = await clinic.pay(money_back(Kind.REFUND, payment.id, 100))
    assert await clinic.journal.refundable(refund.id) == 0
    assert (await refusal(clinic, money_back(Kind.REFUND, refund.id, 100))).code == "unknown-payment"
    euro = Intent(
        kind=Kind.REFUND, terminal=RECEPTION, currency="EUR", asked_minor=1, operator="a", clinic_day=DAY,
        corrects=payment.id,
    )  # fmt: skip
    assert (await refusal(clinic, euro)).code == "unknown-payment"


async def test_a_refund_takes_from_the_last_line_first(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    first = await clinic.pay(money_back(Kind.REFUND, payment.id, 4000))
    assert [(one.line, one.invoice, one.amount_minor) for one in first.lines] == [(1, "501", 1000), (2, "502", 3000)]
    second = await clinic.pay(money_back(Kind.REFUND, payment.id, 4000))
    assert [(one.line, one.amount_minor) for one in second.lines] == [(1, 4000)]


async def test_a_refund_names_lines_and_takes_no_more_than_each_has_left(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    await clinic.pay(money_back(Kind.REFUND, payment.id, 4000, Line(line=1, amount_minor=4000)))
    over = money_back(Kind.REFUND, payment.id, 1001, Line(line=1, amount_minor=1001))
    assert (await refusal(clinic, over)).facts["max_minor"] == 1000
    for wrong in (
        [Line(line=3, amount_minor=100)],
        [Line(line=2, amount_minor=50)] * 2,
        [Line(line=2, amount_minor=9)],
    ):
        assert (await refusal(clinic, money_back(Kind.REFUND, payment.id, 100, *wrong))).code == "usage"
    both = [Line(line=2, amount_minor=3000), Line(line=1, amount_minor=1000)]
    last = await clinic.pay(money_back(Kind.REFUND, payment.id, 4000, *both))
    assert [(one.line, one.invoice) for one in last.lines] == [(1, "501"), (2, "502")]


async def test_a_reversal_takes_the_whole_payment_or_nothing(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    assert (await refusal(clinic, money_back(Kind.REVERSAL, payment.id, 7999))).facts["max_minor"] == 8000
    lost = await clinic.lose(money_back(Kind.REVERSAL, payment.id, 8000))
    assert [(one.line, one.amount_minor) for one in lost.lines] == [(1, 5000), (2, 3000)]
    again = money_back(Kind.REVERSAL, payment.id, 8000, terminal=SURGERY)
    assert (await refusal(clinic, again)).code == "amount-too-large"
    await clinic.journal.decided(lost.id, clinic.declined())
    await clinic.pay(money_back(Kind.REFUND, payment.id, 1))
    assert (await refusal(clinic, again)).facts["max_minor"] == 7999
