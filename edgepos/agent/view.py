"""The JSON documents that screens and commands read: payments, the status, findings, outbox rows.

Built anew from the journal and the present health each time: nothing here is remembered, and nothing decides. Fields
may be added, none may change its meaning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from edgepos import __version__
from edgepos.agent.backups import Backups
from edgepos.agent.conditions import Conditions
from edgepos.agent.health import Health, Seen
from edgepos.agent.settings import Settings, TerminalSettings
from edgepos.agent.sync import Sender
from edgepos.agent.worker import Crew
from edgepos.clock import Clock, rfc3339
from edgepos.domain.health import Observed, ServiceState, TerminalState, terminal_state
from edgepos.domain.operation import OPEN, Kind, Line, Operation, State
from edgepos.domain.slip import read_slip
from edgepos.journal import Closing, FindingRow, Journal, OutboxRow, OutboxState, Period, Surroundings, TerminalRow
from edgepos.locale.messages import render

Document = dict[str, Any]

CODES: Mapping[TerminalState, str] = {
    TerminalState.HELD: "terminal-held",
    TerminalState.PAYMENT_UNKNOWN: "payment-unknown",
    TerminalState.IN_USE: "terminal-in-use",
    TerminalState.NOT_CHECKED: "nets-away",
    TerminalState.NOT_IN_ACCOUNT: "terminal-not-in-account",
    TerminalState.RESTARTING: "terminal-restarting",
    TerminalState.NOT_REACHED: "terminal-away",
    TerminalState.NO_BANK_CONTACT: "no-bank-contact",
    TerminalState.RECONCILE_FIRST: "reconcile-first",
    TerminalState.BUSY: "terminal-busy",
}
"""What stands in the way at a terminal that is not ready, by the name of its sentences."""
CODES_OF_SERVICES: Mapping[ServiceState, str] = {
    ServiceState.SIGN_IN_PAGE: "sign-in-page",
    ServiceState.REFUSED: "credentials",
    ServiceState.CLOCK_WRONG: "clock-wrong",
    ServiceState.NOT_SET_UP: "settings",
}
SERVICES = {"nets": "nets-away", "practice": "practice-away"}


class View:
    def __init__(
        self,
        journal: Journal,
        *,
        settings: Settings,
        health: Health,
        crew: Crew,
        conditions: Conditions,
        backups: Backups,
        clock: Clock,
        today: Callable[[], str],
        totals_agree: Callable[[Period], Awaitable[bool | None]],
    ) -> None:
        self._journal = journal
        self._totals_agree = totals_agree
        self._settings = settings
        self._health = health
        self._crew = crew
        self._conditions = conditions
        self._backups = backups
        self._clock = clock
        self._today = today

    # --- payments

    async def payment(self, operation: Operation) -> Document:
        """DESIGN §8's payment, and what screens need beside it."""
        return (await self.payments([operation]))[0]

    async def payments(self, operations: Sequence[Operation]) -> list[Document]:
        around = await self._journal.surroundings(operations) if operations else []
        return [await self.pictured(*each) for each in zip(operations, around, strict=True)]

    async def pictured(self, operation: Operation, around: Surroundings) -> Document:
        """The document of *operation*, of which the journal has been read already."""
        document = self.pictured_at_once(operation, around)
        if operation.kind is Kind.RECONCILIATION:
            document |= await self._reconciliation(around.period)
        return document

    def pictured_at_once(self, operation: Operation, around: Surroundings) -> Document:
        """That of a payment, and of a reconciliation what is known without a question."""
        first = operation.lines[0] if operation.lines else None
        worker = self._crew.workers.get(operation.terminal)
        is_purchase = operation.kind is Kind.PURCHASE
        document: Document = {
            "id": operation.id,
            "reference": operation.id,
            "kind": str(operation.kind),
            "state": str(operation.state),
            "origin": str(operation.origin),
            "cause": operation.cause,
            "terminal": operation.terminal,
            "invoice": first.invoice if first else None,
            "number": first.number if first else None,
            "lines": [_line(line) for line in operation.lines],
            "parts": [line.part for line in operation.lines if line.part is not None],
            "text": operation.text,
            "amount_minor": operation.asked_minor,
            "approved_minor": operation.approved_minor,
            "remaining_minor": max(0, operation.asked_minor - operation.moved_minor) if is_purchase else 0,
            "refundable_minor": around.refundable_minor,
            "tip_minor": operation.tip_minor,
            "surcharge_minor": operation.surcharge_minor,
            "currency": operation.currency,
            "created_at": operation.created_at,
            "changed_at": operation.changed_at,
            "clinic_day": operation.clinic_day,
            "operator": operation.operator,
            "asked_to_stop_at": operation.stop_asked_at,
            "masked_card": operation.result.get("masked_card"),
            "card_scheme": operation.result.get("card_scheme"),
            "signature": operation.result.get("verification") == "1",
            "stan_auth": operation.result.get("stan_auth"),
            "session": operation.session,
            "period": operation.period,
            "corrects": operation.corrects,
            "evidence": list(operation.evidence),
            "settled_outcome": operation.settled_outcome,
            "settled_slip": operation.settled_slip,
            "confirmed": operation.is_confirmed,
            "sync": _most_pressing(around.bookings),
            "seq": operation.seq,
        }
        if operation.state in OPEN and worker is not None:
            document |= {"step": worker.step, "waiting_for": worker.waiting_for}
        document["period_closed"] = around.period is not None and around.period.closed_at is not None
        return document

    async def _reconciliation(self, period: Period | None) -> Document:
        """The slip word for word, its totals, and whether they are the journal's: None where that cannot be told."""
        if period is None:
            return {"slip": None, "totals": [], "unread": None, "matched": None}
        place = self._settings.place
        read = read_slip(period.slip, country=place.country, currency=place.currency) if period.slip else None
        return {
            "session": period.session,
            "slip": period.slip or None,
            "totals": list(period.totals),
            "unread": None if read is None or read.totals is not None else str(read.why),
            "matched": await self._totals_agree(period),
        }

    # --- everything at once

    async def whole(self) -> Document:
        """The first message of each stream."""
        return {
            "status": await self.status(),
            "open": await self.payments(await self._journal.open_operations()),
            "findings": [finding(row) for row in await self._journal.open_findings()],
        }

    async def status(self) -> Document:
        place, day = self._settings.place, self._today()
        seen = await self._journal.overview(day, place.currency)
        opened, outbox, today = seen.opened, seen.outbox, seen.today
        rows = {row.id: row for row in seen.terminals}
        unknown = [operation for operation in opened if operation.state is State.UNKNOWN]
        seq, head = self._journal.head
        return {
            "at": rfc3339(self._clock.now()),
            "version": __version__,
            "training": place.training,
            "location": {
                "name": place.name,
                "country": place.country,
                "currency": place.currency,
                "language": place.language,
                "time_zone": place.time_zone,
                "support_phone": place.support_phone,
                "is_set_up": self._settings.location.location is not None,
            },
            "services": {name: self._service(name) for name in SERVICES},
            "terminals": [
                self._terminal(one, rows.get(one.id), [op for op in opened if op.terminal == one.id])
                for one in self._settings.terminals
            ],
            "outbox": {"queued": outbox.queued, "parked": outbox.parked, "oldest_queued_at": outbox.oldest_queued_at},
            "unknown": await self.payments(unknown),
            "findings": len(seen.findings),
            "today": {
                "day": day,
                "count": today.count,
                "amount_minor": today.amount_minor,
                "refunds_minor": today.refunds_minor,
                "currency": today.currency,
                "hours": self._hours(seen.quarters),
            },
            "backup": self._backups.document,
            "kiosk": self._settings.location.kiosk.model_dump(),
            "limits": self._settings.location.limits.model_dump(),
            "box": {
                "box_id": self._journal.box_id,
                "seq": seq,
                "head": head,
                "free_mb": self._conditions.free_mb,
                "tasks": len(asyncio.all_tasks()),
                "clock_wrong": self._conditions.clock_wrong,
            },
        }

    def _hours(self, quarters: Sequence[tuple[str, int, int]]) -> list[Document]:
        """Purchases of the clinic day by the clinic's own hour, 0 to 23, for the day's chart."""
        hours: list[Document] = [{"count": 0, "amount_minor": 0} for _ in range(24)]
        for began, count, amount_minor in quarters:
            hour = hours[datetime.fromisoformat(began).astimezone(self._settings.place.zone).hour]
            hour["count"] += count
            hour["amount_minor"] += amount_minor
        return hours

    def _service(self, name: str) -> Document:
        service = self._health.services[name]
        state, code, facts = service.state, service.code, {"service": name, **service.facts}
        if name == "nets" and (wrong := self._conditions.clock_facts) and state is not ServiceState.NOT_SET_UP:
            state, code, facts = ServiceState.CLOCK_WRONG, "clock-wrong", dict(wrong)
        if state in (ServiceState.OK, ServiceState.SLOW):
            code = None
        elif code is None:
            code = CODES_OF_SERVICES.get(state, SERVICES[name])
        said = render(code, facts) if code else None
        return {
            "state": str(state),
            "since": service.since,
            "code": code,
            "why": said.message if said else "",
            "mend": said.mend if said else "",
        }

    def _terminal(self, one: TerminalSettings, row: TerminalRow | None, opened: Sequence[Operation]) -> Document:
        seen = self._health.terminals[one.id]
        holding = [op for op in opened if op.kind is not Kind.RECONCILIATION or op.state is not State.UNKNOWN]
        unknown = next((op for op in holding if op.state is State.UNKNOWN), None)
        state = terminal_state(self._observed(seen, row, bool(holding), unknown is not None))
        code, due_days = CODES.get(state), self._reconciliation_due(row)
        about = unknown or (holding[0] if holding else None)
        facts: dict[str, object] = {"terminal": one.name, "reported": seen.reported, "cause": row.held if row else None}
        if about is not None:
            facts |= {
                "payment": about.id,
                "amount_minor": about.asked_minor,
                "currency": about.currency,
                "since": about.created_at,
            }
        if state is TerminalState.READY and due_days is not None:
            state, code = TerminalState.RECONCILE_FIRST, "reconcile-due"
            facts["days"] = due_days or None
        said = render(code, facts) if code else None
        return {
            "id": one.id,
            "name": one.name,
            "model": one.model,
            "keypad_sales": one.keypad_sales,
            "state": str(state),
            "since": about.changed_at if about else seen.since,
            "why": said.message if said else "",
            "mend": said.mend if said else "",
            "payment": about.id if about else None,
            "reported": seen.reported,
            "seen_s": self._ago(seen.answered_at),
            "held": row.held if row else None,
            "session": row.session if row else None,
            "period": row.period if row else 1,
            "last_payment": row.last_operation if row else None,
            "last_reconciled_at": row.last_reconciled_at if row else None,
        }

    def _reconciliation_due(self, row: TerminalRow | None) -> int | None:
        """For how many days a terminal has not been reconciled, if it is time; 0: never from here. A hint: no payment
        is refused for it by us, but the bank will, and a customer should not be the one to find out."""
        after_days = self._settings.location.limits.reconcile_after_days
        if not after_days:
            return None
        if row is None or row.last_reconciled_at is None:
            return 0
        since = self._clock.now() - datetime.fromisoformat(row.last_reconciled_at)
        return since.days if since >= timedelta(days=after_days) else None

    def _observed(self, seen: Seen, row: TerminalRow | None, has_open: bool, has_unknown: bool) -> Observed:
        return Observed(
            is_service_ok=self._health.is_nets_ok,
            in_account=seen.in_account,
            reported=seen.reported,
            is_offline=seen.is_offline,
            was_online_s_ago=self._ago(seen.online_at),
            is_held=row is not None and row.held is not None,
            has_unknown=has_unknown,
            has_open=has_open,
            wants_reconciliation=seen.wants_reconciliation,
            has_no_bank_contact=seen.has_no_bank_contact,
        )

    def _ago(self, at: float | None) -> float | None:
        return None if at is None else round(self._clock.monotonic() - at, 1)


