"""The places, in one table: key, word and class of each. A place is loaded when it is first entered.

A new place is a module in `edgepos/tui/` with a class that extends `Place` (or `ListPlace`), and a line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from textual.screen import Screen

from edgepos.locale.words import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """*letter* opens it from the menu, where F-keys do not get through."""

    name: str
    key: str
    letter: str
    word: str
    tooltip: str
    home: str

    def make(self) -> Screen[object]:
        module, _, name = self.home.partition(":")
        made: Screen[object] = getattr(import_module(f"edgepos.tui.{module}"), name)()
        return made


PLACES = (
    Entry("desk", "", "d", N_("Desk"), N_("Invoices to pay, terminals, today"), "desk:Desk"),
    Entry("amount", "f2", "a", N_("Amount"), N_("A payment without a listed invoice"), "amount:Amount"),
    Entry("refund", "f3", "r", N_("Refund"), N_("Money back to a card"), "refund:Refund"),
    Entry("today", "f4", "t", N_("Today"), N_("Payments of today and any other day"), "today:Today"),
    Entry("close-day", "f5", "c", N_("Close day"), N_("Reconcile the terminals and compare"), "close_day:CloseDay"),
    Entry(
        "terminals", "f6", "e", N_("Terminals"), N_("How each terminal stands, and what to do"), "terminals:Terminals"
    ),
    Entry("attention", "f8", "n", N_("Attention"), N_("Everything that needs a person"), "attention:Attention"),
    Entry("lock", "f9", "l", N_("Lock"), N_("Lock this screen"), "lock:Lock"),
    Entry("technician", "f12", "x", N_("Technician"), N_("Checks, bookings, settings, log"), "technician:Technician"),
    Entry("help", "f1", "h", N_("Help"), N_("What to do when"), "help:Help"),
    Entry(
        "fallback", "", "", N_("Without edgepos"), N_("What still works, and what to do by hand"), "fallback:Fallback"
    ),
)
BY_NAME = {entry.name: entry for entry in PLACES}
IN_FOOTER = frozenset({"amount", "refund", "today", "close-day", "terminals", "attention", "lock", "help"})
"""The others are reached by their key or the menu."""
