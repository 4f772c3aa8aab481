"""`edgepos invoices`: what can be paid, newest first; with `--all` also what cannot, and why."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from edgepos.client import Agent
from edgepos.commands.form import Form
from edgepos.commands.output import Answer, ago, columns
from edgepos.commands.table import Verb

STALE_S = 120
"""Older than this, the list says its age."""


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("--find", metavar="TEXT", help="owner, animal, number or amount, or the beginning of one")
    parser.add_argument("--all", action="store_true", help="also what cannot be paid, with the reason")


def run(options: Namespace) -> Answer:
    agent = Agent()
    listed = agent.get("/invoices", find=options.find, all=1 if options.all else None)
    return Answer(listed, lambda: _lines(listed, Form.of(agent)))


def _lines(listed: Mapping[str, Any], form: Form) -> Iterable[str]:
    invoices = listed["invoices"]
    rows = [
        (
            one["number"] or one["id"],
            one.get("owner") or "",
            one.get("animal") or "",
            form.money(one["due_minor"], one["currency"]),
            ago(one.get("age_s")) if one["payable"] else str(one.get("why_not") or ""),
        )
        for one in invoices
    ]
    yield from columns(rows, "<<<>>") or ["Nothing to pay."]
    if (listed.get("stale_s") or 0) > STALE_S:
        yield f"The practice system was last read {ago(listed['stale_s'])} ago."


VERBS = {"invoices": Verb(declare, run, "edgepos invoices --find bel")}
