"""What became of a request: nothing but a proof says that it was not sent. Against real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import trustme

from edgepos.clock import Clock
from edgepos.domain.errors import Wrong
from edgepos.outbound import (
    BODY_BYTES_MAX,
    Answer,
    Cause,
    NoAnswer,
    NotSent,
    Outbound,
    OutboundError,
    SignInPage,
    Unreadable,
)

pytestmark = pytest.mark.virtual_time

FUTURE = datetime(2090, 1, 1, tzinfo=UTC)
LATER = datetime(2091, 1, 1, tzinfo=UTC)


def http(
    body: bytes | str = b"", status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Service:
    """A server that answers every request with the same bytes, or does what its script says."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.connections = 0
        self.says = http("{}")
        self.script: Script | None = None
        self.left = asyncio.Event()
        self.url = ""
        self._lines: set[asyncio.Task[None]] = set()

    async def request(self, reader: asyncio.StreamReader) -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(at[15:]) for at in head.split("\r\n") if at.lower().startswith("content-length:")), 0)
        self.requests.append(head + (await reader.readexactly(length)).decode())
        return self.requests[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.script is not None:
                await self.script(reader, writer)
                return
            while True:
                await self.request(reader)
                writer.write(self.says)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def running(tls: ssl.SSLContext | None = None) -> AsyncIterator[Service]:
    service = Service()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, ssl=tls)
    service.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield service
        server.close()
        await asyncio.sleep(1)  # lines that were closed end


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with running() as service:
        yield service


@contextlib.asynccontextmanager
async def line(url: str, clock: Clock, ca_file: Path | None = None) -> AsyncIterator[Outbound]:
    outbound = Outbound(url, setting="[nets] base_url", clock=clock, ca_file=ca_file)
    try:
        yield outbound
    finally:
        await outbound.aclose()


@pytest.fixture
async def outbound(service: Service, clock: Clock) -> AsyncIterator[Outbound]:
    async with line(service.url, clock) as outbound:
        yield outbound


async def failure(asked: Awaitable[Answer]) -> OutboundError:
    with pytest.raises(OutboundError) as raised:
        await asked
    return raised.value


# --- answers


async def test_an_answer_keeps_numbers_exact_and_says_how_long_it_took(service: Service, outbound: Outbound) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await service.request(reader)
        await asyncio.sleep(39)
        writer.write(http('{"paid": 24.97, "parts": [-0.0, 3]}', "201 Created", Retry_After="7"))

    service.script = script
    answer = await outbound.request(
        "POST", "/v1/terminal/70000001/transaction?try=1", timeout_s=300, headers={"Authorization": "Bearer t"},
        content=b'{"amount":1250}', fresh=True,
    )  # fmt: skip
    assert answer.status == 201
    assert answer.body == {"paid": Decimal("24.97"), "parts": [Decimal("-0.0"), 3]}
    assert isinstance(answer.body["paid"], Decimal)
    assert (answer.headers["retry-after"], answer.elapsed_s) == ("7", 39.0)
    (request,) = service.requests
    assert request.startswith("POST /v1/terminal/70000001/transaction?try=1 HTTP/1.1\r\n")
    assert request.endswith('\r\n\r\n{"amount":1250}')
    for header in ("Authorization: Bearer t", "Accept: application/json", "Content-Type: application/json"):
        assert f"{header}\r\n".lower() in request.lower()


async def test_a_path_goes_below_the_base_url(service: Service, clock: Clock) -> None:
    async with line(service.url + "/4321/api/0.1/", clock) as outbound:
        await outbound.request("GET", "/invoice/", timeout_s=5, query={"page_size": "50"})
        await outbound.request("GET", service.url + "/4321/oauth2/token/", timeout_s=5)
    assert [request.split(" ")[1] for request in service.requests] == [
        "/4321/api/0.1/invoice/?page_size=50", "/4321/oauth2/token/",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (http("<html>bad gateway</html>", "502 Bad Gateway", "text/html"), 502),
        (http("", "503 Service Unavailable"), 503),
        (http("", "204 No Content"), 204),
        (http("{", "400 Bad Request"), 400),
    ],
)
async def test_an_error_counts_by_its_status_whatever_its_content(
    service: Service, outbound: Outbound, says: bytes, status: int
) -> None:
    service.says = says
    answer = await outbound.request("GET", "/", timeout_s=5)
    assert (answer.status, answer.body) == (status, None)


# --- nothing was sent


