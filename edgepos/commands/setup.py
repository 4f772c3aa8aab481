"""`edgepos setup`: from a bare box to the first purchase, step by step, each checked; goes on where it was left.

With questions, or with `--from FILE` without any. First everything that can be tried is tried, then the difference is
shown and the settings are written, never with a payment open; then the agent runs with them, and each terminal is
reconciled and tried. It ends with a page that says what works.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from edgepos.client import Agent, AgentError
from edgepos.client.http import AgentAway
from edgepos.commands.asking import OPEN as RUNNING
from edgepos.commands.asking import pause
from edgepos.commands.exits import Exit
from edgepos.commands.here import here
from edgepos.commands.output import Answer, columns, tell
from edgepos.commands.setup_progress import NOT_LOOKED_AT, OK, OPEN, WRONG, Progress, Row, row
from edgepos.commands.setup_talk import Person, Silent, Talk
from edgepos.commands.table import Verb
from edgepos.commands.usage import wrong

if TYPE_CHECKING:
    from edgepos.agent.folders import Folders
    from edgepos.agent.setting_up import Proposal

WORDS: Mapping[str, str] = {OK: "OK", OPEN: "OPEN", WRONG: "WRONG", NOT_LOOKED_AT: "NOT LOOKED AT"}
UNIT = "edgepos-agent.service"
AGENT_LOOKS = 60
"""How often, a second apart, a started agent is looked for."""
ANSWER_S = 5.0


def declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--from", dest="source", metavar="FILE", help="answers in TOML; nothing is asked (docs/technician.md)"
    )
    parser.add_argument("--check", action="store_true", help="try the answers and show the difference, write nothing")


def run(options: Namespace) -> Answer:
    from edgepos.agent.folders import Folders

    folders = Folders.of(os.environ)
    progress = Progress(folders.state)
    try:
        return _set_up(options, folders, progress)
    except KeyboardInterrupt:
        tell("\nWhat was done and answered is kept. Go on with: edgepos setup")
        raise


def _set_up(options: Namespace, folders: Folders, progress: Progress) -> Answer:
    from edgepos.agent import setting_up

    talk: Talk = Silent() if options.source else Person("edgepos setup")
    _may_write(folders)
    if options.source:
        proposal = here(lambda _: setting_up.read_answers(Path(options.source)))
    else:
        from edgepos.commands.setup_questions import asked

        proposal = asked(talk, folders.settings, progress)
    rows = list(_tried(proposal, folders.settings))
    changes = here(lambda _: setting_up.difference(proposal, folders.settings))
    for line in changes:
        tell(line)
    if options.check:
        return _page(rows, changed=changes, written=[])
    with ExitStack() as running:
        written = _written(proposal, folders, talk, changes)
        progress.written()
        agent = _agent_with(proposal, folders, running)
        from edgepos.commands.setup_steps import Steps

        for made in Steps(agent, talk, proposal.extra).all():
            tell(f"{WORDS[made['state']]:<14}{made['step']}: {made['message'] or 'fine'}")
            rows.append(made)
        return _page(rows, changed=changes, written=written)


def _may_write(folders: Folders) -> None:
    for folder in (folders.settings, folders.state):
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not os.access(there, os.W_OK | os.X_OK):
            raise AgentError("not-allowed", f"You may not write in {there}.", "Start it with: sudo edgepos setup")


# --- trying, before anything is written


def _tried(proposal: Proposal, folder: Path) -> Iterator[Row]:
    """The account, its terminals against those of this clinic, the practice system's rights and department."""
    from edgepos.agent import setting_up

    try:
        ids = here(lambda _: setting_up.account(proposal, folder))
    except AgentError as error:
        yield row("Nets: account", WRONG, error.message, error.mend)
    else:
        nets = proposal.settings.organisation.nets
        yield row("Nets: account", OK, f"{nets.username if nets else ''} has {len(ids)} terminals")
        yield from _terminals(proposal, ids)
    if proposal.settings.organisation.practice is None:
        yield row("practice system", NOT_LOOKED_AT, "None is set up: payments are taken without invoices.")
        return
    try:
        seen = here(lambda _: setting_up.practice(proposal, folder))
        known = here(lambda _: setting_up.departments(proposal, folder))
    except AgentError as error:
        yield row("practice system", WRONG, error.message, error.mend)
        return
    yield row("practice system", OK, f"{seen.payable} invoices can be paid")
    for right in seen.check.rights:
        if right.access == "missing" and right.is_needed:
            mend = f"Ask Provet support for a permission template with “{right.permission}”."
            yield row(f"right {right.feature}", WRONG, f"edgepos lacks “{right.permission}”.", mend)
    yield _department(proposal.settings.place.department, known)


