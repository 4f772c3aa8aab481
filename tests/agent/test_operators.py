"""Operators: PINs are kept as scrypt makes them, tries are limited, sessions end."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from edgepos.agent.operators import FREE_TRIES, SESSION_S, Operators
from edgepos.agent.peers import Role
from edgepos.chance import SeededChance
from edgepos.clock import Clock
from edgepos.domain.errors import Refused, Wrong

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def operators(tmp_path: Path, clock: Clock) -> Operators:
    made = Operators(tmp_path / "operators.json", clock=clock, chance=SeededChance(3))
    await made.change(id="anna", name="Anna", role=Role.SENIOR, pin="4711")
    return made


async def test_a_pin_opens_a_session_with_its_role(operators: Operators) -> None:
    token, _ = await operators.login("anna", "4711")
    session = operators.session(token)
    assert session is not None
    assert session.operator.role is Role.SENIOR
    operators.logout(token)
    assert operators.session(token) is None


async def test_a_session_ends_some_time_after_its_last_use(operators: Operators) -> None:
    token, _ = await operators.login("anna", "4711")
    await asyncio.sleep(SESSION_S - 1)
    assert operators.session(token) is not None
    await asyncio.sleep(SESSION_S - 1)
    assert operators.session(token) is not None
    await asyncio.sleep(SESSION_S + 1)
    assert operators.session(token) is None


async def test_after_five_wrong_tries_each_costs_a_minute_two_four(operators: Operators) -> None:
    for _ in range(FREE_TRIES - 1):
        with pytest.raises(Refused) as refused:
            await operators.login("anna", "0000")
        assert "wait_s" not in refused.value.facts
    for expected in (60, 120, 240):
        with pytest.raises(Refused) as refused:
            await operators.login("anna", "0000")
        assert refused.value.facts["wait_s"] == expected
        with pytest.raises(Refused):
            await operators.login("anna", "4711")  # the right one too has to wait
        await asyncio.sleep(expected + 1)
    assert await operators.login("anna", "4711")


async def test_who_left_cannot_log_in_and_nobody_learns_who_exists(operators: Operators) -> None:
    token, _ = await operators.login("anna", "4711")
    await operators.change(id="anna", name="Anna", role=Role.SENIOR, pin=None, is_active=False)
    assert operators.session(token) is None
    for id in ("anna", "bertil"):
        with pytest.raises(Refused) as refused:
            await operators.login(id, "4711")
        assert refused.value.code == "pin-wrong"


async def test_the_file_is_ours_alone_holds_no_pin_and_is_read_again(
    operators: Operators, tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "operators.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "4711" not in path.read_text()
    again = Operators(path, clock=clock, chance=SeededChance(4))
    assert await again.login("anna", "4711")


async def test_a_damaged_file_is_told_and_kept(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "operators.json"
    path.write_text("{")
    with pytest.raises(Wrong):
        Operators(path, clock=clock, chance=SeededChance(4))
    assert path.read_text() == "{"


@pytest.mark.parametrize("pin", ["123", "12ab", "１２３４", "1234567890123", ""])
async def test_a_pin_is_four_to_twelve_digits(operators: Operators, pin: str) -> None:
    with pytest.raises(Wrong):
        await operators.change(id="bertil", name="", role=Role.STAFF, pin=pin)


@pytest.mark.parametrize("id", ["kiosk", "agent", "tech.root", "Ånna", "a b", ""])
async def test_reserved_and_odd_names_are_refused(operators: Operators, id: str) -> None:
    with pytest.raises(Wrong):
        await operators.change(id=id, name="", role=Role.STAFF, pin="1234")
