"""One test terminal of a test account, and what can be done with it: purchases, look-ups, reconciliations, plainly.

References of the pilot begin with P: none is of edgepos' own form, so that no journal ever takes one for its own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepos.agent.pilot.line import Line, Reply
from edgepos.agent.pilot.person import Person
from edgepos.agent.settings import Settings, TerminalSettings
from edgepos.chance import Chance
from edgepos.clock import Clock

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONGEST_S = 400.0
REST_S = 420.0
LOOK_UP_S = 60.0
STARTS_S = 4.0
"""After so long a purchase that was taken waits for a card; one that was refused has been answered."""
FIRST_LOOK_S = 5.0


class CannotTry(Exception):
    """A trial that does not come about, with the reason in words."""


@dataclass(frozen=True, slots=True)
class Running:
    """A purchase under way."""

    reply: asyncio.Task[Reply]
    order_id: str
    amount_minor: int

    @property
    def has_ended(self) -> bool:
        return self.reply.done()


class Bench:
    """*line* is logged in by `log_in`. Amounts differ from purchase to purchase, so that results tell themselves apart."""

    def __init__(
        self,
        line: Line,
        *,
        settings: Settings,
        terminal: TerminalSettings,
        password: str,
        person: Person,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self.line, self.settings, self.terminal = line, settings, terminal
        self.person, self.clock, self.chance = person, clock, chance
        self._password = password
        self._amount = 100
        self._tasks: set[asyncio.Task[Reply]] = set()

    @property
    def path(self) -> str:
        return f"/v1/terminal/{self.terminal.id}"

    async def log_in(self) -> Reply:
        nets = self.settings.organisation.nets
        assert nets is not None
        body = {"username": nets.username, "password": self._password}
        reply = await self.line.ask("POST", "/v1/login", body, token="")
        token = reply.object.get("token")
        if not isinstance(token, str):
            raise CannotTry(f"the login gave no token: {reply.shown}")
        self.line.token = token
        return reply

    def reference(self) -> str:
        """As long as one of edgepos' own, of the same letters, and never one of them."""
        return "P" + "".join(LETTERS[self.chance.bits(5)] for _ in range(12))

    async def card(self) -> None:
        await self.person.please("card", "Have the test card at hand: show it whenever the terminal asks for a card.")

    async def no_card(self) -> None:
        await self.person.please("no-card", "Do not show a card, whatever the terminal asks, until you are asked to.")

    # --- what is asked

    async def state(self) -> Reply:
        return await self.line.ask("GET", self.path)

    async def look_up(self) -> Reply:
        return await self.line.ask("GET", f"{self.path}/transaction", limit_s=LOOK_UP_S)

    async def purchase(self, *, order_id: str = "", kind: str = "purchase", amount_minor: int = 0) -> Running:
        """Begin one; it is waited for with `end`."""
        self._amount += 1
        amount = amount_minor or self._amount
        order_id = order_id or self.reference()
        body = {"transactionType": kind, "amount": amount, "orderId": order_id}
        asking = self.line.ask("POST", f"{self.path}/transaction", body, limit_s=LONGEST_S)
        task = asyncio.get_running_loop().create_task(asking, name=f"pilot {order_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Running(task, order_id, amount)

    async def paid(self) -> tuple[Running, Reply]:
        """A purchase for which the person shows the test card. Reconciles first where the terminal wants that."""
        await self.rest()
        await self.card()
        for is_last in (False, True):
            running = await self.purchase()
            reply = await running.reply
            if result(reply).get("result") == "0" and reply.is_done:
                return running, reply
            if is_last or result(reply).get("responsecode") not in ("87", "90"):
                break
            await self.reconcile()
        raise CannotTry(f"the purchase was not approved: {reply.shown}")

    @contextlib.asynccontextmanager
    async def waiting(self) -> Any:
        """A purchase that waits for a card, which nobody shows; it is ended afterwards."""
        await self.rest()
        await self.no_card()
        running = await self.purchase()
        await self.clock.sleep(STARTS_S)
        if running.has_ended:
            reply = running.reply.result()
            if result(reply).get("responsecode") in ("87", "90"):
                await self.reconcile()
                running = await self.purchase()
                await self.clock.sleep(STARTS_S)
        if running.has_ended:
            raise CannotTry(f"the purchase did not wait for a card: {running.reply.result().shown}")
        try:
            yield running
        finally:
            if not running.has_ended:
                await self.cancel()
            await self.end(running)

    async def end(self, running: Running) -> Reply:
        return await running.reply

    async def cancel(self) -> Reply:
        return await self.line.ask("POST", f"{self.path}/administration", {"action": "cancelAction"}, limit_s=60.0)

    async def void(self, amount_minor: int) -> Reply:
        return await self.line.ask("DELETE", f"{self.path}/transaction", {"amount": amount_minor}, limit_s=LONGEST_S)

    async def reconcile(self) -> Reply:
        await self.rest()
        body = {"action": "reconciliation"}
        return await self.line.ask("POST", f"{self.path}/administration", body, limit_s=180.0)

    async def rest(self) -> None:
        """Wait until the terminal rests. Raises CannotTry after as long as no operation can take."""
        began = self.clock.monotonic()
        while word(await self.state()) != "idle":
            if self.clock.monotonic() - began > REST_S:
                raise CannotTry("the terminal did not come to rest")
            await self.clock.sleep(2.0)

    async def last(self) -> Reply:
        """The last result, once it can be expected to show."""
        await self.rest()
        await self.clock.sleep(FIRST_LOOK_S)
        return await self.look_up()

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.line.aclose()


# --- reading what came, as little as is needed to tell one thing from another


def word(reply: Reply) -> str:
    """A state's word; '' where the answer has none."""
    terminal = reply.object.get("terminal")
    found = terminal.get("terminalState") if isinstance(terminal, Mapping) else None
    return str(found).lower() if found else ""


def raw_result(reply: Reply) -> Mapping[str, Any]:
    """The terminal's fields as they stand, wherever the answer has them."""
    failure, found = reply.object.get("failure"), reply.object.get("result")
    element = found[0] if isinstance(found, list) and found else found
    for place, key in ((element, "latestTransactionResult"), (element, "localModeEventArgs"),
                       (failure, "localModeEventArgs")):  # fmt: skip
        if isinstance(place, Mapping) and isinstance(place.get(key), Mapping):
            return place[key]  # type: ignore[no-any-return]
    return {}


def result(reply: Reply) -> dict[str, str]:
    """The same with small keys and texts, for comparing."""
    return {str(key).lower(): "" if value is None else str(value) for key, value in raw_result(reply).items()}


def order_id(reply: Reply) -> str:
    """The reference that an answer gives back, in any of the places where one was seen; '' where it gives none."""
    failure, found = reply.object.get("failure"), reply.object.get("result")
    element = found[0] if isinstance(found, list) and found else found
    for place in (raw_result(reply), element, failure, reply.object):
        if isinstance(place, Mapping) and isinstance(place.get("orderId"), str) and place["orderId"]:
            return str(place["orderId"])
    return ""


def claims(token: str) -> Mapping[str, Any]:
    """What a token says of itself; nothing where it cannot be read."""
    try:
        payload = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError):
        return {}
    return told if isinstance(told, Mapping) else {}
