"""One service, asked plainly: what status, which body, after how long. Nothing is read into it here.

The clients of the program read leniently and assume; a pilot has to see what really came. Secrets and tokens stay out
of everything that is kept: `shown` gives of a body what may stand in a report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgepos.clock import Clock
from edgepos.connectcloud.reading import without_card_numbers
from edgepos.outbound import NoAnswer, NotSent, Outbound, OutboundError, SignInPage, Unreadable

SHOWN_LETTERS = 300
SECRETIVE = re.compile(r'"(?:token|access_token|refresh_token|password|ResultData)"\s*:\s*"[^"]*"', re.I)


@dataclass(frozen=True, slots=True)
class Reply:
    """*status* is 0 where no answer came; then *error* says in a word why."""

    status: int
    body: Any
    text: str
    elapsed_s: float
    headers: Mapping[str, str]
    error: str = ""

    @property
    def object(self) -> dict[str, Any]:
        return self.body if isinstance(self.body, dict) else {}

    @property
    def is_done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def shown(self) -> str:
        """For the report: without secrets and whole card numbers, cut."""
        said = SECRETIVE.sub('"…"', self.text) if self.status else self.error
        return f"{self.status or 'no answer'} {without_card_numbers(' '.join(said.split()))[:SHOWN_LETTERS]}".strip()


class Line:
    """Asks at one service. Never raises for what comes back."""

    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        self._outbound, self._clock = outbound, clock
        self.token = ""

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        limit_s: float = 30.0,
        query: Mapping[str, str] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        form: str | None = None,
    ) -> Reply:
        """*body* as JSON, a text as the JSON that it is, or *form* as it stands; with the present token, or *token*."""
        used = self.token if token is None else token
        text = form if form is not None else body if isinstance(body, str) else json.dumps(body)
        sent = None if body is None and form is None else text.encode()
        began = self._clock.monotonic()
        try:
            answer = await self._outbound.request(
                method, path, timeout_s=limit_s, query=query, content=sent, fresh=True,
                headers={**({"Authorization": f"Bearer {used}"} if used else {}), **(headers or {})},
                content_type="application/x-www-form-urlencoded" if form is not None else "application/json",
            )  # fmt: skip
        except OutboundError as error:
            return Reply(0, None, "", self._clock.monotonic() - began, {}, _word(error))
        return Reply(answer.status, answer.body, answer.text, answer.elapsed_s, answer.headers)

    async def aclose(self) -> None:
        await self._outbound.aclose()


def _word(error: OutboundError) -> str:
    match error:
        case NotSent() | NoAnswer():
            return error.cause.value
        case SignInPage():
            return f"no JSON, status {error.status}"
        case Unreadable():
            return f"unreadable, status {error.status}"
    return "no answer"
