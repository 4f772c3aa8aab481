"""Each odd shape that the protocol page names is read as what it says, and nothing that it does not say is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.connectcloud import wire
from edgepos.connectcloud.reading import masked_card, time_stamp, without_card_numbers
from edgepos.connectcloud.wire import ReconciliationSlip, Unexpected
from edgepos.domain.result import Result, TerminalResult
from edgepos.domain.slip import SchemeTotal

REFERENCE = "E7K2M9Q4T1XA3"
ARGUMENTS: dict[str, Any] = {
    "Result": 0,
    "ResultData": "D!000;20261125101530;0;042;99999999999999999999",
    "AccumulatorUpdate": 32,
    "IssuerID": 3,
    "CardIssuerName": "VISA",
    "TruncatedPAN": "************1234-0",
    "TimeStamp": "20261125101530",
    "CVM": 0,
    "SessionNumber": "042",
    "StanAuth": "123456789012",
    "SequenceNumber": "000017",
    "TotalAmount": 125000,
    "TipAmount": 0,
    "SurchargeAmount": 0,
    "RejectionSource": 0,
    "RejectionReason": "",
    "ResponseCode": "00",
    "TerminalID": "70000001",
    "AcquirerMerchantID": "9000001",
    "SiteID": "1",
    "OrganisationNumber": "",
    "AID": "A0000000031010",
    "TVR": "0000008000",
    "TSI": "E800",
    "OptionalData": "",
}
SLIP = "DEMO VET\r\nÅsa Ørsted €12,50 🐶\r\n"


def approved(**changes: Any) -> dict[str, Any]:
    arguments = {key: value for key, value in (ARGUMENTS | changes).items() if value is not ...}
    element = {
        "localModeEventArgs": arguments,
        "customerReceipt": SLIP,
        "merchantReceipt": "MERCHANT\r\n",
        "cardType": "VISA",
        "orderId": REFERENCE,
    }
    return {"result": [element]}


def result_of(body: object, *, accepted: bool = True) -> TerminalResult:
    result = wire.own_reply(body, accepted=accepted).result
    assert result is not None
    return result


def test_an_approval_is_read_field_by_field() -> None:
    assert result_of(approved()) == TerminalResult(
        result=Result.MOVED,
        terminal="70000001",
        order_id=REFERENCE,
        total_minor=125000,
        stan_auth="123456789012",
        time_stamp="2026-11-25T10:15:30",
        session="042",
        sequence="000017",
        response_code="00",
        rejection_source="0",
        verification="0",
        masked_card="************1234-0",
        card_scheme="VISA",
        issuer_id="3",
        application_id="A0000000031010",
        customer_slip=SLIP,
        merchant_slip="MERCHANT\r\n",
    )


def test_result_data_goes_nowhere() -> None:
    assert "99999999" not in repr(wire.own_reply(approved(), accepted=True))


SAME: dict[str, Any] = {
    "keys in lower case": {
        "result": [
            {key.lower(): value for key, value in approved()["result"][0].items() if key != "localModeEventArgs"}
            | {"localmodeeventargs": {key.lower(): value for key, value in ARGUMENTS.items()}}
        ]
    },
    "numbers as text": approved(**{k: str(v) for k, v in ARGUMENTS.items() if isinstance(v, int)}),
    "digits as numbers": approved(
        TerminalID=70000001, SessionNumber=42, StanAuth=123456789012, SequenceNumber=17, IssuerID="3"
    ),
    "time in ISO, local": approved(TimeStamp="2026-11-25T10:15:30"),
    "no tip, no surcharge": approved(TipAmount=..., SurchargeAmount=...),
    "tip null, surcharge empty": approved(TipAmount=None, SurchargeAmount=""),
    "result as object": {"result": approved()["result"][0]},
    "the id inside the arguments": {
        "result": [{**approved(orderId=REFERENCE)["result"][0], "orderId": None}],
    },
    "the id at the root": {"result": [{**approved()["result"][0], "orderId": ""}], "orderId": REFERENCE},
    "unknown keys": {**approved(Novelty={"a": [1]}), "trace": "x"},
    "scheme only as cardType": approved(CardIssuerName=None),
    "the other name of CVM": approved(CVM="", VerificationMethod=0),
}


@pytest.mark.parametrize("body", SAME.values(), ids=SAME.keys())
def test_odd_spelling_says_the_same(body: object) -> None:
    assert result_of(body) == result_of(approved())


@pytest.mark.parametrize("key", [key for key in ARGUMENTS if key != "Result"])
@pytest.mark.parametrize("value", [..., None, "", [], {}, 1.5, True, "nonsense", -1, 10**4000, "\ud800"], ids=ascii)
def test_any_field_may_be_missing_or_nonsense(key: str, value: object) -> None:
    result = result_of(approved(**{key: value}))
    assert result.result is Result.MOVED
    json.dumps(result.kept(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (0, Result.MOVED),
        ("0", Result.MOVED),
        (" 2 ", Result.REJECTED),
        (1, Result.ADMINISTRATIVE),
        ("3", Result.LOYALTY),
        (99, Result.UNKNOWN),
        (7, None),
        (False, None),
        (0.0, None),
        ("", None),
        (None, None),
        ("approved", None),
        ([0], None),
    ],
)
def test_result_has_five_meanings_and_no_other(value: object, meaning: Result | None) -> None:
    assert result_of(approved(Result=value)).result is meaning


@pytest.mark.parametrize("value", [1250.0, "1250.00", "12,50", "1 250", "0x10", "١٢", True, [], {}, "", None, "9" * 16])
def test_what_is_no_integer_is_no_amount(value: object) -> None:
    assert result_of(approved(TotalAmount=value)).total_minor is None


@pytest.mark.parametrize("key", ["TipAmount", "SurchargeAmount"])
@pytest.mark.parametrize("value", [1.5, "much", -100, [1]])
def test_an_unreadable_part_makes_the_total_unreadable(key: str, value: object) -> None:
    assert result_of(approved(**{key: value})).total_minor is None


def test_tip_and_surcharge_are_kept_apart() -> None:
    result = result_of(approved(TotalAmount=133800, TipAmount="8000", SurchargeAmount=800))
    assert (result.total_minor, result.tip_minor, result.surcharge_minor) == (133800, 8000, 800)
    assert result.net_minor == 125000


@given(st.integers(1, 999_999), st.booleans())
def test_fc13_every_amount_is_the_same_integer_when_it_comes_back(amount: int, as_text: bool) -> None:
    body = json.loads(json.dumps(approved(TotalAmount=str(amount) if as_text else amount)))
    assert result_of(body).net_minor == amount


def test_a_field_spelled_twice_with_two_values_is_not_believed() -> None:
    assert result_of(approved(totalamount=1)).total_minor is None
    assert result_of(approved(result=2)).result is None


def test_two_different_ids_fit_nobody() -> None:
    body = {**approved(), "orderId": "E7K2M9Q4T1XA4"}
    assert result_of(body).order_id not in (REFERENCE, "E7K2M9Q4T1XA4", "")


def test_an_answer_that_says_both_proves_neither() -> None:
    rejected = {"error": "Transaction rejected", "localModeEventArgs": {**ARGUMENTS, "Result": 2}}
    assert result_of({**approved(), "failure": rejected}, accepted=False).result is None
    assert result_of({**approved(), "failure": "7100"}, accepted=True).result is None
    two = {"result": approved()["result"] + [{"localModeEventArgs": {**ARGUMENTS, "Result": 2}}]}
    assert result_of(two).result is None


@pytest.mark.parametrize(
    "body", [{"result": [{}]}, {"result": []}, {"result": None}, {}, {"result": [{"cardType": "VISA"}]}]
)
def test_an_approval_without_the_terminals_word_has_no_result(body: object) -> None:
    assert wire.own_reply(body, accepted=True).result is None


def test_a_rejection_is_read_from_its_failure() -> None:
    body = {
        "failure": {
            "error": "Transaction rejected",
            "localModeEventArgs": {"Result": 2, "ResponseCode": "51", "RejectionReason": "3:1:51", "StanAuth": ""},
            "customerReceipt": SLIP,
        }
    }
    reply = wire.own_reply(body, accepted=False)
    assert reply.error == "Transaction rejected"
    assert reply.result is not None
    assert reply.result.result is Result.REJECTED
    assert reply.result.customer_slip == SLIP
    assert not reply.is_refusal


REFUSALS: list[tuple[object, set[int]]] = [
    ({"failure": "Terminal is busy"}, set()),
    ({"failure": "7100 Processing previous command"}, {7100}),
    ({"failure": {"error": "Error:7104, administration"}}, {7104}),
    ({"failure": {"error": {"code": 7506, "text": "operator id"}}}, {7506}),
    ({"failure": {"ErrorCode": 8013, "ErrorString": "not connected"}}, {8013}),
    ({"Failure": {"Error": "7100 then 9000"}}, {7100, 9000}),
    ({"failure": {"error": "terminal 70000001 at 2026-11-25"}}, set()),
    ({"failure": ["7101"]}, {7101}),
    ({"error": "Unauthorized"}, set()),
    ({"failure": {"error": "7100", "localModeEventArgs": {}}}, {7100}),
    ({"failure": {}}, set()),
    ({"failure": None}, set()),
]


@pytest.mark.parametrize(("body", "codes"), REFUSALS)
def test_error_codes_are_found_wherever_they_stand(body: object, codes: set[int]) -> None:
    reply = wire.own_reply(body, accepted=False)
    assert reply.codes == codes
    assert reply.result is None


def test_a_refusal_with_the_terminals_word_in_it_is_none() -> None:
    body = {"failure": {"error": "7100", "localModeEventArgs": {"Result": 99}}}
    assert not wire.own_reply(body, accepted=False).is_refusal


# --- the last result


def look_up(latest: object, **beside: object) -> dict[str, Any]:
    return {"result": {"latestTransactionResult": latest, "printText": {"Text": "*** COPY ***\r\n"}, **beside}}


def test_a_look_up_is_read_with_the_id_and_the_slip_beside_it() -> None:
    result = wire.last_result(look_up(ARGUMENTS, orderId=REFERENCE))
    assert result is not None
    assert (result.order_id, result.customer_slip, result.stan_auth) == (REFERENCE, "*** COPY ***\r\n", "123456789012")


def test_a_look_up_and_the_answer_itself_make_the_same_fence() -> None:
    looked_up = wire.last_result(look_up({**ARGUMENTS, "TotalAmount": "125000"}, orderId=REFERENCE))
    assert looked_up is not None
    assert looked_up.fence == result_of(approved()).fence


@pytest.mark.parametrize("latest", [{}, None, "", []])
def test_a_terminal_may_say_that_it_has_no_last_result(latest: object) -> None:
    assert wire.last_result(look_up(latest)) is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"result": {}},
        {"result": {"printText": {}}},
        {"result": "none"},
        [],
        None,
        look_up("x"),
        look_up({"a": None}),
    ],
)
def test_silence_is_not_the_word_none(body: object) -> None:
    with pytest.raises(Unexpected):
        wire.last_result(body)


def test_a_look_up_with_a_failure_in_it_proves_nothing() -> None:
    with pytest.raises(Unexpected):
        wire.last_result({**look_up(ARGUMENTS), "failure": "9000 connection lost"})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("No transaction found", "none"),
        ("No result available", "none"),
        ("Terminal is busy", "busy"),
        ("7100 Processing previous command", "busy"),
        ("8013 no terminal found", "offline"),
        ("7009 No response from terminal", "other"),
        ("Something else", "other"),
    ],
)
def test_what_a_question_met_is_told_from_its_failure(text: str, kind: str) -> None:
    said = wire.failure({"failure": {"error": text}})
    kinds = {"none": said.is_no_result, "busy": said.is_busy, "offline": said.is_offline}
    assert [name for name, holds in kinds.items() if holds] == [kind] * (kind != "other")


# --- reconciliation, state, terminals


def slip_of(body: object, *, accepted: bool = True) -> ReconciliationSlip | None:
    return wire.reconciliation_slip(body, wire.own_reply(body, accepted=accepted))


def test_a_reconciliation_is_its_report() -> None:
    report = {
        "header": {"timestamp": "2026-11-25T18:02:11.250Z", "sessionNumber": "042"},
        "printText": {"Text": "RECONCILIATION\r\nTotal= 1.234,50\r\n"},
    }
    slip = slip_of({"result": {"reconciliation": report}})
    assert slip is not None
    assert (slip.session, slip.at, slip.totals) == ("042", "2026-11-25T18:02:11Z", ())
    assert slip.text == "RECONCILIATION\r\nTotal= 1.234,50\r\n"


@pytest.mark.parametrize(("told", "is_good"), [(0, True), ("1", True), (2, False), (99, False), (3, False)])
def test_an_administrative_answer_is_a_report_on_result_0_or_1(told: object, is_good: bool) -> None:
    body = {
        "result": {"localModeEventArgs": {"Result": told, "SessionNumber": 42, "TimeStamp": "20261125180211"}},
        "printText": {"Text": "AVSTEMMING\r\n"},
    }
    slip = slip_of(body)
    assert (slip is not None) == is_good
    assert slip is None or (slip.session, slip.at, slip.text) == ("042", "2026-11-25T18:02:11", "AVSTEMMING\r\n")


@pytest.mark.parametrize("body", [{}, {"result": {}}, {"printText": {"Text": "x"}}, {"result": {"reconciliation": {}}}])
def test_without_a_report_nothing_was_reconciled(body: object) -> None:
    assert slip_of(body) is None


def test_a_refused_reconciliation_has_no_report() -> None:
    body = {"failure": "7104 Terminal busy"}
    assert slip_of(body, accepted=False) is None
    assert wire.own_reply(body, accepted=False).is_refusal


@pytest.mark.parametrize(
    ("rows", "totals"),
    [
        (
            [{"cardType": "VISA", "count": "12", "amount": 345600}],
            (SchemeTotal(scheme="VISA", count=12, amount_minor=345600),),
        ),
        ([{"cardType": "VISA", "count": 12, "amount": 1}, {"cardType": "MC", "count": 1}], ()),
        ([{"cardType": "VISA", "count": 12, "amount": 3456.0}], ()),
        ([], ()),
        ("12", ()),
    ],
)
def test_structured_totals_are_taken_whole_or_not_at_all(rows: object, totals: object) -> None:
    report = {"header": {"sessionNumber": "042"}, "totals": rows}
    slip = slip_of({"result": {"reconciliation": report}})
    assert slip is not None
    assert slip.totals == totals


@pytest.mark.parametrize(
    ("body", "reported", "is_offline"),
    [
        ({"terminal": {"terminalState": "idle"}}, "idle", False),
        ({"Terminal": {"TERMINALSTATE": "IDLE"}}, "idle", False),
        ({"terminalState": "busy"}, "busy", False),
        ({"terminal": {"terminalState": "Offline"}}, "offline", True),
        ({"terminal": {"terminalState": "dreaming"}}, "dreaming", False),
    ],
)
def test_a_state_is_shown_as_it_was_told(body: object, reported: str, is_offline: bool) -> None:
    answer = wire.state(body)
    assert (answer.reported, answer.is_offline) == (reported, is_offline)


@pytest.mark.parametrize(
    "listed", [["70000001"], [70000001], [{"terminalId": "70000001", "x": 1}], [{"TerminalID": 70000001}]]
)
def test_terminals_come_in_any_form(listed: object) -> None:
    assert wire.terminals({"terminals": listed}) == {"70000001"}


def test_what_is_no_terminal_id_is_left_out() -> None:
    assert wire.terminals({"terminals": ["7", None, {}, [], "7000000a", "../../x"]}) == frozenset()
    assert wire.terminals({"terminals": "70000001"}) is None


# --- what may not come in


@pytest.mark.parametrize("pan", ["4111111111111111", "4111 1111 1111 1111", "411111******11111", 4111111111111111])
def test_a_card_number_that_is_not_truncated_is_rejected(pan: object) -> None:
    assert masked_card(pan) == ""
    assert result_of(approved(TruncatedPAN=pan)).masked_card == ""


@pytest.mark.parametrize("pan", ["*******1234-0", "************1234", "411111****1234"])
def test_a_truncated_card_number_is_kept_as_it_is(pan: str) -> None:
    assert masked_card(pan) == pan


def test_no_field_and_no_slip_lets_a_whole_card_number_through() -> None:
    number = "4111111111111111"
    body: dict[str, Any] = approved(**dict.fromkeys(ARGUMENTS, number))
    body["result"][0] |= {
        "customerReceipt": f"A {number} B",
        "merchantReceipt": "4111 1111 1111 1111",
        "orderId": number,
    }
    body["failure"] = {"error": f"card {number} refused"}
    shown = repr(wire.own_reply(body, accepted=True)).replace(" ", "")
    assert number not in shown
    assert f"A{'*' * 12}1111B" in shown


@pytest.mark.parametrize(
    "text",
    [
        "Bax: 70000001-9000001",
        "Ref.: 123456 789012 XX1",
        "25/11/2026 10:15",
        "A0000000031010",
        "Org 4111111111111112",
        SLIP,
    ],
)
def test_other_numbers_on_a_slip_stay_as_they_are(text: str) -> None:
    assert without_card_numbers(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("20261125101530", "2026-11-25T10:15:30"),
        (20261125101530, "2026-11-25T10:15:30"),
        ("20261125070007", "2026-11-25T07:00:07"),  # has the check digit of a card number
        (20261125070007, "2026-11-25T07:00:07"),
        ("2026-11-25T10:15:30Z", "2026-11-25T10:15:30Z"),
        ("2026-11-25T11:15:30.5+01:00", "2026-11-25T10:15:30Z"),
        ("20261399999999", "20261399999999"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("soon", "soon"),
        (None, ""),
    ],
)
def test_a_time_stamp_has_one_form_and_keeps_its_zone(value: object, text: str) -> None:
    assert time_stamp(value) == text


@pytest.mark.parametrize(
    ("optional", "currency"),
    [
        ('{"od":{"dcc":{"ccura":"USD","cam":13500}}}', "USD"),
        ({"od": {"dcc": {"ccura": "USD"}}}, "USD"),
        ("{", ""),
        ("[" * 100_000, ""),
        ('{"od":{"dcc":{"ccura":"4111111111111111"}}}', ""),
        ("free text", ""),
    ],
)
def test_of_the_optional_data_only_the_cardholders_currency_is_used(optional: object, currency: str) -> None:
    assert result_of(approved(OptionalData=optional)).cardholder_currency == currency


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
names = st.sampled_from([
    "result", "failure", "error", "localModeEventArgs", "latestTransactionResult", "reconciliation", "header",
    "printText", "Text", "terminals", "terminal", "terminalState", "orderId", "totals", "sessionNumber", *ARGUMENTS,
])  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=6),
    max_leaves=25,
)


@given(trees, st.booleans())
def test_no_json_at_all_raises_anything_but_the_own_error(body: object, accepted: bool) -> None:
    reply = wire.own_reply(body, accepted=accepted)
    json.dumps(
        {"error": reply.error, "kept": reply.result.kept() if reply.result else None}, ensure_ascii=False
    ).encode()
    slip_of(body, accepted=accepted)
    wire.terminals(body)
    for read in (wire.last_result, wire.state):
        try:
            read(body)
        except Unexpected as refused:
            str(refused).encode()
