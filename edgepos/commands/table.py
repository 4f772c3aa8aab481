"""Every command with its module and what it does in a few words. `edgepos --help` is made of this table alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from edgepos.commands.exits import Exit
    from edgepos.commands.output import Answer


class Command(NamedTuple):
    """A row of the table: the command, the module of its group, what it does."""

    name: str
    module: str
    does: str


class Verb(NamedTuple):
    """What a module has for each of its commands: its arguments, an example that works, and the doing."""

    declare: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], Answer | Exit]
    example: str


GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "Payments",
        (
            Command("status", "status", "terminals, services, what waits, today"),
            Command("invoices", "invoices", "what can be paid"),
            Command("pay", "pay", "take a payment and wait for its outcome"),
            Command("cancel", "corrections", "ask the terminal to stop a payment"),
            Command("refund", "corrections", "give money back to the card"),
            Command("reverse", "corrections", "undo the terminal's last payment"),
            Command("history", "history", "find payments"),
            Command("show", "history", "one payment with all that is known of it"),
            Command("receipt", "history", "a payment's slip, word for word"),
        ),
    ),
    (
        "The day",
        (
            Command("reconcile", "closing", "close the terminals' periods"),
            Command("match", "closing", "terminal = edgepos = practice system?"),
            Command("close", "closing", "make the day's closing report"),
            Command("export", "export", "payments, reports, matches as CSV or JSON"),
        ),
    ),
    (
        "By hand",
        (
            Command("record", "by_hand", "book what was taken stand-alone"),
            Command("settle", "by_hand", "close an unknown payment with the terminal's slip"),
            Command("assign", "by_hand", "give a payment its invoice"),
        ),
    ),
    (
        "Technicians",
        (
            Command("sync", "sync", "bookings that wait for the practice system"),
            Command("verify", "keeping", "check the journal's chain and tables"),
            Command("backup", "keeping", "copy the journal"),
            Command("restore", "keeping", "put a copy in the journal's place"),
            Command("release", "held", "let a held terminal go, step by step"),
            Command("findings", "held", "what waits for a person, and closing it"),
            Command("sql", "keeping", "ask the journal, read-only"),
            Command("watch", "watch", "what happens, live"),
            Command("setup", "setup", "from a bare box to the first payment, each step checked"),
            Command("doctor", "box", "what is wrong, and how to mend it"),
            Command("settings", "box", "each value, and where it comes from"),
            Command("operators", "box", "people, roles and PINs"),
            Command("log", "box", "the agent's last lines"),
            Command("support-bundle", "bundle", "one archive for the support, without names and secrets"),
            Command("pilot", "pilot", "with a test account: is each service as it is assumed to be?"),
            Command("demo", "demo.command", "a day with simulated terminals and services"),
            Command("agent", "services", "the daemon, in the foreground"),
            Command("simulator", "services", "both services and terminals, on this machine"),
        ),
    ),
)

COMMANDS: dict[str, Command] = {command.name: command for _, group in GROUPS for command in group}
