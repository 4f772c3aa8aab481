"""`edgepos export`: payments, closing reports and matches of some days, for bookkeepers and their programs.

CSV or JSON Lines, to stdout or a file that is there as a whole or not at all. In CSV an amount is a decimal number in
the clinic's currency; in JSON Lines it is what the agent says, in minor units.
"""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from edgepos.client import Agent
from edgepos.client.values import DIGITS
from edgepos.commands import csv_lines
from edgepos.commands.exits import Exit
from edgepos.commands.output import tell, write
from edgepos.commands.table import Verb
from edgepos.commands.usage import day, wrong

Document = Mapping[str, Any]
PAGE = 200
"""The agent's longest list."""
LONGEST_DAYS = 3_700
DECIMALS = {"point": ".", "comma": ","}

PAYMENTS = (
    "id", "created_at", "clinic_day", "kind", "state", "origin", "cause", "terminal", "invoice", "number", "text",
    "currency", "amount", "approved", "tip", "surcharge", "refundable", "operator", "card_scheme", "masked_card",
    "session", "period", "corrects", "settled_outcome", "settled_slip", "confirmed", "sync",
)  # fmt: skip
CLOSINGS = (
    "number", "clinic_day", "made_at", "operator", "agree", "terminal", "period", "session", "currency",
    "terminal_total", "journal_total", "practice_total", "causes", "dealt_with_at", "dealt_with_by",
)  # fmt: skip
MATCHES = (
    "clinic_day", "terminal", "period", "session", "agree", "currency", "terminal_total", "journal_total",
    "practice_total", "cause", "difference", "needs_person", "ids",
)  # fmt: skip


class Kind(NamedTuple):
    """One thing to export: its documents, its CSV columns, and the rows that one document makes."""

    documents: Callable[[Agent, str, str], Iterator[Document]]
    columns: tuple[str, ...]
    rows: Callable[[Document, str], Iterator[dict[str, object]]]


def declare_export(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(KINDS), help="what to export")
    parser.add_argument("--from", dest="first", type=day, metavar="DAY", help="the first clinic day; without it, today")
    parser.add_argument("--to", dest="last", type=day, metavar="DAY", help="the last one; without it, the first one")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="comma-separated, with a line of names (the default)")
    form.add_argument("--jsonl", action="store_true", help="a JSON document a line, as the agent says it")
    parser.add_argument("--bom", action="store_true", help="mark the CSV as UTF-8, for spreadsheets")
    parser.add_argument("--decimal", choices=tuple(DECIMALS), default="point", help="the sign in CSV amounts (point)")
    parser.add_argument("--out", metavar="FILE", help="into this file; it must not be there yet")
    parser.add_argument("--json", action="store_true", help="the same as --jsonl")


def export(options: Namespace) -> Exit:
    agent, kind = Agent(), KINDS[options.what]
    today = agent.get("/status")["today"]
    first = options.first or options.last or today["day"]
    last = options.last or first
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days
    if not 0 <= days <= LONGEST_DAYS:
        raise wrong(f"From {first} to {last} is no span of days.", mend="See: edgepos export --help")
    documents = kind.documents(agent, first, last)
    if options.jsonl or options.json:
        text = "".join(json.dumps(one, ensure_ascii=True) + "\n" for one in documents)
    else:
        rows = (row for one in documents for row in kind.rows(one, today["currency"]))
        cells = ([row.get(name) for name in kind.columns] for row in rows)
        text = csv_lines.lines(kind.columns, cells, decimal=DECIMALS[options.decimal])
        text = csv_lines.BOM * options.bom + text
    if options.out is None:
        write(text)
    else:
        _into(options.out, text)
        tell(f"{options.out}: {options.what}, {first} to {last}")
    return Exit.DONE


def _into(path: str, text: str) -> None:
    """A file with *text*, whole and on the disk, or none; one that is there already stays as it is."""
    unfinished = f"{path}.part"
    try:
        with open(unfinished, "x", encoding="utf-8", newline="") as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                os.link(unfinished, path)
            finally:
                os.unlink(unfinished)
    except OSError as error:
        mend = "Choose another name." if isinstance(error, FileExistsError) else "Choose another place."
        raise wrong(f"{path} cannot be written: {error.strerror}.", mend=mend, text=path) from None


# --- what there is


def _days(first: str, last: str) -> Iterator[str]:
    at, end = date.fromisoformat(first), date.fromisoformat(last)
    while at <= end:
        yield at.isoformat()
        at += timedelta(days=1)


