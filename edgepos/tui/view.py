"""One immutable picture of the clinic, made anew with each event of the agent's stream.

Nothing here asks or decides. Whole objects come in, never patches; what is not known is said to be not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from edgepos.client.aio import Away
from edgepos.client.errors import AgentError
from edgepos.client.events import Event

Document = Mapping[str, Any]

OPEN = frozenset({"intended", "sent", "unknown"})
DECIDED_KEPT = 20
"""How many decided payments are remembered, for the screens that show them; the agent has them all."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicView:
    """*status* is None before the agent has spoken; *away* is why it cannot be heard now, else None."""

    status: Document | None = None
    payments: Mapping[str, Document] = field(default_factory=dict)
    """By reference: all that are open, and the last that were decided while this screen watched."""
    findings: tuple[Document, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """The terminals' own words, by terminal."""
    away: AgentError | None = None
    decided: int = 0
    """Rises with every payment that is decided, and with every new list of invoices: then lists are read again."""
    wholes: int = 0
    """Rises with every whole picture: what happened before it, while the line was broken, was not told."""
    heard: int = 0
    """Rises with every status: its ages count from then."""

    @property
    def open_payments(self) -> list[Document]:
        """What runs or is not known, the oldest first; reconciliations that nobody waits for are not among them."""
        held = [
            one
            for one in self.payments.values()
            if one["state"] in OPEN and not (one["kind"] == "reconciliation" and one["state"] == "unknown")
        ]
        return sorted(held, key=lambda one: str(one["created_at"]))

    @property
    def unknown(self) -> list[Document]:
        return [one for one in self.payments.values() if one["state"] == "unknown"]

    @property
    def terminals(self) -> list[Document]:
        return list(self.status["terminals"]) if self.status else []

    @property
    def location(self) -> Document:
        return self.status["location"] if self.status else NOTHING

    @property
    def currency(self) -> str:
        return str(self.location.get("currency", ""))

    @property
    def is_training(self) -> bool:
        """A demo: nothing of it is real, and every screen says so."""
        return bool(self.status and self.status.get("training"))

    def terminal(self, id: object) -> Document:
        return next((one for one in self.terminals if one["id"] == id), NOTHING)

    def place(self, id: object) -> str:
        """What staff call the terminal *id*."""
        return str(self.terminal(id).get("name") or id)

    def limit(self, name: str) -> int | None:
        value = self.status["limits"].get(name) if self.status else None
        return value if isinstance(value, int) else None

    def without(self, payment: str) -> ClinicView:
        """The picture without one payment."""
        return replace(self, payments={id: one for id, one in self.payments.items() if id != payment})

    def told(self, news: Event | Away) -> ClinicView:
        """The picture after *news*; itself where they change nothing."""
        return self.lost(news.error) if isinstance(news, Away) else self.after(news)

    def lost(self, error: AgentError) -> ClinicView:
        """The agent cannot be heard: what was known stays in sight, marked."""
        return replace(self, away=error)

    def after(self, event: Event) -> ClinicView:
        """The picture after *event*; events of a kind that this program does not know change nothing."""
        data = event.data
        match event.name:
            case "view":
                return replace(
                    self,
                    status=data["status"],
                    payments={one["id"]: one for one in data["open"]},
                    findings=tuple(data["findings"]),
                    texts={},
                    away=None,
                    decided=self.decided + 1,
                    wholes=self.wholes + 1,
                    heard=self.heard + 1,
                )
            case "status":
                return replace(self, status=data, heard=self.heard + 1)
            case "payment":
                return self.with_payment(data)
            case "terminal_text":
                return replace(self, texts={**self.texts, data["terminal"]: data["text"]})
            case "finding":
                return replace(self, findings=tuple(data["open"]))
            case "invoices" | "closing":
                return replace(self, decided=self.decided + 1)
        return self

    def with_payment(self, payment: Document) -> ClinicView:
        """The picture with *payment* as it is now."""
        if payment["seq"] < self.payments.get(payment["id"], payment)["seq"]:
            return self  # an answer that was on its way while the stream had newer
        payments = {id: one for id, one in self.payments.items() if id != payment["id"]}
        payments[payment["id"]] = payment
        is_decided = payment["state"] not in OPEN
        if is_decided:
            over = [id for id, one in payments.items() if one["state"] not in OPEN][:-DECIDED_KEPT]
            for id in over:
                del payments[id]
        texts = {id: text for id, text in self.texts.items() if not (is_decided and id == payment["terminal"])}
        return replace(self, payments=payments, texts=texts, decided=self.decided + is_decided)
