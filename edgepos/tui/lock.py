"""Locked: nothing can be started, what runs stays in sight. A PIN opens it, or Enter where no operator has one.

Whoever opens it is written down as the one who works here, until it is locked again.
"""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui.background import background
from edgepos.tui.caption import Caption
from edgepos.tui.figures import Figures
from edgepos.tui.pin import PinEntry, end_session
from edgepos.tui.place import Place
from edgepos.tui.rows import Rows

AGAIN_S = 2.0
"""Between two looks while the agent cannot say who has a PIN."""


class Lock(Place):
    BINDINGS = [
        Binding("escape", "nothing", show=False),
        Binding("enter", "open", N_("Unlock"), id="lock.open"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._needs_pin = True
        """Nothing is opened before it is known whether anybody has a PIN."""

    def body(self) -> ComposeResult:
        with Vertical(id="lock-box"):
            yield Figures(id="lock-word", centred=True)
            yield Caption(id="lock-hint")
            yield PinEntry()

    def arrived(self) -> None:
        self._needs_pin = True
        self.query_one("#lock-word", Figures).update(_("LOCKED"))
        self.query_one(PinEntry).display = False
        self.query_one(PinEntry).clear()
        self.say("")
        background(self, self._look, group="operators")

    async def _look(self) -> None:
        """The last person's session ends; then who may open it. Without any operator, locking only hides the desk."""
        agent = self.clinic.agent
        if agent.session is not None:
            await end_session(agent)
            agent.session = None
        try:
            people = (await agent.get("/operators"))["operators"]
        except AgentError as error:
            self.refuse(error)
            self.set_timer(AGAIN_S, self._look_again)
            return
        self._needs_pin = any(one["active"] for one in people)
        entry = self.query_one(PinEntry)
        entry.display = self._needs_pin
        hint = _("Who are you? Then your PIN.") if self._needs_pin else _("Nobody has a PIN here. Enter opens it.")
        self.query_one("#lock-hint", Caption).update(hint)
        if self._needs_pin:
            entry.put(people)
        else:
            self.set_focus(None)
        self.refresh_bindings()

    def _look_again(self) -> None:
        if self.is_current:
            background(self, self._look, group="operators")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open" and self._needs_pin:
            return False
        return super().check_action(action, parameters)

    def on_pin_entry_given(self, message: PinEntry.Given) -> None:
        body = {"operator": message.operator, "pin": message.pin}
        self.ask(lambda: self.clinic.agent.post("/login", body), self._opened)

    def _opened(self, session: Any) -> None:
        self.clinic.agent.session = str(session["session"])
        self.say("")
        self.clinic.go("desk")

    def action_open(self) -> None:
        if not self._needs_pin:
            self.clinic.go("desk")

    def action_nothing(self) -> None:
        """Esc does not lead out of here."""

    def forget(self) -> None:
        self.query_one(PinEntry).clear()
        rows = self.query_one(PinEntry).query_one(Rows)
        if rows.display:
            rows.focus()
