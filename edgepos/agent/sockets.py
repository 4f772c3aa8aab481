"""The agent's Unix socket: made, guarded, taken away.

With the journal's lock held, a dead socket left by a killed agent is replaced. A live one is never taken, and what is
no socket is never removed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from edgepos.agent.peers import STAFF, group_id
from edgepos.domain.errors import Refused

MODE = 0o660
BACKLOG = 128


def listen(path: Path) -> socket.socket:
    """A listening socket at *path*, for the group of those who may use it. Raises Refused `socket-taken`."""
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        before = os.umask(0o777 & ~0o600)  # nobody else may connect before the mode is set
        try:
            listener.bind(str(path))
        except OSError as error:
            raise Refused("socket-taken", socket=str(path), why=error.strerror or str(error)) from error
        finally:
            os.umask(before)
        group = group_id(STAFF)
        if group is not None and group in {os.getegid(), *os.getgroups()}:  # on a laptop it stays our own
            os.chown(path, -1, group)
        os.chmod(path, MODE)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def remove(path: Path, listener_inode: int) -> None:
    """Take our own socket away at the end, and nobody else's."""
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_ino == listener_inode:
            path.unlink()


def _clear(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise Refused("socket-taken", socket=str(path), why="it is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise Refused("socket-taken", socket=str(path), why=error.strerror or str(error)) from error
    raise Refused("socket-taken", socket=str(path), why="somebody answers there")
