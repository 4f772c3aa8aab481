"""The pages for people: every command that they name exists, every fault that is told has its section, no table drifts."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from edgepos.agent.alerts import QUIET_SERVICES, QUIET_TERMINALS
from edgepos.agent.pilot import nets_facts, page, provet_facts
from edgepos.agent.view import CODES, CODES_OF_SERVICES, SERVICES
from edgepos.commands.table import COMMANDS
from edgepos.commands.usage import Parser, parser_of
from edgepos.domain.health import ServiceState, TerminalState
from edgepos.locale.matters import FINDINGS
from edgepos.locale.messages import ENTRIES

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
TECHNICIAN = (ROOT / "docs" / "technician.md").read_text(encoding="utf-8")
DOCTOR = ("doctor", "box_check", "network_check", "maintenance")
"""The modules that find something wrong."""


def named_commands(text: str) -> Iterator[str]:
    """What stands as code: `edgepos status`, or a line of its own."""
    for quoted in re.findall(r"`([^`\n]+)`", text):
        yield from re.findall(r"(?:^|sudo |/)edgepos .*", quoted)
    for line in text.splitlines():
        if line.startswith("    "):
            yield from re.findall(r"(?:^|sudo |bin/)edgepos .*", line.strip())


def parser(name: str) -> Parser:
    command = COMMANDS[name]
    return parser_of(command, import_module(f"edgepos.commands.{command.module}").VERBS[name])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_that_a_page_names_exists_with_its_flags(path: Path) -> None:
    for text in named_commands(path.read_text(encoding="utf-8")):
        words = shlex.split(text.partition(" #")[0].replace("“", '"').replace("”", '"').replace("…", "X"))
        words = words[words.index(next(word for word in words if word.endswith("edgepos"))) + 1 :]
        if not re.fullmatch(r"[a-z-]+", words[0]) or words[0].startswith("-") or "─" in text:
            continue  # the screen, or a drawing
        assert words[0] in COMMANDS, text
        flags = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
        known = set(parser(words[0])._option_string_actions)
        assert flags <= known, text


def headings(text: str) -> set[str]:
    return set(re.findall(r"^### (.+)$", text, re.M))


def codes_of_the_doctor() -> set[str]:
    found = set(CODES.values()) | set(CODES_OF_SERVICES.values()) | set(SERVICES.values()) | {"reconcile-due"}
    for name in DOCTOR:
        tree = ast.parse((ROOT / "edgepos" / "agent" / f"{name}.py").read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("wrong", "_check"):
                said = {
                    one.value for one in call.args[2:] if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
                found |= said & ENTRIES.keys()
    return found | {"report-currency", "journal-damaged", "journal-newer", "journal-locked", "settings"}


def test_every_fault_that_the_doctor_names_has_its_section() -> None:
    wanted = codes_of_the_doctor()
    assert {"clock-wrong", "name-unknown", "medium-errors", "unit-away", "findings-open", "no-font"} <= wanted
    assert wanted - headings(TECHNICIAN) == set()


def test_every_alert_has_its_section() -> None:
    """A terminal's alert may stand in the section of its fault; findings have one section with a line for each."""
    source = (ROOT / "edgepos" / "agent" / "alerts.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'_rendered\("([a-z-]+)"', source))
    codes |= {f"terminal-{state}".replace("_", "-") for state in TerminalState if state not in QUIET_TERMINALS}
    codes |= {CODES_OF_SERVICES.get(state, "nets-away") for state in ServiceState if state not in QUIET_SERVICES}
    assert {"payment-unknown", "bookings-wait", "clock-wrong", "disk-low", "backup-old"} <= codes
    told = headings(TECHNICIAN) | set(re.findall(r"The alert is `([a-z-]+)`", TECHNICIAN))
    assert codes - told == set()
    table = TECHNICIAN.partition("## Faults")[0]
    assert {code for code in codes if f"`{code}`" not in table} == set()
    findings = TECHNICIAN.partition("### findings-open")[2].partition("\n### ")[0]
    assert {kind for kind in FINDINGS if f"`{kind}`" not in findings} == set()


def test_no_section_is_about_what_nobody_tells() -> None:
    others = {"On the screen", "Without questions", "Secrets sealed to the box", "Watching many boxes", "not-allowed"}
    assert headings(TECHNICIAN) - codes_of_the_doctor() - others == set()


def test_the_page_of_assumptions_is_the_pilots_own_list() -> None:
    """Made anew with: python -m edgepos.agent.pilot.page > docs/services.md"""
    assert (ROOT / "docs" / "services.md").read_text(encoding="utf-8") == page.page()


def test_where_a_fact_is_kept_there_is_such_a_place() -> None:
    for fact in (*nets_facts.FACTS.values(), *provet_facts.FACTS.values()):
        named = re.match(r"(edgepos/[\w/]+\.py)(?: (\w+))?", fact.kept)
        if named is None:
            assert re.search(r"\.toml|nowhere", fact.kept), fact.id
            continue
        source = (ROOT / named[1]).read_text(encoding="utf-8")
        assert named[2] is None or re.search(rf"\b{named[2]}\b", source), fact.kept


def test_the_answers_of_the_technicians_page_are_taken_by_the_setup(tmp_path: Path) -> None:
    from edgepos.agent.setting_up import read_answers

    lines = TECHNICIAN.partition("### Without questions")[2].partition("Remove the file")[0].splitlines()
    text = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    ") or not line)
    path = tmp_path / "answers.toml"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    proposal = read_answers(path)
    assert proposal.settings.place.name == "Djurkliniken Norr"
    assert set(proposal.secrets) == {"nets", "provet"}
    assert proposal.extra["operator"][0]["id"] == "tove"
