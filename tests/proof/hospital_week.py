"""An animal hospital's week: 20 terminals, 10 screens, 2,000 payments a day, networks that flap, a restart each night.

    python -m tests.proof.hospital_week            the week, with its series hour by hour; under half an hour
    python -m tests.proof.hospital_week --hours 12  its first hours only
    python -m tests.proof.hospital_week --short    four hours of a night with 3 terminals, in seconds

Simulator, agent and screens are processes and talk over real sockets; only time is virtual. Everything that is drawn
comes from `$EDGEPOS_SEED`. At the end all lines are good again, and the bank's truth, the journal and the practice
system's books must agree to the last unit, with nothing parked and nothing unknown; and every screen must show the same.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgepos.client import AgentError
from edgepos.client.http import new_key
from edgepos.commands.demo.clinic import DemoClinic, end_together
from edgepos.commands.demo.control import DemoFailed
from edgepos.commands.demo.settings import ORGANISATION
from edgepos.commands.demo.truth import compare
from tests.proof.figures import SEED, record
from tests.proof.hospital_processes import FIRST_TERMINAL
from tests.proof.hospital_series import Sample, growth, sample, table

ROOT = Path(__file__).parents[2]
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
NIGHT_HOUR = 3
"""When the terminals are reconciled, the day is closed and the agent starts again."""
FINAL = frozenset({"approved", "declined", "cancelled", "not_started", "settled_by_hand"})
REST_S = 5_400.0
RECONCILIATIONS = 20
"""So often is a terminal asked for it in one night."""
MONEY, BOOKING = {"service": "nets", "path": "*/transaction"}, {"service": "provet", "path": "*/invoicepayment/"}
WEATHER: Sequence[tuple[dict[str, Any], float]] = (
    *(({**MONEY, "method": "POST", "fault": fault}, 4.0) for fault in ("drop_before", "drop_after", "cut_body", "reset")),
    *(({**BOOKING, "method": "POST", "fault": fault}, 4.0) for fault in ("drop_before", "drop_after", "cut_json", "html")),
    ({"service": "nets", "fault": "504_at_60s", **MONEY}, 2.0),
    ({"service": "nets", "fault": "down", "args": {"seconds": 20.0}}, 20.0),
    ({"service": "nets", "fault": "down", "args": {"seconds": 400.0}}, 4.0),
    ({"service": "provet", "fault": "down", "args": {"seconds": 90.0}}, 10.0),
    ({"service": "provet", "fault": "down", "args": {"seconds": 3_600.0}}, 1.0),
)  # fmt: skip
"""What goes wrong, and how often a day."""
BUSY_HOURS = range(7, 21)
PAID_BEFORE, OWED_BEFORE = 2_500, 60
"""Invoices that are there before the week: a hospital is not new, and what a box keeps of them is full from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large the hospital is, and for how long."""

    terminals: int = 20
    screens: int = 10
    payments_a_day: int = 2_000
    hours: int = 7 * 24
    first_hour: int = 6
    storms: float = 1.0
    """How many times as often as on other days something goes wrong."""


WEEK = Plan()
SHORT = Plan(terminals=3, screens=3, payments_a_day=600, hours=4, first_hour=1, storms=8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An invoice that somebody is to pay."""

    id: str
    number: str
    due_minor: int


