"""What technicians need, and what closes the day."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.responses import Response, StreamingResponse

from edgepos.agent import view
from edgepos.agent.call import Call
from edgepos.agent.doctor import checks
from edgepos.agent.operators import Operator
from edgepos.agent.peers import Role
from edgepos.agent.settings_files import sources
from edgepos.domain.errors import Refused, Wrong

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
    return {"closings": [view.closing(row) for row in rows]}


async def closing(call: Call) -> dict[str, Any]:
    """One closing report."""
    text = call.part("number")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    for row in await call.parts.journal.closings(limit=1, before=number + 1):
        if row.number == number:
            return view.closing(row)
    raise Wrong("unknown-closing", text=text[:20])


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
    found = checks(await call.parts.view.status())
    return {"ok": all(check["ok"] for check in found), "checks": found}


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
    """Read the whole journal again: chain, projections, file."""
    call.technician()
    return asdict(await call.parts.journal.verify())


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


async def restore(call: Call) -> dict[str, Any]:
    """Never done by a running agent: its journal is the truth that a restore would put aside."""
    call.technician()
    raise Refused("restore-refused", reason="the agent runs: stop it, then use edgepos restore")


async def sql(call: Call) -> dict[str, Any]:
    """A question to the journal, read only and short."""
    call.technician()
    found = await call.parts.journal.sql(call.form.text("query", longest=4_000))
    return {"columns": list(found.columns), "rows": [list(row) for row in found.rows], "cut": found.is_cut}
