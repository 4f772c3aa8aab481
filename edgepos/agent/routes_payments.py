"""Payments and what can be done about them, reconciliations, records."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from starlette.responses import JSONResponse, Response

from edgepos.agent.call import Call
from edgepos.domain.errors import Wrong
from edgepos.domain.operation import Kind, Operation, State
from edgepos.domain.slip_print import PROFILES, in_code_page, printed

LONGEST_WAIT_S = 60


async def pay(call: Call) -> Response:
    """Begin a payment. Answers as soon as its intent is durable; the outcome comes by the stream."""
    return await _begun(call, await call.parts.asking.purchase(call.form, call.who, call.key))


async def refund(call: Call) -> Response:
    """Give money of a payment back to a card."""
    operation = await call.parts.asking.refund(await call.payment(), call.form, call.who, call.key)
    return await _begun(call, operation)


async def reverse(call: Call) -> Response:
    """Undo a payment that is still its terminal's last."""
    return await _begun(call, await call.parts.asking.reverse(await call.payment(), call.who, call.key))


async def reconcile(call: Call) -> Response:
    """Close a terminal's session."""
    return await _begun(call, await call.parts.asking.reconcile(call.form, call.who, call.key))


async def cancel(call: Call) -> Response:
    """Ask the terminal to stop. The outcome is the payment's own."""
    operation = await call.parts.asking.cancel(await call.payment(), call.who)
    return JSONResponse(await call.parts.view.payment(operation), 202)


async def recheck(call: Call) -> Response:
    """Ask the terminal again, now."""
    operation = await call.payment()
    call.parts.asking.look_again(operation)
    return JSONResponse(await call.parts.view.payment(operation), 202)


async def settle(call: Call) -> dict[str, Any]:
    """Close an unknown payment by hand, with the terminal's slip. The first call gives the sentence to confirm."""
    settled = await call.parts.asking.settle(await call.payment(), call.form, call.who)
    return {"confirm": settled} if isinstance(settled, str) else await call.parts.view.payment(settled)


async def assign(call: Call) -> dict[str, Any]:
    """Give a payment without an invoice its invoice."""
    operation = await call.parts.asking.assign(await call.payment(), call.form, call.who)
    return await call.parts.view.payment(operation)


async def record(call: Call) -> Response:
    """Write down what a terminal did stand-alone, by its slip."""
    return await _begun(call, await call.parts.asking.record(call.form, call.who, call.key))


async def payments(call: Call) -> dict[str, Any]:
    """Payments, newest first; by text, clinic day, state or terminal."""
    return {"payments": await call.parts.view.payments(await _operations(call, None))}


async def reconciliations(call: Call) -> dict[str, Any]:
    """Reconciliations, newest first, each with its slip and totals."""
    return {"reconciliations": await call.parts.view.payments(await _operations(call, Kind.RECONCILIATION))}


async def payment(call: Call) -> dict[str, Any]:
    """One payment; with `wait_s`, as soon as it is decided or the time is over."""
    found = await call.payment()
    wait_s = call.number("wait_s", 0, LONGEST_WAIT_S)
    if wait_s:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                found = await _decided(call, found)
        found = await call.parts.journal.operation(found.id)
    return await call.parts.view.payment(found)


async def receipt(call: Call) -> dict[str, Any]:
    """The terminal's slip, word for word, and as it is printed: headed, with `copy=1` a counted copy, marked so;
    with `code_page=` in signs that such a printer has."""
    found = await call.payment()
    slips = await call.parts.journal.slips(found.id)
    is_merchants = call.query("slip") == "merchant"
    text = (slips.merchant if is_merchants else slips.customer) or slips.merchant or slips.customer
    country, copies = call.parts.settings.place.country, slips.copies
    is_copy = bool(text) and call.flag("copy")
    page = call.query("code_page") or "utf-8"
    try:
        in_code_page("", page)
    except LookupError:
        raise Wrong("usage", text=page[:20], expected="a code page, such as cp850 or iso8859-15") from None
    if is_copy:
        copies = await call.parts.journal.receipt_copied(found.id)
    shown = in_code_page(printed(text, country, copy=copies if is_copy else 0), page) if text else ""
    profile = PROFILES[country]
    is_signed = found.result.get("verification") == "1"
    return {
        "payment": found.id,
        "text": text,
        "printed": shown,
        "copies": copies,
        "slips": list(profile.slips_signed if is_signed else profile.slips),
    }


async def _begun(call: Call, operation: Operation) -> Response:
    return JSONResponse(await call.parts.view.payment(operation), 201)


async def _decided(call: Call, operation: Operation) -> Operation:
    while operation.is_open and not call.parts.hub.is_ending:
        moved = call.parts.hub.moved  # taken before reading, so that no change is missed
        operation = await call.parts.journal.operation(operation.id)
        if operation.is_open:
            await moved.wait()
    return operation


async def _operations(call: Call, kind: Kind | None) -> list[Operation]:
    state = call.query("state")
    if state is not None and state not in set(State):
        raise Wrong("usage", text=f"state={state[:20]}", expected=", ".join(State))
    return await call.parts.journal.operations(
        find=call.query("find") or None,
        day=call.query("day") or None,
        state=State(state) if state else None,
        terminal=call.query("terminal") or None,
        kind=kind,
        limit=call.limit,
        before=call.query("before") or None,
    )
