"""A terminal's slips: reading a closing report's totals, knowing what a slip is of, and showing both on any printer.

A slip is kept word for word in the journal; what is read from it here is compared, never written over it. Layout:
connectcloud.md §3.5 and §5, Norwegian from a captured log, the other four languages assumed alike. Reading is strict:
whatever is not wholly understood is "not matched" with a reason, never zero and never a guess. Nothing here raises.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edgepos.domain.money import DIGITS
from edgepos.domain.operation import Kind

MAX_SLIP = 20_000
"""Longer texts are no closing report of 24 columns."""
MAX_DIGITS = 12
DOUBLE_DECODED = re.compile(
    "[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f4][\u0080-\u00bf]{3}"
)
CP1252 = {
    bytes([byte]).decode("cp1252"): chr(byte)
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # not in use there
}
CP1252_RUN = re.compile(rf"(?<=[\u00c2-\u00f4\u0080-\u00bf])[{re.escape(''.join(CP1252))}]+")


class WhyUnread(StrEnum):
    """Why a closing report's totals could not be read."""

    EMPTY = "empty"
    LANGUAGE = "language"
    """No report in the words of the country's languages."""
    CUT_OFF = "cut-off"
    """It ends before its totals."""
    AMOUNT = "amount"
    """An amount that is not written in the country's form."""
    LAYOUT = "layout"
    """A line stands where none is expected."""
    TOTALS = "totals"
    """The schemes do not add up to the total."""
    CURRENCY = "currency"
    """A currency that edgepos does not know."""
    SESSION = "session"
    """Two session numbers on one report."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words on a closing report, and the sign before the decimals."""

    title: str
    session: str
    amount: str
    collected: str
    decimal: str


WORDS: Mapping[str, Words] = {
    "nb": Words("AVSTEMMING", "SESJON", "BELØP", "INNSAMLET", ","),
    "sv": Words("AVSTÄMNING", "SESSION", "BELOPP", "INSAMLAT", ","),
    "da": Words("AFSTEMNING", "SESSION", "BELØB", "INDSAMLET", ","),
    "fi": Words("TÄSMÄYTYS", "ISTUNTO", "SUMMA", "KERÄTTY", ","),
    "en": Words("RECONCILIATION", "SESSION", "AMOUNT", "COLLECTED", "."),
}
"""Only the Norwegian ones and the Danish `Indsamlet` were seen on paper; a pilot has to show the rest."""
LANGUAGES: Mapping[str, tuple[str, ...]] = {
    "NO": ("nb", "en"), "SE": ("sv", "en"), "DK": ("da", "en"), "FI": ("fi", "sv", "en"),
}  # fmt: skip
"""The languages that a country's terminals print. Another's report is not read: its thousands may be our decimals."""
TOTAL_WORD = "TOTAL"

VOID = (
    r"VOID|REVERSAL|ANNULLERING|ANNULLERT|ANNULLERET|TILBAKEFØRING|TILBAGEFØRSEL|MAKULERING|ANNULLERAD|ÅTERFÖRING"
    r"|PERUUTUS|MITÄTÖINTI"
)
MOVED = r"PURCHASE|SALE|KJØP|VAREKJØP|KÖP|KØB|OSTO|OSTON"
BACK = (
    r"REFUND|RETURN|RETURN OF GOODS|RETUR|VARERETUR|RETURKJØP|RETURKÖP|RETURKØB|TILBAKEBETALING|ÅTERBETALNING"
    r"|TILBAGEBETALING|HYVITYS|PALAUTUS"
)
VOID_LINE = re.compile(rf"(?:{VOID})(?: (?:AV |AF |OF )?(?:{MOVED}))?|(?:{MOVED}) (?:{VOID})")
TYPE_LINES = {Kind.PURCHASE: re.compile(MOVED), Kind.REFUND: re.compile(BACK), Kind.REVERSAL: VOID_LINE}
COUNT_LINE = re.compile(r"(\S.*?)\s+([0-9]{1,6})")
AMOUNT_LINE = re.compile(r"([^=\d]+?)\s*=\s*(.+)")
CURRENCY_LINE = re.compile(r"[A-Z]{3}")
PAID_LINE = re.compile(r"([A-Z]{3}) -?[0-9][0-9., ]*-?")


@dataclass(frozen=True, slots=True)
class SchemeTotal:
    """What one card scheme took in the session; money back counts negative."""

    scheme: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class SlipTotals:
    """A closing report's totals, tips and surcharges included. *session* is empty where the report has none."""

    by_scheme: tuple[SchemeTotal, ...]
    count: int
    amount_minor: int
    currency: str
    session: str


