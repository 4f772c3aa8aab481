"""Slips as they are handed out: headed so that nobody takes them for a sales receipt, and how many of them, by country.

The terminal's own text is never changed; what stands here goes above it. The sale's receipt is the practice system's.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

from edgepos.domain.slip import decode_slip, to_code_page


@dataclass(frozen=True, slots=True)
class Profile:
    """One country's words, in lines of at most 24 letters, and which slips a payment has."""

    heading: tuple[str, ...]
    copy: str
    slips: tuple[str, ...] = ("customer",)
    slips_signed: tuple[str, ...] = ("merchant", "customer")
    """Where the cardholder signs, the shop keeps the signed one."""


PROFILES: Mapping[str, Profile] = {
    "SE": Profile(("KORTKVITTO", "EJ KVITTO FÖR KÖPET"), "KOPIA"),
    "NO": Profile(("KORTKVITTERING", "IKKE SALGSKVITTERING"), "KOPI"),
    "DK": Profile(("KORTKVITTERING", "IKKE KVITTERING FOR KØB"), "KOPI"),
    "FI": Profile(("KORTTITOSITE", "EI MYYNTIKUITTI"), "KOPIO"),
}
ASCII = bytes(range(32, 127)).decode()


def printed(text: str, country: str, *, copy: int = 0) -> str:
    """*text* with its heading; *copy* is the number of a copy, 0 for the first print."""
    profile = PROFILES[country]
    marks = [f"*** {profile.copy} {copy} ***"] if copy else []
    return "\n".join([*profile.heading, *marks, "", *decode_slip(text).replace("\f", "").splitlines()]) + "\n"


def in_code_page(text: str, page: str) -> str:
    """*text* with only such signs as the code page *page* has; encoding it there is then exact.

    Raises LookupError for what is no code page of a printer: each has the ASCII signs, a byte a sign.
    """
    try:
        is_page = ASCII.encode(page) == ASCII.encode()
    except (LookupError, UnicodeError, ValueError):
        is_page = False
    if not is_page:
        raise LookupError(page)
    return to_code_page(text, codecs.lookup(page).name).decode(page)
