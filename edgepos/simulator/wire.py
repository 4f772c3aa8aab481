"""The shapes of Connect@Cloud's answers: protocols/connectcloud.md §2.3 to §2.5, with the variants of §9.

Written from the protocol page alone. A result's keys may be spelt, typed, dropped or overridden as a terminal's
variants ask; the bank never hears of that.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal

from edgepos.clock import rfc3339
from edgepos.simulator import slips
from edgepos.simulator.results import APPROVED, REJECTED, Closed, Refused, Result
from edgepos.simulator.terminal import Terminal

Answer = tuple[int, dict[str, Any]]
Source = Literal["reply", "lookup"]

MIXED_KEYS = {"TruncatedPAN": "TruncatedPan", "IssuerID": "IssuerId", "TerminalID": "TerminalId"}
COPIED_SLIP_KEYS = ("customerReceipt", "merchantReceipt")


def payment_answer(terminal: Terminal, result: Result) -> Answer:
    """The answer of a blocking payment or void: 201 with an array, or 400 with a failure."""
    if result.result != APPROVED:
        return 400, {"failure": _failure(terminal, result)}
    element: dict[str, Any] = {"localModeEventArgs": local_mode(terminal, result, "reply")}
    element |= _slips(terminal, result)
    element["cardType"] = result.card.scheme if result.card else ""
    element |= _order(terminal, result, "reply")
    return 201, {"result": [element]}


def lookup_answer(terminal: Terminal, result: Result | None) -> Answer:
    """The answer of GET transaction: the last operation, whoever started it."""
    if result is None:
        if terminal.variants.lookup_empty == "failure":
            return 400, {"failure": {"error": "No result available"}}
        return 200, {"result": {"latestTransactionResult": {}}}
    slip = result.customer_slip if terminal.printer_width else ""
    body: dict[str, Any] = {"latestTransactionResult": local_mode(terminal, result, "lookup")}
    body["printText"] = {"Text": slips.copy_slip(slip, terminal.variants.country)}
    body |= _order(terminal, result, "lookup")
    return 200, {"result": body}


def reconciliation_answer(terminal: Terminal, closed: Closed) -> Answer:
    report: dict[str, Any] = {
        "header": {"timestamp": rfc3339(closed.at)[:19] + "Z", "sessionNumber": closed.session},
        "printText": {"Text": closed.slip},
    }
    if terminal.variants.structured_totals:
        report["totals"] = [
            {"cardType": scheme, "count": count, "amount": minor}
            for scheme, (count, minor) in sorted(closed.totals.items())
        ]
        report["count"] = sum(count for count, _ in closed.totals.values())
        report["amount"] = sum(minor for _, minor in closed.totals.values())
    return 200, {"result": {"reconciliation": report}}


def refusal_answer(terminal: Terminal, refused: Refused) -> Answer:
    form = terminal.variants.busy_form if refused.busy else terminal.variants.failure_form
    return 400, {"failure": refused.text if form == "string" else {"error": refused.text}}


def local_mode(terminal: Terminal, result: Result, source: Source) -> dict[str, Any]:
    """The named keys of a result (§3.3), with the terminal's variants applied."""
    variants = terminal.variants
    fields: dict[str, Any] = {
        "Result": result.result,
        "ResultData": "",
        "AccumulatorUpdate": 32 if result.result == APPROVED else 48,
        "IssuerID": result.card.issuer if result.card else 0,
        "CardIssuerName": result.card.scheme if result.card else "",
        "TruncatedPAN": result.card.pan if result.card else "",
        "TimeStamp": _time(terminal, result.at),
        "CVM": _cvm(result),
        "SessionNumber": result.session,
        "StanAuth": result.stan_auth,
        "SequenceNumber": result.sequence,
        "TotalAmount": result.amount_minor,
        "TipAmount": result.tip_minor,
        "SurchargeAmount": result.surcharge_minor,
        "RejectionSource": result.source,
        "RejectionReason": result.reason,
        "ResponseCode": result.response,
        "TerminalID": terminal.id,
        "AcquirerMerchantID": slips.MERCHANT,
        "SiteID": "1",
        "OrganisationNumber": "",
        "AID": "A0000000031010" if result.card else "",
        "TVR": "0000008000" if result.card else "",
        "TSI": "E800" if result.card else "",
        "OptionalData": _dcc(result),
    }
    if variants.overrides_in in {source, "both"}:
        fields |= {key: value for key, value in variants.overrides.items() if key != "orderId"}
    for key in variants.missing_keys:
        fields.pop(key, None)
    fields |= dict.fromkeys(variants.null_keys, None) | dict.fromkeys(variants.empty_keys, "")
    if variants.numbers == "string":
        fields = {key: str(value) if type(value) is int else value for key, value in fields.items()}
    match variants.key_case:
        case "lower":
            return {key[0].lower() + key[1:]: value for key, value in fields.items()}
        case "id_pan_mixed":
            return {MIXED_KEYS.get(key, key): value for key, value in fields.items()}
        case "documented":
            return fields


def _failure(terminal: Terminal, result: Result) -> Any:
    if terminal.variants.failure_form == "string":
        return result.text
    failure = {"error": result.text, "localModeEventArgs": local_mode(terminal, result, "reply")}
    failure["customerReceipt"] = result.customer_slip if terminal.printer_width else ""
    return failure | _order(terminal, result, "reply")


def _slips(terminal: Terminal, result: Result) -> dict[str, str]:
    if not terminal.printer_width:
        return dict.fromkeys(COPIED_SLIP_KEYS, "")
    return dict(zip(COPIED_SLIP_KEYS, (result.customer_slip, result.merchant_slip), strict=True))


def _order(terminal: Terminal, result: Result, source: Source) -> dict[str, Any]:
    variants = terminal.variants
    if "orderId" in variants.overrides and variants.overrides_in in {source, "both"}:
        return {"orderId": variants.overrides["orderId"]}
    approved = result.result == APPROVED or variants.order_id_echo == "also_declines"
    if not result.order_id or not approved or variants.order_id_echo == "never":
        return {}
    return {"orderId": result.order_id[:10] if variants.order_id_echo == "cut10" else result.order_id}


def _time(terminal: Terminal, at: datetime) -> str:
    local = terminal.local(at)
    if terminal.variants.time_form == "iso":
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return local.strftime("%Y%m%d%H%M%S")


def _cvm(result: Result) -> int:
    if result.signature:
        return 1
    return 2 if result.contactless or result.result == REJECTED else 0


def _dcc(result: Result) -> str:
    if not result.dcc or result.result != APPROVED:
        return ""
    return json.dumps({"od": {"dcc": {"ccura": "USD", "cam": result.amount_minor // 10}}})
