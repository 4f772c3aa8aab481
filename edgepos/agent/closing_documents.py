"""The match and the day's sums as JSON documents: what `/match`, the closing reports and the X report show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from edgepos.domain.match import Difference, TerminalMatch
from edgepos.domain.operation import Kind, Operation

Document = dict[str, Any]
Sums = dict[str, int]


def report(operations: Iterable[Operation], currency: str, zone: ZoneInfo) -> Document:
    """Sums of *operations* by terminal, operator, card scheme and local hour; money back and tips stand apart."""
    total = _empty()
    groups: dict[str, dict[str, Sums]] = {
        name: defaultdict(_empty) for name in ("terminal", "operator", "scheme", "hour")
    }
    for operation in operations:
        if not operation.moved_minor:
            continue
        scheme = str(operation.result.get("card_scheme") or "")
        hour = datetime.fromisoformat(operation.created_at).astimezone(zone).strftime("%Y-%m-%dT%H")
        keys = {"terminal": operation.terminal, "operator": operation.operator, "scheme": scheme, "hour": hour}
        for sums in (total, *(groups[name][key] for name, key in keys.items())):
            _add(sums, operation)
    by = {f"by_{name}": [{name: key, **sums} for key, sums in sorted(some.items())] for name, some in groups.items()}
    return {"currency": currency, **total, **by}


def _empty() -> Sums:
    return {"count": 0, "amount_minor": 0, "back_count": 0, "back_minor": 0, "tip_minor": 0, "surcharge_minor": 0}


def _add(sums: Sums, operation: Operation) -> None:
    is_purchase = operation.kind is Kind.PURCHASE
    sums["count" if is_purchase else "back_count"] += 1
    sums["amount_minor" if is_purchase else "back_minor"] += operation.moved_minor
    sums["tip_minor"] += operation.tip_minor if is_purchase else -operation.tip_minor
    sums["surcharge_minor"] += operation.surcharge_minor if is_purchase else -operation.surcharge_minor


def match_document(matches: Sequence[TerminalMatch]) -> Document:
    agree = all(match.agree for match in matches)
    return {"agree": agree, "terminals": [terminal_document(match) for match in matches]}


def terminal_document(match: TerminalMatch) -> Document:
    return {
        "terminal": match.terminal,
        "period": match.period,
        "session": match.session,
        "terminal_minor": match.terminal_minor,
        "journal_minor": match.journal_minor,
        "practice_minor": match.practice_minor,
        "agree": match.agree,
        "differences": [difference_document(difference) for difference in match.differences],
    }


def difference_document(difference: Difference) -> Document:
    return {
        "cause": str(difference.cause),
        "minor": difference.minor,
        "ids": list(difference.ids),
        "mend": difference.mend,
        "needs_person": not difference.is_harmless,
    }
