"""Every cause of a difference, as it comes about at real sockets: named, with the amount, and green once dealt with."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agent_clinic import RECEPTION, ROOM, Clinic

pytestmark = pytest.mark.virtual_time

BOOKING = {"service": "provet", "method": "POST", "path": "*/invoicepayment/", "times": None}


async def pay(clinic: Clinic, terminal: str = RECEPTION, *, minor: int = 0, steps: Any = (), final: bool = True) -> Any:
    """A payment of an invoice that was made for it."""
    made = await clinic.control("POST", "/practice/invoices", {"total_minor": minor or 50_000, "client": 77})
    invoice: dict[str, Any] = {}

    async def is_listed() -> bool:
        found = (await clinic.client.get("/invoices", find=made["number"]))["invoices"]
        invoice.update(found[0] if found else {})
        return bool(found) and found[0]["payable"]

    await clinic.until(is_listed, 200)
    if steps:
        await clinic.cardholder(*steps, terminal=terminal)
    payment = await clinic.begin(clinic.body(invoice, terminal, large_confirmed=True))
    return await clinic.outcome(payment) if final else payment


async def booked(clinic: Clinic) -> None:
    async def is_done() -> bool:
        return bool(
            (await clinic.client.get("/status"))["outbox"] == {"queued": 0, "parked": 0, "oldest_queued_at": None}
        )

    await clinic.until(is_done, 900)


async def reconcile(clinic: Clinic, terminal: str = RECEPTION) -> Any:
    await asyncio.sleep(10)
    asked = await clinic.client.post("/reconciliations", {"terminal": terminal}, key=clinic.chance.uuid4())
    return await clinic.outcome(asked)


async def periods(clinic: Clinic) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await clinic.client.get("/match"))["terminals"]
    return found


async def only(clinic: Clinic, terminal: str = RECEPTION) -> dict[str, Any]:
    """The match of the terminal's last closed period."""
    mine = [one for one in await periods(clinic) if one["terminal"] == terminal]
    return [one for one in mine if "not-closed" not in causes(one)][-1]


def causes(period: dict[str, Any]) -> dict[str, int | None]:
    return {one["cause"]: one["minor"] for one in period["differences"]}


def harmful(period: dict[str, Any]) -> set[str]:
    return {one["cause"] for one in period["differences"] if one["needs_person"]}


async def findings(clinic: Clinic) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in (await clinic.client.get("/findings"))["findings"]}


async def handle(clinic: Clinic, kind: str) -> None:
    finding = (await findings(clinic))[kind]
    await clinic.client.post(f"/findings/{finding['id']}/handle", {"note": "seen"})


async def tell(clinic: Clinic, minor: int, period: int = 1, terminal: str = RECEPTION) -> Any:
    path = f"/terminals/{terminal}/periods/{period}/total"
    return await clinic.client.post(path, {"amount_minor": minor, "note": "paper"})


async def turned_green(clinic: Clinic) -> None:
    """No closed period is listed as red any more: the agent has looked again by itself."""

    async def is_green() -> bool:
        return "match-differs" not in await findings(clinic)

    await clinic.until(is_green, 60)


async def unknown(clinic: Clinic) -> Any:
    """A payment whose answer is lost, and a keypad sale of 70,00 right after it: nobody can ask for it any more."""
    await clinic.variant(keypad_after_ours_minor=7_000)
    await clinic.fault("drop_after", times=1)
    lost = await pay(clinic, final=False)
    await clinic.state(lost, {"unknown"})
    await asyncio.sleep(400)
    await clinic.variant(keypad_after_ours_minor=None)
    assert (await clinic.payment(lost["id"]))["state"] == "unknown"
    return lost


async def settle(clinic: Clinic, payment: Any, outcome: str = "taken") -> None:
    body = {"outcome": outcome, "slip_number": "77", "amount_minor": payment["amount_minor"]}
    sentence = (await clinic.client.post(f"/payments/{payment['id']}/settle", body))["confirm"]
    await clinic.client.post(f"/payments/{payment['id']}/settle", {**body, "confirm": sentence})


# --- journal and practice system


