"""What the terminal says, and what that proves: pure functions from everything seen of one operation to its state.

Lenient in reading (connectcloud/ has done that already), strict in deciding: whatever is not in the rules below is
`unknown`. The rules are section 3 of the contracts. No clock decides: *elapsed* is counted from `sent` by CLOCK_BOOTTIME
within one boot, else from the agent's start, and only ever makes a proof come later.

Sources of one operation, in the order in which they come:

* the answer of the request itself: `OwnReply` (the terminal's or the cloud's word) or `NoAnswer`;
* `LookUp`s: the terminal's last result, asked at idle only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from edgepos.domain.operation import Fence, Kind, State

NOT_STARTED_CODES = frozenset({6003, 6006, 7100, 7101, 7103, 7104})
"""The terminal's own refusal of this request (connectcloud.md §3.4), together with all of 74xx and 75xx."""
RESTART_CODES = frozenset({7016, 8013})
RESTART_QUIET_S = 60.0
"""A last result may still change within a minute of a terminal's boot (connectcloud.md §6.7, not proven)."""
REFUSAL_LOOK_S = 5.0
"""'Too quick a look-up does not find it' (seen in working code)."""
ECHO_LETTERS = 10
"""The shortest cut reference that still counts, if the journal knows only one that begins so (assumed)."""
VOID_WORDS = re.compile(
    r"\b(VOID|REVERSAL|ANNULLER\w*|MAKULER\w*|MITÄTÖINTI|PERUUTUS|TILBAKEFØR\w*|KREDITERING AV)\b", re.I
)


