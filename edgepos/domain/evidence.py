"""What the terminal says, and what that proves: pure functions from everything seen of one operation to its state.

Lenient in reading (connectcloud/ has done that already), strict in deciding: whatever is not in the rules below is
`unknown`. The rules are section 3 of the contracts. No clock decides: *elapsed* is counted from `sent` by
CLOCK_BOOTTIME within one boot, else from the agent's start, and only ever makes a proof come later.

Sources of one operation, in the order in which they come:

* the answer of the request itself: `OwnReply` (the terminal's or the cloud's word) or `NoAnswer`;
* `LookUp`s: the terminal's last result, asked at idle only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from edgepos.domain.operation import Fence, Kind, State
from edgepos.domain.result import LookUp, NoAnswer, OwnReply, Result, TerminalResult
from edgepos.domain.slip import is_void_slip

__all__ = [
    "Asked", "Finding", "Known", "LookUp", "Next", "NoAnswer", "OwnReply", "Result", "TerminalResult", "Verdict",
    "decide", "decide_reconciliation", "next_session", "same_as_fence", "same_session",
]  # fmt: skip

RESTART_CODES = frozenset({7016, 8013})
RESTART_QUIET_S = 60.0
"""A last result may still change within a minute of a terminal's boot (connectcloud.md §6.7, not proven)."""
REFUSAL_LOOK_S = 5.0
"""'Too quick a look-up does not find it' (seen in working code)."""
NEXT_LOOK_S = 30.0
"""Between look-ups that have nothing else to wait for."""
ECHO_LETTERS = 10
"""The shortest cut reference that still counts, if the journal knows only one that begins so (assumed)."""


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
    """All references of the journal that begin with the cut `orderId` of the look-up, or of the own reply."""


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
    """*state* is final iff *then* is DECIDED, else UNKNOWN. *look_at_s*, since `sent`: no look before is of use."""

    then: Next
    state: State
    cause: str | None = None
    evidence: tuple[str, ...] = ()
    result: TerminalResult | None = None
    approved_minor: int = 0
    findings: tuple[Finding, ...] = ()
    look_at_s: float = 0.0


class _Mark(StrEnum):
    """How a last result stands to the fence."""

    SAME = "same"
    NEW = "new"
    GONE = "gone"
    UNCLEAR = "unclear"
    """The fence's own operation changed behind our back, or nothing to tell the two apart by."""


def _mark(fence: Fence | None, result: TerminalResult | None) -> _Mark:
    if result is None:
        return _Mark.SAME if fence is None else _Mark.GONE
    if fence is None:
        return _Mark.NEW
    if result.fence == fence:
        # An early cancel has no StanAuth: then time and amount tell. Something that moved money always has one.
        is_marked = result.stan_auth or (result.time_stamp and result.result is not Result.MOVED)
        return _Mark.SAME if is_marked else _Mark.UNCLEAR
    is_same_operation = bool(result.stan_auth) and result.stan_auth == fence.stan_auth
    if result.order_id and result.order_id != fence.order_id:
        return _Mark.UNCLEAR if is_same_operation and result.time_stamp == fence.time else _Mark.NEW
    return _Mark.UNCLEAR if is_same_operation or not (result.stan_auth or result.time_stamp) else _Mark.NEW


def same_as_fence(fence: Fence | None, result: TerminalResult | None) -> bool:
    """Whether *result* is, unchanged, the very one that stood there before sending."""
    return _mark(fence, result) is _Mark.SAME


def decide(asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known) -> Verdict:
    """The state that everything seen of one purchase, refund or reversal proves.

    *reply* is None after a restart of the agent (nobody heard the answer). *looks* are all look-ups since `sent`, in
    order.
    """
    if isinstance(reply, OwnReply) and reply.result is not None:
        verdict = _by_own_result(asked, reply, reply.result, known)
        if verdict is not None:
            return verdict
    if not looks:
        heard_s, cause = (reply.elapsed_s, "refused") if _is_refusal(reply) else (0.0, "no-answer")
        return _look_again(cause, heard_s + REFUSAL_LOOK_S)
    verdict = _by_looks(asked, reply, looks, known)
    if verdict.then is Next.DECIDED and _is_contradicted(asked, reply, looks, verdict):
        return _person("sources-disagree", verdict.result, _foreign(asked, verdict.result))
    return verdict


def _is_refusal(reply: OwnReply | NoAnswer | None) -> TypeGuard[OwnReply]:
    return isinstance(reply, OwnReply) and reply.is_refusal


