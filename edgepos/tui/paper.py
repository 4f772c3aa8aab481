"""A text in full, as a step: a closing report, an X report, a log. Esc goes back."""

from __future__ import annotations

from textual.app import ComposeResult

from edgepos.tui.place import Step
from edgepos.tui.sheet import Sheet


class Paper(Step):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def body(self) -> ComposeResult:
        yield Sheet(id="paper")

    def on_mount(self) -> None:
        sheet = self.query_one("#paper", Sheet)
        sheet.put(self._text)
        sheet.focus()
