"""The clinic's day: the date in the location's zone, with the hour at which a night clinic's day begins.

It is computed once, when an operation is intended, and written down: no later change of zone, cut-off or clock moves
it.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def clinic_day(instant: datetime, zone: ZoneInfo, day_starts: time) -> str:
    """The clinic day (`YYYY-MM-DD`) of an aware *instant*; before *day_starts* local time it is still yesterday.

    Wall-clock arithmetic on purpose: on the days when the clocks change, 05:30 is still before a cut-off of 06:00.
    """
    local = instant.astimezone(zone)
    day = local.date()
    if local.time().replace(tzinfo=None) < day_starts:
        day -= timedelta(days=1)
    return day.isoformat()