@dataclass(frozen=True, slots=True)
class Reading:
    """*totals*, or *why* there are none and the *line* that stopped the reading."""

    totals: SlipTotals | None
    why: WhyUnread | None = None
    line: str = ""


class _Unread(Exception):
    def __init__(self, why: WhyUnread, line: str = "") -> None:
        super().__init__(why)
        self.why, self.line = why, line


def read_slip(text: str, *, country: str, currency: str) -> Reading:
    """The totals of a closing report as the terminals of *country* (ISO 3166, two letters) print it.

    *currency* is the clinic's and serves where the report names none; a report in another one is read in its own.
    """
    try:
        return Reading(_read(text, country, currency))
    except _Unread as stop:
        return Reading(None, stop.why, stop.line)


def _read(text: str, country: str, currency: str) -> SlipTotals:
    if len(text) > MAX_SLIP:
        raise _Unread(WhyUnread.LAYOUT)
    lines = [line for line in (" ".join(raw.split()) for raw in re.split(r"[\r\n\f]+", decode_slip(text))) if line]
    if not lines:
        raise _Unread(WhyUnread.EMPTY)
    head, words = _language(lines, country)
    currency, session, body = _head(lines[head + 1 :], words, currency)
    schemes: list[SchemeTotal] = []
    pending: tuple[str, int] | None = None
    for at, line in enumerate(body):
        if amount := AMOUNT_LINE.fullmatch(line):
            label = amount[1].upper()
            if pending is None or label not in (words.amount, TOTAL_WORD):
                raise _Unread(WhyUnread.LAYOUT, line)
            total = SchemeTotal(*pending, _minor(amount[2], words.decimal, DIGITS[currency], line))
            if (label == TOTAL_WORD) != (total.scheme.upper() == words.collected):
                raise _Unread(WhyUnread.LAYOUT, line)
            if label == TOTAL_WORD:
                if further := next((later for later in body[at + 1 :] if AMOUNT_LINE.fullmatch(later)), None):
                    raise _Unread(WhyUnread.LAYOUT, further)  # a second section: which of the two is ours?
                by_scheme = _added_up(schemes, total, line)
                return SlipTotals(by_scheme, total.count, total.amount_minor, currency, session)
            schemes.append(total)
            pending = None
        elif pending is not None:
            raise _Unread(WhyUnread.LAYOUT, line)
        elif counted := COUNT_LINE.fullmatch(line):
            pending = counted[1], int(counted[2])
        elif line.strip("-_=. "):
            raise _Unread(WhyUnread.LAYOUT, line)
    raise _Unread(WhyUnread.CUT_OFF, lines[-1])


def _language(lines: list[str], country: str) -> tuple[int, Words]:
    """Where the title stands, and whose words it is in."""
    titles = {WORDS[language].title: WORDS[language] for language in LANGUAGES.get(country, ())}
    for at, line in enumerate(lines):
        if words := titles.get(line.strip("* ").upper()):
            return at, words
    raise _Unread(WhyUnread.LANGUAGE, lines[0])


def _head(lines: list[str], words: Words, currency: str) -> tuple[str, str, list[str]]:
    """Currency and session of the lines under the title, and the lines after the session's."""
    session_line = re.compile(rf"{words.session}\W*([0-9]{{1,6}})", re.IGNORECASE)
    found = [(at, match[1]) for at, line in enumerate(lines) if (match := session_line.fullmatch(line))]
    if len(found) > 1:
        raise _Unread(WhyUnread.SESSION, lines[found[1][0]])
    if not found:
        raise _Unread(WhyUnread.CUT_OFF, lines[-1] if lines else "")
    at, session = found[0]
    for line in lines[:at]:
        if CURRENCY_LINE.fullmatch(line):
            currency = line
    if currency not in DIGITS:
        raise _Unread(WhyUnread.CURRENCY, currency)
    return currency, session, lines[at + 1 :]


def _added_up(schemes: list[SchemeTotal], total: SchemeTotal, line: str) -> tuple[SchemeTotal, ...]:
    counts, amounts = sum(part.count for part in schemes), sum(part.amount_minor for part in schemes)
    if (counts, amounts) != (total.count, total.amount_minor):
        raise _Unread(WhyUnread.TOTALS, line)
    return tuple(schemes)


def _minor(text: str, decimal: str, digits: int, line: str) -> int:
    """An amount as the country writes it, in minor units: groups of three, and exactly the currency's decimals."""
    grouping = "," if decimal == "." else "[. ]"
    decimals = rf"{re.escape(decimal)}([0-9]{{{digits}}})" if digits else "()"
    form = rf"(-? ?)([0-9]{{1,3}}(?:({grouping})[0-9]{{3}}(?:\3[0-9]{{3}})*)?|[0-9]+){decimals}( ?-?)"
    read = re.fullmatch(form, text.replace("−", "-").strip())
    if read is None:
        raise _Unread(WhyUnread.AMOUNT, line)
    before, whole, _, part, after = read.groups()
    number = re.sub("[^0-9]", "", whole) + part
    is_negative = "-" in before + after
    if len(number) > MAX_DIGITS or ("-" in before and "-" in after):
        raise _Unread(WhyUnread.AMOUNT, line)
    return -int(number) if is_negative else int(number)


