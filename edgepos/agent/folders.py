"""Where the agent's things are: systemd's folders on a box, this user's own elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgepos.agent.settings_files import settings_folder

SOCKET_NAME = "agent.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    settings: Path
    state: Path
    socket: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Folders:
        """By `$EDGEPOS_CONFIG`, `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY`, else the XDG folders."""
        home = Path.home()
        own_state = Path(environ.get("XDG_STATE_HOME") or home / ".local/state") / "edgepos"
        own_runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "edgepos"
        return cls(
            settings=settings_folder(environ),
            state=Path(environ.get("STATE_DIRECTORY") or own_state),
            socket=Path(environ.get("RUNTIME_DIRECTORY") or own_runtime) / SOCKET_NAME,
        )
