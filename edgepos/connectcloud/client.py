"""The account at Connect@Cloud and what may be asked of its terminals: connectcloud.md §1, §2, over HTTPS.

Questions (`state`, `last`, `terminals`) may be asked again, and raise what stood in their way. Calls that move money
are sent once, on a connection of their own, and never raise for an outcome: `OwnReply` is the terminal's or the cloud's
word, `NoAnswer` is everything else and proves nothing. They raise `CloudDown` only where provably no byte of the
request left: no token to be had, name not found, connection or TLS refused.

It decides nothing, repeats no money call, follows no redirect and logs no body, token or password. That nothing is
asked of a terminal which may be at work (§0.5) is for the caller to see to; only `cancel` is meant for that, on another
connection.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edgepos.clock import Clock
from edgepos.connectcloud import wire
from edgepos.connectcloud.errors import CloudDown, LookUpFailed, TerminalBusy, TerminalOffline
from edgepos.connectcloud.live import LiveTexts
from edgepos.connectcloud.session import Session
from edgepos.connectcloud.wire import Login, ReconciliationSlip, StateAnswer, Unexpected
from edgepos.domain.errors import Wrong
from edgepos.domain.identifiers import TERMINAL
from edgepos.domain.result import NoAnswer, OwnReply, TerminalResult
from edgepos.outbound import Answer, NotSent, Outbound, OutboundError, SignInPage, Unreadable
from edgepos.outbound import NoAnswer as Unanswered

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things may take, in seconds: those of the contracts' section 3, and those of the questions."""

    lookup_first_s: float = 5.0
    card_wait_s: float = 125.0
    longest_operation_s: float = 300.0
    cancel_s: float = 10.0
    reconcile_s: float = 120.0
    poll_s: float = 15.0
    poll_recovery_s: float = 2.0
    login_s: float = 30.0
    question_s: float = 10.0
    look_up_s: float = 60.0
    """The last result is fetched from the terminal itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a login tells. *terminals* is None where it told none."""

    terminals: frozenset[str] | None


