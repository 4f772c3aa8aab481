"""What frames every screen: the line on top, what runs, the keys that work now, and the line that answers.

The header has no icon and the keys no separators: a console's font does not have those glyphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget

from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.form import Form, clock
from edgepos.tui.sparing import Sparing
from edgepos.tui.view import ClinicView

if TYPE_CHECKING:
    from edgepos.tui.app import EdgeposApp

NAMES = {"nets": "Nets", "practice": "Provet"}


class SafeScrollBarRender(ScrollBarRender):
    """Without the part-blocks that a console's font does not have."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


ScrollBar.renderer = SafeScrollBarRender


class Header(Caption):
    """Where this is, whether the services answer, what waits, and the time."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""

    def show(self, view: ClinicView, form: Form, now: str) -> None:
        """Draw anew, if anything is another."""
        left = f" {view.location.get('name', 'edgepos')}"
        parts = []
        if view.away is not None:
            parts.append(_("NO AGENT"))
        elif view.status is not None:
            services = view.status["services"]
            parts += [f"{NAMES[name]} {_(states.word(states.SERVICES, services[name]['state']))}" for name in NAMES]
            waiting = view.status["outbox"]["queued"] + view.status["outbox"]["parked"]
            parts.append(_("{n} waiting").format(n=waiting))
        text = self._laid_out(left, parts, now)
        if text != self._shown:
            self._shown = text
            self.update(text)

    def _laid_out(self, left: str, parts: list[str], now: str) -> str:
        """Between name and time; what does not fit is left out from the end, never half."""
        width = self.size.width or 80
        for count in range(len(parts), -1, -1):
            middle = "   ".join(parts[:count])
            spare = width - cell_len(left) - cell_len(middle) - cell_len(now) - 3
            if spare >= 0:
                half = spare // 2
                return left + " " * (half + 1) + middle + " " * (spare - half + 1) + now + " "
        return left[:width]


class Training(Caption):
    """Stands under the header of every screen while nothing is real."""

    def show(self, view: ClinicView) -> None:
        self.display = view.is_training
        if view.is_training:
            self.update(_("TRAINING: nothing here is real, no money moves"))


class Running(Caption):
    """What runs or is not known, on every screen that does not show it anyway."""

    def show(self, view: ClinicView, form: Form, seconds: dict[str, float]) -> None:
        lines = [
            "▶ "
            + "  ".join(
                (
                    view.place(one["terminal"]),
                    _(states.payment_word(one)),
                    form.money(one["amount_minor"], one["currency"])
                    if one["kind"] != "reconciliation"
                    else _("reconciliation"),
                    clock(seconds[one["id"]]),
                )
            )
            for one in view.open_payments[:3]
        ]
        self.display = bool(lines)
        self.set_class(bool(view.unknown), "-unknown")
        self.update("\n".join(lines))


class Answer(Caption):
    """The line that answers what a person just did. It keeps its place, so that nothing moves under a finger."""

    def say(self, text: str, look: str = "") -> None:
        self.set_classes(f"-{look}" if look else "")
        self.update(text)


ORDER = ("enter", "space", "escape", *(f"f{n}" for n in range(2, 13)), "f1")
SHOWN = {"enter": "Enter", "escape": "Esc", "space": N_("Space"), "ctrl+q": "Ctrl+Q", "question_mark": "?",
         "left": "←", "right": "→", "up": "↑", "down": "↓", "tab": "Tab"}  # fmt: skip


TALL_FROM = 32
"""Rows of a window in which there is room for fingers."""
ENTER_WIDE = 16
"""What Enter does is another thing with each step: so wide, where there is room, no other key moves under a finger."""


def key_name(key: str) -> str:
    """A key as it stands on the keyboard."""
    return _(SHOWN.get(key, key.upper()))


class Key(NamedTuple):
    key: str
    name: str
    word: str
    works: bool
    least: int = 0

    @property
    def width(self) -> int:
        return max(self.least, cell_len(self.name) + cell_len(self.word) + 3)


class Keys(Sparing, Widget):
    """The keys that work now, each with its word; greyed ones are known but cannot work now. All can be tapped.

    Where there is room and somebody may tap, each is three rows high with a free cell around it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--word", "keys--grey", "keys--gap"}

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[Key] = []
        self._lines: list[list[Key]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self._read()

    def _changed(self, screen: Screen[object]) -> None:
        if screen.is_current:
            self._read()

    def on_resize(self) -> None:
        self._read()

    @property
    def _row(self) -> int:
        """How high a line of keys is; by the window, as a screen has its classes only after its first layout."""
        return 3 if self.app.size.height >= TALL_FROM and cast("EdgeposApp", self.app).has_touch else 1

    def _read(self) -> None:
        found = [
            Key(key, key_name(key), _(active.binding.description), active.enabled)
            for key, active in self.screen.active_bindings.items()
            if active.binding.show and active.binding.description
        ]
        found.sort(key=lambda one: ORDER.index(one.key) if one.key in ORDER else len(ORDER))
        self._keys = found
        lines = self._flowed(self.size.width or 80)
        if lines != self._lines:
            is_other_height = len(lines) != len(self._lines)
            self._lines = lines
            self.refresh(layout=is_other_height)

    def _flowed(self, width: int) -> list[list[Key]]:
        """The keys in as many lines as they need."""
        tight = self._in_lines(self._keys, width)
        roomy = self._in_lines(
            [one._replace(least=ENTER_WIDE) if one.key == "enter" else one for one in self._keys], width
        )
        return roomy if len(roomy) == len(tight) else tight

    def _in_lines(self, keys: Sequence[Key], width: int) -> list[list[Key]]:
        lines: list[list[Key]] = [[]]
        used = 0
        for one in keys:
            if used + one.width > width and lines[-1]:
                lines.append([])
                used = 0
            lines[-1].append(one)
            used += one.width + (self._row > 1)
        return lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        count = len(self._flowed(width))
        return count * (self._row + 1) - 1 if self._row > 1 else count

    def _at(self, y: int) -> tuple[int, int]:
        """Which line, and which row of it; a free row is -1."""
        if self._row == 1:
            return y, 0
        line, row = divmod(y, self._row + 1)
        return line, row if row < self._row else -1

    def line_now(self, y: int) -> Strip:
        width = self.size.width
        key, word, grey, gap = (
            self.get_component_rich_style(f"keys--{name}") for name in ("key", "word", "grey", "gap")
        )
        line, row = self._at(y)
        if row < 0 or line >= len(self._lines):
            return Strip.blank(width, gap)
        segments = []
        for one in self._lines[line]:
            if row == self._row // 2:
                name = f" {one.name}"
                text = set_cell_size(f" {one.word}", one.width - cell_len(name))
                segments += [Segment(name, key if one.works else grey), Segment(text, word if one.works else grey)]
            else:
                segments.append(Segment(" " * one.width, word))
            if self._row > 1:
                segments.append(Segment(" ", gap))
        return Strip(segments).adjust_cell_length(width, gap if self._row > 1 else word)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        line, row = self._at(event.y)
        if row < 0 or line >= len(self._lines):
            return
        x = event.x
        for one in self._lines[line]:
            if x < one.width:
                if one.works:
                    self.app.simulate_key(one.key)
                return
            x -= one.width + (self._row > 1)
