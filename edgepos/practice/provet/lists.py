"""Lists of Provet Cloud: walked by id, never by page number, because a list that changes shifts its pages.

A filter may be ignored without a word, `id__gt` and `ordering` among them; the rows themselves show it. Then the walk
ends with FilterIgnored, and the caller takes one large page of the newest instead: one page is one moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from edgepos.practice.protocol import Temporary
from edgepos.practice.provet import wire

Row = Mapping[str, object]
Params = Mapping[str, str]
LARGEST_PAGE = 1000
MOST_PAGES = 1_000
"""A walk longer than that is no list: a hospital's month of 60,000 invoices is 300 pages."""


class FilterIgnored(Exception):
    """The service did not do what *name* asks for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Page:
    """Rows with their ids, and whether the service says that more follow."""

    rows: tuple[tuple[int, Row], ...]
    has_more: bool


Fetch = Callable[[Params], Awaitable[Page]]


def read_page(body: object) -> Page:
    """A list's envelope. Raises Temporary for anything else: a row without an id could be the one looked for."""
    results = body.get("results") if isinstance(body, Mapping) else None
    if not isinstance(results, list) or not isinstance(body, Mapping):
        raise Temporary("unreadable")
    rows: list[tuple[int, Row]] = []
    for row in results:
        id = wire.relation(row) if isinstance(row, Mapping) else None
        if id is None:
            raise Temporary("unreadable")
        rows.append((int(id), row))
    return Page(tuple(rows), has_more=body.get("next") not in (None, "", False))


async def walk(fetch: Fetch, params: Params, *, page_size: int, after: int = 0) -> AsyncIterator[Sequence[Row]]:
    """All rows with an id above *after*, in the order of their ids, page by page. Raises FilterIgnored, Temporary."""
    for _ in range(MOST_PAGES):
        page = await fetch({**params, "ordering": "id", "id__gt": str(after), "page_size": str(page_size)})
        ids = [id for id, _ in page.rows]
        if any(id <= after for id in ids):
            raise FilterIgnored("id__gt")
        if page.has_more and ids != sorted(ids):
            raise FilterIgnored("ordering")
        yield [row for _, row in page.rows]
        if not page.has_more or not ids:
            return
        after = ids[-1]
    raise Temporary("list-too-long")


async def newest(fetch: Fetch, params: Params, *, page_size: int) -> Page:
    """One page of the newest rows: a picture of one moment."""
    return await fetch({**params, "ordering": "-id", "page_size": str(page_size)})


async def last_before(fetch: Fetch, is_before: Callable[[Row], bool]) -> int:
    """The id below which every row is *is_before*: where a walk through the newer ones may begin. 0 if there is none.

    Ids rise with time, so halving finds it with one small question a step, and needs no filter but `id__gt`.
    """
    low, high = 0, 1
    while (found := await _first_after(fetch, high)) is not None and is_before(found[1]):
        low, high = found[0], max(found[0], high) * 2
    while high - low > 1:  # low is before, whatever comes after high is not
        middle = (low + high) // 2
        found = await _first_after(fetch, middle)
        if found is not None and is_before(found[1]):
            low = found[0]
        else:
            high = middle
    return low


async def _first_after(fetch: Fetch, id: int) -> tuple[int, Row] | None:
    page = await fetch({"ordering": "id", "id__gt": str(id), "page_size": "1"})
    if page.rows and page.rows[0][0] <= id:
        raise FilterIgnored("id__gt")
    return page.rows[0] if page.rows else None
