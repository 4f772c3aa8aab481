"""How far the set-up of this clinic has come: each step, what it was found to be, what to do next.

Nearly all of it is told from what is so, the settings, the services, the journal, so that it can be left and gone on
with at any moment and by anybody, at the screen or by `edgepos setup`. What only a person can see, a terminal's lamps,
is kept; and as what was true of one account proves nothing of another, what was done under another one does not count.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepos.agent.check import Check, fine, in_order
from edgepos.agent.doctor import RIGHTS_S, checks, rights
from edgepos.agent.network_check import reachable, services_of
from edgepos.agent.peers import Role
from edgepos.domain.errors import NotReached, Wrong
from edgepos.domain.operation import Kind, State
from edgepos.locale.messages import render
from edgepos.locale.steps import TEST_TEXT
from edgepos.practice import Configuration, Temporary
from edgepos.whole_file import write_whole

if TYPE_CHECKING:
    from edgepos.agent.call import Parts

OK, OPEN, WRONG, NOT_LOOKED_AT = "ok", "open", "wrong", "not_looked_at"
"""Done; for a person to do; looked at and not as it should be; not to be told by looking."""
Step = dict[str, Any]
USABLE = frozenset({"ready", "in_use", "reconcile_first"})
PASSING = frozenset({"not_checked", "busy", "restarting"})
"""States of a terminal that may be other ones in a moment."""
OF_OTHERS = frozenset({"terminals", "money"})
"""Areas of the doctor that have steps of their own here, or none."""
MOST_TESTS = 5
NEW: Step = {"from_seq": 0}


@dataclass(slots=True)
class Looked:
    """What was asked of the services last. None: it could not be."""

    checks: Sequence[Check]
    account: frozenset[str] | None
    departments: Mapping[str, str] | None


class SetUp:
    """*folder* is the agent's own: there lies what persons saw."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "setup-seen.json"
        self._looked: Looked | None = None

    async def steps(self, parts: Parts, *, looks: bool) -> list[Step]:
        """Every step, in order. *looks*: the network and the services are asked first, which takes up to ten seconds."""
        if looks:
            self._looked = await _look(parts)
        status, kept = await parts.view.status(), self._of_now(parts)
        made = [*self._of_the_box(parts, status), *self._of_the_services(parts)]
        for terminal in status["terminals"]:
            made += await _of_a_terminal(parts, terminal, kept.get(terminal["id"], NEW))
        return [*made, _people(parts), _step("slips", "slips", OK, "setup-slips")]

    def saw_lamps(self, parts: Parts, terminal: str, are_green: bool) -> None:
        """A person has looked at *terminal*. Raises Wrong `unknown-terminal`."""
        known = parts.settings.terminal_named(terminal)
        if known is None:
            raise Wrong("unknown-terminal", terminal=terminal)
        kept = self._of_now(parts)
        kept[known.id]["lamps"] = are_green
        self._keep(kept)

    # --- what is kept

    def _of_now(self, parts: Parts) -> dict[str, Step]:
        """What is kept of each terminal; under another account than before it begins anew, from here on."""
        nets = parts.settings.organisation.nets
        account = f"{nets.username} {nets.base_url}" if nets else ""
        kept = self._kept()
        now = dict(kept)
        for terminal in parts.settings.terminals:
            known = kept.get(terminal.id)
            if known is None or known.get("account") != account:
                from_seq = 0 if known is None else parts.journal.head[0]
                now[terminal.id] = {"account": account, "from_seq": from_seq}
        if now != kept:
            self._keep(now)
        return now

    def _kept(self) -> dict[str, Step]:
        with suppress(OSError, ValueError):
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(kept, dict):
                return {id: one for id, one in kept.items() if isinstance(one, dict)}
        return {}

    def _keep(self, kept: Mapping[str, Step]) -> None:
        write_whole(self._path, [json.dumps(kept, indent=1).encode()])

    # --- the steps

    def _of_the_box(self, parts: Parts, status: Mapping[str, Any]) -> Iterator[Step]:
        """The doctor's checks, in its order, with what it says where it was not asked to look outside."""
        if parts.settings.location.location is None:
            yield _step("settings", "settings", WRONG, "setup-not-written")
        else:
            place = parts.settings.place
            facts = {"name": place.name, "country": place.country, "currency": place.currency,
                     "language": place.language, "time_zone": place.time_zone}  # fmt: skip
            yield _step("settings", "settings", OK, "setup-clinic", facts, act="language")
        found = self._looked.checks if self._looked else checks(status, ())
        granted = [check for check in found if check["ok"] and check["name"].startswith("right ")]
        for check in found:
            if granted and check is granted[0]:  # one line for all that are as they should be
                yield _checked(fine("services", "rights", f"{len(granted)} looked at"))
            elif check["area"] not in OF_OTHERS and check["area"] != "settings" and check not in granted:
                yield _checked(check)
        if self._looked is None:
            yield _step("network", "network", OPEN, "setup-not-looked", act="look")

    def _of_the_services(self, parts: Parts) -> Iterator[Step]:
        looked, settings = self._looked, parts.settings
        nets = settings.organisation.nets
        if nets is None:
            yield _step("account", "Nets: account", WRONG, "setup-no-account")
        elif looked is None or looked.account is None:
            yield _step("account", "Nets: account", NOT_LOOKED_AT, "setup-account-unknown", act="look")
        else:
            facts = {"username": nets.username, "count": len(looked.account)}
            yield _step("account", "Nets: account", OK, "setup-account", facts)
            ours = {terminal.id for terminal in settings.terminals}
            for id in sorted(looked.account - ours):
                yield _step("foreign", f"terminal {id}", NOT_LOOKED_AT, "setup-foreign", {"terminal": id})
        if not settings.terminals:
            yield _step("terminals", "terminals", WRONG, "setup-no-terminals")
        yield from self._of_the_practice(parts)

    def _of_the_practice(self, parts: Parts) -> Iterator[Step]:
        department = parts.settings.place.department
        if parts.practice is None:
            yield _step("practice", "practice system", NOT_LOOKED_AT, "setup-no-practice")
        elif not department:
            yield _step("department", "department", OK, "setup-all-departments")
        elif self._looked is None or self._looked.departments is None:
            yield _step("department", "department", NOT_LOOKED_AT, "setup-department-unknown", act="look")
        elif department in self._looked.departments:
            facts = {"department": self._looked.departments[department]}
            yield _step("department", "department", OK, "setup-department", facts)
        else:
            there = [f"{id} {name}" for id, name in sorted(self._looked.departments.items())]
            wrong: Step = {"department": department, "there": there}
            yield _step("department", "department", WRONG, "setup-department-wrong", wrong)