async def test_nobody_listens(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with line(f"http://127.0.0.1:{port}", clock) as outbound:
        error = await failure(outbound.request("POST", "/", timeout_s=5, content=b"{}", fresh=True))
    assert isinstance(error, NotSent)
    assert error.cause is Cause.REFUSED


async def test_a_handshake_that_nobody_answers_is_given_up_after_ten_seconds(clock: Clock) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        async with line(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", clock) as outbound:
            error = await failure(outbound.request("POST", "/", timeout_s=300, content=b"{}"))
        assert isinstance(error, NotSent)
        assert (error.cause, clock.monotonic()) == (Cause.TIMEOUT, 10.0)
        await asyncio.sleep(1)


# --- TLS


Trusted = tuple[trustme.CA, Path]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Trusted:
    """An authority, and the file that makes it known."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return authority, path


def speaking_as(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


async def test_a_certificate_of_a_known_authority_is_taken(trusted: Trusted, clock: Clock) -> None:
    authority, ca_file = trusted
    tls = speaking_as(authority.issue_cert("127.0.0.1"))
    async with running(tls) as service, line(service.url, clock, ca_file) as outbound:
        assert (await outbound.request("GET", "/", timeout_s=5)).body == {}


EXPIRED = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issue", "is_trusted", "cause"),
    [
        (lambda authority: authority.issue_cert("127.0.0.1"), False, Cause.TLS),
        (lambda authority: authority.issue_cert("127.0.0.2"), True, Cause.TLS),
        (lambda authority: authority.issue_cert("127.0.0.1", not_after=EXPIRED), True, Cause.CLOCK),
        (lambda authority: authority.issue_cert("127.0.0.1", not_before=FUTURE, not_after=LATER), True, Cause.CLOCK),
    ],
    ids=["unknown-authority", "another-host", "expired", "not-yet-valid"],
)
async def test_tls_fails_closed_and_nothing_was_sent(
    issue: Callable[[trustme.CA], trustme.LeafCert], is_trusted: bool, cause: Cause, trusted: Trusted, clock: Clock
) -> None:
    authority, ca_file = trusted
    async with running(speaking_as(issue(authority))) as service:
        async with line(service.url, clock, ca_file if is_trusted else None) as outbound:
            error = await failure(outbound.request("POST", "/", timeout_s=5, content=b"{}"))
        assert isinstance(error, NotSent)
        assert (error.cause, error.is_clock_wrong) == (cause, cause is Cause.CLOCK)
        assert service.requests == []


# --- sent, and nobody knows


@pytest.mark.parametrize(
    ("piece", "cause"),
    [
        (b"", Cause.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Cause.PROTOCOL),
        (http('{"result": []}')[:-3], Cause.PROTOCOL),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Cause.PROTOCOL),
    ],
)
async def test_a_line_that_ends_early_is_no_answer(
    service: Service, outbound: Outbound, piece: bytes, cause: Cause
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await service.request(reader)
        writer.write(piece)

    service.script = script
    error = await failure(outbound.request("POST", "/", timeout_s=5, content=b"{}"))
    assert isinstance(error, NoAnswer)
    assert error.cause is cause
    assert len(service.requests) == 1


async def test_a_reset_is_no_answer(service: Service, outbound: Outbound) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await service.request(reader)
        writer.transport.abort()

    service.script = script
    error = await failure(outbound.request("POST", "/", timeout_s=5, content=b"{}"))
    assert isinstance(error, NoAnswer)


@pytest.mark.parametrize("piece", [b"", http('{"result": []}')[:-3]])
async def test_the_limit_holds_for_the_whole_call(
    service: Service, outbound: Outbound, clock: Clock, piece: bytes
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await service.request(reader)
        for byte in piece:  # one byte a second would outlive any limit on a single read
            writer.write(bytes([byte]))
            await asyncio.sleep(1)
        await reader.read()

    service.script = script
    error = await failure(outbound.request("POST", "/", timeout_s=30, content=b"{}"))
    assert isinstance(error, NoAnswer)
    assert (error.cause, clock.monotonic()) == (Cause.TIMEOUT, 30.0)


async def test_a_pooled_line_that_breaks_under_a_request_is_no_answer(service: Service, outbound: Outbound) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await service.request(reader)
        writer.write(http("{}"))
        await service.request(reader)

    service.script = script
    await outbound.request("GET", "/", timeout_s=5)
    error = await failure(outbound.request("POST", "/", timeout_s=5, content=b"{}"))
    assert isinstance(error, NoAnswer)
    assert service.connections == 1


async def test_a_fresh_call_never_uses_a_line_again(service: Service, outbound: Outbound) -> None:
    await outbound.request("GET", "/", timeout_s=5)
    await outbound.request("GET", "/", timeout_s=5)
    assert service.connections == 1
    for _ in range(2):
        await outbound.request("POST", "/", timeout_s=5, content=b"{}", fresh=True)
    assert service.connections == 3


async def test_a_cancelled_call_closes_its_line(service: Service, outbound: Outbound) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await service.request(reader)
        await reader.readexactly(1)

    service.script = script
    async with asyncio.TaskGroup() as group:
        paying = group.create_task(outbound.request("POST", "/", timeout_s=300, content=b"{}", fresh=True))
        await asyncio.sleep(5)
        paying.cancel()
    assert paying.cancelled()
    async with asyncio.timeout(1):
        await service.left.wait()


# --- somebody else answered


@pytest.mark.parametrize(
    "says",
    [
        http("<!doctype html><title>Guest network</title>", content_type="text/html; charset=utf-8"),
        http("  <html>", content_type="application/json"),
        http(b"<html>\xff", content_type="text/html"),
        http("", "302 Found", Location="https://login.guest.example/"),
        http("", "307 Temporary Redirect", Location="//login.guest.example/"),
        http("{}", "511 Network Authentication Required"),
    ],
)
async def test_a_sign_in_page_is_no_answer_and_is_never_followed(
    service: Service, outbound: Outbound, says: bytes
) -> None:
    service.says = says
    error = await failure(outbound.request("POST", "/v1/login", timeout_s=5, content=b"{}"))
    assert isinstance(error, SignInPage)
    assert error.status == int(says.split()[1])
    assert len(service.requests) == 1


async def test_a_redirect_within_the_service_is_told_and_not_followed(service: Service, outbound: Outbound) -> None:
    service.says = http("", "301 Moved Permanently", Location="/invoicepayment/")
    answer = await outbound.request("POST", "/invoicepayment", timeout_s=5, content=b"{}")
    assert (answer.status, answer.headers["location"], answer.body) == (301, "/invoicepayment/", None)
    assert len(service.requests) == 1


# --- answers that cannot be read


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (http('{"result": ['), Cause.JSON),
        (http('{"paid": NaN}'), Cause.JSON),
        (http("[" * 100_000), Cause.JSON),
        (http("1" * 5_000), Cause.JSON),
        (http("approved", content_type="text/plain"), Cause.JSON),
        (http(b'{"name": "\xe5"}'), Cause.TEXT),
        (http(b"no gzip", Content_Encoding="gzip"), Cause.TEXT),
        (http(b'"' + b"x" * BODY_BYTES_MAX + b'"'), Cause.SIZE),
        (http(gzip.compress(b" " * 40_000_000), Content_Encoding="gzip"), Cause.SIZE),
    ],
    ids=["cut", "nan", "deep", "long-number", "text", "latin-1", "no-gzip", "large", "bomb"],
)
async def test_an_answer_that_cannot_be_read_is_said_to_be_so(
    service: Service, outbound: Outbound, says: bytes, cause: Cause
) -> None:
    service.says = says
    error = await failure(outbound.request("GET", "/", timeout_s=5))
    assert isinstance(error, Unreadable)
    assert (error.status, error.cause) == (200, cause)


# --- what never leaves


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://connectcloud.example", "must be https://"),
        ("http://10.0.0.7:8080", "must be https://"),
        ("http://localhost.example", "must be https://"),
        ("connectcloud.example", "must begin with https://"),
        ("ftp://127.0.0.1", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("https://clinic:secret@connectcloud.example", "nothing else"),
        ("https://connectcloud.example?key=1", "nothing else"),
        ("https://[::1", "is no URL"),
    ],
)
async def test_a_url_that_must_not_be_used_names_its_setting(clock: Clock, url: str, reason: str) -> None:
    with pytest.raises(Wrong) as raised:
        Outbound(url, setting="[nets] base_url", clock=clock)
    assert (raised.value.code, raised.value.facts["key"]) == ("settings", "[nets] base_url")
    assert reason in str(raised.value.facts["reason"])
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[::1]:9", "http://localhost:9", "https://nets.example"])
async def test_a_url_that_may_be_used_is_taken(clock: Clock, url: str) -> None:
    async with line(url, clock):
        pass


async def test_no_other_host_is_asked(service: Service, outbound: Outbound) -> None:
    for url in ("http://127.0.0.1:9/", service.url.replace("http", "https"), "https://elsewhere.example/page=2"):
        with pytest.raises(ValueError, match="is not the service"):
            await outbound.request("GET", url, timeout_s=5, headers={"Authorization": "Bearer t"})
    assert service.requests == []


async def test_proxies_of_the_environment_and_cookies_are_not_used(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    service.says = http("{}", Set_Cookie="sessionid=1; Path=/")
    async with line(service.url, clock) as outbound:
        await outbound.request("GET", "/", timeout_s=5)
        await outbound.request("GET", "/", timeout_s=5)
    assert len(service.requests) == 2
    assert "sessionid" not in service.requests[1]


async def test_neither_token_nor_content_is_logged(
    service: Service, outbound: Outbound, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.says = http('{"customerReceipt": "slip-in-words"}')
    await outbound.request(
        "POST", "/secret-path", timeout_s=5, headers={"Authorization": "Bearer secret-token"}, content=b'"secret-body"'
    )
    assert "secret" not in caplog.text
    assert "slip-in-words" not in caplog.text


async def test_a_dead_line_is_probed(service: Service, outbound: Outbound) -> None:
    await outbound.request("GET", "/", timeout_s=5)
    (ours,) = [sock for sock in open_sockets() if sock.getpeername()[1] == int(service.url.rsplit(":", 1)[1])]
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert [ours.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [15, 10, 3, 45_000]
    ours.close()


def open_sockets() -> Iterator[socket.socket]:
    """This process's connected TCP sockets, as duplicates."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            sock = socket.socket(fileno=os.dup(int(name)))
            try:
                sock.getpeername()
                is_tcp = sock.family == socket.AF_INET
            except OSError:
                is_tcp = False
            if is_tcp:
                yield sock
            else:
                sock.close()
