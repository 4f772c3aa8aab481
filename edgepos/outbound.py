"""The line to one outside service: the one place that imports httpx, and the one that says what became of a request.

    OutboundError        there is no answer of the service
    ├── NotSent          provably no byte of the request left the box
    ├── NoAnswer         it may have been received and carried out
    ├── SignInPage       something between box and service answered: guest network, filter
    └── Unreadable       an answer of success came whose content cannot be read

Only `NotSent` proves that nothing happened: it is raised when the connection never got as far as the first byte of the
request, whatever went wrong. A connection out of the pool that the service had closed meanwhile is `NoAnswer`, since
bytes were written to it. `fresh=True` takes a connection of its own, so that this cannot happen to a money call.

Each request is sent once: no retry, no redirect followed, no proxy or credential from the environment, no cookie kept.
Certificates are always verified, plain http:// is for loopback only, and nothing but the one origin is ever asked, so
that a token cannot leave for another host. It never logs a body or a header. A cancelled call closes its connection.
"""

# ruff: noqa: E402  # what httpx must not load is said before it is imported

from __future__ import annotations

import asyncio
import importlib.util
import ipaddress
import json
import logging
import socket
import ssl
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

# Its command line, which would load rich and pygments with it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx

from edgepos import __version__
from edgepos.clock import Clock
from edgepos.domain.errors import Wrong

CONNECT_S = 10.0
"""A connection that takes longer is none: whoever waits for a card should learn early that nothing was sent."""
BODY_BYTES_MAX = 1_000_000
HEADERS = {
    "User-Agent": f"edgepos/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}  # fmt: skip
IDLE_LINES = 20
"""As many as the sender works side by side: a connection made anew for each question took most of a long drain."""
IDLE_S = 5.0
"""Idle connections are closed before the service does it: its own limits were seen from about a minute down to 5 s."""

# A line that is dead for 45 s is noticed: 15 s idle and 3 probes 10 s apart; the last is for bytes not acknowledged.
_KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 45_000),
]
_CERTIFICATE_OUT_OF_TIME = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, …_HAS_EXPIRED

# They would write every URL, and on DEBUG every header with its token, into the log.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# httpcore tries to import it at each lock that it makes, and a module that is not there is searched on the disk anew
# each time: a fifth of a request. None in its place says so at once.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]


class Cause(StrEnum):
    NAME = "name"  # the host's name is not known here
    REFUSED = "refused"  # nobody listens there
    UNREACHABLE = "unreachable"
    TLS = "tls"  # the certificate or the handshake
    CLOCK = "clock"  # by our clock the certificate is not valid yet, or no longer: most likely the clock is wrong
    TIMEOUT = "timeout"
    CLOSED = "closed"  # reset, or lost
    PROTOCOL = "protocol"  # no complete HTTP answer: none at all, a part of one, or something else
    SIZE = "size"
    TEXT = "text"  # not UTF-8, or not compressed as it says
    JSON = "json"


class OutboundError(Exception):
    """There is no answer of the service."""


class _Failed(OutboundError):
    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


class NotSent(_Failed):
    """Provably nothing of the request left."""

    @property
    def is_clock_wrong(self) -> bool:
        return self.cause is Cause.CLOCK


class NoAnswer(_Failed):
    """Sent, wholly or in part, and nobody knows what became of it."""


