"""`edgepos`, the program. Loads next to nothing itself: each command imports what it needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line *argv* (the process's own if not given); its exit status."""
    from edgepos.commands.dispatch import run

    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
