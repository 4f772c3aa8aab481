"""`edgepos demo`: the screen in front of a simulated clinic; without a terminal, or with --headless, a scripted day.

With --week: the week of a night clinic, in which every difference that a match can show comes about and is dealt with.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from edgepos.commands.demo.clinic import DemoClinic, end_together
from edgepos.commands.demo.control import DemoFailed
from edgepos.commands.demo.day import STEPS, Day
from edgepos.commands.demo.truth import Comparison, compare
from edgepos.commands.exits import Exit
from edgepos.commands.output import Answer, say, tell
from edgepos.commands.table import Verb

SIDES = ("bank", "journal", "practice")
Say = Callable[[str], None]


class Script(NamedTuple):
    """A script: what it is called, who plays it, and its steps."""

    title: str
    day: Day
    steps: list[partial[None]]


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="play the scripted day even on a terminal")
    parser.add_argument(
        "--week", action="store_true", help="play the scripted week of a night clinic, all about the match"
    )


def run(options: Namespace) -> Answer | Exit:
    end_together()
    if options.week:
        return _scripted("week", quiet=options.json)
    if options.headless or options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _scripted("day", quiet=options.json)
    return _by_hand()


def _by_hand() -> Exit:
    from edgepos.commands.screen import show

    say("Starting a clinic on throw-away state ...")
    with DemoClinic(virtual=False) as clinic:
        say("Reconciling its new terminals for the first time ...")
        clinic.reconcile_all()
        os.environ.update(clinic.environment)
        with clinic.agent_kept_alive():
            return show(is_kiosk=False)


def _script(which: str, say: Say) -> tuple[DemoClinic, Script]:
    """The clinic of a script, not open yet, and a function that plays it there."""
    if which == "day":
        clinic = DemoClinic(virtual=True)
        day = Day(clinic, say=say)
        return clinic, Script("A clinic's day", day, [partial(step, day) for step in STEPS])
    from edgepos.commands.demo.nights import NIGHTS
    from edgepos.commands.demo.week import WEEK_LOCATION, WEEK_ORGANISATION, Week

    clinic = DemoClinic(virtual=True, organisation=WEEK_ORGANISATION, location=WEEK_LOCATION)
    week = Week(clinic, say=say)
    return clinic, Script("A night clinic's week", week, [partial(night, week) for night in NIGHTS])


def _scripted(which: str, *, quiet: bool) -> Answer | Exit:
    clinic, script = _script(which, (lambda text: None) if quiet else say)
    try:
        with clinic:
            script.day.say(f"{script.title}, with simulated terminals and services. Times are the clinic's.")
            for step in script.steps:
                script.day.say(f"\n{(step.func.__doc__ or '').splitlines()[0]}")
                step()
            truth = clinic.control("GET", "/truth")
            status = clinic.stop_agent()
            if status:
                raise DemoFailed(f"The agent ended with status {status}. Its last words: {clinic.last_words()}")
            comparison = compare(truth, clinic.journal, clinic.folder)
    except DemoFailed as failed:
        tell(f"edgepos: The demo {which} failed. {failed}")
        return Exit.FAILED
    return _answer(comparison, script.day.steps)


def _answer(comparison: Comparison, steps: list[dict[str, str]]) -> Answer:
    sides = {"truth": comparison.bank, "journal": comparison.journal, "practice": comparison.practice}
    document = {"steps": steps, **sides, "agree": comparison.agree, "differences": list(comparison.differences)}
    exit = Exit.DONE if comparison.agree else Exit.FAILED
    return Answer(document, lambda: _table(comparison), exit=exit)


def _table(comparison: Comparison) -> Iterator[str]:
    """The three records side by side, a line for each payment."""
    yield ""
    yield "The match of three: the bank's truth, a copy of the journal, the practice system's bookings (SEK)"
    yield f"  {'payment':<16}{'bank':>12}{'journal':>12}{'practice':>12}"
    for reference in sorted({*comparison.bank, *comparison.journal, *comparison.practice}):
        yield f"  {reference:<16}" + "".join(_cell(side.get(reference)) for side in (
            comparison.bank, comparison.journal, comparison.practice))  # fmt: skip
    yield f"  {'sum':<16}" + "".join(_cell(comparison.totals[name]) for name in SIDES)
    yield from (f"  ! {difference}" for difference in comparison.differences)
    yield "  All three agree." if comparison.agree else "  They do NOT agree."


def _cell(minor: int | None) -> str:
    if minor is None:
        return f"{'-':>12}"
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}".rjust(12)


VERBS = {"demo": Verb(declare, run, "edgepos demo --headless")}
