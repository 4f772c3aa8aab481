"""An operator's PIN: asked for when the agent says that an act needs one, and good for that act alone.

The PIN is never kept: it goes into one question to the agent, and the session that it gives is ended after the act.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Any, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from edgepos.client.aio import AsyncAgent
from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.chrome import Answer, Keys
from edgepos.tui.fields import Line
from edgepos.tui.pad import Pad
from edgepos.tui.place import Frame, Question
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.tiles import Tiles
from edgepos.tui.view import Document

Result = TypeVar("Result")
ROLES = {"staff": N_("staff"), "senior": N_("may give back and correct"), "technician": N_("technician")}


async def with_pin(place: Frame[Any], act: Callable[[AsyncAgent], Awaitable[Result]]) -> Result:
    """*act*; and if it needs a PIN, once more as whoever gives theirs. Raises AgentError. For use in a worker."""
    agent = place.clinic.agent
    try:
        return await act(agent)
    except AgentError as refused:
        if refused.code != "pin-needed":
            raise
        session = await place.app.push_screen_wait(Pin(str(refused.facts.get("needed", ""))))
        if session is None:
            raise
    raised = copy(agent)
    raised.session = session
    try:
        return await act(raised)
    finally:
        await end_session(raised)


async def end_session(agent: AsyncAgent) -> None:
    """What the PIN opened is closed; if nobody can be asked, the session ends by itself."""
    with contextlib.suppress(AgentError):
        await agent.post("/logout")


class PinEntry(Horizontal):
    """Who, and beside it the PIN. Says `Given` when both are there; digits go to the PIN wherever the bar stands."""

    class Given(Message):
        def __init__(self, operator: str, pin: str) -> None:
            super().__init__()
            self.operator = operator
            self.pin = pin

    def compose(self) -> ComposeResult:
        yield Tiles((Column(14, share=1), Column(30, least=46)), least=34)
        with Vertical():
            yield Line(id="pin", placeholder=N_("PIN"), password=True, max_length=12)
            yield Pad()

    def put(self, people: Sequence[Document]) -> None:
        """Who may give a PIN."""
        rows = self.query_one(Rows)
        rows.fill(
            Row(one["operator"], (one["name"] or one["operator"], _(ROLES.get(str(one["role"]), str(one["role"])))))
            for one in people
            if one["active"]
        )
        rows.display = len(rows.shown) > 1
        (rows if rows.display else self.query_one(Line)).focus()

    def clear(self) -> None:
        self.query_one(Line).value = ""

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Rows).has_focus and event.character and event.character in "0123456789":
            event.stop()
            self._type(event.character)

    def on_pad_pressed(self, message: Pad.Pressed) -> None:
        message.stop()
        line = self.query_one(Line)
        if message.sign == Pad.BACK:
            line.value = line.value[:-1]
        elif message.sign == Pad.ENTER:
            self._give()
        else:
            self._type(message.sign)

    def _type(self, digit: str) -> None:
        line = self.query_one(Line)
        value = line.value + digit
        line.focus()
        line.value = value
        self.call_after_refresh(lambda: setattr(line, "cursor_position", len(line.value)))

    def on_rows_taken(self, message: Rows.Taken) -> None:
        message.stop()
        self.query_one(Line).focus()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        message.stop()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._give()

    def _give(self) -> None:
        row, line = self.query_one(Rows).row, self.query_one(Line)
        if row is not None and line.value:
            self.post_message(self.Given(row.id, line.value))
            line.value = ""


class Pin(Question[str | None]):
    """The session of whoever gave their PIN; None if nobody did. *needed* is the role that the act needs."""

    BINDINGS = [Binding("escape", "dismiss(None)", N_("Back"), id="pin.back")]

    def __init__(self, needed: str) -> None:
        super().__init__()
        self._needed = needed

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Caption(self._question(), classes="question")
            yield PinEntry()
            yield Answer()
            yield Keys()

    def _question(self) -> str:
        if self._needed == "technician":
            return _("This needs a technician's PIN. Who are you?")
        return _("This needs the PIN of somebody who may do it. Who are you?")

    def on_mount(self) -> None:
        self.ask(lambda: self.clinic.agent.get("/operators"), self._put)

    def _put(self, document: Any) -> None:
        able = [one for one in document["operators"] if one["active"] and _may(one["role"], self._needed)]
        self.query_one(PinEntry).put(able)
        self.query_one(PinEntry).display = bool(able)
        if not able:
            self.say(_("Nobody here has such a PIN yet. A technician gives one with: edgepos operators"), "warn")

    def on_pin_entry_given(self, message: PinEntry.Given) -> None:
        body = {"operator": message.operator, "pin": message.pin}
        self.ask(lambda: self.clinic.agent.post("/login", body), self._logged_in)

    def _logged_in(self, document: Any) -> None:
        self.dismiss(str(document["session"]))


def _may(role: str, needed: str) -> bool:
    order = ("staff", "senior", "technician")
    return role in order and (needed not in order or order.index(role) >= order.index(needed))
