"""The practice system behind one small protocol, and Provet Cloud as the one that is known.

Imports `domain`, `outbound` and the two sources of time and chance only. What it gives are values of
`domain/invoice.py`; what a system's JSON looks like is nobody else's business.
"""

from edgepos.practice.protocol import (
    Access,
    Configuration,
    OutcomeUnknownPost,
    Permanent,
    Posted,
    PracticeCheck,
    PracticeSystem,
    Right,
    Temporary,
)
from edgepos.practice.provet import Link, Provet, Tenant

__all__ = [
    "Access",
    "Configuration",
    "Link",
    "OutcomeUnknownPost",
    "Permanent",
    "Posted",
    "PracticeCheck",
    "PracticeSystem",
    "Provet",
    "Right",
    "Temporary",
    "Tenant",
]
