"""What Connect@Cloud's answers say, as values of the domain: connectcloud.md §2, §3.

Lenient in reading, and deciding nothing: whether something was approved is for `domain.evidence` to say. Fields come in
by a list (§3.3); `ResultData`, which may hold an encrypted card number, and all else that an answer has in it stay out.
No JSON value makes these functions raise anything but `Unexpected`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace

from edgepos.connectcloud import assumed
from edgepos.connectcloud.reading import (
    ERROR_LETTERS,
    Fields,
    elements,
    json_object,
    masked_card,
    time_stamp,
    words,
)
from edgepos.domain.identifiers import TERMINAL
from edgepos.domain.result import OwnReply, Result, TerminalResult
from edgepos.domain.slip import SchemeTotal

_RESULTS = {int(result.value): result for result in Result}
_NOT_FOR_PEOPLE = frozenset({"localmodeeventargs", "customerreceipt", "merchantreceipt", "printtext", "orderid"})
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class Unexpected(Exception):
    """A readable answer that is not of the shape that the question has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAnswer:
    """How the cloud sees a terminal. *reported*: its `terminalState` in lower case; None where it told none."""

    reported: str | None
    is_offline: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationSlip:
    """The report of a closed session, word for word. *totals* only where the cloud gave them as numbers."""

    session: str
    at: str
    text: str
    totals: tuple[SchemeTotal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a failure says: its text, and the error codes found in it."""

    error: str
    codes: frozenset[int]

    @property
    def is_offline(self) -> bool:
        return bool(self.codes & assumed.OFFLINE_CODES)

    @property
    def is_busy(self) -> bool:
        return bool(self.codes & assumed.BUSY_CODES) or bool(assumed.BUSY_WORDS.search(self.error))

    @property
    def is_no_result(self) -> bool:
        return not self.codes and not self.is_busy and bool(assumed.NO_RESULT_WORDS.search(self.error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token for the `Authorization` header. *terminals* is None where the server told none (older ones)."""

    token: str
    life_s: float
    terminals: frozenset[str] | None


def login(body: object) -> Login:
    """The answer of a login. Raises Unexpected where there is no token that could stand in a header."""
    root = Fields(body)
    token = root.value("token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Unexpected("no token")
    return Login(token=token, life_s=_life_s(token), terminals=terminals(body))


def own_reply(body: object, *, accepted: bool) -> OwnReply:
    """The answer of a payment, a refund, a void: an array with one element, or a failure as object or bare text."""
    said = failure(body)
    root = Fields(body)
    failed = root.object("failure")
    results = [Fields(element) for element in elements(root.value("result"))]
    places = [place for place in (failed, *results, root) if place.object("localModeEventArgs")]
    told = [_terminal_result(place.object("localModeEventArgs"), place, (*results, failed, root)) for place in places]
    result = told[0] if told else None
    if result is not None and (
        any(other.result is not result.result for other in told) or (accepted and root.has("failure"))
    ):
        result = replace(result, result=None)  # it says both: that proves neither
    return OwnReply(accepted=accepted, result=result, error=said.error, codes=said.codes)


def last_result(body: object) -> TerminalResult | None:
    """The terminal's last result (§2.4); None where it says that it has none: the key is there, and empty.

    Raises Unexpected where the key is missing, or a failure stands beside it: that proves nothing.
    """
    root = Fields(body)
    if root.has("failure"):
        raise Unexpected(failure(body).error)
    element = root.object("result")
    arguments = element.object("latestTransactionResult")
    if arguments:
        return _terminal_result(arguments, element, (element, root))
    if element.names("latestTransactionResult") and element.value("latestTransactionResult") in (None, {}, []):
        return None
    raise Unexpected("no latestTransactionResult")


def reconciliation_slip(body: object, reply: OwnReply) -> ReconciliationSlip | None:
    """The report of a reconciliation that *reply* was read from, where there is one (§2.5, §3.1)."""
    root = Fields(body)
    element = root.object("result")
    report = element.object("reconciliation")
    header = report.object("header")
    terminal = reply.result or TerminalResult(result=None)
    text = next((slip for place in (report, element, root) if (slip := place.object("printText").slip("Text"))), "")
    is_told = reply.result is not None and reply.result.result in (Result.MOVED, Result.ADMINISTRATIVE)
    is_reported = bool(report) and reply.result is None
    if not reply.accepted or root.has("failure") or not (is_told or is_reported):
        return None
    if not header.has("sessionNumber") and not text:
        return None
    return ReconciliationSlip(
        session=header.digits(3, "sessionNumber") or terminal.session,
        at=time_stamp(header.value("timestamp")) or terminal.time_stamp,
        text=text,
        totals=_totals(report.value("totals")),
    )


def state(body: object) -> StateAnswer:
    """`terminalState`, in its object or at the root. Raises Unexpected where there is none."""
    root = Fields(body)
    reported = (root.object("terminal").text("terminalState") or root.text("terminalState")).casefold()
    if not reported:
        raise Unexpected("no terminalState")
    return StateAnswer(reported=reported, is_offline=reported in assumed.OFFLINE_STATES)


def terminals(body: object) -> frozenset[str] | None:
    """The account's terminal ids, as texts, numbers or objects; None where the answer tells no list."""
    listed = Fields(body).value("terminals")
    if not isinstance(listed, list):
        return None
    ids = (Fields(item if isinstance(item, dict) else {"terminalId": item}).digits(8, "terminalId") for item in listed)
    return frozenset(id for id in ids if TERMINAL.fullmatch(id))


def failure(body: object) -> Said:
    """What went wrong, in the server's words: `failure` as object or bare text, or `error`; empty where nothing is."""
    root = Fields(body)
    told = root.value("failure", "error")
    error = " ".join(words(told, _NOT_FOR_PEOPLE))[:ERROR_LETTERS]
    return Said(error=error, codes=frozenset(int(code) for code in assumed.ERROR_CODE.findall(error)))


def _life_s(token: str) -> float:
    """`exp` less `iat` of a JWT: a length, in which the server's clock cancels out. Read, not verified."""
    payload = [*token.split("."), ""][1]
    try:
        told = json_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode())
    except ValueError:
        return assumed.TOKEN_LIFE_S
    issued, expires = told.integer("iat"), told.integer("exp")
    if issued is None or expires is None or expires <= issued:
        return assumed.TOKEN_LIFE_S
    return float(expires - issued)


def _terminal_result(arguments: Fields, beside: Fields, order_id_places: tuple[Fields, ...]) -> TerminalResult:
    """The list of what may come in. *beside*: the object that holds the slips and the card's name."""
    total = arguments.integer("TotalAmount")
    extras = [_extra(arguments, key) for key in ("TipAmount", "SurchargeAmount")]
    if None in extras:
        total = None  # a part of the total that cannot be read makes the total mean nothing
    tip, surcharge = (extra or 0 for extra in extras)
    return TerminalResult(
        result=_RESULTS.get(code) if (code := arguments.integer("Result")) is not None else None,
        terminal=arguments.digits(8, "TerminalID"),
        order_id=_order_id((arguments, *order_id_places)),
        total_minor=total,
        tip_minor=tip,
        surcharge_minor=surcharge,
        stan_auth=arguments.digits(12, "StanAuth"),
        time_stamp=time_stamp(arguments.value("TimeStamp")),
        session=arguments.digits(3, "SessionNumber"),
        sequence=arguments.digits(6, "SequenceNumber"),
        response_code=arguments.digits(2, "ResponseCode"),
        rejection_source=arguments.text("RejectionSource"),
        rejection_reason=arguments.text("RejectionReason"),
        verification=arguments.text("CVM", "VerificationMethod"),
        masked_card=masked_card(arguments.value("TruncatedPAN")),
        card_scheme=arguments.text("CardIssuerName") or beside.text("cardType"),
        issuer_id=arguments.text("IssuerID"),
        application_id=arguments.text("AID"),
        cardholder_currency=_cardholder_currency(arguments.value("OptionalData")),
        customer_slip=beside.slip("customerReceipt") or beside.object("printText").slip("Text"),
        merchant_slip=beside.slip("merchantReceipt"),
    )


def _extra(arguments: Fields, key: str) -> int | None:
    """A tip or a surcharge: 0 where there is none, None for nonsense."""
    if not arguments.has(key):
        return 0
    amount = arguments.integer(key)
    return amount if amount is not None and amount >= 0 else None


def _order_id(places: tuple[Fields, ...]) -> str:
    """Our own id where it is echoed. Two different ones are put side by side: such an answer fits no operation."""
    return " ".join(dict.fromkeys(echo for place in places if (echo := place.text("orderId"))))


def _cardholder_currency(optional_data: object) -> str:
    """The currency of `{"od":{"dcc":{"ccura":"USD", …}}}`, as text or as object."""
    tree = json_object(optional_data) if isinstance(optional_data, str) else Fields(optional_data)
    currency = (tree.object("od").object("dcc") or tree.object("dcc")).text("ccura")
    return currency if _CURRENCY.fullmatch(currency) else ""


def _totals(rows: object) -> tuple[SchemeTotal, ...]:
    """Structured totals, whole or not at all: half a list would look like a smaller sum."""
    if not isinstance(rows, list):
        return ()
    totals = []
    for row in map(Fields, rows):
        scheme, count, amount = row.text("cardType"), row.integer("count"), row.integer("amount")
        if not scheme or count is None or count < 0 or amount is None:
            return ()
        totals.append(SchemeTotal(scheme=scheme, count=count, amount_minor=amount))
    return tuple(totals)