async def _of_a_terminal(parts: Parts, terminal: Step, known: Step) -> list[Step]:
    """Of one terminal: its state, its lamps, the first reconciliation, a purchase and its reversal."""
    name, is_usable = str(terminal["name"]), terminal["state"] in USABLE

    def step(words: tuple[str, str], state: str, code: str, facts: Mapping[str, object] = {}, act: str = "") -> Step:
        kind, said = words
        made = _step(kind, f"{name}: {said}", state, code, {"terminal": name, **facts}, act=act)
        return made | {"id": f"{kind}:{terminal['id']}", "terminal": terminal["id"]}

    stands = step(("terminal", "terminal"), OK, "setup-terminal", {"model": terminal["model"]})
    if not is_usable:
        stands |= {
            "state": OPEN if terminal["state"] in PASSING else WRONG, "code": None,
            "message": terminal["why"] or terminal["state"], "mend": terminal["mend"],
        }  # fmt: skip
    lamps: Mapping[object, tuple[str, str]] = {True: (OK, "setup-lamps-green"), False: (WRONG, "setup-lamps-red")}
    looked = lamps.get(known.get("lamps"), (OPEN, "setup-lamps"))
    first, at = ("reconciliation", "first reconciliation"), terminal["last_reconciled_at"]
    if at:
        reconciled = step(first, OK, "setup-reconciled", {"at": at})
    else:
        act = "reconcile" if is_usable and terminal["payment"] is None else ""
        reconciled = step(first, OPEN, "setup-reconcile", act=act)
    test, facts = ("purchase", "test purchase and reversal"), dict[str, object]()
    paid, running = await _test_purchase(parts, terminal, known)
    about = running or paid
    if about is not None:
        facts = {"payment": about["id"], "currency": about["currency"], "card": about["card_scheme"] or None}
    if running is not None:
        tried = step(test, OPEN, "setup-under-way", facts, "watch")
    elif paid is not None and paid["refundable_minor"]:
        facts["amount_minor"] = paid["refundable_minor"]
        tried = step(test, OPEN, "setup-give-back", facts, "give-back")
    elif paid is not None:
        tried = step(test, OK, "setup-tried", facts)
    elif at and is_usable:
        tried = step(test, OPEN, "setup-test", act="purchase")
    else:
        tried = step(test, OPEN, "setup-test-later")
    return [stands, step(("lamps", "lamps"), *looked, act="lamps"), reconciled, tried | {"payment": about}]


