"""`edgepos cancel`, `refund`, `reverse`: ask to stop what runs, give money back, undo the terminal's last."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key, path_of
from edgepos.commands.asking import (
    amount_of,
    asked_for,
    choose_terminal,
    declare_terminal,
    declare_wait,
    find_payment,
    follow,
    names_of,
    outcome,
    wait_for_outcome,
)
from edgepos.commands.exits import Exit
from edgepos.commands.form import Form
from edgepos.commands.output import Answer
from edgepos.commands.table import Verb


def declare_payment(parser: ArgumentParser) -> None:
    parser.add_argument("payment", metavar="PAYMENT", help="its reference, as history and the receipt show it")


def declare_cancel(parser: ArgumentParser) -> None:
    declare_payment(parser)
    declare_wait(parser)


def cancel(options: Namespace) -> Answer:
    """Asks the terminal to stop; done only once the terminal says so. A payment that went through came first."""
    agent = Agent()
    status = agent.get("/status")
    payment = find_payment(agent, options.payment)
    payment = agent.post(path_of("payments", payment["id"], "cancel"))
    payment = dict(wait_for_outcome(agent, payment, wait_s=options.wait))
    place = names_of(status).get(payment["terminal"], payment["terminal"])
    answer = outcome(payment, Form(status["location"]), place)
    if payment["state"] in ("cancelled", "not_started"):
        return Answer(payment, answer.text)  # what was asked for
    if payment["state"] == "approved":
        late = AgentError.of("cancel-too-late", payment=payment["id"], terminal=place)
        return Answer(payment, answer.text, exit=Exit.FAILED, error=late)
    return answer


def declare_refund(parser: ArgumentParser) -> None:
    declare_payment(parser)
    parser.add_argument("amount", nargs="?", metavar="AMOUNT", help="12,50 or 12.50; without it, all that is left")
    declare_terminal(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="kept with the refund")
    declare_wait(parser)


def refund(options: Namespace) -> Answer:
    agent = Agent()
    status = agent.get("/status")
    payment = find_payment(agent, options.payment)
    left, currency = payment["refundable_minor"], payment["currency"]
    amount = left if options.amount is None else amount_of(options.amount, currency)
    if amount > left or not amount:
        raise AgentError.of("amount-too-large", payment=payment["id"], max_minor=left, currency=currency)
    terminal = choose_terminal(status, options.terminal or payment["terminal"])
    body = {"terminal": terminal["id"], "amount_minor": amount, "reason": options.reason}
    started = asked_for(agent, path_of("payments", payment["id"], "refund"), body, new_key())
    return follow(agent, started, Form(status["location"]), names_of(status), wait_s=options.wait)


def declare_reverse(parser: ArgumentParser) -> None:
    declare_payment(parser)
    declare_wait(parser)


def reverse(options: Namespace) -> Answer:
    agent = Agent()
    status = agent.get("/status")
    payment = find_payment(agent, options.payment)
    started = asked_for(agent, path_of("payments", payment["id"], "reverse"), {}, new_key())
    return follow(agent, started, Form(status["location"]), names_of(status), wait_s=options.wait)


VERBS = {
    "cancel": Verb(declare_cancel, cancel, "edgepos cancel E7K2M9Q4T1XA3"),
    "refund": Verb(declare_refund, refund, "edgepos refund E7K2M9Q4T1XA3 12,50"),
    "reverse": Verb(declare_reverse, reverse, "edgepos reverse E7K2M9Q4T1XA3"),
}
