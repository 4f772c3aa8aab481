"""The client against the simulated Connect@Cloud, over real sockets in virtual time: what each call comes back with."""

from __future__ import annotations

import asyncio
import logging

import pytest

from edgepos.connectcloud import CloudDown, LookUpFailed, TerminalBusy, TerminalOffline, Times
from edgepos.domain.errors import Wrong
from edgepos.domain.result import NoAnswer, OwnReply, Result, TerminalResult

from .nets import RECEPTION, REFERENCE, TRANSACTION, Nets

pytestmark = pytest.mark.virtual_time

ADMINISTRATION = "/v1/terminal/*/administration"


def result_of(reply: OwnReply | NoAnswer) -> TerminalResult:
    assert isinstance(reply, OwnReply)
    assert reply.result is not None
    return reply.result


async def pay(nets: Nets, amount_minor: int = 125_000) -> OwnReply | NoAnswer:
    return await nets.cloud.purchase(RECEPTION, amount_minor, REFERENCE)


# --- the happy path, and the ordinary no


async def test_a_purchase_comes_back_approved_and_the_bank_took_it_once(nets: Nets) -> None:
    reply = await pay(nets)
    result = result_of(reply)
    assert isinstance(reply, OwnReply)
    assert reply.accepted
    assert reply.elapsed_s > 0
    assert (result.result, result.net_minor) == (Result.MOVED, 125_000)
    assert (result.terminal, result.order_id) == (RECEPTION, REFERENCE)
    assert result.customer_slip
    assert nets.moved() == [("purchase", 125_000, REFERENCE)]


async def test_the_last_result_is_the_same_fence_as_the_answer(nets: Nets) -> None:
    reply = await pay(nets)
    await asyncio.sleep(10)
    last = await nets.cloud.last(RECEPTION)
    assert last is not None
    assert last.fence == result_of(reply).fence


async def test_a_decline_is_an_ordinary_answer(nets: Nets) -> None:
    nets.cardholder(do="tap", decline_code="51")
    reply = await pay(nets)
    result = result_of(reply)
    assert isinstance(reply, OwnReply)
    assert not reply.accepted
    assert (result.result, result.response_code) == (Result.REJECTED, "51")
    assert nets.moved() == []


async def test_a_decline_told_as_a_bare_text_has_no_result(nets: Nets) -> None:
    nets.behaves(failure_form="string")
    nets.cardholder(do="tap", decline_code="51")
    reply = await pay(nets)
    assert isinstance(reply, OwnReply)
    assert (reply.accepted, reply.result, bool(reply.error)) == (False, None, True)


async def test_no_card_in_time_ends_as_the_terminals_own_no(nets: Nets) -> None:
    nets.cardholder(do="walk_away")
    began = nets.clock.monotonic()
    result = result_of(await pay(nets))
    assert (result.result, result.rejection_reason) == (Result.REJECTED, "5:0")
    assert nets.clock.monotonic() - began >= 125


async def test_a_refund_and_a_reversal_move_the_money_back(nets: Nets) -> None:
    refund = await nets.cloud.refund(RECEPTION, 4_000, REFERENCE)
    assert result_of(refund).net_minor == 4_000
    assert nets.moved() == [("refund", 4_000, REFERENCE)]
    await asyncio.sleep(10)
    await pay(nets, 9_000)
    await asyncio.sleep(10)
    reversal = await nets.cloud.reverse(RECEPTION, 9_000)
    assert result_of(reversal).result is Result.MOVED
    assert [kind for kind, _, _ in nets.moved()] == ["refund", "purchase", "reversal"]


async def test_cancelling_goes_by_another_connection_while_the_payment_waits(nets: Nets) -> None:
    nets.behaves(cardholder="absent")
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(pay(nets))
        await asyncio.sleep(10)
        assert await nets.cloud.cancel(RECEPTION)
    assert result_of(payment.result()).rejection_reason == "2:1"


async def test_a_cancel_with_nothing_to_cancel_is_not_taken(nets: Nets) -> None:
    assert await nets.cloud.cancel(RECEPTION) is False


async def test_a_reconciliation_brings_the_report_and_the_next_session(nets: Nets) -> None:
    nets.behaves(structured_totals=True)
    session = result_of(await pay(nets)).session
    await asyncio.sleep(10)
    reply, slip = await nets.cloud.reconcile(RECEPTION)
    assert isinstance(reply, OwnReply)
    assert slip is not None
    assert slip.session == session
    assert "\r\n" in slip.text
    assert sum(total.amount_minor for total in slip.totals) == 125_000


