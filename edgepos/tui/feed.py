"""The agent's stream as pictures: follows for ever, and says when the agent cannot be heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from textual.message import Message

from edgepos.client.aio import AsyncAgent, Away
from edgepos.tui.view import ClinicView


@dataclass
class ViewChanged(Message):
    """A newer picture of the clinic; older ones in the queue are dropped."""

    view: ClinicView

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ViewChanged)


async def pictures(agent: AsyncAgent, view: ClinicView) -> AsyncIterator[ClinicView]:
    """A picture for each event; the last known one, marked, while the agent is away. Raises only what is a fault."""
    async for event in agent.follow():
        if isinstance(event, Away):
            view = view.lost(event.error)
        elif event.name == "bye":
            continue  # the end of the line follows, and is told then
        else:
            view = view.after(event)
        yield view
