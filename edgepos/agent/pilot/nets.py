"""How each assumed fact of Connect@Cloud is tried: one trial after the other, each from a terminal at rest.

A trial gives the facts that it found, by their ids, with what they were seen by. It raises `CannotTry` where it does
not come about; it leaves no purchase running.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from edgepos.agent.pilot.line import Reply
from edgepos.agent.pilot.nets_bench import Bench, CannotTry, claims, order_id, raw_result, result, word
from edgepos.connectcloud import LiveTexts, assumed
from edgepos.domain.slip import read_slip

NEEDED = ("Result", "TerminalID", "TotalAmount", "StanAuth", "TimeStamp", "SessionNumber", "CVM")
NOT_OURS = "99999999"
DAY_S = 86_400
SOON_S = 5.0
LATE_S = 30.0
STAYS_S = 90.0
LOST_LINE_S = 120.0


class Value(NamedTuple):
    fact: str
    value: str
    seen: Mapping[str, object] = {}


Trial = Callable[[Bench], AsyncIterator[Value]]


async def account(bench: Bench) -> AsyncIterator[Value]:
    reply = await bench.log_in()
    keys = sorted(reply.object)
    form = "full" if {"token", "terminals"} <= {*keys} else "token_only" if keys == ["token"] else "other"
    yield Value("login-form", form, {"keys": ", ".join(keys)})
    told = claims(bench.line.token)
    if isinstance(told.get("exp"), int) and isinstance(told.get("iat"), int):
        life_s = told["exp"] - told["iat"]
        yield Value("token-life", "24h" if abs(life_s - DAY_S) <= 60 else "other", {"seconds": life_s})
    else:
        yield Value("token-life", "untold", {"claims": ", ".join(map(str, told))})
    first = bench.line.token
    await bench.log_in()
    old = await bench.line.ask("GET", "/v1/terminal", token=first)
    yield Value("second-login", "both" if old.is_done else "newest", {"first token": old.status})
    bad = await bench.line.ask("GET", "/v1/terminal", token="not-a-token")
    yield Value("bad-token", "401" if bad.status == 401 else "other", {"answer": bad.shown})
    settings = await bench.line.ask("GET", f"{bench.path}/settings")
    is_told = settings.is_done and "printerWidth" in settings.object
    yield Value("printer-width", "yes" if is_told else "no", {"answer": settings.shown})


async def states(bench: Bench) -> AsyncIterator[Value]:
    own = word(await bench.state())
    yield Value("idle-word", "idle" if own == "idle" else "other", {"terminalState": own})
    foreign = await bench.line.ask("GET", f"/v1/terminal/{NOT_OURS}")
    form = "404" if foreign.status == 404 else "8013" if "8013" in foreign.text else "other"
    yield Value("foreign-terminal", form, {"answer": foreign.shown})


async def nothing_yet(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    reply = await bench.look_up()
    if result(reply):
        raise CannotTry("the terminal has a last result already")
    if reply.is_done:
        yield Value("lookup-empty", "empty", {"answer": reply.shown})
    else:
        is_known = bool(assumed.NO_RESULT_WORDS.search(reply.text))
        yield Value("lookup-empty", "failure" if is_known else "other", {"answer": reply.shown})


async def fresh(bench: Bench) -> AsyncIterator[Value]:
    said = await bench.person.answer("is-new", "Is this terminal new, and was it never reconciled? yes or no")
    if said.strip().lower() not in ("y", "yes"):
        raise CannotTry("the terminal is not new")
    await bench.rest()
    await bench.card()
    reply = await (await bench.purchase()).reply
    code = result(reply).get("responsecode", "")
    value = "paid" if reply.is_done else "refused_87" if code == "87" or "87" in reply.text[:60] else "other"
    yield Value("fresh-terminal", value, {"answer": reply.shown, "ResponseCode": code})
    if not reply.is_done:
        await bench.reconcile()


async def approved(bench: Bench) -> AsyncIterator[Value]:
    """An approved purchase: all that its answer and its look-up show."""
    paid, reply = await bench.paid()
    answered_at = bench.clock.monotonic()
    for value in _shape(bench, reply):
        yield value
    found, seen_s = await _until_visible(bench, paid.amount_minor, answered_at)
    yield Value("visible-after", "soon" if seen_s <= SOON_S else "late", {"seconds": round(seen_s, 1)})
    echoes = {"answer": order_id(reply), "look-up": order_id(found)}
    cancelled = await _cancelled(bench)
    last = await bench.last()
    echo = "approved"
    if not any(echoes.values()):
        echo = "never"
    elif any(one and one != paid.order_id for one in echoes.values()):
        echo = "cut10"
    elif order_id(last) == cancelled:
        echo = "also_declines"
    yield Value("order-id-echo", echo, {"sent": paid.order_id, **echoes, "declined": order_id(last)})


def _shape(bench: Bench, reply: Reply) -> list[Value]:
    fields = raw_result(reply)
    by_small = {key.lower(): (key, value) for key, value in fields.items()}
    total = by_small.get("totalamount", ("", None))[1]
    values = [Value("numbers", "string" if isinstance(total, str) else "int", {"TotalAmount": repr(total)})]
    spelling = "other"
    for name, key in (("documented", "TruncatedPAN"), ("lower", "truncatedPAN"), ("id_pan_mixed", "TruncatedPan")):
        if key in fields:
            spelling = name
    values.append(Value("key-case", spelling, {"keys": ", ".join(sorted(fields))}))
    lacking = {
        "missing": [key for key in NEEDED if key.lower() not in by_small],
        "null": [key for key in NEEDED if by_small.get(key.lower(), ("", 0))[1] is None],
        "empty": [key for key in NEEDED if by_small.get(key.lower(), ("", 0))[1] == ""],
    }
    worst = next((name for name, keys in lacking.items() if keys), "all_there")
    values.append(Value("needed-keys", worst, {name: ", ".join(keys) for name, keys in lacking.items() if keys}))
    return [*values, *_time(bench, str(by_small.get("timestamp", ("", ""))[1] or ""))]


def _time(bench: Bench, stamp: str) -> list[Value]:
    zone = bench.settings.place.zone
    try:
        if re.fullmatch(r"\d{14}", stamp):
            form, at = "local", datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=zone)
        else:
            form, at = "iso", datetime.fromisoformat(stamp)
        off_s = round((at - bench.clock.now()).total_seconds())
    except (ValueError, TypeError):
        return [Value("time-form", "other", {"TimeStamp": stamp})] if stamp else []
    clock = "right" if abs(off_s) <= 120 else "off"
    return [Value("time-form", form, {"TimeStamp": stamp}), Value("terminal-clock", clock, {"seconds off": off_s})]


async def _until_visible(bench: Bench, amount_minor: int, since: float) -> tuple[Reply, float]:
    while True:
        found = await bench.look_up()
        passed = bench.clock.monotonic() - since
        if result(found).get("totalamount") == str(amount_minor):
            return found, passed
        if passed > LATE_S * 3:
            raise CannotTry("the look-up did not show the purchase")
        await bench.clock.sleep(1.0)


async def _cancelled(bench: Bench) -> str:
    """The reference of a purchase that was cancelled before a card was shown."""
    async with bench.waiting() as running:
        pass
    return str(running.order_id)


async def stays(bench: Bench) -> AsyncIterator[Value]:
    paid, _ = await bench.paid()
    await bench.clock.sleep(STAYS_S)
    await bench.rest()
    found = await bench.look_up()
    is_ours = result(found).get("totalamount") == str(paid.amount_minor)
    if not is_ours:
        raise CannotTry("another result shows")
    is_approved = result(found).get("result") == "0"
    yield Value("approval-stays", "stays" if is_approved else "taken_back", {"look-up": found.shown})


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


async def giving_back(bench: Bench) -> AsyncIterator[Value]:
    paid, _ = await bench.paid()
    before = await bench.last()
    await bench.clock.sleep(SOON_S)
    reply = await bench.void(paid.amount_minor)
    is_done = reply.is_done and result(reply).get("result") == "0"
    yield Value("void", "undone" if is_done else "refused", {"answer": reply.shown, "orderId": order_id(reply) or "-"})
    if is_done:
        after = await bench.last()
        is_own = result(after).get("stanauth") not in ("", None, result(before).get("stanauth"))
        yield Value("void-is-last", "yes" if is_own else "no", {"look-up": after.shown})
    await bench.rest()
    await bench.card()
    refund = await (await bench.purchase(kind="returnOfGoods")).reply
    is_given = refund.is_done and result(refund).get("result") == "0"
    yield Value(
        "refund", "given" if is_given else "refused", {"answer": refund.shown, "orderId": order_id(refund) or "-"}
    )


async def closing(bench: Bench) -> AsyncIterator[Value]:
    await bench.paid()
    before = result(await bench.last()).get("stanauth")
    reply = await bench.reconcile()
    report = _report(reply)
    if not report:
        raise CannotTry(f"the reconciliation did not go through: {reply.shown}")
    yield Value("structured-totals", "yes" if "totals" in report else "no", {"keys": ", ".join(sorted(report))})
    text = _text(report)
    place = bench.settings.place
    read = read_slip(text, country=place.country, currency=place.currency)
    seen = {"report": text} if read.totals is None else {}
    yield Value("slip-readable", "yes" if read.totals is not None else "no", seen)
    after = await bench.last()
    kept = "kept" if result(after).get("stanauth") == before else "other" if result(after) else "cleared"
    yield Value("last-after-reconciliation", kept, {"look-up": after.shown})
    again = await bench.reconcile()
    first, second = _session(report), _session(_report(again))
    repeat = "refused" if not again.is_done else "same_session" if second == first else "new_session"
    yield Value("empty-repeat", repeat, {"sessions": f"{first}, {second}", "answer": again.shown})
    _, paid = await bench.paid()
    closed, now = second or first, result(paid).get("sessionnumber", "")
    is_next = closed.isdecimal() and now.isdecimal() and int(now) == int(closed) % 999 + 1
    yield Value("session-number", "plus_one" if is_next else "other", {"closed": closed, "next purchase": now})


def _report(reply: Reply) -> Mapping[str, object]:
    found = reply.object.get("result")
    report = found.get("reconciliation") if isinstance(found, Mapping) else None
    return report if isinstance(report, Mapping) else {}


def _text(report: Mapping[str, object]) -> str:
    printed = report.get("printText")
    return str(printed.get("Text", "")) if isinstance(printed, Mapping) else ""


def _session(report: Mapping[str, object]) -> str:
    header = report.get("header")
    return str(header.get("sessionNumber", "")) if isinstance(header, Mapping) else ""


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


async def keypad(bench: Bench) -> AsyncIterator[Value]:
    await bench.rest()
    before = result(await bench.look_up())
    await bench.person.please(
        "keypad-sale", "Sell something small at the terminal's own keys, with the test card. Then press Enter."
    )
    found = await bench.last()
    now = result(found)
    if now.get("stanauth") == before.get("stanauth") and now.get("timestamp") == before.get("timestamp"):
        value = "hidden"
    else:
        value = "last_with_reference" if order_id(found) else "last_without_reference"
    yield Value("keypad-sale", value, {"look-up": found.shown})


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


TRIALS: Mapping[Trial, tuple[str, ...]] = {
    account: ("login-form", "token-life", "second-login", "bad-token", "printer-width"),
    states: ("idle-word", "foreign-terminal"),
    nothing_yet: ("lookup-empty",),
    fresh: ("fresh-terminal",),
    approved: (
        "numbers", "key-case", "needed-keys", "time-form", "terminal-clock", "visible-after", "order-id-echo",
    ),
    stays: ("approval-stays",),
    cancelling: ("cancel-nothing", "cancel", "failure-form"),
    after_the_pin: ("cancel-after-pin",),
    look_up_at_work: ("busy-word", "lookup-busy"),
    second_payment: ("second-payment", "busy-form"),
    duplicate: ("order-id-duplicate",),
    bad_amounts: ("bad-amounts",),
    giving_back: ("void", "void-is-last", "refund"),
    closing: ("structured-totals", "slip-readable", "last-after-reconciliation", "empty-repeat", "session-number"),
    nobody: ("line-held", "card-wait", "live-texts"),
    keypad: ("keypad-sale",),
    unplugged: ("offline-form", "offline-listed"),
    power_while_waiting: ("power-cut-waiting",),
    power: ("power-cut",),
}  # fmt: skip
"""In this order: what needs a new terminal first, what is hard on the terminal last."""
