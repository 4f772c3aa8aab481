"""The clinic's day: cut-off, both clock changes, a box in another zone, a zone changed later; periods at midnight."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from agent_clinic import RECEPTION, Clinic

from edgepos.virtual_time import VIRTUAL_START

pytestmark = pytest.mark.virtual_time
SPRING, AUTUMN = "2027-03-28", "2027-10-31"
"""Europe's clocks change: 02:00 becomes 03:00, and 03:00 becomes 02:00."""


@pytest.fixture(autouse=True)
def box_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The box's own zone is nobody's business."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def settings(clinic: Clinic, **place: str) -> None:
    """Change lines of [location]."""
    path = clinic.folder / "config" / "location.toml"
    lines = [line for line in path.read_text().splitlines() if line.partition(" =")[0] not in place]
    at = lines.index("[location]") + 1
    path.write_text("\n".join([*lines[:at], *(f'{name} = "{value}"' for name, value in place.items()), *lines[at:]]))


def set_clock(local: str, zone: str = "Europe/Stockholm", *, fold: int = 0) -> None:
    """It is *local* time in *zone* now, for the box and the services alike. *fold* 1: the second time that day."""
    keeper = asyncio.get_running_loop()._timekeeper  # type: ignore[attr-defined]
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    keeper.station.wall_offset_s = at.timestamp() - VIRTUAL_START.timestamp() - keeper.now


async def day_of(clinic: Clinic, payment: Any) -> str:
    return str((await clinic.payment(payment["id"]))["clinic_day"])


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "Europe/Oslo", "Europe/Helsinki", "Atlantic/Reykjavik"])
async def test_an_evening_and_the_night_after_are_two_days(unstarted: Clinic, zone: str) -> None:  # FC-21
    clinic = unstarted
    settings(clinic, time_zone=zone)
    set_clock("2026-11-30T23:30:00", zone)
    await clinic.start()
    evening = await clinic.outcome(await clinic.begin(clinic.body(await clinic.invoice())))
    await clinic.until(lambda: clinic.is_synced(evening), 300)
    set_clock("2026-12-01T00:30:00", zone)
    night = await clinic.outcome(await clinic.begin(clinic.body(await clinic.invoice())))
    await clinic.until(lambda: clinic.is_synced(night), 300)
    days = {evening["id"]: "2026-11-30", night["id"]: "2026-12-01"}
    assert {one["id"]: await day_of(clinic, one) for one in (evening, night)} == days
    truth = await clinic.control("GET", "/truth")
    booked = {one["info"][:13]: one["payment_date"] for one in truth["bookings"]}
    assert {id: booked[id] for id in days} == days
    for id, day in days.items():
        listed = (await clinic.client.get("/payments", day=day))["payments"]
        assert [one["id"] for one in listed] == [id]
        match = await clinic.client.get("/match", day=day)
        assert [one["journal_minor"] for one in match["terminals"]] == [
            evening["approved_minor"] + night["approved_minor"]  # one period over both days, and all of it is matched
        ]
    await clinic.stop()
    settings(clinic, time_zone="America/Nuuk", day_starts="12:00")
    await clinic.start()
    assert {one["id"]: await day_of(clinic, one) for one in (evening, night)} == days
    assert (await clinic.payment(evening["id"]))["created_at"].endswith("Z")


async def test_a_night_clinics_day_begins_at_its_hour(unstarted: Clinic) -> None:
    settings(unstarted, day_starts="07:00")
    set_clock("2026-11-30T23:30:00")
    await unstarted.start()
    days = []
    for local in ("2026-11-30T23:30:00", "2026-12-01T00:30:00", "2026-12-01T06:58:00", "2026-12-01T07:01:00"):
        set_clock(local)
        days.append(await day_of(unstarted, await unstarted.pay()))
        await asyncio.sleep(10)
    assert days == ["2026-11-30"] * 3 + ["2026-12-01"]
    today = (await unstarted.client.get("/status"))["today"]
    assert (today["day"], today["hours"][7]["count"]) == ("2026-12-01", 1)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
async def test_the_day_on_which_the_clocks_change_is_one_day(unstarted: Clinic, day: str) -> None:
    settings(unstarted, day_starts="06:00")
    set_clock(f"{day}T00:30:00")
    await unstarted.start()
    before = "2027-03-27" if day == SPRING else "2027-10-30"
    days = []
    for local, fold in (("01:55:00", 0), ("03:05:00", 0), ("05:55:00", 0), ("06:05:00", 0), ("23:30:00", 0)):
        set_clock(f"{day}T{local}", fold=fold)
        days.append(await day_of(unstarted, await unstarted.pay()))
        await asyncio.sleep(10)
    assert days == [before] * 3 + [day] * 2


async def test_the_hour_that_comes_twice_is_one_bar_of_the_chart(unstarted: Clinic) -> None:
    set_clock(f"{AUTUMN}T02:30:00")
    await unstarted.start()
    for fold in (0, 1):
        set_clock(f"{AUTUMN}T02:30:00", fold=fold)
        await unstarted.pay(10_000)
        await asyncio.sleep(10)
    today = (await unstarted.client.get("/status"))["today"]
    assert (today["count"], today["hours"][2]) == (2, {"count": 2, "amount_minor": 20_000})


async def test_a_terminal_that_closes_at_midnight_splits_no_sum(unstarted: Clinic) -> None:  # FC-23
    clinic = unstarted
    settings(clinic, day_starts="07:00")
    await clinic.variant(close_at="00:00", host_s=4.0)
    set_clock("2026-11-30T22:00:00")
    await clinic.start()
    set_clock("2026-11-30T23:50:00")
    paid = [await clinic.pay(10_000)]
    set_clock("2026-11-30T23:59:54")
    await clinic.variant(close_at="00:00")  # its plan is made anew for the new time
    await clinic.cardholder({"do": "tap", "after_s": 3})
    await clinic.variant(contactless_s=6)
    paid.append(await clinic.pay(20_000))  # begun before midnight, approved after it
    await asyncio.sleep(10)
    set_clock("2026-12-01T06:50:00")
    await clinic.variant(close_at=None)
    twice = [
        await clinic.client.post("/reconciliations", {"terminal": RECEPTION}, key=clinic.chance.uuid4()) for _ in "12"
    ]
    assert twice[0]["id"] == twice[1]["id"]
    closed = await clinic.outcome(twice[0])
    assert (closed["state"], closed["matched"]) == ("approved", True)
    match = await clinic.client.get("/match", day="2026-11-30")
    periods = [one for one in match["terminals"] if one["terminal"] == RECEPTION]
    assert [one["journal_minor"] for one in periods][:2] == [10_000, 20_000]
    assert sum(one["journal_minor"] for one in periods) == sum(one["approved_minor"] for one in paid)
    found = {one["kind"] for one in (await clinic.client.get("/findings"))["findings"]}
    assert "closed-by-terminal" in found
