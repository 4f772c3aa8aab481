"""The steps of `edgepos setup` that ask the running agent and the terminals: each checked, each with its mend.

The agent says how each stands, for the screen and for this command alike; here is done what can be, and asked of a person
what only one can see. Money moves in one step only, the test purchase, and is given back in the next breath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key, path_of
from edgepos.commands.asking import asked_for, outcome_error, wait_for_outcome
from edgepos.commands.output import tell
from edgepos.commands.setup_progress import OK, OPEN, WRONG, Row, row
from edgepos.commands.setup_talk import Talk
from edgepos.locale.steps import TEST_TEXT

LONGEST_S = 400
"""How long a test may stay unknown: longer than the longest operation."""
LOOK_S = 20.0
"""The agent asks the network and both services meanwhile."""
LOOKS = 30
"""How often, a second apart, a terminal is looked at until the agent has seen it."""
PASSING = ("terminal-busy", "terminal-in-use", "nets-away")
"""What stands in the way for some seconds after a payment."""
LAMPS = "At {name}: are both lamps on its home screen, ECR and host, green"
Step = Mapping[str, Any]


class Steps:
    """Of one run. *besides* is what a file of answers holds beside the settings."""

    def __init__(self, agent: Agent, talk: Talk, besides: Mapping[str, Any]) -> None:
        self._agent, self._talk, self._besides = agent, talk, besides

    def all(self) -> Iterator[Row]:
        """Every step, in order, as the agent finds it; one that is open is done where it can be."""
        steps = Agent(answer_s=LOOK_S).get("/setup", look=1)["steps"]
        terminals = {one["id"]: one for one in self._agent.get("/status")["terminals"]}
        for step in steps:
            if step["kind"] == "people":
                yield from self._add_people()
            yield self._done(step["id"], terminals.get(step["terminal"], {}))

    def _done(self, id: str, terminal: Mapping[str, Any]) -> Row:
        """The step, after what this command can do about it."""
        step = self._look(id)
        does = self._does(step, terminal)
        if step["state"] != OPEN or does is None:
            return _row(step)
        try:
            said = does()
        except AgentError as error:
            return row(step["step"], WRONG, error.message, error.mend)
        return said or _row(self._look(id))

    def _does(self, step: Step, terminal: Mapping[str, Any]) -> Callable[[], Row | None] | None:
        """What is done about *step*: gives a row where it is known why it stays open, else None."""
        jobs: Mapping[str, Callable[[], Row | None]] = {
            "lamps": lambda: self._lamps(terminal),
            "reconcile": lambda: self._reconcile(step["step"], terminal),
            "purchase": lambda: self._purchase(step["step"], terminal),
            "give-back": lambda: self._give_back(step["step"], terminal, step["payment"]),
            "watch": lambda: self._watch(step["payment"]),
        }
        return jobs.get(step["act"])

    def _look(self, id: str) -> Step:
        """The step as it stands; one of a terminal, once the agent has seen that."""
        for _ in range(LOOKS):
            found = {one["id"]: one for one in self._agent.get("/setup")["steps"]}
            step: Step = found[id]
            terminal = found.get(f"terminal:{step['terminal']}", {})
            if terminal.get("state") != OPEN:
                break
            _pause()
        return step

    def _lamps(self, terminal: Mapping[str, Any]) -> None:
        told = self._besides.get("lamps")
        are_green = self._talk.yes(LAMPS.format(name=terminal["name"]), told if isinstance(told, bool) else None)
        if are_green is not None:
            self._agent.post("/setup/lamps", {"terminal": terminal["id"], "green": are_green})

    def _watch(self, payment: Step) -> None:
        """What is under way, left by whoever began it."""
        wait_for_outcome(self._agent, payment, wait_s=LONGEST_S)

    def _reconcile(self, step: str, terminal: Mapping[str, Any]) -> Row | None:
        """The first one: done from here, unless it was done with the Merchant Card, which the terminal cannot tell."""
        tell(f"Reconciling {terminal['name']}; it needs no card for that …")
        body = {"terminal": terminal["id"]}
        error = outcome_error(self._once_it_rests("/reconciliations", body), str(terminal["name"]))
        return row(step, WRONG, error.message, error.mend) if error else None

    def _purchase(self, step: str, terminal: Mapping[str, Any]) -> Row | None:
        from edgepos.commands.asking import amount_of

        name, test = str(terminal["name"]), self._besides.get("test", {})
        currency = self._agent.get("/status")["today"]["currency"]
        default = str(test.get("amount", "")) if isinstance(test, Mapping) else ""
        text = self._talk.ask(f"Amount of a test purchase at {name}, with a real card (- for none)", default or "-")
        if text == "-":
            return None
        body = {"terminal": terminal["id"], "currency": currency, "amount_minor": amount_of(text, currency),
                "text": TEST_TEXT}  # fmt: skip
        tell(f"Show a card at {name} now …")
        paid = self._once_it_rests("/payments", body)
        error = outcome_error(paid, name)
        if error is not None:
            return row(step, WRONG, error.message, error.mend)
        return self._give_back(step, terminal, paid)

    def _give_back(self, step: str, terminal: Mapping[str, Any], paid: Mapping[str, Any]) -> Row | None:
        name, path = str(terminal["name"]), "reverse"
        body: dict[str, object] = {}
        if terminal["keypad_sales"]:  # where staff sell on its keypad, a reversal could hit such a sale
            tell(f"Show the same card at {name} again: the money goes back …")
            path = "refund"
            body = {
                "terminal": terminal["id"], "amount_minor": paid["refundable_minor"], "reason": "edgepos setup",
            }  # fmt: skip
        error = outcome_error(self._once_it_rests(path_of("payments", paid["id"], path), body), name)
        if error is None:
            return None
        mend = f"{error.mend} The purchase stands: edgepos refund {paid['id']}"
        return row(step, WRONG, f"The purchase {paid['id']} went well, giving it back did not. {error.message}", mend)

    def _once_it_rests(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        """What an operation comes to. Right after a payment the terminal prints: it is asked again while it is busy,
        which the agent says either at once or, from the terminal's own state, as an operation that was not started."""
        left = LOOKS
        while True:
            try:
                asked = asked_for(self._agent, path, body, new_key())
            except AgentError as error:
                if not left or error.code not in PASSING:
                    raise
            else:
                ended = wait_for_outcome(self._agent, asked, wait_s=LONGEST_S)
                if not left or ended["state"] != "not_started" or ended.get("cause") not in PASSING:
                    return ended
            left -= 1
            _pause()

    def _add_people(self) -> Iterator[Row]:
        """Who may log in: from the answers, or asked for one after the other."""
        people: Sequence[Mapping[str, Any]] = self._besides.get("operator", ())
        for one in people:
            yield self._add(
                str(one.get("id", "")), str(one.get("name", "")), str(one.get("role", "staff")), one.get("pin")
            )
        known = self._agent.get("/operators")["operators"]
        while id := self._talk.ask(f"Add a person: a short name such as anna ({len(known)} there; Enter: no more)"):
            name = self._talk.ask("The name that is shown", id)
            role = self._talk.choose(
                "May do", (("staff", "payments"), ("senior", "and refunds above the limit"), ("technician", "all")), "staff"
            )  # fmt: skip
            pin = self._talk.secret("PIN, 4 to 12 digits", is_there=any(one["operator"] == id for one in known))
            made = self._add(id, name, role, pin)
            tell(f"  {made['step']}: {made['message']} {made['mend']}".rstrip())
            known = self._agent.get("/operators")["operators"]

    def _add(self, id: str, name: str, role: str, pin: object) -> Row:
        body: dict[str, object] = {"operator": id, "name": name or id, "role": role, "active": True}
        if pin is not None:
            body["pin"] = str(pin)
        try:
            self._agent.post("/operators", body)
        except AgentError as error:
            return row(f"person {id}", WRONG, error.message, error.mend)
        return row(f"person {id}", OK, role)


def _row(step: Step) -> Row:
    return row(step["step"], step["state"], step["message"], step["mend"])


def _pause() -> None:
    from edgepos.commands.asking import pause

    pause()