def _is_contradicted(
    asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], verdict: Verdict
) -> bool:
    """Whether another source says otherwise. Only the terminal's record under our reference stands against others."""
    own = reply.result.result if isinstance(reply, OwnReply) and reply.result is not None else None
    if verdict.state is State.APPROVED:
        if own is Result.REJECTED:
            return True
        if verdict.result is not None and verdict.result.order_id:
            return False
        if _is_refusal(reply):
            return True
    elif own is Result.MOVED:
        return True
    last = looks[-1].result
    return any(look.result != last and not same_as_fence(asked.fence, look.result) for look in looks[:-1])


def _by_looks(asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp], known: Known) -> Verdict:
    last = looks[-1]
    mark = _mark(asked.fence, last.result)
    if mark is _Mark.SAME:
        return _by_fence(asked, reply, looks)
    if last.result is None:
        return _look_again("last-result-gone", last.elapsed_s + NEXT_LOOK_S, _foreign(asked, None))
    if mark is _Mark.UNCLEAR:
        if last.elapsed_s >= asked.longest_operation_s:
            return _person("last-result-changed", last.result, _foreign(asked, last.result))
        return _look_again("last-result-changed", last.elapsed_s + NEXT_LOOK_S, _foreign(asked, last.result))
    if asked.kind is Kind.REVERSAL:
        return _reversal_by_new_last(asked, last, last.result, known)
    if last.result.result is Result.MOVED:
        return _moved_by_new_last(asked, last, last.result, known)
    if last.result.result is Result.REJECTED:
        return _rejected_by_new_last(asked, last, last.result, known)
    return _look_again("no-answer", last.elapsed_s + NEXT_LOOK_S)


def _look_again(cause: str, look_at_s: float, *findings: Finding) -> Verdict:
    return Verdict(then=Next.LOOK_AGAIN, state=State.UNKNOWN, cause=cause, look_at_s=look_at_s, findings=findings)


def _person(cause: str, result: TerminalResult | None, finding: Finding) -> Verdict:
    return Verdict(then=Next.PERSON, state=State.UNKNOWN, cause=cause, result=result, findings=(finding,))


def _finding(kind: str, asked: Asked, result: TerminalResult | None) -> Finding:
    facts: dict[str, object] = {"terminal": asked.terminal, "payment": asked.reference}
    return Finding(kind=kind, facts=facts if result is None else {**facts, "result": result.kept()})


def _foreign(asked: Asked, result: TerminalResult | None) -> Finding:
    return _finding("foreign-transaction", asked, result)


def _approved(asked: Asked, result: TerminalResult, *evidence: str, findings: tuple[Finding, ...] = ()) -> Verdict:
    net = result.net_minor or 0
    is_part = asked.kind is not Kind.REVERSAL and net < asked.amount_minor
    return Verdict(
        then=Next.DECIDED,
        state=State.APPROVED,
        cause="part-approved" if is_part else None,
        evidence=evidence,
        result=result,
        approved_minor=net,
        findings=findings,
    )


def _rejected(result: TerminalResult, *evidence: str, findings: tuple[Finding, ...] = ()) -> Verdict:
    """Result 2: cancelled by a person (2:1), no card in time (5:0), else declined by whoever said so."""
    state, cause = State.DECLINED, result.response_code or result.rejection_reason or "declined"
    match result.rejection_reason.split(":")[:2]:
        case ["2", "1"]:
            state, cause = State.CANCELLED, "cancelled"
        case ["5", "0"]:
            state, cause = State.CANCELLED, "no-card"
    return Verdict(then=Next.DECIDED, state=state, cause=cause, evidence=evidence, result=result, findings=findings)


class _Name(StrEnum):
    """Whose a result is by its `orderId`."""

    OURS = "ours"
    CUT = "cut"
    """Begins like ours, and the journal knows no other that does."""
    ABSENT = "absent"
    UNCLEAR = "unclear"
    """Begins like ours and like others."""
    OTHER = "other"


def _name(asked: Asked, order_id: str, known: Known) -> _Name:
    if not order_id:
        return _Name.ABSENT
    if order_id == asked.reference or (asked.kind is Kind.REVERSAL and order_id == asked.corrected_reference):
        return _Name.OURS
    if len(order_id) >= ECHO_LETTERS and asked.reference.startswith(order_id):
        return _Name.CUT if tuple(known.references_like) == (asked.reference,) else _Name.UNCLEAR
    return _Name.OTHER


