"""Help: the page for the place that one comes from, then all the others. Words for a person with a customer waiting."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from edgepos.locale.words import N_, _
from edgepos.tui.caption import Caption
from edgepos.tui.help_pages import BY_PLACE, PAGES
from edgepos.tui.place import Place
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sheet import Sheet


class Help(Place):
    title_word = N_("Help")

    def body(self) -> ComposeResult:
        with Horizontal(id="help"):
            yield Rows((Column(20, share=1),), searches=False)
            with Vertical():
                yield Sheet(id="help-page")
                yield Caption(id="help-phone")

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.fill(Row(page.id, (_(page.title),), page) for page in PAGES)
        rows.focus()

    def arrived(self) -> None:
        """The page of the place that one comes from."""
        rows = self.query_one(Rows)
        wanted = BY_PLACE.get(self.clinic.came_from, "")
        rows.cursor = next((at for at, page in enumerate(PAGES) if page.id == wanted), 0)
        self._show_page()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_page()

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self.query_one(Sheet).focus()

    def _show_page(self) -> None:
        row = self.query_one(Rows).row
        if row is None:
            return
        paragraphs = [_(row.data.title).upper(), *(_(each) for each in row.data.text)]
        phone = str(self.view.location.get("support_phone") or "")
        self.query_one("#help-phone", Caption).update(_("Support: {phone}").format(phone=phone) if phone else "")
        sheet = self.query_one(Sheet)
        sheet.put("\n\n".join(paragraphs))
        sheet.scroll_home(animate=False)

    def action_back(self) -> None:
        if self.query_one(Sheet).has_focus:
            self.query_one(Rows).focus()
        else:
            self.clinic.go(self.clinic.came_from or "desk")