class Result(StrEnum):
    """The meaning of the wire's `Result` (connectcloud.md §3.1). Anything else is unknown, and 1 never approves."""

    MOVED = "0"
    ADMINISTRATIVE = "1"
    REJECTED = "2"
    LOYALTY = "3"
    UNKNOWN = "99"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalResult:
    """A terminal's own record of one operation: the fields of connectcloud.md §3.3 that may be kept, and the slips.

    Amounts in minor units; None where the wire had none or nonsense. *masked_card* never has more than ten digits.
    """

    result: Result | None
    terminal: str = ""
    order_id: str = ""
    total_minor: int | None = None
    tip_minor: int = 0
    surcharge_minor: int = 0
    stan_auth: str = ""
    time_stamp: str = ""
    session: str = ""
    sequence: str = ""
    response_code: str = ""
    rejection_source: str = ""
    rejection_reason: str = ""
    verification: str = ""
    """CVM: 0 PIN, 1 signature, 2 none, 4 consumer device, or empty."""
    masked_card: str = ""
    card_scheme: str = ""
    issuer_id: str = ""
    application_id: str = ""
    cardholder_currency: str = ""
    """Set when the cardholder chose to pay in an own currency (DCC)."""
    customer_slip: str = ""
    merchant_slip: str = ""

    @property
    def net_minor(self) -> int | None:
        """What moved for the goods: total less tip and surcharge."""
        return None if self.total_minor is None else self.total_minor - self.tip_minor - self.surcharge_minor

    @property
    def fence(self) -> Fence:
        """This result as the mark that a newer one is measured against."""
        return Fence(
            stan_auth=self.stan_auth,
            time=self.time_stamp,
            amount_minor=self.total_minor,
            order_id=self.order_id or None,
        )

    def kept(self) -> dict[str, object]:
        """The fields for the journal, without the slips and without empty ones."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: str(value) if isinstance(value, Result) else value
            for name, value in named.items()
            if value not in (None, "", 0) and name not in ("customer_slip", "merchant_slip")
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReply:
    """The answer of our own request. *accepted*: 2xx; else the wire's 400 with a `failure`."""

    accepted: bool
    result: TerminalResult | None
    error: str = ""
    codes: frozenset[int] = frozenset()

    @property
    def is_refusal(self) -> bool:
        """The terminal's own word that this request was not begun."""
        return (
            not self.accepted
            and self.result is None
            and bool(self.codes)
            and all(code in NOT_STARTED_CODES or code // 100 in (74, 75) for code in self.codes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """The request was sent, or may have been, and its answer is lost or no answer: 401, 5xx, cut, HTML, time-out."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """The terminal's last result, asked at idle. *result* is None where it says that it has none."""

    result: TerminalResult | None
    elapsed_s: float
    """Since `sent`."""
    since_restart_s: float | None = None
    """Since the terminal last showed a sign of restarting (7016, 8013, offline); None if it did not since `sent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was sent: the facts that evidence is held against."""

    kind: Kind
    reference: str
    terminal: str
    amount_minor: int
    fence: Fence | None
    """None only for a terminal that said it has no last result."""
    corrected_reference: str = ""
    """For a reversal: the payment's reference, which its answer may carry."""
    corrected_stan: str = ""
    longest_operation_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the journal knows that evidence needs."""

    echoes_order_id: bool | None = None
    """Whether this terminal gives `orderId` back in a look-up: learned; None = not known."""
    seen_stans: Collection[str] = ()
    """StanAuth values of this terminal that belong to other operations of the journal."""
    references_like: Sequence[str] = ()
    """All references of the journal that begin with the look-up's cut `orderId`."""


class Next(StrEnum):
    """What is to be done after a verdict."""

    DECIDED = "decided"
    LOOK_AGAIN = "look_again"
    PERSON = "person"
    """No further look can prove anything: a person settles it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that fits nothing, or less than well: raised beside the verdict."""

    kind: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """*state* is final iff *then* is DECIDED, else UNKNOWN. *look_at_s*: no look before this is of use, since `sent`."""

    then: Next
    state: State
    cause: str | None = None
    evidence: tuple[str, ...] = ()
    result: TerminalResult | None = None
    approved_minor: int = 0
    findings: tuple[Finding, ...] = ()
    look_at_s: float = 0.0


def same_as_fence(fence: Fence | None, result: TerminalResult | None) -> bool:
    """Whether *result* is the very one that stood there before sending. An early cancel has no StanAuth: time and amount."""
    if fence is None or result is None:
        return fence is None and result is None
    return (fence.stan_auth, fence.time, fence.amount_minor) == (
        result.stan_auth,
        result.time_stamp,
        result.total_minor,
    )


def decide(asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known) -> Verdict:
    """The state that everything seen of one purchase, refund or reversal proves.

    *reply* is None after a restart of the agent (nobody heard the answer). *looks* are all look-ups since `sent`, in order.
    """
    if isinstance(reply, OwnReply) and reply.result is not None:
        verdict = _by_own_result(asked, reply, reply.result)
        if verdict is not None:
            return verdict
    if not looks:
        return _look_again("no-answer" if not _refused(reply) else "refused", REFUSAL_LOOK_S)
    last = looks[-1]
    if not same_as_fence(asked.fence, last.result):
        return _by_new_last(asked, last, known)
    return _by_fence(asked, reply, looks)


def _refused(reply: OwnReply | NoAnswer | None) -> bool:
    return isinstance(reply, OwnReply) and reply.is_refusal


def _look_again(cause: str, look_at_s: float, *findings: Finding) -> Verdict:
    return Verdict(then=Next.LOOK_AGAIN, state=State.UNKNOWN, cause=cause, look_at_s=look_at_s, findings=findings)


def _person(cause: str, result: TerminalResult | None, finding: Finding) -> Verdict:
    return Verdict(then=Next.PERSON, state=State.UNKNOWN, cause=cause, result=result, findings=(finding,))


def _approved(
    result: TerminalResult, net: int, asked: Asked, *evidence: str, findings: tuple[Finding, ...] = ()
) -> Verdict:
    return Verdict(
        then=Next.DECIDED,
        state=State.APPROVED,
        cause="part-approved" if net < asked.amount_minor else None,
        evidence=evidence,
        result=result,
        approved_minor=net,
        findings=findings,
    )


def _rejected(result: TerminalResult, *evidence: str) -> Verdict:
    """Result 2: cancelled by a person (2:1), no card in time (5:0), else declined by whoever said so."""
    state, cause = State.DECLINED, result.response_code or result.rejection_reason or "declined"
    if result.rejection_reason.startswith("2:1"):
        state, cause = State.CANCELLED, "cancelled"
    elif result.rejection_reason.startswith("5:0"):
        state, cause = State.CANCELLED, "no-card"
    return Verdict(then=Next.DECIDED, state=state, cause=cause, evidence=evidence, result=result)


def _misfit(asked: Asked, result: TerminalResult, own_references: Collection[str]) -> Finding | None:
    """Why a Result 0 cannot be this operation's, or None if terminal, reference and amount fit."""
    facts: dict[str, object] = {"terminal": asked.terminal, "payment": asked.reference, "result": result.kept()}
    if (result.terminal and result.terminal != asked.terminal) or (
        result.order_id and result.order_id not in own_references
    ):
        return Finding(kind="result-foreign" if asked.kind is not Kind.REVERSAL else "reversal-hit-other", facts=facts)
    net = result.net_minor
    if net is None:
        return None
    fits = net == asked.amount_minor if asked.kind is Kind.REVERSAL else 0 < net <= asked.amount_minor
    if fits:
        return None
    return Finding(kind="amount-differs" if asked.kind is not Kind.REVERSAL else "reversal-hit-other", facts=facts)


def _by_own_result(asked: Asked, reply: OwnReply, result: TerminalResult) -> Verdict | None:
    """What our own answer with a result in it proves; None if it proves nothing and look-ups have to."""
    own = {asked.reference, asked.corrected_reference} - {""}
    if result.result is Result.MOVED:
        if result.total_minor is None or not reply.accepted:  # "00" in a 400, or an approval of nothing: contradicted
            return None
        misfit = _misfit(asked, result, own)
        if misfit is not None:
            return _person(misfit.kind, result, misfit)
        return _approved(result, result.net_minor or 0, asked, "own-reply")
    if result.result is Result.REJECTED and not reply.accepted:
        if (result.terminal and result.terminal != asked.terminal) or (result.order_id and result.order_id not in own):
            finding = Finding(kind="result-foreign", facts={"payment": asked.reference, "result": result.kept()})
            return _person("result-foreign", result, finding)
        return _rejected(result, "own-reply")
    return None


def _by_new_last(asked: Asked, look: LookUp, known: Known) -> Verdict:
    """The terminal's last result is not the fence any more: ours, somebody else's, or none at all."""
    result = look.result
    if result is None:
        finding = Finding(kind="foreign-transaction", facts={"terminal": asked.terminal, "payment": asked.reference})
        return _look_again("last-result-gone", look.elapsed_s + 30, finding)
    if asked.kind is Kind.REVERSAL:
        return _reversal_by_new_last(asked, look, result)
    foreign = Finding(
        kind="foreign-transaction",
        facts={"terminal": asked.terminal, "payment": asked.reference, "result": result.kept()},
    )
    if result.result is Result.MOVED:
        return _moved_by_new_last(asked, result, known, foreign)
    if result.result is Result.REJECTED:
        if result.order_id and result.order_id != asked.reference:
            return _person("foreign-transaction", result, foreign)
        if result.total_minor not in (None, 0, asked.amount_minor):
            return _person("foreign-transaction", result, foreign)
        if look.since_restart_s is not None and look.since_restart_s < RESTART_QUIET_S:
            return _look_again("restarting", look.elapsed_s + RESTART_QUIET_S - look.since_restart_s)
        return _rejected(result, "look-up")
    return _look_again("no-answer", look.elapsed_s + 30)


def _moved_by_new_last(asked: Asked, result: TerminalResult, known: Known, foreign: Finding) -> Verdict:
    """A new last result with Result 0: ours only by our reference, or by much weaker evidence where none is echoed."""
    findings: tuple[Finding, ...] = ()
    order_id = result.order_id
    if not order_id:
        weak = (
            known.echoes_order_id is False
            and asked.kind is Kind.PURCHASE
            and bool(result.stan_auth)
            and result.stan_auth not in known.seen_stans
            and result.net_minor == asked.amount_minor
            and result.terminal in ("", asked.terminal)
        )
        if not weak:
            return _person("foreign-transaction", result, foreign)
        findings = (Finding(kind="weak-evidence", facts=dict(foreign.facts)),)
    elif order_id != asked.reference:
        is_cut = len(order_id) >= ECHO_LETTERS and asked.reference.startswith(order_id)
        if not is_cut or tuple(known.references_like) != (asked.reference,):
            return _person("foreign-transaction", result, foreign)
        findings = (Finding(kind="reference-cut", facts=dict(foreign.facts)),)
    if result.total_minor is None:
        return _look_again("no-amount", 0.0)
    misfit = _misfit(asked, result, {asked.reference, order_id})
    if misfit is not None:
        return _person(misfit.kind, result, misfit)
    return _approved(result, result.net_minor or 0, asked, "look-up", findings=findings)


def _reversal_by_new_last(asked: Asked, look: LookUp, result: TerminalResult) -> Verdict:
    """A void becomes the last result itself (assumed): a new StanAuth, the same amount, and a slip that says so."""
    if look.since_restart_s is not None and look.since_restart_s < RESTART_QUIET_S:
        return _look_again("restarting", look.elapsed_s + RESTART_QUIET_S - look.since_restart_s)
    slip = result.customer_slip + "\n" + result.merchant_slip
    if (
        result.result is Result.MOVED
        and result.stan_auth not in ("", asked.corrected_stan)
        and result.net_minor == asked.amount_minor
        and result.terminal in ("", asked.terminal)
        and VOID_WORDS.search(slip)
    ):
        return _approved(result, asked.amount_minor, asked, "look-up", "void-slip")
    facts = {"terminal": asked.terminal, "payment": asked.reference, "result": result.kept()}
    return _person("reversal-hit-other", result, Finding(kind="reversal-hit-other", facts=facts))


def _by_fence(asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp]) -> Verdict:
    """The terminal's last result is still the fence: "nothing" needs proof twice."""
    last = looks[-1]
    equal = [look for look in looks if same_as_fence(asked.fence, look.result)]
    if len(equal) != len(looks):
        facts: dict[str, object] = {"terminal": asked.terminal, "payment": asked.reference}
        return _person("sources-disagree", last.result, Finding(kind="foreign-transaction", facts=facts))
    if _refused(reply) and last.elapsed_s >= REFUSAL_LOOK_S:
        return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="terminal-busy", evidence=("refusal", "fence"))
    if len(equal) >= 2 and last.elapsed_s >= asked.longest_operation_s:
        return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="not-started", evidence=("fence", "fence"))
    return _look_again("no-answer", REFUSAL_LOOK_S)


