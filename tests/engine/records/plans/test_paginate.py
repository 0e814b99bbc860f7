"""Pages stand side by side without gaps, and their numbers are checked."""

from __future__ import annotations

import pytest

from asok_engine.errors import InputError
from asok_engine.records.plans.paginate import paginate
from asok_engine.records.query import Query
from tests.engine.records.blog import Post, blog

POSTS = Query(Post.__description__)


def test_pages_cover_all_records_once() -> None:
    """Also where the order leaves records equal: the key decides."""
    driver = blog()
    seen = []
    for number in (1, 2, 3):
        page = driver.run(paginate(POSTS.order_by("live"), number, 2))
        seen += [post.id for post in page.items]
        assert (page.total, page.pages) == (4, 2)
    assert sorted(seen) == [1, 2, 3, 4]


def test_page_knows_its_neighbours() -> None:
    """As numbers, or None at the ends."""
    driver = blog()
    first = driver.run(paginate(POSTS, "1", "3"))
    assert (first.has_prev, first.prev_page, first.has_next, first.next_page) == (False, None, True, 2)
    second = driver.run(paginate(POSTS, 2, 3))
    assert (second.has_prev, second.prev_page, second.has_next, second.next_page) == (True, 1, False, None)
    beyond = driver.run(paginate(POSTS, 9, 3))
    assert (list(beyond.items), beyond.total, beyond.has_next) == ([], 4, False)
    empty = driver.run(paginate(POSTS.where(id=99)))
    assert (empty.total, empty.pages) == (0, 1)


def test_total_costs_a_statement_only_where_it_is_not_known() -> None:
    """The last page tells it by itself; without counting there is none."""
    driver = blog()
    driver.run(paginate(POSTS, 1, 10))
    assert len(driver.texts) == 1
    page = driver.run(paginate(POSTS, 1, 2, counts=False))
    assert (page.total, page.pages, page.has_next) == (None, None, True)
    assert len(driver.texts) == 2


def test_order_of_the_model_holds() -> None:
    """Before the key."""
    options = Post.__description__.options
    options.ordering = ("-views",)
    try:
        assert [post.id for post in blog().run(paginate(POSTS, 1, 2)).items] == [4, 3]
    finally:
        options.ordering = ()


@pytest.mark.parametrize(
    ("page", "per_page"), [(0, 5), (-1, 5), ("x", 5), (1, 0), (1, 10**6), ("1e3", 5), ("9" * 30, 5), (1.5, 5)]
)
def test_wrong_numbers_are_the_clients_fault(page: object, per_page: object) -> None:
    """And a page is never endless (reliability 125)."""
    with pytest.raises(InputError) as error:
        blog().run(paginate(POSTS, page, per_page))
    assert error.value.status == 422


def test_pages_of_a_part_end_where_it_ends() -> None:
    """What the query leaves out stands on no page."""
    driver = blog()
    part = POSTS.order_by("id").slice(slice(1, 4))
    pages = [driver.run(paginate(part, number, 2)) for number in (1, 2)]
    assert [[post.id for post in page.items] for page in pages] == [[2, 3], [4]]
    assert [(page.total, page.has_next) for page in pages] == [(3, True), (3, False)]
