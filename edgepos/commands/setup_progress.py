"""How far a set-up has come, in the state folder, so that it goes on where it was left: answers and steps, no secret.

A step that went well is not done again unless the settings have changed since: what was true of others proves nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgepos.whole_file import write_whole

OK, WRONG, NOT_LOOKED_AT = "ok", "wrong", "not_looked_at"
Row = dict[str, str]


def row(step: str, state: str, message: str = "", mend: str = "") -> Row:
    """What became of one step: its name, how it stands, why, and what to do."""
    return {"step": step, "state": state, "message": message, "mend": mend}


class Progress:
    """The file in *folder*. One that cannot be read is begun anew: all steps can be done again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "setup.json"
        self._kept: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self._kept = kept if isinstance(kept, dict) else {}

    @property
    def draft(self) -> dict[str, Any]:
        """The answers given and not written into the settings yet, as tables."""
        draft = self._kept.get("draft")
        return draft if isinstance(draft, dict) else {}

    def answered(self, draft: Mapping[str, Any]) -> None:
        self._kept["draft"] = dict(draft)
        self._save()

    def written(self, texts: Mapping[str, str]) -> None:
        """The settings are in place: steps that were done with others are to be done again."""
        fingerprint = hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode()).hexdigest()
        if self._kept.get("settings") != fingerprint:
            self._kept["steps"] = {}
        self._kept["settings"] = fingerprint
        self._kept.pop("draft", None)
        self._save()

    def done(self, step: str) -> Row | None:
        """What became of *step*, where it went well with these settings."""
        known = self._kept.get("steps", {}).get(step)
        return known if isinstance(known, dict) and known.get("state") == OK else None

    def note(self, made: Row) -> Row:
        self._kept.setdefault("steps", {})[made["step"]] = made
        self._save()
        return made

    @property
    def rows(self) -> Iterable[Row]:
        return list(self._kept.get("steps", {}).values())

    def _save(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(str(self._path), [json.dumps(self._kept, indent=1).encode()])
        if os.geteuid() == 0:  # the agent's own folder: everything in it is its user's
            owner = self._path.parent.stat()
            os.chown(self._path, owner.st_uid, owner.st_gid)
