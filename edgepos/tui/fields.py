"""A step in which a person types or chooses a few things, one after the other: Enter goes on, the last one sends.

What is typed lives in the widgets and nowhere else; leaving the step drops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import var
from textual.widgets import Input

from edgepos.locale.words import N_, _
from edgepos.tui.before import Go
from edgepos.tui.caption import Caption
from edgepos.tui.place import Step
from edgepos.tui.text_line import TextLine


class Field(Horizontal):
    """A label and a line to type in. What is pasted loses its line ends."""

    def __init__(self, id: str, label: str, value: str = "", *, hint: str = "", most: int = 40) -> None:
        super().__init__(id=id, classes="field")
        self._label = label
        self._input = Line(value, placeholder=hint, max_length=most, select_on_focus=True)

    def compose(self) -> ComposeResult:
        yield Caption(self._label, classes="label")
        yield self._input

    @property
    def value(self) -> str:
        return " ".join(self._input.value.split())

    def put(self, text: str) -> None:
        self._input.value = text


class Line(TextLine):
    BINDINGS = [Binding("enter", "submit", N_("Go on"), id="field.next")]


class Pick(Horizontal):
    """A choice of a few: the arrows change it."""

    at: var[int] = var(0)

    class Changed(Message):
        pass

    def __init__(self, id: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None = None) -> None:
        """*options* are (id, words), translated."""
        super().__init__(id=id, classes="field")
        self._label = label
        self._options = tuple(options)
        self.set_reactive(
            Pick.at, max(0, [one for one, _words in options].index(chosen) if chosen in dict(options) else 0)
        )

    def compose(self) -> ComposeResult:
        yield Caption(self._label, classes="label")
        yield Choice(self._text())

    def put(self, options: Sequence[tuple[str, str]]) -> None:
        """The same choice with other words."""
        if tuple(options) != self._options:
            here = self.value
            self._options = tuple(options)
            self.at = max(0, next((at for at, (id, _words) in enumerate(options) if id == here), 0))
            self.watch_at()

    @property
    def value(self) -> str:
        return self._options[self.at][0] if self._options else ""

    @property
    def words(self) -> str:
        return self._options[self.at][1] if self._options else ""

    def _text(self) -> str:
        return f"← {self.words} →" if len(self._options) > 1 else self.words

    def move(self, by: int) -> None:
        if self._options:
            self.at = (self.at + by) % len(self._options)

    def watch_at(self) -> None:
        if self.is_mounted and self.query(Choice):
            self.query_one(Choice).update(self._text())
            self.post_message(self.Changed())


class Choice(Caption, can_focus=True):
    BINDINGS = [
        Binding("left,up", "move(-1)", show=False),
        Binding("right,down", "move(1)", show=False),
        Binding("space", "move(1)", N_("Other"), id="pick.other"),
        Binding("enter", "next", N_("Go on"), id="pick.next"),
    ]

    def action_move(self, by: int) -> None:
        cast(Pick, self.parent).move(by)

    def action_next(self) -> None:
        if isinstance(self.screen, Filling):
            self.screen.go_on()

    def on_click(self) -> None:
        self.action_move(1)


class Filling(Step):
    """Implement `fields`, `go_text` (what the last Enter does; None while something is missing) and `send`."""

    BINDINGS = [Binding("enter", "send", N_("Send"), id="filling.send")]

    def __init__(self) -> None:
        super().__init__()
        self.missing = ""
        """Why it cannot be sent, for the line that would send it."""

    def body(self) -> ComposeResult:
        with Vertical(classes="filling"):
            yield from self.fields()
            yield Go(classes="go")

    def fields(self) -> ComposeResult:
        yield from ()

    def go_text(self) -> str | None:
        raise NotImplementedError

    def send(self) -> None:
        raise NotImplementedError

    def on_mount(self) -> None:
        self.first.focus()
        self.redraw_go()

    @property
    def first(self) -> Input | Choice:
        """Where it begins."""
        return cast("Input | Choice", self.query(".field Input, .field Choice").first())

    def text(self, id: str) -> str:
        return self.query_one(f"#{id}", Field).value

    def choice(self, id: str) -> str:
        return self.query_one(f"#{id}", Pick).value

    def redraw_go(self) -> None:
        text = self.go_text()
        go = self.query_one(Go)
        go.update(_("Enter: {what}").format(what=text) if text else self.missing)
        go.set_class(text is None, "-missing")

    def go_on(self) -> None:
        """To the next field that is shown, and after the last to what sends it."""
        stops = [one for one in self.query(".field Input, .field Choice") if one.parent and one.parent.display]
        here = self.focused
        at = stops.index(here) + 1 if here in stops else 0
        (stops[at] if at < len(stops) else self.query_one(Go)).focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.redraw_go()

    def on_pick_changed(self, message: Pick.Changed) -> None:
        message.stop()
        self.redraw_go()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.go_on()

    def on_go_pressed(self, message: Go.Pressed) -> None:
        """A tap: it is the same as Enter there."""
        message.stop()
        self.query_one(Go).focus()
        self._send_once()

    def action_send(self) -> None:
        if isinstance(self.focused, Go):
            self._send_once()
        else:
            self.go_on()

    def _send_once(self) -> None:
        if self.go_text() is None:
            self.say(self.missing, "warn")
        else:
            self.send()
