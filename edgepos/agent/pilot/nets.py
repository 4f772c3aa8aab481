"""How each assumed fact of Connect@Cloud is tried: one trial after the other, each from a terminal at rest.

A trial gives the facts that it found, by their ids, with what they were seen by. It raises `CannotTry` where it does
not come about; it leaves no purchase running.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

from edgepos.agent.pilot import nets_at_work as at_work
from edgepos.agent.pilot.facts import Value
from edgepos.agent.pilot.line import Reply
from edgepos.agent.pilot.nets_bench import Bench, CannotTry, claims, order_id, raw_result, result, word
from edgepos.connectcloud import assumed
from edgepos.domain.slip import read_slip

NEEDED = ("Result", "TerminalID", "TotalAmount", "StanAuth", "TimeStamp", "SessionNumber", "CVM")
NOT_OURS = "99999999"
DAY_S = 86_400
SOON_S = 5.0
LATE_S = 30.0
STAYS_S = 90.0


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


TRIALS: Mapping[Trial, tuple[str, ...]] = {
    account: ("login-form", "token-life", "second-login", "bad-token", "printer-width"),
    states: ("idle-word", "foreign-terminal"),
    nothing_yet: ("lookup-empty",),
    fresh: ("fresh-terminal",),
    approved: (
        "numbers", "key-case", "needed-keys", "time-form", "terminal-clock", "visible-after", "order-id-echo",
    ),
    stays: ("approval-stays",),
    at_work.cancelling: ("cancel-nothing", "cancel", "failure-form"),
    at_work.after_the_pin: ("cancel-after-pin",),
    at_work.look_up_at_work: ("busy-word", "lookup-busy"),
    at_work.second_payment: ("second-payment", "busy-form"),
    at_work.duplicate: ("order-id-duplicate",),
    at_work.bad_amounts: ("bad-amounts",),
    giving_back: ("void", "void-is-last", "refund"),
    closing: ("structured-totals", "slip-readable", "last-after-reconciliation", "empty-repeat", "session-number"),
    at_work.nobody: ("line-held", "card-wait", "live-texts"),
    keypad: ("keypad-sale",),
    at_work.unplugged: ("offline-form", "offline-listed"),
    at_work.power_while_waiting: ("power-cut-waiting",),
    at_work.power: ("power-cut",),
}  # fmt: skip
"""In this order: what needs a new terminal first, what is hard on the terminal last."""