class Hospital(DemoClinic):
    """The processes of a place with so many terminals and screens."""

    def __init__(self, plan: Plan) -> None:
        self.terminals = [str(FIRST_TERMINAL + number) for number in range(plan.terminals)]
        places = "\n".join(
            f'[[terminal]]\nid = "{id}"\nname = "PLACE {number}"\nmodel = "Desk3500"\n'
            for number, id in enumerate(self.terminals, 1)
        )
        super().__init__(
            virtual=True,
            organisation=ORGANISATION.replace("[practice]", "websocket = false\n\n[practice]")
            + "\n[times]\npoll_s = 300.0\n",
            location='[location]\nname = "Animal Hospital"\ncountry = "SE"\ncurrency = "SEK"\ntime_zone = "UTC"\n'
            f'department = "2"\nday_starts = "0{NIGHT_HOUR}:00"\n\n[limits]\ndisk_reserve_mb = 1\n\n{places}',
        )
        self._screens: subprocess.Popen[str] | None = None
        self._count = plan.screens

    def _environment(self, **extra: str) -> dict[str, str]:
        return super()._environment(MALLOC_ARENA_MAX="1", **extra)  # as the unit has it

    def _helper(self, *arguments: str, **options: Any) -> subprocess.Popen[Any]:
        command = [sys.executable, "-m", "tests.proof.hospital_processes", *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._log, **options)

    def _start_simulator(self) -> None:
        self._simulator = self._helper("simulator", str(len(self.terminals)), stdin=subprocess.DEVNULL)
        assert self._simulator.stdout is not None
        self.addresses = json.loads(self._simulator.stdout.readline())
        for id in self.terminals:
            self.control("PUT", f"/terminals/{id}", {"fresh_refuses": False})
        self.owed = [self.new_invoice(10_000 + number) for number in range(PAID_BEFORE + OWED_BEFORE)]
        for invoice in self.owed[:PAID_BEFORE]:
            self.control("POST", "/practice/bookings", {"invoice": int(invoice.id), "paid_minor": invoice.due_minor})
        del self.owed[:PAID_BEFORE]

    def new_invoice(self, due_minor: int) -> Owed:
        made = self.control("POST", "/practice/invoices", {"total_minor": due_minor, "department": 2})
        return Owed(id=str(made["id"]), number=made["number"], due_minor=due_minor)

    @contextlib.contextmanager
    def screens(self) -> Iterator[None]:
        """The screens, which watch while the block runs."""
        arguments = ("screens", str(self.socket), str(self._count))
        self._screens = self._helper(*arguments, stdin=subprocess.PIPE, text=True)
        try:
            yield
        finally:
            self._screens.communicate(timeout=30)

    def look(self) -> dict[str, Any]:
        """What the screens show, and how large their process is."""
        assert self._screens is not None
        assert self._screens.stdin is not None
        assert self._screens.stdout is not None
        self._screens.stdin.write("\n")
        self._screens.stdin.flush()
        seen: dict[str, Any] = json.loads(self._screens.stdout.readline())
        return seen

    @property
    def agent_pid(self) -> int:
        assert self._agent is not None
        return self._agent.pid


