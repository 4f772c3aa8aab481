"""The nights of the scripted week: every difference that a match can show comes about, is named, is dealt with.

What is red in the morning is mended by arriving late, or by a person, as a clinic would. In the end nothing is red, and
each cause was seen: the script fails with the name of one that was not.
"""

from __future__ import annotations

from edgepos.client import AgentError
from edgepos.client.http import new_key
from edgepos.commands.demo.control import DemoFailed
from edgepos.commands.demo.day import FINAL, RECEPTION, ROOM, Payment, shown
from edgepos.commands.demo.week import (
    NAMES,
    NEW_ROOM,
    WEEK_LOCATION,
    Week,
    period_of,
    placed,
    services,
    session_of,
    verdict,
)

CAUSES = frozenset({
    "not-synced", "parked", "stand-alone-sale", "booked-by-hand", "changed-in-practice", "not-assigned", "tip",
    "surcharge", "part-approval", "unknown", "settled-by-hand", "reversal-across-sessions", "late-approval",
    "terminal-swapped", "not-closed", "slip-missing", "slip-unreadable", "currency", "practice-away",
    "without-reference", "unexplained", "before-this-journal",
})  # fmt: skip
"""What has to be seen in the week: every cause that there is."""
BOOKINGS = {"service": "provet", "method": "POST", "path": "*/invoicepayment/", "times": None}
TAP = {"do": "tap"}
TRIES = 12
"""So often a technician asks for the release of a terminal that is busy, or wants its reconciliation first."""


def monday(week: Week) -> None:
    """Monday: new terminals ask for their reconciliation; tips, a surcharge and a part approval are no difference."""
    week.at("2026-11-30T19:00:00")
    week.clinic.until("both services", lambda: services(week) == {"ok"}, limit_s=300)
    states = {one["state"] for one in week.clinic.agent.get("/status")["terminals"]}
    week.must(states == {"reconcile_first"}, f"New terminals are {states}.")
    for terminal in (RECEPTION, ROOM):
        week.must(week.reconcile(terminal)["state"] == "approved", "The first reconciliation failed.")
    week.note("Both terminals say: reconcile first. Done, before a customer stands there.")
    week.take(RECEPTION, 50_000, {**TAP, "tip_minor": 2_000})
    week.take(ROOM, 30_000, {**TAP, "surcharge_minor": 150})
    week.note("In the night the match says:")
    week.look()
    week.at("2026-12-01T03:00:00")
    week.take(RECEPTION, 80_000, {**TAP, "approve_minor": 60_000})
    week.at("2026-12-01T06:45:00")
    week.close()


def tuesday(week: Week) -> None:
    """Tuesday: bookings wait for the practice system, and a terminal approves what it had declined."""
    week.at("2026-12-01T19:30:00")
    fault = week.fault(**BOOKINGS, fault="status", args={"status": 503})
    week.take(ROOM, 42_000, booked=False)
    week.at("2026-12-02T02:00:00")
    declined = week.take(RECEPTION, 25_000, {**TAP, "decline_code": "51", "approve_later_s": 9}, booked=False)
    week.must(declined["state"] == "declined", f"The first answer was {declined['state']}.")
    week.clinic.advance(60)
    week.note(f"Told as declined, approved nine seconds later: {week.says('late-approval')}")
    week.at("2026-12-02T06:45:00")
    week.close("not-synced", "late-approval")
    week.mend(fault)
    week.wait_booked()
    week.note("The practice system takes bookings again: what waited has arrived.")
    week.handle("late-approval")
    week.turns_green()


