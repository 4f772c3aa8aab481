"""How a request travels to Provet Cloud: token, budget, and what its end means (protocols/provet.md §2, §3, §6, §7).

A question may be asked again; a booking may not. So what proves nothing is Temporary for a question and
OutcomeUnknownPost for a booking, 401 included: whether a request was refused before it was carried out is not told.
An answer counts only with the type and shape of the service's own: a page of the guest network parks no booking.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from edgepos.chance import Chance
from edgepos.clock import Clock
from edgepos.domain.health import ServiceState
from edgepos.outbound import Answer, NotSent, Outbound, OutboundError, SignInPage, Unreadable
from edgepos.practice.protocol import Configuration, OutcomeUnknownPost, Temporary
from edgepos.practice.provet import assumed, wire
from edgepos.practice.provet.auth import Auth, Token
from edgepos.practice.provet.budget import Budget

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0
"""For one request. A booking without an answer waits twice as long before it is looked for."""
SILENT_S = 5.0
"""Somebody who waited for an answer so long and then gave up has not reached it, whatever the line's own limit is."""
RETRY_AFTER_S = 15.0
"""Where a 429 does not say how long."""
MOST_RETRY_AFTER_S = 600.0
TOKEN = re.compile(r"[!-~]{1,4096}")
NEVER_CARRIED_OUT = frozenset({400, 403, 404, 405, 409, 410, 413, 415, 422, 423})
"""Answers to a booking that say that nothing was booked."""


class Missing(Temporary):
    """404: it is not there, or it is another organisation's. Whoever has no answer to that asks again later."""

    def __init__(self, what: str) -> None:
        super().__init__("not-there")
        self.what = what


class Unacceptable(Temporary):
    """400, 405 and the like to a question: a filter or a path that this tenant does not know. Likewise."""

    def __init__(self, what: str) -> None:
        super().__init__("not-accepted")
        self.what = what


@dataclass(frozen=True, slots=True)
class Reply:
    """The service's own answer to a booking."""

    status: int
    body: object
    text: str
    """The body as it came, for a person."""


