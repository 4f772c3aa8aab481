"""The layers: who may import whom, what short commands load, where time, chance, network and SQLite are touched."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "edgepos"
HEAVY = {"textual", "httpx", "pydantic", "rich", "sqlite_utils", "starlette", "uvicorn", "apsw", "asyncio"}


def test_the_layers_hold() -> None:
    """The contracts are in `.importlinter`."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "status", "status --json", "pay --help", "pay 12", "history", "nonsense"]
)
def test_short_commands_load_nothing_heavy(arguments: str) -> None:
    """In a process of its own, with no agent to be found."""
    program = (
        "import sys; from edgepos.__main__ import main; main(sys.argv[1:]); "
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments.split()],
        env={"EDGEPOS_SOCKET": "/nonexistent", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert "edgepos" in loaded
    assert not loaded & HEAVY


NOT_BEFORE_READY = {"click", "multiprocessing", "pygments", "rich", "sqlite_utils", "textual", "websockets"}
"""What an agent does not need to open its journal and to answer."""


def test_a_start_of_the_agent_loads_nothing_that_it_does_not_wait_for() -> None:
    program = (
        "import sys; import edgepos.agent.life, edgepos.agent.main; "
        "print(*{name.partition('.')[0] for name in sys.modules}, 'edgepos.agent.openapi' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    *loaded, has_page = ended.stdout.split()
    assert "starlette" in loaded
    assert not NOT_BEFORE_READY & {*loaded}
    assert has_page == "False"


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a source imports, wherever in it that stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(
    ("modules", "allowed"),
    [
        ({"time"}, ("clock.py", "virtual_time.py")),
        ({"random", "secrets", "uuid"}, ("chance.py", "simulator/")),
        ({"httpx"}, ("outbound.py",)),
        ({"apsw"}, ("journal/",)),
        ({"textual", "rich"}, ("tui/",)),
    ],
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else "",
)
def test_only_one_place_touches(modules: set[str], allowed: tuple[str, ...]) -> None:
    elsewhere = [
        name for name, tree in sources() if not name.startswith(allowed or "-") and modules & {*imported(tree)}
    ]
    assert elsewhere == []


def test_the_live_journal_is_touched_by_one_sqlite_library_only() -> None:
    """Two of them on one file in one process lose each other's locks."""
    others = {"sqlite3", "sqlite_utils"}
    assert [name for name, tree in sources() if name.startswith("journal/") and others & {*imported(tree)}] == []


def test_only_the_clock_asks_for_the_time_of_day() -> None:
    asked = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        if name not in ("clock.py", "virtual_time.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        if isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date")
    ]
    assert asked == []