class SignInPage(OutboundError):
    """HTML with success, a redirect to elsewhere, or 511. It proves nothing about the request."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Unreadable(OutboundError):
    """Status below 400, and content that is not what the service speaks."""

    def __init__(self, status: int, cause: Cause) -> None:
        super().__init__(f"status {status}: {cause.value}")
        self.status = status
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said. *body* is JSON with Decimal for broken numbers; None where there is none, and where an
    answer of 400 or more has content that is no JSON (a gateway's page). *headers* have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)
    text: str = field(repr=False)
    elapsed_s: float


class Outbound:
    """To be made on the event loop that uses it, and closed there. Requests may run side by side, without limit."""

    def __init__(
        self,
        base_url: str,
        *,
        setting: str,
        clock: Clock,
        ca_file: Path | None = None,
        dated: Callable[[datetime], None] = lambda at: None,
    ) -> None:
        """*setting* names where *base_url* comes from. *ca_file*: these authorities and no others. *dated* hears of the
        service's own time with each answer that tells it.

        Raises Wrong, code `settings`, for a URL that must not be used.
        """
        self._clock = clock
        self._dated = dated
        self._base_url = _checked(base_url, setting)
        is_tls = self._base_url.scheme == "https"
        tls = _tls(ca_file) if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # knows nobody, and costs nothing
        self._tls = tls
        self._idle: deque[_Line] = deque()

    async def request(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        content_type: str = "application/json",
        fresh: bool = False,
    ) -> Answer:
        """Ask once; *timeout_s* from the first attempt to connect to the last byte of the answer.

        *url* is a path below the base URL, or a URL of its origin (any other is a ValueError). Raises OutboundError.
        """
        sending = _Sending()
        request = httpx.Request(
            method,
            self._within(url),
            params=query,
            headers={**HEADERS, **(headers or {}), **({} if content is None else {"Content-Type": content_type})},
            content=content,
            extensions={
                "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S)).as_dict(),
                "trace": sending.trace,
            },
        )
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                response, content_read = await self._send(request, fresh)
        except httpx.DecodingError:
            raise Unreadable(sending.status, Cause.TEXT) from None
        except (httpx.TransportError, OSError) as error:
            raise (NoAnswer if sending.has_begun else NotSent)(_cause(error)) from error
        return self._answer(response, content_read, self._clock.monotonic() - began)

    async def aclose(self) -> None:
        while self._idle:
            await self._idle.popleft().transport.aclose()

    async def _take(self, fresh: bool) -> _Line:
        """The line that was used last, or a new one; those that have been idle for too long are closed."""
        now = self._clock.monotonic()
        while self._idle and now - self._idle[0].idle_since > IDLE_S:
            await self._idle.popleft().transport.aclose()
        return self._idle.pop() if self._idle and not fresh else _Line(self._tls)

    async def _give_back(self, line: _Line) -> None:
        line.idle_since = self._clock.monotonic()
        self._idle.append(line)
        if len(self._idle) > IDLE_LINES:
            await self._idle.popleft().transport.aclose()

    def _within(self, url: str) -> httpx.URL:
        if url.startswith("/"):
            return self._base_url.copy_with(raw_path=self._base_url.raw_path.rstrip(b"/") + url.encode("ascii"))
        target = httpx.URL(url)
        if _origin(target) != _origin(self._base_url):
            raise ValueError(f"{target.host} is not the service at {self._base_url.host}")
        return target

    async def _send(self, request: httpx.Request, fresh: bool) -> tuple[httpx.Response, bytes]:
        line = await self._take(fresh)
        is_good = False
        try:
            response = await line.transport.handle_async_request(request)
            response.request = request
            try:
                content = bytearray()
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > BODY_BYTES_MAX:
                        raise Unreadable(response.status_code, Cause.SIZE)
                is_good = not fresh
                return response, bytes(content)
            finally:
                await response.aclose()
        finally:
            await (self._give_back(line) if is_good else line.transport.aclose())

    def _answer(self, response: httpx.Response, content: bytes, elapsed_s: float) -> Answer:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        if status == httpx.codes.NETWORK_AUTHENTICATION_REQUIRED or self._leads_elsewhere(response):
            raise SignInPage(status)
        text, body = "", None
        try:
            text = content.decode("utf-8-sig")
            body = _json(text) if text.strip() else None
        except UnicodeDecodeError:
            text = content.decode("utf-8", "replace")
            self._refuse_content(status, headers, text, Cause.TEXT)
        except (ValueError, RecursionError):
            self._refuse_content(status, headers, text, Cause.JSON)
        self._tell_date(headers)
        return Answer(status, headers, body, text, elapsed_s)

    def _tell_date(self, headers: Mapping[str, str]) -> None:
        if "age" in headers:  # somebody kept the answer for a while, and its time with it
            return
        try:
            at = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:  # absent, or no date
            return
        if at.tzinfo is not None:
            self._dated(at)

    def _leads_elsewhere(self, response: httpx.Response) -> bool:
        if not response.has_redirect_location:
            return False
        try:
            return _origin(response.url.join(response.headers["location"])) != _origin(self._base_url)
        except httpx.InvalidURL:
            return True

    @staticmethod
    def _refuse_content(status: int, headers: Mapping[str, str], text: str, cause: Cause) -> None:
        """Content that is no JSON. Of an error the status says enough; of a success the answer itself is missing."""
        if not httpx.codes.is_success(status):
            return
        if "html" in headers.get("content-type", "") or text.lstrip()[:1] == "<":
            raise SignInPage(status)
        raise Unreadable(status, cause)


class _Line:
    """One connection, made when it is first used. A pool of many would look at each of them at every request."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.transport = httpx.AsyncHTTPTransport(
            verify=tls, http2=False, retries=0, trust_env=False, socket_options=_KEEP_ALIVE,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_S),
        )  # fmt: skip
        self.idle_since = 0.0


class _Sending:
    """What the transport reports while it works: whether the first byte may have left."""

    def __init__(self) -> None:
        self.has_begun = False
        self.status = 0

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        if event == "http11.send_request_headers.started":
            self.has_begun = True
        elif event == "http11.receive_response_headers.complete":
            _, self.status, *_ = info["return_value"]  # type: ignore[misc]  # httpcore: a tuple


def _checked(base_url: str, setting: str) -> httpx.URL:
    def wrong(reason: str) -> Wrong:
        return Wrong("settings", key=setting, reason=reason, problems=[f"{setting} {reason}"])

    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise wrong(f"is no URL: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise wrong("must begin with https:// and name a host")
    if url.userinfo or url.query or url.fragment:
        raise wrong("must be a host and a path and nothing else")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise wrong(f"must be https://, since {url.host} is not this machine")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    """The machine's authorities, where a chain may have added its own; a Python that knows of none brings certifi's."""
    if ca_file is not None:
        return ssl.create_default_context(cafile=ca_file)
    paths = ssl.get_default_verify_paths()
    is_known = paths.cafile is not None or (paths.capath is not None and any(Path(paths.capath).iterdir()))
    return ssl.create_default_context() if is_known else httpx.create_ssl_context(trust_env=False)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port  # httpx leaves out a scheme's own port


def _json(text: str) -> object:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_float=Decimal, parse_constant=refuse)


def _cause(error: BaseException) -> Cause:
    for layer in _layers(error):
        match layer:
            case ssl.SSLCertVerificationError(verify_code=code) if code in _CERTIFICATE_OUT_OF_TIME:
                return Cause.CLOCK
            case ssl.SSLError():
                return Cause.TLS
            case socket.gaierror():
                return Cause.NAME
            case ConnectionRefusedError():
                return Cause.REFUSED
            case TimeoutError() | httpx.TimeoutException():
                return Cause.TIMEOUT
            case ConnectionError():
                return Cause.CLOSED
    match error:
        case httpx.ConnectError():
            return Cause.UNREACHABLE
        case httpx.ProtocolError():
            return Cause.PROTOCOL
    return Cause.CLOSED


def _layers(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it: each library wraps the one below."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _layers(one)
        error = error.__cause__ or error.__context__
