"""What a place sends to move or to write down money: each wish once, with a PIN where one is needed.

A wish whose answer was lost stays the same wish until there is an answer: asked again it has the same key, so the agent
does it once (FC-10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from edgepos.client.aio import AgentLost
from edgepos.client.errors import AgentError
from edgepos.locale.words import _
from edgepos.tui.background import background
from edgepos.tui.pin import with_pin
from edgepos.tui.place import Frame
from edgepos.tui.press import Press


class Sending:
    """*is_lost*: an answer was lost, and nothing but the same again can be sent."""

    def __init__(self, place: Frame[Any]) -> None:
        self._place = place
        self._press: Press | None = None
        self.is_under_way = False

    @property
    def is_lost(self) -> bool:
        return self._press is not None and not self.is_under_way

    def send(
        self,
        path: str,
        body: Mapping[str, object],
        then: Callable[[Any], object],
        refused: Callable[[AgentError], None] | None = None,
    ) -> None:
        """Send it; *then* gets the payment that it began. A second press while one is under way is the same press."""
        if self.is_under_way:
            return
        self._press = self._press or Press(self._place.clinic.agent, path, body)
        self.is_under_way = True
        self._place.say(_("Asking …"))
        background(self._place, partial(self._work, self._press, then, refused), group="send", exclusive=False)

    async def _work(
        self, press: Press, then: Callable[[Any], object], refused: Callable[[AgentError], None] | None
    ) -> None:
        place = self._place
        try:
            payment = await with_pin(place, press.send)
        except AgentError as error:
            self.is_under_way = False
            self._press = press if press.may_be_done else None
            if not place.is_attached:
                return
            if isinstance(error, AgentLost):
                place.say(_("No answer: it may have been done. Do the same again; nothing is done twice."), "warn")
            else:
                place.refuse(error)
            if refused is not None:
                refused(error)
            return
        self.is_under_way = False
        self._press = None
        place.clinic.payment_heard(payment)
        if place.is_attached:
            place.say("")
            then(payment)