class Week:
    """The week as it goes: what people and networks do, hour by hour."""

    def __init__(self, hospital: Hospital, plan: Plan, say: Callable[[str], None]) -> None:
        self.hospital, self.plan, self.say = hospital, plan, say
        self.draw = random.Random(SEED)
        self.now = plan.first_hour * HOUR
        self.end = self.now + plan.hours * HOUR
        self.life = 1
        self.pressed = 0
        self.refused: Counter[str] = Counter()
        self.weather: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self.practice_away_until = 0.0
        self.owed = hospital.owed
        self.asked: dict[str, Owed] = {}
        """What each payment is for whose end is not known yet."""
        self.unlisted: set[str] = set()
        """Those of them that were taken without their invoice."""

    # --- the days

    def play(self) -> None:
        while self.now < self.end:
            hour = int(self.now / HOUR)
            if hour % 24 == NIGHT_HOUR:
                self.night()
            for minute in range(60):
                self.minute(hour % 24)
                self.pass_(MINUTE)
                if minute % 20 == 0:
                    self.follow_up()
            self.take_sample()
        self.settle()

    def minute(self, hour: int) -> None:
        busy = len(BUSY_HOURS)
        share = 0.85 / busy if hour in BUSY_HOURS else 0.15 / (24 - busy)
        for terminal in self.draw.sample(self.hospital.terminals, self._drawn(self.plan.payments_a_day * share / 60)):
            self.press(terminal)
        for rule, times in WEATHER:
            if self.draw.random() < self.plan.storms * times / (DAY / MINUTE):
                self.storm(rule)

    def _drawn(self, mean: float) -> int:
        """How many come in a minute that has *mean* of them on the average; never more than there are terminals."""
        whole = int(mean)
        return min(len(self.hospital.terminals), whole + (self.draw.random() < mean - whole))

    def storm(self, rule: dict[str, Any]) -> None:
        self.hospital.control("POST", "/faults", rule)
        self.weather[rule["fault"]] += 1
        if rule["service"] == "provet" and rule["fault"] == "down":
            self.practice_away_until = max(self.practice_away_until, self.now + rule["args"]["seconds"])

    def pass_(self, seconds: float) -> None:
        self.hospital.advance(seconds)
        self.now += seconds

    # --- what people do

    def press(self, terminal: str) -> None:
        """A payment, now and then a refund; cards are declined and given up as in life."""
        self.pressed += 1
        match self.draw.choices(("pay", "decline", "give up", "refund"), (90, 5, 2, 3))[0]:
            case "refund":
                self.refund(terminal)
                return
            case "decline":
                self.cardholder(terminal, {"do": "tap", "decline_code": "51"})
            case "give up":
                self.cardholder(terminal, {"do": "cancel"})
        # Whoever could not pay comes again.
        comes_again = self.owed and self.draw.random() < 0.5
        invoice = self.owed.pop(0) if comes_again else self.hospital.new_invoice(self.draw.randrange(1_000, 300_000))
        body: dict[str, Any] = {"terminal": terminal, "currency": "SEK", "large_confirmed": True}
        due = {"due_minor": invoice.due_minor, "amount_minor": invoice.due_minor}
        is_away = self.now < self.practice_away_until
        if is_away:
            body |= {"amount_minor": invoice.due_minor, "text": invoice.number}
        else:
            body["lines"] = [{"invoice": invoice.id, "part": 1, **due}]
        payment = self.ask("/payments", body)
        if payment is None:
            self.owed.append(invoice)
            return
        self.asked[payment["id"]] = invoice
        if is_away:
            self.unlisted.add(payment["id"])

    def cardholder(self, terminal: str, *steps: dict[str, Any]) -> None:
        self.hospital.control("POST", f"/terminals/{terminal}/cardholder", {"steps": list(steps)})

    def refund(self, terminal: str) -> None:
        found = self.hospital.agent.get("/payments", state="approved", limit=50)["payments"]
        whole = [one for one in found if one["kind"] == "purchase" and one["refundable_minor"] and one["invoice"]]
        if whole:
            payment = self.draw.choice(whole)
            amount = self.draw.randint(1, payment["refundable_minor"])
            self.ask(f"/payments/{payment['id']}/refund", {"terminal": terminal, "amount_minor": amount})

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self.hospital.agent.post(path, body, key=new_key())
        except AgentError as refusal:
            self.refused[refusal.code] += 1
            return None
        return answer

    def follow_up(self) -> None:
        """What was not paid is owed still; what was taken without its invoice gets it, once that can be."""
        for payment, invoice in list(self.asked.items()):
            state, is_unlisted = self.state(payment), payment in self.unlisted
            if state not in FINAL:
                continue
            if state == "approved" and is_unlisted:
                is_away = self.now < self.practice_away_until
                if is_away or self.ask(f"/payments/{payment}/assign", {"invoice": invoice.id}) is None:
                    continue
            if state != "approved":
                self.owed.append(invoice)
            del self.asked[payment]
            self.unlisted.discard(payment)

    # --- the night

    def night(self) -> None:
        """All at rest, all reconciled, the day closed; then the agent starts again: asked to, or killed."""
        self.rest()
        self.reconcile()
        self.hospital.meanwhile(lambda: self.ask("/closings", {}))
        if self.life % 2:
            self.hospital.stop_agent()
        else:
            self.hospital.kill_agent()
        self.hospital.start_agent()
        self.life += 1

    def reconcile(self) -> None:
        """Each terminal, and again where the line was in the way."""
        left = list(self.hospital.terminals)
        for _ in range(RECONCILIATIONS):
            answers = {id: self.ask("/reconciliations", {"terminal": id}) for id in left}
            asked = {id: str(answer["id"]) for id, answer in answers.items() if answer}
            self.until("the reconciliations", lambda asked=asked: all(map(self.is_final, asked.values())))
            left = [id for id in left if id not in asked or self.state(asked[id]) != "approved"]
            if not left:
                return
            self.pass_(2 * MINUTE)
        raise DemoFailed(f"Not reconciled: {left}")

    def state(self, payment: str) -> str:
        return str(self.hospital.agent.get(f"/payments/{payment}")["state"])

    def is_final(self, payment: str) -> bool:
        return self.state(payment) in FINAL

    def rest(self) -> None:
        def is_at_rest() -> bool:
            status = self.hospital.agent.get("/status")
            at_work = any(terminal["payment"] for terminal in status["terminals"])
            return not (at_work or status["unknown"] or status["outbox"]["queued"])

        self.until("all to be at rest", is_at_rest)

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        limit = self.now + REST_S
        while not condition():
            if self.now > limit:
                raise DemoFailed(f"Waited {REST_S:.0f} s for {what}: {self.hospital.agent.get('/status')['outbox']}")
            self.pass_(10)

    def settle(self) -> None:
        """The end of the week: every line is good, and what waited is done."""
        for fault in self.hospital.control("GET", "/faults")["faults"]:
            self.hospital.control("DELETE", f"/faults/{fault['id']}")
        self.practice_away_until = 0.0
        self.rest()
        self.until("the invoices that come late", lambda: not (self.follow_up() or self.asked))
        self.rest()
        self.take_sample()

    def take_sample(self) -> None:
        seen = self.hospital.look()
        status = self.hospital.agent.get("/status")
        one = sample(
            self.hospital.agent_pid, self.hospital.folder, hour=self.now / HOUR, life=self.life, payments=self.pressed,
            screens_kib=seen["resident_kib"], tasks=status["box"]["tasks"],
        )  # fmt: skip
        self.samples.append(one)
        self.say(table([one]).splitlines()[1])

    # --- the end

    def problems(self, scratch: Path) -> list[str]:
        """Where the three sides differ, or two screens."""
        status = self.hospital.agent.get("/status")
        wrong = [f"screens show different things: {differing}"] if (differing := self._differing()) else []
        wrong += [f"{status['outbox']['parked']} bookings are parked"] if status["outbox"]["parked"] else []
        self.hospital.stop_agent()
        truth = self.hospital.control("GET", "/truth")
        return wrong + list(compare(truth, self.hospital.journal, scratch).differences)

    def _differing(self) -> list[str]:
        """Until all screens show the same, or for ten real seconds: they are no participants of virtual time."""
        shown: list[str] = []
        for _ in range(100):
            seen = self.hospital.look()
            shown = sorted({json.dumps(one, sort_keys=True) for one in seen["shown"]})
            if len(shown) == 1 and seen["connected"] == self.plan.screens:
                return []
            time.sleep(0.1)
        return shown


