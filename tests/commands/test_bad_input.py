"""Wrong use, and no agent: a sentence with its mend, the right status, a document with --json, never a traceback."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

REFERENCE = "E7K2M9Q4T1XA3"


def edgepos(*arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The program in a process of its own, without a terminal."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "EDGEPOS_SOCKET": "/nonexistent/agent.sock"}
    return subprocess.run(
        [sys.executable, "-m", "edgepos", *arguments],
        env=kept | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pya"], "Did you mean: edgepos pay"),
        (["zzzzz"], "See: edgepos --help"),
        (["--kisok"], "Did you mean --kiosk?"),
        (["pay"], "Name an amount or an invoice"),
        (["pay", "12", "--terminl", "RECEPTION"], "Did you mean --terminal?"),
        (["pay", "12", "--wait", "soon"], "invalid int value: 'soon'"),
        (["pay", "12", "13"], "“13”"),
        (["show"], "PAYMENT"),
        (["history", "--state", "paid"], "invalid choice: 'paid'"),
        (["sync", "retyr", f"{REFERENCE}.1"], "invalid choice: 'retyr'"),
        (["sync", "adopt", f"{REFERENCE}.1"], "PAYMENT"),
        (["settle", REFERENCE, "perhaps"], "invalid choice: 'perhaps'"),
        ([], "The screen needs a terminal. Without one use: edgepos status"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_names_what_is_wrong_and_what_was_meant(arguments: list[str], says: str) -> None:
    ended = edgepos(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == b""
    told = ended.stderr.decode()
    assert told.startswith("edgepos: ")
    assert says in told
    assert told.count("\n") == 1


def test_a_terminal_that_cannot_draw_is_refused_with_a_sentence() -> None:
    ours, theirs = pty.openpty()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "edgepos"],
            env={"TERM": "dumb", "HOME": os.environ["HOME"]},
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.returncode == 2
    assert ended.stderr == b"edgepos: This terminal (TERM=dumb) cannot draw the screen. Use: edgepos status\n"


ASKING = [
    ["status"],
    ["status", "--watch"],
    ["invoices", "--find", "bel"],
    ["pay", "12,50"],
    ["pay", "-12,50"],
    ["cancel", REFERENCE],
    ["refund", REFERENCE],
    ["reverse", REFERENCE],
    ["history", "--csv"],
    ["show", REFERENCE],
    ["receipt", REFERENCE],
    ["reconcile"],
    ["match"],
    ["record", "12,50", "--slip", "1", "--at", "2026-11-25T14:32+01:00"],
    ["settle", REFERENCE, "taken", "--slip", "1"],
    ["assign", REFERENCE, "--invoice", "501"],
    ["sync"],
    ["sync", "now"],
    ["verify"],
    ["sql", "SELECT 1"],
    ["watch"],
]


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_without_an_agent_each_command_says_so(arguments: list[str]) -> None:
    ended = edgepos(*arguments)
    assert ended.returncode == 3
    assert ended.stdout == b""
    assert ended.stderr.decode() == (
        "edgepos: The edgepos agent does not answer. Nobody listens at /nonexistent/agent.sock. "
        "Start it with: systemctl start edgepos-agent; or on a laptop: edgepos agent\n"
    )


@pytest.mark.parametrize("arguments", [["status"], ["sync", "status"], ["pay", "12"], ["watch"]], ids=" ".join)
def test_with_json_a_failure_is_one_document(arguments: list[str]) -> None:
    ended = edgepos(*arguments, "--json")
    assert ended.returncode == 3
    error = json.loads(ended.stdout)["error"]
    assert error["code"] == "agent-away"
    assert error["message"]
    assert error["mend"]


def test_wrong_use_is_a_document_too() -> None:
    ended = edgepos("pay", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["error"]["code"]) == (2, "usage")


def test_an_argument_that_is_no_text_breaks_nothing() -> None:
    ended = edgepos(os.fsdecode(b"p\xffy"), "--json", LC_ALL="C")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["error"]["code"] == "usage"


LOCALES = [{}, {"LANG": ""}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "iso-8859-1"},
           {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C.UTF-8"}]  # fmt: skip


@pytest.mark.parametrize("environ", LOCALES, ids=str)
@pytest.mark.parametrize("arguments", [["--help"], ["pay", "--help"], ["“pay”"], ["status", "--json"]], ids=" ".join)
def test_in_every_locale_it_speaks_and_never_breaks(environ: dict[str, str], arguments: list[str]) -> None:
    """FC-31. An 8-bit encoding is set through Python's own variable: no such locale need be installed."""
    ended = edgepos(*arguments, **environ)
    assert ended.returncode in (0, 2, 3)
    assert b"Traceback" not in ended.stderr
    assert ended.stdout or ended.stderr
    if "--json" in arguments:
        assert json.loads(ended.stdout.decode("ascii"))


def test_letters_that_the_terminal_lacks_become_plain_ones() -> None:
    assert b'There is no command "Ol-Soren".' in edgepos("Öl–Søren", PYTHONIOENCODING="ascii").stderr


def test_a_reader_that_has_gone_is_no_failure() -> None:
    program = f"{sys.executable} -m edgepos --help | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", program], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_what_nobody_expected_is_said_without_a_trace_and_kept_under_its_reference(tmp_path: Path) -> None:
    """A module that cannot be imported stands for any fault of our own."""
    program = (
        "import sys; sys.modules['edgepos.client.values'] = None; from edgepos.__main__ import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "show", REFERENCE, "--json"],
        env={"HOME": str(tmp_path), "EDGEPOS_SOCKET": "/nonexistent"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    error = json.loads(ended.stdout)["error"]
    assert (ended.returncode, error["code"]) == (1, "unexpected")
    assert b"Traceback" not in ended.stderr
    kept = (tmp_path / ".local/state/edgepos/unexpected.log").read_text()
    assert kept.split()[0] in error["message"]
    assert "asking.py" in kept
    assert REFERENCE not in kept
