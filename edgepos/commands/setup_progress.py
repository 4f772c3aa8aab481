"""What was answered and is not in the settings yet, in the state folder, so that it goes on where it was left; no secret.

How far the steps have come, the agent knows: from the journal, and from what persons saw.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgepos.whole_file import write_whole

OK, OPEN, WRONG, NOT_LOOKED_AT = "ok", "open", "wrong", "not_looked_at"
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

    def written(self) -> None:
        """The settings are in place: what was answered stands there."""
        if self._kept.pop("draft", None) is not None:
            self._save()

    def _save(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(str(self._path), [json.dumps(self._kept, indent=1).encode()])
        if os.geteuid() == 0:  # the agent's own folder: everything in it is its user's
            owner = self._path.parent.stat()
            os.chown(self._path, owner.st_uid, owner.st_gid)
