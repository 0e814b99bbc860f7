"""A page of records is used by attribute, by key, and as what it holds."""

from __future__ import annotations

import pytest

from asok.orm.modellist import ModelList
from asok.orm.pagination import Page
from asok_engine.records.plans.paginate import Page as EnginePage
from asok_engine.templates.environment import Environment


def page(**changes: object) -> Page[str]:
    """Make the second page of three."""
    values = {"items": ModelList("ab"), "total": 6, "current_page": 2, "per_page": 2, "has_next": True}
    return Page(EnginePage(**{**values, **changes}))  # type: ignore[arg-type]


def test_page_knows_its_neighbours() -> None:
    """By attribute and by key."""
    second = page()
    assert (second.pages, second.prev_page, second.next_page) == (3, 1, 3)
    assert second["items"] is second.items
    assert dict(second)["has_prev"] is True
    assert repr(second) == "<Page 2 of 3>"
    with pytest.raises(KeyError):
        _ = second["nothing"]


def test_page_without_a_count_has_no_total() -> None:
    """How many pages there are is not known then."""
    assert page(total=None).pages is None
    assert repr(page(total=None)) == "<Page 2 of ?>"


def test_page_is_iterated_and_measured() -> None:
    """As its items."""
    assert list(page()) == ["a", "b"]
    assert len(page()) == 2


def test_page_is_shown_by_a_template() -> None:
    """`page.items` are the items there too."""
    source = "{% for item in page.items %}{{ item }}{% endfor %} {{ page.current_page }}/{{ page.pages }}"
    assert Environment([]).render_string(source, {"page": page()}) == "ab 2/3"