async def test_a_failed_reconciliation_has_no_report(nets: Nets) -> None:
    nets.behaves(reconciliation="fails")
    reply, slip = await nets.cloud.reconcile(RECEPTION)
    assert isinstance(reply, OwnReply)
    assert (reply.accepted, slip) == (False, None)


@pytest.mark.parametrize(
    "variants",
    [
        {"numbers": "string"},
        {"key_case": "lower"},
        {"key_case": "id_pan_mixed"},
        {"empty_keys": ("CVM", "AID"), "null_keys": ("TipAmount",), "missing_keys": ("SurchargeAmount", "SiteID")},
    ],
)
async def test_the_clouds_odd_spellings_say_the_same(nets: Nets, variants: dict[str, object]) -> None:
    nets.behaves(**variants)
    result = result_of(await pay(nets))
    assert (result.result, result.net_minor, result.order_id) == (Result.MOVED, 125_000, REFERENCE)


async def test_fc13_amounts_keep_their_integer_on_the_wire(nets: Nets) -> None:
    amounts = [1, 5, 10, 99, 100, 101, 460, 1_999, 46_000, 100_001, 500_050, 999_998, 999_999]
    for amount in amounts:
        assert result_of(await pay(nets, amount)).net_minor == amount
        await asyncio.sleep(10)
    assert [amount for _, amount, _ in nets.moved()] == amounts


# --- nobody knows


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "cut_body", "reset"])
async def test_a_cut_line_is_no_answer(nets: Nets, fault: str) -> None:
    nets.fault(fault, TRANSACTION, method="POST")
    assert await pay(nets) == NoAnswer(cause="line-lost")


async def test_a_lost_answer_is_found_by_looking(nets: Nets) -> None:
    nets.fault("drop_after", TRANSACTION, method="POST")
    await pay(nets)
    await asyncio.sleep(10)
    last = await nets.cloud.last(RECEPTION)
    assert last is not None
    assert (last.order_id, last.net_minor) == (REFERENCE, 125_000)
    assert nets.calls("POST", "/transaction") == 1


@pytest.mark.parametrize(
    ("fault", "args", "cause"),
    [
        ("504_at_60s", {}, "504"),
        ("status", {"status": 500}, "500"),
        ("status", {"status": 502, "body": "<html>"}, "502"),
        ("status", {"status": 403, "body": '{"error": "no"}'}, "403"),
        ("status", {"status": 404, "body": '{"error": "no"}'}, "404"),
        ("retry_after", {}, "429"),
        ("status", {"status": 400, "body": "<html>"}, "unreadable"),
        ("status", {"status": 400}, "unreadable"),
        ("status", {"status": 400, "body": '"busy"'}, "unreadable"),
        ("401_executed", {}, "401"),
        ("html", {"carried": True}, "sign-in-page"),
        ("redirect", {"carried": True}, "sign-in-page"),
        ("511", {"carried": True}, "sign-in-page"),
        ("cut_json", {}, "unreadable"),
        ("wrong_type", {}, "unreadable"),
        ("empty", {}, "unreadable"),
    ],
)
async def test_what_is_not_the_clouds_word_is_no_answer(
    nets: Nets, fault: str, args: dict[str, object], cause: str
) -> None:
    nets.cardholder(do="tap", after_s=70)
    nets.fault(fault, TRANSACTION, method="POST", **args)
    assert await pay(nets) == NoAnswer(cause=cause)
    assert nets.calls("POST", "/transaction") == 1


async def test_the_call_ends_with_the_longest_operation(nets: Nets) -> None:
    nets.fault("hang", TRANSACTION, method="POST")
    began = nets.clock.monotonic()
    assert await pay(nets) == NoAnswer(cause="time-out")
    assert nets.clock.monotonic() - began == pytest.approx(Times().longest_operation_s, abs=1)


async def test_an_error_in_the_middle_of_a_reconciliation_is_no_answer(nets: Nets) -> None:
    nets.fault("cut_body", ADMINISTRATION)
    assert await nets.cloud.reconcile(RECEPTION) == (NoAnswer(cause="line-lost"), None)


