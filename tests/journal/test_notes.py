"""Outbox, findings, terminals, closings, remarks: each says a thing once."""

from __future__ import annotations

import pytest

from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.operation import Kind
from edgepos.journal import OutboxState, notes
from edgepos.journal.database import Tx

from .clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, purchase


async def paid(clinic: Clinic, invoice: str = "501") -> str:
    payment = await clinic.pay(purchase(8000, line(1, 8000, invoice)))
    return f"{payment.id}.1"


# --- outbox


async def test_a_row_leaves_by_acknowledgement_and_only_once(clinic: Clinic) -> None:
    row = await paid(clinic)
    done = await clinic.journal.acknowledged(row, "901", "post")
    assert (done.state, done.practice_payment, done.via) == (OutboxState.ACKNOWLEDGED, "901", "post")
    before = clinic.journal.head
    assert await clinic.journal.acknowledged(row, "901", "lookup") == done
    assert clinic.journal.head == before
    for attempt in (
        clinic.journal.acknowledged(row, "902", "post"),
        clinic.journal.parked(row, "x", {}),
        clinic.journal.released(row, "anna", {}),
    ):
        with pytest.raises(Refused) as caught:
            await attempt
        assert (caught.value.code, caught.value.facts["practice_payment"]) == ("already-booked", "901")
    assert await clinic.journal.queued() == []
    assert await clinic.journal.bookings_of("501") == {"901"}


async def test_a_practice_payment_is_no_two_rows(clinic: Clinic) -> None:
    first, second = await paid(clinic, "501"), await paid(clinic, "502")
    await clinic.journal.acknowledged(first, "901", "post")
    with pytest.raises(Refused) as caught:
        await clinic.journal.acknowledged(second, "901", "adopted")
    assert (caught.value.code, caught.value.facts["row"]) == ("already-booked", first)
    assert (await clinic.journal.outbox_row(second)).state is OutboxState.QUEUED


async def test_an_unknown_way_of_booking_is_no_conflict_of_payments(clinic: Clinic) -> None:
    row = await paid(clinic)
    with pytest.raises(Exception, match="CHECK"):
        await clinic.journal.acknowledged(row, "901", "pigeon")
    assert (await clinic.journal.outbox_row(row)).state is OutboxState.QUEUED


async def test_a_parked_row_stays_in_sight_until_it_is_released(clinic: Clinic) -> None:
    row = await paid(clinic)
    parked = await clinic.journal.parked(row, "draft", {"status": "0"})
    assert (parked.state, parked.cause, parked.facts) == (OutboxState.PARKED, "draft", {"status": "0"})
    before = clinic.journal.head
    assert await clinic.journal.parked(row, "draft", {"status": "0"}) == parked
    assert clinic.journal.head == before
    summary = await clinic.journal.outbox_summary()
    assert (summary.queued, summary.parked, summary.oldest_queued_at) == (0, 1, None)
    released = await clinic.journal.released(row, "anna", {"book_today": True})
    assert (released.state, released.cause, released.facts, released.booking.day) == (
        OutboxState.QUEUED,
        None,
        {},
        None,
    )
    before = clinic.journal.head
    assert await clinic.journal.released(row, "anna", {"book_today": True}) == released
    assert clinic.journal.head == before
    assert (await clinic.journal.released(row, "anna", {})).booking.day == DAY


async def test_a_parked_row_can_be_adopted(clinic: Clinic) -> None:
    row = await paid(clinic)
    await clinic.journal.parked(row, "booked-by-hand", {})
    assert (await clinic.journal.acknowledged(row, "55", "adopted")).via == "adopted"


async def test_rows_are_queued_in_the_order_of_their_payments_and_listed_newest_first(clinic: Clinic) -> None:
    made = [await paid(clinic, str(500 + number)) for number in range(5)]
    await clinic.journal.parked(made[1], "draft", {})
    assert [row.row for row in await clinic.journal.queued()] == [made[0], *made[2:]]
    assert [row.row for row in await clinic.journal.outbox(limit=2)] == [made[4], made[3]]
    assert [row.row for row in await clinic.journal.outbox(limit=2, before=made[3])] == [made[2], made[1]]
    assert [row.row for row in await clinic.journal.outbox(OutboxState.PARKED)] == [made[1]]
    summary = await clinic.journal.outbox_summary()
    assert (summary.queued, summary.parked) == (4, 1)
    assert summary.oldest_queued_at == (await clinic.journal.outbox_row(made[0])).created_at


async def test_what_is_kept_of_an_invoice_counts_money_back(clinic: Clinic) -> None:
    row = await paid(clinic)
    await clinic.journal.acknowledged(row, "901", "post")
    await clinic.pay(money_back(Kind.REFUND, row.split(".", maxsplit=1)[0], 3000))
    kept = await clinic.journal.invoice_kept("501")
    assert [(one.part, one.kept_minor, one.due_minor, one.practice_payment) for one in kept] == [
        (1, 8000, 8000, "901"),
        (None, -3000, None, None),
    ]
    assert await clinic.journal.invoice_kept("501", "other") == []


