"""A terminal in a few lines: its place, model, state as a word, and the mend for it. For the desk and the places."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.view import Document

LOOKS: Mapping[str, str] = {
    "ready": "good", "in_use": "live", "busy": "warn", "restarting": "warn", "not_checked": "warn",
    "reconcile_first": "warn", "payment_unknown": "warn", "held": "bad", "not_reached": "bad",
    "no_bank_contact": "bad", "not_in_account": "bad",
}  # fmt: skip
MARKS: Mapping[str, str] = {"good": "•", "live": "▶", "warn": "!", "bad": "!"}
"""A sign beside each word: nothing hangs on colour."""
KEYS: Mapping[str, str] = {"reconcile_first": "F5", "payment_unknown": "F8", "not_reached": "F6", "no_bank_contact": "F6",
                           "not_in_account": "F6", "held": "F6", "busy": "F6"}  # fmt: skip
"""Where the mend is."""
MENDS: Mapping[str, str] = {
    "in_use": N_("A payment is running here. Wait for it, or see it on the desk."),
    "busy": N_("Somebody is in its menu, or it prints. Finish or cancel on the terminal."),
    "reconcile_first": N_("Reconcile it: F5."),
    "restarting": N_("Wait two minutes; it comes back by itself."),
    "not_reached": N_("The ECR lamp is not green: check power and network cable, then restart it."),
    "no_bank_contact": N_("The host lamp is not green: check the clinic's network; if others work, restart it."),
    "not_in_account": N_("Ask Nets to bind it to the account. Call a technician."),
    "payment_unknown": N_("Do not charge again. edgepos goes on asking the terminal. F8 says more."),
    "held": N_("Nothing is sent to it. A technician releases it."),
    "not_checked": N_("Nets does not answer, so nothing is known of it."),
}


def look_of(terminal: Document) -> str:
    return LOOKS.get(str(terminal.get("state")), "warn")


def state_line(terminal: Document, *, here: str = "") -> str:
    """`• READY`, `! NOT REACHED  F6`; *here*: the key of the place where it stands, which leads nowhere from there."""
    state, key = str(terminal.get("state")), mend_key(terminal).replace(here, "")
    return f"{MARKS[look_of(terminal)]} {_(states.word(states.TERMINALS, state))}" + (f"  {key}" if key else "")


def mend_key(terminal: Document) -> str:
    """The key of the place where the mend is; empty where there is none."""
    return KEYS.get(str(terminal.get("state")), "")


def mend(terminal: Document) -> str:
    text = MENDS.get(str(terminal.get("state")))
    return _(text) if text else ""


class TerminalCard(Widget):
    """A terminal on the desk: name and model, its state, and what runs there or what to do, where there is room."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "card--name", "card--model", "card--good", "card--live", "card--warn", "card--bad"
    }  # fmt: skip

    def __init__(self, terminal: str) -> None:
        super().__init__()
        self.terminal = terminal
        self._lines: list[tuple[str, str]] = []
        """Text and component class of each line below the name."""
        self._label = ("", "")

    def show(self, terminal: Document, running: str) -> None:
        """*running*: the amount of what runs there."""
        name = (str(terminal.get("name", "")), str(terminal.get("model", "")))
        width = max(12, self.size.width)
        lines = [
            (text, f"card--{look_of(terminal)}") for text in wrap(state_line(terminal), width, subsequent_indent="  ")
        ]
        lines += [(text, "card--model") for text in _wrapped(running or mend(terminal), width - 2)]
        if (name, lines) != (self._label, self._lines):
            before = self._high
            self._label, self._lines = name, lines
            self.refresh(layout=self._high != before)

    @property
    def _high(self) -> int:
        """The rows that it takes, within what its style allows."""
        least, most = (int(one.value) if one else 0 for one in (self.styles.min_height, self.styles.max_height))
        return max(least, min(most or 1 + len(self._lines), 1 + len(self._lines)))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Name, state, and what is said of it."""
        return 1 + len(self._lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            name, model = self._label
            space = width - cell_len(name) - cell_len(model)
            style = self.get_component_rich_style("card--name")
            if space < 1:
                return Strip([Segment(set_cell_size(name, width), style)], width)
            return Strip(
                [Segment(name + " " * space, style), Segment(model, self.get_component_rich_style("card--model"))],
                width,
            )
        if not 1 <= y <= len(self._lines):
            return Strip.blank(width, self.rich_style)
        text, look = self._lines[y - 1]
        is_cut = y == self.size.height - 1 and y < len(self._lines)
        text = set_cell_size(text, width - 1) + "…" if is_cut and cell_len(text) >= width else text + "…" * is_cut
        return Strip([Segment(set_cell_size(text, width), self.get_component_rich_style(look))], width)

    def on_click(self) -> None:
        self.app.simulate_key("f6")


def _wrapped(text: str, width: int) -> list[str]:
    """*text* in lines of *width*, set in by two."""
    return [f"  {line}" for line in wrap(text, width)]
