"""Provet Cloud over real sockets: the protocol's promises, and every assumption switched the other way."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from edgepos.clock import Clock
from edgepos.domain.booking import Booked, look_up
from edgepos.domain.health import ServiceState
from edgepos.domain.invoice import Invoice, WhyNot
from edgepos.practice import (
    Access,
    Configuration,
    OutcomeUnknownPost,
    Permanent,
    PracticeSystem,
    Temporary,
    Tenant,
)
from edgepos.practice.provet.client import ENDED
from edgepos.simulator.server import Simulator
from tests.practice.conftest import REFERENCES, Tried, booking, provet_of
from tests.practice.contract import PracticeContract

pytestmark = pytest.mark.virtual_time

PAYMENTS = "*/invoicepayment/"


class TestProvetKeepsTheContract(PracticeContract):
    @pytest.fixture
    def system(self, tried: Tried) -> PracticeSystem:
        return tried.provet

    @pytest.fixture
    def payable(self) -> str:
        return "501"

    @pytest.fixture
    def draft(self) -> str:
        return "506"


# --- the list


async def test_the_list_holds_this_departments_unpaid_invoices_and_why_others_cannot_be_paid(tried: Tried) -> None:
    listed = {invoice.id: invoice for invoice in await tried.provet.invoices(since=None)}
    assert listed["501"].insurer_minor == 50000
    assert listed["501"].due_minor == 75000
    assert {id: listed[id].why_not for id in ("504", "506", "507", "508", "509", "510")} == {
        "504": WhyNot.CREDIT_NOTE, "506": WhyNot.DRAFT, "507": WhyNot.INVOICING, "508": WhyNot.VOIDED,
        "509": WhyNot.NOT_POSITIVE, "510": WhyNot.PAID,
    }  # fmt: skip
    assert not {"401", "402", "403"} & {id for id, one in listed.items() if one.is_payable}
    assert sum(one.is_payable for one in listed.values()) == 71


@pytest.mark.parametrize("changed", [{"filters": "ignore"}, {"status_filter": "schema"}, {"date_paid": "never"}])
async def test_the_list_is_the_same_where_filters_are_not_honoured(tried: Tried, changed: dict[str, Any]) -> None:
    expected = {one.id for one in await tried.provet.invoices(since=None) if one.is_payable}
    tried.vary(**changed)
    assert {one.id for one in await tried.provet.invoices(since=None) if one.is_payable} == expected


async def test_of_what_nobody_can_pay_any_more_a_reading_remembers_the_newest(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hospital has 60,000 invoices a month; its box held each row of them, once an hour."""
    whole = {invoice.id: invoice for invoice in await tried.provet.invoices(since=None)}
    ended = [id for id, one in whole.items() if one.why_not in (WhyNot.PAID, WhyNot.VOIDED)]
    assert len(ended) >= 2
    monkeypatch.setattr("edgepos.practice.provet.client.MOST_ENDED", 1)
    few = {invoice.id for invoice in await tried.provet.invoices(since=None)}
    newest = max(id for id, one in whole.items() if one.why_not in ENDED)
    assert few == {id for id, one in whole.items() if one.why_not not in ENDED} | {newest}


