"""What people ask of the agent about money, from a form to the journal: each method ends in one commit, or refuses.

The claims are the journal's to hold; here stands what a person may ask, with what role, and in what form. Nothing is
sent from here: the worker of the terminal hears of the intent by its event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgepos.agent.charging import Charging
from edgepos.agent.conditions import Conditions
from edgepos.agent.forms import Form
from edgepos.agent.holding import gap_after
from edgepos.agent.peers import Role
from edgepos.agent.settings import Settings, TerminalSettings
from edgepos.agent.worker import Crew
from edgepos.clock import parse_rfc3339, rfc3339
from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.invoice import Invoice
from edgepos.domain.money import Money
from edgepos.domain.operation import Kind, Line, Operation, State
from edgepos.journal import Intent, Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks, and what they may do."""

    operator: str
    role: Role

    def demand(self, needed: Role) -> None:
        """Raises Refused `pin-needed`, or `not-allowed` where no PIN could raise it that far."""
        if self.role >= needed:
            return
        if self.role is Role.NOBODY:
            raise Refused("not-allowed", needed=str(needed), role=str(self.role))
        raise Refused("pin-needed", needed=str(needed), role=str(self.role))


class Asking:
    def __init__(
        self,
        journal: Journal,
        *,
        settings: Settings,
        crew: Crew,
        charging: Charging,
        conditions: Conditions,
        today: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._crew = crew
        self._charging = charging
        self._conditions = conditions
        self._today = today

    # --- to the terminal

    async def purchase(self, form: Form, who: Who, key: str) -> Operation:
        """A payment of invoices, or of an amount without one."""
        terminal = self._terminal(form)
        currency = self._currency(form)
        invoices = [await self._charging.named(line.text("invoice")) for line in form.objects("lines")]
        asked = zip(invoices, form.objects("lines"), strict=True)
        lines = tuple(_invoice_line(nth, invoice, line) for nth, (invoice, line) in enumerate(asked, 1))
        amount_minor = sum(line.amount_minor for line in lines) if lines else form.amount("amount_minor")
        limit = self._settings.location.limits.ask_again_above_minor
        if amount_minor > limit and not form.boolean("large_confirmed"):
            raise Wrong("amount-too-large", why="ask-again", max_minor=limit, currency=currency)
        if not form.boolean("gap_confirmed"):
            await self._demand_no_gap(invoices)
        self._conditions.demand()
        return await self._intend(
            Kind.PURCHASE, terminal, amount_minor, who, key, lines=lines, text=form.text("text", ""), currency=currency
        )

    async def refund(self, payment: Operation, form: Form, who: Who, key: str) -> Operation:
        """Money of *payment* back to a card. The limit is the journal's, in the same commit."""
        amount_minor = form.amount("amount_minor")
        is_large = amount_minor > self._settings.location.limits.refund_pin_above_minor
        if is_large or await gap_after(self._journal, payment.created_at):
            who.demand(Role.SENIOR)
        terminal = self._terminal(form) if form.has("terminal") else self._known(payment.terminal)
        lines = tuple(
            Line(line=line.integer("line"), amount_minor=line.amount("amount_minor")) for line in form.objects("lines")
        )
        self._conditions.demand()
        reason = form.text("reason", "")
        return await self._intend(
            Kind.REFUND, terminal, amount_minor, who, key, lines=lines, text=reason, corrects=payment.id
        )

    async def reverse(self, payment: Operation, who: Who, key: str) -> Operation:
        """Undo *payment*, as long as it is its terminal's last. The worker looks again just before it sends."""
        terminal = self._known(payment.terminal)
        if first := await self._journal.by_request_key(key):
            return first
        last = await self._journal.last_known(payment.terminal)
        if terminal.keypad_sales or last is None or last.id != payment.id or not payment.moved_minor:
            raise Refused("not-last", payment=payment.id, terminal=terminal.name)
        self._conditions.demand()
        return await self._intend(Kind.REVERSAL, terminal, payment.moved_minor, who, key, corrects=payment.id)

    async def reconcile(self, form: Form, who: Who, key: str) -> Operation:
        """Close a terminal's session. Asked again while one is under way, it is that one: there is one closing."""
        terminal = self._terminal(form)
        self._conditions.demand()
        for operation in await self._journal.open_operations():
            is_under_way = operation.kind is Kind.RECONCILIATION and operation.state is not State.UNKNOWN
            if operation.terminal == terminal.id and is_under_way:
                return operation
        return await self._intend(Kind.RECONCILIATION, terminal, 0, who, key)

    async def cancel(self, payment: Operation, who: Who) -> Operation:
        """Ask the terminal to stop *payment*."""
        worker = self._crew.workers.get(payment.terminal)
        if worker is None:
            raise Refused("cancel-too-late", payment=payment.id)
        return await worker.cancel(payment, who.operator)

    def look_again(self, payment: Operation) -> None:
        """Ask the terminal now, rather than at the next look's time."""
        if worker := self._crew.workers.get(payment.terminal):
            worker.look_again()

    # --- by hand

    async def settle(self, payment: Operation, form: Form, who: Who) -> Operation | str:
        """Close an unknown payment with the terminal's own slip. Without `confirm`: the sentence to confirm."""
        who.demand(Role.SENIOR)
        if payment.state is not State.UNKNOWN:
            if payment.is_open:
                raise Refused(
                    "terminal-in-use", payment=payment.id, terminal=payment.terminal, since=payment.created_at
                )
            raise Refused("already-settled", payment=payment.id, state=str(payment.state))
        outcome = form.text("outcome")
        if outcome not in ("taken", "not_taken"):
            raise Wrong("usage", text=outcome, expected="taken or not_taken")
        slip = form.text("slip_number", "", longest=40)
        if outcome == "taken" and not slip:
            raise Wrong("usage", text="slip_number", expected="the number on the terminal's slip")
        amount_minor = form.amount("amount_minor") if outcome == "taken" else 0
        sentence = self._sentence(payment, outcome, slip, amount_minor)
        if not form.has("confirm"):
            return sentence
        if form.text("confirm", longest=400) != sentence:
            raise Wrong("usage", text="confirm", expected=sentence)
        return await self._journal.settled(
            payment.id,
            outcome=outcome,
            slip_number=slip,
            amount_minor=amount_minor,
            operator=who.operator,
            confirmed_by=who.operator,
        )

    def _sentence(self, payment: Operation, outcome: str, slip: str, amount_minor: int) -> str:
        place = next((one.name for one in self._settings.terminals if one.id == payment.terminal), payment.terminal)
        if outcome == "taken":
            amount = Money(amount_minor, payment.currency)
            return (
                f"{payment.id}: {place} took {amount}, slip {slip}. "
                "It will be booked, and stay marked until the terminal's totals confirm it."
            )
        amount = Money(payment.asked_minor, payment.currency)
        return (
            f"{payment.id}: {place} did not take {amount}. "
            "It may then be charged again; it stays marked until the terminal's totals confirm it."
        )

    async def record(self, form: Form, who: Who, key: str) -> Operation:
        """What the terminal did stand-alone, by its slip."""
        who.demand(Role.SENIOR)
        kind = form.text("kind", "purchase")
        if kind not in ("purchase", "refund"):
            raise Wrong("usage", text=kind, expected="purchase or refund")
        amount_minor = form.amount("amount_minor")
        lines: tuple[Line, ...] = ()
        if form.has("invoice"):
            id = form.text("invoice")
            number = (await self._charging.named(id)).number
            lines = (Line(line=1, amount_minor=amount_minor, invoice=id, number=number),)
        try:
            at = rfc3339(parse_rfc3339(form.text("at")))
        except ValueError:
            raise Wrong("usage", text="at", expected="a time such as 2026-11-25T14:32+01:00") from None
        operation, _ = await self._journal.recorded(
            kind=Kind(kind),
            terminal=self._terminal(form).id,
            currency=self._settings.currency,
            amount_minor=amount_minor,
            slip_number=form.text("slip_number", longest=40),
            operator=who.operator,
            clinic_day=self._today(),
            lines=lines,
            request_key=key,
            at=at,
            session=form.text("session", "", longest=6),
            text=form.text("text", ""),
        )
        return operation

    async def assign(self, payment: Operation, form: Form, who: Who) -> Operation:
        """Give what was taken without an invoice its invoice."""
        invoice = await self._charging.named(form.text("invoice"))
        unlisted = next((line.line for line in payment.lines if line.invoice is None), 1)
        return await self._journal.assigned(
            payment.id, line=unlisted, invoice=invoice.id, number=invoice.number, operator=who.operator
        )

    # --- forms

    async def _demand_no_gap(self, invoices: Sequence[Invoice]) -> None:
        """An invoice that is older than what this journal lacks may be paid already: a person has to have looked."""
        gaps = {one.number: await gap_after(self._journal, one.created_at) for one in invoices}
        older = {number: gap for number, gap in gaps.items() if gap is not None}
        if older:
            since = max(gap.raised_at for gap in older.values())
            raise Refused("perhaps-paid", numbers=list(older), since=since)

    def _terminal(self, form: Form) -> TerminalSettings:
        terminals = self._settings.terminals
        names = [one.name for one in terminals]
        if not form.has("terminal"):
            if len(terminals) == 1:
                return terminals[0]
            raise Wrong("terminal-needed", terminals=names)
        text = form.text("terminal")
        if found := self._settings.terminal_named(text):
            return found
        raise Wrong("unknown-terminal", terminal=text, terminals=names)

    def _known(self, id: str) -> TerminalSettings:
        if found := self._settings.terminal_named(id):
            return found
        raise Wrong("unknown-terminal", terminal=id, terminals=[one.name for one in self._settings.terminals])

    def _currency(self, form: Form) -> str:
        """What the person saw has to be what the terminal charges in."""
        currency = form.text("currency", self._settings.currency)
        if currency != self._settings.currency:
            raise Wrong("currency", currency=currency)
        return currency

    async def _intend(
        self,
        kind: Kind,
        terminal: TerminalSettings,
        amount_minor: int,
        who: Who,
        key: str,
        *,
        lines: tuple[Line, ...] = (),
        text: str = "",
        corrects: str | None = None,
        currency: str | None = None,
    ) -> Operation:
        operation, _ = await self._journal.intend(
            Intent(
                kind=kind,
                terminal=terminal.id,
                currency=currency or self._settings.currency,
                asked_minor=amount_minor,
                operator=who.operator,
                clinic_day=self._today(),
                lines=lines,
                text=text,
                corrects=corrects,
                request_key=key,
            )
        )
        return operation


def _invoice_line(nth: int, invoice: Invoice, line: Form) -> Line:
    return Line(
        line=nth,
        amount_minor=line.amount("amount_minor"),
        invoice=invoice.id,
        number=invoice.number,
        part=line.integer("part"),
        due_minor=line.integer("due_minor"),
    )