def paid_in(text: str) -> frozenset[str]:
    """The currencies that a payment's slip has an amount in. Empty where it names none that edgepos knows."""
    lines = (" ".join(line.split()) for line in re.split(r"[\r\n\f]+", decode_slip(text[:MAX_SLIP])))
    return frozenset(paid[1] for line in lines if (paid := PAID_LINE.fullmatch(line)) and paid[1] in DIGITS)


def is_void_slip(text: str) -> bool:
    """Whether a slip's type line says that a payment was taken back."""
    return Kind.REVERSAL in _types(text)


def kind_on_slip(text: str) -> Kind | None:
    """What was done, by the slip's type line; None where it has none, or two that say different things.

    It is the only word of it: a terminal's result has the same fields for money taken and money given back.
    """
    types = _types(text)
    return types.pop() if len(types) == 1 else None


def _types(text: str) -> set[Kind]:
    """What the lines say that consist of nothing else, in one of five languages (the words are assumed)."""
    lines = [" ".join(line.split()).upper() for line in re.split(r"[\r\n\f]+", decode_slip(text[:MAX_SLIP]))]
    return {kind for kind, form in TYPE_LINES.items() if any(form.fullmatch(line) for line in lines)}


def decode_slip(text: str) -> str:
    """*text* for display, UTF-8 that was read as Latin-1 mended: `BelÃ¸p` is `Beløp`. The kept slip stays as it is."""
    as_latin = CP1252_RUN.sub(lambda run: "".join(CP1252[sign] for sign in run[0]), text)
    mended = DOUBLE_DECODED.sub(_decoded, as_latin)
    return mended if mended != as_latin else text


def _decoded(run: re.Match[str]) -> str:
    try:
        return run[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return run[0]


# --- printing: any code page


LIKENESS = {
    "€": "EUR", "£": "GBP", "æ": "ae", "Æ": "AE", "ø": "oe", "Ø": "OE", "œ": "oe", "Œ": "OE", "ß": "ss", "þ": "th",
    "Þ": "TH", "ð": "d", "Ð": "D", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "–": "-", "—": "-", "‐": "-",
    "−": "-", "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "•": "*", "·": ".", "×": "x", "§": "par.",
    "°": "deg",
}  # fmt: skip
UNREADABLE = "*"
"""For each cell of a sign without a likeness (another script, an emoji). Never `?`, which may be text."""
GAP = re.compile(r" {2,}")


def to_code_page(text: str, page: str) -> bytes:
    """*text* for a printer with the code page *page* (a Python codec: cp437, cp850, cp858, iso8859-15, ascii).

    Each sign is in the page or replaced by a readable one, and columns stay where they were: what follows a gap of two
    blanks begins where it began, and the last piece of a line, the sum, ends where it ended. Control signs are dropped.
    """
    lines = unicodedata.normalize("NFC", text).split("\n")
    return "\n".join(_fitted(line, page) for line in lines).encode(page)


def _fitted(line: str, page: str) -> str:
    fitted = ""
    begins = [0, *(gap.end() for gap in GAP.finditer(line))]
    ends = [*(gap.start() for gap in GAP.finditer(line)), len(line)]
    for begin, end in zip(begins, ends, strict=True):
        piece = "".join(_printable(sign, page) for sign in line[begin:end])
        place = _width(line[:begin])
        if begin > 0 and end == len(line):
            place = _width(line) - len(piece.rstrip("\r\f"))
        fitted += " " * max(place - len(fitted), 1 if fitted else 0) + piece
    return fitted


def _printable(sign: str, page: str) -> str:
    if sign in "\r\f":
        return sign
    if sign.isspace():
        return " "
    if unicodedata.category(sign)[0] == "C":
        return ""
    if _is_in(sign, page):
        return sign
    unmarked = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    likeness = LIKENESS.get(sign, unmarked)
    return likeness if _is_in(likeness, page) else UNREADABLE * _width(sign)


def _is_in(signs: str, page: str) -> bool:
    try:
        return signs.encode(page).decode(page) == signs
    except UnicodeError:
        return False


def _width(text: str) -> int:
    """Cells on paper: two for wide signs, none for marks that sit on others and for control signs."""
    return sum(
        0 if unicodedata.combining(sign) or unicodedata.category(sign)[0] == "C"
        else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )  # fmt: skip
