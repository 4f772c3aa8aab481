"""Periods: totals from paper, slips placed by session, copies of closings, the day by quarters of an hour."""

from __future__ import annotations

import pytest

from edgepos.domain.errors import Wrong
from edgepos.domain.operation import Kind, Operation

from .clinic import DAY, RECEPTION, Clinic, purchase


async def record(clinic: Clinic, *, session: str = "", at: str = "") -> Operation:
    operation, _ = await clinic.journal.recorded(
        kind=Kind.PURCHASE, terminal=RECEPTION, currency="SEK", amount_minor=100, slip_number="7", operator="anna",
        clinic_day=DAY, session=session, at=at,
    )  # fmt: skip
    return operation


async def test_a_total_from_paper_takes_the_missing_reports_place_and_the_last_word_counts(clinic: Clinic) -> None:
    await clinic.pay(purchase(100), session="042")
    await clinic.pay(purchase(200), session="043")
    for minor in (90, 100):
        told = await clinic.journal.period_told(RECEPTION, 1, amount_minor=minor, operator="anna", note="paper")
    assert [(one["amount_minor"], one["told_by"]) for one in told.totals] == [(100, "anna")]
    assert (await clinic.journal.verify()).ok


@pytest.mark.parametrize("period", [0, 2, 3])
async def test_no_total_is_told_of_a_period_that_is_open_or_none(clinic: Clinic, period: int) -> None:
    await clinic.pay(purchase(100), session="042")
    await clinic.pay(purchase(200), session="043")
    with pytest.raises(Wrong):
        await clinic.journal.period_told(RECEPTION, period, amount_minor=1, operator="anna", note="")


async def test_a_slip_belongs_to_its_session_else_to_its_time_else_to_now(clinic: Clinic) -> None:
    await clinic.pay(purchase(100), session="042")
    clinic.clock.seconds += 60
    await clinic.pay(purchase(200), session="043")
    opened, closed = await clinic.journal.periods(RECEPTION)
    assert (await record(clinic, session="42")).period == 1
    assert (await record(clinic, session="43")).period == 2
    assert (await record(clinic, session="999")).period == 2
    assert (await record(clinic, at=closed.opened_at)).period == 1
    assert (await record(clinic, at=opened.opened_at)).period == 2
    assert (await record(clinic, at="2001-01-01T00:00:00.000Z")).period == 2
    assert (await clinic.journal.verify()).ok


async def test_copies_of_a_closing_are_counted(clinic: Clinic) -> None:
    assert [await clinic.journal.closing_copied(number) for number in (1, 1, 2, 1)] == [1, 2, 1, 3]
    assert (await clinic.journal.verify()).ok


async def test_the_day_by_quarters_counts_what_moved(clinic: Clinic) -> None:
    paid = await clinic.pay(purchase(100), session="042")
    [(began, count, minor)] = (await clinic.journal.overview(DAY, "SEK")).quarters
    assert (began[:14], count, minor) == (paid.created_at[:14], 1, 100)
    assert began[14:] in ("00:00Z", "15:00Z", "30:00Z", "45:00Z")
    assert (await clinic.journal.overview("2001-01-01", "SEK")).quarters == []
    assert await clinic.journal.day_periods(DAY) == {(RECEPTION, 1)}
