"""A line of text that a person has to give: what was done about a finding, a number in Provet. Esc gives none."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.chrome import Answer, Keys
from edgepos.tui.fields import Line
from edgepos.tui.place import Question


class Note(Question[str | None]):
    BINDINGS = [Binding("escape", "dismiss(None)", N_("Back"), id="note.back")]

    def __init__(self, question: str, value: str = "") -> None:
        super().__init__()
        self._question = question
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Caption(self._question, classes="question")
            yield Line(self._value, max_length=200, select_on_focus=True)
            yield Answer()
            yield Keys()

    def on_mount(self) -> None:
        self.query_one(Line).focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if text := " ".join(message.value.split()):
            self.dismiss(text)
        else:
            self.say(_("Type something, or press Esc."), "warn")
