"""Where clients look for the agent, and when one may start an agent of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgepos.client.paths import may_start_own_agent, socket_path


def test_a_named_socket_comes_first_then_the_box_then_the_users_own(tmp_path: Path) -> None:
    box = str(tmp_path / "run")
    environ = {"XDG_RUNTIME_DIR": "/run/user/7"}
    assert socket_path(environ, box_folder=box) == "/run/user/7/edgepos/agent.sock"
    Path(box).mkdir()
    assert socket_path(environ, box_folder=box) == f"{box}/agent.sock"
    assert socket_path({**environ, "EDGEPOS_SOCKET": "/named"}, box_folder=box) == "/named"


def test_the_kiosks_own_runtime_folder_is_never_looked_at(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/edgepos-kiosk", "XDG_RUNTIME_DIR": "/run/user/7"}
    assert socket_path(environ, box_folder=str(tmp_path / "none")) == "/run/user/7/edgepos/agent.sock"


def test_a_laptop_may_start_its_own_agent(tmp_path: Path) -> None:
    assert may_start_own_agent({}, box_folder=str(tmp_path / "run"), box_settings=str(tmp_path / "location.toml"))


@pytest.mark.parametrize("what", ["run", "location.toml", "kiosk", "named"])
def test_where_a_box_is_set_up_no_client_starts_a_second_agent(tmp_path: Path, what: str) -> None:
    if what in ("run", "location.toml"):
        (tmp_path / what).touch()
    environ = {"EDGEPOS_SOCKET": "/named"} if what == "named" else {}
    assert not may_start_own_agent(
        environ,
        is_kiosk=what == "kiosk",
        box_folder=str(tmp_path / "run"),
        box_settings=str(tmp_path / "location.toml"),
    )