async def test_an_invoice_paid_while_the_list_is_read_is_not_listed_as_payable(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read as unpaid, and is then not among the newest of those that are paid."""
    unpaid = await tried.provet.unpaid()
    assert unpaid is not None

    async def with_one_more() -> list[Invoice]:
        return [*unpaid, replace(unpaid[0], id="510")]  # as it was before it was paid

    monkeypatch.setattr(tried.provet, "unpaid", with_one_more)
    monkeypatch.setattr("edgepos.practice.provet.client.MOST_ENDED", 0)
    assert "510" not in {invoice.id for invoice in await tried.provet.invoices(since=None)}


async def test_a_refresh_costs_one_page(tried: Tried) -> None:
    listed = await tried.provet.invoices(since=None)
    before = len(tried.calls("GET", "/invoice/"))
    await tried.provet.invoices(since=max(invoice.modified_at for invoice in listed))
    assert len(tried.calls("GET", "/invoice/")) == before + 1


async def test_names_come_from_owners_and_animals_a_few_at_a_time(tried: Tried) -> None:
    invoice = replace(await tried.provet.invoice("501"), owner="")
    names = await tried.provet.names([invoice], known=(), most=20)
    assert names == {"owner/77": "Test Testsson", "animal/88": "Morris"}
    assert list(await tried.provet.names([invoice], known=("owner/77",), most=20)) == ["animal/88"]
    assert len(await tried.provet.names([invoice], known=(), most=1)) == 1


async def test_owners_that_may_not_be_read_are_a_feature_that_is_off(tried: Tried) -> None:
    tried.fault("status", "GET", "*/client/*", times=None, status=403, body='{"detail": "nej"}')
    invoice = replace(await tried.provet.invoice("501"), owner="")
    assert await tried.provet.names([invoice], known=(), most=20) == {"animal/88": "Morris"}
    await tried.provet.names([invoice], known=(), most=20)
    assert len(tried.calls("GET", "/client/")) == 1


# --- payments of an invoice


async def test_payments_are_found_by_the_invoices_own_list_where_the_filter_is_ignored(tried: Tried) -> None:
    tried.vary(filters="ignore")
    await tried.provet.post(booking())
    payments = await tried.provet.payments_of(await tried.provet.invoice("501"))
    assert [one.info.split()[0] for one in payments] == [f"{REFERENCES[0]}.1"]
    before = len(tried.calls("GET", "/invoicepayment/"))
    await tried.provet.payments_of(await tried.provet.invoice("501"))
    assert len(tried.calls("GET", "/invoicepayment/")) == before + 1  # the filter is not tried again


async def test_an_invoice_of_many_payments_is_read_to_the_end(tried: Tried) -> None:
    for number in range(120):
        tried.books.book(501, 100, payment_type=1, info=f"Kontant {number}")
    payments = await tried.provet.payments_of(await tried.provet.invoice("501"))
    assert len(payments) == 120


async def test_the_match_is_the_same_on_a_moving_list_as_on_one_at_rest(tried: Tried, clock: Clock) -> None:
    """FC-17: 250 payments, one comes and one goes between pages."""
    for number in range(250):
        tried.books.book(600 + number % 66, 100, info=f"Kort {number}")
    day = clock.now().date().isoformat()
    at_rest = {one.id for one in await tried.provet.payments_since(day)}
    tried.fault("delay", "GET", PAYMENTS, times=None, seconds=1)

    async def others_book() -> None:
        victim = min(tried.books.bookings) + 5
        for number in range(3):
            await asyncio.sleep(0.7)
            tried.books.book(600, 100, info=f"Ny {number}")
            tried.books.bookings.pop(victim + number)

    async with asyncio.TaskGroup() as group:
        moving = group.create_task(others_book())
        matched = group.create_task(tried.provet.payments_since(day))
    await moving
    ids = {one.id for one in matched.result()}
    assert at_rest - ids <= {str(min(tried.books.bookings) + n) for n in range(-1, 10)} | at_rest - {
        str(id) for id in tried.books.bookings
    }
    assert len(ids) == len(matched.result())


async def test_the_match_reads_no_older_payments_than_it_must(tried: Tried, clock: Clock) -> None:
    await asyncio.sleep(5 * 86_400)
    tried.books.book(600, 100, info="heute")
    day = clock.now().date().isoformat()
    assert [one.info for one in await tried.provet.payments_since(day)] == ["heute"]


async def test_the_match_without_id_filters_takes_one_picture(tried: Tried, clock: Clock) -> None:
    tried.vary(filters="ignore")
    day = clock.now().date().isoformat()
    assert len(await tried.provet.payments_since(day)) == len(tried.books.bookings)


# --- booking


async def test_a_booking_says_who_what_and_on_which_day(tried: Tried) -> None:
    """FC-21: the day of a payment is the clinic's day."""
    posted = await tried.provet.post(booking(day="2026-11-24"))
    (booked,) = tried.bookings()
    assert (str(booked.id), booked.paid_minor, booked.created_user) == (posted.payment_id, 75000, 12)
    assert booked.info == "E7K2M9Q4T1XA3.1 VISA **** 0119 A1B2C3"
    assert booked.payment_date == date(2026, 11, 24)
    sent = tried.calls("POST", "/invoicepayment/")[0].body
    assert sent == json.loads(tried.provet.payload(booking(day="2026-11-24")))


async def test_the_day_is_not_sent_where_the_payment_has_no_such_field(tried: Tried) -> None:
    tried.fault("status", "OPTIONS", PAYMENTS, status=405, body='{"detail": "nej"}')
    await tried.provet.post(booking(day="2026-11-24"))
    assert "payment_date" not in tried.calls("POST", "/invoicepayment/")[0].body


@pytest.mark.parametrize("changed", [{"created_status": 200}, {"info": "truncate", "info_limit": 20}])
async def test_other_forms_of_success_are_success(tried: Tried, changed: dict[str, Any]) -> None:
    tried.vary(**changed)
    assert (await tried.provet.post(booking())).payment_id == str(tried.bookings()[0].id)


async def test_an_answer_without_an_echo_is_no_acknowledgement(tried: Tried) -> None:
    tried.vary(created_answer="empty")
    with pytest.raises(OutcomeUnknownPost) as unknown:
        await tried.provet.post(booking())
    assert unknown.value.was_answered
    assert len(tried.bookings()) == 1


async def test_a_reference_that_does_not_come_back_is_told(tried: Tried) -> None:
    tried.vary(info="drop")
    with pytest.raises(Permanent) as refused:
        await tried.provet.post(booking())
    assert refused.value.cause == "info-lost"
    assert refused.value.facts["practice_payments"]


@pytest.mark.parametrize(
    ("invoice", "minor", "changed", "cause"),
    [
        ("506", 100, {}, "draft"), ("507", 100, {}, "invoicing"), ("508", 100, {}, "voided"),
        ("501", 75001, {}, "due-too-small"), ("501", 100, {"lock_date": date(2026, 12, 1)}, "locked-period"),
        ("503", -100, {"refunds": "refuse"}, "refund-refused"), ("503", -50000, {}, "refund-refused"),
        ("99999", 100, {}, "invoice-gone"), ("501", 100, {"info_limit": 5}, "refused"),
    ],
)  # fmt: skip
async def test_a_refusal_has_its_cause_whatever_its_words(
    tried: Tried, invoice: str, minor: int, changed: dict[str, Any], cause: str
) -> None:
    tried.vary(**changed)
    with pytest.raises(Permanent) as refused:
        await tried.provet.post(booking(invoice, minor, day="2026-11-25"))
    assert refused.value.cause == cause
    assert refused.value.facts["status"] == 400
    assert refused.value.facts["answer"]
    assert tried.bookings() == []


async def test_a_missing_right_to_book_is_a_refusal_that_names_the_right(tried: Tried) -> None:
    tried.fault("status", "POST", PAYMENTS, status=403, body='{"detail": "nej"}')
    with pytest.raises(Permanent) as refused:
        await tried.provet.post(booking())
    assert (refused.value.cause, refused.value.facts["permission"]) == ("right-missing", "Financial: Invoices")


async def test_a_payment_is_cancelled_where_the_tenant_has_that(tried: Tried) -> None:
    posted = await tried.provet.post(booking())
    back = booking(amount_minor=-75000, row=f"{REFERENCES[1]}.1", corrects_row=f"{REFERENCES[0]}.1",
                   corrects_payment=posted.payment_id)  # fmt: skip
    await tried.provet.undo(back)
    payments = await tried.provet.payments_of(await tried.provet.invoice("501"))
    assert [one.is_cancelled for one in payments if one.id == posted.payment_id] == [True]
    with pytest.raises(Permanent):
        await tried.provet.undo(back)


# --- what an answer proves


QUESTIONS = {
    "invoice": "*/invoice/501/",
    "list": "*/invoice/",
    "payments": PAYMENTS,
    "token": "*/oauth2/token/",
}
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("drop_before", {}), ("drop_after", {}), ("reset", {}), ("cut_body", {}), ("hang", {}), ("cut_json", {}),
    ("wrong_type", {}), ("empty", {}), ("html", {}), ("redirect", {}), ("511", {}), ("retry_after", {}),
    ("status", {"status": 500}), ("status", {"status": 502, "body": "<html>"}), ("status", {"status": 503}),
    ("status", {"status": 404, "body": "<html>"}), ("status", {"status": 403, "body": "<html>"}),
    ("status", {"status": 301}),
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("fault", "args"), FAULTS, ids=[f"{name}{args.get('status', '')}" for name, args in FAULTS])
async def test_a_question_that_fails_is_temporary_and_the_next_one_works(
    tried: Tried, question: str, fault: str, args: dict[str, Any]
) -> None:
    tried.fault(fault, path=QUESTIONS[question], **args)

    async def ask() -> None:
        if question == "list":
            await tried.provet.invoices(since=None)
        else:
            await tried.provet.payments_of(await tried.provet.invoice("501"))

    with pytest.raises(Temporary):
        await ask()
    await ask()


