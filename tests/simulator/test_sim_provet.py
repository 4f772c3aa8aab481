"""The simulated practice system: lists, payments, limits and refusals as the protocol page has them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Clinic

pytestmark = pytest.mark.virtual_time

UNPAID = "department__is=2&status__is=3&credit_note__is=false&date_paid__is_null=true"


async def ids(clinic: Clinic, query: str) -> list[int]:
    answer = await clinic.provet("GET", f"/invoice/?page_size=1000&{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["results"]]


async def due(clinic: Clinic, invoice: int) -> float:
    return float((await clinic.provet("GET", f"/invoice/{invoice}/")).json()["client_due_sum"])


async def test_a_payment_lowers_the_due_sum_and_shows_on_the_invoice(clinic: Clinic) -> None:
    booked = (await clinic.book(501, 750.0, "E7K2M9Q4T1XA3.1 VISA **** 0119 A1B2C3")).json()
    assert booked["info"] == "E7K2M9Q4T1XA3.1 VISA **** 0119 A1B2C3"
    assert booked["url"] == f"{clinic.api}/invoicepayment/{booked['id']}/"
    invoice = (await clinic.provet("GET", "/invoice/501/")).json()
    assert (invoice["client_due_sum"], invoice["due_sum"], invoice["date_paid"]) == (0.0, 500.0, None)
    assert invoice["invoice_payment"] == [booked["url"]]
    found = (await clinic.provet("GET", "/invoicepayment/?invoice__is=501")).json()
    assert [row["id"] for row in found["results"]] == [booked["id"]]


async def test_the_same_post_twice_is_two_payments(clinic: Clinic) -> None:
    await clinic.book()
    await clinic.book()
    assert len(await clinic.bookings("E7K2M9Q4T1XA3")) == 2


@pytest.mark.parametrize(("invoice", "why"), [(506, "draft"), (507, "invoicing"), (508, "voided"), (999, "unknown")])
async def test_only_finalised_invoices_can_be_paid(clinic: Clinic, invoice: int, why: str) -> None:
    answer = await clinic.book(invoice)
    assert answer.status_code == 400, why
    assert list(answer.json()) == ["invoice"]


async def test_refunds_overpayment_and_the_lock_date(clinic: Clinic) -> None:
    assert (await clinic.book(paid=700.0)).status_code == 400
    assert (await clinic.book(paid=-1.0)).status_code == 400
    assert (await clinic.book(paid=625.0)).status_code == 201
    assert (await clinic.book(paid=-600.0)).status_code == 201
    assert (await clinic.book(paid=-25.01)).status_code == 400
    await clinic.control("PUT", "/practice", {"refunds": "refuse", "overpayment": "allow"})
    assert (await clinic.book(paid=-1.0)).status_code == 400
    assert (await clinic.book(paid=5000.0)).status_code == 201
    assert await due(clinic, 502) < 0
    await clinic.control("PUT", "/practice", {"lock_date": "2026-12-01"})
    assert list((await clinic.book(503)).json()) == ["payment_date"]


@pytest.mark.parametrize("paid", [1.005, "abc", None, True, [], 0, 1e300, "NaN"])
async def test_a_sum_that_is_none_is_refused(clinic: Clinic, paid: object) -> None:
    body = {"invoice": f"{clinic.api}/invoice/502/", "payment_type": 0, "paid": paid}
    answer = await clinic.provet("POST", "/invoicepayment/", body)
    assert (answer.status_code, list(answer.json())) == (400, ["paid"])


async def test_cancelling_adds_a_counter_row_once(clinic: Clinic) -> None:
    payment = (await clinic.book()).json()["id"]
    path = f"/invoicepayment/{payment}/cancel_payment/"
    answer = await clinic.provet("POST", path, {"info": "fel", "date": "2026-11-25"})
    assert (answer.status_code, answer.json()["cancelled"]) == (200, True)
    assert await due(clinic, 502) == 625.0
    assert (await clinic.provet("POST", path, {})).status_code == 400
    await clinic.control("PUT", "/practice", {"cancel_payment": "forbidden"})
    assert (await clinic.provet("POST", path, {})).status_code == 403


async def test_the_unpaid_of_a_department(clinic: Clinic) -> None:
    found = await ids(clinic, UNPAID)
    assert {501, 502, 503, 505, 509, 600, 665} <= set(found)
    assert not {401, 504, 506, 507, 508, 510} & set(found)


async def test_filters_methods_and_what_is_ignored(clinic: Clinic) -> None:
    await clinic.control("PUT", "/practice", {"rate_limits": False})
    assert await ids(clinic, "id__gt=500&id__lte=503&ordering=id") == [501, 502, 503]
    assert await ids(clinic, "id__in=501,503&ordering=id") == [501, 503]
    assert await ids(clinic, "client__is=78&credit_note__is=true") == [504]
    assert await ids(clinic, "modified__gte=2026-11-24%2015:25%2B01:00&department__is=1&ordering=id") == [401, 402]
    assert await ids(clinic, "id__gt=664&id__is=501&filter_type=or&ordering=id") == [501, 665]
    everything = await ids(clinic, "")
    assert await ids(clinic, "due_sum__gt=0&nonsense__is=1") == everything
    assert (await clinic.provet("GET", "/invoice/?id__is=abc")).status_code == 400
    await clinic.book()
    ours = (await clinic.provet("GET", "/invoicepayment/?info__icontains=E7K2M9Q4T1XA3")).json()["count"]
    assert ours == len(clinic.simulator.world.practice.bookings)
    await clinic.control("PUT", "/practice", {"filters": "strict"})
    assert (await clinic.provet("GET", "/invoicepayment/?info__icontains=E7K2M9Q4T1XA3")).json()["count"] == 1
    await clinic.control("PUT", "/practice", {"filters": "ignore"})
    assert await ids(clinic, "id__is=501") == everything


async def test_pages_follow_next_to_the_end(clinic: Clinic) -> None:
    seen: list[int] = []
    path: str | None = f"/invoice/?{UNPAID}&ordering=id"
    while path:
        answer = (await clinic.provet("GET", path)).json()
        seen += [row["id"] for row in answer["results"]]
        path = answer["next"] and answer["next"].removeprefix(clinic.api)
    assert len(seen) == answer["count"] == len(set(seen)) > 50
    assert answer["num_pages"] == 2
    assert (await clinic.provet("GET", "/invoice/?page=99")).status_code == 404


async def test_a_row_at_the_page_edge_is_missed_when_the_list_shifts(clinic: Clinic) -> None:
    for _ in range(3):
        await clinic.book(paid=1.0)
    await clinic.control("PUT", "/practice", {"shifting_pages": True})
    seen = []
    for page in (1, 2):
        answer = await clinic.provet("GET", f"/invoicepayment/?ordering=id&page_size=2&page={page}")
        seen += [row["id"] for row in answer.json()["results"]]
    assert len(seen) == 4
    assert 9003 not in seen


async def test_the_budget_rolls_over_60_s_and_big_pages_cost_more(clinic: Clinic) -> None:
    for _ in range(3):
        assert (await clinic.provet("GET", "/invoice/?page_size=1000")).status_code == 200
    limited = await clinic.provet("GET", "/invoice/")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "60")
    assert (await clinic.provet("GET", "/invoice/501/")).status_code == 200
    await asyncio.sleep(30)
    assert (await clinic.provet("GET", "/invoice/")).headers["retry-after"] == "30"
    await asyncio.sleep(30)
    assert (await clinic.provet("GET", "/invoice/")).status_code == 200


async def test_rights_that_the_template_lacks(clinic: Clinic) -> None:
    for path in ("/paymentmethod/", "/transaction_terminal/", "/settings/department/2/"):
        assert (await clinic.provet("GET", path)).status_code == 403
    await clinic.control("PUT", "/practice", {"template": "full"})
    for path in ("/paymentmethod/", "/transaction_terminal/", "/settings/department/2/"):
        assert (await clinic.provet("GET", path)).status_code == 200


async def test_a_missing_slash_is_301_and_a_wrong_method_405(clinic: Clinic) -> None:
    moved = await clinic.provet("POST", "/invoicepayment", {})
    assert (moved.status_code, moved.headers["location"]) == (301, f"{clinic.api}/invoicepayment/")
    assert (await clinic.provet("DELETE", "/invoicepayment/9001/")).status_code == 405
    assert (await clinic.provet("GET", "/nonsense")).status_code == 404
    assert (await clinic.provet("GET", f"/invoice/{'9' * 5000}/")).status_code == 404


async def test_sign_in_takes_basic_or_form_and_tokens_end(clinic: Clinic) -> None:
    url = f"{clinic.simulator.provet_url}/1234/oauth2/token/"
    form = {"grant_type": "client_credentials", "client_id": "edgepos-demo-client"}
    assert (await clinic.http.post(url, data={**form, "client_secret": "wrong"})).status_code == 401
    assert (await clinic.http.post(url, json=form)).status_code == 400
    token = (await clinic.http.post(url, data={**form, "client_secret": "edgepos-demo-secret"})).json()
    assert (token["expires_in"], token["token_type"], token["scope"]) == (36_000, "Bearer", "restapi")
    await asyncio.sleep(36_001)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert (await clinic.http.get(f"{clinic.api}/invoice/", headers=headers)).status_code == 401


async def test_info_may_be_cut_or_lost_and_answers_empty(clinic: Clinic) -> None:
    assert (await clinic.book(info="x" * 256)).status_code == 400
    await clinic.control("PUT", "/practice", {"info": "truncate", "info_limit": 15})
    assert (await clinic.book(info="E7K2M9Q4T1XA3.1 VISA")).json()["info"] == "E7K2M9Q4T1XA3.1"
    await clinic.control("PUT", "/practice", {"info": "drop", "created_answer": "empty", "created_status": 200})
    answer: httpx.Response = await clinic.book()
    assert (answer.status_code, answer.content) == (200, b"")


async def test_due_sums_may_lag(clinic: Clinic) -> None:
    await clinic.control("PUT", "/practice", {"due_lag_s": 5})
    await clinic.book()
    assert await due(clinic, 502) == 625.0
    await asyncio.sleep(5)
    assert await due(clinic, 502) == 525.0


async def test_the_awkward_seeds(clinic: Clinic) -> None:
    answer = await clinic.provet("GET", "/invoice/?id__in=502,504,505,509,510,511&ordering=id")
    plain, credit, counter_sale, negative, paid, growing = answer.json()["results"]
    assert plain["client_due_sum"] == "625.00"
    assert credit["credit_note"] is True
    assert credit["total_with_vat"] > 0
    assert counter_sale["client"] is None
    assert negative["client_due_sum"] < 0
    assert (str(paid["due_sum"]), paid["date_paid"]) == ("-0.0", "2026-11-25")
    assert "portal" in counter_sale or "portal" in credit
    assert await due(clinic, 511) == growing["client_due_sum"] + 50
