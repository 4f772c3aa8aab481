"""The trials at a terminal that is at work, or that loses its line or its power: the second half of `nets.py`.

Each begins and ends at rest, and leaves no purchase running. A trial that does not come about raises `CannotTry`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from edgepos.agent.pilot.facts import Value
from edgepos.agent.pilot.nets_bench import Bench, CannotTry, result, word
from edgepos.connectcloud import LiveTexts, assumed

LOST_LINE_S = 120.0


async def cancelling(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    nothing = await bench.cancel()
    yield Value("cancel-nothing", "taken" if nothing.is_done else "refused", {"answer": nothing.shown})
    async with bench.waiting() as running:
        asked_at = bench.clock.monotonic()
        reply = await bench.cancel()
        ended = await bench.end(running)
        took_s = bench.clock.monotonic() - asked_at
    last = result(await bench.last())
    reason = last.get("rejectionreason", "")
    if ended.is_done or last.get("result") == "0":
        value = "approve"
    elif reason.startswith("5:"):  # the card wait ran out: the request did nothing
        value = "swallow" if reply.is_done else "refuse"
    else:
        value = "obey" if took_s <= 10 else "late"
    seen = {"request": reply.shown, "payment": ended.shown, "reason": reason, "seconds": round(took_s, 1)}
    yield Value("cancel", value, seen)
    is_object = isinstance(ended.object.get("failure"), Mapping)
    if not ended.is_done and ended.status == 400:
        yield Value("failure-form", "object" if is_object else "string", {"answer": ended.shown})


async def after_the_pin(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    await bench.no_card()
    running = await bench.purchase()
    await bench.person.please(
        "pin", "Insert the test card and enter the PIN; press Enter here at the moment at which you confirm it."
    )
    if running.has_ended:
        raise CannotTry(f"the payment had ended before: {running.reply.result().shown}")
    reply = await bench.cancel()
    ended = await bench.end(running)
    reason = result(ended).get("rejectionreason", "")
    value = "no_effect" if ended.is_done else "stopped" if reason.startswith("2:") else "other"
    yield Value("cancel-after-pin", value, {"request": reply.shown, "payment": ended.shown})


async def look_up_at_work(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    if not result(await bench.look_up()):
        await bench.paid()  # without a result before, that one could not be shown
    async with bench.waiting() as running:
        at_work = word(await bench.state())
        yield Value("busy-word", "idle" if at_work == "idle" else "not_idle", {"terminalState": at_work})
        reply = await bench.look_up()
        await bench.clock.sleep(3.0)
        was_cut = running.has_ended
    value = "cancels" if was_cut else "previous" if reply.is_done else "refuse"
    yield Value("lookup-busy", value, {"look-up": reply.shown})


async def second_payment(bench: Bench) -> AsyncIterator[Value]:
    async with bench.waiting() as running:
        second = await bench.purchase()
        await bench.clock.sleep(12.0)
        was_cut, was_refused = running.has_ended, second.has_ended
        if not was_cut and not was_refused:
            await bench.cancel()
            await bench.end(running)
            await bench.clock.sleep(8.0)
        if not second.has_ended:
            await bench.cancel()
        answer = await bench.end(second)
    value = "auto_cancel" if was_cut else "refuse" if was_refused else "both"
    yield Value("second-payment", value, {"second": answer.shown})
    if was_refused:
        failure = answer.object.get("failure")
        form = "object" if isinstance(failure, Mapping) else "string" if isinstance(failure, str) else "other"
        yield Value("busy-form", form, {"answer": answer.shown})


async def duplicate(bench: Bench) -> AsyncIterator[Value]:
    paid, _ = await bench.paid()
    await bench.rest()
    await bench.no_card()
    again = await bench.purchase(order_id=paid.order_id)
    await bench.clock.sleep(6.0)
    is_refused = again.has_ended
    if not is_refused:
        await bench.cancel()
    answer = await bench.end(again)
    yield Value("order-id-duplicate", "refuse" if is_refused else "accept", {"answer": answer.shown})


async def bad_amounts(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    await bench.no_card()
    seen = {}
    for amount in (0, -1, 1.5):
        body = {"transactionType": "purchase", "amount": amount, "orderId": bench.reference()}
        reply = await bench.line.ask("POST", f"{bench.path}/transaction", body, limit_s=200.0)
        seen[str(amount)] = reply.shown
        await bench.rest()
    is_refused = all(one.startswith("4") and "localModeEventArgs" not in one for one in seen.values())
    yield Value("bad-amounts", "refused" if is_refused else "taken", seen)


async def nobody(bench: Bench) -> AsyncIterator[Value]:
    """A purchase at which nobody shows a card, to its end."""
    await bench.rest()
    await bench.no_card()
    await bench.person.tell("Now the terminal waits for a card until it gives up by itself: about two minutes.")
    began = bench.clock.monotonic()
    async with _Listening(bench) as texts:
        running = await bench.purchase()
        ended = await bench.end(running)
        line_s = bench.clock.monotonic() - began
        await bench.rest()
        wait_s = bench.clock.monotonic() - began if not ended.status or ended.status >= 500 else line_s
    held = "whole" if 0 < ended.status < 500 else "gateway" if ended.status else "cut"
    yield Value("line-held", held, {"answer": ended.shown, "seconds": round(line_s)})
    is_usual = abs(wait_s - 125) <= 15
    yield Value("card-wait", "125s" if is_usual else "other", {"seconds": round(wait_s)})
    yield Value("live-texts", "yes" if texts else "no", {"texts": " / ".join(dict.fromkeys(texts))[:200]})


class _Listening:
    """What the terminals' displays show, for as long as the block runs."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._texts: list[str] = []

    async def __aenter__(self) -> list[str]:
        bench, nets = self._bench, self._bench.settings.organisation.nets
        assert nets is not None

        async def token() -> str:
            return bench.line.token

        live = LiveTexts(
            nets.base_url, token=token, reject=lambda token: None, clock=bench.clock, uniform=bench.chance.uniform
        )
        self._task = asyncio.get_running_loop().create_task(self._read(live), name="pilot's socket")
        await bench.clock.sleep(2.0)
        return self._texts

    async def _read(self, live: LiveTexts) -> None:
        async for shown in live.texts():
            if shown.terminal == self._bench.terminal.id:
                self._texts.append(shown.text)

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def unplugged(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    await bench.person.please("unplug", "Pull the terminal's network cable (or switch its network off).")
    began = bench.clock.monotonic()
    reply = await bench.state()
    while word(reply) == "idle" and bench.clock.monotonic() - began < LOST_LINE_S:
        await bench.clock.sleep(2.0)
        reply = await bench.state()
    listed = await bench.line.ask("GET", "/v1/terminal")
    await bench.person.please("plug", "Plug it in again.")
    seen = {"answer": reply.shown, "seconds": round(bench.clock.monotonic() - began)}
    if word(reply) == "idle":
        value = "unseen"
    elif reply.is_done and word(reply) in assumed.OFFLINE_STATES:
        value = "state"
    else:
        value = "404" if reply.status == 404 else "8013" if "8013" in reply.text else "other"
    yield Value("offline-form", value, seen)
    yield Value("offline-listed", "yes" if bench.terminal.id in listed.text else "no", {"list": listed.shown})
    await bench.rest()


async def power_while_waiting(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    await bench.no_card()
    before = result(await bench.look_up())
    running = await bench.purchase()
    await bench.person.please(
        "power-cut-waiting",
        "Show no card: pull the terminal's power plug while it waits for one, and plug it in again.",
    )
    ended = await bench.end(running)
    await bench.clock.sleep(5.0)
    now = result(await bench.last())
    is_new = now.get("timestamp") != before.get("timestamp") or now.get("totalamount") != before.get("totalamount")
    if result(ended):
        value = "too_late"
    elif not is_new:
        value = "nothing"
    else:
        value = "approved" if now.get("result") == "0" else "rejected"
    yield Value("power-cut-waiting", value, {"answer": ended.shown})


async def power(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    await bench.person.please(
        "power-cut",
        "Be ready: insert the test card, enter the PIN, and pull the power plug at once while the terminal says to wait."
        " Plug it in again after ten seconds.",
    )
    running = await bench.purchase()
    ended = await bench.end(running)
    await bench.clock.sleep(5.0)
    await bench.rest()
    found = await bench.last()
    now = result(found)
    if ended.is_done:
        value = "too_late"
    elif not now:
        value = "lost"
    elif now.get("totalamount") != str(running.amount_minor):
        value = "other"
    else:
        value = "keep" if now.get("result") == "0" else "reverse_on_boot"
    yield Value("power-cut", value, {"answer": ended.shown, "look-up": found.shown})