def _department(department: str, known: Mapping[str, str]) -> Row:
    if not department:
        return row("department", OK, "all of the organisation's")
    if department in known:
        return row("department", OK, known[department])
    there = ", ".join(f"{id} {name}" for id, name in sorted(known.items()))
    return row("department", WRONG, f"Provet Cloud has no department {department}.", f"There are: {there}")


def _terminals(proposal: Proposal, ids: frozenset[str]) -> Iterator[Row]:
    """The account's terminals against those configured: foreign, missing, not bound."""
    here_ids = {terminal.id for terminal in proposal.settings.terminals}
    for terminal in proposal.settings.terminals:
        if terminal.id not in ids:
            yield row(
                f"{terminal.name}: account", WRONG,
                f"{terminal.id} is not in the account: Nets has not bound it there, or its id is typed wrongly.",
                "Ask the country's Nets branch to bind it; it has to be ordered as “Connect@Cloud compatible”, and the"
                " type in its menu has to be Connect@Cloud. Or mend its id in location.toml.",
            )  # fmt: skip
        else:
            yield row(f"{terminal.name}: account", OK, f"{terminal.id} is bound to the account")
    for id in sorted(ids - here_ids):
        yield row(
            f"terminal {id}", NOT_LOOKED_AT, "It is in the account, and not of this clinic as configured.",
            "If it stands here, add it; if it is another clinic's of the organisation, nothing is to be done.",
        )  # fmt: skip
    if not here_ids:
        yield row("terminals", WRONG, "No terminal is configured.", "Add one: edgepos setup")


# --- writing, and an agent that runs with it


def _written(proposal: Proposal, folders: Folders, talk: Talk, changes: list[str]) -> list[str]:
    from edgepos.agent import setting_up

    if not changes:
        return []
    _demand_nothing_open(folders)
    if talk.yes("Write this", True) is False:
        raise AgentError("not-confirmed", "Not confirmed: nothing was changed.", "The answers are kept: edgepos setup")
    try:
        done: list[str] = here(lambda _: setting_up.write(proposal, folders))
    except OSError as error:
        raise wrong(
            f"{error.filename or folders.settings} could not be written: {error.strerror}.",
            mend="Start it with: sudo edgepos setup",
        ) from error
    return done


def _demand_nothing_open(folders: Folders) -> None:
    """Raises AgentError while a payment is open: its terminal must be neither removed nor swapped."""
    from edgepos.agent import open_payments

    try:
        status = Agent(answer_s=ANSWER_S).get("/status")
        busy = [one["payment"] for one in status["terminals"] if one["payment"]]
        found = sorted({*busy, *(one["id"] for one in status["unknown"] if one["state"] in RUNNING)})
    except AgentAway:
        found = here(lambda _: open_payments.without_agent(folders))
    if found:
        raise AgentError(
            "payment-unknown", f"A payment is open: {', '.join(found)}. Settings are not changed meanwhile.",
            "Wait until it is over; see: edgepos status", {"payments": found},
        )  # fmt: skip


