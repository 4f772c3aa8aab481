"""For technicians: checks with their mends, the set-up, bookings, settings and their sources, log, journal, looks.

Over SSH a technician is one by login; at the kiosk a PIN makes one, and its session ends when the place is left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import copy
from functools import partial
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from edgepos.client.aio import AsyncAgent
from edgepos.client.errors import AgentError
from edgepos.locale.words import LANGUAGES, N_, _, language
from edgepos.tui import set_up_texts
from edgepos.tui import technician_texts as texts
from edgepos.tui.acts import Act, Acts
from edgepos.tui.background import background
from edgepos.tui.note import Note
from edgepos.tui.pin import Pin, end_session
from edgepos.tui.place import Place
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sheet import Sheet
from edgepos.tui.sure import Sure
from edgepos.tui.themes import THEMES

LEFT_S = 0.1
LOG_LINES = 200
SECTIONS = (
    ("checks", N_("Checks")),
    ("setup", N_("Set-up")),
    ("bookings", N_("Bookings")),
    ("settings", N_("Settings")),
    ("log", N_("Log")),
    ("journal", N_("Journal")),
    ("people", N_("People")),
    ("looks", N_("Language, theme")),
    ("leave", N_("Leave")),
)
LANGUAGE_NAMES = {"en": "English", "sv": "Svenska", "nb": "Norsk", "da": "Dansk", "fi": "Suomi"}
THEME_NAMES = {"light": N_("light"), "dark": N_("dark"), "console": N_("16 colours")}


class Technician(Place):
    title_word = N_("Technician")

    def __init__(self) -> None:
        super().__init__()
        self._raised: AsyncAgent | None = None
        """The agent as whoever gave a technician's PIN here."""
        self._is_asking = False
        """A PIN is being asked for, and what it is for goes on when the question closes."""

    def body(self) -> ComposeResult:
        with Horizontal(id="technician"):
            yield Rows((Column(16, share=1),), searches=False)
            with Vertical():
                yield Sheet(id="technician-sheet")
                yield Acts()

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.fill(Row(name, (_(word),)) for name, word in SECTIONS)
        rows.focus()

    def arrived(self) -> None:
        if not self._is_asking:
            self._read()

    def on_screen_suspend(self) -> None:
        """A question on top suspends it as well; only another place ends the session."""
        self.set_timer(LEFT_S, self._end_if_left)

    def _end_if_left(self) -> None:
        if self.clinic.current_mode != "technician":
            self.forget()

    def forget(self) -> None:
        self._is_asking = False
        if (raised := self._raised) is not None:
            self._raised = None
            background(self.app, partial(end_session, raised), group="sessions", exclusive=False)

    # --- a section

    @property
    def section(self) -> str:
        row = self.query_one(Rows).row
        return row.id if row else ""

    def go_to(self, section: str) -> None:
        """The bar onto *section*."""
        self.query_one(Rows).cursor = [name for name, _word in SECTIONS].index(section)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """Passing by asks nobody for a PIN; Enter does."""
        self._read()

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self._read(asks_pin=True)
        acts = self.query_one(Acts)
        (acts if acts.acts else self.query_one(Sheet)).focus()

    def _put(self, text: str, section: str | None = None) -> None:
        """*section*: what was read for one; whoever has gone on to another does not see it there."""
        if section in (None, self.section):
            self.query_one(Sheet).put(text)

    def _read(self, *, asks_pin: bool = False) -> None:
        name = self.section
        self.query_one(Acts).put(self._acts(name))
        self.say("")
        self._put("…")
        paths: dict[str, tuple[str, dict[str, object], Callable[[Any], str]]] = {
            "checks": ("/doctor", {}, lambda document: texts.checks(document, self.form)),
            "setup": ("/setup", {}, set_up_texts.overview),
            "bookings": ("/outbox", {"limit": 200}, lambda document: texts.bookings(document, self.form)),
            "settings": ("/settings", {}, texts.settings),
            "log": ("/log", {"limit": LOG_LINES}, texts.log),
            "people": ("/operators", {}, texts.people),
        }
        if name in paths:
            path, query, shown = paths[name]
            self._as_technician(
                lambda agent: agent.get(path, **query),
                lambda document: self._put(
                    shown(document) if document is not None else _("Enter: it asks for a PIN."), name
                ),
                asks_pin=asks_pin,
            )
        elif name == "journal":
            self._put(texts.box(self.view, self.form))
        elif name == "looks":
            self._put(_("For this screen, until it ends. What is in the settings stays as it is."))
        else:
            self._put(_("The screen ends; the agent and what runs go on. Start it again with: edgepos"))

    def _acts(self, name: str) -> list[Act]:
        return {
            "checks": [Act("again", "a", _("Check again"))],
            "setup": [Act("steps", "s", _("Go through the steps"))],
            "people": [Act("person", "p", _("Add a person"))],
            "bookings": [Act("now", "t", _("Send all that waits now")), Act("attention", "n", _("What is parked: F8"))],
            "log": [Act("again", "a", _("Read again"))],
            "journal": [Act("verify", "v", _("Verify it")), Act("backup", "b", _("Copy it to a file"))],
            "looks": [
                *(Act(f"speak:{code}", "", LANGUAGE_NAMES[code]) for code in LANGUAGES if code != language()),
                *(
                    Act(f"theme:{one.name}", "", _(THEME_NAMES[one.name]))
                    for one in THEMES
                    if one.name != self.app.theme
                ),
            ],
            "leave": [Act("leave", "l", _("Leave the screen"))],
        }.get(name, [])

    # --- as a technician

    def _as_technician(
        self, what: Callable[[AsyncAgent], Awaitable[Any]], then: Callable[[Any], None], *, asks_pin: bool = True
    ) -> None:
        self.ask(lambda: self.with_session(what, asks_pin), then, group="read")

    async def with_session(self, what: Callable[[AsyncAgent], Awaitable[Any]], asks_pin: bool = True) -> Any:
        """*what*; with a PIN's session where the login alone does not do, kept until the place is left.

        None where a PIN is needed and not *asks_pin*.
        """
        try:
            return await what(self._raised or self.clinic.agent)
        except AgentError as error:
            if error.code != "pin-needed":
                raise
            if not asks_pin:
                return None
            self._is_asking = True
            try:
                session = await self.app.push_screen_wait(Pin("technician"))
                if session is None:
                    self._put("")
                    raise
                self._raised = copy(self.clinic.agent)
                self._raised.session = session
                return await what(self._raised)
            finally:
                self._is_asking = False

    # --- what a technician does

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Acts).by_letter(event.character):
            event.stop()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        message.stop()
        name, _colon, value = message.name.partition(":")
        if name == "again":
            self._read(asks_pin=True)
        elif name == "steps":
            from edgepos.tui.set_up import SetUp

            self.app.push_screen(SetUp(self))
        elif name == "person":
            from edgepos.tui.add_person import AddPerson

            self.app.push_screen(AddPerson(self.with_session))
        elif name == "now":
            self._as_technician(lambda agent: agent.post("/outbox/now"), self._sent_now)
        elif name == "attention":
            self.clinic.go("attention")
        elif name == "verify":
            self._put(_("Reading the whole journal …"))
            self._as_technician(
                lambda agent: agent.get("/verify"), lambda report: self._put(texts.verified(report), "journal")
            )
        elif name == "backup":
            self.app.push_screen(Note(_("Where to? A folder, or a new file."), "/tmp"), self._copy_to)
        elif name == "speak":
            self.clinic.choose(language=value)
        elif name == "theme":
            self.clinic.choose(theme=value)
            self._read()
        elif name == "leave":
            self._as_technician(self._may_leave, lambda _document: self._ask_leave())

    async def _may_leave(self, agent: AsyncAgent) -> Any:
        """A kiosk is left by a technician's PIN alone: whoever stands at it did not log in."""
        if self.clinic.is_kiosk and agent.session is None:
            raise AgentError.of("pin-needed")
        return await agent.get("/settings")

    def _sent_now(self, answer: Any) -> None:
        self.say(_("{n} bookings are being sent.").format(n=answer["queued"]), "good")

    def _copy_to(self, to: str | None) -> None:
        if not to:
            return
        self.say(_("Copying …"))
        self._as_technician(lambda agent: texts.copy_journal(agent, to), self._copied)

    def _copied(self, answer: Any) -> None:
        if answer.size is None:
            self.say(_("{file} could not be written: {why}").format(file=answer.path, why=answer.why), "bad")
        else:
            self.say(_("The journal is copied to {file}, {n} bytes.").format(file=answer.path, n=answer.size), "good")

    def _ask_leave(self) -> None:
        self.app.push_screen(Sure(_("Leave the screen?")), lambda yes: self.clinic.action_leave() if yes else None)
