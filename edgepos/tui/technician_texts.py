"""What the technician's place shows, as text; and the copy of the journal, made beside the event loop."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Sequence
from typing import NamedTuple

from edgepos.client.aio import AsyncAgent
from edgepos.client.http import Agent
from edgepos.locale import states
from edgepos.locale.words import _
from edgepos.tui.check_texts import check_name, check_told
from edgepos.tui.form import Form
from edgepos.tui.saying import sentences
from edgepos.tui.view import ClinicView, Document
from edgepos.whole_file import write_whole


def checks(document: Document, form: Form) -> str:
    lines = [_("All is well.") if document["ok"] else _("Mend what is marked !, from the top."), ""]
    for one in document["checks"]:
        name, fine = check_name(str(one["name"])), _("fine")
        if one["ok"]:
            lines.append(f"• {name}   {fine}")
        else:
            told, how = check_told(one, form)
            lines += [f"! {name}   {told}", f"  → {how}"]
    return "\n".join(lines)


def bookings(document: Document, form: Form) -> str:
    rows: Sequence[Document] = document["outbox"]
    if not rows:
        return _("Nothing waits: every payment with an invoice is booked.")
    lines = []
    for one in rows:
        word = _(states.word(states.BOOKINGS, one["state"]))
        amount, since = form.money(one["amount_minor"], one["currency"]), form.moment(one["created_at"])
        lines.append(f"{word}   {amount}   {one['id']}   {since}")
        if one["cause"]:
            said = sentences(str(one["cause"]), one["facts"], form)
            lines.append(f"  → {said.message} {said.mend}")
        if one["waits_for"]:
            lines.append("  " + _("waits for {row}").format(row=one["waits_for"]))
        if one["tried"]:
            lines.append("  " + _("tried {n} times").format(n=one["tried"]))
    return "\n".join(lines)


def settings(document: Document) -> str:
    lines = [_("folder {folder}").format(folder=document["folder"]), ""]
    own = f"{document['folder']}/"
    lines += [
        f"{one['key']} = {one['value']}   ({str(one['origin']).removeprefix(own)})" for one in document["settings"]
    ]
    return "\n".join(lines)


def log(document: Document) -> str:
    """The newest first: that is what is looked for."""
    lines = [one if isinstance(one, str) else _line(one) for one in reversed(document["log"])]
    return "\n".join(lines) or _("The log is empty.")


def _line(line: Document) -> str:
    rest = "  ".join(f"{name}={value}" for name, value in line.items() if name not in ("at", "level", "event"))
    return f"{line.get('at', '')} {line.get('level', '')} {line.get('event', '')}  {rest}"


def people(document: Document) -> str:
    head = _("Who left is switched off with: edgepos operators NAME --left")
    lines = []
    for one in document["operators"]:
        stands = _("active") if one["active"] else _("left")
        lines.append(f"{one['operator']:<16} {one['role']:<10} {stands}   {one['name']}")
    return "\n".join([head, "", *(lines or [_("Nobody has a PIN.")])])


def box(view: ClinicView, form: Form) -> str:
    """Versions, and where the journal stands."""
    if view.status is None:
        return ""
    from edgepos import __version__

    status, own = view.status, view.status["box"]
    lines = [
        f"edgepos {status['version']} ("
        + _("agent")
        + f")   {__version__} ("
        + _("screen")
        + f")   Python {platform.python_version()}",
        _("box {id}").format(id=own["box_id"]),
        _("journal: {seq} events, head {head}").format(seq=own["seq"], head=str(own["head"])[:16]),
        _("disk: {n} MB free").format(n=own["free_mb"]),
    ]
    return "\n".join(lines)


def verified(report: Document) -> str:
    if report["ok"]:
        text = _("The journal is whole: {events} events, head {head}.")
        return text.format(events=report["events"], head=str(report["head"])[:16])
    return "\n".join(
        [_("THE JOURNAL IS DAMAGED. Stop taking payments and call the support."), *map(str, report["problems"])]
    )


class Copied(NamedTuple):
    """*size* is None where it could not be written, with the reason."""

    path: str
    size: int | None
    why: str = ""


async def copy_journal(agent: AsyncAgent, to: str) -> Copied:
    """A checked copy of the journal at *to*, a folder or a new file. Raises AgentError."""
    return await asyncio.to_thread(_copy, agent.path, agent.session, to)


def _copy(socket: str, session: str | None, to: str) -> Copied:
    with Agent(socket, session=session).file("/backup") as (name, pieces):
        path = os.path.join(to, name) if os.path.isdir(to) else to
        if os.path.exists(path):
            return Copied(path, None, _("it is there already"))
        try:
            return Copied(path, write_whole(path, pieces))
        except OSError as error:
            return Copied(path, None, str(error.strerror))
