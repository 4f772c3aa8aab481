"""`edgepos watch`: what happens, live, a line for each event, until Ctrl-C. Goes on over a restart of the agent."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from edgepos.client import Agent
from edgepos.client.events import Event, events
from edgepos.client.http import AgentLost
from edgepos.commands.asking import names_of, pause
from edgepos.commands.exits import Exit
from edgepos.commands.form import Form, payment_word, word
from edgepos.commands.output import is_heard, print_json, say, tell
from edgepos.commands.table import Verb


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document a line: event, data")


def run(options: Namespace) -> Exit:
    agent = Agent()
    teller = Teller()
    try:
        while is_heard():
            try:
                for event in events(agent):
                    if options.json:
                        print_json({"event": event.name, "seq": event.seq, "data": event.data})
                    else:
                        teller.tell(event)
                    if not is_heard():
                        break
            except AgentLost as error:
                tell(f"edgepos: {error.message}")
                pause()
    except KeyboardInterrupt:
        pass  # the usual end of watching
    return Exit.DONE


class Teller:
    """Says what happened in a line. Keeps what is needed to say only what has changed."""

    def __init__(self) -> None:
        self._form = Form({})
        self._names: Mapping[str, str] = {}
        self._states: dict[str, str] = {}
        self._findings_told: set[str] = set()

    def tell(self, event: Event) -> None:
        data = event.data
        if event.name == "view":
            self._status(data["status"])
            for payment in data["open"]:
                self._payment(payment)
            self._findings(data["findings"])
        elif event.name == "status":
            self._status(data)
        elif event.name == "payment":
            self._payment(data)
        elif event.name == "terminal_text":
            say(f"{self._name(data['terminal'])}: “{data['text']}”")
        elif event.name == "finding":
            self._findings(data["open"])
        elif event.name == "closing":
            say(f"closing {data['number']} of {data['clinic_day']}")

    def _status(self, status: Mapping[str, Any]) -> None:
        self._form, self._names = Form(status["location"]), names_of(status)
        things = {self._name(one["id"]): one["state"] for one in status["terminals"]}
        things |= {name: service["state"] for name, service in status["services"].items()}
        for name, state in things.items():
            if self._states.get(name) != state:
                self._states[name] = state
                say(f"{name}: {word(state)}")

    def _payment(self, payment: Mapping[str, Any]) -> None:
        amount = self._form.money(payment["amount_minor"], payment["currency"])
        say(f"{payment['id']}  {payment['kind']}  {amount}  {self._name(payment['terminal'])}: {payment_word(payment)}")

    def _findings(self, opened: Sequence[Mapping[str, Any]]) -> None:
        for finding in opened:
            if finding["id"] not in self._findings_told:
                self._findings_told.add(finding["id"])
                say(f"{finding['id']}  {finding['message']} {finding['mend']}")

    def _name(self, terminal: str) -> str:
        return self._names.get(terminal, terminal)


VERBS = {"watch": Verb(declare, run, "edgepos watch")}
