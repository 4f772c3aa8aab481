"""`edgepos history`, `show`, `receipt`: find payments, read all that is known of one, print its slip again."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import path_of
from edgepos.commands import csv_lines
from edgepos.commands.asking import find_payment, names_of
from edgepos.commands.corrections import declare_payment
from edgepos.commands.exits import Exit
from edgepos.commands.form import SYNC_WORDS, Form, payment_word, shown_minor
from edgepos.commands.output import Answer, columns, write, write_bytes
from edgepos.commands.table import Verb
from edgepos.commands.usage import day

CSV = (
    "id", "created_at", "clinic_day", "kind", "state", "terminal", "invoice", "currency", "amount_minor",
    "approved_minor", "tip_minor", "refundable_minor", "operator", "card_scheme", "masked_card", "session",
    "corrects", "sync",
)  # fmt: skip
"""The columns of `history --csv`: the fields of a payment's JSON, under their names. Amounts in minor units."""
PAGE = 200
"""The agent's longest list."""


def declare_history(parser: ArgumentParser) -> None:
    parser.add_argument("--find", metavar="TEXT", help="reference, invoice, amount or last four digits")
    parser.add_argument("--day", type=day, metavar="DAY", help="one clinic day, as 2026-11-25")
    parser.add_argument("--state", choices=("approved", "declined", "cancelled", "not_started", "unknown", "sent",
                                            "intended", "settled_by_hand"))  # fmt: skip
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="the newest N (50); 0: all")
    parser.add_argument("--csv", action="store_true", help="comma-separated, with a line of names")


def history(options: Namespace) -> Answer | Exit:
    agent = Agent()
    payments = _newest(agent, options)
    if options.csv and not options.json:
        write(csv_lines.lines(CSV, ([one.get(name) for name in CSV] for one in payments)))
        return Exit.DONE
    return Answer({"payments": payments}, lambda: _list(payments, agent.get("/status")))


def _newest(agent: Agent, options: Namespace) -> list[dict[str, Any]]:
    """The newest payments that fit, page by page."""
    payments: list[dict[str, Any]] = []
    before = None
    while not options.limit or len(payments) < options.limit:
        limit = min(PAGE, options.limit - len(payments)) if options.limit else PAGE
        page = agent.get(
            "/payments", find=options.find, day=options.day, state=options.state, limit=limit, before=before
        )["payments"]
        payments += page
        if len(page) < limit:
            break
        before = page[-1]["id"]
    return payments


def _list(payments: Sequence[Mapping[str, Any]], status: Mapping[str, Any]) -> Iterable[str]:
    form, names = Form(status["location"]), names_of(status)
    rows = [
        (
            one["id"],
            form.moment(one["created_at"]),
            "" if one["kind"] == "purchase" else one["kind"],
            form.money(shown_minor(one), one["currency"]),
            payment_word(one),
            names.get(one["terminal"], one["terminal"]),
            SYNC_WORDS.get(one.get("sync") or "", ""),
        )
        for one in payments
    ]
    return columns(rows, "<<<>") or ["No payment fits."]


def show(options: Namespace) -> Answer:
    agent = Agent()
    payment = agent.get(path_of("payments", find_payment(agent, options.payment)["id"]))
    return Answer(payment, lambda: _card(payment, agent.get("/status")))


def _card(payment: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[str]:
    """All that is known of one payment, a line for each thing."""
    form, names = Form(status["location"]), names_of(status)
    currency = payment["currency"]
    name = names.get(payment["terminal"], "")
    things: list[tuple[str, object]] = [
        ("reference", payment["id"]),
        ("kind", payment["kind"]),
        ("state", payment_word(payment)),
        ("cause", payment.get("cause")),
        ("waiting", _waiting(payment)),
        ("terminal", f"{name} {payment['terminal']}".strip()),
        ("asked", form.money(payment["amount_minor"], currency)),
        ("approved", form.money(payment.get("approved_minor"), currency)),
        ("tip", form.money(payment.get("tip_minor") or None, currency)),
        ("to pay", form.money(payment.get("remaining_minor") or None, currency)),
        ("refundable", form.money(payment.get("refundable_minor") or None, currency)),
        ("card", f"{payment.get('card_scheme') or ''} {payment.get('masked_card') or ''}".strip()),
        ("session", payment.get("session")),
        ("text", payment.get("text")),
        ("corrects", payment.get("corrects")),
        ("operator", payment.get("operator")),
        ("created", f"{form.moment(payment['created_at'], seconds=True)} ({payment['created_at']})"),
        ("clinic day", payment.get("clinic_day")),
        ("asked to stop", form.moment(payment.get("asked_to_stop_at"), seconds=True)),
        ("booking", SYNC_WORDS.get(payment.get("sync") or "", "")),
        ("evidence", ", ".join(map(str, payment.get("evidence") or ()))),
    ]
    for line in payment.get("lines") or ():
        if line.get("invoice"):
            amount = form.money(line.get("amount_minor"), currency)
            things.append(
                (f"line {line.get('line', '')}", f"invoice {line.get('number') or line['invoice']}  {amount}")
            )
    return columns([(label, str(value)) for label, value in things if value])


def _waiting(payment: Mapping[str, Any]) -> str:
    """What an open operation waits for, in words."""
    if payment["state"] not in ("intended", "sent", "unknown"):
        return ""
    if "line-lost" in (payment.get("cause"), payment.get("waiting_for")):
        return "line lost; the terminal is asked as soon as it can be"
    return str(payment.get("waiting_for") or "")


def declare_receipt(parser: ArgumentParser) -> None:
    declare_payment(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--merchant", action="store_true", help="the merchant's slip, not the customer's")
    which.add_argument("--all", action="store_true", help="each slip that this country has of such a payment: "
                       "the shop keeps the one that was signed")  # fmt: skip
    parser.add_argument("--copy", action="store_true", help="to be handed out again: marked and counted as a copy")
    parser.add_argument("--code-page", metavar="PAGE", help="in a printer's bytes: cp850, cp437, iso8859-15 …")


def receipt(options: Namespace) -> Answer | Exit:
    """Prints the slip under a heading that says what it is not; `--json` has the terminal's own words as well."""
    agent = Agent()
    payment = find_payment(agent, options.payment)
    path = path_of("payments", payment["id"], "receipt")
    whose = agent.get(path)["slips"] if options.all else ["merchant" if options.merchant else "customer"]
    asked = {"copy": 1 if options.copy else None, "code_page": options.code_page}
    slips = [agent.get(path, slip=one, **asked) for one in whose]
    if not all(slip["text"] for slip in slips):
        raise AgentError.of("no-receipt", payment=payment["id"])
    printed = "\n".join(slip["printed"] for slip in slips)
    if options.code_page and not options.json:
        write_bytes(printed.encode(options.code_page))  # the agent gave only signs that the page has
        return Exit.DONE
    return Answer({"receipts": slips} if options.all else slips[0], printed.splitlines)


VERBS = {
    "history": Verb(declare_history, history, "edgepos history --day 2026-11-25 --csv"),
    "show": Verb(declare_payment, show, "edgepos show E7K2M9Q4T1XA3"),
    "receipt": Verb(declare_receipt, receipt, "edgepos receipt E7K2M9Q4T1XA3 --merchant"),
}