async def test_not_synced_is_red_and_turns_green_when_it_arrives(clinic: Clinic) -> None:
    fault = (await clinic.control("POST", "/faults", {**BOOKING, "fault": "status", "args": {"status": 503}}))["id"]
    paid = await pay(clinic)
    await reconcile(clinic)
    red = await only(clinic)
    assert (causes(red), red["agree"]) == ({"not-synced": 50_000}, False)
    assert red["terminal_minor"] == red["journal_minor"] == 50_000
    closing = await clinic.client.post("/closings", {})
    assert not closing["match"]["agree"]
    assert (await findings(clinic))["match-differs"]["facts"]["causes"] == ["not-synced"]
    await clinic.mend(fault)
    await clinic.until(lambda: clinic.is_synced(paid), 900)
    await turned_green(clinic)
    assert (await only(clinic))["agree"]
    assert not (await clinic.client.get(f"/closings/{closing['number']}"))["match"]["agree"]  # frozen


async def test_parked_says_what_to_do(clinic: Clinic) -> None:
    await clinic.control("PUT", "/practice", {"lock_date": "2026-11-27"})
    paid = await pay(clinic)
    await clinic.until(lambda: _is_parked(clinic, paid), 300)
    await reconcile(clinic)
    assert causes(await only(clinic)) == {"parked": 50_000}
    await clinic.client.post("/closings", {})
    await clinic.control("PUT", "/practice", {"lock_date": None})
    await clinic.client.post(f"/outbox/{paid['id']}.1/retry", {})
    await booked(clinic)
    await turned_green(clinic)


async def _is_parked(clinic: Clinic, payment: Any) -> bool:
    return bool((await clinic.payment(payment["id"]))["sync"] == "parked")


async def test_booked_by_hand_is_adopted(clinic: Clinic) -> None:
    down = (await clinic.control("POST", "/faults", {**BOOKING, "fault": "status", "args": {"status": 503}}))["id"]
    paid = await pay(clinic)
    by_hand = await clinic.control(
        "POST", "/practice/bookings", {"invoice": int(paid["invoice"]), "paid_minor": 50_000}
    )
    await clinic.mend(down)
    await clinic.until(lambda: _is_parked(clinic, paid), 900)
    await reconcile(clinic)
    assert causes(await only(clinic)) == {"booked-by-hand": 50_000}
    await clinic.client.post("/closings", {})
    await clinic.client.post(f"/outbox/{paid['id']}.1/adopt", {"practice_payment": str(by_hand["id"])})
    await turned_green(clinic)


async def test_changed_in_the_practice_system(clinic: Clinic) -> None:
    paid = await pay(clinic)
    await clinic.until(lambda: clinic.is_synced(paid), 300)
    await reconcile(clinic)
    [row] = [one for one in (await clinic.control("GET", "/truth"))["bookings"] if paid["id"] in one["info"]]
    await clinic.control("DELETE", f"/practice/bookings/{row['id']}")
    assert causes(await only(clinic)) == {"changed-in-practice": 50_000}


async def test_not_assigned_until_it_has_its_invoice(clinic: Clinic) -> None:
    invoice = await clinic.invoice()
    paid = await clinic.pay(invoice["due_minor"])
    await reconcile(clinic)
    assert causes(await only(clinic)) == {"not-assigned": invoice["due_minor"]}
    await clinic.client.post("/closings", {})
    await clinic.client.post(f"/payments/{paid['id']}/assign", {"invoice": invoice["id"]})
    await booked(clinic)
    await turned_green(clinic)


async def test_a_payment_without_reference_is_listed_and_not_guessed_at(clinic: Clinic) -> None:
    made = await clinic.control("POST", "/practice/invoices", {"total_minor": 9_900})
    await clinic.control("POST", "/practice/bookings", {"invoice": made["id"], "paid_minor": 9_900, "info": "kort"})
    match = await clinic.client.get("/match")
    assert [one["minor"] for one in match["without_reference"] if str(made["id"]) in one["ids"]] == [9_900]


async def test_a_practice_system_that_is_away_leaves_its_side_open(clinic: Clinic) -> None:
    await pay(clinic)
    await booked(clinic)
    await reconcile(clinic)
    await clinic.control("POST", "/faults", {"service": "provet", "fault": "down"})
    red = await only(clinic)
    assert (causes(red), red["practice_minor"], red["terminal_minor"]) == ({"practice-away": None}, None, 50_000)


# --- harmless, and listed


