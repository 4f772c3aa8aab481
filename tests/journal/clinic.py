"""A clinic's journal for tests: real SQLite in a temporary folder, a clock that stands until it is moved, one seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edgepos.domain.evidence import Finding, Next, Verdict
from edgepos.domain.operation import Fence, Kind, Line, Operation, State
from edgepos.domain.result import Result, TerminalResult
from edgepos.journal import Intent, Journal, PeriodEnd

RECEPTION, SURGERY = "80000001", "80000002"
DAY = "2026-11-25"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class StillClock:
    """Time stands until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.boot = "11111111-1111-4111-8111-111111111111"

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 25, 8, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def boot_id(self) -> str:
        return self.boot

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Dice:
    """Randomness from one seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def bits(self, n: int) -> int:
        return self._random.getrandbits(n)


def line(number: int, amount_minor: int, invoice: str | None = "501", part: int | None = 1) -> Line:
    name = None if invoice is None else f"STH-{invoice}"
    return Line(line=number, amount_minor=amount_minor, invoice=invoice, number=name, part=part, due_minor=amount_minor)


def purchase(
    amount_minor: int = 8000, *lines: Line, terminal: str = RECEPTION, key: str | None = None, **more: str
) -> Intent:
    return Intent(
        kind=Kind.PURCHASE, terminal=terminal, currency="SEK", asked_minor=amount_minor, lines=lines, operator="anna",
        clinic_day=more.get("day", DAY), request_key=key, text=more.get("text", ""),
    )  # fmt: skip


def money_back(kind: Kind, payment: str, amount_minor: int, *lines: Line, terminal: str = RECEPTION) -> Intent:
    return Intent(
        kind=kind, terminal=terminal, currency="SEK", asked_minor=amount_minor, lines=lines, operator="anna",
        clinic_day=DAY, corrects=payment,
    )  # fmt: skip


class Clinic:
    """A journal, and what happens in a clinic in one line each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.dice = folder, StillClock(), Dice()
        self._stan = 0

    async def open(self, **more: object) -> Journal:
        self.journal = await Journal.open(
            self.folder, clock=self.clock, chance=self.dice, version="0.1.0", reserve_mb=1, **more
        )  # type: ignore[arg-type]
        return self.journal

    async def restart(self) -> Journal:
        await self.journal.close()
        return await self.open()

    def result(
        self,
        total_minor: int,
        *,
        session: str = "042",
        order_id: str = "",
        kind: Result = Result.MOVED,
        tip: int = 0,
        stan: str = "",
    ) -> TerminalResult:
        self._stan += 1
        return TerminalResult(
            result=kind, terminal=RECEPTION, order_id=order_id, total_minor=total_minor, tip_minor=tip,
            stan_auth=stan or f"{self._stan:06d}", time_stamp=f"20261125{self._stan:06d}", session=session,
            masked_card="************1234", card_scheme="VISA", customer_slip="KUNDENS", merchant_slip="BUTIKENS",
        )  # fmt: skip

    def approved(self, amount_minor: int, *findings: Finding, tip: int = 0, session: str = "042") -> Verdict:
        result = self.result(amount_minor + tip, session=session, tip=tip)
        return Verdict(
            then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",), result=result,
            approved_minor=amount_minor, findings=findings,
        )  # fmt: skip

    def declined(self) -> Verdict:
        result = self.result(8000, kind=Result.REJECTED)
        return Verdict(then=Next.DECIDED, state=State.DECLINED, cause="51", evidence=("own-reply",), result=result)

    async def send(self, intent: Intent, *, fence: Fence | None = None) -> Operation:
        operation, _ = await self.journal.intend(intent)
        return await self.journal.sent(
            operation.id, fence or Fence(stan_auth="000000", time="t", amount_minor=1, order_id=None)
        )

    async def pay(self, intent: Intent, *, session: str = "042") -> Operation:
        operation = await self.send(intent)
        return await self.journal.decided(operation.id, self.approved(intent.asked_minor, session=session))

    async def decline(self, intent: Intent) -> Operation:
        operation = await self.send(intent)
        return await self.journal.decided(operation.id, self.declined())

    async def lose(self, intent: Intent) -> Operation:
        operation = await self.send(intent)
        return await self.journal.unknown(operation.id, "no-answer", {"answer": "cut"})

    async def reconcile(self, session: str = "042", terminal: str = RECEPTION) -> Operation:
        intent = Intent(
            kind=Kind.RECONCILIATION, terminal=terminal, currency="SEK", asked_minor=0, operator="anna", clinic_day=DAY
        )
        operation = await self.send(intent)
        verdict = Verdict(then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",))
        return await self.journal.decided(
            operation.id,
            verdict,
            closes=PeriodEnd(session=session, totals=({"scheme": "VISA", "minor": 8000},), slip="SLIP"),
        )
