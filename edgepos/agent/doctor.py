"""What a technician would look at first, told from what the agent knows already, and the rights in the practice system.

What needs no agent (the network, the machine) is in network_check.py and box_check.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from edgepos.agent.check import Check, fine, in_order, wrong
from edgepos.agent.periods import REPORT_CURRENCY
from edgepos.clock import parse_rfc3339
from edgepos.domain.errors import NotReached
from edgepos.journal import FindingRow
from edgepos.practice import Access, PracticeSystem, Right

__all__ = ["RIGHTS_S", "checks", "in_order", "rights"]

FINE = frozenset({"ok", "slow", "ready", "in_use"})
RIGHTS_S = 4.5
"""The whole doctor takes 10 s at most."""
OLD_S = 86_400
WAITED_TOO_LONG_S = 3_600


def checks(status: Mapping[str, Any], findings: Sequence[FindingRow]) -> list[Check]:
    """What the agent's own document *status* tells."""
    box, outbox = status["box"], status["outbox"]
    room = {"free_mb": box["free_mb"], "needed_mb": status["limits"]["disk_reserve_mb"]}
    found = [
        _check("time", "clock", box["clock_wrong"] is None, "clock-wrong", {"why": box["clock_wrong"]}),
        *(_shown("services", name, service) for name, service in status["services"].items()),
        *(_shown("terminals", terminal["name"], terminal) for terminal in status["terminals"]),
        _check("storage", "disk", room["free_mb"] >= room["needed_mb"], "disk-low", room),
        fine("storage", "journal", f"event {box['seq']}, head {box['head'][:12]}"),
        _backups(status["backup"]),
        _bookings(outbox, status["at"]),
        _check("money", "findings", not status["findings"], "findings-open", {"count": status["findings"]}),
        _check("money", "payments", not status["unknown"], "payment-unknown", {"count": len(status["unknown"])}),
        _check("settings", "location", status["location"]["is_set_up"], "settings", {}),
    ]
    found += [
        wrong("settings", "currency", finding.kind, finding.facts)
        for finding in findings
        if finding.kind == REPORT_CURRENCY
    ]
    return found


async def rights(practice: PracticeSystem | None, *, limit_s: float) -> list[Check]:
    """What edgepos may do in the practice system. Nothing where that cannot be asked now: its state says so."""
    if practice is None:
        return []
    try:
        async with asyncio.timeout(limit_s):
            known = await practice.check()
    except (NotReached, TimeoutError):
        return []
    return [_right(right) for right in known.rights]


def _right(right: Right) -> Check:
    name = f"right {right.feature}"
    if right.access is Access.ALLOWED:
        return fine("services", name)
    if right.access is Access.MISSING and right.is_needed:
        return wrong("services", name, "right-missing", {"permission": right.permission})
    is_known = right.access is Access.MISSING
    return fine("services", name, "not given, and not needed" if is_known else "not to be told now")


def _bookings(outbox: Mapping[str, Any], now: str) -> Check:
    """Parked ones first: those wait for a person."""
    if outbox["parked"]:
        return wrong("money", "bookings", "bookings-parked", {"count": outbox["parked"]})
    since = outbox["oldest_queued_at"]
    if since and (parse_rfc3339(now) - parse_rfc3339(since)).total_seconds() > WAITED_TOO_LONG_S:
        return wrong("money", "bookings", "bookings-wait", {"count": outbox["queued"], "since": since})
    return fine("money", "bookings", f"{outbox['queued']} waiting" if outbox["queued"] else "")


def _backups(backup: Mapping[str, Any]) -> Check:
    if backup["folder"] is None:
        return fine("storage", "backups", "the agent makes none: no folder is set")
    if backup["problem"]:
        return wrong("storage", "backups", "backup-failed", {"why": backup["problem"]})
    is_fresh = backup["old_s"] <= OLD_S
    return _check("storage", "backups", is_fresh, "backup-old", {})


def _check(area: str, name: str, is_fine: bool, code: str, facts: Mapping[str, object]) -> Check:
    return fine(area, name) if is_fine else wrong(area, name, code, facts)


def _shown(area: str, name: str, thing: Mapping[str, Any]) -> Check:
    is_fine = thing["state"] in FINE
    message = thing["why"] or str(thing["state"])
    return {
        "area": area, "name": name, "ok": is_fine, "state": thing["state"], "code": thing.get("code"), "facts": {},
        "message": message, "mend": thing["mend"],
    }  # fmt: skip
