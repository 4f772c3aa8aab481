"""`edgepos agent`, `simulator`: the processes that this program is made of, in the foreground.

The only commands that import more than the client, and only when they run.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from edgepos.commands.exits import Exit
from edgepos.commands.keeping import declare_nothing
from edgepos.commands.table import Verb


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


def simulator(options: Namespace) -> Exit:
    from edgepos.simulator.server import Options, run

    run(
        Options(
            nets_port=options.nets_port,
            provet_port=options.provet_port,
            control_port=options.control_port,
            seed=options.seed,
            clock_port=options.virtual_clock,
        )
    )
    return Exit.DONE


VERBS = {
    "agent": Verb(declare_nothing, agent, "edgepos agent"),
    "simulator": Verb(declare_simulator, simulator, "edgepos simulator --control-port 8899"),
}
