"""The settings of the simulator's clinic: what an agent needs that is to work with a simulator, all of it invented."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ORGANISATION = """\
[nets]
base_url = "{nets}"
username = "clinic_demo"

[practice]
kind = "provet"
base_url = "{provet}"
provet_id = "1234"
client_id = "edgepos-demo-client"
"""
LOCATION = """\
[location]
name = "Demo Animal Clinic"
country = "SE"
currency = "SEK"
language = "en"
time_zone = "Europe/Stockholm"
department = "2"
training = true

[[terminal]]
id = "70000001"
name = "RECEPTION"
model = "Desk3500"

[[terminal]]
id = "70000002"
name = "ROOM 2"
model = "Move3500"

[[terminal]]
id = "70000003"
name = "LAB"
model = "Lane3000"
"""
SECRETS = {"nets": "demo-password", "provet": "edgepos-demo-secret"}


def write_settings(
    folder: Path, addresses: Mapping[str, str | None], *, organisation: str = ORGANISATION, location: str = LOCATION
) -> None:
    """The two settings files and the two secrets, into an existing *folder*.

    *addresses* are those that the simulator has printed; the texts have `{nets}` and `{provet}` in their places.
    """
    (folder / "organisation.toml").write_text(organisation.format(**addresses))
    (folder / "location.toml").write_text(location)
    for name, secret in SECRETS.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret + "\n")