@pytest.mark.parametrize(
    ("fault", "args", "booked"),
    [
        ("drop_before", {}, 0), ("drop_after", {}, 1), ("reset", {}, 1), ("reset", {"carried": False}, 0),
        ("cut_body", {}, 1), ("hang", {}, 0), ("hang", {"carried": True}, 1), ("cut_json", {}, 1),
        ("wrong_type", {}, 1),
        ("empty", {}, 1), ("html", {}, 0), ("html", {"carried": True}, 1), ("redirect", {}, 0), ("511", {}, 0),
        ("status", {"status": 500}, 0), ("status", {"status": 500, "carried": True}, 1), ("status", {"status": 502}, 0),
        ("status", {"status": 503}, 0), ("status", {"status": 301}, 0), ("status", {"status": 408}, 0),
        ("status", {"status": 404, "body": "<html>"}, 0), ("401_executed", {}, 1), ("token_revoked", {}, 0),
    ],
)  # fmt: skip
async def test_a_booking_without_its_answer_is_unknown_and_never_repeated(
    tried: Tried, fault: str, args: dict[str, Any], booked: int
) -> None:
    tried.fault(fault, "POST", PAYMENTS, **args)
    with pytest.raises(OutcomeUnknownPost):
        await tried.provet.post(booking())
    assert len(tried.calls("POST", "/invoicepayment/")) == 1
    assert len(tried.bookings()) == booked
    payments = await tried.provet.payments_of(await tried.provet.invoice("501"))
    found = look_up(booking(), payments, intended_at="2026-01-01T00:00:00Z")
    assert isinstance(found, Booked) is bool(booked)


