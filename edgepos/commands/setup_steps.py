"""The steps of `edgepos setup` that ask the running agent and the terminals: each checked, each with its mend.

Every step gives rows: what was looked at, how it stands, what to do. What only a person can see is asked of one, and
where nobody is asked it is said to be not looked at. Money moves in one step only, the test purchase, and is given back
in the next breath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from edgepos.client import Agent, AgentError
from edgepos.client.http import new_key, path_of
from edgepos.commands.asking import asked_for, outcome_error, wait_for_outcome
from edgepos.commands.output import tell
from edgepos.commands.setup_progress import NOT_LOOKED_AT, OK, WRONG, Progress, Row, row
from edgepos.commands.setup_talk import Talk

LONGEST_S = 400
"""How long a test may stay unknown: longer than the longest operation."""
DOCTOR_S = 15.0
LOOKS = 30
"""How often, a second apart, a terminal is looked at until the agent has seen it."""
PASSING = ("terminal-busy", "terminal-in-use", "nets-away")
"""What stands in the way for some seconds after a payment."""
LAMPS = "At {name}: are both lamps on its home screen, ECR and host, green"


class Steps:
    """Of one run. *besides* is what a file of answers holds beside the settings."""

    def __init__(self, agent: Agent, talk: Talk, progress: Progress, besides: Mapping[str, Any]) -> None:
        self._agent, self._talk, self._progress, self._besides = agent, talk, progress, besides

    def all(self) -> Iterator[Row]:
        """Every step, in order; one that went well before is only told again."""
        yield from self._doctor()
        for terminal in self._agent.get("/status")["terminals"]:
            yield from self._terminal(terminal)
        yield from self._people()
        yield row("slips", OK, "Terminals with a printer print by themselves; else: edgepos receipt PAYMENT")

    def _once(self, step: str, job: Callable[[], Row]) -> Row:
        done = self._progress.done(step)
        if done is not None:
            return done
        try:
            made = job()
        except AgentError as error:
            made = row(step, WRONG, error.message, error.mend)
        return self._progress.note(made)

    def _doctor(self) -> Iterator[Row]:
        """Time, network, services, rights, disk: the agent's own doctor; the terminals have steps of their own."""
        checks = Agent(answer_s=DOCTOR_S).get("/doctor")["checks"]
        for check in checks:
            if check["area"] in ("terminals", "money"):
                continue
            state = OK if check["ok"] else WRONG
            yield row(f"{check['area']}: {check['name']}", state, check["message"], check["mend"])

    def _terminal(self, terminal: Mapping[str, Any]) -> Iterator[Row]:
        name = str(terminal["name"])
        seen = self._seen(terminal["id"])
        if seen["state"] not in ("ready", "reconcile_first"):
            mend = f"{seen['mend']} Then: edgepos setup".strip()
            yield row(f"{name}: terminal", WRONG, str(seen["why"] or seen["state"]), mend)
            return
        yield row(f"{name}: terminal", OK, f"{seen['model']}, in the account, connected")
        yield self._once(f"{name}: lamps", lambda: self._lamps(name))
        reconciled = self._once(f"{name}: first reconciliation", lambda: self._reconcile(seen))
        yield reconciled
        if reconciled["state"] == OK:
            yield self._once(f"{name}: test purchase and reversal", lambda: self._purchase(seen))

    def _seen(self, id: str) -> Mapping[str, Any]:
        """The terminal's state, once the agent has one."""
        for _ in range(LOOKS):
            seen = _by_id(self._agent.get("/status")["terminals"], id)
            if seen["state"] not in ("not_checked", "busy", "restarting"):
                break
            _pause()
        return seen

    def _lamps(self, name: str) -> Row:
        step, told = f"{name}: lamps", self._besides.get("lamps")
        are_green = self._talk.yes(LAMPS.format(name=name), told if isinstance(told, bool) else None)
        if are_green is None:
            return row(step, NOT_LOOKED_AT, "Nobody has looked.", "Look at its home screen: ECR and host green.")
        if are_green:
            return row(step, OK, "both green")
        return row(
            step, WRONG, "ECR not green: no line to Nets. Host not green: no line to the bank.",
            "Restart the terminal; check cable and network, and its menus ECR (TLS, port 6001) and Communication.",
        )  # fmt: skip

    def _reconcile(self, terminal: Mapping[str, Any]) -> Row:
        """The first one: done from here, unless it was done with the Merchant Card, which the terminal cannot tell."""
        step = f"{terminal['name']}: first reconciliation"
        if terminal["last_reconciled_at"]:
            return row(step, OK, f"reconciled at {terminal['last_reconciled_at'][:16]}Z")
        tell(f"Reconciling {terminal['name']}; it needs no card for that …")
        body = {"terminal": terminal["id"]}
        ended = self._once_it_rests("/reconciliations", body)
        error = outcome_error(ended, str(terminal["name"]))
        if error is not None:
            return row(step, WRONG, error.message, error.mend)
        session = ended.get("session")
        return row(step, OK, f"session {session} closed" if session else "closed")

    def _purchase(self, terminal: Mapping[str, Any]) -> Row:
        from edgepos.commands.asking import amount_of

        name = str(terminal["name"])
        step, test = f"{name}: test purchase and reversal", self._besides.get("test", {})
        currency = self._agent.get("/status")["today"]["currency"]
        default = str(test.get("amount", "")) if isinstance(test, Mapping) else ""
        text = self._talk.ask(f"Amount of a test purchase at {name}, with a real card (- for none)", default or "-")
        if text == "-":
            mend = f"Later: edgepos pay 1,00 --terminal “{name}”, then: edgepos reverse PAYMENT"
            return row(step, NOT_LOOKED_AT, "No test purchase was made.", mend)
        body = {"terminal": terminal["id"], "currency": currency, "amount_minor": amount_of(text, currency),
                "text": "edgepos setup"}  # fmt: skip
        tell(f"Show a card at {name} now …")
        paid = self._once_it_rests("/payments", body)
        error = outcome_error(paid, name)
        if error is not None:
            return row(step, WRONG, error.message, error.mend)
        return self._give_back(step, terminal, paid)

    def _give_back(self, step: str, terminal: Mapping[str, Any], paid: Mapping[str, Any]) -> Row:
        name, path = str(terminal["name"]), "reverse"
        body: dict[str, object] = {}
        if terminal["keypad_sales"]:  # where staff sell on its keypad, a reversal could hit such a sale
            tell(f"Show the same card at {name} again: the money goes back …")
            path = "refund"
            body = {
                "terminal": terminal["id"], "amount_minor": paid["refundable_minor"], "reason": "edgepos setup",
            }  # fmt: skip
        ended = self._once_it_rests(path_of("payments", paid["id"], path), body)
        error = outcome_error(ended, name)
        if error is not None:
            mend = f"{error.mend} The purchase stands: edgepos refund {paid['id']}"
            return row(
                step, WRONG, f"The purchase {paid['id']} went well, giving it back did not. {error.message}", mend
            )
        word = "refunded" if path == "refund" else "reversed"
        return row(step, OK, f"{paid['id']} paid with {paid.get('card_scheme') or 'a card'} and {word}")

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

    def _people(self) -> Iterator[Row]:
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
        if any(one["role"] == "technician" and one["active"] for one in known):
            yield row("people", OK, f"{len(known)} may log in")
        else:
            yield row(
                "people", NOT_LOOKED_AT, "Nobody has a technician's PIN: the kiosk shows its technician's place to nobody.",
                "Add one: edgepos operators NAME --role technician --pin",
            )  # fmt: skip

    def _add(self, id: str, name: str, role: str, pin: object) -> Row:
        body: dict[str, object] = {"operator": id, "name": name or id, "role": role, "active": True}
        if pin is not None:
            body["pin"] = str(pin)
        try:
            self._agent.post("/operators", body)
        except AgentError as error:
            return row(f"person {id}", WRONG, error.message, error.mend)
        return row(f"person {id}", OK, role)


def _by_id(terminals: Sequence[Mapping[str, Any]], id: str) -> Mapping[str, Any]:
    return next(one for one in terminals if one["id"] == id)


def _pause() -> None:
    from edgepos.commands.asking import pause

    pause()
