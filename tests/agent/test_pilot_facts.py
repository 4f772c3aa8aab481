"""The pilot against the simulator: each switch of an assumed fact is told rightly, and alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from agent_clinic import RECEPTION, Clinic

from edgepos.agent.pilot import nets, nets_facts, provet, provet_facts
from edgepos.agent.pilot.facts import NOT_TRIED, Report
from edgepos.agent.pilot.run import Order, pilot
from edgepos.agent.settings_files import load

pytestmark = pytest.mark.virtual_time


class Crew:
    """Who does at the terminal and in the practice system what the pilot asks a person for."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.asked: list[str] = []
        self.told: list[str] = []
        self._acting: set[asyncio.Task[None]] = set()

    async def please(self, what: str, sentence: str) -> None:
        self.asked.append(what)
        match what:
            case "card":
                await self.clinic.variant(cardholder="taps")
            case "no-card":
                await self.clinic.variant(cardholder="absent")
            case "keypad-sale":
                await self.clinic.control("POST", f"/terminals/{RECEPTION}/keypad_sale", {"amount_minor": 4_200})
            case "unplug":
                await self.clinic.variant(connected=False)
            case "plug":
                await self.clinic.variant(connected=True)
            case "pin":
                await self.clinic.cardholder({"do": "chip"}, {"do": "pin"})
                await self._at_the_bank()
            case "power-cut-waiting":
                await self.clinic.control("POST", f"/terminals/{RECEPTION}/power", {"off_s": 30.0})
            case "power-cut":
                await self.clinic.cardholder({"do": "chip"}, {"do": "pin"})
                task = asyncio.get_running_loop().create_task(self._pull_the_plug())
                self._acting.add(task)
                task.add_done_callback(self._acting.discard)

    async def _pull_the_plug(self) -> None:
        await self._at_the_bank()
        await self.clinic.control("POST", f"/terminals/{RECEPTION}/power", {"off_s": 60.0})

    async def _at_the_bank(self) -> None:
        async def is_there() -> bool:
            return bool((await self.clinic.control("GET", f"/terminals/{RECEPTION}"))["state"] == "host_wait")

        await self.clinic.until(is_there, 60)

    async def answer(self, what: str, question: str) -> str:
        self.asked.append(what)
        match what:
            case "is-new" | "reports":
                return "yes"
            case "no-terminal-run":
                return "no"
            case "invoice-payable":
                body = {"total_minor": 500_000}
                made = await self.clinic.control("POST", "/practice/invoices", body)
                return str(made["number"])
            case "invoice-draft":
                return "506"
            case "invoice-invoicing":
                return "507"
        raise AssertionError(what)

    async def tell(self, sentence: str) -> None:
        self.told.append(sentence)


async def run(clinic: Clinic, service: str, *only: str) -> Report:
    settings = load(clinic.folder / "config")
    return await pilot(
        Order(
            service=service,
            settings=settings,
            secret="demo-password" if service == "nets" else "edgepos-demo-secret",
            person=Crew(clinic),
            clock=clinic.clock,
            chance=clinic.chance,
            terminal=settings.terminals[0],
            only=only,
        )
    )


def values(report: Report) -> dict[str, str]:
    return {one.fact.id: one.value for one in report.found}


NETS_AS_IT_IS: Mapping[str, str] = {fact.id: fact.assumed for fact in nets_facts.FACTS.values()}


async def test_the_simulator_as_it_stands_is_what_is_assumed_of_nets(unstarted: Clinic) -> None:
    """All facts in one run, from a new terminal on."""
    await unstarted.variant(fresh_refuses=True)
    report = await run(unstarted, "nets")
    assert values(report) == NETS_AS_IT_IS
    assert "## As assumed" in report.markdown
    assert report.document["counts"] == {"as_assumed": len(NETS_AS_IT_IS), "otherwise": 0, "not_tried": 0}
    assert "demo-password" not in report.markdown + str(report.document)


NETS_SWITCHES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"nets": {"login": "token_only"}}, {"login-form": "token_only"}),
    ({"nets": {"token_life_s": 3_600.0}}, {"token-life": "other"}),
    ({"lookup_empty": "empty"}, {"lookup-empty": "empty"}),
    ({"fresh_refuses": False}, {"fresh-terminal": "paid"}),
    ({"order_id_echo": "never"}, {"order-id-echo": "never"}),
    ({"order_id_echo": "also_declines"}, {"order-id-echo": "also_declines"}),
    ({"order_id_echo": "cut10"}, {"order-id-echo": "cut10"}),
    ({"numbers": "string"}, {"numbers": "string"}),
    ({"key_case": "lower"}, {"key-case": "lower"}),
    ({"key_case": "id_pan_mixed"}, {"key-case": "id_pan_mixed"}),
    ({"missing_keys": ["CVM"]}, {"needed-keys": "missing"}),
    ({"null_keys": ["SessionNumber"]}, {"needed-keys": "null"}),
    ({"empty_keys": ["CVM"]}, {"needed-keys": "empty"}),
    ({"time_form": "iso"}, {"time-form": "iso"}),
    ({"terminal_clock_offset_s": 7_200.0}, {"terminal-clock": "off", "time-form": "local"}),
    ({"visible_after_s": 20.0}, {"visible-after": "late", "order-id-echo": "approved"}),
    ({"reverse_after_s": 30.0}, {"approval-stays": "taken_back"}),
    ({"failure_form": "string"}, {"failure-form": "string", "cancel": "obey"}),
    ({"cancel": "late"}, {"cancel": "late"}),
    ({"cancel": "refuse"}, {"cancel": "refuse"}),
    ({"cancel": "swallow"}, {"cancel": "swallow"}),
    ({"cancel": "approve"}, {"cancel": "approve"}),
    ({"lookup_busy": "cancels"}, {"lookup-busy": "cancels"}),
    ({"lookup_busy": "previous"}, {"lookup-busy": "previous"}),
    ({"second_payment": "auto_cancel"}, {"second-payment": "auto_cancel"}),
    ({"second_payment": "both"}, {"second-payment": "both"}),
    ({"busy_form": "object"}, {"busy-form": "object", "second-payment": "refuse"}),
    ({"order_id_duplicate": "refuse"}, {"order-id-duplicate": "refuse"}),
    ({"last_after_reconciliation": "cleared"}, {"last-after-reconciliation": "cleared"}),
    ({"structured_totals": True}, {"structured-totals": "yes"}),
    ({"country": "no"}, {"slip-readable": "no"}),
    ({"card_wait_s": 60.0}, {"card-wait": "other", "line-held": "whole"}),
    ({"fault": {"fault": "504_at_60s", "args": {"seconds": 60.0}}}, {"line-held": "gateway", "card-wait": "125s"}),
    ({"fault": {"fault": "drop_after"}}, {"line-held": "cut", "card-wait": "125s"}),
    ({"offline_as": "8013"}, {"offline-form": "8013", "offline-listed": "yes"}),
    ({"offline_as": "404"}, {"offline-form": "404"}),
    ({"power_cut": "keep"}, {"power-cut": "keep"}),
    ({"power_cut": "lost"}, {"power-cut": "lost"}),
]


