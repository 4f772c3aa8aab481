"""Somebody who works here gets a name and a PIN; who is known already gets others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import ComposeResult
from textual.widgets import Input

from edgepos.client.aio import AsyncAgent
from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.fields import Field, Filling, Pick

ROLES = (
    ("staff", N_("payments")),
    ("senior", N_("and corrections, and refunds above the limit")),
    ("technician", N_("all")),
)
WithSession = Callable[[Callable[[AsyncAgent], Awaitable[Any]]], Awaitable[Any]]


class AddPerson(Filling):
    title_word = N_("Add a person")

    def __init__(self, with_session: WithSession) -> None:
        """*with_session* asks the agent as a technician."""
        super().__init__()
        self._with_session = with_session

    def fields(self) -> ComposeResult:
        how = _(
            "The short name stands beside payments. Whoever is known by it already gets the other name, role and PIN."
        )
        yield Caption(how, classes="filling-how")
        yield Field("person-id", _("short name"), hint=_("small letters and digits, such as anna"), most=16)
        yield Field("person-name", _("name as shown"), most=60)
        yield Pick("person-role", _("may do"), [(role, _(word)) for role, word in ROLES])
        yield Field("person-pin", "PIN", hint=_("4 to 12 digits"), most=12)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#person-pin Input", Input).password = True

    def go_text(self) -> str | None:
        pin = self.text("person-pin")
        if not self.text("person-id"):
            self.missing = _("Type a short name.")
        elif not (pin.isascii() and pin.isdecimal() and len(pin) >= 4):
            self.missing = _("Type a PIN of 4 to 12 digits.")
        else:
            return _("add {name}").format(name=self.text("person-name") or self.text("person-id"))
        return None

    def send(self) -> None:
        id = self.text("person-id").casefold()
        body = {
            "operator": id, "name": self.text("person-name") or id, "role": self.choice("person-role"),
            "pin": self.text("person-pin"), "active": True,
        }  # fmt: skip
        self.ask(lambda: self._with_session(lambda agent: agent.post("/operators", body)), self._done, group="send")

    def _done(self, person: Any) -> None:
        clinic = self.clinic
        self.dismiss()
        place = clinic.screen
        if hasattr(place, "say"):
            place.say(_("{name} may log in.").format(name=person["name"]), "good")
