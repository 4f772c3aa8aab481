"""`edgepos backup DIR --at-rest`: what an upgrade asks before anything is changed, with and without an agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOM = "70000002"


def test_nothing_is_copied_for_an_upgrade_while_a_payment_is_not_known(clinic: Any, tmp_path: Path) -> None:
    made = clinic.run("backup", str(tmp_path), "--at-rest", "--json")
    assert made.status == 0, made.err
    assert clinic.run("verify", made.document["file"]).status == 0
    before = sorted(tmp_path.iterdir())

    assert clinic.run("reconcile", "--terminal", "ROOM 2").status == 0
    path = f"/v1/terminal/{ROOM}/transaction"
    lost = {"method": "POST", "fault": "drop_after"}
    deaf = {"method": "GET", "fault": "status", "times": None, "nth": 2}  # the fence is still read
    for fault in (lost, deaf):
        clinic.control("POST", "/faults", {"service": "nets", "path": path} | fault)
    unknown = clinic.run("pay", "36", "--terminal", "ROOM 2", "--wait", "10", "--json").document
    assert unknown["state"] == "unknown"
    refused = clinic.run("backup", str(tmp_path), "--at-rest", "--json")
    error = refused.document["error"]
    assert (refused.status, error["code"], error["facts"]["payment"]) == (1, "payment-unknown", unknown["id"])

    clinic.kill_agent()
    refused = clinic.run("backup", str(tmp_path), "--at-rest", "--json")
    error = refused.document["error"]
    assert (refused.status, error["code"], error["facts"]["payment"]) == (1, "payment-unknown", unknown["id"])
    assert sorted(tmp_path.iterdir()) == before

    plain = clinic.run("backup", str(tmp_path), "--json")
    assert plain.status == 0, plain.err
    assert clinic.run("verify", plain.document["file"]).status == 0
    assert clinic.run("backup", str(tmp_path / "copy.db")).status == 3  # a file needs the agent, which is away
