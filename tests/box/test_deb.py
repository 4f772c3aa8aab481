"""The package: built here for this machine's kind of box, read back, its scripts run with a dpkg of their own folder."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from edgepos import __version__
from edgepos.agent.settings_files import load
from tests.box.units import UNITS

DEB = UNITS / "deb"


def _build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("edgepos_deb_build", DEB / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = _build()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not on this machine: apt-get install dpkg")
    if sys.version_info[:2] not in build.DEBIAN:
        pytest.skip(f"no Debian has Python {sys.version_info[0]}.{sys.version_info[1]}")
    try:
        made: Path = build.build("amd64", tmp_path_factory.mktemp("deb"))
    except SystemExit as ended:
        if re.search("No matching distribution|Connection|resolve", str(ended)):
            pytest.skip("the package index is not reached from here")
        raise
    return made


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder


def _field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "--field", package, name], check=True, capture_output=True, text=True).stdout


def test_it_names_itself_and_the_python_that_it_needs(package: Path) -> None:
    debian = build.DEBIAN[sys.version_info[:2]]
    assert package.name == f"edgepos_{__version__}+deb{debian}_amd64.deb"
    minor = sys.version_info[1]
    assert f"python3 (>= 3.{minor}~), python3 (<< 3.{minor + 1}~)" in _field(package, "Depends")


def test_the_program_runs_from_what_it_carries_alone(unpacked: Path) -> None:
    """With no package of this machine in reach, and nothing to write byte code to."""
    site = next((unpacked / "usr/lib/edgepos/lib").glob("python3.*/site-packages"))
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from edgepos.__main__ import main; sys.exit(main())"
    for arguments in (["--version"], ["agent", "--help"], ["--help"]):
        ran = subprocess.run(
            [os.path.realpath(sys.executable), "-ISB", "-c", code, *arguments],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert "edgepos" in ran.stdout


def test_byte_code_is_there_for_every_module_and_is_never_made_anew(unpacked: Path) -> None:
    site = next((unpacked / "usr/lib/edgepos/lib").glob("python3.*/site-packages"))
    tag = sys.implementation.cache_tag
    modules = list((site / "edgepos").rglob("*.py"))
    assert modules
    for module in modules:
        compiled = module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc"
        assert compiled.read_bytes()[4:8] == b"\1\0\0\0"  # by hash, unchecked
    assert str(unpacked).encode() not in compiled.read_bytes()


def test_it_carries_what_it_needs_and_no_build_tools(unpacked: Path) -> None:
    site = next((unpacked / "usr/lib/edgepos/lib").glob("python3.*/site-packages"))
    there = {path.name for path in site.iterdir()}
    assert {"textual", "httpx", "apsw", "pydantic_core", "uvicorn", "tzdata", "babel"} <= there
    assert not {"pip", "hatchling", "editables", "pytest", "bin"} & there
    assert list(site.glob("pydantic_core/*x86_64*.so"))
    assert not list(site.glob("*.dist-info/direct_url.json"))  # the folder of whoever built it


def test_settings_are_conffiles_and_set_nothing_up(unpacked: Path, tmp_path: Path) -> None:
    kept = (unpacked / "DEBIAN/conffiles").read_text().split()
    assert {"/etc/edgepos/organisation.toml", "/etc/edgepos/location.toml"} <= set(kept)
    assert set(kept) == {f"/{path.relative_to(unpacked)}" for path in (unpacked / "etc").rglob("*") if path.is_file()}
    settings = load(unpacked / "etc/edgepos")
    assert (settings.organisation.nets, settings.organisation.practice, settings.terminals) == (None, None, ())
    for name in ("organisation.toml", "location.toml"):
        named = re.search(r"/usr/share/edgepos/\S+", (unpacked / "etc/edgepos" / name).read_text())
        assert named
        assert (unpacked / named[0].lstrip("/")).read_text() == (UNITS.parent / "config" / name).read_text()


def test_every_unit_and_script_is_in_its_place(unpacked: Path) -> None:
    for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]:
        assert (unpacked / "usr/lib/systemd/system" / unit.name).read_bytes() == unit.read_bytes()
    placed = set(build.PLACES) | {"deb"} | {unit.name for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]}
    assert {path.name for path in UNITS.iterdir()} - {"drop-ins"} <= placed, "a file of systemd/ is not in the package"
    for name, place in build.PLACES.items():
        is_program = bool((UNITS / name).stat().st_mode & stat.S_IXUSR)
        assert stat.S_IMODE((unpacked / place).stat().st_mode) == (0o755 if is_program else 0o644)


def test_nobody_but_root_may_write_what_it_lays(package: Path) -> None:
    listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root"
        assert mode[0] == "l" or (mode[5] == "-" and mode[8] == "-" and "s" not in mode), line


def test_the_lock_is_followed_without_what_only_building_needs() -> None:
    names = {re.split("==", entry)[0] for entry in build.wanted(build.LOCK.read_text())}
    assert {"textual", "httpcore", "pydantic-core", "markdown-it-py"} <= names
    assert not {"hatchling", "pathspec", "trove-classifiers", "pip"} & names


# --- the scripts, with dpkg, systemctl and edgepos in their place


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a maintainer script in which every path and program is of *tmp_path*."""
    (tmp_path / "bin").mkdir()

    def program(name: str, text: str) -> None:
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n{text}\n')
        (tmp_path / "bin" / name).chmod(0o755)

    def run(name: str, *arguments: str, edgepos: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        program("edgepos", edgepos)
        program("systemctl", "")
        program("install", "")  # there is no user edgepos here
        text = (DEB / name).read_text().replace("@VERSION@", "2.0")
        for folder in ("/var/", "/run/", "/etc/", "/usr/lib/edgepos"):
            text = text.replace(folder, f"{tmp_path}{folder}")
        path = f"{tmp_path}/bin:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-s", *arguments], input=text, env={"PATH": path, **environ},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    for folder in ("var/lib/edgepos", "run/systemd/system"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "var/lib/edgepos/journal.db").touch()
    return run