async def test_a_booking_that_never_left_is_temporary(tried: Tried) -> None:
    await tried.provet.post(booking("502", 100))
    down = tried.fault("down", times=None)
    with pytest.raises(Temporary):
        await tried.provet.post(booking())
    await tried.simulator.remove_fault(down)
    assert len(tried.bookings()) == 1


# --- sign-in and rights


async def test_a_token_is_renewed_before_it_ends_and_a_long_rest_shows_no_error(tried: Tried) -> None:
    """FC-20."""
    for rest_s in (0, 9 * 3600, 25 * 3600):
        await asyncio.sleep(rest_s)
        await tried.provet.invoice("501")
    assert [call.status for call in tried.calls("GET")] == [200, 200, 200]
    assert len(tried.calls("POST", "/oauth2/token/")) == 3
    assert {state for state, _ in tried.heard} == {ServiceState.OK}


async def test_a_renewal_that_fails_leaves_the_old_token_in_use(tried: Tried) -> None:
    await tried.provet.invoice("501")
    await asyncio.sleep(9 * 3600)
    tried.fault("status", path="*/oauth2/token/", times=None, status=500)
    await tried.provet.invoice("501")


async def test_a_revoked_token_costs_a_question_one_renewal(tried: Tried) -> None:
    tried.fault("token_revoked", "GET", "*/invoice/501/")
    assert (await tried.provet.invoice("501")).id == "501"
    assert len(tried.calls("POST", "/oauth2/token/")) == 2


