"""Lists as the practice system gives them: filters, order, pages, and the budget of requests. provet.md §5 and §6.

A filter that a resource does not know is ignored without a word, as seen on a real tenant.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from starlette.requests import Request

from edgepos.simulator.practice import ZONE

Json = dict[str, Any]

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE = 1000
WINDOW_S = 60.0

LIMITS = {
    ("invoice", "list"): 60, ("invoice", "one"): 250, ("invoice", "change"): 150,
    ("invoicerow", "list"): 100, ("invoicerow", "one"): 300,
    ("invoicepayment", "list"): 100, ("invoicepayment", "one"): 300, ("invoicepayment", "create"): 300,
    ("invoicepayment", "change"): 300, ("invoicepayment", "cancel"): 100,
    ("extras", "list"): 100, ("extras", "one"): 300, ("extras", "create"): 300, ("extras", "change"): 300,
    ("client", "list"): 125, ("client", "one"): 500, ("patient", "list"): 300, ("patient", "one"): 1200,
    ("consultation", "list"): 100, ("consultation", "one"): 300, ("department", "list"): 300,
    ("department", "one"): 1200, ("user", "list"): 100, ("user", "one"): 300,
}  # fmt: skip
OTHER_LIMIT = 100


class BadQuery(Exception):
    """A query that the practice system answers with 400 or 404; *body* is that answer."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


class Budget:
    """Rolling 60 s for each endpoint."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._spent: defaultdict[tuple[str, str], deque[tuple[float, int]]] = defaultdict(deque)

    def spend(self, endpoint: tuple[str, str], weight: int) -> int | None:
        """None, or the seconds after which there is room again; a refused request costs nothing."""
        now = self._monotonic()
        spent = self._spent[endpoint]
        while spent and spent[0][0] <= now - WINDOW_S:
            spent.popleft()
        if sum(w for _, w in spent) + weight <= LIMITS.get(endpoint, OTHER_LIMIT):
            spent.append((now, weight))
            return None
        oldest = spent[0][0] if spent else now
        return max(1, math.ceil(oldest + WINDOW_S - now))


def record_id(request: Request) -> int:
    """The number in the path; -1, which no record has, for anything else."""
    text = request.path_params["id"]
    return int(text) if _is_count(text) else -1


def page_size(query: Mapping[str, str]) -> int:
    """What was asked for, if it makes sense; else 50."""
    text = query.get("page_size", "")
    return min(int(text), LARGEST_PAGE) if _is_count(text) and int(text) > 0 else DEFAULT_PAGE_SIZE


def weight(query: Mapping[str, str]) -> int:
    return math.ceil(page_size(query) / DEFAULT_PAGE_SIZE)


def filtered(rows: Iterable[Json], query: Iterable[tuple[str, str]], known: Mapping[str, str]) -> list[Json]:
    """The rows that pass; *known* maps a filter's name to the row's key. Raises BadQuery for a value of wrong form."""
    query = list(query)
    tests = [
        (known[name], method or "is", wanted)
        for name, method, wanted in ((*_split(key), value) for key, value in query)
        if name in known and (method or "is") in METHODS
    ]
    need = any if ("filter_type", "or") in query and tests else all
    return [row for row in rows if need([_passes(row, key, method, wanted) for key, method, wanted in tests])]


def ordered(rows: list[Json], ordering: str) -> list[Json]:
    """By the fields of *ordering*, last one first; unknown fields change nothing. By default the newest come first."""
    for name in reversed((ordering or "-id").split(",")):
        key = name.removeprefix("-")
        if rows and all(_is_sortable(row.get(key)) for row in rows):
            rows = sorted(rows, key=lambda row: row[key], reverse=name.startswith("-"))
    return rows


def paged(rows: list[Json], query: Mapping[str, str], url: Callable[[int], str]) -> Json:
    """The envelope with one page. Raises BadQuery for a page that does not exist."""
    size = page_size(query)
    pages = max(1, math.ceil(len(rows) / size))
    text = query.get("page", "1")
    page = pages if text == "last" else int(text) if _is_count(text) else 0
    if not 1 <= page <= pages:
        raise BadQuery(404, {"detail": "Ogiltig sida."})
    return {
        "count": len(rows),
        "num_pages": pages,
        "next": url(page + 1) if page < pages else None,
        "previous": url(page - 1) if page > 1 else None,
        "results": rows[(page - 1) * size : page * size],
    }


def _split(key: str) -> tuple[str, str]:
    name, separator, method = key.rpartition("__")
    return (name, method) if separator else (key, "")


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _is_sortable(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _passes(row: Json, key: str, method: str, wanted: str) -> bool:
    value = _plain(row.get(key), key)
    if method == "is_null":
        return (value in (None, "")) == (wanted.lower() in ("true", "1"))
    if value is None:
        return method in NEGATIVE
    texts = wanted.split(",") if method in MANY else [wanted]
    return METHODS[method](value, [_like(value, text, key) for text in texts])


def _like(value: Any, wanted: str, key: str) -> Any:
    """The wanted text as a thing of the value's kind."""
    try:
        match value:
            case bool():
                return {"true": True, "1": True, "false": False, "0": False}[wanted.lower()]
            case Decimal():
                number = Decimal(wanted)
                return number if number.is_finite() else _refuse(key)
            case datetime():
                return moment_in(wanted) or _refuse(key)
            case date():
                return datetime.fromisoformat(wanted).date()
    except (ValueError, KeyError, InvalidOperation):
        _refuse(key)
    return wanted


def moment_in(text: str) -> datetime | None:
    """The moment that a filter names, without a zone in the practice system's own; None if it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _refuse(key: str) -> NoReturn:
    raise BadQuery(400, {key: ["Ange ett giltigt värde."]})


def _plain(value: Any, key: str) -> Any:
    """A row's value as a thing that compares: a number, a relation's number, a moment, a day, a truth or a text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    text = str(value)
    if text.startswith("http") and text.endswith("/"):
        return Decimal(text.rstrip("/").rpartition("/")[2])
    if key in DAYS:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if key in MOMENTS else text


DAYS = ("invoice_date", "date_paid", "payment_date")
MOMENTS = ("created", "modified")
MANY = ("in", "not_in", "range", "not_in_range")
NEGATIVE = ("is_not", "neq", "not_in", "not_in_range", "contains_not", "icontains_not")
METHODS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "is": lambda value, wanted: value == wanted[0],
    "eq": lambda value, wanted: value == wanted[0],
    "is_not": lambda value, wanted: value != wanted[0],
    "neq": lambda value, wanted: value != wanted[0],
    "lt": lambda value, wanted: value < wanted[0],
    "lte": lambda value, wanted: value <= wanted[0],
    "gt": lambda value, wanted: value > wanted[0],
    "gte": lambda value, wanted: value >= wanted[0],
    "contains": lambda value, wanted: str(wanted[0]) in str(value),
    "contains_not": lambda value, wanted: str(wanted[0]) not in str(value),
    "icontains": lambda value, wanted: str(wanted[0]).lower() in str(value).lower(),
    "icontains_not": lambda value, wanted: str(wanted[0]).lower() not in str(value).lower(),
    "in": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "range": lambda value, wanted: len(wanted) == 2 and wanted[0] <= value <= wanted[1],
    "not_in_range": lambda value, wanted: len(wanted) != 2 or not wanted[0] <= value <= wanted[1],
    "is_null": lambda value, wanted: value is None,
}
