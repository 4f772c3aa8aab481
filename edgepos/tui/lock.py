"""Locked: nothing can be started, what runs stays in sight. A PIN opens it, or Enter where no operator has one."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Static

from edgepos.client.errors import AgentError
from edgepos.locale.words import N_, _
from edgepos.tui.place import Place


class Lock(Place):
    BINDINGS = [
        Binding("escape", "nothing", show=False),
        Binding("enter", "open", N_("Unlock"), id="lock.open"),
    ]

    def body(self) -> ComposeResult:
        with Vertical(classes="middle"):
            yield Static(_("LOCKED"), id="locked")
            yield Input(placeholder=_("operator"), id="operator", max_length=16)
            yield Input(placeholder=_("PIN"), id="pin", max_length=12, password=True)
            yield Static(id="hint", markup=False)

    def arrived(self) -> None:
        for field in self.query(Input):
            field.value = ""
        self.query_one("#operator", Input).focus()
        self.run_worker(self._look, group="operators", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        """Without any operator there is no PIN, and locking only hides the desk."""
        try:
            people = (await self.clinic.agent.get("/operators"))["operators"]
        except AgentError:
            people = None  # nobody can be asked: nothing is opened
        is_open = people is not None and not any(one["active"] for one in people)
        for field in self.query(Input):
            field.display = not is_open
        self.query_one("#hint", Static).update(_("Press Enter.") if is_open else _("Operator and PIN, then Enter."))
        if is_open:
            self.set_focus(None)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if message.input.id == "operator":
            self.query_one("#pin", Input).focus()
        else:
            self.action_open()

    def action_open(self) -> None:
        operator, pin = (self.query_one(f"#{name}", Input) for name in ("operator", "pin"))
        if not operator.display:
            self.clinic.go("desk")
            return
        body = {"operator": operator.value.strip(), "pin": pin.value}
        pin.value = ""
        self.ask(lambda: self.clinic.agent.post("/login", body), self._opened)

    def _opened(self, session: Any) -> None:
        self.clinic.go("desk")

    def action_nothing(self) -> None:
        """Esc does not lead out of here."""