async def test_a_cancelled_call_leaves_the_payment_at_the_terminal(nets: Nets) -> None:
    nets.cardholder(do="tap", after_s=20)
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(pay(nets))
        await asyncio.sleep(10)
        payment.cancel()
    await asyncio.sleep(30)
    assert nets.moved() == [("purchase", 125_000, REFERENCE)]


# --- provably not sent


async def test_a_refused_connection_is_provably_not_sent(nets: Nets) -> None:
    await nets.cloud.login()
    nets.fault("down")
    with pytest.raises(CloudDown) as down:
        await pay(nets)
    assert (down.value.code, down.value.facts["why"]) == ("nets-away", "refused")


async def test_without_a_token_nothing_is_sent(nets: Nets) -> None:
    nets.cloud_behaves(logins_refused=True)
    with pytest.raises(CloudDown, match="credentials"):
        await pay(nets)
    assert nets.calls("POST", "/transaction") == 0


@pytest.mark.parametrize("amount", [0, -1, 12.5, True, "100"])
async def test_what_is_no_amount_is_not_sent(nets: Nets, amount: object) -> None:
    with pytest.raises(Wrong):
        await pay(nets, amount)  # type: ignore[arg-type]
    assert nets.calls("POST", "/transaction") == 0


@pytest.mark.parametrize("terminal", ["", "7000000", "700000011", "7000000a", "../login", "70000001/x", "7000٠٠01"])
async def test_what_is_no_terminal_is_not_asked(nets: Nets, terminal: str) -> None:
    with pytest.raises(Wrong):
        await nets.cloud.state(terminal)
    with pytest.raises(Wrong):
        await nets.cloud.purchase(terminal, 100, REFERENCE)
    assert not nets.simulator.world.calls


# --- questions


async def test_the_account_knows_its_terminals(nets: Nets) -> None:
    account = await nets.cloud.login()
    assert account.terminals == await nets.cloud.terminals() == frozenset(nets.simulator.world.terminals)
    nets.cloud_behaves(login="token_only")
    assert (await nets.cloud.login()).terminals is None


async def test_a_wrong_password_is_said_as_that(nets: Nets) -> None:
    with pytest.raises(CloudDown) as down:
        await nets.client(password="wrong").login()
    assert (down.value.code, down.value.facts["service"]) == ("credentials", "nets")


async def test_the_state_of_a_terminal(nets: Nets) -> None:
    assert (await nets.cloud.state(RECEPTION)).reported == "idle"
    nets.terminal.menu(60, "menu")
    assert (await nets.cloud.state(RECEPTION)).reported == "busy"


@pytest.mark.parametrize("offline_as", ["state", "8013", "404"])
async def test_an_offline_terminal_is_known_in_each_form(nets: Nets, offline_as: str) -> None:
    nets.behaves(connected=False, offline_as=offline_as)
    assert (await nets.cloud.state(RECEPTION)).is_offline


async def test_a_terminal_of_another_account_looks_offline(nets: Nets) -> None:
    assert (await nets.cloud.state("79999999")).is_offline
    with pytest.raises(TerminalOffline):
        await nets.cloud.last("79999999")


@pytest.mark.parametrize("form", ["failure", "empty"])
async def test_a_terminal_that_has_no_last_result_says_so(nets: Nets, form: str) -> None:
    nets.behaves(lookup_empty=form)
    assert await nets.cloud.last(RECEPTION) is None


@pytest.mark.parametrize("form", ["string", "object"])
async def test_a_busy_terminal_is_not_one_without_a_result(nets: Nets, form: str) -> None:
    nets.behaves(busy_form=form)
    nets.terminal.menu(60, "menu")
    with pytest.raises(TerminalBusy):
        await nets.cloud.last(RECEPTION)


async def test_an_offline_terminal_is_not_one_without_a_result(nets: Nets) -> None:
    nets.behaves(connected=False)
    with pytest.raises(TerminalOffline):
        await nets.cloud.last(RECEPTION)


async def test_a_silent_terminal_is_not_one_without_a_result(nets: Nets) -> None:
    nets.behaves(silent=True, silent_s=30)
    with pytest.raises(LookUpFailed, match="7009"):
        await nets.cloud.last(RECEPTION)


