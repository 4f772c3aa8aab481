"""A pilot from beginning to end: what it refuses, one trial after the other, and the report.

It refuses outside a confirmed test account, with a payment open, and beside a running agent: two would drive the same
terminal, and a purchase of the pilot is foreign to the journal.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from edgepos import __version__
from edgepos.agent.folders import Folders
from edgepos.agent.open_payments import without_agent
from edgepos.agent.pilot import nets, nets_facts, provet, provet_facts
from edgepos.agent.pilot.facts import NOT_TRIED, Fact, Found, Report
from edgepos.agent.pilot.line import Line
from edgepos.agent.pilot.nets_bench import Bench, CannotTry
from edgepos.agent.pilot.person import Person
from edgepos.agent.settings import Settings, TerminalSettings
from edgepos.chance import Chance
from edgepos.clock import Clock, rfc3339
from edgepos.domain.errors import Refused, Wrong
from edgepos.journal.files import DATABASE, Lock
from edgepos.outbound import Outbound

B = TypeVar("B")
PRODUCTION = "connectcloud.aws.nets.eu"
SERVICES = ("nets", "provet")
FACTS: Mapping[str, Mapping[str, Fact]] = {"nets": nets_facts.FACTS, "provet": provet_facts.FACTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be piloted, with what, and with whom at the terminal."""

    service: str
    settings: Settings
    secret: str
    person: Person
    clock: Clock
    chance: Chance
    terminal: TerminalSettings | None = None
    only: Sequence[str] = ()


def account_of(service: str, settings: Settings) -> str:
    """The name of the account that would be used: it has to be typed to confirm that it is a test account.

    Raises Refused `pilot-refused` for Nets' production system, and where nothing is set up.
    """
    section = settings.organisation.nets if service == "nets" else settings.organisation.practice
    if section is None:
        raise Refused("pilot-refused", reason=f"{service} is not set up in organisation.toml")
    if urlsplit(section.base_url).hostname == PRODUCTION:
        raise Refused("pilot-refused", reason="nets.base_url is Nets' production system, where cards are real")
    return section.username if service == "nets" else section.provet_id  # type: ignore[union-attr]


@contextlib.contextmanager
def journal_at_rest(folders: Folders) -> Iterator[None]:
    """Nothing is open in the journal, and no agent takes it up for as long as the block runs.

    Raises Refused `pilot-refused` while an agent runs, or a payment is open.
    """
    try:
        found = without_agent(folders)
        lock = Lock(folders.state) if (folders.state / DATABASE).exists() else None
    except Refused as refused:
        if refused.code != "journal-locked":
            raise
        reason = "an agent runs: end it first, with systemctl stop edgepos-agent"
        raise Refused("pilot-refused", reason=reason) from None
    try:
        if found:
            raise Refused("pilot-refused", reason=f"a payment is open in the journal: {', '.join(found)}")
        yield
    finally:
        if lock is not None:
            lock.release()


async def pilot(order: Order) -> Report:
    """Try all facts of the service, or those of `only`. Raises Wrong `usage` for a fact that there is none of."""
    facts = FACTS[order.service]
    for one in order.only:
        if one not in facts:
            raise Wrong("usage", text=one, expected=", ".join(facts))
    began_at = rfc3339(order.clock.now())
    if order.service == "nets":
        found, to_ask = await _nets(order), nets_facts.TO_ASK
    else:
        found, to_ask = await _provet(order), provet_facts.TO_ASK
    return Report(
        service="Nets Connect@Cloud" if order.service == "nets" else "Provet Cloud",
        account=account_of(order.service, order.settings),
        began_at=began_at,
        ended_at=rfc3339(order.clock.now()),
        version=__version__,
        found=found,
        to_ask=to_ask,
    )


async def _nets(order: Order) -> list[Found]:
    section = order.settings.organisation.nets
    assert section is not None
    assert order.terminal is not None
    line = Line(Outbound(section.base_url, setting="nets.base_url", clock=order.clock), order.clock)
    bench = Bench(
        line,
        settings=order.settings,
        terminal=order.terminal,
        password=order.secret,
        person=order.person,
        clock=order.clock,
        chance=order.chance,
    )
    try:
        await bench.log_in()
        return await _tried(order, bench, nets.TRIALS, nets_facts.FACTS)
    except CannotTry as reason:
        raise Refused("pilot-refused", reason=str(reason)) from None
    finally:
        await bench.aclose()


async def _provet(order: Order) -> list[Found]:
    section = order.settings.organisation.practice
    assert section is not None
    line = Line(Outbound(section.base_url, setting="practice.base_url", clock=order.clock), order.clock)
    tenant = provet.Tenant(
        line, settings=order.settings, secret=order.secret, person=order.person, clock=order.clock, chance=order.chance
    )
    try:
        await tenant.sign_in()
        return await _tried(order, tenant, provet.TRIALS, provet_facts.FACTS)
    except CannotTry as reason:
        raise Refused("pilot-refused", reason=str(reason)) from None
    finally:
        await line.aclose()


async def _tried(
    order: Order,
    bench: B,
    trials: Mapping[Callable[[B], AsyncIterator[Any]], tuple[str, ...]],
    facts: Mapping[str, Fact],
) -> list[Found]:
    """One trial after the other; one that does not come about leaves its facts untried, with the reason."""
    found: dict[str, Found] = {}
    for trial, its_facts in trials.items():
        wanted = [fact for fact in its_facts if not order.only or fact in order.only]
        if not wanted:
            continue
        await order.person.tell(facts[wanted[0]].question)
        reason = "the trial gave no answer to it"
        try:
            async for value in trial(bench):
                if value.fact in wanted:
                    found[value.fact] = Found(fact=facts[value.fact], value=value.value, seen=value.seen)
                    await order.person.tell(f"  {value.fact}: {found[value.fact].sentence}")
        except CannotTry as cannot:
            reason = str(cannot)
        for fact in wanted:
            if fact not in found:
                found[fact] = Found(fact=facts[fact], value=NOT_TRIED, why=f"Not tried: {reason}.")
    return [found[fact] for fact in facts if fact in found]
