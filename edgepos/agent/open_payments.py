"""What is open in a journal that no agent has: asked before settings change, and before a pilot.

As a process of its own, because root gives itself up for the journal's owner before it is opened: a file of root's
beside it would keep the agent from starting. Prints one JSON document: `open`, or the `code` and `facts` of a refusal.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from edgepos import __version__
from edgepos.agent.folders import Folders
from edgepos.agent.maintenance import become_owner
from edgepos.chance import SystemChance
from edgepos.clock import RealClock
from edgepos.domain.errors import EdgeposError, Refused
from edgepos.journal import Journal

LIMIT_S = 60.0


def without_agent(folders: Folders) -> list[str]:
    """The references of all that is open there. Raises Refused: `journal-locked` where an agent runs, and its kin."""
    if not (folders.state / "journal.db").exists():
        return []
    command = [sys.executable, "-m", "edgepos.agent.open_payments", str(folders.state)]
    ended = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    try:
        answer = json.loads(ended.stdout)
    except ValueError:
        raise Refused("journal-damaged", what=f"it could not be opened, status {ended.returncode}") from None
    if "code" in answer:
        raise Refused(answer["code"], **answer["facts"])
    return list(answer["open"])


async def _open_in(folder: Path) -> list[str]:
    journal = await Journal.open(folder, clock=RealClock(), chance=SystemChance(), version=__version__)
    try:
        return [operation.id for operation in await journal.open_operations()]
    finally:
        await journal.close()


def main(folder: Path) -> None:
    answer: dict[str, object]
    try:
        become_owner(folder)
        answer = {"open": asyncio.run(_open_in(folder))}
    except EdgeposError as error:
        answer = {"code": error.code, "facts": {name: str(value) for name, value in error.facts.items()}}
    except PermissionError as error:
        answer = {"code": "not-allowed", "facts": {"path": str(error.filename or folder)}}
    os.write(1, json.dumps(answer).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
