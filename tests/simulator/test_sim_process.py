"""`edgepos simulator` as a process: one JSON line, a virtual clock for others, a clean end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

START = "from edgepos.simulator.server import Options, run; run(Options(clock_port={clock_port}))"


@contextmanager
def simulator(clock_port: int | None) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-c", START.format(clock_port=clock_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def ask(url: str, method: str = "GET", body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=20) as answer:
        return json.load(answer)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_and_ends_cleanly(ending: signal.Signals) -> None:
    with simulator(None) as (process, addresses):
        assert set(addresses) == {"nets", "provet", "control", "clock"}
        assert addresses["clock"] is None
        assert ask(f"{addresses['control']}/clock")["virtual"] is False
        process.send_signal(ending)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_not_shared() -> None:
    with simulator(None) as (_, addresses):
        port = int(addresses["nets"].rpartition(":")[2])
        start = f"from edgepos.simulator.server import Options, run; run(Options(nets_port={port}))"
        second = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, timeout=20, check=False)
        assert second.returncode == 1
        assert "Address already in use" in second.stderr


def test_it_holds_virtual_time_for_others() -> None:
    with simulator(0) as (process, addresses):
        host, _, port = addresses["clock"].rpartition(":")
        assert host == "127.0.0.1"
        assert int(port) > 0
        clock = f"{addresses['control']}/clock"
        begun = ask(clock)
        assert (begun["virtual"], begun["participants"]) == (True, [])
        assert ask(clock)["now"] == begun["now"]
        moved = ask(clock, "POST", {"advance_s": 86_400})
        assert moved["monotonic_s"] - begun["monotonic_s"] == 86_400
        assert ask(clock, "POST", {"until": None, "hold": True})["until"] is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
