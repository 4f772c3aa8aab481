"""The agent's OpenAPI page is right, and nothing that fits it, or fails to, makes the agent stumble."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest
from agent_clinic import Clinic

from edgepos.agent import asking, openapi
from edgepos.agent.api import ROUTES
from tests.fuzzing import fuzz

pytestmark = pytest.mark.virtual_time

NAMED = re.compile(r'call\.(?:query|number|flag)\("(\w+)"')
FIELD = re.compile(r'form\.(?:text|integer|amount|boolean|objects|has)\("(\w+)"')


def routes() -> Iterator[tuple[str, str]]:
    for method, path, handler in ROUTES:
        source = inspect.getsource(handler)
        module = inspect.getmodule(handler)
        for helper in re.findall(r"await (_\w+)\(call", source):
            source += inspect.getsource(getattr(module, helper))
        if asked := re.search(r"\.asking\.(\w+)\(", source):
            method_of = getattr(asking.Asking, asked[1])
            source += inspect.getsource(method_of)
            for helper in re.findall(r"self\.(_terminal|_currency)\(form", inspect.getsource(method_of)):
                source += inspect.getsource(getattr(asking.Asking, helper))
        yield f"{method} {path}", source


@pytest.mark.parametrize(("route", "source"), list(routes()), ids=[route for route, _ in routes()])
def test_each_route_is_described_as_its_code_reads_it(route: str, source: str) -> None:
    asked = set(NAMED.findall(source)) | ({"limit"} if "call.limit" in source else set())
    assert asked == set(openapi.QUERIES.get(route, {}))
    fields = set(FIELD.findall(source))
    described = openapi.BODIES.get(route, {"properties": {}})["properties"]
    inner = {name for one in described.values() for name in one.get("items", {}).get("properties", {})}
    assert fields <= set(described) | inner
    assert set(described) <= fields
    assert ("call.key" in source) == (route in openapi.KEYED)


async def test_the_page_lists_every_route(clinic: Clinic) -> None:
    page = await clinic.client.get("/openapi.json")
    listed = {f"{method.upper()} {path}" for path, methods in page["paths"].items() for method in methods}
    assert listed == {f"{method} /v1{path}" for method, path, _ in ROUTES}


async def test_no_request_that_the_page_allows_ends_in_an_error_of_our_own(clinic: Clinic) -> None:
    page = await clinic.client.get("/openapi.json")
    answers = await fuzz(page, uds=str(clinic.socket), base="http://edgepos", skip={"/v1/events"}, examples=8)
    assert {status for status in answers if status >= 500} <= {503}
    assert 200 in answers
    assert (await clinic.client.get("/status"))["box"]["seq"] >= 1
