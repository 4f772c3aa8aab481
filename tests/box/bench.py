"""Where the machine stands while it is tested: its disk, its power, the clinic around it, and the score."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgepos.commands.demo.truth import Comparison, compare
from tests.box.clinic import Simulator
from tests.box.machine import Gone, Machine, until

AGENT, KIOSK = "edgepos-agent.service", "edgepos-kiosk@tty1.service"
BOOT_S = 1800
"""Until everything stands, on a machine that has other things to do as well."""
SOON_S = 600
"""For what takes seconds on a real box."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Bench:
    """*image* as build-image made it; *work* is thrown away, *out* stays."""

    def __init__(self, image: Path, work: Path, out: Path, simulator: Simulator) -> None:
        self.image, self.simulator = image, simulator
        self.passed = self.failed = 0
        self._work, self._out, self._pictures = work, out, 0
        self._disk = work / "disk.raw"
        subprocess.run(["cp", "--sparse=always", image / "disk.raw", self._disk], check=True)
        self.machine = Machine(image, self._disk, work / "run", reach=simulator.reach)
        self._is_on = False
        self._faults = ""
        """What the log of this boot has of screens that ended unexpectedly."""

    # --- the score

    def run(self, stage: Callable[[Bench], None]) -> None:
        """A stage that cannot go on is one failure; the next one starts from a machine that is on."""
        began = time.monotonic()
        say(f"-- {stage.__name__}: {(stage.__doc__ or '').splitlines()[0]}")
        try:
            stage(self)
        except Gone as gone:
            self.check(stage.__name__, False, gone)
            if self._is_on:
                self.picture(f"{stage.__name__}-failed")
        self.look_at_the_screens()
        say(f"   ({time.monotonic() - began:.0f} s)")

    def look_at_the_screens(self) -> None:
        """A screen that ends unexpectedly comes back by itself, so that nobody sees it but in the log."""
        if not self._is_on:
            return
        try:
            asked = "journalctl -b -t edgepos-screen -o cat --no-pager"
            told = self.machine.ssh(asked, may_fail=True).partition("-- No entries --")[0].strip()
        except Gone as gone:
            told = f"the log cannot be read: {gone}"
        if told != self._faults:
            self.check("no screen has a fault", False, told.removeprefix(self._faults)[-4_000:])
        self._faults = told

    def check(self, what: str, is_so: bool, note: object = "") -> None:
        self.passed += is_so
        self.failed += not is_so
        say(f"{'ok  ' if is_so else 'FAIL'} {what}{f': {note}' if str(note) else ''}")

    def adopt(self, script: str) -> None:
        """The checks of a script beside this file, which is given the image and prints a line for each."""
        command = [Path(__file__).with_name(script), self.image]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            for line in running.stdout or ():
                mark, _, what = line.rstrip().partition(" ")
                if mark in ("ok", "FAIL"):
                    self.check(what.strip(), mark == "ok")
        if running.returncode:
            raise Gone(f"{script} ended with {running.returncode}")

    def picture(self, name: str) -> None:
        self._pictures += 1
        self.machine.picture(self._out / f"{self._pictures:02}-{name}.png")

    # --- power

    def power_on(self) -> None:
        """Nothing to do where it is on."""
        if not self._is_on:
            self.machine.switch_on()
            self._is_on, self._faults = True, ""
            self.machine.wait_for_ssh(BOOT_S)

    def power_cut(self) -> None:
        self.machine.pull_the_plug()
        self._is_on = False

    def power_off(self) -> float:
        seconds = self.machine.press_power_button(SOON_S)
        self._is_on = False
        return seconds

    def end(self) -> None:
        self.machine.pull_the_plug()
        if self.machine.serial_log.exists():
            shutil.copy(self.machine.serial_log, self._out / "serial.log")

    # --- looking

    def unit(self, name: str, key: str) -> str:
        return self.machine.ssh(f"systemctl show -P {key} '{name}'").strip()

    def is_active(self, name: str) -> bool:
        return self.unit(name, "ActiveState") == "active"

    def edgepos(self, arguments: str) -> Any:
        """What `edgepos … --json` answers in the machine, errors included."""
        return json.loads(self.machine.ssh(f"edgepos {arguments} --json", limit_s=SOON_S, may_fail=True) or "{}")

    def until_console(self, words: str, limit_s: float = SOON_S) -> float:
        """Seconds until *words* stand on the first console."""
        return until(limit_s, f"on the console: {words}", lambda: words in self.machine.console())

    def until_settled(self) -> None:
        """Until nothing is unknown, nothing runs, and every booking is in the practice system."""
        until(SOON_S * 3, "nothing open and all booked", self._is_settled)

    def _is_settled(self) -> bool:
        status = self.edgepos("status")
        if "outbox" not in status:
            raise Gone(str(status.get("error", status))[:300])
        is_idle = all(terminal["state"] == "ready" for terminal in status["terminals"])
        return is_idle and not status["unknown"] and status["outbox"]["queued"] == status["outbox"]["parked"] == 0

    def compare(self) -> Comparison:
        """Bank, journal, practice system; the journal is taken from the disk of a machine that is off."""
        copy = self._work / "after.raw"
        subprocess.run(["cp", "--sparse=always", self._disk, copy], check=True)
        # What mounting does; after it a look must find nothing.
        subprocess.run(["e2fsck", "-E", "journal_only", "-p", copy], capture_output=True, check=False)
        looked = subprocess.run(["e2fsck", "-fn", copy], capture_output=True, text=True, check=False)
        if looked.returncode:
            raise Gone(f"the file system is damaged: {looked.stdout[-300:]}")
        folder, scratch = self._work / "journal", self._work / "scratch"
        for made in (folder, scratch):
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
        for name in ("journal.db", "journal.db-wal"):
            dump = f"dump /var/lib/edgepos/{name} {folder / name}"
            subprocess.run(["debugfs", "-R", dump, copy], capture_output=True, check=False)
        copy.unlink()
        return compare(self.simulator.control("GET", "/truth"), folder / "journal.db", scratch)
