"""The control service: the truth, the cardholders, the terminals, the books, the faults and the clock, over HTTP.

Every route is in `Control.operations`, from which routing, `GET /` and `GET /openapi.json` are made. Bodies are checked
by the models of `control_bodies`, `variants` and `faults`: what is wrong with one is said in one sentence with status
400, an unknown id is 404, and a state that does not allow the act 409. Nothing is half applied.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from edgepos.clock import rfc3339
from edgepos.simulator.control_bodies import (
    Cardholder,
    ClockChange,
    HandBooking,
    InvoiceChange,
    KeypadSale,
    Menu,
    NewInvoice,
    Power,
    Reset,
)
from edgepos.simulator.faults import ActiveFault, FaultRule
from edgepos.simulator.openapi import Operation, document
from edgepos.simulator.practice import Rejected
from edgepos.simulator.provet_lists import record_id
from edgepos.simulator.results import Refused
from edgepos.simulator.service_pages import nets_page, provet_page
from edgepos.simulator.terminal import Terminal
from edgepos.simulator.variants import ConnectCloudVariants, PracticeVariants, Step, TerminalVariants

if TYPE_CHECKING:
    from edgepos.simulator.server import Simulator

Model = TypeVar("Model", bound=BaseModel)
ANSWERS = ((200, "Done"), (400, "Wrong body"), (404, "Unknown id"), (409, "Not possible now"))
INDEX = "edgepos simulator, control. Described in /openapi.json, /openapi/nets.json, /openapi/provet.json\n"

Handler = Callable[[Request], Awaitable[Any]]


class Problem(Exception):
    """What is said to the caller, in a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class AsciiJson(JSONResponse):
    """JSON that can show any text that a client sent, half surrogate pairs included."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False).encode()


class Control:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        table: list[tuple[str, str, Handler, type[BaseModel] | None]] = [
            ("GET", "/truth", self.truth, None),
            ("GET", "/calls", self.calls, None),
            ("POST", "/reset", self.reset, Reset),
            ("GET", "/faults", self.list_faults, None),
            ("POST", "/faults", self.add_fault, FaultRule),
            ("DELETE", "/faults/{id}", self.remove_fault, None),
            ("GET", "/terminals", self.list_terminals, None),
            ("GET", "/terminals/{id}", self.one_terminal, None),
            ("PUT", "/terminals/{id}", self.change_terminal, TerminalVariants),
            ("POST", "/terminals/{id}/cardholder", self.add_steps, Cardholder),
            ("DELETE", "/terminals/{id}/cardholder", self.clear_steps, None),
            ("POST", "/terminals/{id}/power", self.power, Power),
            ("POST", "/terminals/{id}/keypad_sale", self.keypad_sale, KeypadSale),
            ("POST", "/terminals/{id}/menu", self.menu, Menu),
            ("POST", "/terminals/{id}/close_session", self.close_session, None),
            ("GET", "/nets", self.nets, None),
            ("PUT", "/nets", self.change_nets, ConnectCloudVariants),
            ("GET", "/practice", self.practice, None),
            ("PUT", "/practice", self.change_practice, PracticeVariants),
            ("POST", "/practice/invoices", self.add_invoice, NewInvoice),
            ("PATCH", "/practice/invoices/{id}", self.change_invoice, InvoiceChange),
            ("POST", "/practice/bookings", self.add_booking, HandBooking),
            ("DELETE", "/practice/bookings/{id}", self.delete_booking, None),
            ("GET", "/clock", self.clock, None),
            ("POST", "/clock", self.change_clock, ClockChange),
        ]
        ids = ("70000001", "501", "9001")
        self.operations = [
            Operation(method, path, (handler.__doc__ or "").strip(), body, ANSWERS, ids=ids)
            for method, path, handler, body in table
        ]
        routes = [Route(path, _endpoint(handler), methods=[method]) for method, path, handler, _ in table]
        routes.append(Route("/", self.index))
        routes.append(Route("/openapi.json", self.openapi))
        routes.append(Route("/openapi/nets.json", self.nets_openapi))
        routes.append(Route("/openapi/provet.json", self.provet_openapi))
        self.app = Starlette(routes=routes, exception_handlers={HTTPException: _http_error})

    async def index(self, request: Request) -> Response:
        lines = [f"{o.method:6} {o.path:36} {o.summary.splitlines()[0]}" for o in self.operations]
        return PlainTextResponse("\n".join([INDEX, *lines, ""]))

    async def openapi(self, request: Request) -> Response:
        text = (__doc__ or "").strip()
        return AsciiJson(document("edgepos simulator: control", text, self.operations))

    async def nets_openapi(self, request: Request) -> Response:
        return AsciiJson(nets_page(self._simulator.nets_url))

    async def provet_openapi(self, request: Request) -> Response:
        return AsciiJson(provet_page(self._simulator.provet_url))

    # The truth.

    async def truth(self, request: Request) -> Any:
        """What the bank took, session by session, and what the practice system holds."""
        return self._simulator.world.truth()

    async def calls(self, request: Request) -> Any:
        """The requests that the two services have seen, the last 20,000 of them."""
        return {"calls": [asdict(call) for call in self._simulator.world.calls]}

    async def reset(self, request: Request) -> Any:
        """A new world from a seed."""
        body = await _body(request, Reset)
        await self._simulator.reset(body.seed)
        return {"seed": body.seed}

    # Faults.

    async def list_faults(self, request: Request) -> Any:
        """The faults in place, and how often each has hit."""
        return {"faults": [_fault(fault) for fault in self._simulator.world.faults.active.values()]}

    async def add_fault(self, request: Request) -> Any:
        """Puts a fault in place."""
        try:
            return _fault(self._simulator.add_fault(await _body(request, FaultRule)))
        except ValueError as error:
            raise Problem(409, str(error)) from None

    async def remove_fault(self, request: Request) -> Any:
        """Takes a fault away."""
        try:
            await self._simulator.remove_fault(request.path_params["id"])
        except KeyError:
            raise Problem(404, f"There is no fault {request.path_params['id']}.") from None
        return {}

    # Terminals.

    async def list_terminals(self, request: Request) -> Any:
        """All terminals."""
        return {"terminals": [_terminal(terminal) for terminal in self._simulator.world.terminals.values()]}

    async def one_terminal(self, request: Request) -> Any:
        """What a terminal is doing, and its variants."""
        return _terminal(self._terminal(request))

    async def change_terminal(self, request: Request) -> Any:
        """Changes the named variants of a terminal."""
        terminal = self._terminal(request)
        terminal.change(_merged(terminal.variants, await _body(request, TerminalVariants)))
        return _terminal(terminal)

    async def add_steps(self, request: Request) -> Any:
        """Queues acts of the cardholder: the next payment takes them in order."""
        terminal = self._terminal(request)
        for step in (await _body(request, Cardholder)).steps:
            terminal.steps.append(Step(do=step) if isinstance(step, str) else step)
        return _terminal(terminal)

    async def clear_steps(self, request: Request) -> Any:
        """Forgets the queued acts."""
        terminal = self._terminal(request)
        terminal.steps.clear()
        return _terminal(terminal)

    async def power(self, request: Request) -> Any:
        """Cuts the power for some seconds."""
        terminal = self._terminal(request)
        terminal.power_cut((await _body(request, Power)).off_s)
        return _terminal(terminal)

    async def keypad_sale(self, request: Request) -> Any:
        """A stand-alone sale, done at once."""
        terminal = self._terminal(request)
        body = await _body(request, KeypadSale)
        sale = terminal.keypad_sale(body.amount_minor, body.tip_minor)
        return _terminal(terminal) | {"stan_auth": sale.stan_auth}

    async def menu(self, request: Request) -> Any:
        """Somebody is in the menu, or it prints, wants paper, updates: busy for some seconds."""
        terminal = self._terminal(request)
        body = await _body(request, Menu)
        terminal.menu(body.s, body.doing)
        return _terminal(terminal)

    async def close_session(self, request: Request) -> Any:
        """The terminal closes its day by itself."""
        terminal = self._terminal(request)
        closed = terminal.close_session()
        return _terminal(terminal) | {"closed": closed.session, "slip": closed.slip}

    # The two clouds.

    async def nets(self, request: Request) -> Any:
        """The variants of Connect@Cloud."""
        return self._simulator.world.nets.variants.model_dump(mode="json")

    async def change_nets(self, request: Request) -> Any:
        """Changes the named variants of Connect@Cloud."""
        nets = self._simulator.world.nets
        nets.variants = _merged(nets.variants, await _body(request, ConnectCloudVariants))
        return nets.variants.model_dump(mode="json")

    async def practice(self, request: Request) -> Any:
        """The variants of the practice system."""
        return self._simulator.world.practice.variants.model_dump(mode="json")

    async def change_practice(self, request: Request) -> Any:
        """Changes the named variants of the practice system."""
        practice = self._simulator.world.practice
        practice.variants = _merged(practice.variants, await _body(request, PracticeVariants))
        return practice.variants.model_dump(mode="json")

    async def add_invoice(self, request: Request) -> Any:
        """A new invoice, made at the desk."""
        body = await _body(request, NewInvoice)
        world = self._simulator.world
        if body.client is not None and body.client not in world.practice.clients:
            raise Problem(404, f"There is no client {body.client}.")
        invoice = world.practice.new_invoice(**body.model_dump())
        return world.invoice_truth(invoice.id)

    async def change_invoice(self, request: Request) -> Any:
        """Voids an invoice, makes it a draft, adds to it."""
        world = self._simulator.world
        invoice = world.practice.invoices.get(record_id(request))
        if invoice is None:
            raise Problem(404, f"There is no invoice {request.path_params['id']}.")
        body = await _body(request, InvoiceChange)
        for name, value in body.model_dump(exclude={"add_minor"}, exclude_none=True).items():
            setattr(invoice, name, value)
        if body.add_minor is not None:
            world.practice.add_row(invoice, "Tillägg", body.add_minor)
        invoice.modified = world.practice.now()
        return world.invoice_truth(invoice.id)

    async def add_booking(self, request: Request) -> Any:
        """A payment booked by hand in the practice system."""
        body = await _body(request, HandBooking)
        world = self._simulator.world
        if body.invoice not in world.practice.invoices:
            raise Problem(404, f"There is no invoice {body.invoice}.")
        try:
            booking = world.practice.book(
                body.invoice, body.paid_minor, payment_type=body.payment_type, info=body.info, by_hand=True
            )
        except Rejected as rejected:
            raise Problem(409, rejected.text) from None
        return world.booking_truth(booking.id)

    async def delete_booking(self, request: Request) -> Any:
        """A payment's row disappears from the books, as no call of the API can do it."""
        try:
            self._simulator.world.practice.delete(record_id(request))
        except KeyError:
            raise Problem(404, f"There is no booking {request.path_params['id']}.") from None
        return {}

    # The clock.

    async def clock(self, request: Request) -> Any:
        """The simulator's time. Virtual: also how far it may run and who takes part."""
        clock, master = self._simulator.clock, self._simulator.master
        shown: dict[str, Any] = {"now": rfc3339(clock.now()), "monotonic_s": clock.monotonic(), "virtual": bool(master)}
        if master is not None:
            until = None if master.until == float("inf") else master.until
            shown |= {"hold": master.hold, "until": until, "participants": master.participants}
        return shown

    async def change_clock(self, request: Request) -> Any:
        """Holds virtual time, lets it run, sets a wall clock wrong. Advancing answers when that time is reached."""
        body = await _body(request, ClockChange)
        master = self._simulator.master
        if master is None:
            raise Problem(409, "This simulator runs in real time.")
        if body.hold is not None:
            master.hold = body.hold
        if "until" in body.model_fields_set:
            master.until = float("inf") if body.until is None else body.until
        if body.wall_offset_s is not None:
            master.set_wall_offset(body.participant, body.wall_offset_s)
        if body.reboot:
            master.reboot(body.participant)
        if body.advance_s is not None:
            await master.advance(body.advance_s)
        return await self.clock(request)

    def _terminal(self, request: Request) -> Terminal:
        terminal = self._simulator.world.terminals.get(request.path_params["id"])
        if terminal is None:
            raise Problem(404, f"There is no terminal {request.path_params['id']}.")
        return terminal


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return AsciiJson(await handler(request))
        except Problem as problem:
            return AsciiJson({"error": str(problem)}, problem.status)
        except Refused as refused:
            return AsciiJson({"error": f"The terminal does not take it: {refused.text}."}, 409)

    return endpoint


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return AsciiJson({"error": error.detail}, error.status_code, headers=error.headers)


async def _body(request: Request, model: type[Model]) -> Model:
    """The body as *model*; an empty body is an empty object."""
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Problem(400, f"{where}: {first['msg']}." if where else f"{first['msg']}.") from None


def _merged(present: Model, change: Model) -> Model:
    return present.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})


def _fault(fault: ActiveFault) -> dict[str, Any]:
    return fault.rule.model_dump(mode="json") | {"id": fault.id, "seen": fault.seen, "hit": fault.hit}


def _terminal(terminal: Terminal) -> dict[str, Any]:
    last = terminal.last
    return {
        "id": terminal.id,
        "name": terminal.name,
        "model": terminal.model,
        "state": terminal.state,
        "doing": terminal.doing,
        "connected": terminal.is_connected,
        "session": terminal.ledger.current.session,
        "must_reconcile": terminal.must_reconcile,
        "steps": [step.model_dump(mode="json") for step in terminal.steps],
        "last": last and {
            "result": last.result, "kind": last.kind, "amount_minor": last.amount_minor, "order_id": last.order_id,
            "stan_auth": last.stan_auth, "origin": last.origin, "at": rfc3339(last.at),
        },
        "variants": terminal.variants.model_dump(mode="json"),
    }  # fmt: skip
