"""`edgepos sync`: bookings that wait for the practice system; try now, try again, park, adopt one made by hand."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edgepos.client import Agent
from edgepos.client.http import path_of
from edgepos.commands.form import SYNC_WORDS, Form
from edgepos.commands.output import Answer, ago, columns
from edgepos.commands.table import Verb


def declare(parser: ArgumentParser) -> None:
    parser.set_defaults(do=_status)
    verbs = parser.add_subparsers(metavar="VERB")

    def add(name: str, does: str, *arguments: tuple[str, str]) -> ArgumentParser:
        verb = verbs.add_parser(name, help=does, description=does)
        for argument, explained in arguments:
            verb.add_argument(argument.lower(), metavar=argument, help=explained)
        verb.add_argument("--json", action="store_true", default=SUPPRESS, help="print one JSON document")
        return verb

    row = ("ROW", "the booking's id, such as E7K2M9Q4T1XA3.1")
    add("status", "what waits and what is parked (as without a verb)").set_defaults(do=_status)
    add("now", "try all that waits at once").set_defaults(do=_now)
    retry = add("retry", "send a parked booking again", row)
    retry.add_argument("--today", action="store_true", help="book it on today: its own day is closed there")
    retry.set_defaults(do=_retry)
    add("park", "set a booking aside, in sight", row).set_defaults(do=_park)
    adopt = add("adopt", "it was booked by hand: that is this one", row, ("PAYMENT", "its id in the practice system"))
    adopt.set_defaults(do=_adopt)


def run(options: Namespace) -> Answer:
    agent = Agent()
    answer: Answer = options.do(agent, options)
    return answer


def _status(agent: Agent, options: Namespace) -> Answer:
    document = agent.get("/outbox")
    return Answer(document, lambda: _rows(document["outbox"], Form.of(agent)))


def _now(agent: Agent, options: Namespace) -> Answer:
    summary = agent.post("/outbox/now")
    return Answer(
        summary, lambda: [f"{summary['queued']} still wait, {summary['parked']} are parked. See: edgepos sync"]
    )


def _retry(agent: Agent, options: Namespace) -> Answer:
    return _row(agent, agent.post(path_of("outbox", options.row.upper(), "retry"), {"book_today": options.today}))


def _park(agent: Agent, options: Namespace) -> Answer:
    return _row(agent, agent.post(path_of("outbox", options.row.upper(), "park")))


def _adopt(agent: Agent, options: Namespace) -> Answer:
    body = {"practice_payment": options.payment}
    return _row(agent, agent.post(path_of("outbox", options.row.upper(), "adopt"), body))


def _row(agent: Agent, row: Mapping[str, Any]) -> Answer:
    return Answer(row, lambda: _rows([row], Form.of(agent)))


def _rows(rows: Sequence[Mapping[str, Any]], form: Form) -> Iterable[str]:
    shown = [
        (
            one["id"],
            f"invoice {one['invoice']}" if one.get("invoice") else "no invoice",
            form.money(one["amount_minor"], one.get("currency")),
            SYNC_WORDS.get(one["state"], one["state"]),
            f"next try in {ago(one['next_try_s'])}" if one.get("next_try_s") else "",
        )
        for one in rows
    ]
    yield from columns(shown, "<<>") or ["Nothing waits: each payment is booked."]
    for one in rows:
        if one.get("waits_for"):
            yield f"{one['id']}: waits for {one['waits_for']}."
        if one.get("why"):
            yield f"{one['id']}: {one['why']} {one['mend']}"


VERBS = {"sync": Verb(declare, run, "edgepos sync retry E7K2M9Q4T1XA3.1")}