def _payments(agent: Agent, first: str, last: str) -> Iterator[Document]:
    """Day by day, the oldest first."""
    for one in _days(first, last):
        found: list[Document] = []
        before = None
        while page := agent.get("/payments", day=one, limit=PAGE, before=before)["payments"]:
            found += page
            before = page[-1]["id"]
            if len(page) < PAGE:
                break
        yield from reversed(found)


def _payment_rows(payment: Document, currency: str) -> Iterator[dict[str, object]]:
    """A line for each invoice that a payment is for, money back below zero; what belongs to the whole payment stands
    in its first line."""
    sign = -1 if payment["kind"] in ("refund", "reversal") else 1
    lines: Sequence[Document] = payment["lines"] or [{}]
    for nth, line in enumerate(lines):
        whole = payment if nth == 0 else {}
        sums = {
            "amount": line.get("amount_minor", payment["amount_minor"]),
            "approved": line.get("kept_minor", payment["approved_minor"]),
            "tip": whole.get("tip_minor"),
            "surcharge": whole.get("surcharge_minor"),
        }
        yield {
            **payment,
            **{name: _amount(minor, payment["currency"], sign) for name, minor in sums.items()},
            "refundable": _amount(whole.get("refundable_minor"), payment["currency"]),
            "invoice": line.get("invoice"),
            "number": line.get("number"),
        }


def _closings(agent: Agent, first: str, last: str) -> Iterator[Document]:
    """The reports of these days as they were made, the oldest first."""
    found: list[Document] = []
    before = None
    while page := agent.get("/closings", limit=PAGE, before=before)["closings"]:
        found += [one for one in page if first <= one["clinic_day"] <= last]
        before = page[-1]["number"]
        if len(page) < PAGE:
            break
    return reversed(found)


def _closing_rows(closing: Document, currency: str) -> Iterator[dict[str, object]]:
    """A line for each period in the report, and what became of it since if it was red."""
    dealt = {(one["terminal"], one["period"]): one for one in closing["dealt_with"]}
    for one in closing["match"]["terminals"] or [{}]:
        causes = " ".join(difference["cause"] for difference in one.get("differences", ()))
        since = dealt.get((one.get("terminal"), one.get("period")), {})
        yield {
            **closing,
            **_sides(one, currency),
            "agree": one.get("agree", closing["match"]["agree"]),
            "causes": causes,
            "dealt_with_at": since.get("at"),
            "dealt_with_by": since.get("operator"),
        }


def _matches(agent: Agent, first: str, last: str) -> Iterator[Document]:
    """The match as it is now, day by day; a period that spans several is told on its first one."""
    told = set()
    for one in _days(first, last):
        match = agent.get("/match", day=one)
        fresh = [side for side in match["terminals"] if (side["terminal"], side["period"]) not in told]
        told |= {(side["terminal"], side["period"]) for side in fresh}
        yield {**match, "terminals": fresh}


def _match_rows(match: Document, currency: str) -> Iterator[dict[str, object]]:
    """A line for each difference, and one for each period without any."""
    for one in match["terminals"]:
        for difference in one["differences"] or [{}]:
            yield {"clinic_day": match["day"], **_sides(one, currency), **_difference(difference, currency)}
    for difference in match["without_reference"]:
        yield {"clinic_day": match["day"], "currency": currency, **_difference(difference, currency)}


def _sides(period: Document, currency: str) -> dict[str, object]:
    sums = {f"{side}_total": _amount(period.get(f"{side}_minor"), currency) for side in SIDES}
    names = ("terminal", "period", "session", "agree")
    return {**{name: period.get(name) for name in names}, "currency": currency, **sums}


def _difference(difference: Document, currency: str) -> dict[str, object]:
    return {
        "cause": difference.get("cause"),
        "difference": _amount(difference.get("minor"), currency),
        "needs_person": difference.get("needs_person"),
        "ids": " ".join(difference.get("ids", ())),
    }


def _amount(minor: object, currency: str, sign: int = 1) -> Decimal | None:
    return Decimal(sign * minor).scaleb(-DIGITS.get(currency, 2)) if isinstance(minor, int) else None


SIDES = ("terminal", "journal", "practice")
KINDS: Mapping[str, Kind] = {
    "payments": Kind(_payments, PAYMENTS, _payment_rows),
    "closings": Kind(_closings, CLOSINGS, _closing_rows),
    "matches": Kind(_matches, MATCHES, _match_rows),
}
VERBS = {"export": Verb(declare_export, export, "edgepos export payments --from 2026-11-01 --to 2026-11-30 --csv")}
