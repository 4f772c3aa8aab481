"""The chain and the projections: whatever was changed behind the journal's back is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from edgepos.domain.operation import Kind
from edgepos.journal import JournalDamaged, VerifyReport, verify
from edgepos.journal.schema import PROJECTIONS

from .clinic import DAY, RECEPTION, SURGERY, Clinic, line, money_back, names, purchase
from .test_opening import change

GUARDS = ("event_is_never_changed", "event_is_never_removed", "a_final_state_stays", "an_acknowledgement_stays")


async def busy_day(clinic: Clinic) -> None:
    """At least one event of nearly every kind."""
    journal = clinic.journal
    await journal.started("0.1.0")
    payment = await clinic.pay(purchase(8000, line(1, 5000, "501"), line(2, 3000, "502")))
    await journal.acknowledged(f"{payment.id}.1", "901", "post")
    await journal.parked(f"{payment.id}.2", "draft", {"status": "0"})
    await journal.released(f"{payment.id}.2", "anna", {"book_today": True})
    await clinic.pay(money_back(Kind.REFUND, payment.id, 1000))
    declined = await clinic.decline(purchase(700, line(1, 700, "503")))
    await journal.found(
        kind=Kind.PURCHASE, terminal=RECEPTION, currency="SEK", clinic_day=DAY, result=clinic.result(700),
        why="late-approval", corrects=declined.id,
    )  # fmt: skip
    lost = await clinic.lose(purchase(900, line(1, 900, "504"), key="k"))
    await journal.stop_asked(lost.id, "anna")
    await journal.settled(lost.id, outcome="taken", slip_number="1", amount_minor=900, operator="a", confirmed_by="b")
    await journal.confirmed(lost.id, closing=1, agrees=True)
    unlisted, _ = await journal.recorded(
        kind=Kind.PURCHASE,
        terminal=SURGERY,
        currency="SEK",
        amount_minor=400,
        slip_number="2",
        operator="a",
        clinic_day=DAY,
    )
    await journal.assigned(unlisted.id, line=1, invoice="505", number="STH-505", operator="anna")
    await journal.learned(RECEPTION, True)
    await journal.held(SURGERY, "restored")
    await journal.terminal_released(SURGERY, "tech.bo")
    await clinic.reconcile()
    await journal.closing_made(clinic_day=DAY, terminals=[RECEPTION], periods=[], match={}, operator="anna")
    await journal.receipt_copied(payment.id)
    await clinic.lose(purchase(50))


def check(folder: Path, head: tuple[int, str] | None = None) -> VerifyReport:
    connection = apsw.Connection(str(folder / "journal.db"))
    try:
        return verify.verify(connection, head)
    finally:
        connection.close()


async def test_a_day_verifies_and_its_projections_are_made_again_just_so(clinic: Clinic) -> None:
    await busy_day(clinic)
    report = await clinic.journal.verify(clinic.journal.head)
    assert (report.ok, report.problems) == (True, ())
    assert (report.seq, report.head) == clinic.journal.head
    assert report.events == report.seq
    assert not list(clinic.folder.glob("verify*"))
    await clinic.journal.close()
    connection = apsw.Connection(str(clinic.folder / "journal.db"))
    rebuilt = verify.rebuild(connection)
    for table in PROJECTIONS:
        rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
        assert rows
        assert rebuilt.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() == rows
    connection.close()


async def test_the_check_of_a_long_history_takes_no_more_memory_than_that_of_a_short_one(clinic: Clinic) -> None:
    """A box lets its agent have 400 MB, and a busy clinic writes a million events in a year and a half."""
    slip = "x" * 200_000
    for number in range(60):
        result = replace(clinic.result(700), stan_auth=f"{number:012d}", merchant_slip=slip, customer_slip=slip)
        await clinic.journal.found(
            kind=Kind.PURCHASE, terminal=RECEPTION, currency="SEK", clinic_day=DAY, result=result, why="late-approval"
        )
    await clinic.journal.close()
    connection = apsw.Connection(str(clinic.folder / "journal.db"))
    before, _ = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED, True)
    assert verify.verify(connection).ok
    _, most = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)
    connection.close()
    assert most - before < 60 * 2 * len(slip) / 2


async def test_a_check_that_has_no_room_says_so_and_calls_no_event_damaged(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = replace(clinic.result(700), merchant_slip="x" * 500_000)
    await clinic.journal.found(
        kind=Kind.PURCHASE, terminal=RECEPTION, currency="SEK", clinic_day=DAY, result=result, why="late-approval"
    )
    await clinic.journal.close()
    empty = verify._empty

    def small(migrations: Sequence[str]) -> apsw.Connection:
        connection = empty(migrations)
        connection.pragma("max_page_count", connection.pragma("page_count"))
        return connection

    monkeypatch.setattr(verify, "_empty", small)
    verify._wanted_schema.cache_clear()
    report = check(clinic.folder)
    assert report.problems == ("SQLite: database or disk is full",)


async def edited(clinic: Clinic, *statements: str) -> VerifyReport:
    """The report on a journal that somebody changed, who put the guarding triggers back."""
    await busy_day(clinic)
    await clinic.journal.close()
    path = clinic.folder / "journal.db"
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    connection.close()
    change(path, *(f"DROP TRIGGER {name}" for name, _ in rows), *statements, *(sql for _, sql in rows))
    return check(clinic.folder)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE operation SET approved_minor = 1 WHERE approved_minor = 8000", "operation"),
        ("UPDATE line SET invoice = '999' WHERE invoice = '502'", "line"),
        ("UPDATE outbox SET amount_minor = 1 WHERE state = 'queued'", "outbox"),
        ("DELETE FROM finding", "finding"),
        ("DELETE FROM slip", "slip"),
        ("INSERT INTO meta VALUES ('x', 'y')", "meta"),
        ("UPDATE period SET slip = 'other' WHERE closed_at IS NOT NULL", "period"),
    ],
)
async def test_an_edited_row_is_named_by_its_table(clinic: Clinic, statement: str, table: str) -> None:
    report = await edited(clinic, statement)
    assert not report.ok
    assert [problem.split()[0] for problem in report.problems] == [table]


async def test_the_quick_check_is_of_the_chain_and_the_file_and_takes_the_projections_as_they_are(
    clinic: Clinic,
) -> None:
    await edited(clinic, "UPDATE line SET invoice = '999' WHERE invoice = '502'")
    connection = apsw.Connection(str(clinic.folder / "journal.db"))
    assert not verify.verify(connection).ok
    assert verify.verify(connection, replays=False).ok
    connection.close()
    change(
        clinic.folder / "journal.db",
        "DROP TRIGGER event_is_never_changed",
        "UPDATE event SET body = replace(body, '8000', '1') WHERE seq = 3",
    )
    connection = apsw.Connection(str(clinic.folder / "journal.db"))
    assert verify.verify(connection, replays=False).problems[0] == "event 3 is not what was written"
    connection.close()


async def test_an_edited_event_is_named(clinic: Clinic) -> None:
    report = await edited(clinic, "UPDATE event SET body = replace(body, '8000', '1') WHERE seq = 3")
    assert report.problems == ("event 3 is not what was written",)


async def test_a_removed_event_is_named(clinic: Clinic) -> None:
    assert (await edited(clinic, "DELETE FROM event WHERE seq = 7")).problems == ("event 7 is missing",)


async def test_a_dropped_trigger_is_named(clinic: Clinic) -> None:
    await clinic.journal.close()
    change(clinic.folder / "journal.db", "DROP TRIGGER a_final_state_stays")
    assert check(clinic.folder).problems == ("the schema's trigger a_final_state_stays is not as it was made",)


async def test_a_tail_that_was_cut_shows_by_a_head_that_left_the_box(clinic: Clinic) -> None:
    payment = await clinic.pay(purchase(8000))
    whole = clinic.journal.head
    await clinic.journal.backup(clinic.folder)
    before = clinic.journal.head
    await clinic.journal.close()
    (backup,) = clinic.folder.glob("journal-*.db")
    backup.replace(clinic.folder / "journal.db")
    assert check(clinic.folder).ok
    assert check(clinic.folder, whole).ok
    assert check(clinic.folder, (whole[0], whole[1][:12])).ok
    assert "left the box once and is gone" in check(clinic.folder, before).problems[0]
    assert check(clinic.folder, (whole[0], "0" * 12)).problems == (
        f"event {whole[0]} is not the one that left the box",
    )
    assert payment.id


async def test_an_event_that_cannot_be_played_is_named(clinic: Clinic) -> None:
    await clinic.journal.close()
    path = clinic.folder / "journal.db"
    from edgepos.journal.events import Event, chained

    connection = apsw.Connection(str(path))
    seq, prev = connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchall()[0]
    forged = ("t", "b", "operation.sent", "E", "{}")
    event = Event(seq + 1, *forged, prev, chained(prev, seq + 1, *forged))
    connection.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       (event.seq, *forged, event.prev, event.hash))  # fmt: skip
    report = verify.verify(connection)
    assert report.problems == (f"event {seq + 1} cannot be played: 'id'",)
    connection.close()


async def test_flipped_bytes_are_found_or_harm_nothing(clinic: Clinic) -> None:
    await busy_day(clinic)
    await clinic.journal.close()
    path = clinic.folder / "journal.db"
    whole = path.read_bytes()
    truth = sqlite3.connect(path).execute("SELECT group_concat(body) FROM event").fetchone()
    dice, found = random.Random(5), 0
    for _ in range(60):
        bytes_ = bytearray(whole)
        bytes_[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        path.write_bytes(bytes_)
        try:
            report = check(clinic.folder)
        except apsw.Error:
            found += 1
            continue
        found += not report.ok
        if report.ok:
            assert sqlite3.connect(path).execute("SELECT group_concat(body) FROM event").fetchone() == truth
    assert found > 5
    path.write_bytes(whole)


async def test_a_byte_that_is_no_text_any_more_is_damage_and_no_surprise(clinic: Clinic) -> None:
    await clinic.pay(purchase(8000, line(1, 8000)))
    await clinic.journal.close()
    path = clinic.folder / "journal.db"
    path.write_bytes(path.read_bytes().replace(b'"text":""', b'"text\xff""', 1))
    assert not check(clinic.folder).ok
    with pytest.raises(JournalDamaged):
        await clinic.open()


async def test_a_damaged_copy_gets_no_name(clinic: Clinic, tmp_path: Path) -> None:
    await clinic.pay(purchase(8000))
    connection = clinic.journal._database.connection
    connection.execute("DROP TRIGGER a_final_state_stays")
    with pytest.raises(JournalDamaged):
        await clinic.journal.backup(tmp_path)
    assert [name for name in names(tmp_path) if name.endswith((".db", ".part"))] == []