def wednesday(week: Week) -> None:
    """Wednesday: a locked period, a booking by hand, a payment that has no invoice yet."""
    week.at("2026-12-02T20:00:00")
    fault = week.fault(**BOOKINGS, fault="status", args={"status": 503})
    week.clinic.control("POST", "/practice/bookings", {"invoice": _other(week), "paid_minor": 4_400, "info": "kort"})
    by_hand = week.take(RECEPTION, 33_000, booked=False)
    booking = week.clinic.control(
        "POST", "/practice/bookings", {"invoice": int(by_hand["invoice"]), "paid_minor": 33_000, "info": "kort"}
    )
    week.mend(fault)
    week.wait_parked(by_hand)
    week.clinic.control("PUT", "/practice", {"lock_date": "2026-12-20"})
    locked = week.take(ROOM, 12_000, booked=False)
    week.wait_parked(locked)
    invoice = week.fresh(ROOM, 8_000)
    unlisted = week.pay(ROOM, amount_minor=8_000, text=invoice["number"])
    week.at("2026-12-03T06:45:00")
    week.close("parked", "booked-by-hand", "not-assigned")
    week.clinic.agent.post(f"/outbox/{by_hand['id']}.1/adopt", {"practice_payment": str(booking["id"])})
    week.note("“That booking by hand is this payment”: adopted.")
    week.clinic.control("PUT", "/practice", {"lock_date": None})
    week.clinic.agent.post(f"/outbox/{locked['id']}.1/retry", {})
    week.clinic.agent.post(f"/payments/{unlisted['id']}/assign", {"invoice": invoice["id"]})
    week.wait_booked()
    week.note("The books are open again, and the payment has its invoice: both are booked.")
    week.turns_green()


def _other(week: Week) -> int:
    """An invoice whose card payment is none of ours."""
    return int(week.new_invoice(4_400)["id"])


def thursday(week: Week) -> None:
    """Thursday: sales on the keypad, seen and unseen; at midnight a terminal closes its session by itself."""
    week.at("2026-12-03T22:00:00")
    week.take(RECEPTION, 15_000)
    first, night = period_of(week, RECEPTION), session_of(week, RECEPTION)
    seen = week.sale_at_keypad(RECEPTION, 9_900)
    week.take(RECEPTION, 21_000)
    week.note(f"A sale that edgepos did not ask for: {week.says('foreign-transaction')}")
    week.take(ROOM, 5_000)
    unseen = [(minor, week.sale_at_keypad(ROOM, minor)) for minor in (1_000, 2_500)]
    week.at("2026-12-04T00:00:00")
    week.clinic.control("POST", f"/terminals/{RECEPTION}/close_session")
    week.take(RECEPTION, 70_000)
    week.note(week.says("closed-by-terminal"))
    week.at("2026-12-04T06:45:00")
    week.close("stand-alone-sale", "slip-missing", "unexplained")
    week.record(RECEPTION, 9_900, seen, night)
    week.tell_total(RECEPTION, first, 15_000 + 9_900 + 21_000)
    session = _closed_session(week, ROOM)
    for minor, slip in unseen:
        week.record(ROOM, minor, slip, session)
    week.turns_green()


def _closed_session(week: Week, terminal: str) -> str:
    """The session on the terminal's last report."""
    newest = week.clinic.agent.get("/reconciliations", terminal=terminal, limit=1)["reconciliations"][0]
    return str(newest["session"])


def friday(week: Week) -> None:
    """Friday: an answer that nothing can prove any more; a reconciliation's answer is lost; the bank takes back."""
    week.at("2026-12-04T21:00:00")
    lost = _lost_for_good(week)
    week.at("2026-12-05T06:20:00")
    week.take(ROOM, 18_000)
    week.clinic.advance(10)
    period = _lose_reconciliation(week)
    week.change(RECEPTION, reverse_after_s=600)
    week.take(RECEPTION, 27_000)
    week.change(RECEPTION, reverse_after_s=None)
    week.close("slip-missing")
    confirmed = week.payment(lost)["confirmed"]
    week.must(confirmed, "What was settled by hand is not confirmed by the terminal's total.")
    week.note(f"{lost['id']}, closed by hand, is confirmed by the terminal's own total.")
    week.tell_total(ROOM, period, 18_000)
    week.turns_green()
    week.clinic.advance(600)


