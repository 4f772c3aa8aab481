"""Work beside the screen. A worker that raises would end the app, so none is started but through here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode


def background(
    owner: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, exclusive: bool = True
) -> None:
    """Start *work*, which ends with its *owner*; *exclusive*: the newest of its *group* counts. A fault is the app's."""
    # Textual's annotation asks for a coroutine that sends and takes nothing, which no async function's type says.
    owner.run_worker(cast(Any, work), group=group, exclusive=exclusive, exit_on_error=False)
