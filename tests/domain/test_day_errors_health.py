"""The clinic's day, refusals as code and facts, and the one word for a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.domain.day import clinic_day
from edgepos.domain.errors import EdgeposError, NotReached, OutcomeUnknown, Refused, Wrong
from edgepos.domain.health import RESTART_S, Observed, TerminalState, terminal_state

ZONES = ("Europe/Helsinki", "Europe/Oslo", "Atlantic/Reykjavik", "Europe/Stockholm", "Europe/Copenhagen", "UTC")
MIDNIGHT = time(0, 0)


def local(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_fc21_half_past_eleven_and_half_past_midnight_are_two_days(zone: str) -> None:
    assert clinic_day(local(zone, "2026-11-25T23:30"), ZoneInfo(zone), MIDNIGHT) == "2026-11-25"
    assert clinic_day(local(zone, "2026-11-26T00:30"), ZoneInfo(zone), MIDNIGHT) == "2026-11-26"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("hour", "day"), [("06:59", "2026-11-25"), ("07:00", "2026-11-26"), ("23:59", "2026-11-26")])
def test_a_night_clinics_morning_belongs_to_the_evening(zone: str, hour: str, day: str) -> None:
    assert clinic_day(local(zone, f"2026-11-26T{hour}"), ZoneInfo(zone), time(7)) == day


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize(
    ("hour", "is_new"), [("01:30", False), ("02:30", False), ("03:30", False), ("05:59", False), ("06:00", True)]
)
def test_fc21_the_cut_off_holds_when_clocks_change(change: str, fold: int, hour: str, is_new: bool) -> None:
    zone = "Europe/Oslo"
    before = (datetime.fromisoformat(change) - timedelta(days=1)).date().isoformat()
    assert clinic_day(local(zone, f"{change}T{hour}", fold), ZoneInfo(zone), time(6)) == (change if is_new else before)


@given(st.integers(1_577_836_800, 2_051_222_400), st.sampled_from(ZONES), st.integers(0, 23))
def test_days_never_run_backwards_by_more_than_a_clock_change(instant: int, zone: str, starts: int) -> None:
    at = datetime.fromtimestamp(instant, UTC)
    first = clinic_day(at, ZoneInfo(zone), time(starts))
    assert clinic_day(at + timedelta(hours=2), ZoneInfo(zone), time(starts)) >= first
    assert abs((datetime.fromisoformat(first).replace(tzinfo=UTC) - at).days) <= 2


def test_a_refusal_is_a_code_and_facts() -> None:
    refused = Refused("invoice-open", payment="E7K2M9Q4T1XA3", amount_minor=4_500)
    assert (refused.code, refused.facts) == ("invoice-open", {"payment": "E7K2M9Q4T1XA3", "amount_minor": 4_500})
    assert str(refused) == "invoice-open (payment=E7K2M9Q4T1XA3, amount_minor=4500)"
    assert str(NotReached("nets-away")) == "nets-away"
    assert Refused("x", code="of a fact").facts == {"code": "of a fact"}
    for kind in (Wrong, Refused, NotReached, OutcomeUnknown):
        assert issubclass(kind, EdgeposError)


IDLE = Observed(is_service_ok=True, in_account=True, reported="idle", was_online_s_ago=0)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (IDLE, TerminalState.READY),
        (replace(IDLE, in_account=None), TerminalState.READY),
        (replace(IDLE, reported="busy"), TerminalState.BUSY),
        (replace(IDLE, reported="Idle "), TerminalState.BUSY),  # only exactly `idle` is proven
        (replace(IDLE, reported=""), TerminalState.BUSY),
        (replace(IDLE, reported=None), TerminalState.NOT_CHECKED),
        (replace(IDLE, wants_reconciliation=True), TerminalState.RECONCILE_FIRST),
        (replace(IDLE, has_no_bank_contact=True), TerminalState.NO_BANK_CONTACT),
        (replace(IDLE, is_offline=True), TerminalState.RESTARTING),
        (replace(IDLE, is_offline=True, was_online_s_ago=RESTART_S), TerminalState.RESTARTING),
        (replace(IDLE, is_offline=True, was_online_s_ago=RESTART_S + 1), TerminalState.NOT_REACHED),
        (replace(IDLE, is_offline=True, was_online_s_ago=None), TerminalState.NOT_REACHED),
        (replace(IDLE, in_account=False, is_offline=True), TerminalState.NOT_IN_ACCOUNT),
        (replace(IDLE, is_service_ok=False, in_account=False), TerminalState.NOT_CHECKED),
        (replace(IDLE, has_open=True, is_service_ok=False), TerminalState.IN_USE),
        (replace(IDLE, has_unknown=True, has_open=True), TerminalState.PAYMENT_UNKNOWN),
        (replace(IDLE, is_held=True, has_unknown=True), TerminalState.HELD),
    ],
)
def test_the_most_pressing_word_for_a_terminal(seen: Observed, state: TerminalState) -> None:
    assert terminal_state(seen) is state