def play(plan: Plan, scratch: Path, say: Callable[[str], None]) -> tuple[Week, list[str]]:
    """Play *plan*; the week as it was, and what is wrong at its end."""
    with Hospital(plan) as hospital, hospital.screens():
        week = Week(hospital, plan, say)
        week.play()
        return week, week.problems(scratch)


def main(arguments: Sequence[str]) -> int:
    import tempfile

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    end_together()
    plan = SHORT if "--short" in arguments else WEEK
    if "--hours" in arguments:
        plan = replace(plan, hours=int(arguments[arguments.index("--hours") + 1]))
    began = time.monotonic()
    say(table([]))
    with tempfile.TemporaryDirectory(prefix="edgepos-week-") as scratch:
        week, problems = play(plan, Path(scratch), say)
    say(f"{week.pressed:,} presses, refused {dict(week.refused)}, weather {dict(week.weather)}")
    say(f"growth in percent, the last life against the first: {growth(week.samples)}")
    say(f"growth in percent, the last hour against the first: {growth(week.samples, since_first_hour=True)}")
    say("\n".join(problems) or "bank, journal and practice system agree; all screens show the same")
    say(f"seed {SEED}, {time.monotonic() - began:.0f} s")
    record(f"payments in {plan.hours} hours of a hospital with {plan.terminals} terminals", week.pressed, len(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
