"""The style sheet, read once a theme.

Textual reads all styles anew, twice, whenever a place is first entered: a tenth of a second on a small box. They say
something else only with another theme's variables. It relies on how `App.refresh_css` uses a `Stylesheet`.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class Styles(Stylesheet):
    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Read what is new; what was read with the present variables is remembered."""
        self.parse()
