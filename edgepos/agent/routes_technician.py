"""What technicians need, and what closes the day."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.responses import Response, StreamingResponse

from edgepos import __version__
from edgepos.agent import view
from edgepos.agent.call import Call
from edgepos.agent.doctor import RIGHTS_S, checks, in_order, rights
from edgepos.agent.generations import newest_head
from edgepos.agent.network_check import reachable, services_of
from edgepos.agent.operators import Operator
from edgepos.agent.peers import Role
from edgepos.agent.set_up_steps import WRONG
from edgepos.agent.settings_files import sources
from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.money import MAX_MINOR

PIECE = 1 << 16


async def match(call: Call) -> dict[str, Any]:
    """Terminal = journal = practice system, for a clinic day: one line for each difference."""
    return await call.parts.closings.match(call.query("day"))


async def close_day(call: Call) -> dict[str, Any]:
    """Make the day's closing report."""
    return view.closing(await call.parts.closings.make(call.form.text("day", "") or None, call.who.operator))


async def closings(call: Call) -> dict[str, Any]:
    """The closing reports, newest first."""
    rows = await call.parts.journal.closings(limit=call.limit, before=call.number("before", 0, 10**9) or None)
    dealt_with = await call.parts.closings.reviews.dealt_with()
    return {"closings": [view.closing(row, dealt_with.get(row.number, ())) for row in rows]}


async def closing(call: Call) -> dict[str, Any]:
    """One closing report, as it was made; with `copy=1` a counted copy."""
    text = call.part("number")
    number = _number(text)
    for row in await call.parts.journal.closings(limit=1, before=number + 1):
        if row.number == number:
            copies = await call.parts.journal.closing_copied(number) if call.flag("copy") else None
            dealt_with = await call.parts.closings.reviews.dealt_with()
            return {**view.closing(row, dealt_with.get(number, ())), "copy": copies}
    raise Wrong("unknown-closing", text=text[:20])


