"""An agent of one's own, where no box is set up: one command is enough on a laptop.

The agent runs as a process beside the screen and says that it is ready by the same word that it tells systemd. It ends
with the screen: it is told to (SIGTERM) and waited for. A payment that is under way then is found again at the next
start. Never used on a box: see `may_start_own_agent`.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edgepos.client.errors import AgentAway
from edgepos.client.paths import SOCKET_NAME, own_folder

READY_S = 60
"""Longest wait for READY: the agent asks each terminal what it last did before it is ready."""
END_S = 20
"""Longest wait for its end, before it is killed; a kill is what the journal is made for."""


@contextmanager
def own_agent(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Runs an agent for this user; gives its socket once it is ready. Raises AgentAway if it is not."""
    folder = Path(own_folder(environ))
    state = Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "edgepos"
    for made in (folder, state):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = state / "agent.log"
    with (
        tempfile.TemporaryDirectory(prefix="edgepos-") as news,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        log.open("ab") as written,
    ):
        notify.bind(os.path.join(news, "notify"))
        process = subprocess.Popen(
            [sys.executable, "-m", "edgepos", "agent"],
            env={
                **environ,
                "RUNTIME_DIRECTORY": str(folder),
                "STATE_DIRECTORY": str(state),
                "NOTIFY_SOCKET": notify.getsockname(),
            },
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,  # Ctrl-C on the screen is the screen's
        )
        try:
            _wait_until_ready(process, notify, log)
            yield str(folder / SOCKET_NAME)
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], notify: socket.socket, log: Path) -> None:
    ended = os.pidfd_open(process.pid)
    try:
        while True:
            heard, _, _ = select.select([notify.fileno(), ended], [], [], READY_S)
            if notify.fileno() in heard:
                if b"READY=1" in notify.recv(4096).split(b"\n"):
                    return
            else:  # it ended, or has said nothing for a minute
                raise AgentAway.of("agent-away", why="ended", log=str(log))
    finally:
        os.close(ended)
