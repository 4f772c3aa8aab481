"""A payment at the screen: two keys, once, and the truth until the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgepos.tui.invoices import Invoices
from edgepos.tui.pay import Pay
from tui import documents
from tui.screen import Person, at_screen
from tui.scripted import ScriptedAgent

SENT = documents.payment()


def begins(agent: ScriptedAgent, **more: Any) -> None:
    agent.answers["POST", "/payments"] = (201, documents.payment(state="intended", seq=9) | more)


async def opened(person: Person, *, terminal: str | None = documents.RECEPTION) -> None:
    """The first invoice, with *terminal* as the person's last."""
    person.app.last_terminal = terminal
    await person.press("enter")
    await person.until(lambda: isinstance(person.app.screen, Pay))
    await person.pilot.pause()


async def test_two_keys_pay_a_listed_invoice(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.reads("Enter: pay SEK 1 250,00 at RECEPTION")
        await person.press("enter")
        await person.sees("STARTING")
        await agent.tell_payment(SENT)
        await person.sees("AT THE TERMINAL")
        await agent.tell(
            "terminal_text", {"terminal": documents.RECEPTION, "payment": SENT["id"], "text": "SÄTT I KORT"}
        )
        await person.reads("SÄTT I KORT")
        await agent.tell_payment(documents.payment(state="approved", seq=11))
        await person.sees("PAID")
        await person.passes(6)
        await person.until(lambda: isinstance(person.app.focused, Invoices))
    assert agent.posts("/payments") == [
        {
            "terminal": documents.RECEPTION,
            "currency": "SEK",
            "lines": [{"invoice": "501", "part": 1, "due_minor": 125_000, "amount_minor": 125_000}],
        }
    ]


async def test_with_several_terminals_none_is_chosen_in_silence(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person, terminal=None)
        await person.reads("At which terminal?")
        await person.press("down", "enter")
        await person.reads("Enter: pay SEK 1 250,00 at ROOM 2")
        assert agent.posts("/payments") == []
        await person.press("enter")
        await person.sees("STARTING")
    assert agent.posts("/payments")[0]["terminal"] == documents.ROOM


async def test_a_held_enter_makes_one_payment_and_never_the_next_one(agent: ScriptedAgent) -> None:
    """FC-05: Enter repeats for three seconds, over the end of the payment and back on the desk."""
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await asyncio.sleep(1)
        await person.hold_enter(3, every_s=0.03)
        await person.sees("STARTING")
        await agent.tell_payment(documents.payment(state="approved", seq=11))
        await person.hold_enter(3, every_s=0.09)
        assert person.headline == "PAID"
    assert len(agent.posts("/payments")) == 1


async def test_taps_that_go_on_over_the_end_of_a_payment_do_not_begin_the_next_one(agent: ScriptedAgent) -> None:
    """Somebody taps on while the card is read; PAID comes up under the finger."""
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.sees("STARTING")
        await person.press("enter", apart_s=0.2)
        await agent.tell_payment(documents.payment(state="approved", seq=11))
        await person.sees("PAID")
        await person.press("enter", "enter", "enter", apart_s=0.2)
        assert person.headline == "PAID"
        await person.press("enter", apart_s=0.5)  # this one was looked at
        await person.until(lambda: not person.app.screen.query("#headline"))
    assert len(agent.posts("/payments")) == 1


async def test_a_lost_answer_is_asked_for_with_the_same_key(agent: ScriptedAgent) -> None:
    answers = iter([None, None, (201, SENT)])
    agent.answers["POST", "/payments"] = lambda body: next(answers)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.sees("AT THE TERMINAL")
    assert len(agent.keys("/payments")) == 3
    assert len(set(agent.keys("/payments"))) == 1


async def test_a_refusal_names_the_payment_in_the_way_and_enter_shows_it(agent: ScriptedAgent) -> None:
    agent.open = [documents.payment(state="unknown", terminal=documents.ROOM)]
    agent.answers["POST", "/payments"] = documents.refusal(
        "payment-unknown",
        payment=SENT["id"],
        terminal="ROOM 2",
        amount_minor=125_000,
        currency="SEK",
        since=documents.AT,
    )
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.reads("at ROOM 2 is not known yet")
        await person.press("enter")
        await person.sees("NOT KNOWN YET")
        await person.reads("Do NOT charge again")


async def test_a_due_sum_that_changed_is_seen_before_anything_is_sent(agent: ScriptedAgent) -> None:
    begins(agent)
    agent.answers["GET", "/invoices/501"] = documents.INVOICES[0] | {"due_minor": 99_000}
    async with at_screen(agent) as person:
        await opened(person)
        await person.reads("What is due has changed to SEK 990,00")
        assert agent.posts("/payments") == []
        await person.press("enter")
        await person.sees("STARTING")
    assert agent.posts("/payments")[0]["lines"][0] == {
        "invoice": "501",
        "part": 1,
        "due_minor": 99_000,
        "amount_minor": 99_000,
    }


async def test_the_amount_can_be_lowered_and_not_raised(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.type("2000")
        await person.reads("The amount is above SEK 1 250,00")
        await person.press("backspace", "enter")
        await person.reads("Enter: pay SEK 200,00 at RECEPTION")
        await person.press("enter")
        await person.sees("STARTING")
    assert agent.posts("/payments")[0]["lines"][0]["amount_minor"] == 20_000


async def test_an_amount_above_the_limit_is_asked_again_and_a_held_enter_says_no(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await person.type("20409")
        await opened(person)
        await person.press("enter")
        await person.reads("SEK 30 000,00 is more than this clinic charges")
        await person.press("enter")
        assert agent.posts("/payments") == []
        await person.press("enter", "down", "enter")
        await person.sees("STARTING")
    assert agent.posts("/payments")[0]["large_confirmed"] is True


async def test_stopping_is_a_wish_until_the_terminal_has_answered(agent: ScriptedAgent) -> None:
    """FC-06."""
    begins(agent)
    stopping = documents.payment(asked_to_stop_at=documents.AT, seq=11)
    agent.answers["POST", f"/payments/{SENT['id']}/cancel"] = (202, stopping)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await agent.tell_payment(SENT)
        await person.sees("AT THE TERMINAL")
        await person.press("f7")
        await person.sees("ASKED TO STOP")
        await agent.tell_payment(stopping | {"state": "approved", "approved_minor": 125_000, "seq": 12})
        await person.sees("PAID")
        await person.reads("came too late")
        await person.passes(10)
        assert person.headline == "PAID"


async def test_leaving_changes_nothing_and_the_payment_stays_in_sight(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await agent.tell_payment(SENT)
        await person.sees("AT THE TERMINAL")
        await person.press("escape")
        await person.until(lambda: person.app.screen.query("Invoices"))
        await person.press("f4")
        await person.reads("▶ RECEPTION  AT THE TERMINAL  SEK 1 250,00")
    assert not [path for _method, path, _body, _key in agent.asked if path.endswith("/cancel")]


async def test_a_part_paid_offers_the_rest(agent: ScriptedAgent) -> None:
    """FC-14."""
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.sees("STARTING")
        agent.invoices[0] = documents.INVOICES[0] | {"due_minor": 75_000, "part": 2}
        await agent.tell_payment(
            documents.payment(state="approved", approved_minor=50_000, remaining_minor=75_000, seq=11)
        )
        await person.sees("PART PAID")
        await person.reads("Only SEK 500,00 of SEK 1 250,00 was paid. Still to pay: SEK 750,00.")
        await person.press("enter")
        await person.reads("Enter: pay SEK 750,00 at RECEPTION")


@pytest.mark.parametrize(
    ("ended", "word", "text"),
    [
        ({"state": "declined", "cause": "51"}, "DECLINED", "not enough money"),
        ({"state": "cancelled", "cause": "no-card"}, "CANCELLED", "No card was shown at RECEPTION"),
        ({"state": "not_started", "cause": "terminal-busy"}, "NOT STARTED", "RECEPTION is doing something else"),
    ],
)
async def test_what_did_not_go_says_why_and_enter_tries_again(
    agent: ScriptedAgent, ended: dict[str, Any], word: str, text: str
) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.sees("STARTING")
        await agent.tell_payment(documents.payment(seq=11) | ended)
        await person.sees(word)
        await person.reads(text)
        await person.press("enter")
        await person.reads("Enter: pay SEK 1 250,00 at RECEPTION")
        await person.press("enter")
        await person.until(lambda: len(agent.keys("/payments")) == 2)
    assert len(set(agent.keys("/payments"))) == 2


async def test_a_signature_is_to_be_checked_and_the_screen_waits_for_it(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.sees("STARTING")
        await agent.tell_payment(documents.payment(state="approved", signature=True, seq=11))
        await person.sees("PAID")
        await person.reads("CHECK THE SIGNATURE")
        await person.passes(20)
        assert person.headline == "PAID"


async def test_an_invoice_that_cannot_be_read_is_paid_without_it(agent: ScriptedAgent) -> None:
    begins(agent)
    agent.answers["GET", "/invoices/501"] = documents.refusal("practice-away", 503, service="practice")
    async with at_screen(agent) as person:
        await opened(person)
        await person.reads("The practice system cannot be reached.")
        await person.press("enter")
        await person.reads("Without the invoice")
        assert agent.posts("/payments") == []
        await person.press("enter")
        await person.sees("STARTING")
    assert agent.posts("/payments") == [
        {"terminal": documents.RECEPTION, "currency": "SEK", "amount_minor": 125_000, "text": "STH-20417"}
    ]


async def test_a_payment_decided_while_the_line_was_broken_is_shown(agent: ScriptedAgent) -> None:
    """FC-18: no channel is trusted for being open."""
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await agent.tell_payment(SENT)
        await person.sees("AT THE TERMINAL")
        await agent.stop()
        agent.open = []
        agent.answers["GET", f"/payments/{SENT['id']}"] = documents.payment(state="approved", seq=11)
        await agent.start()
        await person.until(lambda: person.app.view.heard > 1)
        await person.passes(1)
        await person.sees("PAID")


async def test_a_silent_terminal_is_not_shown_as_waiting(agent: ScriptedAgent) -> None:
    """FC-27."""
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await agent.tell_payment(SENT)
        await person.reads("Customer's turn at RECEPTION")
        agent.status = documents.status(
            terminals=[documents.terminal(documents.RECEPTION, "RECEPTION", "Desk3500", "in_use", seen_s=33.0)]
        )
        await agent.tell("status", agent.status)
        await person.reads("No sign of life from RECEPTION for 33 s")


async def test_it_is_not_known_yet_and_staff_can_have_it_asked_now(agent: ScriptedAgent) -> None:
    begins(agent)
    unknown = documents.payment(state="unknown", seq=11)
    agent.answers["POST", f"/payments/{SENT['id']}/recheck"] = (202, unknown)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await agent.tell_payment(unknown)
        await person.sees("NOT KNOWN YET")
        await person.press("enter")
        await person.until(lambda: agent.posts(f"/payments/{SENT['id']}/recheck"))
        assert person.headline == "NOT KNOWN YET"


async def test_another_screen_sees_the_same_payment(agent: ScriptedAgent) -> None:
    agent.open = [SENT]
    async with at_screen(agent) as person:
        await person.press("f7")
        await person.sees("AT THE TERMINAL")
        await person.reads("Tova Testsson")


async def test_the_slip_is_shown_word_for_word(agent: ScriptedAgent) -> None:
    begins(agent)
    async with at_screen(agent) as person:
        await opened(person)
        await person.press("enter")
        await person.sees("STARTING")
        await agent.tell_payment(documents.payment(state="approved", seq=11))
        await person.sees("PAID")
        await person.press("r")
        await person.reads("GODKÄNT")
