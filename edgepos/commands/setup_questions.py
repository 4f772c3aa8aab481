"""The questions of `edgepos setup`: from a person's answers to a proposal of settings. Nothing is written here.

In the order of Nets' and Provet's own instructions. What can be asked of the services, the account's terminals and the
practice system's departments, is offered as a choice; what they do not take is said at once, and asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepos.client import AgentError
from edgepos.commands.here import here
from edgepos.commands.output import tell
from edgepos.commands.setup_progress import Progress
from edgepos.commands.setup_talk import Talk

if TYPE_CHECKING:
    from edgepos.agent.setting_up import Proposal

Tables = dict[str, Any]
PRODUCTION, TEST = "https://connectcloud.aws.nets.eu", "https://connectcloud-test.aws.nets.eu"
COUNTRIES: Mapping[str, tuple[str, str, str, str]] = {
    "SE": ("Sweden", "SEK", "sv", "Europe/Stockholm"),
    "NO": ("Norway", "NOK", "nb", "Europe/Oslo"),
    "DK": ("Denmark", "DKK", "da", "Europe/Copenhagen"),
    "FI": ("Finland", "EUR", "fi", "Europe/Helsinki"),
}
LANGUAGES = (("en", "English"), ("sv", "Swedish"), ("nb", "Norwegian"), ("da", "Danish"), ("fi", "Finnish"))
MODELS = (("Lane3000", "on the counter, without a printer"), ("Desk3500", "on the counter"), ("Move3500", "carried"))
BEFORE = """\
Before a clinic can be set up, these have to be there; edgepos checks what it can:
  * Terminals, ordered as “Connect@Cloud compatible” from the country's Nets
    branch: Lane3000, Desk3500 or Move3500, on a network cable; in their menu the
    type Connect@Cloud. The lamps ECR and host on their home screen are green.
  * An account at Connect@Cloud. Nets alone makes it: one user and password for
    the whole organisation.
  * For Provet Cloud: the integration's client id and secret, from Provet support,
    with the right “Financial: Invoices”.
