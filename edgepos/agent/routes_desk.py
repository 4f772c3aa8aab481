"""What the desk shows: the status, the stream, invoices, findings, the outbox, closings, and logging in."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from edgepos.agent import view
from edgepos.agent.call import Call
from edgepos.agent.charging import in_time
from edgepos.domain.errors import NotReached, Wrong
from edgepos.domain.identifiers import split_line_id
from edgepos.journal import OutboxState

MOST_WAIT_S = 20.0
"""A client waits for half a minute."""


async def status(call: Call) -> dict[str, Any]:
    """Terminals, services, backlog, today."""
    return await call.parts.view.status()


async def events(call: Call) -> Response:
    """Server-sent events: the whole view first, then whole objects as they change."""
    return StreamingResponse(
        call.parts.hub.stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def invoices(call: Call) -> dict[str, Any]:
    """What can be paid, newest first; `find` searches, `all=1` has everything known."""
    desk = call.parts.desk
    if desk is None:
        raise NotReached("practice-away", service="practice", why="not-set-up")
    listing = desk.search(call.query("find") or "", all=call.query("all") in ("1", "true"))
    found = await call.parts.charging.documents(listing.invoices)
    return {"as_of": listing.as_of, "stale_s": listing.stale_s, "invoices": found}


async def invoice(call: Call) -> dict[str, Any]:
    """One invoice by its id or number; `fresh=1` reads it again."""
    desk = call.parts.desk
    if desk is None:
        raise NotReached("practice-away", service="practice", why="not-set-up")
    id = desk.resolve(call.part("id"))
    known = desk.known(id)
    if call.query("fresh") in ("1", "true") or known is None:
        async with in_time():
            return await call.parts.charging.fresh_document(await desk.fresh(id))
    return await call.parts.charging.document(known)


async def findings(call: Call) -> dict[str, Any]:
    """What fits nothing and nobody has handled yet."""
    return {"findings": [view.finding(row) for row in await call.parts.journal.open_findings()]}


async def handle(call: Call) -> dict[str, Any]:
    """A person has dealt with a finding, and says how."""
    note = call.form.text("note")
    row = await call.parts.journal.handle_finding(call.part("id").upper(), call.who.operator, note)
    return view.finding(row)


async def outbox(call: Call) -> dict[str, Any]:
    """Bookings that wait or stand parked; `state=` for one kind, acknowledged ones included."""
    state = call.query("state")
    if state is not None and state not in set(OutboxState):
        raise Wrong("usage", text=f"state={state[:20]}", expected=", ".join(OutboxState))
    journal, limit = call.parts.journal, call.limit
    if state is not None:
        rows = await journal.outbox(OutboxState(state), limit=limit, before=call.query("before"))
    else:
        rows = [
            *await journal.outbox(OutboxState.PARKED, limit=limit),
            *await journal.outbox(OutboxState.QUEUED, limit=limit),
        ]
    return {"outbox": [view.outbox_row(row, call.parts.sender) for row in rows]}


async def outbox_now(call: Call) -> Response:
    """Try all that waits, once, or join the pass that does. Answers when nothing is due any more, or after a while."""
    with contextlib.suppress(TimeoutError):  # the pass goes on without us
        async with asyncio.timeout(MOST_WAIT_S):
            await call.sender.now()
    summary = await call.parts.journal.outbox_summary()
    return JSONResponse({"queued": summary.queued, "parked": summary.parked}, 202)


async def outbox_retry(call: Call) -> dict[str, Any]:
    """Send a parked booking again, since its cause is gone; with `book_today` on today's date."""
    row = await call.sender.retry(_row(call), operator=call.who.operator, book_today=call.form.boolean("book_today"))
    return view.outbox_row(row, call.sender)


async def outbox_park(call: Call) -> dict[str, Any]:
    """Take a booking out of the queue, in sight."""
    return view.outbox_row(await call.sender.park(_row(call), operator=call.who.operator), call.sender)


async def outbox_adopt(call: Call) -> dict[str, Any]:
    """It was booked by hand: that payment in the practice system is this one."""
    booked = call.form.text("practice_payment")
    return view.outbox_row(await call.sender.adopt(_row(call), booked, operator=call.who.operator), call.sender)


def _row(call: Call) -> str:
    reference, line = split_line_id(call.part("row"))
    return f"{reference}.{line}"


async def login(call: Call) -> dict[str, Any]:
    """A session for an operator's PIN."""
    token, session = await call.parts.operators.login(
        call.form.text("operator", longest=16), call.form.text("pin", longest=12)
    )
    until_s = round(session.until - call.parts.clock.monotonic())
    return {"session": token, "operator": session.operator.id, "role": str(session.operator.role), "until_s": until_s}


async def logout(call: Call) -> dict[str, Any]:
    """End the session."""
    call.parts.operators.logout(call.session)
    return {}
