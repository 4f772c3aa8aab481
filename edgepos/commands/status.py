"""`edgepos status`: terminals, services, what waits, today. Monitoring runs it all day: it stays quick."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from edgepos.client import Agent
from edgepos.commands.exits import Exit
from edgepos.commands.output import Answer, columns, is_heard, print_json, say
from edgepos.commands.table import Verb

SERVICES: Mapping[str, str] = {"nets": "Nets", "practice": "Practice system"}


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help="print it again with each change, until Ctrl-C")


def run(options: Namespace) -> Answer | Exit:
    agent = Agent()
    if options.watch:
        return _watch(agent, as_json=options.json)
    status = agent.get("/status")
    return Answer(status, lambda: lines(status))


def _watch(agent: Agent, *, as_json: bool) -> Exit:
    from edgepos.client.events import events

    try:
        for event in events(agent):
            if event.name not in ("view", "status"):
                continue
            status = event.data["status"] if event.name == "view" else event.data
            if as_json:
                print_json(status)
            else:
                for line in [*lines(status), ""]:
                    say(line)
            if not is_heard():
                break
    except KeyboardInterrupt:
        pass  # the usual end of watching
    return Exit.DONE


def lines(status: Mapping[str, Any]) -> Iterable[str]:
    """A status as text."""
    from edgepos.commands.form import Form, word

    form = Form(status["location"])
    rows, mends = [], []
    things = [(SERVICES.get(name, name), "", service) for name, service in status["services"].items()]
    things += [(one["name"], one.get("model") or "", one) for one in status["terminals"]]
    for name, model, thing in things:
        since = f"since {form.moment(thing['since'])}" if thing.get("since") else ""
        rows.append((name, model, word(thing["state"]), since))
        if thing.get("mend") and thing["state"] not in ("ok", "ready", "in_use"):
            said = " ".join(str(part) for part in (thing.get("why"), thing["mend"]) if part)
            mends.append(said if said.startswith(name) else f"{name}: {said}")
    yield from columns(rows)
    today, outbox = status["today"], status["outbox"]
    currency = today["currency"]
    total = f"{today['count']} payments, {form.money(today['amount_minor'], currency)}"
    if today["refunds_minor"]:
        total += f", refunds {form.money(today['refunds_minor'], currency)}"
    yield from ("", f"Today: {total}")
    if outbox["queued"] or outbox["parked"]:
        yield f"Bookings: {outbox['queued']} waiting, {outbox['parked']} parked. See: edgepos sync"
        if outbox.get("oldest_queued_at"):
            yield f"The oldest waits since {form.moment(outbox['oldest_queued_at'])}."
    for payment in status["unknown"]:
        amount = form.money(payment.get("amount_minor"), payment.get("currency"))
        yield f"NOT KNOWN YET: {payment['id']}  {amount}. See: edgepos show {payment['id']}"
    if mends:
        yield from ("", *mends)


VERBS = {"status": Verb(declare, run, "edgepos status --json")}
