"""Pages of a query."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from asok_engine.errors import InputError
from asok_engine.records.plans.count import count as count_of
from asok_engine.records.query import Query
from asok_engine.records.steps import Plan

__all__ = ["Page", "paginate"]

#: The most records of one page, whatever a client asks for.
MAX_PER_PAGE = 1000


class Page(Struct):
    """One page of records, and where it stands."""

    items: Any
    #: None when it was not counted.
    total: int | None
    #: Counted from 1.
    current_page: int
    per_page: int
    has_next: bool

    @property
    def pages(self) -> int | None:
        """How many pages there are; one at least, None when it was not counted."""
        return None if self.total is None else max(-(-self.total // self.per_page), 1)

    @property
    def has_prev(self) -> bool:
        """There is a page before this one."""
        return self.current_page > 1

    @property
    def prev_page(self) -> int | None:
        """The number of the page before."""
        return self.current_page - 1 if self.has_prev else None

    @property
    def next_page(self) -> int | None:
        """The number of the page behind."""
        return self.current_page + 1 if self.has_next else None


def paginate(query: Query, page: Any = 1, per_page: Any = 20, counts: bool = True) -> Plan[Page]:
    """Give one page in two statements, or in one without the total where `counts` is off.

    The order ends with the key, so that no record stands on two pages.

    Raises:
        InputError: page or per_page is no whole number of at least 1, or per_page is too large.
    """
    number, size = _number("page", page), _number("per_page", per_page)
    if size > MAX_PER_PAGE:
        raise InputError(f"per_page is {size}; at most {MAX_PER_PAGE} fit on a page.", status=422)
    ordering = query.description.options.ordering
    ordered = query if query.is_ordered or not ordering else query.order_by(*ordering)
    if not query.groups and not query.members:
        ordered = ordered.order_by(*query.description.key)
    start = (number - 1) * size
    records = yield from ordered.slice(slice(start, start + size + 1)).fetch()
    has_next = len(records) > size
    del records[size:]
    total = None
    if counts:
        total = start + len(records)
        if has_next or (not records and number > 1):
            total = yield from count_of(query)
    return Page(records, total, number, size, has_next)


def _number(name: str, value: Any) -> int:
    text = str(value)
    if not text.isdecimal() or not 1 <= len(text) <= 15 or int(text) < 1:
        raise InputError(
            f"{name} must be a whole number of at least 1.",
            status=422,
            errors={name: ["must be a whole number"]},
        )
    return int(text)