@pytest.mark.parametrize(
    ("step", "expected", "total"),
    [
        ({"do": "tap", "tip_minor": 500}, {"tip": 500}, 50_500),
        ({"do": "tap", "surcharge_minor": 120}, {"surcharge": 120}, 50_120),
        ({"do": "tap", "approve_minor": 30_000}, {"part-approval": 20_000}, 30_000),
    ],
)
async def test_harmless_differences_are_listed_while_all_agree(
    clinic: Clinic, step: dict[str, Any], expected: dict[str, int], total: int
) -> None:
    await pay(clinic, steps=[step])
    await booked(clinic)
    closed = await reconcile(clinic)
    green = await only(clinic)
    assert (green["agree"], causes(green), green["terminal_minor"]) == (True, expected, total)
    assert closed["matched"] is True


async def test_refunds_and_voids_count_negative_on_all_three_sides(clinic: Clinic) -> None:
    paid = await pay(clinic)
    await booked(clinic)
    await asyncio.sleep(10)
    body = {"terminal": RECEPTION, "amount_minor": 20_000, "reason": "returned"}
    refund = await clinic.client.post(f"/payments/{paid['id']}/refund", body, key=clinic.chance.uuid4())
    assert (await clinic.outcome(refund))["state"] == "approved"
    await booked(clinic)
    await asyncio.sleep(10)
    undone = await pay(clinic, minor=7_000)
    await asyncio.sleep(10)
    void = await clinic.client.post(f"/payments/{undone['id']}/reverse", {}, key=clinic.chance.uuid4())
    assert (await clinic.outcome(void))["state"] == "approved"
    await booked(clinic)
    closed = await reconcile(clinic)
    green = await only(clinic)
    assert (green["agree"], green["differences"], closed["matched"]) == (True, [], True)
    assert green["terminal_minor"] == green["journal_minor"] == green["practice_minor"] == 30_000
    report = (await clinic.client.post("/closings", {}))["match"]["report"]
    assert (report["count"], report["amount_minor"], report["back_count"], report["back_minor"]) == (
        2,
        57_000,
        2,
        27_000,
    )


# --- terminal and journal


async def test_a_stand_alone_sale_is_found_recorded_and_booked(clinic: Clinic) -> None:
    await pay(clinic)
    await asyncio.sleep(10)
    invoice = await clinic.invoice()
    sale = invoice["due_minor"]
    await clinic.control("POST", f"/terminals/{RECEPTION}/keypad_sale", {"amount_minor": sale})
    at = clinic.clock.now().isoformat()
    await asyncio.sleep(10)
    await pay(clinic)
    await booked(clinic)
    closed = await reconcile(clinic)
    assert closed["matched"] is False
    assert causes(await only(clinic)) == {"stand-alone-sale": sale}
    await clinic.client.post("/closings", {})
    body = {"terminal": RECEPTION, "amount_minor": sale, "slip_number": "12", "at": at, "invoice": invoice["id"]}
    await clinic.client.post("/records", body, key=clinic.chance.uuid4())
    await booked(clinic)
    await turned_green(clinic)
    assert "foreign-transaction" not in await findings(clinic)
    assert (await only(clinic))["agree"]


async def test_two_sales_of_which_one_was_never_seen_stay_unexplained(clinic: Clinic) -> None:
    await pay(clinic)
    for minor in (1_000, 2_500):
        await asyncio.sleep(10)
        await clinic.control("POST", f"/terminals/{RECEPTION}/keypad_sale", {"amount_minor": minor})
    await asyncio.sleep(10)
    await pay(clinic)
    await booked(clinic)
    await reconcile(clinic)
    found = causes(await only(clinic))
    assert found in ({"unexplained": 3_500}, {"stand-alone-sale": 2_500, "unexplained": 1_000})


async def test_unknown_then_settled_by_hand_then_confirmed_by_the_totals(clinic: Clinic) -> None:
    lost = await unknown(clinic)
    [open_one] = [one for one in await periods(clinic) if one["terminal"] == RECEPTION]
    assert causes(open_one) == {"not-closed": None, "unknown": None}
    await settle(clinic, lost)
    assert "settled-by-hand" in await findings(clinic)
    await booked(clinic)
    at = clinic.clock.now().isoformat()
    body = {"terminal": RECEPTION, "amount_minor": 7_000, "slip_number": "78", "at": at}
    sale = await clinic.client.post("/records", body, key=clinic.chance.uuid4())
    await reconcile(clinic)
    red = await only(clinic)
    assert (harmful(red), causes(red)["settled-by-hand"]) == ({"stand-alone-sale"}, 0)
    assert not (await clinic.payment(lost["id"]))["confirmed"]
    await clinic.client.post("/closings", {})
    confirmed = await clinic.payment(lost["id"])
    assert (confirmed["state"], confirmed["confirmed"]) == ("settled_by_hand", True)
    assert "settled-by-hand" not in await findings(clinic)
    invoice = await clinic.invoice()
    await clinic.client.post(f"/payments/{sale['id']}/assign", {"invoice": invoice["id"]})
    assert "match-differs" in await findings(clinic)


