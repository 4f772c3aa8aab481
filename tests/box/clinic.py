"""The clinic around the machine: the simulator on this side, and what the guest is told to find it.

The services and the bank's truth must outlive a power cut, so the simulator runs here; the guest sees it on its own
loopback, where alone the agent takes plain http.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from edgepos.commands.demo.control import control
from edgepos.commands.demo.settings import ORGANISATION, SECRETS
from tests.box.machine import SERVICES_HOST

PROJECT = Path(__file__).parents[2]
INSIDE = {"nets": 8801, "provet": 8802}
"""The services' ports in the guest."""
TERMINAL = "70000001"
LOCATION = f"""\
[location]
name = "Djurkliniken Norr"
country = "SE"
currency = "SEK"
language = "en"
time_zone = "Europe/Stockholm"
department = "2"
support_phone = "0123-45 67 89"
training = true

[[terminal]]
id = "{TERMINAL}"
name = "RECEPTION"
model = "Desk3500"
"""
PROXY_SOCKET = """\
[Socket]
ListenStream=127.0.0.1:{port}

[Install]
WantedBy=sockets.target
"""
PROXY_SERVICE = """\
[Unit]
Requires=test-{name}.socket

[Service]
ExecStart=/lib/systemd/systemd-socket-proxyd {host}:{port}
"""
CREDENTIALS = """\
[Service]
LoadCredential=nets:/etc/edgepos/credentials/nets
LoadCredential=provet:/etc/edgepos/credentials/provet
"""
PATIENCE = """\
# An emulated machine on a busy one is up to a hundred times slower than a box.
[Service]
TimeoutStartSec=20min
WatchdogSec=3min
"""


class Simulator:
    """`edgepos simulator` as a process, in real time."""

    def __enter__(self) -> Simulator:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "simulator"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.addresses: dict[str, str] = json.loads(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def reach(self) -> dict[int, int]:
        """The guest's ports and ours."""
        return {port: urlsplit(self.addresses[name]).port or 0 for name, port in INSIDE.items()}

    def control(self, method: str, path: str, body: object = None) -> Any:
        """One call of the simulator's control server."""
        return control(self.addresses["control"], method, path, body)


def lay_out(root: Path) -> None:
    """What is put into the image over the package: settings, secrets, and the way to the simulator."""
    settings = root / "etc/edgepos"
    (settings / "credentials").mkdir(parents=True, mode=0o700)
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in INSIDE.items()}
    (settings / "organisation.toml").write_text(ORGANISATION.format(**addresses))
    (settings / "location.toml").write_text(LOCATION)
    for name, secret in SECRETS.items():
        (settings / "credentials" / name).write_text(secret + "\n")
        (settings / "credentials" / name).chmod(0o600)
    units = root / "etc/systemd/system"
    (units / "edgepos-agent.service.d").mkdir(parents=True)
    (units / "edgepos-agent.service.d" / "credentials.conf").write_text(CREDENTIALS)
    (units / "edgepos-agent.service.d" / "patience.conf").write_text(PATIENCE)
    for name, port in INSIDE.items():
        (units / f"test-{name}.socket").write_text(PROXY_SOCKET.format(port=port))
        (units / f"test-{name}.service").write_text(PROXY_SERVICE.format(name=name, host=SERVICES_HOST, port=port))