def calls(folder: Path) -> list[str]:
    made = folder / "calls"
    return made.read_text().splitlines() if made.exists() else []


needs_dpkg = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not on this machine")
Script = Callable[..., "subprocess.CompletedProcess[str]"]


@needs_dpkg
def test_an_upgrade_is_refused_while_a_payment_is_open_and_disturbs_nobody(script: Script, tmp_path: Path) -> None:
    ended = script("preinst", "upgrade", "1.0", edgepos='echo "E7K2M9Q4T1XA3 is not known yet." >&2; exit 1')
    assert ended.returncode == 1
    assert "E7K2M9Q4T1XA3" in ended.stderr
    assert "Nothing was changed." in ended.stderr
    assert not any(call.startswith("systemctl") for call in calls(tmp_path))


@needs_dpkg
def test_a_payment_that_begins_at_the_last_moment_stops_the_upgrade_too(script: Script, tmp_path: Path) -> None:
    count = f"test $(grep -c ^edgepos {tmp_path}/calls) = 1"
    assert script("preinst", "upgrade", "1.0", edgepos=count).returncode == 1
    verbs = [call.split()[1] for call in calls(tmp_path) if call.startswith("systemctl")]
    assert verbs == ["stop", "--no-block"]  # stopped, and started again


@needs_dpkg
def test_an_upgrade_lays_a_copy_ready_and_stops_what_runs(script: Script, tmp_path: Path) -> None:
    assert script("preinst", "upgrade", "1.0").returncode == 0
    folder = f"{tmp_path}/var/backups/edgepos/before-2.0"
    copied = [f"install -d -m 0700 -o edgepos -g edgepos {folder}", f"edgepos backup {folder} --at-rest"]
    stopped = "systemctl stop edgepos-kiosk@tty1.service edgepos-agent.service"
    assert calls(tmp_path) == [*copied, stopped, *copied]


@needs_dpkg
@pytest.mark.parametrize(("environ", "status"), [({}, 1), ({"EDGEPOS_WAY_BACK": "yes"}, 0)])
def test_a_downgrade_is_refused_with_a_sentence_unless_it_is_the_way_back(
    script: Script, environ: dict[str, str], status: int
) -> None:
    ended = script("preinst", "upgrade", "2.1", **environ)
    assert ended.returncode == status
    assert ("2.1 is installed, and 2.0 is older" in ended.stderr) == bool(status)


def test_a_first_installation_asks_nothing(script: Script, tmp_path: Path) -> None:
    assert script("preinst", "install").returncode == 0
    assert calls(tmp_path) == []


def test_a_removal_is_refused_while_a_payment_is_open(script: Script) -> None:
    assert script("prerm", "remove", edgepos="exit 1").returncode == 1
    assert script("prerm", "remove").returncode == 0


def test_the_journal_outlives_removal_and_purge(script: Script, tmp_path: Path) -> None:
    for folder in ("etc/edgepos", "usr/lib/edgepos/fonts"):
        (tmp_path / folder).mkdir(parents=True)
    for how in ("remove", "purge"):
        ended = script("postrm", how)
        assert ended.returncode == 0, ended.stderr
        assert f"{tmp_path}/var/lib/edgepos" in ended.stdout
    assert (tmp_path / "var/lib/edgepos/journal.db").exists()
    assert not (tmp_path / "usr/lib/edgepos").exists()
    assert not (tmp_path / "etc/edgepos").exists()