async def test_what_was_settled_wrongly_stays_marked(clinic: Clinic) -> None:
    lost = await unknown(clinic)
    await settle(clinic, lost, "not_taken")
    await reconcile(clinic)
    red = await only(clinic)
    assert (causes(red)["settled-by-hand"], "settled-by-hand" in harmful(red)) == (50_000, True)
    await clinic.client.post("/closings", {})
    assert not (await clinic.payment(lost["id"]))["confirmed"]
    assert "settled-by-hand" in await findings(clinic)


async def test_a_late_approval_is_red_until_somebody_has_seen_it(clinic: Clinic) -> None:  # FC-02
    step = {"do": "tap", "decline_code": "51", "approve_later_s": 9}
    declined = await pay(clinic, steps=[step])
    assert declined["state"] == "declined"
    await asyncio.sleep(60)
    assert await clinic.taken() == [("purchase", 50_000)]
    await booked(clinic)
    await reconcile(clinic)
    red = await only(clinic)
    assert (causes(red), red["agree"], red["terminal_minor"]) == ({"late-approval": 50_000}, False, 50_000)
    await clinic.client.post("/closings", {})
    await handle(clinic, "late-approval")
    await turned_green(clinic)
    green = await only(clinic)
    assert (green["agree"], causes(green)) == (True, {"late-approval": 50_000})
    assert (await clinic.payment(declined["id"]))["state"] == "declined"


async def test_the_bank_takes_back_what_a_closed_session_holds(clinic: Clinic) -> None:
    await clinic.variant(reverse_after_s=60)
    paid = await pay(clinic)
    await clinic.variant(reverse_after_s=None)
    await booked(clinic)
    await reconcile(clinic)
    assert (await only(clinic))["agree"]
    await clinic.client.post("/closings", {})
    await asyncio.sleep(60)
    await pay(clinic, minor=20_000)  # its fence sees that the last result reads "rejected" now
    await booked(clinic)
    await reconcile(clinic)
    first, second = [one for one in await periods(clinic) if one["terminal"] == RECEPTION][:2]
    assert (first["agree"], first["journal_minor"]) == (True, 50_000)  # what was closed stays as it was
    assert causes(second) == {"reversal-across-sessions": 50_000}
    assert (second["terminal_minor"], second["journal_minor"]) == (20_000, -30_000)
    await clinic.client.post("/closings", {})
    await handle(clinic, "reversed-at-terminal")
    await turned_green(clinic)
    assert (await clinic.payment(paid["id"]))["refundable_minor"] == 0


async def test_a_swapped_terminal_ends_with_a_total_from_its_paper(clinic: Clinic) -> None:
    await pay(clinic)
    await booked(clinic)
    await clinic.stop()
    settings = clinic.folder / "config" / "location.toml"
    settings.write_text(settings.read_text().replace(RECEPTION, "70000004"))
    await clinic.start()
    red = next(one for one in await periods(clinic) if one["terminal"] == RECEPTION)
    assert causes(red) == {"terminal-swapped": None}
    await clinic.client.post("/closings", {})
    assert (await findings(clinic))["match-differs"]["facts"]["causes"] == ["terminal-swapped"]
    assert not (await tell(clinic, 49_999))["agree"]
    assert (await tell(clinic, 50_000))["agree"]
    await turned_green(clinic)


