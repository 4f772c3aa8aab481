"""The least Textual app with the desk's widgets: header, three cards, a line to type in, a list, three lines, a footer.

It asks nobody anything, speaks one language and has one screen. What the desk costs beyond this is ours.
"""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import OptionList, Static

INVOICES = [f"STH-{number}   Owner {number}   Animal {number}   SEK 125,00" for number in range(20_417, 20_423)]


class Bare(App[None]):
    CSS = """
    #head, #foot { height: 1; }
    #terminals { width: 30; border: solid white; }
    #to-pay { border: solid white; }
    .card { height: 4; border: solid white; }
    OptionList { height: 1fr; border: none; }
    """
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static("Bench                                     12:00", id="head")
        with Horizontal():
            with Vertical(id="terminals"):
                for number in (1, 2, 3):
                    yield Static(f"PLACE {number}\nREADY", classes="card")
            with Vertical(id="to-pay"):
                yield Static("Find: ", id="find")
                yield OptionList(*INVOICES)
                for name in ("empty", "day", "attention"):
                    yield Static(name, id=name)
        yield Static("F1 Help  F2 Refund  F3 Today  F4 Close day", id="foot")


if __name__ == "__main__":
    Bare().run()