def decide_reconciliation(
    reply: OwnReply | NoAnswer | None, *, has_slip: bool, open_session: str, later_session: str
) -> Verdict:
    """The state of a reconciliation. A lost one is never cured by a repeat: only a later operation's session tells.

    *open_session*: the session that was to be closed, as last seen before; *later_session*: that of the next operation,
    or the `sessionNumber` of a deliberate second reconciliation, less nothing. Both empty where not known.
    """
    if isinstance(reply, OwnReply) and reply.accepted and has_slip:
        return Verdict(then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",))
    if _refused(reply):
        return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="terminal-busy", evidence=("refusal",))
    if isinstance(reply, OwnReply) and not reply.accepted and reply.result is not None:
        if reply.result.result is Result.REJECTED:
            return _rejected(reply.result, "own-reply")
    if open_session and later_session:
        if later_session == next_session(open_session):
            return Verdict(then=Next.DECIDED, state=State.APPROVED, cause="slip-missing", evidence=("later-session",))
        if later_session == open_session:
            return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="not-started", evidence=("later-session",))
    return Verdict(then=Next.LOOK_AGAIN, state=State.UNKNOWN, cause="no-answer")


def next_session(session: str) -> str:
    """The session after *session*: three digits, 999 is followed by 001 (assumed). Empty in, empty out."""
    if not session.isdecimal():
        return ""
    number = int(session) % 999 + 1
    return f"{number:0{len(session)}d}"
