"""The end of a day at the command line: reconcile, match, close, print again, export, slips for a printer."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

RECEPTION, ROOM = "70000001", "70000002"


@pytest.fixture(scope="module")
def day(clinic: Any) -> dict[str, Any]:
    """A day with a paid invoice and an unlisted payment whose text is a formula; both terminals reconciled."""
    for terminal in (RECEPTION, ROOM):
        clinic.control("PUT", f"/terminals/{terminal}", {"fresh_refuses": False})
    while not (listed := json.loads(clinic.run("invoices", "--json").out)["invoices"]):
        pass
    invoice = next(one for one in listed if one["payable"])
    paid = clinic.run("pay", "--invoice", invoice["id"], "--terminal", "RECEPTION", "--json").document
    plain = clinic.run("pay", "12,50", "--terminal", "ROOM 2", "--reference", "=cmd", "--json").document
    assert (paid["state"], plain["state"]) == ("approved", "approved")
    assert clinic.run("reconcile", "--json").status == 0
    return {"invoice": invoice, "paid": paid, "plain": plain}


def test_reconcile_says_whether_the_totals_agree(clinic: Any, day: dict[str, Any]) -> None:
    done = clinic.run("reconcile", "--terminal", "RECEPTION")
    assert (done.status, "totals agree" in done.out) == (0, True)
    assert "AVSTÄMNING" in done.out


def test_a_red_closing_is_made_printed_again_as_a_copy_and_listed(clinic: Any, day: dict[str, Any]) -> None:
    x = clinic.run("close", "--x")
    assert (x.status, "nothing is closed" in x.out) == (0, True)
    made = clinic.run("close", "--json")
    assert (made.status, made.document["error"]["code"]) == (1, "not-agreed")
    number = made.document["number"]
    first, second = (clinic.run("close", "--again", str(number)) for _ in "12")
    assert "*** COPY 1 ***" in first.out
    assert "*** COPY 2 ***" in second.out
    assert first.out.replace("COPY 1", "COPY 2") == second.out
    assert "not-assigned" in first.out
    assert "RECEPTION" in first.out
    assert "DIFFERED" in clinic.run("close", "--list").out
    assert clinic.run("close", "--again", "99").status == 2


def test_payments_as_csv(clinic: Any, day: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "payments.csv"
    ended = clinic.run("export", "payments", "--bom", "--decimal", "comma", "--out", str(out))
    assert ended.status == 0, ended.err
    text = out.read_bytes()
    assert text.startswith("\ufeffid,".encode())
    assert text.count(b"\r\n") == text.count(b"\n")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""))}
    paid, plain = rows[day["paid"]["id"]], rows[day["plain"]["id"]]
    assert (plain["approved"], plain["text"]) == ("12,50", "'=cmd")
    assert paid["approved"].replace(",", "") == str(day["paid"]["approved_minor"])
    assert paid["number"] == day["invoice"]["number"]
    again = clinic.run("export", "payments", "--out", str(out))
    assert (again.status, out.read_bytes()) == (2, text)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["payments.csv"]


def test_matches_and_closings_as_json_lines(clinic: Any, day: dict[str, Any]) -> None:
    matches = [json.loads(line) for line in clinic.run("export", "matches", "--jsonl").out.splitlines()]
    assert [one["agree"] for one in matches] == [False]
    closings = [json.loads(line) for line in clinic.run("export", "closings", "--jsonl").out.splitlines()]
    assert [one["number"] for one in closings] == [1]
    rows = list(csv.DictReader(io.StringIO(clinic.run("export", "matches").out)))
    assert {row["cause"] for row in rows if row["terminal"] == ROOM} >= {"not-assigned"}
    assert next(row for row in rows if row["cause"] == "not-assigned")["difference"] == "12.50"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("payments", "--from", "2026-11-26", "--to", "2026-11-25"), "no span of days"),
        (("payments", "--out", "/nowhere/at/all.csv"), "cannot be written"),
        (("people",), "invalid choice"),
    ],
)
def test_an_export_that_cannot_be_is_said(clinic: Any, arguments: tuple[str, ...], says: str) -> None:
    ended = clinic.run("export", *arguments)
    assert (ended.status, says in ended.err) == (2, True)


def test_a_slip_for_an_old_printer(clinic: Any, day: dict[str, Any]) -> None:
    plain = clinic.run("receipt", day["paid"]["id"]).out.splitlines()
    assert plain[:2] == ["KORTKVITTO", "EJ KVITTO FÖR KÖPET"]
    ended = clinic.run("receipt", day["paid"]["id"], "--copy", "--code-page", "ascii")
    assert ended.out.splitlines()[1:3] == ["EJ KVITTO FOR KOPET", "*** KOPIA 1 ***"]
    assert "?" not in ended.out
    assert clinic.run("receipt", day["paid"]["id"], "--code-page", "utf-16").status == 2


def test_as_many_slips_as_the_country_has_of_such_a_payment(clinic: Any, day: dict[str, Any]) -> None:
    plain = clinic.run("receipt", day["paid"]["id"], "--all", "--json").document["receipts"]
    assert [one["slips"] for one in plain] == [["customer"]]
    clinic.control("POST", f"/terminals/{RECEPTION}/cardholder", {"steps": [{"do": "tap", "signature": True}]})
    signed = clinic.run("pay", "12,50", "--terminal", "RECEPTION", "--reference", "signed", "--json").document
    assert signed["state"] == "approved"
    both = clinic.run("receipt", signed["id"], "--all")
    assert both.out.count("EJ KVITTO FÖR KÖPET") == 2
    assert "SIGNATUR" in both.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--period", "1"), "belong together"),
        (("--terminal", "RECEPTION", "--period", "1", "--total", "1,00"), "without a readable report"),
        (("--terminal", "79999999", "--period", "1", "--total", "1,00"), "without a readable report"),
    ],
)
def test_a_total_is_told_only_of_a_period_without_report(clinic: Any, day: Any, arguments: Any, says: str) -> None:
    ended = clinic.run("reconcile", *arguments)
    assert (ended.status, says in ended.err) == (2, True), ended.err


def test_what_is_red_is_listed_on_later_days_and_the_report_says_what_came_of_it(
    clinic: Any, day: dict[str, Any]
) -> None:
    for participant in ("simulator", "agent"):
        clinic.control("POST", "/clock", {"participant": participant, "wall_offset_s": 86_400})
    later = clinic.run("match").out
    assert "not-assigned" in later.partition("Red since an earlier day")[2]
    number = clinic.control("POST", "/practice/invoices", {"total_minor": 1_250})["number"]
    while not json.loads(clinic.run("invoices", "--find", number, "--json").out)["invoices"]:
        pass
    assert clinic.run("assign", day["plain"]["id"], "--invoice", number).status == 0
    while "DIFFERED, dealt with since" not in clinic.run("close", "--list").out:
        pass
    again = clinic.run("close", "--again", "1").out
    assert "all three agree now" in again.partition("Since then: ROOM 2")[2]
    assert "Red since" not in clinic.run("match").out
    rows = csv.DictReader(
        io.StringIO(clinic.run("export", "closings", "--from", "2026-11-01", "--to", "2026-12-31").out)
    )
    assert [row["dealt_with_by"] for row in rows if row["agree"] == "no"] == ["agent"]
