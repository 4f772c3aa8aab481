"""Each cause of a difference is named, and a period is green only if nobody has to do anything about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepos.domain.identifiers import check_letter, line_id
from edgepos.domain.invoice import PracticePayment
from edgepos.domain.match import (
    MEND,
    Bookings,
    Cause,
    Ended,
    JournalSide,
    Row,
    TerminalMatch,
    TerminalSide,
    match_period,
)
from edgepos.domain.operation import Kind, Operation, Origin, State
from edgepos.domain.slip import SlipTotals

TERMINAL, PERIOD = "70000001", 12


def ref(number: int) -> str:
    body = f"E7K2PPPP{number:04d}"
    return body + check_letter(body)


def purchase(number: int, minor: int, **changes: Any) -> Operation:
    whole = Operation(
        id=ref(number), kind=Kind.PURCHASE, origin=Origin.ASKED, state=State.APPROVED, terminal=TERMINAL,
        currency="SEK", asked_minor=minor, operator="anna", clinic_day="2026-11-25", created_at="", changed_at="",
        seq=number,
        approved_minor=minor, session="042", period=PERIOD,
    )  # fmt: skip
    return replace(whole, **changes)


def money_back(kind: Kind, number: int, minor: int, of: int, **changes: Any) -> Operation:
    return purchase(number, minor, kind=kind, corrects=ref(of), **changes)


def unknown(number: int, minor: int) -> Operation:
    return purchase(number, minor, state=State.UNKNOWN, approved_minor=None)


def settled(number: int, minor: int, outcome: str, **changes: Any) -> Operation:
    return purchase(
        number, minor, state=State.SETTLED_BY_HAND, approved_minor=None, settled_outcome=outcome, settled_minor=minor,
        **changes,
    )  # fmt: skip


def row(operation: Operation, minor: int | None = None, state: str = "acknowledged", **changes: Any) -> Row:
    sign = 1 if operation.kind is Kind.PURCHASE else -1
    amount = sign * operation.moved_minor if minor is None else minor
    whole = Row(row=line_id(operation.id, 1), invoice=f"inv{operation.seq}", amount_minor=amount, state=state)
    return replace(whole, **changes)


def booked(row: Row, **changes: Any) -> PracticePayment:
    whole = PracticePayment(
        id=f"p{row.invoice}", invoice=row.invoice, amount_minor=row.amount_minor, payment_type=0,
        info=f"{row.row} VISA **** 0119 A1B2C3",
    )  # fmt: skip
    return replace(whole, **changes)


@dataclass
class Day:
    """A period in which all sides agree, until a test takes something away."""

    operations: list[Operation] = field(default_factory=lambda: [purchase(1, 10_000), purchase(2, 4_550)])
    rows: dict[str, list[Row]] = field(default_factory=dict)
    bookings: list[PracticePayment] | None = None
    total: int | None = None
    terminal: dict[str, Any] = field(default_factory=dict)
    journal: dict[str, Any] = field(default_factory=dict)
    is_practice_away: bool = False

    def match(self) -> TerminalMatch:
        rows = {one.id: self.rows.get(one.id, [row(one)] if one.moved_minor else []) for one in self.operations}
        bookings = self.bookings
        if bookings is None:
            bookings = [booked(one) for some in rows.values() for one in some if one.state == "acknowledged"]
        total = self.total if self.total is not None else self.moved()
        side = TerminalSide(
            terminal=TERMINAL, period=PERIOD, session="042", ended=Ended.ASKED, currency="SEK",
            totals=SlipTotals((), len(self.operations), total, "SEK", "042"),
        )  # fmt: skip
        return match_period(
            replace(side, **self.terminal),
            JournalSide(operations=self.operations, rows=rows, **self.journal),
            None if self.is_practice_away else Bookings(bookings),
        )

    def moved(self) -> int:
        return sum(
            (1 if one.kind is Kind.PURCHASE else -1) * (one.moved_minor + one.tip_minor + one.surcharge_minor)
            for one in self.operations
        )


def named(match: TerminalMatch) -> list[tuple[Cause, int | None, tuple[str, ...]]]:
    return [(one.cause, one.minor, one.ids) for one in match.differences]


def test_a_day_on_which_all_three_agree() -> None:
    day = Day(operations=[purchase(1, 10_000), purchase(2, 4_550), money_back(Kind.REFUND, 3, 1_000, of=1)])
    match = day.match()
    assert match.agree
    assert match.differences == ()
    assert (match.terminal_minor, match.journal_minor, match.practice_minor) == (13_550, 13_550, 13_550)


def test_a_period_without_payments_agrees_at_zero() -> None:
    match = Day(operations=[]).match()
    assert match.agree
    assert (match.terminal_minor, match.journal_minor, match.practice_minor) == (0, 0, 0)


@pytest.mark.parametrize("state", [State.DECLINED, State.CANCELLED, State.NOT_STARTED])
def test_what_moved_nothing_counts_nothing(state: State) -> None:
    assert Day(operations=[purchase(1, 500), purchase(2, 900, state=state, approved_minor=0)]).match().agree


@pytest.mark.parametrize(("state", "cause"), [("queued", Cause.NOT_SYNCED), ("parked", Cause.PARKED)])
def test_not_synced_and_parked(state: str, cause: Cause) -> None:
    one = purchase(1, 10_000)
    match = Day(operations=[one], rows={one.id: [row(one, state=state)]}).match()
    assert not match.agree
    assert named(match) == [(cause, 10_000, (line_id(one.id, 1),))]
    assert match.differences[0].mend == MEND[cause]


def test_a_row_that_the_practice_system_has_already_is_no_difference() -> None:
    one = purchase(1, 10_000)
    late = row(one, state="queued")
    assert Day(operations=[one], rows={one.id: [late]}, bookings=[booked(late)]).match().agree


def test_booked_by_hand_names_the_booking_that_it_may_be() -> None:
    one = purchase(1, 10_000)
    parked = row(one, state="parked")
    by_hand = booked(parked, id="p900", info="kort kassan")
    match = Day(operations=[one], rows={one.id: [parked]}, bookings=[by_hand]).match()
    assert named(match) == [(Cause.BOOKED_BY_HAND, 10_000, (parked.row, "p900"))]
    assert not match.agree


@pytest.mark.parametrize(
    "changes", [{"invoice": "other"}, {"amount_minor": 9_999}, {"is_cancelled": True}, {"is_card": False}]
)
def test_a_booking_that_fits_less_well_is_not_guessed_at(changes: dict[str, Any]) -> None:
    one = purchase(1, 10_000)
    parked = row(one, state="parked")
    match = Day(operations=[one], rows={one.id: [parked]}, bookings=[booked(parked, info="kort", **changes)]).match()
    assert named(match) == [(Cause.PARKED, 10_000, (parked.row,))]


def test_one_booking_by_hand_stands_for_one_row() -> None:
    first, second = purchase(1, 500), purchase(2, 500)
    rows = {one.id: [row(one, state="queued", invoice="501")] for one in (first, second)}
    match = Day(operations=[first, second], rows=rows, bookings=[booked(rows[first.id][0], info="")]).match()
    assert [cause for cause, *_ in named(match)] == [Cause.BOOKED_BY_HAND, Cause.NOT_SYNCED]


def test_an_adopted_booking_counts_as_ours() -> None:
    one = purchase(1, 10_000)
    adopted = row(one, adopted="p900")
    match = Day(operations=[one], rows={one.id: [adopted]}, bookings=[booked(adopted, id="p900", info="kort")]).match()
    assert match.agree


def test_an_adopted_booking_that_carries_our_reference_too_counts_once() -> None:
    one = purchase(1, 10_000)
    adopted = row(one, adopted="p900")
    assert Day(operations=[one], rows={one.id: [adopted]}, bookings=[booked(adopted, id="p900")]).match().agree


def test_an_adopted_booking_stands_for_no_other_row() -> None:
    first, second = purchase(1, 500), purchase(2, 500)
    rows = {
        first.id: [row(first, invoice="501", adopted="p900")],
        second.id: [row(second, invoice="501", state="queued")],
    }
    by_hand = booked(rows[first.id][0], id="p900", info="kort")
    match = Day(operations=[first, second], rows=rows, bookings=[by_hand]).match()
    assert named(match) == [(Cause.NOT_SYNCED, 500, (rows[second.id][0].row,))]


def test_it_is_known_of_a_row_whether_a_booking_carries_its_reference() -> None:
    first, second = row(purchase(1, 500)), row(purchase(2, 500))
    bookings = Bookings([booked(first), booked(second, is_cancelled=True)])
    assert [bookings.has(one.row) for one in (first, second)] == [True, False]


def test_a_reconciliation_that_is_known_is_no_doubt() -> None:
    closing = purchase(2, 0, kind=Kind.RECONCILIATION)
    match = Day(operations=[purchase(1, 500), closing], total=400).match()
    assert named(match) == [(Cause.UNEXPLAINED, -100, ("terminal", "journal"))]


def test_booked_as_it_was_settled_while_the_terminal_says_another_amount() -> None:
    by_hand = settled(1, 9_000, "taken")
    found = purchase(2, 10_000, origin=Origin.FOUND, corrects=by_hand.id)
    match = Day(operations=[by_hand, found], rows={by_hand.id: [row(by_hand)], found.id: []}, total=10_000).match()
    assert (Cause.SETTLED_BY_HAND, 1_000, (found.id,)) in named(match)


@pytest.mark.parametrize(
    ("changes", "minor"),
    [({"is_cancelled": True}, 10_000), ({"amount_minor": 9_000}, 1_000), ({"amount_minor": None}, 10_000),
     ({"amount_minor": 11_000}, -1_000)],
)  # fmt: skip
def test_a_booking_changed_in_the_practice_system(changes: dict[str, Any], minor: int) -> None:
    one = purchase(1, 10_000)
    match = Day(operations=[one], bookings=[booked(row(one), **changes)]).match()
    assert not match.agree
    assert [(cause, amount) for cause, amount, _ in named(match)] == [(Cause.CHANGED_IN_PRACTICE, minor)]


def test_two_bookings_under_one_reference_are_seen() -> None:
    one = purchase(1, 10_000)
    match = Day(operations=[one], bookings=[booked(row(one)), booked(row(one), id="p2")]).match()
    assert named(match) == [(Cause.CHANGED_IN_PRACTICE, -10_000, (line_id(one.id, 1), "pinv1", "p2"))]


def test_a_sale_on_the_keypad_that_a_finding_knows() -> None:
    match = Day(total=14_550 + 700, terminal={"foreign_sales": (("F77", 700), ("F78", 300))}).match()
    assert named(match) == [(Cause.STAND_ALONE_SALE, 700, ("F77",))]
    assert not match.agree


def test_a_stand_alone_sale_in_the_journal_needs_its_invoice() -> None:
    sale = purchase(3, 700, origin=Origin.RECORDED)
    match = Day(operations=[purchase(1, 500), sale], rows={sale.id: []}).match()
    assert named(match) == [(Cause.STAND_ALONE_SALE, 700, (sale.id,))]


def test_a_payment_without_invoice_needs_one() -> None:
    one = purchase(1, 500)
    assert named(Day(operations=[one], rows={one.id: []}).match()) == [(Cause.NOT_ASSIGNED, 500, (one.id,))]


def test_tip_and_surcharge_are_listed_and_green() -> None:
    operations = [purchase(1, 8_000, tip_minor=800), purchase(2, 500, tip_minor=50, surcharge_minor=5)]
    match = Day(operations=operations).match()
    assert (match.terminal_minor, match.journal_minor, match.practice_minor) == (9_355, 9_355, 8_500)
    assert named(match) == [(Cause.TIP, 850, (ref(1), ref(2))), (Cause.SURCHARGE, 5, (ref(2),))]
    assert match.agree


def test_fc14_a_part_approval_is_listed_and_green() -> None:
    one = purchase(1, 8_000, approved_minor=5_000, cause="part-approved")
    match = Day(operations=[one]).match()
    assert named(match) == [(Cause.PART_APPROVAL, 3_000, (one.id,))]
    assert match.agree


@pytest.mark.parametrize(("extra", "minor"), [(0, 0), (2_000, 2_000)])
def test_an_unknown_payment_is_never_green(extra: int, minor: int) -> None:
    day = Day(operations=[purchase(1, 500), unknown(2, 2_000)], total=500 + extra)
    match = day.match()
    assert named(match) == [(Cause.UNKNOWN, minor, (ref(2),))]
    assert not match.agree


def test_the_terminals_total_tells_which_unknown_one_it_took() -> None:
    day = Day(operations=[unknown(1, 2_000), unknown(2, 300), unknown(3, 70)], total=2_070)
    assert [minor for _, minor, _ in named(day.match())] == [2_000, 0, 70]


def test_two_unknown_ones_of_one_amount_are_not_guessed_between() -> None:
    match = Day(operations=[unknown(1, 2_000), unknown(2, 2_000)], total=2_000).match()
    assert [(cause, minor) for cause, minor, _ in named(match)] == [
        (Cause.UNKNOWN, 0), (Cause.UNKNOWN, 0), (Cause.UNEXPLAINED, 2_000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "total", "minor", "is_green"),
    [
        ("taken", 2_500, 0, True),
        ("taken", 500, -2_000, False),
        ("not_taken", 500, 0, True),
        ("not_taken", 2_500, 2_000, False),
    ],
)
def test_settled_by_hand_is_confirmed_or_contradicted_by_the_total(
    outcome: str, total: int, minor: int, is_green: bool
) -> None:
    match = Day(operations=[purchase(1, 500), settled(2, 2_000, outcome)], total=total).match()
    assert named(match) == [(Cause.SETTLED_BY_HAND, minor, (ref(2),))]
    assert match.agree is is_green


def test_settled_and_confirmed_by_an_earlier_closing_is_not_listed_again() -> None:
    assert Day(operations=[settled(2, 2_000, "taken", is_confirmed=True)]).match().differences == ()


def test_settled_as_taken_and_found_later_counts_once() -> None:
    first = settled(1, 2_000, "taken")
    found = purchase(2, 2_000, origin=Origin.FOUND, corrects=first.id)
    match = Day(operations=[first, found], rows={first.id: [row(first)], found.id: []}, total=2_000).match()
    assert (match.journal_minor, match.practice_minor, match.agree) == (2_000, 2_000, True)


@pytest.mark.parametrize("unseen", [(), (ref(1),), (ref(2),)])
def test_fc02_a_late_approval_is_red_until_somebody_has_seen_it(unseen: tuple[str, ...]) -> None:
    declined = purchase(1, 900, state=State.DECLINED, approved_minor=0)
    late = purchase(2, 900, origin=Origin.FOUND, corrects=declined.id)
    match = Day(operations=[declined, late], journal={"unseen": unseen}).match()
    assert named(match) == [(Cause.LATE_APPROVAL, 900, (late.id, declined.id))]
    assert match.agree is not bool(unseen)


@pytest.mark.parametrize(("total", "minor", "is_green"), [(400, 0, True), (500, 100, False)])
def test_a_reversal_across_sessions(total: int, minor: int, is_green: bool) -> None:
    void = money_back(Kind.REVERSAL, 2, 100, of=9)
    match = Day(operations=[purchase(1, 500), void], total=total, journal={"period_of": {ref(9): PERIOD - 1}}).match()
    assert named(match) == [(Cause.REVERSAL_ACROSS_SESSIONS, minor, (void.id, ref(9)))]
    assert match.agree is is_green


def test_a_reversal_in_the_same_period_is_nothing_special() -> None:
    operations = [purchase(1, 500), money_back(Kind.REVERSAL, 2, 500, of=1)]
    assert Day(operations=operations, journal={"period_of": {ref(1): PERIOD}}).match().differences == ()


@pytest.mark.parametrize(
    ("terminal", "cause"),
    [
        ({"totals": None}, Cause.SLIP_MISSING),
        ({"totals": None, "ended": Ended.TERMINAL}, Cause.SLIP_MISSING),
        ({"totals": None, "is_unread": True}, Cause.SLIP_UNREADABLE),
        ({"totals": None, "ended": Ended.SWAP}, Cause.TERMINAL_SWAPPED),
        ({"totals": None, "ended": Ended.OPEN}, Cause.NOT_CLOSED),
        ({"totals": SlipTotals((), 2, 14_550, "NOK", "042")}, Cause.CURRENCY),
    ],
)
def test_without_the_terminals_total_nothing_is_green_and_nothing_is_zero(
    terminal: dict[str, Any], cause: Cause
) -> None:
    match = Day(terminal=terminal).match()
    assert (match.terminal_minor, match.agree) == (None, False)
    assert named(match) == [(cause, None, (f"{TERMINAL}/{PERIOD}",))]
    assert (match.journal_minor, match.practice_minor) == (14_550, 14_550)


def test_before_this_journal() -> None:
    match = Day(total=20_000, terminal={"is_before_journal": True}).match()
    assert named(match) == [(Cause.BEFORE_THIS_JOURNAL, 5_450, ("terminal", "journal"))]


def test_what_nothing_explains_is_said_to_be_unexplained() -> None:
    match = Day(total=14_549).match()
    assert named(match) == [(Cause.UNEXPLAINED, -1, ("terminal", "journal"))]
    assert not match.agree


def test_while_the_practice_system_is_away_terminal_and_journal_are_still_compared() -> None:
    match = Day(total=14_000, is_practice_away=True).match()
    assert match.practice_minor is None
    assert not match.agree
    assert [cause for cause, *_ in named(match)] == [Cause.UNEXPLAINED, Cause.PRACTICE_AWAY]


def test_an_unknown_reconciliation_holds_the_period() -> None:
    lost = purchase(3, 0, kind=Kind.RECONCILIATION, state=State.UNKNOWN, approved_minor=None)
    match = Day(operations=[purchase(1, 500), lost]).match()
    assert named(match) == [(Cause.UNKNOWN, 0, (lost.id,))]
    assert not match.agree


def test_card_payments_without_our_reference_are_left_over_and_listed() -> None:
    one = purchase(1, 500)
    mine, other = booked(row(one)), PracticePayment(id="p8", invoice="9", amount_minor=70, payment_type=0, info="kort")
    cash = replace(other, id="p9", is_card=False)
    bookings = Bookings([mine, other, cash])
    side = JournalSide(operations=[one], rows={one.id: [row(one)]})
    terminal = TerminalSide(
        terminal=TERMINAL, period=PERIOD, session="042", ended=Ended.ASKED, currency="SEK",
        totals=SlipTotals((), 1, 500, "SEK", "042"),
    )  # fmt: skip
    assert match_period(terminal, side, bookings).agree
    assert [payment.id for payment in bookings.left] == ["p8"]


def test_every_cause_has_its_mend() -> None:
    assert set(MEND) == set(Cause)
    assert all(MEND.values())


amounts = st.integers(1, 50_000)


@given(
    st.lists(
        st.tuples(amounts, st.integers(0, 500), st.sampled_from(["acknowledged", "queued", "parked"])), max_size=12
    ),
    st.integers(-1_000, 1_000),
)
def test_the_differences_always_add_up_to_the_gaps(payments: Sequence[tuple[int, int, str]], gap: int) -> None:
    operations = [purchase(n, minor, tip_minor=tip) for n, (minor, tip, _) in enumerate(payments, 1)]
    rows = {one.id: [row(one, state=state)] for one, (_, _, state) in zip(operations, payments, strict=True)}
    day = Day(operations=operations, rows=rows)
    day.total = day.moved() + gap
    match = day.match()
    assert match.terminal_minor is not None
    assert match.practice_minor is not None
    unexplained = sum(one.minor or 0 for one in match.differences if one.cause is Cause.UNEXPLAINED)
    others = sum(one.minor or 0 for one in match.differences if one.cause is not Cause.UNEXPLAINED)
    assert match.terminal_minor - match.journal_minor == unexplained == gap
    assert match.journal_minor - match.practice_minor == others
    assert match.agree == (gap == 0 and all(state == "acknowledged" for _, _, state in payments))
