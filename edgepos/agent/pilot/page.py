"""docs/services.md, made from the facts themselves: `python -m edgepos.agent.pilot.page > docs/services.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from edgepos.agent.pilot import nets_facts, provet_facts
from edgepos.agent.pilot.facts import Fact

HEAD = """\
# What is assumed of the two services

For whoever connects edgepos to a real account. Neither Nets' nor Nordhealth's own reference was at hand when edgepos was
written; what could not be proven from public material is assumed, stands in one place of the code for each service, and
is tried with a test account before a clinic depends on it:

    systemctl stop edgepos-agent
    edgepos pilot nets --terminal RECEPTION --report nets.md
    edgepos pilot provet --report provet.md
    systemctl start edgepos-agent

The pilot asks the person at the terminal for what only they can do: show a card, pull a plug, look at a report. It takes
about half an hour for each model of terminal, and leaves small purchases and bookings in the test account. It refuses
Nets' production system, an account that nobody confirmed as a test account, a running agent and an open payment. One
fact alone: `edgepos pilot nets --terminal RECEPTION --only cancel`. What is tried: `edgepos pilot nets --list`.

The report says of each fact whether it is as assumed, what was seen, and what follows if not. Wherever it is otherwise,
the promises of `safety.md` hold all the same: reading is lenient, and what is not proven stays unknown.
"""
TAIL = """\
This page is made from the pilot's own list of facts (`python -m edgepos.agent.pilot.page`), and a test holds it to it.
"""


def page() -> str:
    """The page's whole text."""
    parts = [
        HEAD,
        *_service("Nets Connect@Cloud", nets_facts.FACTS, nets_facts.TO_ASK),
        *_service("Provet Cloud", provet_facts.FACTS, provet_facts.TO_ASK),
        TAIL,
    ]
    return "\n".join(parts)


def _service(name: str, facts: Mapping[str, Fact], to_ask: Iterable[str]) -> Iterable[str]:
    yield f"## {name}\n"
    yield "| fact | assumed | how it is tried | kept in | if it is otherwise |\n|---|---|---|---|---|"
    for fact in facts.values():
        assumed = fact.answers[fact.assumed]
        cells = (
            f"**{fact.id}** ({fact.section})<br>{fact.question}", assumed, fact.how, f"`{fact.kept}`", fact.otherwise,
        )  # fmt: skip
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield f"\n### To be asked of {name}\n"
    yield "What no trial can tell:\n"
    yield from (f"* {question}" for question in to_ask)
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
