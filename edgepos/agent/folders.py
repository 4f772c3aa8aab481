"""Where the agent's things are: systemd's folders on a box, this user's own elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgepos.agent.settings_files import BOX_SETTINGS, settings_folder

SOCKET_NAME = "agent.sock"
BOX_STATE, BOX_RUNTIME = Path("/var/lib/edgepos"), Path("/run/edgepos")
"""As the units have them: whoever works on a box by hand means these."""


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
