"""Where the agent's things are: systemd's folders on a box, this user's own elsewhere.

Loads next to nothing: the agent listens before it reads its settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOCKET_NAME = "agent.sock"
BOX_SETTINGS = Path("/etc/edgepos")
BOX_STATE, BOX_RUNTIME = Path("/var/lib/edgepos"), Path("/run/edgepos")
"""As the units have them: whoever works on a box by hand means these."""


def settings_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$EDGEPOS_CONFIG`, else /etc/edgepos where it exists, else the person's own configuration folder."""
    if named := environ.get("EDGEPOS_CONFIG"):
        return Path(named)
    if BOX_SETTINGS.is_dir():
        return BOX_SETTINGS
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "edgepos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    settings: Path
    state: Path
    socket: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Folders:
        """By `$EDGEPOS_CONFIG`, `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY`; else a box's own, where one is set up; else
        the XDG folders.
        """
        settings = settings_folder(environ)
        if settings == BOX_SETTINGS:
            own_state, own_runtime = BOX_STATE, BOX_RUNTIME
        else:
            own_state = Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "edgepos"
            own_runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "edgepos"
        return cls(
            settings=settings,
            state=Path(environ.get("STATE_DIRECTORY") or own_state),
            socket=Path(environ.get("RUNTIME_DIRECTORY") or own_runtime) / SOCKET_NAME,
        )
