"""What every test stands on: a clean environment, folders of its own, and virtual time for those that ask.

`@pytest.mark.virtual_time` (or `pytestmark = pytest.mark.virtual_time` for a module) runs an async test and its
fixtures on a loop whose time jumps: `asyncio.sleep(300)` costs nothing. A plain test can do the same with
`asyncio.Runner(loop_factory=VirtualLoop)`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from edgepos.clock import Clock, RealClock, VirtualLoop

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")  # how long an example takes says how busy the machine is

FOREIGN = ("EDGEPOS_", "TEXTUAL", "XDG_", "LC_")
FOREIGN_NAMES = {
    "LANG", "LANGUAGE", "TERM", "COLORTERM", "NO_COLOR", "TZ", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY",
    "RUNTIME_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "INVOCATION_ID", "JOURNAL_STREAM",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
}  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: run this async test on a loop whose time jumps")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The proof first: its files take minutes, and one that came last would be waited for with half of a machine."""
    items.sort(key=lambda item: "proof" not in item.path.parts)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The developer's machine cannot leak in, and nothing of a test lands in the developer's home."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) or name.upper() in FOREIGN_NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty $STATE_DIRECTORY, closed to others."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


@pytest.fixture
async def clock() -> Clock:
    """The clock of the loop that this test runs on."""
    loop = asyncio.get_running_loop()
    return loop.clock if isinstance(loop, VirtualLoop) else RealClock()
