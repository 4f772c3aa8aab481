"""`edgepos agent`, `simulator`: the processes that this program is made of, in the foreground.

The only commands that import more than the client, and only when they run.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from edgepos.commands.exits import Exit
from edgepos.commands.keeping import declare_nothing
from edgepos.commands.table import Verb
from edgepos.commands.usage import wrong


def agent(options: Namespace) -> Exit:
    from edgepos.agent.main import run

    return Exit(run())


def declare_simulator(parser: ArgumentParser) -> None:
    for service in ("nets", "provet", "control"):
        parser.add_argument(f"--{service}-port", type=int, default=0, metavar="PORT", help="on 127.0.0.1; 0: any (0)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="everything invented follows from it (1)")
    parser.add_argument(
        "--virtual-clock",
        type=int,
        nargs="?",
        const=0,
        metavar="PORT",
        help="hold virtual time for an agent that joins with EDGEPOS_CLOCK",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FOLDER",
        help="make this folder, with the settings of a clinic at this simulator; an agent takes them by EDGEPOS_CONFIG",
    )


def simulator(options: Namespace) -> Exit:
    from edgepos.commands.demo.settings import write_settings
    from edgepos.simulator.server import Addresses, Options, run, say

    folder: Path | None = options.settings
    if folder is not None:
        _make(folder)

    def started(addresses: Addresses) -> None:
        if folder is not None:
            write_settings(folder, addresses)
        say(addresses)

    run(
        Options(
            nets_port=options.nets_port,
            provet_port=options.provet_port,
            control_port=options.control_port,
            seed=options.seed,
            clock_port=options.virtual_clock,
        ),
        started=started,
    )
    return Exit.DONE


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise wrong(
            f"{folder} cannot be made: {error.strerror}.",
            mend="Name a new folder in a place of yours.",
            file=str(folder),
        ) from error


VERBS = {
    "agent": Verb(declare_nothing, agent, "edgepos agent"),
    "simulator": Verb(declare_simulator, simulator, "edgepos simulator --control-port 8899"),
}
