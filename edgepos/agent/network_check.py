"""Whether the two services can be reached from here, and who answers in their place if not.

One harmless question to each, without any credential: every answer of the service itself will do, a refusal too. With
everything down it is over within LIMIT_S.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from edgepos.agent.aside import aside
from edgepos.agent.check import Check, fine, wrong
from edgepos.agent.settings import Settings, is_loopback
from edgepos.clock import Clock
from edgepos.domain.errors import Wrong
from edgepos.outbound import Cause, NoAnswer, NotSent, Outbound, OutboundError, SignInPage

LIMIT_S = 5.0
NAME_S = 2.0
WHO_S = 1.0
PORT = 443
ISSUER_NAMES = (b"\x55\x04\x0a", b"\x55\x04\x03")
"""In a certificate: an organisation, a common name. The issuer's stand before the subject's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service and a path of it that anybody may ask for and nobody is let into."""

    name: str
    base_url: str
    path: str

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""


def services_of(settings: Settings) -> list[Service]:
    """Those that are set up."""
    nets, practice = settings.organisation.nets, settings.organisation.practice
    found = []
    if nets is not None:
        found.append(Service(name="nets", base_url=nets.base_url, path="/v1/terminal"))
    if practice is not None:
        path = f"/{practice.provet_id}/api/0.1/"
        found.append(Service(name="practice", base_url=practice.base_url, path=path))
    return found


async def reachable(services: Sequence[Service], clock: Clock) -> list[Check]:
    """For each of *services*: its name is known, and it answers."""
    looks = await asyncio.gather(*(_look(service, clock) for service in services))
    return [check for look in looks for check in look]


async def _look(service: Service, clock: Clock) -> list[Check]:
    found = []
    if not is_loopback(service.base_url):
        if not await _is_known(service.host):
            return [wrong("network", f"name of {service.name}", "name-unknown", {"host": service.host})]
        found.append(fine("network", f"name of {service.name}", service.host))
    return [*found, await _line(service, clock)]


async def _is_known(host: str) -> bool:
    """Asked aside: a name service that swallows questions must not keep the doctor from ending."""
    try:
        async with asyncio.timeout(NAME_S):
            await aside(partial(socket.getaddrinfo, host, PORT))
    except (OSError, TimeoutError):
        return False
    return True


async def _line(service: Service, clock: Clock) -> Check:
    name, facts = f"line to {service.name}", {"host": service.host}
    try:
        outbound = Outbound(service.base_url, setting=f"{service.name}.base_url", clock=clock)
    except Wrong as error:
        return wrong("network", name, error.code, error.facts)
    try:
        answer = await outbound.request("GET", service.path, timeout_s=LIMIT_S - NAME_S - WHO_S)
    except SignInPage as page:
        return wrong("network", name, "sign-in-page", {"service": service.name, "why": str(page.status)})
    except (NotSent, NoAnswer) as error:
        if error.cause in (Cause.TLS, Cause.CLOCK):
            by = await who_answers(service.host, urlsplit(service.base_url).port or PORT)
            return wrong("network", name, "certificate", facts | {"cause": _doubt(error), "by": by})
        return wrong("network", name, "line-away", facts | {"cause": str(error)})
    except OutboundError as error:
        return wrong("network", name, "line-away", facts | {"cause": str(error)})
    finally:
        await outbound.aclose()
    return fine("network", name, f"{service.host} answers ({answer.status})")


def _doubt(error: BaseException | None) -> str:
    """What is wrong with the certificate, in OpenSSL's words."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return "the secure line did not come about"


async def who_answers(host: str, port: int) -> str:
    """Who signed the certificate of whoever answers there, by its own word; '' where it cannot be told.

    Nothing is sent and nothing is believed: the name is for the person who looks for the filter in between.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(WHO_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
    except (OSError, TimeoutError):
        return ""
    return _issuer(shown or b"")


def _issuer(certificate: bytes) -> str:
    """The first organisation, else the first name, in a certificate (DER): kind, length and text stand in a row."""
    for kind in ISSUER_NAMES:
        at = certificate.find(b"\x06\x03" + kind)
        if at >= 0:
            length = certificate[at + 6]
            return certificate[at + 7 : at + 7 + length].decode("utf-8", "replace")[:60]
    return ""
