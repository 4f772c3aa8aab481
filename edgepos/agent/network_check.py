"""Whether the two services can be reached from here, and who answers in their place if not.

One harmless question to each, without any credential: every answer of the service itself will do, a refusal too. With
everything down it is over within LIMIT_S.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from edgepos.agent.check import Check, fine, wrong
from edgepos.agent.settings import Settings, is_loopback
from edgepos.clock import Clock
from edgepos.domain.errors import Wrong
from edgepos.outbound import Cause, NoAnswer, NotSent, Outbound, OutboundError, SignInPage

LIMIT_S = 6.0
NAME_S = 3.0


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
    try:
        async with asyncio.timeout(NAME_S):
            await asyncio.get_running_loop().getaddrinfo(host, 443)
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
        answer = await outbound.request("GET", service.path, timeout_s=LIMIT_S - NAME_S)
    except SignInPage as page:
        return wrong("network", name, "sign-in-page", {"service": service.name, "why": str(page.status)})
    except (NotSent, NoAnswer) as error:
        if error.cause in (Cause.TLS, Cause.CLOCK):
            return wrong("network", name, "certificate", facts | {"cause": _doubt(error)})
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