class ConnectCloud:
    """One for the account. Its methods may run side by side."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        base_url: str,
        username: str,
        password: Callable[[], str],
        clock: Clock,
        times: Times,
    ) -> None:
        """*outbound* leads to *base_url* and becomes this client's own. *password* is read anew for each login."""
        self._outbound = outbound
        self._base_url = base_url
        self._username = username
        self._password = password
        self._clock = clock
        self._times = times
        self._session = Session(self._log_in, clock)

    # --- the account

    async def login(self) -> Account:
        """Log in now. Raises CloudDown: `credentials` where user or password are wrong."""
        return Account(terminals=(await self._session.login()).terminals)

    async def ensure_token(self, seconds_left: float) -> None:
        """Renew the token now unless it outlives that. Never called in the middle of money. Raises CloudDown."""
        await self._session.token(seconds_left)

    async def terminals(self) -> frozenset[str]:
        """The ids of the account's terminals, reachable or not. Raises CloudDown."""
        answer = await self._ask("/v1/terminal", self._times.question_s)
        listed = wire.terminals(answer.body) if answer.status == 200 else None
        if listed is None:
            raise _away(answer)
        return listed

    def live_texts(self, uniform: Callable[[float, float], float]) -> LiveTexts:
        """The terminals' displays, live; *uniform* spreads the attempts to connect again."""
        return LiveTexts(
            self._base_url,
            token=self._session.token,
            reject=self._session.reject,
            clock=self._clock,
            uniform=uniform,
        )

    async def aclose(self) -> None:
        """Close the connections. What waits for an answer ends as NoAnswer."""
        await self._outbound.aclose()

    # --- questions

    async def state(self, tid: str) -> StateAnswer:
        """How the cloud sees the terminal. Raises CloudDown."""
        answer = await self._ask(_path(tid), self._times.question_s)
        if answer.status == 200:
            try:
                return wire.state(answer.body)
            except Unexpected:
                raise _away(answer) from None
        said = wire.failure(answer.body)
        if answer.status == 404 or (answer.status == 400 and said.is_offline):
            return StateAnswer(reported=None, is_offline=True, error=said.error)
        if answer.status == 400 and isinstance(answer.body, dict):
            return StateAnswer(reported="busy" if said.is_busy else None, error=said.error)
        raise _away(answer)

    async def last(self, tid: str) -> TerminalResult | None:
        """The terminal's last result, whoever started it; None where it says that it has none.

        To be asked of an idle terminal only. Raises TerminalBusy, TerminalOffline, LookUpFailed, CloudDown.
        """
        answer = await self._ask(_path(tid, "/transaction"), self._times.look_up_s)
        if answer.status == 200:
            try:
                return wire.last_result(answer.body)
            except Unexpected as unexpected:
                raise LookUpFailed(str(unexpected)) from None
        said = wire.failure(answer.body)
        if answer.status == 404 or (answer.status == 400 and said.is_offline):
            raise TerminalOffline(said.error, said.codes)
        if answer.status != 400 or not isinstance(answer.body, dict):
            raise _away(answer)
        if said.is_busy:
            raise TerminalBusy(said.error, said.codes)
        if said.is_no_result:
            return None
        raise LookUpFailed(said.error, said.codes)

    # --- what is sent once

    async def purchase(self, tid: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer:
        """Ask for *amount_minor*. Blocks until the cardholder is done, at most for the longest operation."""
        return await self._pay(tid, "purchase", amount_minor, reference)

    async def refund(self, tid: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer:
        """Give *amount_minor* to whichever card is shown: what may be given back is the caller's to know (§6.11)."""
        return await self._pay(tid, "returnOfGoods", amount_minor, reference)

    async def reverse(self, tid: str, amount_minor: int) -> OwnReply | NoAnswer:
        """Void the terminal's last operation, whichever it is: looked at by the caller just before (§2.4)."""
        body = {"amount": _positive(amount_minor)}
        return _own_reply(await self._send("DELETE", _path(tid, "/transaction"), body, self._times.longest_operation_s))

    async def reconcile(self, tid: str) -> tuple[OwnReply | NoAnswer, ReconciliationSlip | None]:
        """Close the terminal's session. A lost answer is not cured by asking again (§5)."""
        body = {"action": "reconciliation"}
        answer = await self._send("POST", _path(tid, "/administration"), body, self._times.reconcile_s)
        reply = _own_reply(answer)
        if isinstance(answer, NoAnswer) or isinstance(reply, NoAnswer):
            return reply, None
        return reply, wire.reconciliation_slip(answer.body, reply)

    async def cancel(self, tid: str) -> bool:
        """Ask the terminal to stop, while its payment waits on another connection.

        True: the request was taken, which is not to say that the payment stopped. False: it was refused, or nobody
        knows. Raises CloudDown where nothing was sent. No token is renewed for it: it is in the middle of money.
        """
        body = {"action": "cancelAction"}
        answer = await self._send("POST", _path(tid, "/administration"), body, self._times.cancel_s, token_left_s=0.0)
        return isinstance(answer, Answer) and answer.status < 300

    async def _pay(self, tid: str, kind: str, amount_minor: int, reference: str) -> OwnReply | NoAnswer:
        body = {"transactionType": kind, "amount": _positive(amount_minor), "orderId": reference}
        return _own_reply(await self._send("POST", _path(tid, "/transaction"), body, self._times.longest_operation_s))

    # --- the line

    async def _log_in(self) -> Login:
        body = {"username": self._username, "password": self._password()}
        try:
            answer = await self._exchange("POST", "/v1/login", self._times.login_s, body=body)
        except OutboundError as error:
            raise _unreached(error) from error
        if answer.status == 401:
            raise CloudDown("credentials", why="401")
        if answer.status not in (200, 201):
            raise _away(answer)
        try:
            return wire.login(answer.body)
        except Unexpected as unexpected:
            raise CloudDown("nets-away", why="unreadable", hint=str(unexpected)) from None

    async def _ask(self, path: str, limit_s: float) -> Answer:
        """A question, asked again once with a new token if the cloud does not take ours."""
        for _ in range(2):
            token = await self._session.token()
            try:
                answer = await self._exchange("GET", path, limit_s, token=token)
            except OutboundError as error:
                raise _unreached(error) from error
            if answer.status != 401:
                return answer
            self._session.reject(token)
        raise CloudDown("credentials", why="401", hint="a new token was refused")

    async def _send(
        self, method: str, path: str, body: Mapping[str, object], limit_s: float, *, token_left_s: float | None = None
    ) -> Answer | NoAnswer:
        """Send once, on a fresh connection: only there a failure before the first byte is told from all others.

        The caller has renewed the token with time to spare (`ensure_token`); here it has to last for the longest
        operation, so that no payment begins with one that could end in it.
        """
        token = await self._session.token(self._times.longest_operation_s if token_left_s is None else token_left_s)
        began = self._clock.monotonic()
        try:
            answer = await self._exchange(method, path, limit_s, token=token, body=body)
        except NotSent as error:
            raise _unreached(error) from error
        except Unanswered:
            is_over = self._clock.monotonic() - began > limit_s - 1.0
            return NoAnswer(cause="time-out" if is_over else "line-lost")
        except SignInPage:
            return NoAnswer(cause="sign-in-page")
        except Unreadable:
            return NoAnswer(cause="unreadable")
        if answer.status == 401:
            self._session.reject(token)
        if answer.status == 400 or 200 <= answer.status < 300:
            return answer
        return NoAnswer(cause=str(answer.status))

    async def _exchange(
        self, method: str, path: str, limit_s: float, *, token: str = "", body: Mapping[str, object] | None = None
    ) -> Answer:
        answer = await self._outbound.request(
            method,
            path,
            timeout_s=limit_s,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            content=None if body is None else json.dumps(body).encode(),
            fresh=body is not None,
        )
        facts = {"service": "nets", "status": answer.status, "elapsed_ms": round(answer.elapsed_s * 1000)}
        log.debug("nets answered", extra=facts)
        return answer


def _path(tid: str, under: str = "") -> str:
    """The address of a terminal, which only eight digits can be part of. Raises Wrong."""
    if not TERMINAL.fullmatch(tid):
        raise Wrong("unknown-terminal", terminal=tid[:40])
    return f"/v1/terminal/{tid}{under}"


def _positive(amount_minor: int) -> int:
    if isinstance(amount_minor, bool) or not isinstance(amount_minor, int) or amount_minor <= 0:
        raise Wrong("amount-form", text=str(amount_minor)[:40])
    return amount_minor


def _own_reply(answer: Answer | NoAnswer) -> OwnReply | NoAnswer:
    if isinstance(answer, NoAnswer):
        return answer
    if not isinstance(answer.body, dict):  # nothing, a gateway's page, a bare value: not the cloud's word
        return NoAnswer(cause="unreadable")
    return replace(wire.own_reply(answer.body, accepted=answer.status != 400), elapsed_s=answer.elapsed_s)


def _away(answer: Answer) -> CloudDown:
    """An answer that is none to this question."""
    return CloudDown("nets-away", why="unreadable" if answer.status == 200 else str(answer.status))


def _unreached(error: OutboundError) -> CloudDown:
    match error:
        case SignInPage():
            return CloudDown("sign-in-page", why=str(error.status))
        case NotSent() | Unanswered():
            return CloudDown("nets-away", why=error.cause.value)
    return CloudDown("nets-away", why="unreadable")