def _most_pressing(bookings: frozenset[OutboxState]) -> str:
    for state in (OutboxState.PARKED, OutboxState.QUEUED, OutboxState.ACKNOWLEDGED):
        if state in bookings:
            return str(state)
    return "none"


def _line(line: Line) -> Document:
    return {
        "line": line.line,
        "invoice": line.invoice,
        "number": line.number,
        "part": line.part,
        "amount_minor": line.amount_minor,
        "due_minor": line.due_minor,
        "kept_minor": line.kept_minor,
        "claim": str(line.claim) if line.claim else None,
    }


def finding(row: FindingRow) -> Document:
    """A finding, with its sentences where there are any."""
    said = render(row.kind, row.facts)
    return {
        "id": row.finding,
        "kind": row.kind,
        "subject": row.subject,
        "facts": dict(row.facts),
        "raised_at": row.raised_at,
        "handled_at": row.handled_at,
        "operator": row.operator,
        "note": row.note,
        "message": said.message,
        "mend": said.mend,
    }


def outbox_row(row: OutboxRow, sender: Sender | None) -> Document:
    """An outbox row, with what the sender knows of it; *sender* is None where no practice system is set up."""
    said = render(row.cause, row.facts) if row.cause else None
    return {
        "id": row.row,
        "payment": row.payment,
        "line": row.line,
        "invoice": row.invoice,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "state": str(row.state),
        "cause": row.cause,
        "facts": dict(row.facts),
        "why": said.message if said else "",
        "mend": said.mend if said else "",
        "practice_payment": row.practice_payment,
        "via": row.via,
        "waits_for": row.waits_for,
        "created_at": row.created_at,
        "payload": sender.payload(row) if sender else None,
        "tried": sender.tried(row.row).count if sender else 0,
        "next_try_s": sender.next_try_s(row) if sender else None,
    }


def closing(row: Closing, dealt_with: Iterable[FindingRow] = ()) -> Document:
    """A closing report as it was made; and since when what was red in it is not listed any more."""
    return {
        "number": row.number,
        "clinic_day": row.clinic_day,
        "terminals": list(row.terminals),
        "periods": [dict(period) for period in row.periods],
        "match": dict(row.match),
        "operator": row.operator,
        "made_at": row.made_at,
        "dealt_with": [
            {
                "terminal": one.facts["terminal"],
                "period": one.facts["period"],
                "at": one.handled_at,
                "operator": one.operator,
                "note": one.note,
            }
            for one in dealt_with
        ],
    }
