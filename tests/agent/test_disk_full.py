"""The disk is full while the card is in: the result is recorded all the same, and nothing needs a hand. FC-26."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from agent_clinic import Clinic

from edgepos.client.errors import AgentError
from edgepos.journal import Event

pytestmark = pytest.mark.virtual_time

SIZE_MB = 40
LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """*folder* is a file system of its own. Skips where this user may not mount one."""
    options = f"size={SIZE_MB}m,mode=0700".encode()
    if LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options) != 0:
        pytest.skip(f"a small file system needs root: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        LIBC.umount2(os.fsencode(folder), 2)  # MNT_DETACH: whoever has a file open keeps it


def fill(folder: Path, leave_mb: int = 0) -> Path:
    """Somebody else's file takes all room but *leave_mb*."""
    path = folder / "somebody-elses.log"
    disk = os.statvfs(folder)
    with path.open("ab") as file, contextlib.suppress(OSError):
        while os.statvfs(folder).f_bavail * disk.f_frsize > leave_mb << 20:
            file.write(bytes(64 << 10))
            file.flush()
    return path


@pytest.fixture
def disk(unstarted: Clinic) -> Iterator[Path]:
    folder = unstarted.folder / "state"
    with small_disk(folder):
        yield folder


@pytest.mark.parametrize("filled_at", ["operation.intended", "operation.sent", "card", "operation.unknown"])
async def test_full_at_any_time_the_result_is_recorded(unstarted: Clinic, disk: Path, filled_at: str) -> None:
    clinic = unstarted
    await clinic.start()
    invoice = await clinic.invoice()
    assert clinic.agent is not None
    if filled_at == "operation.unknown":
        await clinic.fault("drop_after")

    def hear(events: Sequence[Event]) -> None:
        if any(event.kind == filled_at for event in events):
            fill(disk)

    forget = clinic.agent.parts.journal.subscribe(hear)
    await clinic.cardholder({"do": "tap", "after_s": 10})
    payment = await clinic.begin(clinic.body(invoice))
    if filled_at == "card":
        await clinic.state(payment, {"sent"})
        await asyncio.sleep(5)
        fill(disk)
    ended = await clinic.outcome(payment)
    forget()
    assert not (disk / "reserve").exists(), "its room was given to the result"
    if filled_at == "operation.intended":  # before anything left the box
        assert (ended["state"], ended["cause"]) == ("not_started", "disk-low")
        assert await clinic.taken() == []
    else:
        assert ended["state"] == "approved"
        assert await clinic.taken() == [("purchase", invoice["due_minor"])]
    fill(disk)
    with pytest.raises(AgentError) as refused:
        await clinic.begin_plain()
    assert refused.value.code == "disk-low"
    (disk / "somebody-elses.log").unlink()
    await asyncio.sleep(120)
    assert (disk / "reserve").exists(), "made again by itself"
    assert (await clinic.pay(9_900))["state"] == "approved"
    assert (await clinic.client.get("/verify"))["ok"]
    if ended["state"] == "approved":
        await clinic.until(lambda: clinic.is_synced(payment), 300)


async def test_where_even_the_reserve_is_gone_the_agent_ends_and_reads_again(unstarted: Clinic, disk: Path) -> None:
    """Nobody can know whether the commit is on the disk: only a start that reads it can."""
    clinic = unstarted
    await clinic.start()
    await clinic.cardholder({"do": "tap", "after_s": 10})
    payment = await clinic.begin_plain()
    await clinic.state(payment, {"sent"})
    fill(disk)
    (disk / "reserve").unlink(missing_ok=True)
    fill(disk)
    await clinic.ended()
    (disk / "somebody-elses.log").unlink()
    await clinic.start()
    assert (await clinic.outcome(payment))["state"] == "approved"
    assert await clinic.taken() == [("purchase", 12_500)]
    assert (await clinic.client.get("/verify"))["ok"]
