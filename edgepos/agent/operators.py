"""The people of the clinic: names, roles and PINs, in a file beside the journal and never in it.

A PIN is kept as scrypt makes it. Wrong tries are counted for each operator over restarts of nothing but the process:
five are free, then each costs a minute, two, four. A session lives in memory and ends with time.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from pathlib import Path

from edgepos.agent.peers import Role
from edgepos.chance import Chance
from edgepos.clock import Clock
from edgepos.domain.errors import Refused, Wrong
from edgepos.domain.identifiers import is_operator
from edgepos.whole_file import write_whole

FREE_TRIES = 5
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 3600.0
SESSION_S = 600.0
"""A session ends this long after its last use: somebody has left the desk by then."""
MOST_SESSIONS = 100
PIN_LENGTHS = range(4, 13)
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One person. *name* is for screens only; the journal has *id*."""

    id: str
    name: str
    role: Role
    is_active: bool = True
    salt: str = ""
    pin: str = ""


@dataclass(slots=True)
class Session:
    operator: Operator
    until: float


@dataclass(slots=True)
class _Tries:
    count: int = 0
    wait_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Operators:
    """*path* is operators.json; a damaged one is told, never replaced."""

    def __init__(self, path: Path, *, clock: Clock, chance: Chance) -> None:
        self._path = path
        self._clock = clock
        self._chance = chance
        self._people = {one.id: one for one in _read(path)}
        self._tries: dict[str, _Tries] = {}
        self._sessions: dict[str, Session] = {}

    @property
    def people(self) -> list[Operator]:
        return sorted(self._people.values(), key=lambda one: one.id)

    async def change(self, *, id: str, name: str, role: Role, pin: str | None, is_active: bool = True) -> Operator:
        """Add or change a person; without *pin* the old one stays. Their sessions end. Raises Wrong `usage`."""
        if not is_operator(id):
            raise Wrong("usage", text=id[:16], expected="an operator: small letters, digits, dots, at most 16")
        known = self._people.get(id)
        if pin is None and known is None:
            raise Wrong("usage", text="pin", expected="a PIN for a new operator")
        salt, kept = (known.salt, known.pin) if known else ("", "")
        if pin is not None:
            if not (pin.isascii() and pin.isdecimal() and len(pin) in PIN_LENGTHS):
                raise Wrong("usage", text="pin", expected="4 to 12 digits")
            salt = base64.b64encode(self._chance.bits(128).to_bytes(16)).decode()
            kept = await asyncio.to_thread(_scrypt, pin, salt)
        changed = Operator(id=id, name=name, role=role, is_active=is_active, salt=salt, pin=kept)
        self._people[id] = changed
        _write(self._path, self.people)
        self._sessions = {token: one for token, one in self._sessions.items() if one.operator.id != id}
        return changed

    async def login(self, id: str, pin: str) -> tuple[str, Session]:
        """A new session. Raises Refused `pin-wrong`, with `wait_s` where the next try has to wait."""
        tries = self._tries.setdefault(id if id in self._people else "", _Tries())
        async with tries.lock:  # tries at the same instant are tries one after another
            now = self._clock.monotonic()
            if now < tries.wait_until:
                raise Refused("pin-wrong", wait_s=round(tries.wait_until - now))
            person = self._people.get(id)
            salt = person.salt if person else base64.b64encode(bytes(16)).decode()
            given = await asyncio.to_thread(_scrypt, pin, salt)  # also for nobody: time must not tell who exists
            if person is None or not person.is_active or not hmac.compare_digest(given, person.pin):
                tries.count += 1
                if tries.count >= FREE_TRIES:
                    wait_s = min(FIRST_WAIT_S * 2 ** (tries.count - FREE_TRIES), LONGEST_WAIT_S)
                    tries.wait_until = now + wait_s
                    raise Refused("pin-wrong", wait_s=round(wait_s))
                raise Refused("pin-wrong")
            tries.count = 0
        self._forget_old()
        token = f"{self._chance.bits(128):032x}"
        session = Session(person, self._clock.monotonic() + SESSION_S)
        self._sessions[token] = session
        return token, session

    def session(self, token: str) -> Session | None:
        """The session of *token*, used now; None where there is none any more."""
        session = self._sessions.get(token)
        now = self._clock.monotonic()
        if session is None or now >= session.until:
            return None
        session.until = now + SESSION_S
        return session

    def logout(self, token: str) -> None:
        self._sessions.pop(token, None)

    def _forget_old(self) -> None:
        now = self._clock.monotonic()
        alive = [(token, one) for token, one in self._sessions.items() if now < one.until]
        self._sessions = dict(alive[-MOST_SESSIONS:])


def _scrypt(pin: str, salt: str) -> str:
    made = hashlib.scrypt(pin.encode(), salt=base64.b64decode(salt), n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    return base64.b64encode(made).decode()


def _read(path: Path) -> list[Operator]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["operators"]
        return [Operator(**{**row, "role": Role[row["role"].upper()]}) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"is damaged: {error}"
        raise Wrong("settings", file=str(path), reason=reason, problems=[f"{path} {reason}"]) from None


def _write(path: Path, people: list[Operator]) -> None:
    """Whole or not at all, for our own eyes only."""
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "role": str(one.role),
            "is_active": one.is_active,
            "salt": one.salt,
            "pin": one.pin,
        }
        for one in people
    ]
    write_whole(path, [json.dumps({"operators": rows}, indent=1, ensure_ascii=False).encode()])
