"""The desk's list: what can be paid here, found as one types, with its age while the practice system is away.

It lives in memory, is kept up to date by one question every half minute (more often while a screen shows it), and is
written to `cache.db` for the next start. It is a list to pick from and never a reason to charge: an invoice is read
again before that (`fresh`), and what may be charged is computed from that answer alone (`chargeable`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from edgepos.agent.invoice_cache import InvoiceCache
from edgepos.clock import Clock, parse_rfc3339, rfc3339
from edgepos.domain.booking import row_in
from edgepos.domain.errors import NotReached, Wrong
from edgepos.domain.invoice import DUE_LAG_S, Invoice, Kept, PracticePayment, WhyNot, chargeable
from edgepos.domain.money import DIGITS
from edgepos.journal import KeptLine
from edgepos.practice import Configuration, PracticeSystem, Temporary

log = logging.getLogger(__name__)

REST_S = 30.0
WATCHED_S = 10.0
"""Between two refreshes while a screen shows the list. The rate budget has the last word."""
WATCHED_FOR_S = 60.0
"""A list that was asked for this recently is being shown."""
UNPAID_EVERY_S = 3600.0
"""All that is unpaid is read again this often: what changed without a mark, or was deleted, leaves the list then."""
WHOLE_EVERY_S = 24 * 3600.0
"""And everything of late, drafts included: a hospital's month of 60,000 invoices takes twenty minutes of the rate budget,
in which the list learns nothing. Where the practice system does not tell what is unpaid, it is this every hour."""
SAVE_EVERY_S = 600.0
"""A list that stays as it is is written down again this often; after a start it looks that much older at most."""
OVERLAP = timedelta(seconds=5)
"""Changes are asked for from a little before the newest one known, in the practice system's own time."""
NAMES_A_REFRESH = 20
ENDED_KEPT = 1_000
"""Paid and voided ones that are remembered, the newest: some days of a large clinic, a megabyte."""
GREY = frozenset(
    {
        WhyNot.DRAFT, WhyNot.SENT, WhyNot.INVOICING, WhyNot.STATUS_UNKNOWN, WhyNot.AMOUNT_UNREADABLE,
        WhyNot.OTHER_CURRENCY,
    }
)  # fmt: skip
"""Cannot be paid, and somebody stands at the desk for it: shown with the reason."""
NEVER_LISTED = frozenset({WhyNot.PAID, WhyNot.VOIDED, WhyNot.OTHER_DEPARTMENT})

UNDECOMPOSED = str.maketrans(
    {"ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH",
     "ł": "l", "Ł": "L", "ı": "i"}
)  # fmt: skip


