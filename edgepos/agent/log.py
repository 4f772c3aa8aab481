"""The agent's log: events with fields, one line each, and nothing in it that may not leave the clinic.

`log.info("operation sent", payment=reference, terminal=terminal)`: a short event and named facts. Facts pass by a
list of what is allowed; any other is left out and counted. What libraries log is kept from WARNING on, without digits
that could be a card's. An error that nobody expected is told by its type and the places it came through, never by its
values.

JSON for machines (with systemd's priority in front under systemd), plain words on a terminal.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections import Counter, deque
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from edgepos.clock import Clock, rfc3339

ALLOWED = frozenset(
    {
        "payment", "terminal", "invoice", "operator", "outbox_row", "period", "closing", "finding", "service",
        "state", "from_state", "cause", "code", "status", "attempt", "wait_s", "elapsed_ms", "bytes", "seq",
        "boot_id", "version", "peer_uid", "role", "file", "key", "count",
    }
)  # fmt: skip
KEPT_LINES = 2_000
PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){10,}")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class EventLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose keywords are the event's facts."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        special = {name: kwargs.pop(name) for name in ("exc_info", "stack_info", "stacklevel") if name in kwargs}
        return msg, {**special, "extra": {"facts": kwargs}}


def logger(name: str) -> EventLogger:
    """The logger of one module of edgepos."""
    return EventLogger(logging.getLogger(name))


class Lines(logging.Filter):
    """Turns each record into the line that may be written, once, for every handler; counts what it left out."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.dropped: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "line"):  # the handler before this one has made it
            return True
        ours = record.name.partition(".")[0] == "edgepos"
        if not ours and record.levelno < logging.WARNING:
            return False
        event = record.getMessage() if ours else f"{record.name}: {record.getMessage()}"
        line: dict[str, Any] = {
            "at": rfc3339(self._clock.now()),
            "level": record.levelname.lower(),
            "event": _LONG_NUMBER.sub("…", event)[:300],
        }
        line.update(self._allowed(_facts(record)))
        if record.exc_info and record.exc_info[1] is not None:
            line["cause"] = came_through(record.exc_info[1])
        record.line = line
        return True

    def _allowed(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        for name in facts.keys() - ALLOWED:
            self.dropped[name] += 1
        return {
            name: _LONG_NUMBER.sub("…", value)[:200] if isinstance(value, str) else value
            for name, value in facts.items()
            if name in ALLOWED and (value is None or isinstance(value, (str, int, float)))
        }


def _facts(record: logging.LogRecord) -> Mapping[str, Any]:
    named = getattr(record, "facts", None)
    if isinstance(named, Mapping):
        return named
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def came_through(error: BaseException) -> str:
    """`KeyError journal/queries.py:88 < agent/worker.py:120`: where an error came from, without its values."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = [f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}" for frame in reversed(frames)]
    inner = (
        f" ({', '.join(came_through(one) for one in error.exceptions)})"
        if isinstance(error, BaseExceptionGroup)
        else ""
    )
    return f"{type(error).__name__} {' < '.join(places)}{inner}".strip()


class _Json(JsonFormatter):
    """One JSON object a line; under systemd with the priority that `journalctl -p` reads."""

    def __init__(self, with_priority: bool) -> None:
        super().__init__()
        self._with_priority = with_priority

    def format(self, record: logging.LogRecord) -> str:
        text = json.dumps(getattr(record, "line", {}), ensure_ascii=False, default=str)
        return f"<{PRIORITY.get(record.levelno, 6)}>{text}" if self._with_priority else text


class _Plain(logging.Formatter):
    """For a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line = dict(getattr(record, "line", {}))
        at, level, event = line.pop("at"), line.pop("level"), line.pop("event")
        facts = " ".join(f"{name}={value}" for name, value in line.items() if value is not None)
        return f"{at[11:19]} {level:<7} {event}" + (f"  {facts}" if facts else "")


class Recent(logging.Handler):
    """The newest lines, in memory, for technicians' screens."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[dict[str, Any]] = deque(maxlen=KEPT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.line)  # type: ignore[attr-defined]  # `Lines` put it there


def set_up(clock: Clock, environ: Mapping[str, str] = os.environ) -> Recent:
    """Send all logging to stderr in the form that fits who reads it. Returns the newest lines."""
    lines, recent, stderr = Lines(clock), Recent(), logging.StreamHandler(sys.stderr)
    plain = sys.stderr.isatty()
    stderr.setFormatter(_Plain() if plain else _Json(with_priority="JOURNAL_STREAM" in environ))
    root = logging.getLogger()
    root.handlers[:] = [stderr, recent]
    for handler in root.handlers:
        handler.addFilter(lines)
    root.setLevel(logging.DEBUG if environ.get("EDGEPOS_LOG") == "debug" else logging.INFO)
    for noisy in ("httpx", "httpcore", "uvicorn", "asyncio", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return recent
