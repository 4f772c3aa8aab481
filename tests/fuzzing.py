"""Requests made from an OpenAPI page by schemathesis, sent by us: wrong ones and right ones, each answered somehow.

Its own runner cannot reach a Unix socket or wait on a virtual clock; so the cases are drawn here and sent with httpx.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode


def cases(page: Mapping[str, Any], skip: Collection[str], examples: int) -> list[Any]:
    """The same cases at each run: *examples* for each operation of *page*, half of them against it."""
    drawn: list[Any] = []
    schema = schemathesis.openapi.from_dict(dict(page))
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in skip:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=max(1, examples // 2), database=None, deadline=None, derandomize=True,
                phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(strategy)
            def collect(case: Any) -> None:
                drawn.append(case)

            try:
                collect()
            except Exception as error:  # an operation that nothing can contradict has no wrong request
                if "Unsatisfiable" not in type(error).__name__ and "cannot be negated" not in str(error).lower():
                    raise
    return drawn


async def fuzz(
    page: Mapping[str, Any], *, base: str, uds: str | None = None, skip: Collection[str] = (), examples: int = 8,
    headers: Mapping[str, str] | None = None,
) -> Counter[int]:  # fmt: skip
    """How often each status was answered. *skip*: paths that are not asked."""
    answers: Counter[int] = Counter()
    transport = httpx.AsyncHTTPTransport(uds=uds)
    async with httpx.AsyncClient(transport=transport, timeout=600) as client:
        for case in cases(page, skip, examples):
            made = case.as_transport_kwargs(base_url=base)
            made.pop("cookies", None)
            made["headers"] = {**dict(made.get("headers") or {}), **(headers or {})}
            try:
                request = client.build_request(**_for_httpx(made))
            except (UnicodeEncodeError, httpx.InvalidURL, httpx.LocalProtocolError, TypeError, ValueError):
                continue  # no client can send that
            try:
                answer = await client.send(request)
            except (httpx.LocalProtocolError, UnicodeEncodeError):
                continue
            answers[answer.status_code] += 1
            assert answer.status_code != 500, (request.method, str(request.url), made, answer.text[:300])
    return answers


def _for_httpx(made: dict[str, Any]) -> dict[str, Any]:
    """What was meant for requests."""
    known = {name: made[name] for name in ("method", "url", "headers", "params", "json") if made.get(name) is not None}
    if made.get("data") is not None:
        known["content" if isinstance(made["data"], (str, bytes)) else "data"] = made["data"]
    return known
