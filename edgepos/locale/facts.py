"""The words for facts that come as a program's word: why a service is away, what state a thing is in, who may do it.

A value that is not here is shown as it came: a status of HTTP, a bank's code, the terminal's own words.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgepos.locale.entry import N_
from edgepos.locale.states import PAYMENTS, WHY_NOT

_UNREADABLE = N_("its answer cannot be read")

WHY: Mapping[str, str] = {
    "name": N_("the network does not know its name"),
    "refused": N_("nobody answers there"),
    "unreachable": N_("the network has no way to it"),
    "tls": N_("there is no secure line to it"),
    "clock": N_("by the clock of this box its certificate is not valid"),
    "timeout": N_("no answer in time"),
    "no-answer": N_("no answer in time"),
    "closed": N_("the line broke"),
    "protocol": _UNREADABLE,
    "size": _UNREADABLE,
    "text": _UNREADABLE,
    "json": _UNREADABLE,
    "unreadable": _UNREADABLE,
    "rate-limited": N_("it asks us to wait"),
    "no-token": N_("it did not let us log in"),
    "401": N_("it did not let us log in"),
    "restart": N_("edgepos started again before anything was sent"),
    "restored": N_("the journal was restored from a copy"),
    "slip-missing": N_("its slip did not come"),
    "unknown-reference": N_("the terminal knows a payment that this journal does not have"),
}
ROLES: Mapping[str, str] = {"staff": N_("staff"), "senior": N_("senior staff"), "technician": N_("technician")}

WORDS: Mapping[str, Mapping[str, str]] = {
    "why": WHY,
    "cause": WHY,
    "why_not": WHY_NOT,
    "state": PAYMENTS,
    "needed": ROLES,
    "role": ROLES,
    "service": {"nets": "Nets", "practice": "Provet"},
}
"""By the name of the fact."""
