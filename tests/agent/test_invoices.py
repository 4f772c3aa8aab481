"""The desk's list: found as one types, shown with its age, never a reason to charge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgepos.agent.invoices import Desk, plain
from edgepos.clock import Clock
from edgepos.domain.errors import NotReached, Wrong
from edgepos.domain.invoice import Invoice, WhyNot
from edgepos.journal import KeptLine
from edgepos.simulator.server import Simulator
from tests.practice.conftest import Tried, booking, provet_of

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def tried(clock: Clock) -> AsyncIterator[Tried]:
    async with Simulator(clock) as simulator, provet_of(simulator, clock) as one:
        yield one


@pytest.fixture
async def desk(tried: Tried, clock: Clock, tmp_path: Path) -> AsyncIterator[Desk]:
    one = Desk(tried.provet, tmp_path, clock, scope="here")
    await one.open()
    yield one
    await one.close()


def found(desk: Desk, text: str) -> list[str]:
    return [invoice.id for invoice in desk.search(text).invoices]


def damage(folder: Path, garbage: bytes) -> None:
    for left in folder.glob("cache.db-*"):
        left.unlink()
    (folder / "cache.db").write_bytes(garbage)


async def again(desk: Desk, tried: Tried, clock: Clock, folder: Path, scope: str = "here") -> Desk:
    """The desk after a restart of the agent."""
    await desk.close()
    other = Desk(tried.provet, folder, clock, scope=scope)
    await other.open()
    return other


@pytest.mark.parametrize(
    ("typed", "id"),
    [
        ("20417", "501"), ("sth-20417", "501"), ("morris 20417", "501"), ("750,00", "501"), ("750.00", "501"),
        ("TESTSSON 750", "501"), ("pahitta fantasi 506", "506"), ("PÄRLAN 507", "507"), ("parlan 507", "507"),
    ],
)  # fmt: skip
async def test_an_invoice_is_found_by_anything_of_it(desk: Desk, typed: str, id: str) -> None:
    await desk.refresh()
    for _ in range(3):
        await desk.refresh()  # names that the invoices do not carry
    assert id in found(desk, typed)
    assert found(desk, "no such thing") == []


@pytest.mark.parametrize(
    ("text", "typed"),
    [("Pärlan", "parlan"), ("SØREN Æbler", "soren aebler"), ("Straße", "STRASSE"), ("Łucja", "lucja"), ("Þór", "thor"),
     ("José", "jose\u0301")],
)  # fmt: skip
def test_case_and_accents_do_not_matter(text: str, typed: str) -> None:
    assert plain(text) == plain(typed)


async def test_drafts_are_shown_with_their_reason_and_paid_ones_are_not(desk: Desk) -> None:
    await desk.refresh()
    listed = {invoice.id: invoice for invoice in desk.search().invoices}
    assert listed["506"].why_not is WhyNot.DRAFT
    assert listed["507"].why_not is WhyNot.INVOICING
    assert not {"508", "510", "401"} & set(listed)
    assert "504" not in listed
    assert "504" in {invoice.id for invoice in desk.search(all=True).invoices}
    order = [invoice.created_at for invoice in desk.search().invoices]
    assert order == sorted(order, reverse=True)


async def test_a_paid_invoice_leaves_the_list_with_the_next_refresh(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    tried.books.book(501, 75000, info="Kort")
    await asyncio.sleep(30)
    await desk.refresh()
    assert "501" not in found(desk, "")
    assert len(tried.calls("GET", "/invoice/")) < 10


async def test_whose_a_paid_invoice_was_stays_known(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    tried.books.book(501, 75000, info="Kort")
    for seconds in (30, 3700):  # by its change, then over a whole reading
        await asyncio.sleep(seconds)
        await desk.refresh()
        paid = {one.id: one for one in desk.search("morris", all=True).invoices}["501"]
        assert (paid.owner, paid.animal, paid.why_not) == ("Test Testsson", "Morris", WhyNot.PAID)


async def test_an_invoice_that_was_deleted_leaves_with_the_next_whole_reading(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    del tried.books.invoices[502]
    await asyncio.sleep(3700)
    await desk.refresh()
    assert "502" not in found(desk, "")


async def test_a_draft_that_was_deleted_leaves_within_a_day_and_no_hour_reads_everything(
    desk: Desk, tried: Tried
) -> None:
    """A hospital's month was read each hour, which took its rate budget for twenty minutes."""
    await desk.refresh()
    del tried.books.invoices[506]
    for hour in range(25):
        before = len(tried.calls("GET", "/invoice/"))
        await asyncio.sleep(3600)
        await desk.refresh()
        asked = [dict(call.query) for call in tried.calls("GET", "/invoice/")[before:]]
        assert hour >= 23 or sum("modified__gte" in one and one["page_size"] != "50" for one in asked) == 0
    assert "506" not in found(desk, "")


