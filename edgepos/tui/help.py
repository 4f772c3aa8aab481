"""Help: what to do when. A page for each question that staff have asked."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from edgepos.locale.words import N_, _
from edgepos.tui.place import Place
from edgepos.tui.rows import Column, Row, Rows

PAGES: Sequence[tuple[str, str]] = (
    (
        N_("Take a payment"),
        N_(
            "Type a part of the owner, the animal, the number or the amount. Enter opens the invoice, Enter pays it. "
            "Several invoices of one owner: mark each with Space, then Enter."
        ),
    ),
    (
        N_("Payment not known yet"),
        N_(
            "The answer of the terminal was lost. Do NOT charge again. edgepos goes on asking the terminal until there is "
            "proof, and the screen then says PAID or not. Let the terminal be. F8 shows it."
        ),
    ),
    (
        N_("Stop a payment"),
        N_(
            "F7 asks the terminal to stop. It is over only when the screen says CANCELLED. If the customer was quicker, "
            "it is PAID, and F3 gives the money back."
        ),
    ),
    (
        N_("Paper out at the terminal"),
        N_("Put in a new roll. The payment is not touched by it. F4 and Enter show the slip again."),
    ),
    (
        N_("Terminal dead"),
        N_(
            "Check power and network cable. Switch it off and on; it takes two minutes. Meanwhile use another terminal: "
            "the arrows choose one before you pay."
        ),
    ),
    (
        N_("Two people on one terminal"),
        N_("The desk shows whose amount stands at each terminal. Wait for READY, or take another terminal."),
    ),
    (
        N_("Forgotten PIN"),
        N_("A technician sets a new one with: edgepos operators. Payments need no PIN."),
    ),
    (
        N_("A person who left"),
        N_("A technician switches their PIN off with: edgepos operators. What they did stays in the journal."),
    ),
    (
        N_("Training"),
        N_("In training every screen says TRAINING and no money moves. Try everything."),
    ),
)  # fmt: skip


class Help(Place):
    title_word = N_("Help")

    def body(self) -> ComposeResult:
        with Horizontal(classes="list"):
            yield Rows((Column(20, share=1),), searches=False)
            with VerticalScroll(id="page", can_focus=False):
                yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.fill(Row(str(at), (_(title),)) for at, (title, _text) in enumerate(PAGES))
        rows.focus()
        self._show_page()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_page()

    def _show_page(self) -> None:
        row = self.query_one(Rows).row
        if row is not None:
            title, text = PAGES[int(row.id)]
            phone = str(self.view.location.get("support_phone") or "")
            lines = [_(title), "", _(text)]
            if phone:
                lines += ["", _("Support: {phone}").format(phone=phone)]
            self.query_one("#text", Static).update("\n".join(lines))