@pytest.mark.parametrize(("switch", "found"), NETS_SWITCHES, ids=lambda value: str(value)[:60])
async def test_each_switch_of_nets_is_told_rightly(
    unstarted: Clinic, switch: dict[str, Any], found: dict[str, str]
) -> None:
    switch = dict(switch)
    if (cloud := switch.pop("nets", None)) is not None:
        await unstarted.control("PUT", "/nets", cloud)
    if (fault := switch.pop("fault", None)) is not None:
        await unstarted.fault(fault["fault"], **{name: value for name, value in fault.items() if name != "fault"})
    if switch:
        await unstarted.variant(**switch)
    assert values(await run(unstarted, "nets", *found)) == found


PROVET_AS_IT_IS: Mapping[str, str] = {fact.id: fact.assumed for fact in provet_facts.FACTS.values()} | {
    "lock-date": "taken"
}
"""Nothing is locked in the simulator unless it is told to."""


async def test_the_simulator_as_it_stands_is_what_is_assumed_of_provet(unstarted: Clinic) -> None:
    report = await run(unstarted, "provet")
    assert values(report) == PROVET_AS_IT_IS
    assert "edgepos-demo-secret" not in report.markdown


PROVET_SWITCHES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"token_life_s": 600.0}, {"token-life": "other"}),
    ({"filters": "strict"}, {"filters": "strict"}),
    ({"filters": "ignore"}, {"filters": "ignore", "status-filter": "none"}),
    ({"status_filter": "guide"}, {"status-filter": "guide"}),
    ({"status_filter": "schema"}, {"status-filter": "schema"}),
    ({"created_answer": "empty"}, {"created-answer": "empty", "info-kept": "keep", "duplicate": "two"}),
    ({"created_status": 200}, {"created-status": "200"}),
    ({"info": "drop"}, {"info-kept": "drop"}),
    ({"info": "truncate"}, {"info-limit": "truncate", "info-kept": "keep"}),
    ({"info_limit": 50}, {"info-limit": "short", "info-kept": "keep"}),
    ({"refunds": "refuse"}, {"refund": "refuse", "cancel-payment": "allowed"}),
    ({"cancel_payment": "forbidden"}, {"cancel-payment": "forbidden", "refund": "accept"}),
    ({"overpayment": "allow"}, {"overpayment": "allow", "date-paid": "set"}),
    ({"lock_date": "2026-11-01"}, {"lock-date": "refused"}),
    ({"due_lag_s": 5.0}, {"due-falls": "later"}),
    ({"due_lag_s": 900.0}, {"due-falls": "never"}),
    ({"date_paid": "never"}, {"date-paid": "never", "overpayment": "refuse"}),
    ({"rate_limits": False}, {"retry-after": "never"}),
    ({"retry_after": "absent"}, {"retry-after": "absent"}),
    ({"retry_after": "http_date"}, {"retry-after": "http_date"}),
    ({"template": "full"}, {"rights": "full"}),
    ({"untidy": False}, {"numbers": "number"}),
]


@pytest.mark.parametrize(("switch", "found"), PROVET_SWITCHES, ids=lambda value: str(value)[:60])
async def test_each_switch_of_provet_is_told_rightly(
    unstarted: Clinic, switch: dict[str, Any], found: dict[str, str]
) -> None:
    await unstarted.control("PUT", "/practice", switch)
    assert values(await run(unstarted, "provet", *found)) == found


@pytest.mark.parametrize(("trials", "facts"), [(nets.TRIALS, nets_facts.FACTS), (provet.TRIALS, provet_facts.FACTS)])
async def test_every_fact_has_a_trial_and_every_trial_a_fact(trials: Any, facts: Any) -> None:
    tried = [fact for its_facts in trials.values() for fact in its_facts]
    assert sorted(tried) == sorted(facts)
    for fact in facts.values():
        assert fact.assumed in fact.answers, fact.id


async def test_a_trial_that_does_not_come_about_is_said_and_the_others_go_on(unstarted: Clinic) -> None:
    await unstarted.variant(host="away")
    report = await run(unstarted, "nets", "void", "void-is-last", "cancel")
    assert values(report) == {"void": NOT_TRIED, "void-is-last": NOT_TRIED, "cancel": "obey"}
    assert "the purchase was not approved" in report.markdown
