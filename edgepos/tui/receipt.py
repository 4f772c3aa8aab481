"""The terminal's slip of a payment, word for word."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.place import Step


class Receipt(Step):
    title_word = N_("Receipt")
    BINDINGS = [Binding("space", "other", N_("Other slip"), id="receipt.other")]

    def __init__(self, payment: str) -> None:
        super().__init__()
        self._id = payment
        self._slip = "customer"

    def body(self) -> ComposeResult:
        with VerticalScroll(id="slip-box"):
            yield Static(id="slip", markup=False)

    def on_mount(self) -> None:
        self._read()
        self.query_one("#slip-box").focus()

    def _read(self) -> None:
        path = path_of("payments", self._id, "receipt")
        self.ask(lambda: self.clinic.agent.get(path, slip=self._slip), self._put)

    def _put(self, document: Any) -> None:
        text = str(document["text"] or "").replace("\r\n", "\n")
        self.query_one("#slip", Static).update(text or _("There is no slip: the terminal gave none, or its answer was lost."))

    def action_other(self) -> None:
        """The customer's slip and the merchant's in turn."""
        self._slip = "merchant" if self._slip == "customer" else "customer"
        self._read()