async def test_a_missing_slip_is_made_good_by_a_total_from_paper(clinic: Clinic) -> None:
    await pay(clinic)
    await booked(clinic)
    await asyncio.sleep(10)
    await clinic.fault("drop_after", path="administration", times=1)
    lost = await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=clinic.chance.uuid4())
    await clinic.state(lost, {"unknown"})
    await asyncio.sleep(20)
    await pay(clinic)
    assert (await clinic.payment(lost["id"]))["state"] == "approved"
    assert (await clinic.payment(lost["id"]))["matched"] is None
    assert causes(await only(clinic)) == {"slip-missing": None}
    await clinic.client.post("/closings", {})
    await tell(clinic, 50_000)
    await turned_green(clinic)
    assert (await clinic.payment(lost["id"]))["matched"] is True


async def test_the_terminals_own_closing_is_found_and_said(clinic: Clinic) -> None:  # FC-23
    await pay(clinic)
    await booked(clinic)
    await clinic.control("POST", f"/terminals/{RECEPTION}/close_session")
    await pay(clinic)
    said = (await findings(clinic))["closed-by-terminal"]
    assert said["facts"]["period"] == 1
    assert "by itself" in said["message"]
    assert causes(await only(clinic)) == {"slip-missing": None}
    await tell(clinic, 50_000)

    async def is_over() -> bool:
        return "closed-by-terminal" not in await findings(clinic)

    await clinic.until(is_over, 60)


async def test_an_unreadable_report_is_kept_and_not_zero(clinic: Clinic) -> None:
    await clinic.variant(country="da")  # its words are none of this country's
    await pay(clinic)
    await booked(clinic)
    closed = await reconcile(clinic)
    assert (closed["matched"], closed["unread"]) == (None, "language")
    assert "AFSTEMNING" in closed["slip"]
    red = await only(clinic)
    assert (causes(red), red["terminal_minor"]) == ({"slip-unreadable": None}, None)
    await clinic.client.post("/closings", {})
    await tell(clinic, 50_000)
    await turned_green(clinic)


async def test_a_report_in_another_currency_is_said_by_match_and_doctor(clinic: Clinic) -> None:
    await clinic.variant(currency="NOK")
    await pay(clinic)
    await booked(clinic)
    await reconcile(clinic)
    assert causes(await only(clinic)) == {"currency": None}
    doctor = await clinic.client.get("/doctor")
    assert "NOK" in next(one["message"] for one in doctor["checks"] if one["name"] == "currency")
    await clinic.variant(currency="SEK")
    await reconcile(clinic)
    assert "currency" not in {one["name"] for one in (await clinic.client.get("/doctor"))["checks"]}


async def test_a_total_is_told_only_where_no_report_can_be_read(clinic: Clinic) -> None:
    await pay(clinic, ROOM)
    await reconcile(clinic, ROOM)
    for period in (0, 1, 2, 9):
        with pytest.raises(Exception, match="70000002/"):
            await tell(clinic, 1, period, ROOM)


async def test_asked_twice_there_is_one_closing(clinic: Clinic) -> None:  # FC-23
    await asyncio.sleep(10)
    key = clinic.chance.uuid4()
    first = await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=key)
    again = await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=key)
    other = await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=clinic.chance.uuid4())
    assert first["id"] == again["id"] == other["id"]
    await clinic.outcome(first)
    sessions = (await clinic.control("GET", "/truth"))["terminals"][RECEPTION]["sessions"]
    assert len(sessions) == 2


async def test_a_terminal_asks_for_its_reconciliation_before_a_customer_stands_there(clinic: Clinic) -> None:
    await asyncio.sleep(20)
    shown = (await clinic.client.get("/status"))["terminals"][0]
    assert (shown["state"], "yet" in shown["why"]) == ("reconcile_first", True)
    await reconcile(clinic)
    await asyncio.sleep(20)
    assert (await clinic.client.get("/status"))["terminals"][0]["state"] == "ready"
    asyncio.get_running_loop()._timekeeper.station.wall_offset_s = 6 * 86_400  # type: ignore[attr-defined]
    shown = (await clinic.client.get("/status"))["terminals"][0]
    assert (shown["state"], "6 days" in shown["why"]) == ("reconcile_first", True)
    assert (await pay(clinic))["state"] == "approved"  # a hint, no block


async def test_the_days_chart_is_by_the_clinics_own_hour(clinic: Clinic) -> None:
    await pay(clinic)  # 06:00 UTC
    hours = (await clinic.client.get("/status"))["today"]["hours"]
    assert (len(hours), hours[7]) == (24, {"count": 1, "amount_minor": 50_000})
    assert sum(hour["count"] for hour in hours) == 1
