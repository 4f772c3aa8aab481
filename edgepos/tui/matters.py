"""What needs a person, from the picture of the clinic and the parked bookings: values, the worst first. Asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgepos.locale import states
from edgepos.locale.words import _
from edgepos.tui.acts import Act
from edgepos.tui.course import about
from edgepos.tui.form import Form
from edgepos.tui.saying import sentences
from edgepos.tui.terminal_card import mend
from edgepos.tui.view import ClinicView, Document

AWAY_S = 15 * 60.0
"""A terminal that has not been ready for this long needs somebody; before that it mostly comes back by itself."""
AWAY_STATES = frozenset({"not_reached", "no_bank_contact", "not_in_account", "busy", "reconcile_first", "restarting"})
TODAY_CAUSES = frozenset({"locked-period"})
"""Causes that booking on today's date gets over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One line of the list. *acts*: what can be pressed, the likely one first."""

    id: str
    word: str
    amount: str
    since: str
    text: str
    mend: str
    look: str
    acts: Sequence[Act] = ()
    facts: Sequence[tuple[str, str]] = ()
    data: Any = None


def matters_of(
    view: ClinicView, parked: Sequence[Document], form: Form, seconds_since: Callable[[object], float]
) -> list[Matter]:
    """Not known, parked, findings (a red match among them), box, services, terminals."""
    return [
        *(_unknown(one, view, form) for one in sorted(view.unknown, key=lambda one: str(one["created_at"]))),
        *(_parked(one, form) for one in parked),
        *(_finding(one, view, form) for one in view.findings),
        *_box(view, form),
        *_services(view, form),
        *_terminals(view, form, seconds_since),
    ]


def _unknown(one: Document, view: ClinicView, form: Form) -> Matter:
    facts: dict[str, object] = {"payment": one["id"], "terminal": view.place(one["terminal"])}
    said = sentences("unknown", facts, form)
    return Matter(
        id=str(one["id"]),
        word=_("NOT KNOWN YET"),
        amount=form.money(one["amount_minor"], one["currency"]),
        since=form.hour(one["created_at"]),
        text="   ".join(part for part in (view.place(one["terminal"]), about(one), str(one["id"])) if part),
        mend=f"{said.mend} " + _("Whoever has the terminal's slip or list and a PIN can close it by hand: H there."),
        look="warn",
        acts=(Act("card", "o", _("Open the payment")),),
        data=one,
    )


def _parked(one: Document, form: Form) -> Matter:
    said = sentences(str(one["cause"] or "unexpected"), one["facts"], form)
    acts = [Act("retry", "t", _("Send it again")), Act("adopt", "a", _("It is booked already"))]
    if one["cause"] in TODAY_CAUSES:
        acts.insert(0, Act("today", "d", _("Book it on today")))
    acts.sort(key=lambda act: _place_in(said.mend, act))
    return Matter(
        id=str(one["id"]),
        word=_("PARKED"),
        amount=form.money(one["amount_minor"], one["currency"]),
        since=form.hour(one["created_at"]),
        text=said.message,
        mend=said.mend.replace("F8, ", ""),
        look="bad",
        acts=(*acts, Act("look", "o", _("Open the payment"))),
        facts=(
            (_("invoice"), _invoice(one)),
            (_("payment"), str(one["payment"])),
            (_("since"), form.moment(one["created_at"])),
        ),
        data=one,
    )


def _invoice(booking: Document) -> str:
    """Number, owner and animal, where the practice system's list has them."""
    about = booking["about"]
    named = (about.get("number"), about.get("owner"), about.get("animal"))
    return "   ".join(str(part) for part in named if part) or str(booking["invoice"] or "")


def _place_in(mend: str, act: Act) -> int:
    """Acts stand in the order in which the mend names their keys; what it does not name comes last."""
    at = mend.find(f"F8, {act.letter.upper()}")
    return at if at >= 0 else len(mend)


def _finding(one: Document, view: ClinicView, form: Form) -> Matter:
    facts = dict(one["facts"])
    if "terminal" in facts:
        facts["terminal"] = view.place(facts["terminal"])
    said = sentences(str(one["kind"]), facts, form)
    is_match = one["kind"] == "match-differs"
    acts = [Act("handled", "h", _("Handled"))]
    if is_match:
        acts.insert(0, Act("go:close-day", "c", _("Close day")))
    minor = facts.get("amount_minor")
    return Matter(
        id=str(one["id"]),
        word=_("DIFFERS") if is_match else _("FINDING"),
        amount=form.money(minor, facts.get("currency")) if isinstance(minor, int) else "",
        since=form.hour(one["raised_at"]),
        text=said.message,
        mend=said.mend,
        look="bad" if is_match else "warn",
        acts=acts,
        facts=(
            (_("since"), form.moment(one["raised_at"])),
            (_("number"), str(one["id"])),
            (_("about"), str(one["subject"])),
        ),
        data=one,
    )


def _box(view: ClinicView, form: Form) -> Iterator[Matter]:
    if view.status is None:
        return
    box, needed = view.status["box"], view.limit("disk_reserve_mb")
    found: list[tuple[str, str, dict[str, object]]] = []
    if box["clock_wrong"] is not None:
        found.append(("clock-wrong", _("CLOCK WRONG"), {"offset_s": box["clock_wrong"]}))
    if needed is not None and isinstance(box["free_mb"], int) and box["free_mb"] < needed:
        found.append(("disk-low", _("DISK FULL"), {"free_mb": box["free_mb"], "needed_mb": needed}))
    for code, word, facts in found:
        said = sentences(code, facts, form)
        yield Matter(id=code, word=word, amount="", since="", text=said.message, mend=said.mend, look="bad")


def _services(view: ClinicView, form: Form) -> Iterator[Matter]:
    """A service that somebody has to mend; one that is merely away comes back by itself and is told in the header."""
    if view.status is None:
        return
    for name, shown in (("nets", "Nets"), ("practice", "Provet")):
        service = view.status["services"][name]
        if service["state"] in ("sign_in_page", "refused", "not_set_up"):
            said = sentences(str(service["code"] or "unexpected"), {"service": name}, form)
            word = f"{shown} {_(states.word(states.SERVICES, service['state']))}"
            since = form.hour(service["since"]) if service["since"] else ""
            yield Matter(id=name, word=word, amount="", since=since, text=said.message, mend=said.mend, look="bad")


def _terminals(view: ClinicView, form: Form, seconds_since: Callable[[object], float]) -> Iterator[Matter]:
    for one in view.terminals:
        is_long = one["state"] in AWAY_STATES and one["since"] and seconds_since(one["since"]) >= AWAY_S
        if not (is_long or one["state"] == "held"):
            continue
        yield Matter(
            id=str(one["id"]),
            word=_(states.word(states.TERMINALS, one["state"])),
            amount="",
            since=form.hour(one["since"]) if one["since"] else "",
            text=f"{one['name']}   {one['model']}",
            mend=mend(one),
            look="bad" if one["state"] == "held" else "warn",
            acts=(Act("go:terminals", "e", _("Terminals: what to do")),),
        )