def plain(text: str) -> str:
    """*text* as people type it: without case and accents, so that `pärlan`, `PARLAN` and `parlan` are one."""
    letters = unicodedata.normalize("NFKD", text.translate(UNDECOMPOSED).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """*as_of*: when the list was read, None if never; *stale_s*: its age, by a clock that only runs forward."""

    as_of: str | None
    stale_s: float | None
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    invoice: Invoice
    number: str
    """As it is searched for."""
    found_by: str


class Desk:
    """The list of one location. `open`, then `run` as a task; searching needs neither."""

    def __init__(
        self,
        practice: PracticeSystem,
        folder: Path,
        clock: Clock,
        *,
        scope: str = "",
        spread: float = 0.0,
        changed: Callable[[str], None] = lambda as_of: None,
    ) -> None:
        """*scope* names practice system and department; *spread* in [0, 1) tells boxes of one organisation apart.
        *changed* hears whenever the list is another than it was, or is read again after it could not be.
        """
        self._practice, self._clock = practice, clock
        self._cache = InvoiceCache(folder)
        self._scope, self._spread, self._changed = scope, spread, changed
        self._entries: dict[str, _Entry] = {}
        self._ended: dict[str, _Entry] = {}
        """Paid and voided ones by id: whoever types one is told so, and a list of payments can say whose they were."""
        self._names: dict[str, str] = {}
        self._as_of: str | None = None
        self._read_at: float | None = None
        self._whole_at: float | None = None
        self._unpaid_at = float("-inf")
        self._newest = ""
        """When the newest change in the lists read so far was made, by the practice system's own clock. One invoice that
        was read by itself does not count: another may have changed before it."""
        self._saved_at = float("-inf")
        self._age_at_start_s = 0.0
        self._is_news = True
        """Whether those who show the list do not know of it as it is."""
        self._shown_at = float("-inf")
        self._began_at = clock.monotonic()
        self._booked_at: dict[str, float] = {}
        self._wanted = asyncio.Event()
        self._refreshing = asyncio.Lock()

    async def open(self) -> None:
        """Take over what the last run knew."""
        cached = await self._cache.load(self._scope)
        self._names.update(cached.names or {})
        for invoice in cached.invoices:
            self._keep(invoice)
        self._as_of = cached.as_of
        if cached.as_of is not None:
            with contextlib.suppress(ValueError):
                age = self._clock.now() - parse_rfc3339(cached.as_of)
                self._age_at_start_s = max(0.0, age.total_seconds())

    async def close(self) -> None:
        await self._cache.close()

    async def run(self) -> None:
        """Keep the list up to date for ever, from what the last run knew. What the practice system refuses or is too
        far away for is tried again."""
        await self.open()
        if self._as_of is not None:
            self._changed(self._as_of)
        spread_s = self._spread * WATCHED_S  # once, so that the boxes of an organisation do not ask in step for ever
        while True:
            try:
                await self.refresh()
            except (Temporary, Configuration) as away:
                self._is_news = True  # that it can be read again
                log.info("list not refreshed", extra={"service": "practice", "cause": away.cause})
            await self._clock.sleep(spread_s)
            spread_s = 0.0
            self._wanted.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REST_S if not self._is_shown else WATCHED_S):
                    await self._wanted.wait()

    # --- reading the list

    def search(self, find: str = "", *, all: bool = False) -> Listing:
        """What matches every word of *find*, newest first. *all*: also what nobody stands at the desk for."""
        if not self._is_shown:
            self._wanted.set()
        self._shown_at = self._clock.monotonic()
        words = plain(find).split()
        found = [
            entry.invoice
            for entry in (*self._entries.values(), *(self._ended.values() if all else ()))
            if (all or entry.invoice.is_payable or entry.invoice.why_not in GREY) and _all_in(words, entry.found_by)
        ]
        found.sort(key=lambda invoice: (invoice.created_at, int(invoice.id)), reverse=True)
        return Listing(as_of=self._as_of, stale_s=self.stale_s, invoices=tuple(found))

    @property
    def stale_s(self) -> float | None:
        if self._as_of is None:
            return None
        since = self._began_at - self._age_at_start_s if self._read_at is None else self._read_at
        return self._clock.monotonic() - since

    def known(self, id: str) -> Invoice | None:
        """The invoice as last seen, for its names."""
        entry = self._entries.get(id)
        return entry.invoice if entry else None

    def resolve(self, text: str) -> str:
        """The invoice's id that *text* names, as id or number. Raises Wrong `unknown-invoice`: for two, with both."""
        wanted = plain(text.strip())
        known = {id: entry.number for id, entry in (self._entries | self._ended).items()}
        ids = [id for id, number in known.items() if wanted and wanted in (id, number, number.rpartition("-")[2])]
        if len(ids) > 1:
            raise Wrong("unknown-invoice", invoice=text[:40], why="named-twice", ids=sorted(ids, key=int))
        if ids:
            return ids[0]
        if wanted.isascii() and wanted.isdecimal() and len(wanted) <= 18:
            return str(int(wanted))
        raise Wrong("unknown-invoice", invoice=text[:40])

    # --- before charging

    async def fresh(self, invoice_id: str) -> Invoice:
        """The invoice as it is now. Raises Wrong `unknown-invoice`, NotReached: then it must not be charged."""
        invoice = await self._practice.invoice(invoice_id)
        self._keep(invoice)
        return self._named(invoice)

    async def chargeable(self, invoice: Invoice, kept: Sequence[KeptLine]) -> int:
        """What may be charged on an invoice just read, in minor units. Raises NotReached."""
        if not kept:
            return chargeable(invoice, ())
        payments = await self._practice.payments_of(invoice)
        return chargeable(invoice, [self._held(line, payments) for line in kept])

    def booked(self, row: str) -> None:
        """The practice system has *row* now: for a while its due sum may not show it."""
        now = self._clock.monotonic()
        while self._booked_at and now - next(iter(self._booked_at.values())) >= DUE_LAG_S:
            del self._booked_at[next(iter(self._booked_at))]  # as good as booked before we began
        self._booked_at[row] = now

    def _held(self, line: KeptLine, payments: Sequence[PracticePayment]) -> Kept:
        is_booked = any(one.id == line.practice_payment or row_in(one.info) == line.row for one in payments)
        # Booked before we began, or found booked before we know of it: as if just then.
        now = self._clock.monotonic()
        since = self._booked_at.get(line.row, self._began_at if line.practice_payment else now)
        return Kept(
            row=line.row,
            kept_minor=line.kept_minor,
            due_minor=line.due_minor,
            is_booked=is_booked,
            booked_s_ago=now - since if is_booked else None,
        )

    # --- keeping it up to date

    @property
    def _is_shown(self) -> bool:
        return self._clock.monotonic() - self._shown_at < WATCHED_FOR_S

    async def refresh(self) -> None:
        """Read what changed, or the whole list where that is due. Raises Temporary, Configuration."""
        async with self._refreshing:
            now = self._clock.monotonic()
            before = {id: entry.invoice for id, entry in self._entries.items()}
            if self._whole_at is None:
                await self._take_unpaid()
            invoices, gone = await self._read(now, {id: entry.invoice for id, entry in self._entries.items()})
            for invoice in invoices:
                self._keep(invoice)
            for id in gone:
                self._is_news |= self._entries.pop(id, None) is not None
            self._as_of, self._read_at = rfc3339(self._clock.now()), now
            names = await self._learn_names()
            await self._save(before, names, self._unneeded() if self._unpaid_at == now else (), self._as_of)
            if self._is_news:
                self._is_news = False
                self._changed(self._as_of)

    async def _take_unpaid(self) -> None:
        """After a start: what can be paid now is there within seconds, where all of a month takes a minute or more."""
        for invoice in await self._practice.unpaid() or ():
            self._keep(invoice)
        self._as_of = self._as_of or rfc3339(self._clock.now())
        if self._is_news:
            self._changed(self._as_of)

    async def _read(self, now: float, before: Mapping[str, Invoice]) -> tuple[list[Invoice], Collection[str]]:
        """Invoices as they are now, later readings last, and the ids of those of *before* that are not there any more."""
        since, unpaid = self._changes_since(now), None
        is_due = now - self._unpaid_at >= UNPAID_EVERY_S
        if since is not None and is_due and (unpaid := await self._practice.unpaid()) is None:
            since = None
        invoices = await self._practice.invoices(since=since)
        newest = max((one.modified_at for one in invoices), default="")
        if since is None:
            self._whole_at, self._unpaid_at, self._newest = now, now, newest
            return invoices, before.keys() - {one.id for one in invoices}
        again: list[Invoice] = []
        gone: list[str] = []
        if unpaid is not None:
            seen = {one.id for one in (*unpaid, *invoices)}
            again, gone = await self._ask_for([id for id, one in before.items() if one.is_payable and id not in seen])
            self._unpaid_at = now
        self._newest = max(self._newest, newest)
        return [*again, *(unpaid or ()), *invoices], gone

    async def _ask_for(self, ids: Sequence[str]) -> tuple[list[Invoice], list[str]]:
        """Each of *ids* by itself, for a list may have left it out; and those of them that are not there any more."""
        found: list[Invoice] = []
        gone: list[str] = []
        for id in ids:
            try:
                found.append(await self._practice.invoice(id, background=True))
            except Wrong:
                gone.append(id)
        return found, gone

    async def _save(
        self, before: Mapping[str, Invoice], names: Mapping[str, str], unneeded: Collection[str], as_of: str
    ) -> None:
        """Keep what is new. That nothing is new is kept now and then only: flash wears out."""
        now = self._clock.monotonic()
        changed = [entry.invoice for id, entry in self._entries.items() if before.get(id) != entry.invoice]
        gone = before.keys() - self._entries.keys()
        if changed or gone or names or unneeded or now - self._saved_at >= SAVE_EVERY_S:
            self._saved_at = now
            await self._cache.save(changed, gone, names, unneeded, as_of)

    async def _learn_names(self) -> Mapping[str, str]:
        """Names that the invoices themselves do not carry: a few with each refresh, each once."""
        nameless = [entry.invoice for entry in self._entries.values() if _lacks_names(entry.invoice, self._names)]
        if not nameless:
            return {}
        try:
            names = await self._practice.names(nameless, known=self._names, most=NAMES_A_REFRESH)
        except NotReached as away:
            log.info("names not read", extra={"service": "practice", "cause": str(away.facts.get("why"))})
            return {}
        self._names.update(names)
        for invoice in nameless:
            self._keep(invoice)
        return names

    def _unneeded(self) -> set[str]:
        """Let go of names that belong to no invoice any more: of every animal that was ever here, in the end."""
        kept = (entry.invoice for entry in (*self._entries.values(), *self._ended.values()))
        unneeded = self._names.keys() - {key for invoice in kept for key in _name_keys(invoice)}
        for key in unneeded:
            del self._names[key]
        return unneeded

    def _changes_since(self, now: float) -> str | None:
        """From when on changes are of interest, by the practice system's own clock; None: everything is."""
        if not self._newest or self._whole_at is None or now - self._whole_at >= WHOLE_EVERY_S:
            return None
        newest = min(datetime.fromisoformat(self._newest), self._clock.now())  # one of the future hides nothing
        return rfc3339(newest - OVERLAP)

    def _keep(self, invoice: Invoice) -> None:
        self._ended.pop(invoice.id, None)
        named = self._named(invoice)
        entry = _Entry(named, plain(named.number), _found_by(named))
        if invoice.why_not not in NEVER_LISTED:
            self._is_news |= entry != self._entries.get(invoice.id)
            self._entries[invoice.id] = entry
            return
        self._is_news |= self._entries.pop(invoice.id, None) is not None
        if invoice.why_not is not WhyNot.OTHER_DEPARTMENT:
            self._ended[invoice.id] = entry
            if len(self._ended) > ENDED_KEPT:
                del self._ended[next(iter(self._ended))]

    def _named(self, invoice: Invoice) -> Invoice:
        owner = invoice.owner or self._names.get(f"owner/{invoice.owner_id}", "")
        animals = (self._names.get(f"animal/{id}", "") for id in invoice.animal_ids)
        animal = invoice.animal or ", ".join(filter(None, animals))
        if (owner, animal) == (invoice.owner, invoice.animal):
            return invoice  # and no second one in memory: a hospital has thousands
        return replace(invoice, owner=owner, animal=animal)


def _all_in(words: Sequence[str], text: str) -> bool:
    return all(word in text for word in words)


def _name_keys(invoice: Invoice) -> tuple[str, ...]:
    return (f"owner/{invoice.owner_id}", *(f"animal/{id}" for id in invoice.animal_ids))


def _lacks_names(invoice: Invoice, names: Mapping[str, str]) -> bool:
    no_owner = not invoice.owner and invoice.owner_id is not None and f"owner/{invoice.owner_id}" not in names
    return no_owner or (not invoice.animal and any(f"animal/{id}" not in names for id in invoice.animal_ids))


def _found_by(invoice: Invoice) -> str:
    """Everything that an invoice is found by, each form of its amount included."""
    digits = DIGITS[invoice.currency]
    whole, rest = divmod(abs(invoice.due_minor), 10**digits)
    amounts = f"{whole} {whole}.{rest:0{digits}d} {whole},{rest:0{digits}d}" if digits else str(whole)
    return plain(f"{invoice.number} {invoice.id} {invoice.owner} {invoice.animal} {amounts}")