def _is_elsewhere(asked: Asked, result: TerminalResult) -> bool:
    return result.terminal not in ("", asked.terminal)


def _amount_fits(asked: Asked, result: TerminalResult) -> bool:
    """0 < net ≤ asked, for a void exactly the payment's; never made to fit by a tip or surcharge below zero."""
    net = result.net_minor
    if net is None or result.tip_minor < 0 or result.surcharge_minor < 0:
        return False
    if asked.kind is Kind.REVERSAL:
        return net > 0 and asked.amount_minor in (net, result.total_minor)
    return 0 < net <= asked.amount_minor


def _by_own_result(asked: Asked, reply: OwnReply, result: TerminalResult, known: Known) -> Verdict | None:
    """What our own answer with a result in it proves; None if it proves nothing and look-ups have to."""
    if result.result not in (Result.MOVED, Result.REJECTED):
        return None
    is_reversal = asked.kind is Kind.REVERSAL
    name = _name(asked, result.order_id, known)
    if _is_elsewhere(asked, result) or name is _Name.OTHER:
        kind = "reversal-hit-other" if is_reversal else "result-foreign"
        return _person(kind, result, _finding(kind, asked, result))
    findings: tuple[Finding, ...] = (_finding("reference-cut", asked, result),) if name is _Name.CUT else ()
    if result.result is Result.REJECTED:
        if reply.accepted:  # a rejection in a 2xx: contradicted
            return None
        if result.net_minor not in (None, 0, asked.amount_minor) and result.total_minor != asked.amount_minor:
            findings += (_finding("amount-differs", asked, result),)
        return _rejected(result, "own-reply", findings=findings)
    if not reply.accepted or result.total_minor is None or name is _Name.UNCLEAR:  # contradicted, or of nothing
        return None
    if not result.terminal and name is _Name.ABSENT:  # neither mark: the answer of anything
        return None
    if not _amount_fits(asked, result):
        kind = "reversal-hit-other" if is_reversal else "amount-differs"
        return _person(kind, result, _finding(kind, asked, result))
    return _approved(asked, result, "own-reply", findings=findings)


def _moved_by_new_last(asked: Asked, look: LookUp, result: TerminalResult, known: Known) -> Verdict:
    """A new last result with Result 0: ours only by our reference, or by much weaker evidence where none is echoed."""
    name = _name(asked, result.order_id, known)
    findings: tuple[Finding, ...] = ()
    if name is _Name.ABSENT:
        is_weak_proof = (
            known.echoes_order_id is False
            and asked.kind is Kind.PURCHASE
            and bool(result.stan_auth)
            and result.stan_auth not in known.seen_stans
            and result.net_minor == asked.amount_minor
            and result.terminal == asked.terminal
        )
        if not is_weak_proof:
            return _person("foreign-transaction", result, _foreign(asked, result))
        findings = (_finding("weak-evidence", asked, result),)
    elif name is _Name.CUT:
        findings = (_finding("reference-cut", asked, result),)
    elif name is not _Name.OURS:
        return _person("foreign-transaction", result, _foreign(asked, result))
    if _is_elsewhere(asked, result):
        return _person("result-foreign", result, _finding("result-foreign", asked, result))
    if result.total_minor is None:
        return _look_again("no-amount", look.elapsed_s + NEXT_LOOK_S)
    if not _amount_fits(asked, result):
        return _person("amount-differs", result, _finding("amount-differs", asked, result))
    return _approved(asked, result, "look-up", findings=findings)


def _rejected_by_new_last(asked: Asked, look: LookUp, result: TerminalResult, known: Known) -> Verdict:
    """A new Result 2 carries no reference: ours by its amount, by being new, and by nobody else's StanAuth."""
    is_ours = (
        _name(asked, result.order_id, known) in (_Name.ABSENT, _Name.OURS, _Name.CUT)
        and not _is_elsewhere(asked, result)
        and (result.total_minor in (None, 0, asked.amount_minor) or result.net_minor == asked.amount_minor)
        and not (result.stan_auth and result.stan_auth in known.seen_stans)
    )
    if not is_ours:
        return _person("foreign-transaction", result, _foreign(asked, result))
    return _restarting(look) or _rejected(result, "look-up")


