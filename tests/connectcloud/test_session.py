"""The token: shared logins, life counted by the monotonic clock, renewal before money, healing on 401."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from edgepos.clock import VirtualClock, VirtualLoop
from edgepos.connectcloud import wire
from edgepos.connectcloud.errors import CloudDown
from edgepos.connectcloud.session import Session
from edgepos.connectcloud.wire import Login, Unexpected

pytestmark = pytest.mark.virtual_time


class Cloud:
    """A cloud that gives numbered tokens."""

    def __init__(self, life_s: float = 86_400.0) -> None:
        self.life_s = life_s
        self.logins = 0
        self.refuses: CloudDown | None = None
        self.answer_s = 1.0

    async def log_in(self) -> Login:
        self.logins += 1
        number = self.logins
        await asyncio.sleep(self.answer_s)
        if self.refuses is not None:
            raise self.refuses
        return Login(token=f"token-{number}", life_s=self.life_s, terminals=None)


def clock() -> VirtualClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.clock


async def test_concurrent_callers_share_one_login() -> None:
    cloud = Cloud()
    session = Session(cloud.log_in, clock())
    tokens = await asyncio.gather(*(session.token() for _ in range(20)))
    assert set(tokens) == {"token-1"}
    assert cloud.logins == 1


async def test_concurrent_callers_share_one_refusal_too() -> None:
    cloud = Cloud()
    cloud.refuses = CloudDown("credentials", why="401")
    session = Session(cloud.log_in, clock())
    outcomes = await asyncio.gather(*(session.token() for _ in range(20)), return_exceptions=True)
    assert cloud.logins == 1
    assert all(isinstance(outcome, CloudDown) and outcome.code == "credentials" for outcome in outcomes)


async def test_whoever_waited_for_a_cancelled_login_logs_in() -> None:
    cloud = Cloud()
    session = Session(cloud.log_in, clock())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(session.token())
        await asyncio.sleep(0.1)
        second = group.create_task(session.token())
        await asyncio.sleep(0.1)
        first.cancel()
    assert second.result() == "token-2"


async def test_a_token_that_could_end_meanwhile_is_renewed_and_one_that_cannot_is_not() -> None:
    cloud = Cloud(life_s=86_400.0)
    session = Session(cloud.log_in, clock())
    await session.token()
    await asyncio.sleep(86_400.0 - 1_000.0)
    assert await session.token(900.0) == "token-1"
    await asyncio.sleep(100.0)
    assert await session.token() == "token-1"
    assert await session.token(900.0) == "token-2"


async def test_a_short_lived_token_is_not_renewed_again_and_again() -> None:
    cloud = Cloud(life_s=400.0)
    session = Session(cloud.log_in, clock())
    for _ in range(5):
        await session.token(900.0)
    assert cloud.logins == 1
    await asyncio.sleep(390.0)
    assert await session.token(900.0) == "token-2"


async def test_an_ended_token_is_not_used() -> None:
    cloud = Cloud(life_s=20.0)
    session = Session(cloud.log_in, clock())
    await session.token()
    await asyncio.sleep(21.0)
    assert await session.token() == "token-2"


async def test_a_rejected_token_is_dropped_and_a_newer_one_is_not() -> None:
    session = Session(Cloud().log_in, clock())
    first = await session.token()
    session.reject(first)
    second = await session.token()
    session.reject(first)
    assert await session.token() == second != first


async def test_a_failed_renewal_leaves_the_old_token_for_questions() -> None:
    cloud = Cloud(life_s=1_000.0)
    session = Session(cloud.log_in, clock())
    await session.token()
    await asyncio.sleep(500.0)
    cloud.refuses = CloudDown("nets-away")
    with pytest.raises(CloudDown):
        await session.token(900.0)
    assert await session.token() == "token-1"
    cloud.refuses = None
    assert await session.token(900.0) == "token-3"


def jwt(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}.x"


@pytest.mark.parametrize(
    ("token", "life_s"),
    [
        (jwt(iat=1_000, exp=1_400), 400.0),
        (jwt(iat="1000", exp="1400"), 400.0),
        (jwt(iat=5_000, exp=5_000 + 86_400), 86_400.0),
        (jwt(exp=1_400), 86_400.0),
        (jwt(iat=1_400, exp=1_000), 86_400.0),
        (jwt(iat=1.5, exp="soon"), 86_400.0),
        ("opaque", 86_400.0),
        ("a.%%%.b", 86_400.0),
        ("a." + base64.urlsafe_b64encode(b"[" * 9000).decode()[:4000] + ".b", 86_400.0),
    ],
)
async def test_the_life_of_a_token_is_read_from_it_or_is_a_day(token: str, life_s: float) -> None:
    assert wire.login({"token": token}).life_s == life_s


@pytest.mark.parametrize("token", ["", None, 5, "two words", "line\r\nX-Injected: 1", "ö", ["a"]])
async def test_what_cannot_stand_in_a_header_is_no_token(token: object) -> None:
    with pytest.raises(Unexpected):
        wire.login({"token": token})


async def test_an_older_server_tells_the_token_alone() -> None:
    assert wire.login({"token": "opaque"}).terminals is None
    assert wire.login({"Token": "opaque", "terminals": ["70000001"]}).terminals == {"70000001"}
