"""`edgepos record`, `settle`, `assign`: what only a person can say, with the terminal's slip in hand.

Each asks for the operator's PIN where the agent wants one: `--operator` names who, the PIN is read without showing it.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edgepos.client import Agent
from edgepos.client.http import new_key, path_of
from edgepos.commands.asking import (
    amount_of,
    asked_for,
    choose_terminal,
    declare_terminal,
    find_invoice,
    find_payment,
    names_of,
    outcome,
)
from edgepos.commands.corrections import declare_payment
from edgepos.commands.form import Form
from edgepos.commands.output import Answer
from edgepos.commands.table import Verb
from edgepos.commands.typed import confirm, secret


def declare_operator(parser: ArgumentParser) -> None:
    parser.add_argument("--operator", metavar="NAME", help="who does it; the PIN is asked for")


def agent_of(options: Namespace) -> Agent:
    """The agent, with the session of whoever gave a PIN."""
    agent = Agent()
    if options.operator:
        agent.session = agent.post(
            "/login", {"operator": options.operator, "pin": secret(f"PIN of {options.operator}: ")}
        )["session"]
    return agent


def declare_record(parser: ArgumentParser) -> None:
    parser.add_argument("amount", metavar="AMOUNT", help="12,50 or 12.50, as on the slip")
    parser.add_argument("--slip", required=True, metavar="NUMBER", help="the number on the terminal's slip")
    parser.add_argument("--at", required=True, metavar="TIME", help="when, as on the slip: 2026-11-25T14:32+01:00")
    parser.add_argument("--session", metavar="NUMBER", help="the session on the slip, if the terminal was closed since")
    parser.add_argument("--invoice", metavar="ID", help="the invoice that it paid, by number or id")
    parser.add_argument("--refund", action="store_true", help="the slip is of money given back")
    declare_terminal(parser)
    declare_operator(parser)


def record(options: Namespace) -> Answer:
    agent = agent_of(options)
    status = agent.get("/status")
    form = Form(status["location"])
    terminal = choose_terminal(status, options.terminal)
    body: dict[str, object] = {
        "kind": "refund" if options.refund else "purchase",
        "terminal": terminal["id"],
        "amount_minor": amount_of(options.amount, status["today"]["currency"]),
        "slip_number": options.slip,
        "at": options.at,
    }
    if options.session:
        body["session"] = options.session
    if options.invoice:
        body["invoice"] = find_invoice(agent, options.invoice)["id"]
    return outcome(asked_for(agent, "/records", body, new_key()), form, terminal["name"])


def declare_settle(parser: ArgumentParser) -> None:
    declare_payment(parser)
    parser.add_argument("outcome", choices=("taken", "not-taken"), help="what the terminal's own slip or list says")
    parser.add_argument("--slip", default="", metavar="NUMBER", help="the number on the terminal's slip")
    parser.add_argument("--amount", metavar="AMOUNT", help="as on the slip; without it, what was asked")
    parser.add_argument("--yes", action="store_true", help="confirm without being asked")
    declare_operator(parser)


def settle(options: Namespace) -> Answer:
    """Closes an unknown payment: the agent says what that means, a person confirms that very sentence."""
    agent = agent_of(options)
    status = agent.get("/status")
    payment = find_payment(agent, options.payment)
    amount = payment["amount_minor"] if options.amount is None else amount_of(options.amount, payment["currency"])
    body = {"outcome": options.outcome.replace("-", "_"), "slip_number": options.slip, "amount_minor": amount}
    path = path_of("payments", payment["id"], "settle")
    sentence = agent.post(path, body)["confirm"]
    if not options.yes:
        confirm(sentence)
    settled = agent.post(path, {**body, "confirm": sentence})
    return outcome(settled, Form(status["location"]), names_of(status).get(settled["terminal"], ""))


def declare_assign(parser: ArgumentParser) -> None:
    declare_payment(parser)
    parser.add_argument("--invoice", required=True, metavar="ID", help="the invoice's number or id")
    declare_operator(parser)


def assign(options: Namespace) -> Answer:
    agent = agent_of(options)
    payment = find_payment(agent, options.payment)
    invoice: Mapping[str, Any] = find_invoice(agent, options.invoice)
    body = {"invoice": invoice["id"], "part": invoice.get("part")}
    assigned = agent.post(path_of("payments", payment["id"], "assign"), body)
    return Answer(assigned, lambda: [f"{payment['id']} is for invoice {invoice['number']}."])


VERBS = {
    "record": Verb(
        declare_record, record, "edgepos record 480,00 --slip 0042 --at 2026-11-25T14:32+01:00 --terminal RECEPTION"
    ),
    "settle": Verb(declare_settle, settle, "edgepos settle E7K2M9Q4T1XA3 taken --slip 0042"),
    "assign": Verb(declare_assign, assign, "edgepos assign E7K2M9Q4T1XA3 --invoice STH-20417"),
}