async def test_a_wrong_secret_is_for_a_person(clock: Clock) -> None:
    async with Simulator(clock) as simulator, provet_of(simulator, clock, secret="wrong") as one:
        with pytest.raises(Configuration) as refused:
            await one.provet.invoice("501")
        assert refused.value.code == "credentials"
        assert one.heard[-1][0] is ServiceState.REFUSED


async def test_a_sign_in_page_is_said_to_be_one(tried: Tried) -> None:
    """FC-19."""
    for fault in ("html", "redirect", "511"):
        tried.fault(fault, "GET")
        with pytest.raises(Temporary) as away:
            await tried.provet.invoice("501")
        assert away.value.code == "sign-in-page"
    assert {state for state, _ in tried.heard if state is not ServiceState.OK} == {ServiceState.SIGN_IN_PAGE}


@pytest.mark.parametrize(("patience_s", "states"), [(19.0, [ServiceState.NOT_REACHED]), (1.0, [])])
async def test_whoever_gives_up_waiting_has_not_reached_it(
    tried: Tried, patience_s: float, states: list[ServiceState]
) -> None:
    """Else the header said OK while a payment was refused since it cannot be reached."""
    await tried.provet.invoice("501")
    tried.fault("hang", "GET")
    tried.heard.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(patience_s):
            await tried.provet.invoice("501")
    assert [state for state, _why in tried.heard] == states


async def test_the_check_tells_which_rights_are_missing(tried: Tried) -> None:
    check = await tried.provet.check()
    access = {right.feature: right.access for right in check.rights}
    assert access["invoices"] is Access.ALLOWED
    assert access["payment-methods"] is Access.MISSING
    assert check.lock_date is None
    assert "payment_date" in check.payment_fields
    tried.vary(template="full", lock_date=date(2026, 11, 1))
    check = await tried.provet.check()
    assert {right.access for right in check.rights} == {Access.ALLOWED}
    assert check.lock_date == "2026-11-01"


# --- rate limits


@pytest.mark.parametrize("form", ["seconds", "absent", "http_date"])
async def test_retry_after_is_obeyed_in_each_form(tried: Tried, clock: Clock, form: str) -> None:
    tried.vary(retry_after=form)
    tried.simulator.world.provet.budget.spend(("invoice", "one"), 250)  # somebody else with the same API user
    with pytest.raises(Temporary) as limited:
        await tried.provet.invoice("501")
    assert limited.value.wait_s is not None
    while True:
        try:
            await tried.provet.invoice("501")
            break
        except Temporary:
            continue
    assert 55 <= clock.monotonic() <= 80
    assert sum(call.status == 429 for call in tried.calls("GET")) <= 5


async def test_a_rush_meets_no_429(tried: Tried, clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(600):
            group.create_task(tried.provet.invoice("501"))
        for _ in range(8):
            group.create_task(tried.provet.invoices(since="2026-11-24T00:00:00Z"))
    assert {call.status for call in tried.calls("GET")} == {200}
    assert clock.monotonic() < 200


async def test_another_currency_has_its_own_digits(clock: Clock) -> None:
    async with Simulator(clock) as simulator, provet_of(simulator, clock, tenant=Tenant(currency="ISK")) as one:
        assert '"paid": 750,' in one.provet.payload(replace(booking(), amount_minor=750, currency="ISK"))
        assert (
            Decimal(750) == json.loads(one.provet.payload(replace(booking(), amount_minor=750, currency="ISK")))["paid"]
        )
