"""What several commands ask: which terminal, which payment, which invoice, how much; and waiting for an outcome."""

from __future__ import annotations

import re
import select
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import AgentAway, AgentLost, path_of
from edgepos.commands.exits import Exit, exit_of
from edgepos.commands.form import Form, is_part, payment_word, shown_minor
from edgepos.commands.output import Answer, tell
from edgepos.commands.usage import nearest

Payment = Mapping[str, Any]

OPEN = frozenset({"intended", "sent", "unknown"})
STEP_S = 5
"""How long one question waits at the agent: bounds how late a payment that turned `unknown` is noticed."""
AGENT_BACK_S = 1.0
"""Between two looks for an agent that starts again."""
TRIES = 5
"""How often an answer that was lost is asked for, before the outcome is said to be unknown."""


def declare_wait(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--wait", type=int, default=60, metavar="S", help="end with status 4 after S seconds of not knowing (60)"
    )


def declare_terminal(parser: ArgumentParser) -> None:
    parser.add_argument("--terminal", metavar="ID", help="the terminal's name or its 8 digits")


def choose_terminal(status: Mapping[str, Any], named: str | None) -> dict[str, Any]:
    """The terminal that a person named, or the only one. With two or more there is no silent choice."""
    terminals: list[dict[str, Any]] = status["terminals"]
    names = [str(terminal["name"]) for terminal in terminals]
    if named is None:
        if len(terminals) == 1:
            return terminals[0]
        raise AgentError.of("terminal-needed", terminals=names)
    for terminal in terminals:
        if named == terminal["id"] or named.casefold() == str(terminal["name"]).casefold():
            return terminal
    near = nearest(named.upper(), names)
    raise AgentError.of("unknown-terminal", terminal=named, terminals=names, **({"nearest": near} if near else {}))


def amount_of(text: str, currency: str) -> int:
    """What a person typed, in minor units of *currency*."""
    from edgepos.client.values import Wrong, parse_amount

    try:
        return parse_amount(text, currency).minor
    except Wrong as wrong:
        raise AgentError.of(wrong.code, **wrong.facts) from None


def find_payment(agent: Agent, text: str) -> dict[str, Any]:
    """The payment that *text* names: its reference in any case, or its first ten letters and more."""
    from edgepos.client.values import Wrong, parse_reference

    try:
        found: dict[str, Any] = agent.get(path_of("payments", parse_reference(text)))
        return found
    except Wrong:
        start = re.sub(r"[\s-]", "", text).upper()
        if len(start) >= 10:
            near = [one for one in agent.get("/payments", find=start)["payments"] if one["id"].startswith(start)]
            if len(near) == 1:
                return dict(near[0])
        raise AgentError.of("unknown-payment", payment=text[:40]) from None


def find_invoice(agent: Agent, text: str) -> dict[str, Any]:
    """The invoice that *text* names by its id or the number that staff see, read afresh."""
    found: dict[str, Any] = agent.get(path_of("invoices", text), fresh=1)
    return found


def wait_for_outcome(agent: Agent, payment: Payment, *, wait_s: int) -> Payment:
    """The payment once it is final, or once it has been unknown, or the agent away, for *wait_s*.

    Seconds are the agent's: it is asked to wait, and its answers are counted. The agent may start again meanwhile.
    """
    left = wait_s
    while payment["state"] in OPEN:
        try:
            if payment["state"] == "unknown":
                if left <= 0:
                    break
                left -= STEP_S
            payment = agent.get(path_of("payments", payment["id"]), wait_s=STEP_S)
        except AgentAway as error:
            if left <= 0:
                raise AgentLost.of("unknown", payment=payment["id"], terminal=payment["terminal"]) from error
            left -= 1
            pause()
    return payment


def asked_for(agent: Agent, path: str, body: Mapping[str, object], key: str) -> dict[str, Any]:
    """What *path* answers to money asked for with *key*. A lost answer is asked for again: one key, done once."""
    may_be_done = False
    for _ in range(TRIES):
        try:
            answer: dict[str, Any] = agent.post(path, body, key=key)
            return answer
        except AgentAway as error:
            may_be_done = may_be_done or isinstance(error, AgentLost)
            if not may_be_done:
                raise
            pause()
        except KeyboardInterrupt:  # it may have been begun: no word that sounds like "stopped"
            break
    raise AgentError.of("unknown")


def pause() -> None:
    """Lets an agent that starts again come back. Real seconds, whatever clock the agent has."""
    select.select([], [], [], AGENT_BACK_S)


def follow(agent: Agent, payment: Payment, form: Form, names: Mapping[str, str], *, wait_s: int) -> Answer:
    """Waits for what *payment* comes to. Ctrl-C leaves it running, and says how to see it."""
    place = names.get(payment["terminal"], payment["terminal"])
    try:
        tell(f"{payment['id']}  {form.money(payment['amount_minor'], payment['currency'])}  at {place} …")
        payment = wait_for_outcome(agent, payment, wait_s=wait_s)
    except KeyboardInterrupt:
        tell(f"\nIt goes on at {place}. See it: edgepos show {payment['id']}")
        if payment["kind"] in ("purchase", "refund"):
            tell(f"Ask the terminal to stop: edgepos cancel {payment['id']}")
        return Answer(payment, lambda: [], exit=Exit.UNKNOWN)
    return outcome(payment, form, place)


def outcome(payment: Payment, form: Form, place: str) -> Answer:
    """How a command ends whose operation came to this."""
    error = outcome_error(payment, place)
    line = [payment_word(payment), form.money(shown_minor(payment), payment["currency"]), f"at {place}", payment["id"]]
    if payment.get("masked_card"):
        line.append(f"{payment.get('card_scheme') or ''} {payment['masked_card']}".strip())
    if payment.get("tip_minor"):
        line.append(f"tip {form.money(payment['tip_minor'], payment['currency'])}")
    return Answer(
        payment,
        lambda: ["  ".join(part for part in line if part)],
        exit=exit_of(error.code) if error else Exit.DONE,
        error=error,
    )


def outcome_error(payment: Payment, place: str) -> AgentError | None:
    """Why an operation did not come to what was asked for, or None. One that was not started ends with its cause."""
    from edgepos.locale.messages import ENTRIES

    state, cause = str(payment["state"]), payment.get("cause")
    facts: dict[str, object] = {"payment": payment["id"], "terminal": place, "currency": payment["currency"]}
    if is_part(payment):
        facts["remaining_minor"] = payment["amount_minor"] - payment["approved_minor"]
        facts |= {"approved_minor": payment["approved_minor"], "asked_minor": payment["amount_minor"]}
        return AgentError.of("part-approved", **facts)
    if state in ("approved", "settled_by_hand"):
        return None
    if state in OPEN:
        return AgentError.of("unknown", **facts)
    if state == "not_started" and cause in ENTRIES:
        return AgentError.of(str(cause), **facts)
    if cause:
        facts |= {"cause": cause, "why": cause}
    return AgentError.of(state.replace("_", "-"), **facts)


def names_of(status: Mapping[str, Any]) -> dict[str, str]:
    """The terminals' names by their ids."""
    return {terminal["id"]: terminal["name"] for terminal in status["terminals"]}


def shares(amount_minor: int, dues: Sequence[int]) -> list[int]:
    """How an amount fills invoices in order: the first are paid first."""
    filled = []
    for due in dues:
        filled.append(min(amount_minor, due))
        amount_minor -= filled[-1]
    return filled