def _agent_with(proposal: Proposal, folders: Folders, running: ExitStack) -> Agent:
    """The agent, running with *proposal*. One that is not ours to start again is said to be so. Raises AgentError."""
    from edgepos.client.paths import may_start_own_agent

    agent = Agent(answer_s=ANSWER_S)
    if (runs := _runs_with(agent, proposal, folders)) is True:
        return Agent()
    if runs is False:
        _demand_nothing_open(folders)
    if _is_ours_by_systemd():
        _systemctl("restart")
        return _awaited(agent, proposal, folders)
    if runs is False:
        raise AgentError(
            "agent-away", "The settings are written; the agent still runs with those from before.",
            "Start it again (systemctl restart edgepos-agent), then go on with: edgepos setup",
        )  # fmt: skip
    if may_start_own_agent():
        from edgepos.client.start import own_agent

        tell("Starting an agent for the set-up …")
        return Agent(running.enter_context(own_agent()))
    raise AgentError(
        "agent-away", "The settings are written; the agent does not run.",
        "Start it (systemctl start edgepos-agent), then go on with: edgepos setup",
    )  # fmt: skip


def _runs_with(agent: Agent, proposal: Proposal, folders: Folders) -> bool | None:
    """Whether an agent runs with these settings; None where none answers."""
    from edgepos.agent import setting_up

    try:
        values = {one["key"]: one["value"] for one in agent.get("/settings")["settings"]}
    except AgentAway:
        return None
    wanted = {key: _plain(value) for key, value in setting_up.in_force(proposal, folders.settings).items()}
    from_outside = {key for key in wanted if f"EDGEPOS_{key.upper().replace('.', '__')}" in os.environ}
    return all(values.get(key) == value for key, value in wanted.items() if key not in from_outside)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _is_ours_by_systemd() -> bool:
    import subprocess

    if os.geteuid() != 0 or not os.path.isdir("/run/systemd/system"):
        return False
    return subprocess.run(["systemctl", "cat", UNIT], capture_output=True, check=False, timeout=20).returncode == 0


def _systemctl(verb: str) -> None:
    import subprocess

    tell("Starting the agent again …")
    ended = subprocess.run(["systemctl", verb, UNIT], capture_output=True, text=True, check=False, timeout=120)
    if ended.returncode:
        said = ended.stderr.strip() or f"status {ended.returncode}"
        raise AgentError("agent-away", f"The agent could not be started: {said}", f"See: journalctl -u {UNIT}")


def _awaited(agent: Agent, proposal: Proposal, folders: Folders) -> Agent:
    for _ in range(AGENT_LOOKS):
        if _runs_with(agent, proposal, folders):
            return Agent()
        pause()
    raise AgentError("agent-away", "The agent was started and does not answer.", f"See: journalctl -u {UNIT}")


# --- the page at the end


def _page(rows: list[Row], *, changed: list[str], written: list[str]) -> Answer:
    rows = list({made["step"]: made for made in rows}.values())  # tried first, and then as the agent found it
    is_fine = all(made["state"] != WRONG for made in rows)
    document = {"ok": is_fine, "changes": changed, "written": written, "steps": rows}
    return Answer(document, lambda: _lines(rows, written), exit=Exit.DONE if is_fine else Exit.FAILED)


def _lines(rows: list[Row], written: list[str]) -> Iterable[str]:
    yield from (f"Written: {path}" for path in written)
    yield from ("", "What works:")
    yield from (
        f"  {line}" for line in columns([(one["step"], one["message"] or "fine") for one in rows if one["state"] == OK])
    )
    for state, title in ((NOT_LOOKED_AT, "Not looked at:"), (OPEN, "Still open:"), (WRONG, "What does not work yet:")):
        found = [one for one in rows if one["state"] == state]
        if found:
            yield from ("", title)
        for one in found:
            yield f"  {one['step']}: {one['message']}"
            if one["mend"]:
                yield f"      {one['mend']}"
    if any(one["state"] == WRONG for one in rows):
        yield from ("", "After mending it, go on with: edgepos setup")
    else:
        yield from ("", "The clinic can take payments: edgepos")


VERBS = {"setup": Verb(declare, run, "edgepos setup --from answers.toml --json")}
