"""`make bench`: measures all rows and prints them as they come, or as one JSON document.

`python -m bench --write docs/performance.md` puts the run's table into that page, between its two marks.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import apsw

from bench.kernel import rested_times, sync_ms
from bench.measure import Row, markdown, table

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
"""Between these two marks of a page stands the table of the last run that was written there."""
Measure = Callable[[], Iterator[Row]]

MEASURES: Mapping[str, str] = {
    "commits": "bench.journal_rows:commits",
    "outbox": "bench.journal_rows:outbox",
    "replay": "bench.journal_rows:replay",
    "years": "bench.years:years",
    "requests": "bench.api_rows:requests",
    "listing": "bench.api_rows:listing",
    "events": "bench.streams:events",
    "commands": "bench.starts:commands",
    "start": "bench.starts:start",
    "drain": "bench.drain:drain",
    "limits": "bench.drain:limits",
    "crowd": "bench.streams:crowd",
    "painted": "bench.screens:painted",
    "keys": "bench.screens:keys",
    "rest": "bench.rest:rest",
    "held": "bench.screen_memory:held",
}
"""By the name that `--only` takes, where each stands; in the order in which they are measured."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, between its marks")
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    options = parser.parse_args(argv)
    began, load_before = time.perf_counter(), round(os.getloadavg()[0], 2)
    rows: list[Row] = []
    not_measured: dict[str, str] = {}
    for name in options.only or MEASURES:
        try:
            for row in load(name)():
                rows.append(row)
                if not options.json:
                    print(table([row]), flush=True)
        except Exception as error:  # noqa: BLE001  one row that cannot be measured here costs no other
            not_measured[name] = f"{type(error).__name__}: {error}"
            print(f"{name} was not measured: {not_measured[name]}", file=sys.stderr, flush=True)
    machine = {
        "python": platform.python_version(), "sqlite": apsw.sqlite_lib_version(), "processors": os.cpu_count(),
        "machine": platform.machine(), "sync_ms": round(sync_ms(), 2), "rested_times": round(rested_times(), 1),
        "load_before": load_before,
        "took_s": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    if options.json:
        document = {"machine": machine, "rows": [asdict(row) for row in rows], "not_measured": not_measured}
        print(json.dumps(document, indent=1))
    else:
        print("\n" + "  ".join(f"{name} {value}" for name, value in machine.items()))
    if options.write:
        write(options.write, rows, machine)
    return 0


def load(name: str) -> Measure:
    """What measures the rows that `--only` calls *name*."""
    module, _, function = MEASURES[name].partition(":")
    measure: Measure = getattr(import_module(module), function)
    return measure


def write(page: Path, rows: Sequence[Row], machine: Mapping[str, object]) -> None:
    """Put *rows* between the two marks of *page*, in place of the last run's."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page} has no place for a table: {BEGIN} and {END}")
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    lines = f"\n\nMeasured with {facts}.\n\n{markdown(rows)}\n\n"
    page.write_text(before + begin + lines + end + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