async def tell_total(call: Call) -> dict[str, Any]:
    """The total of a closed period, as a person reads it from the terminal's paper, for want of a readable report."""
    call.who.demand(Role.SENIOR)
    amount_minor = call.form.integer("amount_minor")
    if abs(amount_minor) > MAX_MINOR:
        raise Wrong("amount-too-large", max_minor=MAX_MINOR)
    return await call.parts.closings.tell(
        call.part("id"),
        _number(call.part("period")),
        amount_minor,
        operator=call.who.operator,
        note=call.form.text("note", ""),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


async def x_report(call: Call) -> dict[str, Any]:
    """What the open periods hold so far, of all terminals or one."""
    return await call.parts.closings.x_report(call.query("terminal"))


async def settings(call: Call) -> dict[str, Any]:
    """Each value in force and where it came from. Secrets are never among them."""
    call.technician()
    found = await asyncio.to_thread(sources, call.parts.settings, call.parts.settings_folder)
    return {
        "folder": str(call.parts.settings_folder),
        "settings": [{"key": one.key, "value": _plain(one.value), "origin": one.origin} for one in found],
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


async def doctor(call: Call) -> dict[str, Any]:
    """What a technician would check, each with its mend."""
    parts = call.parts
    asked, granted = await asyncio.gather(
        reachable(services_of(parts.settings), parts.clock), rights(parts.practice, limit_s=RIGHTS_S)
    )
    known = checks(await parts.view.status(), await parts.journal.open_findings())
    found = in_order([*known, *asked, *granted])
    return {"ok": all(check["ok"] for check in found), "version": __version__, "checks": found}


async def set_up(call: Call) -> dict[str, Any]:
    """How far the set-up has come, step by step; with `look=1` the network and the services are asked first."""
    call.technician()
    steps = await call.parts.set_up.steps(call.parts, looks=call.flag("look"))
    return {"ok": all(step["state"] != WRONG for step in steps), "steps": steps}


async def saw_lamps(call: Call) -> dict[str, Any]:
    """What a person saw at a terminal: whether both lamps on its home screen are green."""
    call.technician()
    terminal, are_green = call.form.text("terminal"), call.form.boolean("green")
    await asyncio.to_thread(call.parts.set_up.saw_lamps, call.parts, terminal, are_green)
    return {"terminal": terminal, "green": are_green}


async def log_lines(call: Call) -> dict[str, Any]:
    """The newest lines of the agent's log, oldest first."""
    call.technician()
    return {"log": list(call.parts.recent.lines)[-max(1, call.number("limit", 200, 2_000)) :]}


async def operators(call: Call) -> dict[str, Any]:
    """Who may log in here."""
    return {"operators": [_person(one) for one in call.parts.operators.people]}


async def change_operator(call: Call) -> dict[str, Any]:
    """Add a person, or change name, role, PIN, or whether they still work here."""
    call.technician()
    form, role = call.form, call.form.text("role", "staff")
    if role.upper() not in Role.__members__ or role == "nobody":
        raise Wrong("usage", text=role, expected="staff, senior or technician")
    changed = await call.parts.operators.change(
        id=form.text("operator", longest=16),
        name=form.text("name", "", longest=60),
        role=Role[role.upper()],
        pin=form.text("pin", longest=12) if form.has("pin") else None,
        is_active=form.boolean("active", True),
    )
    await call.parts.journal.operator_changed(changed.id, str(changed.role), changed.is_active)
    return _person(changed)


def _person(one: Operator) -> dict[str, Any]:
    return {"operator": one.id, "name": one.name, "role": str(one.role), "active": one.is_active}


async def release(call: Call) -> dict[str, Any]:
    """Take the next step towards letting a held terminal go."""
    call.technician()
    terminal = call.parts.settings.terminal_named(call.part("id"))
    if terminal is None:
        raise Wrong("unknown-terminal", terminal=call.part("id"))
    row = await call.parts.holding.release(
        terminal.id, other_box_is_off=call.form.boolean("other_box_is_off"), operator=call.who.operator
    )
    call.parts.hub.touch()
    return {"id": row.id, "held": row.held}


async def verify(call: Call) -> dict[str, Any]:
    """Read the whole journal again: chain, file, whether its newest copy is part of it and, unless `quick=1`, whether
    its projections are what its events say."""
    call.technician()
    journal, replays = call.parts.journal, call.query("quick") not in ("1", "true")
    return asdict(await journal.verify(newest_head(call.parts.state_folder, journal.box_id), replays=replays))


async def backup(call: Call) -> Response:
    """A checked copy of the journal, as a file. Its name carries box, sequence and head."""
    call.technician()
    folder = tempfile.TemporaryDirectory(dir=call.parts.state_folder, prefix="copy-")
    try:
        made = await call.parts.journal.backup(Path(folder.name))
    except BaseException:
        folder.cleanup()
        raise

    async def pieces() -> AsyncIterator[bytes]:
        try:
            with made.path.open("rb") as file:
                while piece := await asyncio.to_thread(file.read, PIECE):
                    yield piece
        finally:
            folder.cleanup()

    headers = {"Content-Length": str(made.bytes), "Content-Disposition": f'attachment; filename="{made.path.name}"'}
    return StreamingResponse(pieces(), media_type="application/vnd.sqlite3", headers=headers)


async def backup_operators(call: Call) -> Response:
    """The people of the clinic, as a file beside the copy: without them a restored box knows nobody."""
    call.technician()
    path = call.parts.state_folder / "operators.json"
    people = await asyncio.to_thread(path.read_bytes) if path.exists() else b""
    headers = {"Content-Disposition": 'attachment; filename="operators.json"'}
    return Response(people, media_type="application/octet-stream", headers=headers)


async def restore(call: Call) -> dict[str, Any]:
    """Never done by a running agent: its journal is the truth that a restore would put aside."""
    call.technician()
    raise Refused("restore-refused", reason="the agent runs: stop it, then use edgepos restore")


async def sql(call: Call) -> dict[str, Any]:
    """A question to the journal, read only and short."""
    call.technician()
    found = await call.parts.journal.sql(call.form.text("query", longest=4_000))
    return {"columns": list(found.columns), "rows": [list(row) for row in found.rows], "cut": found.is_cut}
