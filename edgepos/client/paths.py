"""Where the agent's socket is, and when a client may start an agent of its own.

A client never looks at `$RUNTIME_DIRECTORY`: in the kiosk's unit that folder is the kiosk's own. It may start an agent
only where no box is set up, else a second journal would drive the same terminals.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

BOX_FOLDER = "/run/edgepos"
BOX_SETTINGS = "/etc/edgepos/location.toml"
SOCKET_NAME = "agent.sock"


def own_folder(environ: Mapping[str, str] = os.environ) -> str:
    """The runtime folder of this user's own agent, where no box is set up."""
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return os.path.join(runtime, "edgepos")


def socket_path(environ: Mapping[str, str] = os.environ, *, box_folder: str = BOX_FOLDER) -> str:
    """The agent's socket: `$EDGEPOS_SOCKET`, then the box's, then the user's own. Whether it is there is not asked."""
    if named := environ.get("EDGEPOS_SOCKET"):
        return named
    folder = box_folder if os.path.isdir(box_folder) else own_folder(environ)
    return os.path.join(folder, SOCKET_NAME)


def may_start_own_agent(
    environ: Mapping[str, str] = os.environ,
    *,
    is_kiosk: bool = False,
    box_folder: str = BOX_FOLDER,
    box_settings: str = BOX_SETTINGS,
) -> bool:
    """Whether a screen may start an agent of its own: no box is set up here, it is no kiosk, no socket was named."""
    is_box = os.path.exists(box_folder) or os.path.exists(box_settings)
    return not (is_box or is_kiosk or environ.get("EDGEPOS_SOCKET"))
