"""Bad twins of the agent: each breaks one promise in the way in which real registers broke it, in a few lines.

A harness that does not convict its twin proves nothing. So each twin runs through the same rounds as the real agent,
and the checker has to find what it did. They are patches of the running program, undone when the block ends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from edgepos.agent import resolving
from edgepos.agent.worker import Worker
from edgepos.chance import SeededChance
from edgepos.connectcloud import ConnectCloud
from edgepos.domain import evidence
from edgepos.domain.errors import EdgeposError, Refused
from edgepos.domain.evidence import Asked, Known, Next, Verdict, same_as_fence
from edgepos.domain.operation import Operation, State
from edgepos.domain.result import LookUp, NoAnswer, OwnReply, Result
from edgepos.journal import Intent, Journal

Twin = Callable[[pytest.MonkeyPatch], None]


def records_after_the_reply(patch: pytest.MonkeyPatch) -> None:
    """What was sent is written down only once its answer is there."""

    async def begin(self: Worker, operation: Operation) -> None:
        try:
            fence = await self._check(operation)
        except EdgeposError as why:
            await self._end_unsent(operation, why)
            return
        reply = await self._request(operation)
        operation = await self._tools.journal.sent(operation.id, fence.fence if fence else None)
        await self._resolve(operation, reply)

    patch.setattr(Worker, "_begin", begin)


def sends_again_under_a_new_reference(patch: pytest.MonkeyPatch) -> None:
    """A lost answer is met by the same payment once more, with a key of its own."""
    pay, chance = ConnectCloud._pay, SeededChance(99)

    async def twice(self: ConnectCloud, tid: str, kind: str, amount_minor: int, reference: str) -> Any:
        reply = await pay(self, tid, kind, amount_minor, reference)
        if isinstance(reply, NoAnswer):
            await self._clock.sleep(20.0)  # the terminal is idle again: "it did not work"
            return await pay(self, tid, kind, amount_minor, f"{reference[:8]}{chance.bits(16):05d}")
        return reply

    patch.setattr(ConnectCloud, "_pay", twice)


def _deciding(patch: pytest.MonkeyPatch, judge: Callable[..., Verdict | None]) -> None:
    decide = evidence.decide

    def twin(asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known) -> Verdict:
        return judge(asked, reply, looks) or decide(asked, reply, looks, known)

    patch.setattr(resolving, "decide", twin)


def _approved(asked: Asked, look: LookUp) -> Verdict | None:
    if look.result is None or look.result.result is not Result.MOVED:
        return None
    result = replace(look.result, order_id=asked.reference)
    return Verdict(
        then=Next.DECIDED,
        state=State.APPROVED,
        evidence=("look-up",),
        result=result,
        approved_minor=min(result.net_minor or 0, asked.amount_minor),
    )


def takes_any_last_operation(patch: pytest.MonkeyPatch) -> None:
    """Whatever the terminal did last is taken for ours."""
    _deciding(patch, lambda asked, reply, looks: _approved(asked, looks[-1]) if looks else None)


def takes_the_same_amount(patch: pytest.MonkeyPatch) -> None:
    """A new last operation of our amount is taken for ours, without our reference."""

    def judge(asked: Asked, reply: object, looks: Sequence[LookUp]) -> Verdict | None:
        if not looks or same_as_fence(asked.fence, looks[-1].result):
            return None
        is_amount = looks[-1].result is not None and looks[-1].result.net_minor == asked.amount_minor
        return _approved(asked, looks[-1]) if is_amount else None

    _deciding(patch, judge)


def believes_not_found_at_once(patch: pytest.MonkeyPatch) -> None:
    """One look at the terminal that shows nothing new is proof that nothing was started."""

    def judge(asked: Asked, reply: object, looks: Sequence[LookUp]) -> Verdict | None:
        if looks and same_as_fence(asked.fence, looks[-1].result):
            return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="not-started", evidence=("fence",))
        return None

    _deciding(patch, judge)


def reverses_whatever_is_last(patch: pytest.MonkeyPatch) -> None:
    """A reversal goes out without a look at what it will hit."""

    async def blind(self: Worker, operation: Operation, last: object) -> None:
        return None

    patch.setattr(Worker, "_demand_last", blind)


def looks_then_inserts(patch: pytest.MonkeyPatch) -> None:
    """Whether an invoice or terminal is free is asked first and written afterwards, and no index holds it."""
    intend, opened = Journal.intend, Journal.open.__func__  # type: ignore[attr-defined]

    async def open_without_claims(cls: type[Journal], *args: Any, **more: Any) -> Journal:
        journal: Journal = await opened(cls, *args, **more)

        def drop() -> None:
            for index in ("one_open_a_terminal", "one_open_an_invoice", "one_claim_a_part"):
                journal._database.connection.execute(f"DROP INDEX IF EXISTS {index}")

        await journal._thread.run(drop)
        return journal

    async def look_first(self: Journal, intent: Intent, **more: Any) -> tuple[Operation, bool]:
        wanted = {line.invoice for line in intent.lines}
        for one in await self.open_operations():
            if one.terminal == intent.terminal or wanted & {line.invoice for line in one.lines}:
                raise Refused("terminal-in-use", payment=one.id, terminal=one.terminal)
        return await intend(self, intent, **{**more, "expected_parts": False})

    patch.setattr(Journal, "open", classmethod(open_without_claims))
    patch.setattr(Journal, "intend", look_first)


@contextlib.contextmanager
def let_in(twin: Twin) -> Iterator[str]:
    """The agents that start in this block are *twin*; its name."""
    with pytest.MonkeyPatch.context() as patch:
        twin(patch)
        yield twin.__name__.replace("_", " ")