class Link:
    """One organisation's API: questions and bookings, each within the budget and with a token that is good."""

    def __init__(
        self, outbound: Outbound, *, base_url: str, provet_id: str, client_id: str, secret: Callable[[], str],
        budget: Budget, clock: Clock, chance: Chance, timeout_s: float = TIMEOUT_S,
        heard: Callable[[ServiceState, str], None] = lambda state, why: None,
    ) -> None:  # fmt: skip
        """*secret* is asked for at each sign-in. *heard* is told after each request how the service stands, and why."""
        self.base = f"{base_url}/{provet_id}/api/0.1/"
        self.timeout_s = timeout_s
        self._token_url = f"{base_url}/{provet_id}/oauth2/token/"
        self._client_id, self._secret = client_id, secret
        self._outbound, self._budget, self._clock, self._chance = outbound, budget, clock, chance
        self._heard = heard
        self._auth = Auth(self._sign_in, clock)

    async def get(
        self, resource: str, call: str, path: str, query: Mapping[str, str] | None = None, *,
        weight: int = 1, background: bool = False, method: str = "GET",
    ) -> object:  # fmt: skip
        """The body of the answer to a question. Raises Temporary, Configuration, Missing, Unacceptable.

        A token that is not taken is replaced once and the question asked again; a second 401 is for a person.
        """
        for _ in range(2):
            async with self._budget.spend(resource, call, weight=weight, background=background):
                token = await self._auth.token()
                asked_at = self._clock.monotonic()
                try:
                    answer = await self._outbound.request(
                        method, self.base + path, timeout_s=self.timeout_s, headers=_bearer(token), query=query
                    )
                except OutboundError as error:
                    raise self._away(error) from error
                except asyncio.CancelledError:
                    # Whoever asked is told that it cannot be reached: so that has to be how it stands.
                    if self._clock.monotonic() - asked_at >= SILENT_S:
                        self._heard(ServiceState.NOT_REACHED, "timeout")
                    raise
            if answer.status != 401:
                return self._told(answer, resource, call)
            self._auth.reject(token)
        raise self._refused()

    async def send(self, call: str, path: str, body: str, *, to: str = "invoicepayment") -> Reply:
        """Book something at `invoicepayment/…`, once. Raises Temporary and Configuration only where nothing was booked,
        OutcomeUnknownPost wherever that is not known. *to*: whose budget it is."""
        async with self._budget.spend(to, call, background=True):
            token = await self._auth.token()  # not before: the wait may be long
            try:
                answer = await self._outbound.request(
                    "POST", self.base + path, timeout_s=self.timeout_s, headers=_bearer(token),
                    content=body.encode(), fresh=True,
                )  # fmt: skip
            except NotSent as error:
                raise self._away(error) from error
            except OutboundError as error:
                raise OutcomeUnknownPost(self._away(error).cause) from error
        status = answer.status
        if status == 429:
            raise self._too_many(answer, to, call)
        if _is_its_own(answer) and (status // 100 == 2 or status in NEVER_CARRIED_OUT):
            self._heard(ServiceState.OK, "")
            return Reply(status, answer.body, answer.text)
        if status == 401:
            self._auth.reject(token)
        raise OutcomeUnknownPost(f"status-{status}", was_answered=True)

    def _told(self, answer: Answer, resource: str, call: str) -> object:
        """The body of a success; what everything else means for a question."""
        status = answer.status
        if status == 429:
            raise self._too_many(answer, resource, call)
        if not _is_its_own(answer) or status // 100 in (3, 5):
            self._heard(ServiceState.NOT_REACHED, f"status-{status}")
            raise Temporary(f"status-{status}")
        self._heard(ServiceState.OK, "")
        if status // 100 == 2:
            return answer.body
        if status == 403:
            raise Configuration("right-missing", resource=resource)
        raise Missing(resource) if status == 404 else Unacceptable(f"{resource} {status}")

    def _too_many(self, answer: Answer, resource: str, call: str) -> Temporary:
        """Somebody else spends of the same budget: this endpoint is left alone for as long as was asked."""
        wait_s = self._retry_after_s(answer.headers.get("retry-after", ""))
        self._budget.hold(resource, call, wait_s + self._chance.uniform(0.0, 1.0))
        log.warning("too many requests", extra={"service": "practice", "wait_s": wait_s, "key": f"{resource} {call}"})
        return Temporary("rate-limited", wait_s)

    def _retry_after_s(self, said: str) -> float:
        """Seconds, an HTTP date (against this box's own clock), or nothing at all."""
        try:
            at = None if said.isdecimal() else parsedate_to_datetime(said)
            wait_s = float(said) if at is None else (at - self._clock.now()).total_seconds()
        except (ValueError, TypeError):  # absent, no date, or one without a zone
            return RETRY_AFTER_S
        return min(max(wait_s, 1.0), MOST_RETRY_AFTER_S)

    def _away(self, error: OutboundError) -> Temporary:
        match error:
            case SignInPage():
                state, why = ServiceState.SIGN_IN_PAGE, "sign-in-page"
            case Unreadable():
                state, why = ServiceState.NOT_REACHED, "unreadable"
            case NotSent(is_clock_wrong=True):
                state, why = ServiceState.CLOCK_WRONG, "clock"
            case _:
                state, why = ServiceState.NOT_REACHED, str(error)
        self._heard(state, why)
        return Temporary(why)

    def _refused(self) -> Configuration:
        self._heard(ServiceState.REFUSED, "credentials")
        return Configuration("credentials")

    async def _sign_in(self) -> Token:
        basic = base64.b64encode(f"{self._client_id}:{self._secret()}".encode()).decode()
        try:
            answer = await self._outbound.request(
                "POST", self._token_url, timeout_s=self.timeout_s, headers={"Authorization": f"Basic {basic}"},
                content=b"grant_type=client_credentials", content_type="application/x-www-form-urlencoded",
            )  # fmt: skip
        except OutboundError as error:
            raise self._away(error) from error
        if answer.status in (400, 401, 403) and _is_its_own(answer):  # invalid_client, whichever status it comes with
            raise self._refused()
        body = answer.body if isinstance(answer.body, Mapping) else {}
        text, life_s = body.get("access_token"), wire.integer(body.get("expires_in"))
        if answer.status // 100 != 2 or not isinstance(text, str) or not TOKEN.fullmatch(text):
            self._heard(ServiceState.NOT_REACHED, "no-token")
            raise Temporary("no-token")
        return Token(text, float(life_s) if life_s and life_s > 0 else assumed.TOKEN_LIFETIME_S)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _is_its_own(answer: Answer) -> bool:
    """Whether the service itself speaks: what is no JSON comes from something before it, whatever its status."""
    return answer.body is not None or not answer.text.strip()
