"""What a screen is given: several tables at one moment, and the same as the single questions would say."""

from __future__ import annotations

from edgepos.domain.operation import Kind, Operation
from edgepos.journal import OutboxState
from edgepos.journal.pictures import Surroundings
from edgepos.journal.values import InvoiceHeld

from .clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, purchase


async def test_around_a_payment_stand_what_may_be_given_back_its_bookings_and_its_period(clinic: Clinic) -> None:
    run = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    plain = await clinic.pay(purchase(700, terminal=SURGERY))
    declined = await clinic.decline(purchase(900, line(1, 900, "503")))
    begun, _ = await clinic.journal.intend(purchase(100, terminal=SURGERY))
    found = await clinic.journal.surroundings([run, plain, declined, begun])
    assert [one.refundable_minor for one in found] == [8000, 700, 0, 0]
    assert [one.bookings for one in found] == [{OutboxState.QUEUED}, frozenset(), frozenset(), frozenset()]
    assert [(one.period.terminal, one.period.period) if one.period else None for one in found[:2]] == [
        (RECEPTION, 1), (SURGERY, 1),
    ]  # fmt: skip


async def test_what_was_given_back_is_missing_from_what_may_be_given_back(clinic: Clinic) -> None:
    paid = await clinic.pay(purchase(8000, line(1, 8000, "501")))
    await clinic.pay(money_back(Kind.REFUND, paid.id, 3000, line(1, 3000, "501")))
    paid = await clinic.journal.operation(paid.id)
    (around,) = await clinic.journal.surroundings([paid])
    assert around.refundable_minor == 5000 == await clinic.journal.refundable(paid.id)


async def test_around_a_reconciliation_stands_the_period_that_it_closed(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000))
    closing = await clinic.reconcile()
    (around,) = await clinic.journal.surroundings([closing])
    assert around.period
    assert (around.period.period, around.period.session, around.period.operation) == (1, "042", closing.id)


async def test_the_overview_says_what_the_single_questions_say(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000, line(1, 8000, "501")))
    lost = await clinic.lose(purchase(500, line(1, 500, "502"), terminal=SURGERY))
    finding = await clinic.journal.raise_finding("terminal-unexpected", RECEPTION, {"amount_minor": 100})
    seen = await clinic.journal.overview(DAY, "SEK")
    assert [one.id for one in seen.opened] == [lost.id]
    assert [one.finding for one in seen.findings] == [finding]
    assert seen.today == await clinic.journal.day_totals(DAY, "SEK")
    assert seen.outbox == await clinic.journal.outbox_summary()
    assert [one.id for one in seen.terminals] == [RECEPTION, SURGERY]
    assert sum(count for _, count, _ in seen.quarters) == 1


async def test_many_invoices_are_told_as_each_one_alone(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    await clinic.pay(purchase(1000, line(1, 1000, "502", part=2)))
    await clinic.decline(purchase(900, line(1, 900, "503")))
    asked = ["501", "502", "503", "504"]
    held = await clinic.journal.invoices_held(asked)
    for invoice in asked:
        one = held.get(invoice, InvoiceHeld())
        assert one.part == await clinic.journal.parts(invoice)
        assert list(one.kept) == await clinic.journal.invoice_kept(invoice)
    assert len(held["502"].kept) == 2
    assert "504" not in held


async def test_findings_that_were_dealt_with_are_kept_and_found_by_their_kind(clinic: Clinic) -> None:
    first = await clinic.journal.raise_finding("slip-missing", RECEPTION, {})
    await clinic.journal.raise_finding("slip-missing", SURGERY, {})
    await clinic.journal.handle_finding(first, "anna", "read from the paper")
    assert [one.finding for one in await clinic.journal.handled_findings("slip-missing")] == [first]
    assert await clinic.journal.handled_findings("session-jump") == []


async def test_each_commit_is_told_with_the_operations_that_it_changed_as_they_are_now(clinic: Clinic) -> None:
    told: list[tuple[int, Operation, Surroundings]] = []
    clinic.journal.picture(told.extend)

    async def all_is_told() -> None:
        """A picture is waited for by nobody; what is asked after it is answered after it."""
        await clinic.journal.outbox_summary()

    paid = await clinic.pay(purchase(8000, line(1, 8000)))
    await all_is_told()
    assert [one.state for _, one, _ in told] == ["intended", "sent", "approved"]
    seq, approved, around = told[-1]
    assert (seq, approved.id) == (clinic.journal.head[0], paid.id)
    assert (around.refundable_minor, around.bookings) == (8000, {OutboxState.QUEUED})
    assert around.period is not None

    told.clear()
    back = await clinic.pay(money_back(Kind.REFUND, paid.id, 3000))
    await all_is_told()
    assert {one.id for _, one, _ in told} == {paid.id, back.id}, "what is left of the payment has changed too"
    assert [around.refundable_minor for _, one, around in told if one.id == paid.id][-1] == 5000

    told.clear()
    row = (await clinic.journal.queued())[0]
    await clinic.journal.acknowledged(row.row, "pp-1", "post")
    await all_is_told()
    assert [(one.id, around.bookings) for _, one, around in told] == [(paid.id, {OutboxState.ACKNOWLEDGED})]


async def test_what_is_about_no_operation_is_not_pictured_and_none_ends_it(clinic: Clinic) -> None:
    told: list[object] = []
    clinic.journal.picture(told.extend)
    await clinic.journal.held(RECEPTION, "restored")
    await clinic.journal.outbox_summary()
    assert told == []
    clinic.journal.picture(None)
    await clinic.pay(purchase(8000, line(1, 8000), terminal=SURGERY))
    await clinic.journal.outbox_summary()
    assert told == []
