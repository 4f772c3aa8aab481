"""What the set-up's page shows of a step: its name, how it stands, what was found and what is next, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgepos.locale.words import N_, _
from edgepos.tui.check_texts import check_name
from edgepos.tui.form import Form
from edgepos.tui.saying import sentences, with_keys
from edgepos.tui.terminal_card import mend, state_line
from edgepos.tui.view import ClinicView, Document

STATES: Mapping[str, str] = {
    "ok": N_("DONE"), "open": N_("OPEN"), "wrong": N_("NOT RIGHT"), "not_looked_at": N_("NOT CHECKED"),
}  # fmt: skip
LOOKS: Mapping[str, tuple[str, str]] = {
    "ok": ("•", ""), "open": ("→", "warn"), "wrong": ("!", "bad"), "not_looked_at": ("-", "dim"),
}  # fmt: skip
"""Sign and look of each state."""
KINDS: Mapping[str, str] = {
    "settings": N_("settings"),
    "account": N_("account at Nets"),
    "terminals": N_("terminals"),
    "practice": N_("practice system"),
    "department": N_("department in Provet"),
    "terminal": N_("terminal"),
    "lamps": N_("lamps"),
    "reconciliation": N_("first reconciliation"),
    "purchase": N_("test purchase and back"),
    "people": N_("people"),
    "slips": N_("slips"),
    "network": N_("network"),
}


def state(step: Document) -> str:
    return f"{LOOKS[step['state']][0]} {_(STATES[step['state']])}"


def look(step: Document) -> str:
    return LOOKS[step["state"]][1]


def name(step: Document) -> str:
    kind, said = str(step["kind"]), str(step["step"])
    if kind == "foreign":
        return _("terminal {id}").format(id=step["facts"]["terminal"])
    if step["terminal"]:
        return f"{step['facts']['terminal']}: {_(KINDS[kind])}"
    area, _colon, own = said.partition(": ")
    return check_name(own) if own and area == kind else _(KINDS[kind])


def found(step: Document, view: ClinicView, form: Form) -> str:
    """What edgepos found, in a sentence or two."""
    if step["code"]:
        return sentences(step["code"], step["facts"], form).message
    if step["kind"] == "terminal":
        return state_line(view.terminal(step["terminal"]))
    return _("fine") if step["state"] == "ok" else str(step["message"])


def next_of(step: Document, view: ClinicView, form: Form) -> str:
    """What is to be done about it; nothing where it is done."""
    if step["state"] == "ok":
        return ""
    if step["code"]:
        return sentences(step["code"], step["facts"], form).mend
    if step["kind"] == "terminal":
        return mend(view.terminal(step["terminal"]))
    return with_keys(str(step["mend"]))


def facts(step: Document, view: ClinicView, form: Form) -> list[tuple[str, str]]:
    return [
        (_("found"), found(step, view, form)),
        (_("what to do"), next_of(step, view, form)),
    ]


def next_step(steps: Sequence[Document]) -> Document | None:
    """What to do next: from the top, as without time and network nothing below can be right."""
    return next((one for one in steps if one["state"] in ("wrong", "open")), None)


def head(steps: Sequence[Document]) -> str:
    done = sum(one["state"] == "ok" for one in steps)
    counted = _("{done} of {all} done.").format(done=done, all=len(steps))
    next_one = next_step(steps)
    if next_one is None:
        return counted + " " + _("The clinic can take payments.")
    return counted + " " + _("Next: {step}").format(step=name(next_one))


def overview(document: Document) -> str:
    """All steps, a line each, for the technician's place."""
    steps: Sequence[Document] = document["steps"]
    return "\n".join([head(steps), "", *(f"{state(one):<14} {name(one)}" for one in steps)])