def _lost_for_good(week: Week) -> Payment:
    """The reply is cut, and a keypad sale is the terminal's last: only its paper can tell. A person settles both."""
    week.change(RECEPTION, keypad_after_ours_minor=7_000)
    path = f"/v1/terminal/{RECEPTION}/transaction"
    week.fault(service="nets", method="POST", path=path, times=1, fault="drop_after")
    lost = week.start(RECEPTION, week.fresh(RECEPTION, 64_000))
    week.clinic.until("the lost reply", lambda: week.payment(lost)["state"] == "unknown", limit_s=120)
    week.clinic.advance(330)
    week.change(RECEPTION, keypad_after_ours_minor=None)
    week.must(week.payment(lost)["state"] not in FINAL, "An unknown payment was decided without proof.")
    week.look()
    week.note(f"{lost['id']}, {shown(64_000)}: NOT KNOWN. The terminal's last is a keypad sale; nobody can be asked.")
    body = {"outcome": "taken", "slip_number": "0077", "amount_minor": 64_000}
    sentence = week.clinic.agent.post(f"/payments/{lost['id']}/settle", body)["confirm"]
    week.clinic.agent.post(f"/payments/{lost['id']}/settle", {**body, "confirm": sentence})
    week.wait_booked()
    week.note(f"Closed by hand, with its slip: {sentence}")
    sale = next(entry for entry in reversed(week.entries(RECEPTION)) if entry["origin"] == "keypad")
    week.record(RECEPTION, 7_000, str(sale["stan_auth"]))
    return lost


def _lose_reconciliation(week: Week) -> int:
    """The answer to a reconciliation is lost; the next payment's session tells that it was done. Gives its period."""
    period, path = period_of(week, ROOM), f"/v1/terminal/{ROOM}/administration"
    week.fault(service="nets", method="POST", path=path, times=1, fault="drop_after")
    asked = week.clinic.agent.post("/reconciliations", {"terminal": ROOM}, key=new_key())
    week.clinic.until("the lost report", lambda: week.payment(asked)["state"] == "unknown", limit_s=300)
    week.clinic.advance(20)
    week.take(ROOM, 3_000)
    week.must(week.payment(asked)["state"] == "approved", "The lost reconciliation is not known yet.")
    week.note("The answer to a reconciliation was lost; the next payment's session says: it was done, without slip.")
    return period


def saturday(week: Week) -> None:
    """Saturday: a report in another language, one in another currency; what the bank took back is found."""
    week.at("2026-12-05T21:00:00")
    periods = [period_of(week, terminal) for terminal in (RECEPTION, ROOM)]
    week.take(ROOM, 36_000)
    week.change(ROOM, country="da")
    week.take(RECEPTION, 48_000)
    week.note(week.says("reversed-at-terminal"))
    week.at("2026-12-06T06:40:00")
    week.close("slip-unreadable", "reversal-across-sessions")
    week.handle("reversed-at-terminal")
    week.change(ROOM, country="sv")
    week.tell_total(ROOM, periods[1], 36_000)
    week.turns_green()
    week.change(ROOM, currency="NOK")
    week.take(ROOM, 11_000)
    week.note(f"The first slip tells already: {week.says('report-currency')}")
    week.clinic.advance(10)
    week.reconcile(ROOM)
    week.report("currency")
    checks = week.clinic.agent.get("/doctor")["checks"]
    said = next(check["message"] for check in checks if check["name"] == "currency")
    week.note(f"The doctor says it too: {placed(said)}")
    week.change(ROOM, currency="SEK")
    week.clinic.advance(10)
    week.reconcile(ROOM)
    week.tell_total(ROOM, periods[1] + 1, 11_000)
    week.turns_green()


def sunday(week: Week) -> None:
    """Sunday: a terminal breaks and is swapped; a booking is deleted; the practice system is away at closing time."""
    week.at("2026-12-06T20:00:00")
    period = period_of(week, ROOM)
    week.take(ROOM, 19_000)
    paid = week.take(RECEPTION, 22_000)
    week.clinic.stop_agent()
    week.clinic.set_location(WEEK_LOCATION.replace(ROOM, NEW_ROOM))
    week.clinic.start_agent()
    week.must(week.reconcile(NEW_ROOM)["state"] == "approved", "The new terminal was not reconciled.")
    week.take(NEW_ROOM, 6_000)
    week.note("ROOM 2 broke in the night: another terminal stands there, reconciled first.")
    row = next(one for one in week.clinic.control("GET", "/truth")["bookings"] if paid["id"] in one["info"])
    week.clinic.control("DELETE", f"/practice/bookings/{row['id']}")
    week.at("2026-12-07T06:30:00")
    down = week.fault(service="provet", fault="down")
    week.close("terminal-swapped", "practice-away")
    week.mend(down)
    week.clinic.until("the practice system", lambda: services(week) == {"ok"}, limit_s=600, step_s=10)
    week.note("The practice system is back. Compared again:")
    week.look("2026-12-06")
    week.clinic.control(
        "POST", "/practice/bookings", {"invoice": row["invoice"], "paid_minor": 22_000, "info": row["info"]}
    )
    week.note("The deleted booking is put back in the practice system, with its reference.")
    week.tell_total(ROOM, period, 19_000)
    week.look("2026-12-06")
    week.turns_green()


