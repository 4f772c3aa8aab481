"""The terminal's slip of a payment, word for word; and a COPY to hand out again, which is counted."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from edgepos.client.http import path_of
from edgepos.locale.words import N_, _, ngettext
from edgepos.tui.caption import Caption
from edgepos.tui.place import Step


class Receipt(Step):
    title_word = N_("Receipt")
    BINDINGS = [
        Binding("space", "other", N_("Other slip"), id="receipt.other", tooltip=N_("The customer's or the merchant's")),
        Binding("c", "copy", N_("Copy"), id="receipt.copy", tooltip=N_("To hand out again: marked and counted")),
    ]

    def __init__(self, payment: str) -> None:
        super().__init__()
        self._payment = payment
        self._slip = "customer"

    def body(self) -> ComposeResult:
        yield Caption(id="slip-head")
        with VerticalScroll(id="slip-box"):
            yield Caption(id="slip")

    def on_mount(self) -> None:
        self._read()
        self.query_one("#slip-box").focus()

    def _read(self, *, is_copy: bool = False) -> None:
        path = path_of("payments", self._payment, "receipt")
        shown = "printed" if is_copy else "text"
        self.ask(
            lambda: self.clinic.agent.get(path, slip=self._slip, copy=1 if is_copy else None),
            lambda document: self._put(document, str(document[shown] or "")),
        )

    def _put(self, document: Any, text: str) -> None:
        slip = self.query_one("#slip", Caption)
        lines = text.replace("\r\n", "\n").splitlines()
        if lines and self.view.is_training:
            mark = _("*** TRAINING, NOT A RECEIPT ***")
            lines = [mark, "", *lines, "", mark]
        slip.update("\n".join(lines) or _("There is no slip: the terminal gave none, or its answer was lost."))
        whose = _("The customer's slip") if self._slip == "customer" else _("The merchant's slip")
        copies = int(document["copies"] or 0)
        made = (
            ngettext("{n} copy was handed out", "{n} copies were handed out", copies).format(n=copies) if copies else ""
        )
        self.query_one("#slip-head", Caption).update("   ".join(part for part in (whose, self._payment, made) if part))

    def action_other(self) -> None:
        """The customer's slip and the merchant's in turn."""
        self._slip = "merchant" if self._slip == "customer" else "customer"
        self._read()

    def action_copy(self) -> None:
        """A slip is handed out twice only as a copy; each is counted in the journal."""
        self._read(is_copy=True)