async def test_one_that_the_list_of_the_unpaid_leaves_out_is_asked_for_before_it_leaves(
    desk: Desk, tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none() -> list[Invoice]:
        return []

    await desk.refresh()
    monkeypatch.setattr(tried.provet, "unpaid", none)
    listed = found(desk, "")
    await asyncio.sleep(3700)
    await desk.refresh()
    assert found(desk, "") == listed


async def test_where_all_is_paid_only_changes_are_asked_for(desk: Desk, tried: Tried) -> None:
    """The whole month was read every half minute then."""
    for invoice in list(tried.books.invoices.values()):
        if invoice.status != 3 or tried.books.client_due_minor(invoice) != 0:
            del tried.books.invoices[invoice.id]
    await desk.refresh()
    assert found(desk, "") == []
    before = len(tried.calls("GET", "/invoice/"))
    await asyncio.sleep(30)
    await desk.refresh()
    assert len(tried.calls("GET", "/invoice/")) == before + 1


async def test_one_that_is_read_by_itself_hides_no_earlier_change_of_another(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    await asyncio.sleep(300)
    earlier = tried.books.new_invoice(10_000, 2)
    await asyncio.sleep(300)
    tried.books.book(501, 100, info="Kort")
    await desk.fresh("501")
    await desk.refresh()
    assert str(earlier.id) in found(desk, "")


async def test_it_keeps_itself_up_to_date_and_asks_more_often_while_it_is_shown(desk: Desk, tried: Tried) -> None:
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(desk.run())
        await asyncio.sleep(600)
        at_rest = len(tried.calls("GET", "/invoice/"))
        for _ in range(60):
            desk.search("x")
            await asyncio.sleep(10)
        shown = len(tried.calls("GET", "/invoice/")) - at_rest
        loop.cancel()
    assert 18 <= at_rest <= 26
    assert 55 <= shown <= 65


async def test_screens_are_told_of_a_list_that_is_another_and_not_of_the_same(
    tried: Tried, clock: Clock, tmp_path: Path
) -> None:
    told: list[str] = []
    desk = Desk(tried.provet, tmp_path, clock, changed=told.append)

    async def hears(seconds: float = 60) -> int:
        told.clear()
        await asyncio.sleep(seconds)
        return len(told)

    async with asyncio.TaskGroup() as group:
        loop = group.create_task(desk.run())
        assert await hears(1) >= 1
        await hears()  # names are learnt by and by
        assert await hears() == 0
        assert (desk.stale_s or 0) <= 30
        tried.books.book(501, 75000, info="Kort")
        assert await hears() == 1
        tried.books.book(504, 1000, info="Kort")
        await desk.fresh("504")
        assert await hears() == 1, "also where one invoice was read by itself before"
        down = tried.fault("down", times=None)
        assert await hears() == 0
        await tried.simulator.remove_fault(down)
        assert await hears() == 1, "a list that could not be read, and can be again"
        loop.cancel()
    await desk.close()


async def test_while_the_practice_system_is_away_the_list_stays_with_its_age(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    tried.fault("down", times=None)
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(desk.run())
        await asyncio.sleep(3000)
        listing = desk.search()
        loop.cancel()
    assert listing.stale_s == pytest.approx(3000)
    assert len(listing.invoices) > 60
    with pytest.raises(NotReached):
        await desk.fresh("501")


async def test_a_restart_begins_with_what_was_known(desk: Desk, tried: Tried, clock: Clock, tmp_path: Path) -> None:
    await desk.refresh()
    before = desk.search()
    await asyncio.sleep(100)
    desk = await again(desk, tried, clock, tmp_path)
    after = desk.search()
    assert after.invoices == before.invoices
    assert after.as_of == before.as_of
    assert after.stale_s == pytest.approx(100, abs=1)
    await desk.close()


async def test_after_a_start_what_can_be_paid_is_there_before_all_of_the_month_is(
    desk: Desk, tried: Tried, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month of 3,000 invoices takes a minute of the rate budget, and a hospital's twenty."""
    told: list[str] = []
    desk = Desk(tried.provet, tmp_path, clock, changed=told.append)
    await desk.open()
    reading, invoices = asyncio.Event(), tried.provet.invoices

    async def long(*, since: str | None = None) -> list[Invoice]:
        await reading.wait()
        return await invoices(since=since)

    monkeypatch.setattr(tried.provet, "invoices", long)
    refreshing = asyncio.create_task(desk.refresh())
    await asyncio.sleep(30)
    assert not refreshing.done()
    assert told == [desk.search().as_of], "screens are told that there is a list"
    assert desk.stale_s == pytest.approx(30, abs=5)
    assert found(desk, "20417") == ["501"]
    assert found(desk, "draft") == found(desk, "507") == []
    reading.set()
    await refreshing
    assert found(desk, "507") == ["507"]
    desk = await again(desk, tried, clock, tmp_path, scope="")
    assert found(desk, "20417") == ["501"], "and what came first is in the cache as well"
    await desk.close()


async def test_another_clinics_cache_is_not_shown(desk: Desk, tried: Tried, clock: Clock, tmp_path: Path) -> None:
    await desk.refresh()
    desk = await again(desk, tried, clock, tmp_path, scope="elsewhere")
    assert desk.search().invoices == ()
    assert desk.search().as_of is None
    await desk.close()


async def test_names_that_belong_to_no_invoice_any_more_are_kept_nowhere(
    desk: Desk, tried: Tried, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a box would know everybody who has ever been there: 2,000 invoices a day are 600 KiB of names a day."""
    monkeypatch.setattr("edgepos.agent.invoices.ENDED_KEPT", 1)
    for _ in range(8):
        await desk.refresh()
    leaving = desk.search("507").invoices[0]
    (animal,) = leaving.animal_ids
    assert desk._names[f"animal/{animal}"] == leaving.animal
    for one in [one for one in desk.search(all=True).invoices if animal in one.animal_ids]:
        del tried.books.invoices[int(one.id)]
    await asyncio.sleep(25 * 3600)
    await desk.refresh()
    assert leaving.animal not in desk._names.values()
    assert desk._names, "what is needed stays"
    desk = await again(desk, tried, clock, tmp_path)
    assert leaving.animal not in desk._names.values()
    assert desk._names
    await desk.close()


@pytest.mark.parametrize("garbage", [b"", b"no database at all" * 100])
async def test_a_damaged_cache_is_begun_anew(
    desk: Desk, tried: Tried, clock: Clock, tmp_path: Path, garbage: bytes
) -> None:
    await desk.refresh()
    await desk.close()
    damage(tmp_path, garbage)
    desk = Desk(tried.provet, tmp_path, clock, scope="here")
    await desk.open()
    assert desk.search().invoices == ()
    await desk.refresh()
    desk = await again(desk, tried, clock, tmp_path)
    assert len(desk.search().invoices) > 60
    assert (tmp_path / "cache.db").stat().st_mode & 0o077 == 0
    await desk.close()


async def test_an_invoice_is_named_by_id_or_number(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    assert [desk.resolve(text) for text in ("501", "STH-20417", "sth-20417", "20417")] == ["501"] * 4
    with pytest.raises(Wrong):
        desk.resolve("STH-99")


async def test_one_number_on_two_invoices_is_refused_with_both(desk: Desk, tried: Tried) -> None:
    tried.books.invoices[502].number = 20417
    tried.books.invoices[502].modified = tried.books.now()
    await desk.refresh()
    with pytest.raises(Wrong) as wrong:
        desk.resolve("STH-20417")
    assert wrong.value.facts["ids"] == ["501", "502"]


async def test_a_fresh_reading_is_what_counts(desk: Desk, tried: Tried) -> None:
    await desk.refresh()
    tried.books.book(501, 25000, info="Kontant", payment_type=1)
    fresh = await desk.fresh("501")
    assert (fresh.due_minor, fresh.owner) == (50000, "Test Testsson")


def kept(minor: int, row: str = "E7K2M9Q4T1XA3.1", payment: str | None = None) -> KeptLine:
    return KeptLine(row=row, part=1, kept_minor=minor, due_minor=75000, practice_payment=payment)


async def test_what_is_held_but_not_booked_cannot_be_charged_again(desk: Desk) -> None:
    invoice = await desk.fresh("501")
    assert await desk.chargeable(invoice, []) == 75000
    assert await desk.chargeable(invoice, [kept(30000)]) == 45000


async def test_a_due_sum_that_lags_behind_a_booking_is_not_believed(desk: Desk, tried: Tried) -> None:
    tried.vary(due_lag_s=100)
    await asyncio.sleep(1000)
    posted = await tried.provet.post(booking(amount_minor=30000))
    desk.booked("E7K2M9Q4T1XA3.1")
    invoice = await desk.fresh("501")
    assert invoice.due_minor == 75000
    assert await desk.chargeable(invoice, [kept(30000, payment=posted.payment_id)]) == 45000
    assert await desk.chargeable(invoice, [kept(30000)]) == 45000  # booked, and not yet known to be
    await asyncio.sleep(130)
    tried.books.add_row(tried.books.invoices[501], "Tillägg", 10000)
    invoice = await desk.fresh("501")
    assert await desk.chargeable(invoice, [kept(30000, payment=posted.payment_id)]) == 55000
    desk.booked("E7K2M9Q4T1XA4.1")
    assert list(desk._booked_at) == ["E7K2M9Q4T1XA4.1"], "what no due sum hides any more is forgotten"
    assert await desk.chargeable(invoice, [kept(30000, payment=posted.payment_id)]) == 55000


async def test_a_search_key_among_500_invoices_is_answered_at_once(desk: Desk) -> None:
    await desk.refresh()
    one = desk.known("501")
    assert one is not None
    for number in range(500):
        desk._keep(replace(one, id=str(9000 + number), number=f"STH-{9000 + number}"))
    best = min(_seconds(desk) for _ in range(5))
    assert best < 0.030


def _seconds(desk: Desk) -> float:
    began = time.perf_counter()
    assert len(desk.search("test 90").invoices) >= 100
    return time.perf_counter() - began


async def test_a_disk_that_takes_nothing_costs_only_the_cache(tried: Tried, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "cache.db").mkdir()
    desk = Desk(tried.provet, tmp_path, clock)
    await desk.open()
    await desk.refresh()
    assert len(desk.search().invoices) > 60
    await desk.close()