async def test_a_row_that_there_is_not_is_unknown(clinic: Clinic) -> None:
    with pytest.raises(Wrong):
        await clinic.journal.outbox_row("E.1")


async def test_a_row_that_reads_back_otherwise_is_rolled_back(clinic: Clinic) -> None:
    row = await paid(clinic)

    def lie(tx: Tx) -> None:
        notes.append_parked(tx, row, "draft", {})
        notes._read_row(tx, row, OutboxState.QUEUED)

    with pytest.raises(RuntimeError, match="reads back"):
        await clinic.journal._write(lie)
    assert (await clinic.journal.outbox_row(row)).state is OutboxState.QUEUED


# --- findings


async def test_a_finding_is_raised_once_while_it_is_open(clinic: Clinic) -> None:
    first = await clinic.journal.raise_finding("foreign-transaction", RECEPTION, {"a": 1})
    assert first == f"F{clinic.journal.head[0]}"
    assert await clinic.journal.raise_finding("foreign-transaction", RECEPTION, {"a": 2}) == first
    assert await clinic.journal.raise_finding("foreign-transaction", SURGERY, {}) != first
    handled = await clinic.journal.handle_finding(first, "anna", "seen")
    assert (handled.operator, handled.note, handled.handled_at is None) == ("anna", "seen", False)
    assert await clinic.journal.handle_finding(first, "bo", "again") == handled
    assert [one.subject for one in await clinic.journal.open_findings()] == [SURGERY]
    assert await clinic.journal.raise_finding("foreign-transaction", RECEPTION, {}) != first
    with pytest.raises(Wrong):
        await clinic.journal.handle_finding("F0", "anna", "")


# --- terminals


async def test_what_is_known_of_a_terminal(clinic: Clinic) -> None:
    assert (await clinic.journal.terminal(RECEPTION)).echoes is None
    assert (await clinic.journal.learned(RECEPTION, False)).echoes is False
    before = clinic.journal.head
    await clinic.journal.learned(RECEPTION, False)
    assert clinic.journal.head == before
    assert (await clinic.journal.learned(RECEPTION, True)).echoes is True
    assert [one.id for one in await clinic.journal.terminals()] == [RECEPTION]


async def test_a_hold_keeps_its_first_cause_until_it_is_released(clinic: Clinic) -> None:
    await clinic.journal.held(RECEPTION, "restored")
    assert (await clinic.journal.held(RECEPTION, "other")).held == "restored"
    assert (await clinic.journal.terminal_released(RECEPTION, "tech.bo")).held is None
    before = clinic.journal.head
    await clinic.journal.terminal_released(RECEPTION, "tech.bo")
    assert clinic.journal.head == before


async def test_a_period_that_does_not_read_back_as_closed_is_rolled_back(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clinic.pay(purchase(100))
    (open_one,) = await clinic.journal.periods(RECEPTION)
    monkeypatch.setattr(notes.record_queries, "period", lambda *_: open_one)
    with pytest.raises(RuntimeError, match="read back"):
        await clinic.journal.period_closed(RECEPTION, by="swap")
    monkeypatch.undo()
    assert await clinic.journal.periods(RECEPTION) == [open_one]


# --- closings and remarks


async def test_closings_are_numbered_and_listed_newest_first(clinic: Clinic) -> None:
    for day in ("2026-11-24", DAY):
        made = await clinic.journal.closing_made(
            clinic_day=day, terminals=[RECEPTION], periods=[{"terminal": RECEPTION, "period": 1}],
            match={"agree": True}, operator="anna",
        )  # fmt: skip
    assert (made.number, made.clinic_day, made.terminals, made.match) == (2, DAY, (RECEPTION,), {"agree": True})
    assert [one.number for one in await clinic.journal.closings()] == [2, 1]
    assert [one.number for one in await clinic.journal.closings(before=2)] == [1]


async def test_remarks_are_events_and_change_no_table(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(100))
    await clinic.journal.started("0.1.0")
    await clinic.journal.operator_changed("anna", "senior", True)
    await clinic.journal.settings_changed("location.toml", ["kiosk.idle_s"])
    await clinic.journal.archive_made([{"terminal": RECEPTION, "period": 1}], "0" * 64)
    assert [await clinic.journal.receipt_copied(payment.id) for _ in range(2)] == [1, 2]
    assert (await clinic.journal.slips(payment.id)).copies == 2
    await clinic.journal.stopped("asked")
    assert (await clinic.journal.verify()).ok
    for ask in (clinic.journal.slips("E"), clinic.journal.receipt_copied("E")):
        with pytest.raises(Wrong):
            await ask
