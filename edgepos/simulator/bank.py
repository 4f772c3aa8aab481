"""The bank's truth: what each terminal really moved, session by session.

No call of the payment or practice service can read it; only the control service and tests can. It is what the journal
and the practice system are compared with, so nothing a client does or says may change it but a card at a terminal.

An entry's money counts while it is not voided: net = purchases and deposits - refunds over those.
A reversal voids its entry and is listed beside it, as the record that it happened; it adds nothing to the net.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["purchase", "refund", "deposit", "reversal"]
Origin = Literal["rest", "keypad", "ws", "host"]


@dataclass(slots=True)
class Entry:
    kind: Kind
    amount_minor: int
    tip_minor: int
    order_id: str
    stan_auth: str
    scheme: str
    origin: Origin
    at: str
    session: str
    voided: bool = False
    voided_by: Literal["", "reversal", "host"] = ""
    voids: str = ""
    surcharge_minor: int = 0

    @property
    def signed_minor(self) -> int:
        """What it moves from cardholder to shop. A reversal's money is that of the entry it voids."""
        return -self.amount_minor if self.kind == "refund" else self.amount_minor


@dataclass(slots=True)
class Session:
    session: str
    entries: list[Entry] = field(default_factory=list)
    closed_at: str | None = None
    closed_by: Literal["asked", "terminal"] | None = None

    def net_minor(self) -> int:
        counted = (e for e in self.entries if not e.voided and e.kind != "reversal")
        return sum(e.signed_minor for e in counted)

    def totals(self) -> dict[str, tuple[int, int]]:
        """Scheme -> (count, amount) as the reconciliation prints it: refunds and voids negative in their scheme.

        What the host took back by itself never was in the terminal's totals.
        """
        totals: dict[str, tuple[int, int]] = {}
        for entry in self.entries:
            if entry.voided_by != "host":
                count, amount = totals.get(entry.scheme, (0, 0))
                minor = -self._voided_by(entry).signed_minor if entry.kind == "reversal" else entry.signed_minor
                totals[entry.scheme] = (count + 1, amount + minor)
        return totals

    def _voided_by(self, reversal: Entry) -> Entry:
        """Reversals across sessions are refused, so both stand in one."""
        return next(entry for entry in self.entries if entry.stan_auth == reversal.voids)


class Ledger:
    """One terminal's sessions at the bank, oldest first; the last one is open."""

    def __init__(self, first_session: int) -> None:
        self.sessions = [Session(session_text(first_session))]

    @property
    def current(self) -> Session:
        return self.sessions[-1]

    def add(self, entry: Entry) -> Entry:
        self.current.entries.append(entry)
        return entry

    def find(self, stan_auth: str) -> Entry:
        return next(e for s in self.sessions for e in s.entries if e.stan_auth == stan_auth)

    def reverse(self, reversal: Entry) -> None:
        """Takes back the entry that *reversal* names and lists the reversal."""
        entry = self.find(reversal.voids)
        entry.voided, entry.voided_by = True, "reversal"
        self.add(reversal)

    def take_back(self, stan_auth: str) -> None:
        """The host takes an entry back by itself; no record but the mark is left."""
        entry = self.find(stan_auth)
        if not entry.voided:
            entry.voided, entry.voided_by = True, "host"

    def close(self, at: str, by: Literal["asked", "terminal"]) -> Session:
        """Closes the open session and opens the next; 999 is followed by 001."""
        closed = self.current
        closed.closed_at, closed.closed_by = at, by
        self.sessions.append(Session(session_text(int(closed.session) % 999 + 1)))
        return closed


def session_text(number: int) -> str:
    return f"{number:03d}"
