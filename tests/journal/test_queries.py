"""Questions: what they find, how they page, and that the hot ones go by an index."""

from __future__ import annotations

import pytest

from edgepos.domain.errors import Wrong
from edgepos.domain.operation import Kind, State
from edgepos.journal import OutboxState, outbox_queries, project, queries

from .clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, purchase

OPEN_ONES = "SCAN o USING INDEX operation_open"  # it has no others in it
NOTHING = {
    "find": None, "day": None, "state": None, "terminal": None, "period": None, "amount_minor": None, "kind": None,
    "limit": 50, "before": None,
}  # fmt: skip


async def some_payments(clinic: Clinic) -> list[str]:
    payments = [
        await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502"))),
        await clinic.decline(purchase(8000, line(1, 8000, "503"), text="Bella")),
        await clinic.pay(purchase(700, terminal=SURGERY, day="2026-11-24")),
    ]
    return [payment.id for payment in payments]


async def test_payments_are_found_by_what_people_know_of_them(clinic: Clinic) -> None:
    run, declined, unlisted = await some_payments(clinic)
    for find, expected in {
        "502": [run], "sth-503": [declined], "bel": [declined], run: [run], run[:8].lower(): [run], run[:5]: [],
        "": [], "nobody": [],
    }.items():  # fmt: skip
        found = [one.id for one in await clinic.journal.operations(find=find)]
        assert found == expected, find
    ask = clinic.journal.operations
    assert [one.id for one in await ask()] == [unlisted, declined, run]
    assert [one.id for one in await ask(day="2026-11-24")] == [unlisted]
    assert [one.id for one in await ask(state=State.DECLINED)] == [declined]
    assert [one.id for one in await ask(state=State.SENT)] == []
    assert [one.id for one in await ask(kind=Kind.REFUND)] == []
    assert [one.id for one in await ask(state=State.APPROVED)] == [unlisted, run]
    assert [one.id for one in await ask(terminal=SURGERY, period=1)] == [unlisted]
    assert [one.id for one in await ask(amount_minor=8000, kind=Kind.PURCHASE)] == [declined, run]
    assert [one.id for one in await ask(find="503", state=State.APPROVED)] == []


async def test_pages_go_back_without_gap_or_repeat_while_more_is_paid(clinic: Clinic) -> None:
    paid = [(await clinic.pay(purchase(100 + number))).id for number in range(5)]
    seen: list[str] = []
    before = None
    while page := await clinic.journal.operations(limit=2, before=before):
        seen += [one.id for one in page]
        before = page[-1].id
        await clinic.pay(purchase(9000))
    assert seen == paid[::-1]


async def test_references_that_begin_alike_are_found(clinic: Clinic) -> None:
    run, *_ = await some_payments(clinic)
    assert await clinic.journal.references_like(run[:10]) == [run]
    assert len(await clinic.journal.references_like("E" + clinic.journal.tag)) == 3
    assert await clinic.journal.references_like("EZZZ") == []


async def test_a_days_totals(clinic: Clinic) -> None:
    run, *_ = await some_payments(clinic)
    await clinic.pay(money_back(Kind.REFUND, run, 1000))
    await clinic.lose(purchase(50))
    totals = await clinic.journal.day_totals(DAY, "SEK")
    assert (totals.count, totals.amount_minor, totals.refunds_minor, totals.currency) == (1, 8000, 1000, "SEK")
    assert (await clinic.journal.day_totals(DAY, "EUR")).amount_minor == 0
    assert (await clinic.journal.day_totals("2026-01-01", "SEK")).count == 0


async def test_what_there_is_not_is_unknown(clinic: Clinic) -> None:
    with pytest.raises(Wrong):
        await clinic.journal.operation("E")
    assert await clinic.journal.last_known(RECEPTION) is None
    assert await clinic.journal.stans(RECEPTION) == frozenset()
    assert await clinic.journal.corrections("E") == []
    assert await clinic.journal.parts("501") == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"find": "STH-20417"},
        {"find": "E7K2M9Q4T1XA3", "before": "E"},
        {"day": DAY},
        {"amount_minor": 100},
        {"terminal": RECEPTION, "period": 3},
        {"before": "E"},
        {"state": State.UNKNOWN},
        {"state": State.DECLINED},
        {"kind": Kind.REFUND},
        {"terminal": RECEPTION},
    ],
)
async def test_a_search_reads_no_more_than_it_shows(clinic: Clinic, asked: dict[str, object]) -> None:
    statement, bindings = queries.search(**{**NOTHING, **asked})  # type: ignore[arg-type]
    plan = await explain(clinic, statement, bindings)
    tables = [step for step in plan if step.startswith("SCAN") and step not in ("SCAN o", OPEN_ONES)]
    assert not tables, plan
    if asked.keys() != {"before"}:
        assert "SCAN o" not in plan, plan
    if "find" not in asked:  # a few candidates may be sorted, a whole history may not
        assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"state": State.DECLINED, "terminal": RECEPTION}, "operation_not_approved"),
        ({"state": State.SETTLED_BY_HAND, "amount_minor": 100}, "operation_not_approved"),
        ({"kind": Kind.RECONCILIATION, "terminal": RECEPTION}, "operation_no_purchase"),
        ({"state": State.DECLINED, "terminal": RECEPTION, "day": DAY}, "operation_by_day"),
        ({"state": State.APPROVED, "terminal": RECEPTION}, "operation_by_terminal"),
    ],
)
async def test_the_rare_ones_are_not_looked_for_among_all(clinic: Clinic, asked: dict[str, object], index: str) -> None:
    statement, bindings = queries.search(**{**NOTHING, **asked})  # type: ignore[arg-type]
    assert index in " ".join(await explain(clinic, statement, bindings))


@pytest.mark.parametrize(
    "statement",
    [
        queries._OPERATION + "WHERE o.id = :id",
        queries._OPERATION + "WHERE o.corrects = :id",
        queries._OPERATION + "WHERE o.request_key = :id",
        queries._OPERATION + "WHERE o.state IN ('intended', 'sent', 'unknown') ORDER BY o.created_seq",
        queries._LINES,
        queries._USED,
        outbox_queries._QUEUED,
        outbox_queries._OUTBOX + "WHERE b.row = :id",
        project._BOOK_OWN,
        project._BOOK_ITS_REFUNDS,
        "SELECT count(*) FROM outbox WHERE state <> 'acknowledged'",
    ],
)
async def test_what_every_payment_asks_goes_by_an_index(clinic: Clinic, statement: str) -> None:
    plan = await explain(clinic, statement, {"id": "E", "line": 1, "at": "", "seq": 1})
    assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


async def explain(clinic: Clinic, statement: str, bindings: dict[str, object]) -> list[str]:
    rows = await clinic.journal._read(lambda tx: tx.rows("EXPLAIN QUERY PLAN " + statement, **bindings))
    return [str(row[3]) for row in rows]


async def test_the_outbox_of_a_state_has_pages_too(clinic: Clinic) -> None:
    await some_payments(clinic)
    assert [row.invoice for row in await clinic.journal.outbox(OutboxState.QUEUED, limit=1)] == ["502"]
