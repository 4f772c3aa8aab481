"""Closing reports and the X report as lines of text, as they are read on the screen and handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgepos.locale.words import _
from edgepos.tui.causes import cause_lines
from edgepos.tui.form import Form
from edgepos.tui.view import ClinicView, Document


def closing_text(closing: Document, view: ClinicView, form: Form) -> str:
    """A closing report as it was made. One that is shown again says which copy it is, and what was dealt with since."""
    return "\n".join(_closing(closing, view, form))


def _closing(closing: Document, view: ClinicView, form: Form) -> Iterator[str]:
    match = closing["match"]
    if copy := closing.get("copy"):
        yield _("*** COPY {n} ***").format(n=copy)
    yield _("Closing report {number}").format(number=closing["number"])
    yield f"{view.location.get('name', '')}   {form.day(closing['clinic_day'])}"
    yield _("made {moment} by {operator}").format(moment=form.moment(closing["made_at"]), operator=closing["operator"])
    yield _("This is no sales receipt.")
    yield ""
    yield _("Terminal, edgepos and Provet AGREE") if match["agree"] else _("They do NOT agree: see the lines marked !")
    yield ""
    yield from match_lines(match, view, form)
    for period in match.get("left_open") or ():
        yield _("{terminal}: its open period waits for the next closing").format(
            terminal=view.place(period["terminal"])
        )
    yield from _dealt_with(closing, view, form)
    yield ""
    yield from sums_lines(match["report"], view, form)
    head: Sequence[object] = match.get("head") or ()
    if head:
        seq, digest = head
        yield ""
        yield _("journal {seq} {head}").format(seq=seq, head=str(digest)[:16])


def _dealt_with(closing: Document, view: ClinicView, form: Form) -> Iterator[str]:
    """What became of the lines that were red."""
    for one in closing["dealt_with"]:
        facts = {"terminal": view.place(one["terminal"]), "period": one["period"], "moment": form.moment(one["at"])}
        if one["operator"] == "agent":
            yield _("Since then: {terminal}, period {period}: all three agree, {moment}").format(**facts)
        else:
            text = _("Since then: {terminal}, period {period}: handled by {operator}, {moment}")
            yield text.format(operator=one["operator"], **facts)


def match_lines(match: Document, view: ClinicView, form: Form) -> Iterator[str]:
    yield _row("", _("terminal"), "edgepos", "Provet", "")
    for one in match["terminals"]:
        word = _("agrees") if one["agree"] else _("DIFFERS")
        name = f"{view.place(one['terminal'])} {one['session'] or ''}"
        terminal, journal, practice = (
            form.money(one[side]) or "-" for side in ("terminal_minor", "journal_minor", "practice_minor")
        )
        yield _row(name, terminal, journal, practice, word)
        for difference in one["differences"]:
            yield from (f"  {line}" for line in cause_lines(difference, form))
    for difference in match.get("without_reference") or ():
        yield from cause_lines(difference, form)


def sums_lines(report: Document, view: ClinicView, form: Form) -> Iterator[str]:
    """An X report's sums, by everything."""
    yield _sum(_("together"), report, form)
    for key, name, title in (
        ("by_terminal", "terminal", _("By terminal")),
        ("by_operator", "operator", _("By person")),
        ("by_scheme", "scheme", _("By card")),
        ("by_hour", "hour", _("By the hour")),
    ):
        if report.get(key):
            yield ""
            yield title
            for one in report[key]:
                label = str(one[name])
                label = view.place(label) if name == "terminal" else f"{label[-2:]}:00" if name == "hour" else label
                yield _sum(label or _("not told"), one, form)


def _row(name: str, terminal: str, journal: str, practice: str, word: str) -> str:
    return f"{name:<16.16}{terminal:>16}{journal:>16}{practice:>16}  {word}"


def _sum(name: str, sums: Document, form: Form) -> str:
    parts = [f"{name:<16.16} {sums['count']:>5} {form.money(sums['amount_minor']):>16}"]
    if sums["back_count"]:
        parts.append(_("given back {n}: {money}").format(n=sums["back_count"], money=form.money(sums["back_minor"])))
    if sums["tip_minor"]:
        parts.append(_("tips {money}").format(money=form.money(sums["tip_minor"])))
    return "   ".join(parts)
