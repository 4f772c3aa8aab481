"""`edgepos pay`: takes a payment for invoices or for an amount, and waits for its outcome.

The amount and the due sum go to the agent as the person saw them; anything that has changed since is refused there.
"""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key
from edgepos.commands.asking import (
    amount_of,
    asked_for,
    choose_terminal,
    declare_terminal,
    declare_wait,
    find_invoice,
    follow,
    names_of,
    shares,
)
from edgepos.commands.form import Form
from edgepos.commands.output import Answer
from edgepos.commands.table import Verb
from edgepos.commands.typed import confirm
from edgepos.commands.usage import wrong


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("amount", nargs="?", metavar="AMOUNT", help="12,50 or 12.50; without it, what is due")
    parser.add_argument(
        "--invoice", action="append", default=[], metavar="ID", help="an invoice's number or id; may be given again"
    )
    declare_terminal(parser)
    parser.add_argument("--reference", default="", metavar="TEXT", help="a text for a payment without an invoice")
    parser.add_argument("--large", action="store_true", help="the amount is above the clinic's limit, and meant so")
    parser.add_argument(
        "--yes", action="store_true", help="an invoice that may be paid already was looked at: it is not"
    )
    declare_wait(parser)


def run(options: Namespace) -> Answer:
    if options.amount is None and not options.invoice:
        raise wrong("What is to be paid?", mend="Name an amount or an invoice, as in: edgepos pay 12,50")
    agent = Agent()
    status = agent.get("/status")
    form = Form(status["location"])
    currency = status["today"]["currency"]
    amount_minor = None if options.amount is None else _amount(options.amount, currency)
    terminal = choose_terminal(status, options.terminal)
    body: dict[str, object] = {"terminal": terminal["id"], "currency": currency, "text": options.reference}
    if options.large:
        body["large_confirmed"] = True
    if options.invoice:
        body["lines"] = _lines(agent, list(dict.fromkeys(options.invoice)), amount_minor)
    else:
        body["amount_minor"] = amount_minor
    payment = _begun(agent, body, is_sure=options.yes)
    return follow(agent, payment, form, names_of(status), wait_s=options.wait)


def _amount(text: str, currency: str) -> int:
    try:
        return amount_of(text, currency)
    except AgentError as error:
        if any(letter.isalpha() for letter in text) and any(letter.isdigit() for letter in text):
            error.mend = f"If it is an invoice: edgepos pay --invoice {shlex.quote(text)}"
        raise


def _begun(agent: Agent, body: Mapping[str, object], *, is_sure: bool) -> dict[str, Any]:
    """The payment, begun. After a restore a person is asked whether an older invoice was not paid in the gap."""
    try:
        return asked_for(agent, "/payments", body, new_key())
    except AgentError as error:
        if error.code != "perhaps-paid":
            raise
        if not is_sure:
            confirm(f"{error.message} It is not paid: charge it.")
    return asked_for(agent, "/payments", {**body, "gap_confirmed": True}, new_key())


def _lines(agent: Agent, named: list[str], amount_minor: int | None) -> list[dict[str, Any]]:
    """What each invoice gets of the amount; all that is due if there is none."""
    invoices = [find_invoice(agent, text) for text in named]
    for one in invoices:
        if not one["payable"]:
            raise _not_payable(one)
    dues = [one["due_minor"] for one in invoices]
    amount_minor = sum(dues) if amount_minor is None else amount_minor
    if amount_minor > sum(dues):
        raise AgentError.of("amount-too-large", max_minor=sum(dues), currency=invoices[0]["currency"])
    return [
        {"invoice": one["id"], "part": one["part"], "due_minor": one["due_minor"], "amount_minor": share}
        for one, share in zip(invoices, shares(amount_minor, dues), strict=True)
        if share
    ]


def _not_payable(invoice: dict[str, Any]) -> AgentError:
    code = "invoice-paid" if invoice["why_not"] == "paid" else "not-payable"
    number = invoice["number"] or invoice["id"]
    return AgentError.of(code, invoice=invoice["id"], number=number, why_not=invoice["why_not"])


VERBS = {"pay": Verb(declare, run, "edgepos pay --invoice STH-20417 --terminal RECEPTION")}