It may be left at any question (Ctrl-C), and goes on there."""


def asked(talk: Talk, folder: Path, progress: Progress) -> Proposal:
    """A proposal from answers; what was answered before stands as the default. Raises AgentError."""
    from edgepos.agent import setting_up

    tables: Tables = here(lambda _: setting_up.existing(folder))
    tables |= progress.draft
    talker = _Questions(talk, folder, progress, tables)
    tell(BEFORE)
    ids = talker.nets()
    departments = talker.practice()
    talker.location(departments)
    talker.terminals(ids)
    return talker.proposal()


class _Questions:
    def __init__(self, talk: Talk, folder: Path, progress: Progress, tables: Tables) -> None:
        self._talk, self._folder, self._progress, self._tables = talk, folder, progress, tables
        self._secrets: dict[str, str] = {}

    def proposal(self) -> Proposal:
        from edgepos.agent import setting_up

        tables = {name: dict(part) if isinstance(part, dict) else part for name, part in self._tables.items()}
        for name, text in self._secrets.items():
            table, key = setting_up.SECRET_KEYS[name]
            tables[table][key] = text
        made: Proposal = here(lambda _: setting_up.propose(tables, self._folder / "answers"))
        return made

    def nets(self) -> frozenset[str] | None:
        """The account; gives its terminals, None where that could not be asked."""
        tell("\nThe account at Nets Connect@Cloud")
        known = dict(self._tables.get("nets", {}))
        system = {PRODUCTION: "production", TEST: "test"}.get(known.get("base_url", PRODUCTION), "other")
        choices = (("production", PRODUCTION), ("test", TEST), ("other", "another address"))
        chosen = self._talk.choose("Which system", choices, system)
        if chosen == "other":
            known["base_url"] = self._talk.ask("Address", known.get("base_url", ""), _needed)
        else:
            known["base_url"] = {"production": PRODUCTION, "test": TEST}[chosen]
        known["username"] = self._talk.ask("User name, as Nets gave it", known.get("username", ""), _needed)
        answer: frozenset[str] | None = self._tried(
            "nets", known, "nets", "Password", lambda setting_up, made: setting_up.account(made, self._folder)
        )
        return answer

    def practice(self) -> Mapping[str, str] | None:
        """The practice system; gives its departments, None where there are none to choose from."""
        tell("\nProvet Cloud")
        known = dict(self._tables.get("practice", {}))
        question = "Its address as in the browser, https://… (- for none)"
        known["base_url"] = self._talk.ask(question, known.get("base_url", "https://provetcloud.com"))
        if known["base_url"] == "-":
            self._tables.pop("practice", None)
            return None
        known["provet_id"] = self._talk.ask("The organisation's number in it", known.get("provet_id", ""), _digits)
        known["client_id"] = self._talk.ask("Client id", known.get("client_id", ""), _needed)
        answer: Mapping[str, str] | None = self._tried(
            "practice", known, "provet", "Client secret",
            lambda setting_up, made: setting_up.departments(made, self._folder),
        )  # fmt: skip
        return answer

    def _tried(
        self, table: str, known: Tables, secret: str, question: str, trial: Callable[[Any, Proposal], Any]
    ) -> Any:
        """Ask for the secret and try it at the service; None where it could not be tried."""
        from edgepos.agent import setting_up

        self._tables[table] = known
        self._progress.answered(self._tables)
        is_there = self._has_secret(secret)
        for _ in range(3):
            given = self._talk.secret(question, is_there=is_there)
            if given is not None:
                self._secrets[secret] = given
            try:
                answer = here(lambda _: trial(setting_up, self.proposal()))
            except AgentError as error:
                tell(f"  {error}")
                if error.code != "credentials":
                    return None
                is_there = False
            else:
                tell("  It lets us in.")
                return answer
        return None

    def _has_secret(self, name: str) -> bool:
        from edgepos.agent.settings_files import Secrets

        try:
            return here(lambda _: Secrets(self._folder).read(name)) is not None
        except AgentError:
            return False

    def location(self, departments: Mapping[str, str] | None) -> None:
        tell("\nThe clinic")
        known = dict(self._tables.get("location", {}))
        known["name"] = self._talk.ask("Its name, as it stands on the screen", known.get("name", ""), _needed)
        countries = [(code, facts[0]) for code, facts in COUNTRIES.items()]
        known["country"] = country = self._talk.choose("Country", countries, known.get("country", ""))
        _, currency, language, zone = COUNTRIES[country]
        known["currency"] = self._talk.ask("The terminals' currency", known.get("currency", currency), _needed)
        known["language"] = self._talk.choose("Language of the screen", LANGUAGES, known.get("language", language))
        known["time_zone"] = self._talk.ask("Time zone", known.get("time_zone", zone), _zone)
        if departments:
            choices = [*sorted(departments.items()), ("-", "all of them")]
            chosen = self._talk.choose("Which department is this", choices, known.get("department") or "-")
            known["department"] = "" if chosen == "-" else chosen
        known["support_phone"] = self._talk.ask(
            "The number that staff call for help (Enter: none)", known.get("support_phone", "")
        )
        self._tables["location"] = known
        self._progress.answered(self._tables)

    def terminals(self, ids: frozenset[str] | None) -> None:
        """Which of the account's terminals stand here; where the account could not be asked, by their ids."""
        tell("\nThe terminals of this clinic. A name is the place, as staff call it; - means: not in this clinic.")
        before = {str(one.get("id")): dict(one) for one in self._tables.get("terminal", [])}
        chosen: list[Tables] = []
        for id in sorted({*(ids or ()), *before}):
            if ids is not None and id not in ids:
                tell(f"  {id} is in the settings, and not in the account: it cannot be used until Nets binds it there.")
            self._terminal(id, before.get(id, {}), chosen)
        while ids is None and (
            id := self._talk.ask("Another terminal's 8 digits (Enter: no more)", "", _id_or_nothing)
        ):
            self._terminal(id, {}, chosen)
        self._tables["terminal"] = chosen
        self._progress.answered(self._tables)

    def _terminal(self, id: str, known: Tables, chosen: list[Tables]) -> None:
        names = {str(one["name"]).casefold() for one in chosen}

        def free(text: str) -> str | None:
            return "Another terminal has that name." if text.casefold() in names else _needed(text)

        name = self._talk.ask(f"Terminal {id}, its name", known.get("name", "-"), free)
        if name == "-":
            return
        model = self._talk.choose("Its model", MODELS, known.get("model", ""))
        chosen.append({**known, "id": id, "name": name, "model": model})


def _needed(text: str) -> str | None:
    return None if text else "It needs an answer."


def _digits(text: str) -> str | None:
    return None if text.isascii() and text.isdecimal() else "It is a number."


def _id_or_nothing(text: str) -> str | None:
    return None if not text or (len(text) == 8 and text.isdecimal()) else "A terminal's id has 8 digits."


def _zone(text: str) -> str | None:
    from zoneinfo import available_timezones

    return None if text in available_timezones() else "Write it as in Europe/Stockholm."
