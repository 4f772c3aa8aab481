"""The base of every place and question: the frame, the picture, the size below which there is one plain line.

A place implements `body` (its widgets) and `show` (draws a picture of the clinic); to read a document of the agent it
calls `ask`, and to tell what came of it `say`. It never keeps a truth of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.reactive import Reactive
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.worker import Worker

from edgepos.client.errors import AgentError
from edgepos.locale import states
from edgepos.locale.words import N_, _
from edgepos.tui.background import background
from edgepos.tui.caption import Caption
from edgepos.tui.chrome import TALL_FROM, Answer, Header, Keys, Running, Training
from edgepos.tui.form import Form
from edgepos.tui.saying import told
from edgepos.tui.view import ClinicView
from edgepos.tui.wire import Picture

if TYPE_CHECKING:
    from edgepos.tui.app import EdgeposApp

LEAST_WIDTH, LEAST_HEIGHT = 60, 20
TOGETHER_S = 0.002
"""What one key changes comes within this."""
Result = TypeVar("Result")


class OneLine(Caption):
    """All that is shown where nothing else fits: a running payment first, then the size that is needed."""

    def show(self, view: ClinicView, form: Form) -> None:
        parts = [
            f"{form.money(one['amount_minor'], one['currency'])} {_(states.payment_word(one))}"
            for one in view.open_payments[:1]
        ]
        parts.append(_("Make the window {width}x{height}").format(width=LEAST_WIDTH, height=LEAST_HEIGHT))
        self.update(" | ".join(parts))


class Frame(Screen[Result]):
    """What places and questions share: breakpoints, and the cover for a window that is too small.

    The cover hides and takes the keys; what is behind it, its input and its focus stay as they are.
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual's own would draw the whole screen anew each time: who has the focus, and who had it, draw themselves."""
    is_pressed = False
    """Whether a key has come that nothing was drawn for yet."""
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (LEAST_WIDTH, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (LEAST_HEIGHT, "-low"), (24, "-short"), (TALL_FROM, "-tall")]

    def __init__(self, *of_textual: Any, **named: Any) -> None:
        """Made for the window as it is: else all that it holds is styled anew as soon as it is told its size."""
        super().__init__(*of_textual, **named)
        self._compositor = Picture(self.clinic.shown)
        width, height = self.app.size
        self.add_class(*self._get_breakpoint_classes(width, self.HORIZONTAL_BREAKPOINTS))
        self.add_class(*self._get_breakpoint_classes(height, self.VERTICAL_BREAKPOINTS))

    def on_mount(self) -> None:
        """Nothing blinks: neither for the eye, nor over a slow line twice a second."""
        for line in self.query("Input"):
            cast(Any, line).cursor_blink = False

    @property
    def clinic(self) -> EdgeposApp:
        """The app, by its own type."""
        return cast("EdgeposApp", self.app)

    @property
    def view(self) -> ClinicView:
        return self.clinic.view

    @property
    def form(self) -> Form:
        return self.clinic.form

    @property
    def is_too_small(self) -> bool:
        return self.app.size.width < LEAST_WIDTH or self.app.size.height < LEAST_HEIGHT

    def _compositor_refresh(self) -> None:
        """While a batch lasts Textual draws, too, and throws away what it drew: the desk twice at each start."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    async def _on_idle(self, event: events.Idle) -> None:
        """What a key has changed is drawn as soon as all of it is known, and not at the next sixtieth of a second."""
        await super()._on_idle(event)
        if self.is_pressed and self._dirty_widgets:
            self.is_pressed = False
            self.set_timer(TOGETHER_S, self._on_timer_update)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing works that cannot be seen."""
        return not self.is_too_small

    def show(self, view: ClinicView) -> None:
        """Draw *view*. Called whenever it is another, and as time passes: see `Place.counts_seconds`."""

    def say(self, text: str, look: str = "") -> None:
        """Answer the person, in the line made for it. *look*: good, bad, warn or nothing."""
        self.query_one(Answer).say(text, look)

    def refuse(self, error: AgentError) -> None:
        """Tell why not, and what to press."""
        said = told(error, self.form)
        self.say(f"{said.message} {said.mend}", "bad")

    def ask(self, what: Callable[[], Awaitable[Any]], then: Callable[[Any], None], *, group: str = "ask") -> None:
        """Ask the agent *what*, in the background; *then* draws the answer, a refusal is told. The newest question counts."""

        async def work() -> None:
            try:
                answer = await what()
            except AgentError as error:
                if self.is_attached:
                    self.refuse(error)
                return
            if self.is_attached:
                then(answer)

        background(self, work, group=group)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault in a screen's own worker comes here and goes no further by itself."""
        self.clinic.on_worker_state_changed(event)


class Place(Frame[None]):
    """A place of its own, reached by a key and left by Esc; leaving changes nothing."""

    BINDINGS = [Binding("escape", "back", N_("Back"), id="place.back")]
    title_word = ""
    """What stands above it; marked with N_."""
    counts_seconds = False
    """Whether something on it is another one each second; else it is drawn when there is news, and once a minute."""
    is_made = False
    """Whether all its widgets are there: a picture, an answer and the clock may come before."""
    _unsaid: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        yield Header()
        yield Training()
        yield Running()
        if self.title_word:
            yield Caption(_(self.title_word), id="place-title")
        yield from self.body()
        yield Answer()
        yield Keys()
        yield OneLine()

    def body(self) -> ComposeResult:
        """The widgets of this place."""
        yield from ()

    def on_mount(self) -> None:
        self.is_made = True
        self.draw()
        if self._unsaid is not None:
            self.say(*self._unsaid)

    def on_screen_resume(self) -> None:
        self.draw()
        self.clinic.keep_time()
        self.arrived()

    def on_resize(self) -> None:
        """Lines that were laid out for another width are laid out anew, once their widgets have the new one."""
        self.call_after_refresh(self.draw)

    def arrived(self) -> None:
        """The place is in sight (again): a moment to read its document."""

    def draw(self) -> None:
        """The whole frame with the present picture."""
        if not (self.is_made and self.app.is_running):
            return
        view, form = self.view, self.form
        self.query_one(Header).show(view, form, self.clinic.now_text)
        self.query_one(Training).show(view)
        self.query_one(OneLine).show(view, form)
        seconds = {one["id"]: self.clinic.seconds_since(one["created_at"]) for one in view.open_payments}
        self.query_one(Running).show(self.running_elsewhere(view), form, seconds)
        self.show(view)

    def say(self, text: str, look: str = "") -> None:
        if self.is_made:
            super().say(text, look)
        else:
            self._unsaid = (text, look)

    @property
    def is_moving(self) -> bool:
        return self.counts_seconds or bool(self.view.open_payments)

    def running_elsewhere(self, view: ClinicView) -> ClinicView:
        """The picture for the line of what runs; a place that shows a payment itself takes that one out."""
        return view

    def forget(self) -> None:
        """Drop what was typed: nobody has been here for a while."""

    def action_back(self) -> None:
        self.clinic.go("desk")


class Step(Place):
    """A step within a place: pushed, and left back to where one came from."""

    def action_back(self) -> None:
        if self.is_current:
            self.dismiss()


class Question(ModalScreen[Result], Frame[Result]):
    """A question that must be answered now. Esc answers no."""

    def on_mount(self) -> None:
        self.mount(OneLine())
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Nothing of it changes with the clinic but the line that is left of it in a small window."""
        for line in self.query(OneLine):
            line.show(self.view, self.form)

    def focus_first(self, selector: type[Widget] | str) -> None:
        self.query_one(selector).focus()
