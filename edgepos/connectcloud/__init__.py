"""The client of Nets' Connect@Cloud: login, terminals, blocking payments, the last result, reconciliation, live texts.

It reads leniently and decides nothing; what its answers prove is `edgepos.domain.evidence`. It may rely on `domain`,
`clock` and `outbound`, and knows of no journal, invoice or screen.
"""

from edgepos.connectcloud.client import Account, ConnectCloud, Times
from edgepos.connectcloud.errors import CloudDown, LookUpFailed, TerminalBusy, TerminalOffline
from edgepos.connectcloud.live import DisplayText, LiveTexts
from edgepos.connectcloud.wire import ReconciliationSlip, StateAnswer

__all__ = [
    "Account",
    "CloudDown",
    "ConnectCloud",
    "DisplayText",
    "LiveTexts",
    "LookUpFailed",
    "ReconciliationSlip",
    "StateAnswer",
    "TerminalBusy",
    "TerminalOffline",
    "Times",
]
