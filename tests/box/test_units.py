"""The units: what they run exists, they fit together and the program, and they are as shut as systemd can tell."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from edgepos.agent.box_check import BACKUPS, FONT
from edgepos.agent.box_check import UNITS as WATCHED
from edgepos.agent.folders import BOX_RUNTIME, BOX_SETTINGS, BOX_STATE
from edgepos.agent.main import JOURNAL_NEWER, SETTINGS_WRONG
from edgepos.agent.peers import STAFF, TECHNICIANS
from edgepos.agent.settings_files import SECRETS
from edgepos.agent.systemd import FEED_AT_LEAST_S
from edgepos.agent.wiring import DRAIN_S
from edgepos.commands.table import COMMANDS, Command
from edgepos.commands.usage import parser_of
from tests.box.units import UNITS, Unit, seconds, services

AGENT, KIOSK = Unit(UNITS / "edgepos-agent.service"), Unit(UNITS / "edgepos-kiosk@.service")
SCREEN = Command("screen", "screen", "the screen")
SHUT = {
    "edgepos-agent.service": 2.0,
    "edgepos-kiosk@.service": 1.0,
    "edgepos-failure@.service": 1.0,
    "edgepos-backup.service": 1.0,
}
"""The most that systemd may find open, of 10. The upgrade is not among them: dpkg lays files anywhere, as root."""


def analyze(*arguments: str | Path) -> str:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: apt-get install systemd")
    asked = subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    return asked.stdout + asked.stderr


@pytest.mark.parametrize("path", sorted([*UNITS.glob("*.service"), *UNITS.glob("*.timer")]), ids=lambda path: path.name)
def test_systemd_finds_nothing_wrong(path: Path) -> None:
    said = analyze("verify", "--man=no", "--recursive-errors=no", path)
    # The programs lie on the box, not here.
    assert [line for line in said.splitlines() if line and "is not executable" not in line] == []


@pytest.mark.parametrize(("name", "limit"), SHUT.items())
def test_a_service_is_as_shut_as_it_can_be(name: str, limit: float) -> None:
    said = analyze("security", "--offline=true", "--no-pager", UNITS / name)
    found = re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= limit


@pytest.mark.parametrize("unit", services(), ids=lambda unit: unit.name)
def test_what_a_unit_runs_exists(unit: Unit) -> None:
    for program, *arguments in unit.commands:
        if program == "/usr/bin/edgepos":
            command = arguments[0] if arguments and not arguments[0].startswith("-") else None
            assert command is None or command in COMMANDS
        elif program.startswith("/usr/lib/edgepos/"):
            own = UNITS / program.rpartition("/")[2]
            assert own.is_file()
            assert own.stat().st_mode & 0o111
        else:
            assert program == "/usr/bin/systemctl"


@pytest.mark.parametrize("unit", services(), ids=lambda unit: unit.name)
def test_the_arguments_of_edgepos_are_taken(unit: Unit) -> None:
    for program, *arguments in unit.commands:
        if program != "/usr/bin/edgepos":
            continue
        command = SCREEN if arguments[0].startswith("-") else COMMANDS[arguments[0]]
        verb = import_module(f"edgepos.commands.{command.module}").VERBS[command.name]
        parser_of(command, verb).parse(arguments if command is SCREEN else arguments[1:])


@pytest.mark.parametrize("unit", services(), ids=lambda unit: unit.name)
def test_users_and_groups_are_made(unit: Unit) -> None:
    lines = (UNITS / "sysusers.conf").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    users = {row[1] for row in rows if row[0] == "u"} | {"root"}
    groups = users | {row[1] for row in rows if row[0] == "g"} | {"tty"}
    assert unit["Service.User"] in users if "Service.User" in unit else unit.name == "edgepos-upgrade.service"
    assert unit.get("Service.Group", "root") in groups
    assert set(" ".join(unit.all("Service.SupplementaryGroups")).split()) <= groups
    assert {STAFF, TECHNICIANS} <= groups
    members = {(row[1], row[2]) for row in rows if row[0] == "m"}
    assert {(AGENT["Service.User"], STAFF), (KIOSK["Service.User"], STAFF)} <= members


def test_folders_are_those_of_the_program() -> None:
    user = AGENT["Service.User"]
    rows = [line.split() for line in (UNITS / "tmpfiles.conf").read_text().splitlines() if line.startswith("d ")]
    owned = {row[1]: (row[2], row[3], row[4]) for row in rows}
    assert owned[str(BOX_STATE)] == (AGENT["Service.StateDirectoryMode"], user, user)
    assert owned[str(BACKUPS)] == ("0750", user, user)
    assert owned[str(BOX_SETTINGS)] == (AGENT["Service.ConfigurationDirectoryMode"], "root", user)
    assert f"/var/lib/{AGENT['Service.StateDirectory']}" == str(BOX_STATE)
    assert f"/run/{AGENT['Service.RuntimeDirectory']}" == str(BOX_RUNTIME)
    # The kiosk's own folder is another: a client must never look for the socket there.
    assert KIOSK["Service.RuntimeDirectory"] != AGENT["Service.RuntimeDirectory"]


def test_the_watchdog_is_fed_in_time() -> None:
    """Twice within its time at least, whatever the unit says."""
    assert AGENT["Service.Type"] == "notify"
    assert seconds(AGENT["Service.WatchdogSec"]) >= 2 * FEED_AT_LEAST_S


def test_the_agent_is_never_given_up_on() -> None:
    assert AGENT["Service.Restart"] == "always"
    assert AGENT["Unit.StartLimitIntervalSec"] == "0"
    # Except where starting again can mend nothing.
    assert {int(status) for status in AGENT["Service.RestartPreventExitStatus"].split()} == {
        JOURNAL_NEWER,
        SETTINGS_WRONG,
    }


def test_a_running_operation_is_drained_before_the_agent_is_killed() -> None:
    assert seconds(AGENT["Service.TimeoutStopSec"]) > DRAIN_S


def test_the_screen_does_not_wait_for_the_agent() -> None:
    assert AGENT.name in KIOSK["Unit.Wants"]
    assert AGENT.name not in " ".join(KIOSK.all("Unit.After"))
    assert KIOSK["Unit.OnFailure"] == "edgepos-failure@%i.service"


def test_nothing_of_a_payment_is_dumped_or_lingers() -> None:
    for unit in services():
        assert unit["Service.LimitCORE"] == "0", unit.name
    assert "kernel.core_pattern = |/bin/false" in (UNITS / "sysctl.conf").read_text()


def test_secrets_come_as_credentials() -> None:
    drop_in = Unit(UNITS / "drop-ins" / "credentials.conf")
    assert [value.partition(":")[0] for value in drop_in.all("Service.LoadCredentialEncrypted")] == list(SECRETS)


def test_the_log_cannot_fill_the_disk() -> None:
    journald = Unit(UNITS / "journald.conf")
    assert journald["Journal.SystemMaxUse"] == "200M"
    assert journald["Journal.SystemKeepFree"] == "1G"


def test_what_the_doctor_looks_at_is_what_the_package_enables() -> None:
    postinst = (UNITS / "deb" / "postinst").read_text()
    for name in WATCHED:
        unit = re.sub("@[^.]+", "@", name)
        assert (UNITS / unit).is_file()
        assert "Install.WantedBy" in Unit(UNITS / unit)
        assert f" {unit}" in postinst
    assert f"fonts/{FONT.name}" in (UNITS / "console-prepare").read_text()


def test_a_late_graphics_driver_does_not_take_the_font() -> None:
    """Debian's rule for a new console loads its own font: ours has to come after it."""
    (rule,) = UNITS.glob("*-edgepos-console.rules")
    assert rule.name > "90-console-setup.rules"
    assert 'SUBSYSTEM=="vtconsole", RUN+="/usr/lib/edgepos/console-prepare tty1"' in rule.read_text()


def test_shell_scripts_have_no_slips() -> None:
    scripts = [UNITS / "console-prepare", UNITS / "failure-screen"]
    scripts += [UNITS / "deb" / name for name in ("preinst", "postinst", "prerm", "postrm")]
    for script in scripts:
        read = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stderr
        assert script.stat().st_mode & 0o111


@pytest.mark.parametrize(("login_on_tty2", "said"), [(1, "0x560B"), (0, "0x560C")], ids=["locked", "by policy open"])
def test_the_consoles_are_locked_unless_a_technician_wants_a_login(
    tmp_path: Path, login_on_tty2: int, said: str
) -> None:
    """The kernel's lock outlives the kiosk: where there is a login it has to be taken off, not only not set."""
    for name, does in {"systemctl": f"exit {login_on_tty2}", "python3": f'echo "$@" > {tmp_path}/said'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    for name in ("setfont", "setterm", "chvt", "dmesg"):
        (tmp_path / name).symlink_to("/bin/true")
    subprocess.run(["sh", UNITS / "console-prepare", "null"], env={"PATH": f"{tmp_path}:/bin"}, check=True)
    assert (tmp_path / "said").read_text().split()[-2:] == ["/dev/null", said]
