"""What a technician would look at first, told from what the agent knows already: no new questions, no waiting."""

from __future__ import annotations

from typing import Any

from edgepos.locale.messages import render

Check = dict[str, Any]
FINE = {"ok", "slow", "ready", "in_use"}


def checks(status: dict[str, Any]) -> list[Check]:
    """One entry a check, in the order in which one would mend them: *status* is the agent's own document."""
    box, outbox = status["box"], status["outbox"]
    found = [
        _check("clock", box["clock_wrong"] is None, "clock-wrong", {}),
        _check("disk", box["free_mb"] >= status["limits"]["disk_reserve_mb"], "disk-low",
               {"free_mb": box["free_mb"], "needed_mb": status["limits"]["disk_reserve_mb"]}),
        _check("location", status["location"]["is_set_up"], "settings", {}),
    ]  # fmt: skip
    for name, service in status["services"].items():
        found.append(_said(name, service["state"] in FINE, service))
    for terminal in status["terminals"]:
        found.append(_said(terminal["name"], terminal["state"] in FINE, terminal))
    found.append(_check("bookings", outbox["parked"] == 0, "bookings-parked", {"count": outbox["parked"]}))
    found.append(_check("payments", not status["unknown"], "payment-unknown", {"count": len(status["unknown"])}))
    return found


def _check(name: str, is_fine: bool, code: str, facts: dict[str, object]) -> Check:
    said = render(code, facts)
    return {
        "name": name,
        "ok": is_fine,
        "message": "" if is_fine else said.message,
        "mend": "" if is_fine else said.mend,
    }


def _said(name: str, is_fine: bool, thing: dict[str, Any]) -> Check:
    return {"name": name, "ok": is_fine, "state": thing["state"], "message": thing["why"], "mend": thing["mend"]}
