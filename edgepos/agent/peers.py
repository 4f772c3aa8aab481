"""Who is at the other end of the agent's socket, by the kernel's word: user, groups, and the role that follows.

Nothing that a client says of itself counts here. A PIN session (operators.py) may raise what staff may do.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

SO_PEERGROUPS = 59
"""Linux, since 4.13; not in Python's socket module."""
MAX_GROUPS_BYTES = 1024
"""asks for at most this much: the kernel refuses a larger buffer."""
TECHNICIANS = "edgepos-tech"
STAFF = "edgepos-users"


class Role(IntEnum):
    """What somebody may do; each may do what those before may."""

    NOBODY = 0
    STAFF = 1
    SENIOR = 2
    """Settle, record, refund above the limit: by a PIN only."""
    TECHNICIAN = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A process at the other end. *login* is empty where the user has no name."""

    pid: int
    uid: int
    groups: frozenset[int]
    login: str = ""

    @property
    def role(self) -> Role:
        if self.uid in (0, os.geteuid()) or _group(TECHNICIANS) in self.groups:
            return Role.TECHNICIAN
        return Role.STAFF if _group(STAFF) in self.groups else Role.NOBODY

    @property
    def operator(self) -> str:
        """The journal's name for whoever has given no PIN: a technician by login, everybody else is the kiosk."""
        return f"tech.{self.login}"[:16].lower() if self.role is Role.TECHNICIAN and self.login else "kiosk"


def peer_of(connection: socket.socket) -> Peer:
    """The process that connected. Raises OSError where the kernel does not say."""
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    raw = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, MAX_GROUPS_BYTES)
    groups = struct.unpack(f"{len(raw) // 4}I", raw)
    return Peer(pid=pid, uid=uid, groups=frozenset((gid, *groups)), login=_login(uid))


def group_id(name: str) -> int | None:
    """The number of group *name*, None where there is no such group."""
    return _group(name)


def _group(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
