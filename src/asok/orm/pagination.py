"""One page of records, as `paginate` gives it: by attribute in Python, by key like a dict.

`page.items`, `page["items"]` and, in a template, `{{ page.items }}` are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

from asok.orm.modellist import ModelList
from asok_engine.records.plans.paginate import Page as EnginePage

__all__ = ["Page"]

Item = TypeVar("Item")

_KEYS: Final = (
    "items",
    "total",
    "pages",
    "current_page",
    "per_page",
    "has_prev",
    "has_next",
    "prev_page",
    "next_page",
)


class Page(Generic[Item]):
    """One page of records, and where it stands."""

    __slots__ = _KEYS

    def __init__(self, page: EnginePage) -> None:
        self.items: ModelList[Item] = page.items
        #: How many records there are on all pages; None when they were not counted.
        self.total: int | None = page.total
        #: How many pages there are; None when the records were not counted.
        self.pages: int | None = page.pages
        #: Counted from 1.
        self.current_page: int = page.current_page
        self.per_page: int = page.per_page
        self.has_prev: bool = page.has_prev
        self.has_next: bool = page.has_next
        self.prev_page: int | None = page.prev_page
        self.next_page: int | None = page.next_page

    def keys(self) -> tuple[str, ...]:
        """Give the names of what a page has, so that `dict(page)` works."""
        return _KEYS

    def __getitem__(self, key: str) -> Any:
        if key not in _KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"<Page {self.current_page} of {self.pages if self.pages is not None else '?'}>"