def _reversal_by_new_last(asked: Asked, look: LookUp, result: TerminalResult, known: Known) -> Verdict:
    """A void becomes the last result itself (assumed): a new StanAuth, the same amount, and a slip that says so."""
    is_void = (
        result.result is Result.MOVED
        and _name(asked, result.order_id, known) in (_Name.ABSENT, _Name.OURS, _Name.CUT)
        and result.stan_auth not in ("", asked.corrected_stan)
        and result.stan_auth not in known.seen_stans
        and result.terminal == asked.terminal
        and _amount_fits(asked, result)
        and (is_void_slip(result.customer_slip) or is_void_slip(result.merchant_slip))
    )
    if is_void:
        return _approved(asked, result, "look-up", "void-slip")
    return _restarting(look) or _person("reversal-hit-other", result, _finding("reversal-hit-other", asked, result))


def _restarting(look: LookUp) -> Verdict | None:
    """Within a minute of a restart the last result may still change: only an approval is believed."""
    if look.since_restart_s is None or look.since_restart_s >= RESTART_QUIET_S:
        return None
    return _look_again("restarting", look.elapsed_s + RESTART_QUIET_S - look.since_restart_s)


def _by_fence(asked: Asked, reply: OwnReply | NoAnswer | None, looks: Sequence[LookUp]) -> Verdict:
    """The terminal's last result is still the fence: "nothing" needs proof twice."""
    last = looks[-1]
    if asked.kind is Kind.REVERSAL and last.result is not None and last.result.result is not Result.MOVED:
        return _person("reversal-hit-other", last.result, _finding("reversal-hit-other", asked, last.result))
    proof: tuple[str, ...] = ()
    if _is_refusal(reply):
        proof = ("refusal", "fence") if last.elapsed_s >= reply.elapsed_s + REFUSAL_LOOK_S else ()
    elif len(looks) >= 2 and last.elapsed_s >= asked.longest_operation_s:
        proof = ("fence", "fence")
    if not proof:
        at_s = reply.elapsed_s + REFUSAL_LOOK_S if _is_refusal(reply) else asked.longest_operation_s
        return _look_again("no-answer", min(at_s, last.elapsed_s + NEXT_LOOK_S))
    cause = "terminal-busy" if proof[0] == "refusal" else "not-started"
    return _restarting(last) or Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause=cause, evidence=proof)


def decide_reconciliation(
    reply: OwnReply | NoAnswer | None,
    *,
    has_slip: bool,
    open_session: str,
    later_session: str,
    is_last_unchanged: bool = False,
) -> Verdict:
    """The state of a reconciliation. A lost one is never cured by a repeat: only a later operation's session tells.

    *open_session*: the session that was to be closed, as last seen before; *later_session*: that of the next operation,
    or the `sessionNumber` of a deliberate second reconciliation. Both empty where not known. *is_last_unchanged*: after
    a refusal, a look-up at idle 5 s later or more was equal to the fence.
    """
    own = reply.result.result if isinstance(reply, OwnReply) and reply.result is not None else None
    if isinstance(reply, OwnReply) and reply.accepted and has_slip and own not in (Result.REJECTED, Result.UNKNOWN):
        return Verdict(then=Next.DECIDED, state=State.APPROVED, evidence=("own-reply",))
    if isinstance(reply, OwnReply) and reply.result is not None and own is Result.REJECTED and not reply.accepted:
        return _rejected(reply.result, "own-reply")
    opened, later = session_number(open_session), session_number(later_session)
    if opened is not None and later is not None:
        if later == session_number(next_session(open_session)):
            return Verdict(then=Next.DECIDED, state=State.APPROVED, cause="slip-missing", evidence=("later-session",))
        if later == opened:
            return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="not-started", evidence=("later-session",))
        facts = {"open_session": open_session, "later_session": later_session}
        return _person("session-jump", None, Finding(kind="session-jump", facts=facts))
    if _is_refusal(reply) and is_last_unchanged:
        return Verdict(then=Next.DECIDED, state=State.NOT_STARTED, cause="terminal-busy", evidence=("refusal", "fence"))
    return _look_again("terminal-busy" if _is_refusal(reply) else "no-answer", 0.0)


def session_number(session: str) -> int | None:
    """A session's text as a number, so that `042` and `42` are one; None where it is none."""
    return int(session) if session.isascii() and session.isdecimal() else None


def same_session(one: str, other: str) -> bool:
    """Whether both name one session. What is no number is no session."""
    return session_number(one) is not None and session_number(one) == session_number(other)


def next_session(session: str) -> str:
    """The session after *session*, as long as it was: after 999 comes 001 (assumed). Empty where it is no number."""
    number = session_number(session)
    if number is None:
        return ""
    following = 1 if number == 10 ** max(len(session), 3) - 1 else number + 1
    return f"{following:0{len(session)}d}"
