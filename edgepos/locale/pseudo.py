"""A language that nobody speaks: English 40 % longer, in quotation marks and with accents.

With it a screen shows what a translation would do to it: a text without accents is not in the catalogue, one without
its closing mark is cut off, and a layout that bears it bears Finnish. Placeholders, keys and product names stay as they
are, as in any translation.
"""

from __future__ import annotations

import gettext
import math
import re

ACCENTS = str.maketrans("aeouAOU", "åéöüÅÖÜ")
KEPT = re.compile(r"\{[^}]*\}|\bF\d+\b|\b(?:Enter|Esc|Backspace|edgepos|Nets|Provet Cloud|Provet|Connect@Cloud)\b")
LONGER = 0.4
FILLING = "~" * 200


def pseudo(text: str) -> str:
    """`«Påy~»` of `Pay`. No square brackets: a widget may take them for markup."""
    kept = KEPT.findall(text)
    between = [part.translate(ACCENTS) for part in KEPT.split(text)]
    woven = "".join(part + keep for part, keep in zip(between, [*kept, ""], strict=True))
    return f"«{woven}{FILLING[: math.ceil(len(text) * LONGER) - 1]}»"


class Pseudo(gettext.NullTranslations):
    """The catalogue of it, for every text there is."""

    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return pseudo(message)