@pytest.mark.parametrize(
    ("fault", "args", "code"),
    [
        ("html", {}, "sign-in-page"),
        ("redirect", {}, "sign-in-page"),
        ("511", {}, "sign-in-page"),
        ("status", {"status": 503}, "nets-away"),
        ("status", {"status": 500, "body": '{"failure": "8013"}'}, "nets-away"),
        ("drop_before", {}, "nets-away"),
        ("cut_json", {}, "nets-away"),
        ("wrong_type", {}, "nets-away"),
        ("empty", {"carried": False}, "nets-away"),
        ("hang", {}, "nets-away"),
        ("retry_after", {}, "nets-away"),
    ],
)
async def test_fc19_a_question_that_meets_something_else_is_not_answered(
    nets: Nets, fault: str, args: dict[str, object], code: str
) -> None:
    await nets.cloud.login()
    for question in (nets.cloud.state(RECEPTION), nets.cloud.terminals()):
        nets.fault(fault, method="GET", **args)
        with pytest.raises(CloudDown) as down:
            await question
        assert down.value.code == code
        assert down.value.facts["service"] == "nets"
    nets.fault(fault, method="GET", **args)
    with pytest.raises((CloudDown, LookUpFailed)):
        await nets.cloud.last(RECEPTION)


# --- the token (FC-20)


@pytest.mark.parametrize("hours", [11, 25])
async def test_fc20_the_first_payment_after_a_long_rest_works(nets: Nets, hours: int) -> None:
    await nets.cloud.login()
    await asyncio.sleep(hours * 3600)
    assert result_of(await pay(nets)).result is Result.MOVED


async def test_fc20_a_token_that_could_end_meanwhile_is_renewed_before_money_is_sent(nets: Nets) -> None:
    nets.cloud_behaves(token_life_s=400)
    await nets.cloud.login()
    await asyncio.sleep(390)
    nets.cardholder(do="tap", after_s=30)
    assert result_of(await pay(nets)).result is Result.MOVED
    assert nets.calls("POST", "/login") == 2


@pytest.mark.parametrize("days", [-30, 30, -20_000])
async def test_a_wrong_clock_on_either_side_ends_no_token(nets: Nets, days: int) -> None:
    nets.cloud_behaves(clock_offset_s=days * 86_400.0)
    await nets.cloud.login()
    await asyncio.sleep(20 * 3600)
    await nets.cloud.ensure_token(900)
    assert nets.calls("POST", "/login") == 1
    await asyncio.sleep(3.9 * 3600)
    await nets.cloud.ensure_token(900)
    assert nets.calls("POST", "/login") == 2


async def test_fc20_a_question_heals_a_revoked_token_by_one_login(nets: Nets) -> None:
    await nets.cloud.login()
    nets.simulator.world.nets.revoke_tokens()
    states = await asyncio.gather(*(nets.cloud.state(RECEPTION) for _ in range(5)))
    assert {state.reported for state in states} == {"idle"}
    assert nets.calls("POST", "/login") == 2


async def test_fc20_a_payment_that_met_a_revoked_token_is_never_repeated(nets: Nets) -> None:
    await nets.cloud.login()
    nets.simulator.world.nets.revoke_tokens()
    assert await pay(nets) == NoAnswer(cause="401")
    assert nets.calls("POST", "/transaction") == 1
    assert await nets.cloud.last(RECEPTION) is None
    assert result_of(await pay(nets)).result is Result.MOVED


async def test_a_question_is_not_asked_for_ever_with_ever_new_tokens(nets: Nets) -> None:
    nets.fault("status", "/v1/terminal/*", times=None, status=401, body='{"error": "Unauthorized"}')
    with pytest.raises(CloudDown, match="credentials"):
        await nets.cloud.state(RECEPTION)
    assert nets.calls("GET", RECEPTION) == 2


async def test_a_cancel_renews_no_token(nets: Nets) -> None:
    nets.behaves(cardholder="absent")
    nets.cloud_behaves(token_life_s=400)
    async with asyncio.TaskGroup() as group:
        payment = group.create_task(pay(nets))
        await asyncio.sleep(100)
        await nets.cloud.cancel(RECEPTION)
    assert isinstance(payment.result(), OwnReply)
    assert nets.calls("POST", "/login") == 1


# --- what may not get out


async def test_neither_token_nor_password_nor_body_is_logged(nets: Nets, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await pay(nets)
    with pytest.raises(CloudDown):
        await nets.client(password="very-secret-word").login()
    token = next(iter(nets.simulator.world.nets.tokens))
    shown = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("edgepos"))
    assert "nets answered" in shown
    for secret in (token, "very-secret-word", "demo-password", "orderId"):
        assert secret not in shown
