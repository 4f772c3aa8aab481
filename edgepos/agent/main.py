"""`edgepos agent`: the process. Folders, the lock, the socket, exit statuses; the rest is `life.py`'s and `wiring.py`'s.

The socket is there before the agent is: it is opened as soon as the journal's lock is held, and whoever asks meanwhile
waits for an answer in place of finding nobody. Only then all that an agent is made of is loaded, which takes most of a
start; so nothing heavy may be imported at the top of this module.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping

from edgepos.agent import sockets
from edgepos.agent.folders import Folders
from edgepos.domain.errors import EdgeposError
from edgepos.journal import JournalNewer
from edgepos.journal.files import Lock, private_folder
from edgepos.locale.messages import render

FAILED = 1
JOURNAL_NEWER = 65
"""systemd does not start it again after these two: nothing would be better."""
SETTINGS_WRONG = 78


def run(environ: Mapping[str, str] = os.environ) -> int:
    """Run the agent until it is told to end. Gives the exit status; whatever is wrong is a sentence on stderr."""
    folders = Folders.of(environ)
    # Nothing that lies about on the machine is loaded into what holds the secrets; looking for it costs a start as well.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        folders.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            lock = Lock(private_folder(folders.state))
            stack.callback(lock.release)
            listener = stack.enter_context(sockets.listen(folders.socket))
            stack.callback(sockets.remove, folders.socket, os.lstat(folders.socket).st_ino)

            from edgepos.agent.life import live

            return live(folders, environ, lock, listener)
    except EdgeposError as error:
        return _tell(error)
    except asyncio.CancelledError:  # told a second time
        return FAILED
    except (OSError, ValueError) as error:  # a folder that cannot be made, a clock that does not answer
        sys.stderr.write(f"edgepos agent: {error}\n")
        return FAILED


def _tell(error: EdgeposError) -> int:
    """Say what is wrong, with its mend, and give the status that goes with it."""
    problems = error.facts.get("problems")
    if isinstance(problems, list):
        for problem in problems:
            sys.stderr.write(f"edgepos agent: {problem}\n")
    else:
        sys.stderr.write(f"edgepos agent: {render(error.code, error.facts)}\n")
    if isinstance(error, JournalNewer):
        return JOURNAL_NEWER
    return SETTINGS_WRONG if error.code == "settings" else FAILED
