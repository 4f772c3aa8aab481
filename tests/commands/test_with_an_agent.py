"""The commands against the real agent and the simulator, as a person at the shell meets them."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RECEPTION, ROOM = "70000001", "70000002"


@pytest.fixture(scope="module", autouse=True)
def opened(clinic: Any) -> Any:
    """The terminals are new: they take no payment before their first reconciliation."""
    first = clinic.run("pay", "12,50", "--terminal", "RECEPTION")
    assert first.status == 1
    assert "RECEPTION takes no payment before it is reconciled." in first.err
    ended = clinic.run("reconcile")
    assert (ended.status, ended.out.count("RECONCILED")) == (0, 2), ended.err
    return clinic


@pytest.fixture
def invoice(clinic: Any) -> dict[str, Any]:
    """One that can be paid, and that no other test takes."""
    listed: list[dict[str, Any]] = clinic.run("invoices", "--json").document["invoices"]
    return next(one for one in listed if one["payable"] and one["number"])


@pytest.fixture
def untouched(clinic: Any) -> Iterator[None]:
    """What the test does adds nothing to the journal."""
    before = clinic.run("history", "--json").document
    yield
    assert clinic.run("history", "--json").document == before


def test_status_has_what_monitoring_needs(clinic: Any) -> None:
    status = clinic.run("status", "--json").document
    assert {one["state"] for one in status["services"].values()} == {"ok"}
    assert {"id", "name", "model", "state", "since", "why", "mend"} <= status["terminals"][0].keys()
    assert {"queued", "parked", "oldest_queued_at"} <= status["outbox"].keys()
    assert {"count", "amount_minor", "refunds_minor", "currency"} <= status["today"].keys()
    text = clinic.run("status")
    assert text.status == 0
    assert re.search(r"^RECEPTION +Desk3500 +READY", text.out, re.M)
    assert all(len(line) <= 80 for line in text.out.splitlines())


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("amount", "code", "says"),
    [
        ("12,505", "amount-form", "“12,505” has the wrong number of digits"),
        ("12,500", "amount-ambiguous", "12500.00 SEK / 12.50 SEK"),
        ("-1", "amount-form", "“-1” is less than zero"),
        ("-1,50", "amount-form", "edgepos refund PAYMENT"),
        ("0", "amount-form", "The amount is zero"),
        ("", "amount-form", "The amount is empty"),
        ("twelve", "amount-form", "“twelve” is not an amount"),
        ("STH-20417", "amount-form", "edgepos pay --invoice STH-20417"),
        ("1000000", "amount-too-large", "999999.99 SEK"),
        ("1" * 30, "amount-too-large", "999999.99 SEK"),
        ("900000", "amount-too-large", "confirm it: edgepos pay AMOUNT --large"),
    ],
)
def test_an_amount_that_cannot_be_meant_is_refused(clinic: Any, amount: str, code: str, says: str) -> None:
    ended = clinic.run("pay", amount, "--terminal", "RECEPTION", "--json")
    assert (ended.status, ended.document["error"]["code"]) == (2, code)
    assert says in ended.err


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("arguments", "status", "code", "says"),
    [
        ("pay 12", 2, "terminal-needed", "There are: RECEPTION, ROOM 2."),
        ("pay 12 --terminal RECEPTOIN", 2, "unknown-terminal", "Did you mean RECEPTION?"),
        ("pay --invoice STH-99999 --terminal RECEPTION", 2, "unknown-invoice", "edgepos invoices --find"),
        ("pay --invoice 506 --terminal RECEPTION", 1, "not-payable", "Invoice 506 cannot be paid"),
        ("show E7K2M9Q4T1XA3", 2, "unknown-payment", "E7K2M9Q4T1XA3"),
        ("refund nonsense 12", 2, "unknown-payment", "nonsense"),
        ("cancel E7K2M9Q4T1XA4", 2, "unknown-payment", "E7K2M9Q4T1XA4"),
        ("receipt E7K2M9Q4T1XA3", 2, "unknown-payment", "history --find"),
        ("reconcile --terminal 7", 2, "unknown-terminal", "There are: RECEPTION"),
        ("match --day yesterday", 2, "usage", "yesterday"),
        ("history --day 2026-13-99", 2, "usage", "2026-13-99"),
        ("sync retry nonsense", 2, "usage", "REFERENCE.LINE"),
        ("sql DELETE", 2, "usage", ""),
        ("assign E7K2M9Q4T1XA3 --invoice 501", 2, "unknown-payment", ""),
    ],
)
def test_what_is_not_there_or_cannot_be_is_said(clinic: Any, arguments: str, status: int, code: str, says: str) -> None:
    ended = clinic.run(*arguments.split(), "--json")
    assert (ended.status, ended.document["error"]["code"]) == (status, code)
    assert says in ended.err


def test_an_invoice_is_paid_once(clinic: Any, invoice: dict[str, Any]) -> None:
    paid = clinic.run("pay", "--invoice", invoice["number"], "--terminal", "reception", "--json")
    assert paid.status == 0, paid.err
    payment = paid.document
    assert (payment["state"], payment["approved_minor"]) == ("approved", invoice["due_minor"])
    assert (payment["id"], payment["invoice"], payment["terminal"]) == (payment["reference"], invoice["id"], RECEPTION)
    again = clinic.run("pay", "--invoice", invoice["id"], "--terminal", "ROOM 2", "--json")
    assert (again.status, again.document["error"]["code"]) == (1, "invoice-paid")
    shown = clinic.run("show", payment["id"].lower())
    assert "PAID" in shown.out
    assert invoice["number"] in shown.out
    assert payment["masked_card"] in clinic.run("receipt", payment["id"]).out
    found = clinic.run("history", "--find", payment["id"], "--csv").out
    assert [row["id"] for row in csv.DictReader(found.splitlines())] == [payment["id"]]


def test_a_part_of_an_invoice_and_more_than_is_due(clinic: Any, invoice: dict[str, Any]) -> None:
    part = clinic.run("pay", "1,25", "--invoice", invoice["number"], "--terminal", RECEPTION, "--json")
    assert part.document["approved_minor"] == 125
    more = clinic.run("pay", "99999", "--invoice", invoice["number"], "--terminal", RECEPTION, "--json")
    assert (more.status, more.document["error"]["code"]) == (2, "amount-too-large")
    assert more.document["error"]["facts"]["max_minor"] == invoice["due_minor"] - 125


def test_a_cancelled_payment_is_a_document_with_its_error(clinic: Any) -> None:
    clinic.control("POST", f"/terminals/{RECEPTION}/cardholder", {"steps": ["cancel"]})
    ended = clinic.run("pay", "12,50", "--terminal", "RECEPTION", "--reference", "STH-1", "--json")
    assert (ended.status, ended.document["state"], ended.document["text"]) == (1, "cancelled", "STH-1")
    assert ended.document["error"]["code"] == "cancelled"
    assert "no money moved" in ended.err


def test_money_goes_back_once_and_never_more_than_is_left(clinic: Any) -> None:
    payment = clinic.run("pay", "100", "--terminal", "RECEPTION", "--json").document
    above = clinic.run("refund", payment["id"], "100,01", "--json")
    assert (above.status, above.document["error"]["code"]) == (2, "amount-too-large")
    part = clinic.run("refund", payment["id"], "40")
    assert (part.status, part.out.split("  ")[:2]) == (0, ["REFUNDED", "SEK 40,00"]), part.err
    assert clinic.run("show", payment["id"], "--json").document["refundable_minor"] == 6000
    assert clinic.run("refund", payment["id"]).status == 0
    assert clinic.run("refund", payment["id"], "--json").status == 2


def test_the_last_payment_can_be_undone_and_no_other(clinic: Any) -> None:
    first = clinic.run("pay", "10", "--terminal", "ROOM 2", "--json").document
    last = clinic.run("pay", "20", "--terminal", "ROOM 2", "--json").document
    refused = clinic.run("reverse", first["id"], "--json")
    assert (refused.status, refused.document["error"]["code"]) == (1, "not-last")
    undone = clinic.run("reverse", last["id"])
    assert (undone.status, undone.out[:6]) == (0, "UNDONE"), undone.err


def start(clinic: Any, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "edgepos", *arguments],
        env=clinic.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_ctrl_c_leaves_the_payment_running_and_says_how_to_see_it(clinic: Any) -> None:
    clinic.control("POST", f"/terminals/{RECEPTION}/cardholder", {"steps": [{"do": "tap", "after_s": 30}]})
    paying = start(clinic, "pay", "33", "--terminal", "RECEPTION")
    assert paying.stderr
    reference = paying.stderr.readline().split()[0]
    paying.send_signal(signal.SIGINT)
    _, told = paying.communicate(timeout=60)
    assert paying.returncode == 4
    assert f"edgepos show {reference}" in told
    assert f"edgepos cancel {reference}" in told
    assert "Traceback" not in told
    second = start(clinic, "pay", "34", "--terminal", "RECEPTION", "--json")  # refused at once, while time stands
    error = json.loads(second.communicate(timeout=60)[0])["error"]
    assert (second.returncode, error["code"], error["facts"]["payment"]) == (1, "terminal-in-use", reference)
    clinic.control("POST", "/clock", {"advance_s": 60})
    assert clinic.run("show", reference, "--json").document["state"] == "approved"
    late = clinic.run("cancel", reference, "--json")
    assert (late.status, late.document["error"]["code"]) == (1, "cancel-too-late")


def test_a_payment_is_stopped_by_the_terminal(clinic: Any) -> None:
    clinic.control("POST", f"/terminals/{RECEPTION}/cardholder", {"steps": [{"do": "tap", "after_s": 90}]})
    paying = start(clinic, "pay", "35", "--terminal", "RECEPTION", "--json")
    assert paying.stderr
    reference = paying.stderr.readline().split()[0]
    clinic.control("POST", "/clock", {"advance_s": 5})
    stopped = clinic.run("cancel", reference, "--json")
    out, _ = paying.communicate(timeout=60)
    assert (stopped.status, stopped.document["state"]) == (0, "cancelled")
    assert (paying.returncode, json.loads(out)["error"]["code"]) == (1, "cancelled")


def test_what_stays_unknown_ends_with_its_own_status_and_can_be_closed_by_hand(clinic: Any) -> None:
    path = f"/v1/terminal/{ROOM}/transaction"
    lost = {"service": "nets", "method": "POST", "path": path, "fault": "drop_after"}
    deaf = {"service": "nets", "method": "GET", "path": path, "fault": "status", "times": None, "nth": 2}
    faults = [clinic.control("POST", "/faults", fault)["id"] for fault in (lost, deaf)]
    try:
        unknown = clinic.run("pay", "36", "--terminal", "ROOM 2", "--wait", "10", "--json")
        reference = unknown.document["id"]
        assert (unknown.status, unknown.document["state"]) == (4, "unknown")
        assert unknown.document["error"]["code"] == "unknown"
        assert "Do not charge again." in unknown.err
        assert f"NOT KNOWN YET: {reference}" in clinic.run("status").out
        refused = clinic.run("pay", "36", "--terminal", "ROOM 2", "--json")
        assert (refused.status, refused.document["error"]["code"]) == (1, "payment-unknown")
        no = clinic.run("settle", reference, "taken", "--slip", "0042", typed="no\n")
        assert (no.status, clinic.run("show", reference, "--json").document["state"]) == (1, "unknown")
        settled = clinic.run("settle", reference, "taken", "--slip", "0042", typed="yes\n")
        assert (settled.status, settled.out.split("  ")[0]) == (0, "CLOSED BY HAND"), settled.err
        assert "slip 0042" in settled.err
    finally:
        for fault in faults:
            clinic.control("DELETE", f"/faults/{fault}")


def test_what_was_taken_stand_alone_is_booked_by_its_slip(clinic: Any, invoice: dict[str, Any]) -> None:
    recorded = clinic.run(
        "record", "37", "--slip", "0043", "--at", "2026-11-25T09:00+01:00", "--terminal", "ROOM 2", "--json"
    )
    assert (recorded.status, recorded.document["origin"]) == (0, "recorded"), recorded.err
    given = clinic.run("assign", recorded.document["id"], "--invoice", invoice["number"])
    assert (given.status, invoice["number"] in given.out) == (0, True), given.err


def test_technicians_questions_are_answered(clinic: Any, tmp_path: Path) -> None:
    assert clinic.run("verify").status == 0
    assert clinic.run("verify", "--quick").status == 0
    made = clinic.run("backup", str(tmp_path), "--json").document
    assert os.stat(made["file"]).st_mode & 0o777 == 0o600
    with sqlite3.connect(made["file"]) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    there = clinic.run("backup", made["file"])
    assert (there.status, "is there already" in there.err) == (2, True)
    assert clinic.run("backup", str(tmp_path / "none" / "copy.db")).status == 2
    counted = clinic.run("sql", "SELECT count(*) AS n FROM event", "--csv").out.split()
    assert (counted[0], int(counted[1]) > 5) == ("n", True)
    for command in ("sync", "settings", "operators", "doctor", "log"):
        assert clinic.run(command).out, command
        assert clinic.run(command, "--json").document, command


def test_the_day_is_matched(clinic: Any) -> None:
    matched = clinic.run("match", "--json")
    assert matched.status in (0, 1)
    assert matched.document["agree"] is (matched.status == 0)
    assert {one["terminal"] for one in matched.document["terminals"]} == {RECEPTION, ROOM}


@pytest.mark.parametrize(
    "environ", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "iso-8859-1"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_names_are_shown_in_every_locale(clinic: Any, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """FC-31: the simulator's owners have Nordic letters, Swedish amounts a hard space."""
    monkeypatch.setattr(clinic, "environ", {**clinic.environ, **environ})
    for command in ("status", "invoices", "history", "match"):
        ended = clinic.run(command)
        assert ended.out
        assert "Traceback" not in ended.err
        assert clinic.run(command, "--json").document


def test_a_question_that_is_no_sql_says_why_and_where_the_tables_are(clinic: Any) -> None:
    ended = clinic.run("sql", "SELECT * FROM payments")
    assert ended.status == 2
    assert "no such table: payments" in ended.err
    assert "sqlite_schema" in ended.err
    assert "operation" in clinic.run("sql", "SELECT name FROM sqlite_schema").out
