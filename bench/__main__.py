"""`make bench`: measures all rows, prints them as they come, and the whole table at the end."""

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

import apsw

from bench.measure import Row, table

Measure = Callable[[bool], Iterator[Row]]

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
    "rest": "bench.rest:rest",
}
"""By the name that `--only` takes, where each stands; in the order in which they are measured."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--long", action="store_true", help="replay a million events instead of a hundred thousand")
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES))
    options = parser.parse_args(argv)
    began = time.perf_counter()
    rows: list[Row] = []
    for name in options.only or MEASURES:
        module, _, function = MEASURES[name].partition(":")
        measure: Measure = getattr(import_module(module), function)
        for row in measure(options.long):
            rows.append(row)
            if not options.json:
                print(table([row]), flush=True)
    machine = {
        "python": platform.python_version(), "sqlite": apsw.sqlite_lib_version(), "processors": os.cpu_count(),
        "machine": platform.machine(), "load": os.getloadavg()[0], "took_s": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    if options.json:
        print(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        print("\n" + "  ".join(f"{name} {value}" for name, value in machine.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
