"""The terminals: how each stands since when, what its lamps mean, and what to do, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from edgepos.client.aio import AsyncAgent
from edgepos.client.http import path_of
from edgepos.locale.words import N_, _
from edgepos.tui.acts import Act, Acts
from edgepos.tui.caption import Caption
from edgepos.tui.form import age
from edgepos.tui.pin import with_pin
from edgepos.tui.place import Place
from edgepos.tui.rows import Column, Row, Rows
from edgepos.tui.sheet import Sheet
from edgepos.tui.sure import Sure
from edgepos.tui.terminal_card import look_of, mend, state_line
from edgepos.tui.view import ClinicView, Document

STEPS: Mapping[str, Sequence[str]] = {
    "not_reached": (
        N_("Look at its home screen. The ECR lamp shows the link to Nets, the host lamp the link to the bank."),
        N_("ECR not green: is it on? Is the network cable in, or the Wi-Fi sign there?"),
        N_("Restart it: hold the yellow key and the . key together. Wait two minutes."),
        N_("Still not green: take another terminal, and call the support."),
    ),
    "no_bank_contact": (
        N_("The host lamp is not green: the terminal is there, the bank is not reached."),
        N_("Do other terminals work? Then restart this one and wait two minutes."),
        N_("No terminal works: it is the clinic's network or the bank. Take another way to pay meanwhile."),
    ),
    "busy": (
        N_("Somebody is in its menu, or it prints, or it has no paper. Look at its screen."),
        N_("Finish there, or press the red key until its home screen is back."),
    ),
    "reconcile_first": (N_("It takes no payment before it is reconciled: F5, the terminal, Enter."),),
    "restarting": (N_("Wait two minutes; it comes back by itself."),),
    "payment_unknown": (
        N_("Do not charge again. edgepos goes on asking the terminal until there is proof."),
        N_("Let the terminal be switched on and connected; that is all it needs."),
        N_("F8 shows the payment. Whoever has the slip and a PIN can close it by hand there."),
    ),
    "in_use": (N_("A payment is running here. Wait for it; F7 on the desk shows it."),),
    "not_in_account": (N_("Nets has not bound it to the clinic's account. A technician or Nets can."),),
    "not_checked": (
        N_("Nets does not answer, so nothing is known of the terminals: they may well work."),
        N_("Check the clinic's network. It is looked at again all the time."),
    ),
    "held": (
        N_("Nothing is sent to it, because another box or an older copy of the journal may have driven it."),
        N_("A technician: switch the other box off for good, reconcile it with F5, then L here."),
    ),
}
LAMPS = (
    (N_("ECR lamp"), N_("green: the terminal has its link to Nets, so edgepos can reach it")),
    (N_("host lamp"), N_("green: the terminal reaches the bank, so cards can be approved")),
)
ALONE = N_(
    "Stand-alone: type the amount on the terminal's keypad, let the customer pay, keep the slip and "
    "write the invoice's "
    "number on it. When edgepos is back: R records it."
)


class Terminals(Place):
    title_word = N_("Terminals")
    _headed = ""
    """The heading as it was drawn last: what is still is not drawn again."""
    counts_seconds = True

    def body(self) -> ComposeResult:
        with Vertical(classes="list"):
            yield Caption(id="terminal-names")
            yield Rows(
                (Column(12, share=1), Column(9), Column(26, share=1), Column(8), Column(20, share=2, least=96)),
                searches=False,
            )
            yield Sheet(id="terminal-sheet")
            yield Acts()

    def on_mount(self) -> None:
        self.query_one(Rows).focus()

    def arrived(self) -> None:
        self.clinic.look_at_status()

    def show(self, view: ClinicView) -> None:
        rows = self.query_one(Rows)
        rows.fill(
            Row(
                str(one["id"]),
                (
                    str(one["name"]),
                    str(one["model"]),
                    state_line(one, here="F6"),
                    self.form.hour(one["since"]),
                    mend(one),
                ),
                one,
                look="" if look_of(one) in ("live", "good") else look_of(one),
            )
            for one in view.terminals
        )
        names = rows.heading((_("terminal"), _("model"), _("now"), _("since"), _("what to do")))
        if names != self._headed:
            self._headed = names
            self.query_one("#terminal-names", Caption).update(names)
        self._show_row()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_row()

    def on_rows_taken(self, message: Rows.Taken) -> None:
        self.query_one(Acts).focus()

    @property
    def terminal(self) -> Document | None:
        found: Document | None = self.query_one(Rows).chosen_data
        return found

    def _show_row(self) -> None:
        one = self.terminal
        if one is None:
            self.query_one("#terminal-sheet", Sheet).put(_("No terminal is set up."))
            return
        self.query_one("#terminal-sheet", Sheet).put_facts(self._facts(one))
        acts = [Act("record", "r", _("Record a slip"))]
        if one["state"] == "payment_unknown":
            acts.insert(0, Act("attention", "n", _("The payment")))
        if one["state"] in ("reconcile_first", "ready"):
            acts.append(Act("reconcile", "c", _("Reconcile: close day")))
        if one["held"]:
            acts.append(Act("release", "l", _("Release (technician)")))
        self.query_one(Acts).put(acts)

    def _facts(self, one: Document) -> list[tuple[str, str]]:
        silent_s = self.clinic.silent_s(one["id"])
        since = self.form.moment(one["since"])
        steps = [_(step) for step in STEPS.get(str(one["state"]), ())]
        numbered = [f"{at}. {step}" if len(steps) > 1 else step for at, step in enumerate(steps, 1)]
        last = one["last_reconciled_at"]
        return [
            (
                _("now"),
                f"{state_line(one, here='F6')}   " + (_("since {moment}").format(moment=since) if since else ""),
            ),
            (_("what to do"), "\n".join(numbered)),
            (_("last answer"), _("never since edgepos started") if silent_s is None else _ago(silent_s)),
            (_("it reports"), str(one["reported"] or "")),
            (_("last payment"), str(one["last_payment"] or _("none"))),
            (_("reconciled"), self.form.moment(last) if last else _("never here")),
            (_("session"), str(one["session"] or "")),
            (_("number"), f"{one['id']}   {one['model']}"),
            *((_(name), _(meaning)) for name, meaning in LAMPS),
            (_("without edgepos"), _(ALONE)),
        ]

    # --- what a person does

    def on_key(self, event: events.Key) -> None:
        if self.query_one(Acts).by_letter(event.character):
            event.stop()

    def on_acts_chosen(self, message: Acts.Chosen) -> None:
        message.stop()
        one = self.terminal
        if one is None:
            return
        if message.name == "record":
            from edgepos.tui.record import Record

            self.app.push_screen(Record(str(one["id"])))
        elif message.name == "release":
            self._ask_release(one)
        else:
            self.clinic.go("close-day" if message.name == "reconcile" else "attention")

    def _ask_release(self, one: Document) -> None:
        text = _(
            "Is the other box that may have driven {terminal} switched off for good? Two boxes on one terminal "
            "charge twice."
        ).format(terminal=one["name"])
        id = str(one["id"])
        self.app.push_screen(Sure(text), lambda yes: self._release(id) if yes else None)

    def _release(self, id: str) -> None:
        async def act(agent: AsyncAgent) -> Any:
            return await agent.post(path_of("terminals", id, "release"), {"other_box_is_off": True})

        self.ask(lambda: with_pin(self, act), self._released, group="send")

    def _released(self, answer: Any) -> None:
        place = self.view.place(answer["id"])
        if answer["held"]:
            self.say(_("{terminal} is still held.").format(terminal=place), "warn")
        else:
            self.say(_("{terminal} is released.").format(terminal=place), "good")


def _ago(seconds: float) -> str:
    if seconds < 60:
        return _("{n} s ago").format(n=int(seconds))
    return _("{age} ago").format(age=age(seconds))
