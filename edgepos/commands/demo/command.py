"""`edgepos demo`: the screen in front of a simulated clinic; without a terminal, or with --headless, a scripted day."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from edgepos.commands.demo.clinic import DemoClinic, DemoFailed
from edgepos.commands.demo.day import STEPS, Day
from edgepos.commands.demo.truth import Comparison, compare
from edgepos.commands.exits import Exit
from edgepos.commands.output import Answer, say, tell
from edgepos.commands.table import Verb

SIDES = ("bank", "journal", "practice")


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="play the scripted day even on a terminal")


def run(options: Namespace) -> Answer | Exit:
    for told in (signal.SIGTERM, signal.SIGHUP):  # so that a demo that is ended takes its processes with it
        signal.signal(told, signal.default_int_handler)
    if options.headless or options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _scripted(quiet=options.json)
    return _by_hand()


def _by_hand() -> Exit:
    from edgepos.commands.screen import show

    say("Starting a clinic on throw-away state ...")
    with DemoClinic(virtual=False) as clinic:
        say("Reconciling its new terminals for the first time ...")
        clinic.reconcile_all()
        os.environ.update(clinic.environment)
        return show(is_kiosk=False)


def _scripted(*, quiet: bool) -> Answer | Exit:
    tellings: list[dict[str, str]] = []
    try:
        with DemoClinic(virtual=True) as clinic:
            day = Day(clinic, say=(lambda text: None) if quiet else say)
            if not quiet:
                say("A clinic's day, with simulated terminals and services. Times are the clinic's.")
            for step in STEPS:
                if not quiet:
                    say(f"\n{(step.__doc__ or step.__name__).splitlines()[0]}")
                step(day)
            tellings = day.steps
            truth = clinic.control("GET", "/truth")
            status = clinic.stop_agent()
            if status:
                raise DemoFailed(f"The agent ended with status {status}. Its last words: {clinic.last_words()}")
            comparison = compare(truth, clinic.journal, clinic.folder)
    except DemoFailed as failed:
        tell(f"edgepos: The demo day failed. {failed}")
        return Exit.FAILED
    return _answer(comparison, tellings, quiet=quiet)


def _answer(comparison: Comparison, steps: list[dict[str, str]], *, quiet: bool) -> Answer:
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
