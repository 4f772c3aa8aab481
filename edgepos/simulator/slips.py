"""What a terminal prints and shows: receipts and the closing report, 24 columns, in the country's words.

Layouts follow protocols/connectcloud.md §3.5 and §5. Lines are joined with CRLF as the REST service does it; every
line is at most 24 characters. The texts are invented as to shop and card.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WIDTH = 24
SHOP = ("DEMO VET", "EXEMPELGATAN 1", "123 45 EXEMPELSTAD")
MERCHANT = "9000001"


@dataclass(frozen=True, slots=True)
class Words:
    purchase: str
    refund: str
    deposit: str
    reversal: str
    approved: str
    declined: str
    cancelled: str
    signature: str
    copy: str
    reconciliation: str
    session: str
    amount: str
    collected: str
    waiting_card: str
    pin: str
    host_wait: str
    thousands: str
    decimal: str


WORDS = {
    "no": Words("KJØP", "RETUR", "INNSKUDD", "ANNULLERING", "GODKJENT", "AVVIST", "AVBRUTT", "SIGNATUR", "KOPI",
                "AVSTEMMING", "Sesjon.:", "Beløp=", "Innsamlet",
                "SETT INN KORT", "PIN + OK", "VENNLIGST VENT", ".", ","),
    "sv": Words("KÖP", "RETUR", "INSÄTTNING", "MAKULERING", "GODKÄNT", "NEKAT", "AVBRUTET", "SIGNATUR", "KOPIA",
                "AVSTÄMNING", "Session.:", "Belopp=", "Insamlat",
                "SÄTT I KORT", "PIN + OK", "VÄNTA", " ", ","),
    "da": Words("KØB", "RETUR", "INDBETALING", "ANNULLERING", "GODKENDT", "AFVIST", "AFBRUDT", "UNDERSKRIFT", "KOPI",
                "AFSTEMNING", "Session.:", "Beløb=", "Indsamlet",
                "INDSÆT KORT", "PIN + OK", "VENT VENLIGST", ".", ","),
    "fi": Words("OSTO", "HYVITYS", "TALLETUS", "PERUUTUS", "HYVÄKSYTTY", "HYLÄTTY", "KESKEYTETTY", "ALLEKIRJOITUS",
                "KOPIO", "TÄSMÄYTYS", "Istunto.:", "Summa=", "Kerätty",
                "SYÖTÄ KORTTI", "PIN + OK", "ODOTA", " ", ","),
    "en": Words("PURCHASE", "REFUND", "DEPOSIT", "REVERSAL", "APPROVED", "DECLINED", "CANCELLED", "SIGNATURE", "COPY",
                "RECONCILIATION", "Session.:", "Amount=", "Collected",
                "INSERT CARD", "PIN + OK", "PLEASE WAIT", ",", "."),
}  # fmt: skip

DIGITS = {"ISK": 0}


def amount_text(minor: int, currency: str, words: Words) -> str:
    """The amount as the country writes it: 1.234,50 or 1 234,50 or 1,234.50; ISK has no decimals."""
    digits = DIGITS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    text = f"{whole:,}".replace(",", words.thousands)
    if digits:
        text += f"{words.decimal}{part:0{digits}d}"
    return f"-{text}" if minor < 0 else text


def spread(left: str, right: str) -> str:
    """One line with a text at each edge."""
    return f"{left}{right.rjust(WIDTH - len(left))}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a slip shows about one operation."""

    kind: str
    terminal: str
    at: datetime
    scheme: str
    pan: str
    entry: str
    stan: str
    auth: str
    response: str
    session: str
    amount_minor: int
    tip_minor: int
    currency: str
    outcome: str
    signature: bool


def receipt_lines(receipt: Receipt, country: str) -> list[str]:
    words = WORDS[country]
    lines = [*SHOP, "", f"Bax: {receipt.terminal}-{MERCHANT}", receipt.at.strftime("%d/%m/%Y %H:%M")]
    if receipt.scheme:
        lines += [receipt.scheme, receipt.entry, receipt.pan, "AID: A0000000031010", "TVR: 0000008000"]
    if receipt.stan:
        lines.append(f"Ref.: {receipt.stan} {receipt.auth} KC1")
    if receipt.response:
        lines.append(f"Resp.: {receipt.response}")
    lines += [f"Overf.: {receipt.session}", "", getattr(words, receipt.kind)]
    if receipt.tip_minor:
        lines.append(spread("TIP", amount_text(receipt.tip_minor, receipt.currency, words)))
    lines.append(spread(receipt.currency, amount_text(receipt.amount_minor, receipt.currency, words)))
    return [*lines, "", getattr(words, receipt.outcome)]


def customer_slip(receipt: Receipt, country: str) -> str:
    return join(receipt_lines(receipt, country))


def merchant_slip(receipt: Receipt, country: str) -> str:
    lines = receipt_lines(receipt, country)
    if receipt.signature:
        lines += ["", "", "." * WIDTH, WORDS[country].signature]
    return join(lines)


def copy_slip(slip: str, country: str) -> str:
    return join([f"*** {WORDS[country].copy} ***", slip]) if slip else ""


def reconciliation_slip(
    terminal: str, at: datetime, session: str, totals: dict[str, tuple[int, int]], *, currency: str, country: str
) -> str:
    """The closing report: schemes without turnover are left out, an empty session shows 0 and 0,00."""
    words = WORDS[country]
    lines = [words.reconciliation, f"{terminal}-{MERCHANT}", at.strftime("%d/%m/%Y %H:%M"), currency]
    lines += [f"{words.session} {session}", ""]
    for scheme, (count, minor) in sorted(totals.items()):
        lines.append(spread(scheme, str(count)))
        lines.append(spread(words.amount, amount_text(minor, currency, words)))
    lines.append("-" * WIDTH)
    lines.append(spread(words.collected, str(sum(count for count, _ in totals.values()))))
    lines.append(spread("Total=", amount_text(sum(minor for _, minor in totals.values()), currency, words)))
    return join(lines)


def join(lines: list[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
