"""A simulator and an agent as processes in real time, for screens that are processes too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from edgepos.client import Agent
from edgepos.client.errors import AgentError
from edgepos.client.http import new_key
from edgepos.commands.demo.control import control
from edgepos.commands.demo.settings import write_settings
from tui.until import until

TERMINAL = "70000001"
LOCATION = f"""
[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
language = "en"
time_zone = "Europe/Stockholm"
department = "2"
[limits]
disk_reserve_mb = 1
[[terminal]]
id = "{TERMINAL}"
name = "RECEPTION"
model = "Desk3500"
"""
QUICK = {
    "cardholder": "taps", "cardholder_after_s": 0, "contactless_s": 0, "host_s": 0, "reply_after_s": 0, "print_s": 0,
    "visible_after_s": 0, "fresh_refuses": False,
}  # fmt: skip
OPEN = ("intended", "sent", "unknown")


class RealClinic:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("config", "state", "run", "home"):
            (folder / name).mkdir(mode=0o700)
        self.socket = str(folder / "run" / "agent.sock")
        home = {"PATH": os.environ["PATH"], "HOME": str(folder / "home")}
        self._log = (folder / "log").open("wb")
        self._simulator = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "simulator"], env=home, stdout=subprocess.PIPE, stderr=self._log
        )
        assert self._simulator.stdout
        addresses = json.loads(self._simulator.stdout.readline())
        self._control = addresses["control"]
        write_settings(folder / "config", addresses, location=LOCATION)
        self.environ = {**home, "LANG": "C.UTF-8", "TERM": "xterm-256color", "EDGEPOS_SOCKET": self.socket}
        self._agents = {
            **self.environ,
            "EDGEPOS_CONFIG": str(folder / "config"),
            "STATE_DIRECTORY": str(folder / "state"),
            "RUNTIME_DIRECTORY": str(folder / "run"),
        }
        self.agent = Agent(self.socket)
        self.cardholder_taps()
        self.start_agent()
        until(lambda: self.terminal_state() == "reconcile_first", "the new terminal is reached")
        self.agent.post("/reconciliations", {"terminal": TERMINAL}, key=new_key())
        until(lambda: self.terminal_state() == "ready", "the terminal is ready")

    def start_agent(self) -> None:
        self._agent = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "agent"], env=self._agents, stdout=self._log, stderr=self._log
        )

    def kill_agent(self) -> None:
        self._agent.kill()
        self._agent.wait()

    def close(self) -> None:
        self.kill_agent()
        self._simulator.kill()
        self._simulator.wait()
        assert self._simulator.stdout
        self._simulator.stdout.close()
        self._log.close()

    # --- what happens there

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the simulator's control server."""
        return control(self._control, method, path, body)

    def cardholder_taps(self) -> None:
        """Whoever pays next holds the card there at once."""
        self.control("PUT", f"/terminals/{TERMINAL}", QUICK)

    def nobody_taps(self) -> None:
        """A payment stays at the terminal until it is asked to stop."""
        self.control("PUT", f"/terminals/{TERMINAL}", QUICK | {"cardholder": "absent", "card_wait_s": 600})

    def terminal_state(self) -> str:
        """As edgepos sees it; nothing while the agent does not answer."""
        try:
            return str(self.agent.get("/status")["terminals"][0]["state"])
        except AgentError:
            return ""

    def payments(self) -> list[dict[str, Any]]:
        """All that were ever begun, newest first."""
        found: list[dict[str, Any]] = self.agent.get("/payments")["payments"]
        return found

    def payable(self) -> str:
        """The number of an invoice that can be paid, as the practice system has it now."""
        for one in self.agent.get("/invoices")["invoices"]:
            if one["payable"] and self.agent.get(f"/invoices/{one['id']}", fresh=1)["payable"]:
                return str(one["number"])
        raise AssertionError("no invoice can be paid")

    def begin(self, amount_minor: int) -> str:
        """A payment from elsewhere; its id."""
        body = {"terminal": TERMINAL, "currency": "SEK", "amount_minor": amount_minor, "text": "elsewhere"}
        return str(self.agent.post("/payments", body, key=new_key())["id"])

    def state(self, payment: str) -> str:
        return str(self.agent.get(f"/payments/{payment}")["state"])

    def stop(self, payment: str) -> None:
        self.agent.post(f"/payments/{payment}/cancel")
        until(lambda: self.state(payment) not in OPEN, f"{payment} ends")

    def taken(self) -> list[int]:
        """What the bank took at the terminal."""
        sessions = self.control("GET", "/truth")["terminals"][TERMINAL]["sessions"]
        return [entry["amount_minor"] for session in sessions for entry in session["entries"]]
