"""A night clinic's week: what staff do there, and what is said each morning. The nights themselves are in `nights.py`.

Two terminals, open from 19:00 to 07:00; a clinic day ends in the morning. Then the terminals are reconciled and the
closing report is made; each difference in it is told with its cause and with what to press. The hours in which nobody
is there are skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edgepos.client.http import new_key
from edgepos.commands.demo.day import RECEPTION, ROOM, ZONE, Day, Payment, shown
from edgepos.commands.demo.settings import LOCATION, ORGANISATION
from edgepos.locale.causes import WORDS

NEW_ROOM = "70000003"
"""What stands in ROOM 2 once its terminal is broken."""
NAMES = {RECEPTION: "RECEPTION", ROOM: "ROOM 2", NEW_ROOM: "ROOM 2 (new)"}
WEEK_ORGANISATION = (
    ORGANISATION.replace("[practice]", "websocket = false\n\n[practice]") + "\n[times]\npoll_s = 120.0\n"
)
_PLACE, _RECEPTION, _ROOM, _LAB = LOCATION.split("[[terminal]]")
WEEK_LOCATION = "[[terminal]]".join((_PLACE.rstrip() + '\nday_starts = "07:00"\n\n', _RECEPTION, _ROOM))


@dataclass(slots=True)
class Week(Day):
    """The week so far."""

    seen: set[str] = field(default_factory=set)
    """The causes that a match has shown."""
    days: list[str] = field(default_factory=list)
    """The clinic days that were closed."""

    def at(self, local: str) -> None:
        """The hours until *local* time are skipped."""
        self.clinic.skip_to(datetime.fromisoformat(local).replace(tzinfo=ZONE))

    # --- what happens in the night

    def take(self, terminal: str, minor: int, *steps: dict[str, Any], booked: bool = True) -> Payment:
        """A payment of a fresh invoice, and its booking."""
        paid = self.pay(terminal, self.fresh(terminal, minor, *steps))
        if booked:
            self.must(paid["state"] == "approved", f"{paid['id']} is {paid['state']} ({paid['cause']}).")
            self.wait_booked()
        return paid

    def fresh(self, terminal: str, minor: int, *steps: dict[str, Any]) -> dict[str, Any]:
        """A fresh invoice on the desk's list, and the cardholder's *steps* for it."""
        invoice = self.numbered(self.new_invoice(minor)["number"])
        if steps:
            self.cardholder(terminal, *steps)
        return invoice

    def wait_booked(self) -> None:
        self.clinic.until("the bookings", self.is_booked, limit_s=900, step_s=5)

    def change(self, terminal: str, **variants: object) -> None:
        self.clinic.control("PUT", f"/terminals/{terminal}", variants)

    def sale_at_keypad(self, terminal: str, minor: int) -> str:
        """A stand-alone sale; gives the number on its slip."""
        self.clinic.advance(10)
        sale = self.clinic.control("POST", f"/terminals/{terminal}/keypad_sale", {"amount_minor": minor})
        self.clinic.advance(5)
        return str(sale["stan_auth"])

    def entries(self, terminal: str) -> list[dict[str, Any]]:
        """What the terminal's paper has, oldest first."""
        sessions = self.clinic.control("GET", "/truth")["terminals"][terminal]["sessions"]
        return [entry for session in sessions for entry in session["entries"]]

    # --- what people do about it

    def record(self, terminal: str, minor: int, slip: str, session: str = "") -> None:
        """Write down a stand-alone sale from its slip, with the invoice that it paid."""
        body: dict[str, object] = {
            "terminal": terminal,
            "amount_minor": minor,
            "slip_number": slip,
            "at": self.local_time().isoformat(),
            "session": session,
            "invoice": self.numbered(self.new_invoice(minor)["number"])["id"],
        }
        self.clinic.agent.post("/records", body, key=new_key())
        self.wait_booked()
        self.note(f"The slip of {shown(minor)} is found, recorded, and booked on its invoice.")

    def tell_total(self, terminal: str, period: int, minor: int) -> None:
        """Enter the total of a report that edgepos could not read."""
        path = f"/terminals/{terminal}/periods/{period}/total"
        self.clinic.agent.post(path, {"amount_minor": minor, "note": "from paper"})
        self.note(f"The report of {NAMES[terminal]}, period {period}, says {shown(minor)} on paper: entered.")

    def handle(self, kind: str) -> None:
        """A person has looked at a finding."""
        finding = self.finding(kind)
        self.clinic.agent.post(f"/findings/{finding['id']}/handle", {"note": "seen"})
        self.note(f"F8, H, handled: {placed(finding['message'])}")

    def finding(self, kind: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.clinic.agent.get("/findings")["findings"]
        self.must(kind in {one["kind"] for one in found}, f"There is no finding {kind}.")
        return next(one for one in found if one["kind"] == kind)

    def says(self, kind: str) -> str:
        """What a finding says."""
        return placed(self.finding(kind)["message"])

    # --- the morning

    def look(self, day: str | None = None) -> dict[str, Any]:
        """The match as edgepos has it now. A cause that was never shown before is told."""
        match: dict[str, Any] = self.clinic.agent.get("/match", day=day)
        for place, one in _differences(match):
            if one["cause"] not in self.seen:
                self.tell(place, one)
        return match

    def tell(self, place: str, difference: dict[str, Any]) -> None:
        """One difference: where, how much, why, and what to press."""
        self.seen.add(difference["cause"])
        word, press = WORDS[difference["cause"]]
        minor = f"{shown(difference['minor'])}. " if difference["minor"] else ""
        self.note(f"  {place}: {minor}{word}. What to press: {press}")

    def close(self, *expected: str) -> dict[str, Any]:
        """Reconcile, make the closing report, and say what is red in it: just what is *expected*."""
        for terminal in self.clinic.agent.get("/status")["terminals"]:
            self.clinic.advance(10)
            closed = self.reconcile(terminal["id"])
            self.must(closed["state"] == "approved", f"Reconciling {terminal['name']}: {closed['state']}.")
        return self.report(*expected)

    def report(self, *expected: str) -> dict[str, Any]:
        closing: dict[str, Any] = self.clinic.agent.post("/closings", {})
        match = closing["match"]
        self.days.append(closing["clinic_day"])
        total = shown(match["report"]["amount_minor"])
        self.note(f"Closing {closing['number']} of {closing['clinic_day']}, {total}: {verdict(match['agree'])}.")
        red = set()
        for place, one in _differences(match):
            red |= {one["cause"]} if one["needs_person"] else set()
            self.tell(place, one)
        self.must(red == set(expected), f"Red is {sorted(red)}, and not {sorted(expected)}.")
        return closing

    def must_have_seen(self, causes: Collection[str]) -> None:
        """The week is for nothing if a cause never came about."""
        missing = sorted(set(causes) - self.seen)
        self.must(not missing, f"Never seen: {', '.join(missing)}.")

    def turns_green(self) -> None:
        """What was red is handled by the agent itself, as soon as all three sides agree."""

        def is_green() -> bool:
            return "match-differs" not in {one["kind"] for one in self.clinic.agent.get("/findings")["findings"]}

        self.clinic.until("the match to turn green", is_green, limit_s=120, step_s=5)
        self.note("What was red agrees now.")


def _differences(match: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each difference, and the terminal and period in which it stands."""
    for period in match["terminals"]:
        for difference in period["differences"]:
            yield f"{NAMES[period['terminal']]}, period {period['period']}", difference
    yield from (("Provet", difference) for difference in match["without_reference"])


def placed(text: str) -> str:
    """*text* with the terminals' places for their numbers."""
    for terminal, name in NAMES.items():
        text = text.replace(terminal, name)
    return text


def verdict(agree: bool) -> str:
    return "all three sides agree" if agree else "RED"


def services(week: Week) -> set[str]:
    """How the services stand."""
    return {service["state"] for service in week.clinic.agent.get("/status")["services"].values()}


def period_of(week: Week, terminal: str) -> int:
    """The terminal's open period."""
    return int(_row(week, terminal)["period"])


def session_of(week: Week, terminal: str) -> str:
    """The terminal's open session."""
    return str(_row(week, terminal)["session"])


def _row(week: Week, terminal: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = week.clinic.agent.get("/status")["terminals"]
    return next(one for one in rows if one["id"] == terminal)