def monday_again(week: Week) -> None:
    """Monday again: the box breaks in the night, and the evening's copy of its journal is put in its place."""
    week.at("2026-12-07T20:00:00")
    week.take(RECEPTION, 13_000)
    copy = str(week.clinic.folder / "copy.db")
    week.clinic.command("backup", copy)
    invoice = week.fresh(RECEPTION, 4_500)
    week.pay(RECEPTION, amount_minor=4_500, text=invoice["number"])
    unbooked = week.fault(**BOOKINGS, fault="status", args={"status": 503})
    last, session = week.take(RECEPTION, 17_000, booked=False), session_of(week, RECEPTION)
    week.clinic.kill_agent()
    week.mend(unbooked)
    week.clinic.command("restore", copy, "--yes")
    week.clinic.start_agent()
    states = {one["state"] for one in week.clinic.agent.get("/status")["terminals"]}
    week.must(states == {"held"}, f"After a restored copy the terminals are {states}.")
    week.clinic.until("both services", lambda: services(week) == {"ok"}, limit_s=120, step_s=10)
    week.note("The copy lacks what came after it: nothing is sent to a terminal until it has caught up.")
    for terminal in (RECEPTION, NEW_ROOM):
        _release(week, terminal)
    week.must(week.payment(last)["origin"] == "found", "The terminal's last payment was not found again.")
    week.note(f"{last['id']}, {shown(17_000)}, is found again: the terminal still has it as its last.")
    week.at("2026-12-08T06:45:00")
    week.close("before-this-journal", "not-assigned")
    week.clinic.agent.post(f"/payments/{last['id']}/assign", {"invoice": last["invoice"]})
    week.wait_booked()
    week.note("It gets its invoice again, and is booked.")
    slip = next(one for one in week.entries(RECEPTION) if one["amount_minor"] == 4_500)
    week.record(RECEPTION, 4_500, str(slip["stan_auth"]), session)
    for _ in (RECEPTION, NEW_ROOM):
        week.handle("before-this-journal")
    week.turns_green()


def _release(week: Week, terminal: str) -> None:
    """What a technician does, each step by what was really seen: its last payment, the books, a reconciliation."""
    path = f"/terminals/{terminal}/release"
    refusal = ""
    for _ in range(TRIES):
        try:
            week.clinic.meanwhile(lambda: week.clinic.agent.post(path, {"other_box_is_off": True}))
        except AgentError as refused:
            refusal = refused.code
        else:
            return
        if refusal == "terminal-busy":  # it prints
            week.clinic.advance(5)
        elif refusal == "reconcile-first":
            week.must(week.reconcile(terminal)["state"] == "approved", f"{NAMES[terminal]} was not reconciled.")
        else:
            break
    raise DemoFailed(f"{NAMES[terminal]} is not released: {refusal}.")


def all_week(week: Week) -> None:
    """The whole week once more: every period of every day, all three sides."""
    for day in sorted(set(week.days)):
        week.clinic.advance(60)  # the practice system counts our questions by the minute
        match = week.look(day)
        sums = sum(period["journal_minor"] for period in match["terminals"])
        week.note(f"{day}: {len(match['terminals'])} periods, {shown(sums)}: {verdict(match['agree'])}.")
        week.must(match["agree"], f"{day} does not agree.")
    closings = week.clinic.agent.get("/closings")["closings"]
    red = [one for one in closings if not one["match"]["agree"]]
    week.must(all(one["dealt_with"] for one in red), "A red closing does not say what became of it.")
    week.note(
        f"{len(closings)} closing reports, {len(red)} of them red when they were made: each says what came of it."
    )
    left = [f"{one['kind']} {one['subject']}" for one in week.clinic.agent.get("/findings")["findings"]]
    week.must(not left, f"Still listed: {', '.join(left)}.")
    week.must_have_seen(CAUSES)
    week.note(f"{len(CAUSES)} causes were found and named; nothing is left to do.")


NIGHTS = (monday, tuesday, wednesday, thursday, friday, saturday, sunday, monday_again, all_week)