async def _test_purchase(parts: Parts, terminal: Step, known: Step) -> tuple[Step | None, Step | None]:
    """The test purchase that was paid, one that waits to be given back before others; and what of it is under way."""
    tests = await parts.journal.operations(
        find=TEST_TEXT, terminal=terminal["id"], kind=Kind.PURCHASE, limit=MOST_TESTS
    )
    own = [one for one in tests if one.seq > known["from_seq"]]
    running = [one for one in own if one.is_open]
    for one in own:
        running += [back for back in await parts.journal.corrections(one.id) if back.is_open]
    paid = await parts.view.payments([one for one in own if one.state is State.APPROVED])
    paid.sort(key=lambda one: not one["refundable_minor"])
    shown = await parts.view.payments(running[:1])
    return next(iter(paid), None), next(iter(shown), None)


async def _look(parts: Parts) -> Looked:
    """Everything outside, at once."""
    practice = parts.practice

    async def account() -> frozenset[str] | None:
        with suppress(NotReached, TimeoutError):
            async with asyncio.timeout(RIGHTS_S):
                return await parts.cloud.terminals()
        return None

    async def departments() -> Mapping[str, str] | None:
        if practice is None:
            return None
        with suppress(Temporary, Configuration, TimeoutError):
            async with asyncio.timeout(RIGHTS_S):
                return await practice.departments()
        return None

    asked, granted, ids, known = await asyncio.gather(
        reachable(services_of(parts.settings), parts.clock),
        rights(practice, limit_s=RIGHTS_S),
        account(),
        departments(),
    )
    found = checks(await parts.view.status(), await parts.journal.open_findings())
    return Looked(in_order([*found, *asked, *granted]), ids, known)


def _people(parts: Parts) -> Step:
    active = [one for one in parts.operators.people if one.is_active]
    if any(one.role is Role.TECHNICIAN for one in active):
        return _step("people", "people", OK, "setup-people", {"count": len(active)}, act="people")
    return _step("people", "people", OPEN, "setup-no-technician", act="people")


def _step(kind: str, name: str, state: str, code: str, facts: Mapping[str, object] = {}, *, act: str = "") -> Step:
    """One step in the words of *code*. *act*: what a screen can do about it; *payment*: what it is about."""
    said = render(code, facts)
    return {
        "id": f"{kind}:{name}", "kind": kind, "step": name, "terminal": None, "state": state, "code": code,
        "facts": dict(facts), "message": said.message, "mend": said.mend if state != OK else "", "act": act,
        "payment": None,
    }  # fmt: skip


def _checked(check: Check) -> Step:
    """A check of the doctor as a step."""
    return {
        "id": f"{check['area']}:{check['name']}", "kind": check["area"], "step": f"{check['area']}: {check['name']}",
        "terminal": None, "state": OK if check["ok"] else WRONG, "code": check.get("code"),
        "facts": check.get("facts", {}), "message": check["message"], "mend": check["mend"], "act": "", "payment": None,
    }  # fmt: skip
