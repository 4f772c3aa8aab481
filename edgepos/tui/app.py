"""The app: holds the picture of the clinic, leads from place to place, and ends cleanly whatever happens.

A payment never hangs on it. It keeps no secrets, prints no traceback, and gives the terminal back as it was.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.filter import LineFilter
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from edgepos import loading
from edgepos.client.aio import AsyncAgent, Away
from edgepos.client.errors import AgentError
from edgepos.client.events import Event
from edgepos.clock import Clock, RealClock, parse_rfc3339
from edgepos.locale.words import N_, _, set_language, wanted
from edgepos.tui import faults, terminal_modes
from edgepos.tui.acts import TALL
from edgepos.tui.background import background
from edgepos.tui.caption import Caption
from edgepos.tui.chrome import TALL_FROM
from edgepos.tui.colourless import Colourless
from edgepos.tui.driver import Driver
from edgepos.tui.form import Form
from edgepos.tui.order import Order
from edgepos.tui.place import Frame, Place
from edgepos.tui.places import BY_NAME, IN_FOOTER, PLACES
from edgepos.tui.stylesheet import Styles
from edgepos.tui.themes import THEMES, theme_for
from edgepos.tui.view import ClinicView, Document
from edgepos.tui.wire import Shown

REPEAT_S = 0.15
"""A key held down comes again faster than this (the kernel's console: every 92 ms), a finger does not."""
FALLBACK_AFTER_S = 3.0
"""An agent that starts again is back within this; only then the fallback takes the screen."""
WAITING = App.DEFAULT_MODE
"""Before the agent has spoken."""
NOWHERE = "nowhere"
"""An empty mode, in which all places can be made anew."""
BETWEEN_S = 0.1
"""From one picture to the next: with twenty terminals at work a screen would do nothing but draw, and no key came through."""
AGAIN_S = 1.0
"""Between a fault of the stream's worker and the next try."""
STYLES = sorted((Path(__file__).parent / "styles").glob("*.tcss"), key=lambda path: (path.stem != "tokens", path.stem))


class ViewChanged(Message):
    """There is a newer picture of the clinic."""


class EdgeposApp(App[None], inherit_bindings=False):
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH: ClassVar[list[str | Path]] = list(STYLES)  # type: ignore[assignment]  # paths are what it takes
    MODES = {NOWHERE: Screen} | {entry.name: entry.make for entry in PLACES}  # type: ignore[assignment]  # makers of screens
    BINDINGS = [
        *(
            Binding(
                entry.key, f"go('{entry.name}')", entry.word,
                id=f"go.{entry.name}", tooltip=entry.tooltip, show=entry.name in IN_FOOTER,
            )
            for entry in PLACES
            if entry.key
        ),
        Binding("f10", "menu", N_("Menu"), id="go.menu", tooltip=N_("All places, each with a letter")),
        Binding("question_mark", "menu", show=False),
        Binding("ctrl+q", "leave", N_("Leave"), id="leave", show=False),
    ]  # fmt: skip

    view: var[ClinicView] = var(ClinicView())

    def __init__(
        self,
        agent: AsyncAgent,
        *,
        is_kiosk: bool = False,
        clock: Clock | None = None,
        news: AsyncGenerator[Event | Away] | None = None,
        view: ClinicView | None = None,
    ) -> None:
        """*news* is a stream of the agent that is followed already, and *view* what it has told so far: the first thing
        that is made is then the place to be at, in the language to be spoken."""
        if view:
            self.DEFAULT_MODE = "fallback" if view.away else "desk"  # type: ignore[misc]  # of this app alone
        super().__init__(driver_class=Driver)
        self.shown = Shown()
        self.stylesheet = Styles(variables=self.get_css_variables())
        self.agent = agent
        self.is_kiosk = is_kiosk
        self.has_touch = terminal_modes.wants_mouse()
        self.clock = clock or RealClock()
        self.last_words = ""
        self.last_terminal: str | None = None
        """Where this screen's last payment went: offered first for the next one, never chosen in silence."""
        self.came_from = "desk"
        """The place from which help was asked for."""
        self.chosen_language: str | None = None
        self.chosen_theme: str | None = None
        """What a technician has chosen for this screen; None: the settings'."""
        self.form = Form({})
        self._news = news
        self._latest = view or ClinicView()
        """The newest picture; `view` is the one that was drawn."""
        self._is_told = False
        """Whether the newest picture will be drawn by itself."""
        self._touched_at = self.clock.monotonic()
        self._entered_at = float("-inf")
        self._heard_at = self._touched_at
        self._away_since: float | None = None
        self._minute = ""
        """What the header's clock shows."""
        self._next_tick: tuple[Timer, bool] | None = None
        """And whether it comes within a second."""
        self._colourless = (Colourless(),)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for("light")
        self.animation_level = "none"
        if view:
            self._take(view)
            set_language(self._wanted_language)

    @property
    def row_lines(self) -> int:
        """How many lines a row of a list takes: at a counter's touch screen as many as a finger hits."""
        return TALL if self.is_kiosk and self.has_touch and self.size.height >= TALL_FROM else 1

    def on_resize(self) -> None:
        """What a terminal makes of its lines when its window is another is the terminal's affair."""
        self.shown.forget()

    def compose(self) -> ComposeResult:
        if self.current_mode == WAITING:
            yield Caption("edgepos …")

    def get_line_filters(self) -> Sequence[LineFilter]:
        return self._colourless if self.no_color else super().get_line_filters()

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """None: every screen here covers what is under it. Textual would draw all of the screen on top anew whenever
        anything under it is another. A private name; tests/tui/test_sparing.py holds it."""
        return []

    # --- the picture

    def on_mount(self) -> None:
        self._mind_the_process()
        self.keep_time()
        self.set_timer(loading.SETTLED_S, loading.settle)
        self.follow()

    def follow(self) -> None:
        """Follow the agent, for ever; the handler of a fault calls this again."""
        background(self, self._follow, group="stream")

    async def _follow(self) -> None:
        news, self._news = self._news or self.agent.follow(), None
        async for one in news:
            if (view := self._latest.told(one)) is not self._latest:
                self._learn(view)

    def _learn(self, view: ClinicView) -> None:
        """A newer picture: drawn at once, or with the next one, if one was drawn just now."""
        self._latest = view
        if not self._is_told:
            self._is_told = True
            self.post_message(ViewChanged())

    def _may_draw_again(self) -> None:
        self._is_told = False
        if self._latest is not self.view:
            self._learn(self._latest)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault in a worker is shown and kept in the log, and the stream goes on."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        reference = faults.keep(event.worker.error)
        if isinstance(self.screen, Place):
            self.screen.say(
                _("Something unexpected happened, kept in the log as {reference}.").format(reference=reference), "bad"
            )
        if event.worker.group == "stream":
            self.set_timer(AGAIN_S, self.follow)

    async def on_view_changed(self, message: ViewChanged) -> None:
        self.set_timer(BETWEEN_S, self._may_draw_again)
        if self._latest.heard != self.view.heard:
            self._heard_at = self.clock.monotonic()
        view = self._latest
        self._take(view)
        if view.status is not None:
            await self._speak(self._wanted_language)
        if self.current_mode == WAITING:
            await self.switch_mode("fallback" if view.away else "desk")
            self.set_timer(loading.SETTLED_S, loading.settle)
        elif view.away is None and self.current_mode == "fallback":
            await self.switch_mode("desk")
        self._draw()

    def _take(self, view: ClinicView) -> None:
        """*view* is what is shown from now on, in the clinic's form and theme."""
        self.view = view
        if view.away is None:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = self.clock.monotonic()
        if view.status is not None:
            self.form = Form(view.location)
            self.theme = theme_for(self.chosen_theme or view.status["kiosk"].get("theme"))

    @property
    def _wanted_language(self) -> str:
        return self.chosen_language or wanted(str(self.view.location.get("language")))

    async def _speak(self, code: str) -> None:
        """Another language: every place is made anew, as it holds texts; what runs goes on."""
        if not set_language(code):
            return
        if self.current_mode == WAITING:
            return
        await self.switch_mode(NOWHERE)
        for name in [name for name in self._screen_stacks if name in BY_NAME]:
            await self.remove_mode(name)
            self.add_mode(name, BY_NAME[name].make)
        await self.switch_mode("desk")

    def payment_heard(self, payment: Any) -> None:
        """An answer to a question of ours holds a payment: it may be newer than the stream."""
        self._learn(self._latest.with_payment(payment))

    def pay(self, order: Order) -> None:
        """The question for *order*, as a step of the present place."""
        from edgepos.tui.pay import Pay

        self.push_screen(Pay(order))

    def watch_payment(self, payment: Document) -> None:
        """How *payment* goes."""
        from edgepos.tui.pay import Pay

        self.push_screen(Pay(payment=payment))

    def look_at_status(self) -> None:
        """Read the status once, for the ages in it: the stream tells changes only."""

        async def look() -> None:
            try:
                status = await self.agent.get("/status")
            except AgentError:
                return  # the stream tells that the agent is away
            self._learn(self._latest.after(Event("status", status)))

        background(self, look, group="status")

    def silent_s(self, terminal: object) -> float | None:
        """Seconds since the last sign of life of *terminal*, as far as they are known."""
        seen_s = self.view.terminal(terminal).get("seen_s")
        return None if seen_s is None else seen_s + self.clock.monotonic() - self._heard_at

    def choose(self, *, language: str | None = None, theme: str | None = None) -> None:
        """Another language or theme on this screen, at once and until it ends."""
        if theme is not None:
            self.chosen_theme = theme
            self.theme = theme_for(theme)
        if language is not None:
            self.chosen_language = language
            self.call_later(self._speak, language)

    def _draw(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Place):
                screen.draw()
        self.keep_time()

    def keep_time(self) -> None:
        """See to it that `_tick` comes in time for what is on the screen now."""
        if self._next_tick is not None:
            timer, is_soon = self._next_tick
            if is_soon or not self._counts_seconds:
                return
            timer.stop()
        is_soon = self._counts_seconds
        self._next_tick = self.set_timer(1.0 if is_soon else self._quiet_s, self._tick), is_soon

    @property
    def _counts_seconds(self) -> bool:
        """Whether something may be another a second from now, by time alone."""
        is_waiting = self._away_since is not None and self.current_mode != "fallback"
        places = (screen for screen in self.screen_stack if isinstance(screen, Place))
        return is_waiting or self.view.status is None or any(place.is_moving for place in places)

    @property
    def _quiet_s(self) -> float:
        """So long until the clock shows another minute, or until nobody has been here for too long."""
        now = self.clock.now()
        left_s = 60.0 - now.second - now.microsecond / 1e6
        if self._idle_s:
            left_s = min(left_s, self._touched_at + self._idle_s - self.clock.monotonic())
        return max(1.0, left_s)

    @property
    def _idle_s(self) -> float | None:
        return self.view.status["kiosk"]["idle_s"] if self.view.status else None

    def hung_up(self) -> None:
        """The terminal has no more keys to give: it is gone, also where the signal for that is ignored."""
        if not terminal_modes.is_there():
            self._end(128 + signal.SIGHUP)

    def _tick(self) -> None:
        """What time alone makes another: seconds and minutes on the screen, an agent that stays away, nobody there."""
        if self._next_tick is not None:
            self._next_tick[0].stop()
            self._next_tick = None
        try:
            self._notice_time()
        finally:
            self.keep_time()

    def _notice_time(self) -> None:
        if self.current_mode == NOWHERE:
            return  # the places are being made anew, and nothing may lead to one meanwhile
        now = self.clock.monotonic()
        if (
            self._away_since is not None
            and now - self._away_since >= FALLBACK_AFTER_S
            and self.current_mode != "fallback"
        ):
            self.switch_mode("fallback")
        if self._idle_s and now - self._touched_at >= self._idle_s:
            self._touched_at = now
            self._rest()
        is_another_minute = self.now_text != self._minute
        self._minute = self.now_text
        for screen in self.screen_stack:
            if isinstance(screen, Place) and (is_another_minute or screen.is_moving):
                screen.draw()

    def _rest(self) -> None:
        """Nobody is there: back to the desk, what was typed is dropped, what runs goes on."""
        if self.current_mode in ("desk", "fallback", "lock", WAITING):
            place = self.screen_stack[0]
            if self.current_mode == "desk" and isinstance(place, Place):
                self._drop_steps()
        else:
            self._drop_steps()
            self.switch_mode("desk")
        if self.view.status and self.view.status["kiosk"].get("lock"):
            self.switch_mode("lock")

    def _drop_steps(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, Place) and self.screen.is_made:  # else nothing was typed there
            self.screen.forget()

    # --- times

    @property
    def now_text(self) -> str:
        return self.form.header(self.clock.now()) if self.view.status else ""

    def seconds_since(self, text: object) -> float:
        """Seconds since the agent's point in time, never below zero. For people; nothing is decided by it."""
        try:
            return max(0.0, (self.clock.now() - parse_rfc3339(str(text))).total_seconds())
        except ValueError:
            return 0.0

    # --- keys

    async def on_event(self, event: events.Event) -> None:
        """A held Enter is one Enter, everywhere: no screen can take its repetitions for a wish to pay once more."""
        if isinstance(event, events.InputEvent) and not event.is_forwarded:
            if isinstance(event, (events.Key, events.MouseDown, events.Paste)):
                self._touched_at = self.clock.monotonic()
            if isinstance(event, events.Key) and event.key == "enter":
                # By when they came: a screen that was busy meanwhile would take late ones for presses of their own.
                before, self._entered_at = self._entered_at, event.time
                if event.time - before < REPEAT_S:
                    return
            if isinstance(self.screen, Frame):
                if self.screen.is_too_small:
                    return  # nothing works that cannot be seen, and what was typed before stays
                self.screen.is_pressed = isinstance(event, events.Key)
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("go", "menu", "leave"):
            screen = self.screen
            if not isinstance(screen, Place) or screen.is_too_small or self.current_mode in ("lock", WAITING):
                return False
            if action == "leave":
                return not self.is_kiosk
            return not (action == "go" and parameters == (self.current_mode,) and len(self.screen_stack) == 1)
        return True

    def action_go(self, name: str) -> None:
        self.go(name)

    def go(self, name: str) -> None:
        """To a place. Steps that were open there are where they were left."""
        if name in BY_NAME and name != self.current_mode:
            if name == "help":
                self.came_from = str(self.current_mode)
            self.switch_mode(name)

    def action_menu(self) -> None:
        from edgepos.tui.menu import Menu

        self.push_screen(Menu(), lambda name: self.go(name) if name else None)

    def action_leave(self) -> None:
        self._end(0)

    # --- the end

    def _mind_the_process(self) -> None:
        """The ends that Textual does not know: told to end, hung up, continued."""
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, 128 + number)
        if self.is_kiosk:  # systemd continues what it ends, and a continued driver would take the terminal again
            signal.signal(signal.SIGCONT, signal.SIG_IGN)
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)

    def on_driver_signal_resume(self) -> None:
        """Stopped, and continued: the terminal shows something else by now."""
        self.screen.refresh()

    def _end(self, code: int) -> None:
        self.exit(return_code=code)

    def _fatal_error(self) -> None:
        """In place of Textual's own, which prints a traceback with the values of all variables."""
        error = self._exception
        reference = faults.keep(error) if error is not None else "-"
        self.last_words = _(
            "The edgepos screen ended unexpectedly; the log keeps it under {reference}. "
            "Payments go on without it. Start it again with: edgepos"
        ).format(reference=reference)
        self._close_messages_no_wait()
