"""Names reach expressions through fields and relations only; paths become joins or EXISTS."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from asok_engine.records.paths import joins_of, key_of, split_path
from asok_engine.records.query import Query
from tests.engine.records.blog import Author, Comment, Post, Tag, blog

POSTS = Query(Post.__description__)


def ids(query: Query) -> list[int]:
    """Give the keys of what a query finds."""
    return [record.id for record in blog().fetch(query.order_by("id"))]


def test_path_to_one_record_joins_it() -> None:
    """Rows come once, and the join is written once for all conditions."""
    query = POSTS.where(Post.author.name == "Ada", Post.author.id > 0)
    assert ids(query) == [1, 3]
    assert len(query.joins) == 1
    assert ids(POSTS.where(Post.author.name.like("B%"))) == [2]
    assert ids(POSTS.where(Post.author.name.in_(["Bob", "Eve"]))) == [2]


def test_path_to_many_records_asks_whether_one_exists() -> None:
    """A post with two comments comes once."""
    assert ids(POSTS.where(Post.comments.text != "x")) == [1, 2]
    assert ids(POSTS.where(Post.comments.author.name == "Bob")) == [1]
    assert ids(POSTS.where(Post.comments.is_null())) == [3, 4]
    assert ids(POSTS.where(Post.comments.is_not_null())) == [1, 2]
    assert ids(POSTS.where(Post.tags.name == "python")) == [1, 3]
    assert ids(Query(Tag.__description__).where(Tag.posts.author.name == "Ada")) == [1, 2]


@pytest.mark.parametrize(
    ("operator", "found"), [("__lt__", [1]), ("__le__", [1, 2]), ("__gt__", [3]), ("__ge__", [2, 3])]
)
def test_comparisons_at_the_end_of_a_path(operator: str, found: list[int]) -> None:
    """Each operator of a field works there."""
    driver = blog()
    driver.connection.executescript(
        "UPDATE comments SET post_id = 3 WHERE id = 2; UPDATE comments SET post_id = 2 WHERE id = 3"
    )
    condition = getattr(Comment.post.views, operator)(20)
    assert [
        row.post_id
        for row in driver.fetch(Query(Comment.__description__).where(condition).order_by("post_id"))
    ] == found


def test_relation_is_compared_with_a_record_or_a_key() -> None:
    """The foreign key is compared itself, without a join."""
    query = POSTS.where(Post.author == Author(id=2))
    assert ids(query) == [2]
    assert not query.joins
    assert ids(POSTS.where(Post.author != 2)) == [1, 3]
    assert ids(POSTS.where(Post.author.in_([Author(id=1), 2]))) == [1, 2, 3]
    assert ids(POSTS.where(Post.author.is_null())) == [4]
    assert ids(POSTS.where(Post.author.is_not_null())) == [1, 2, 3]
    assert not POSTS.where(author__id=1).joins


def test_path_to_many_has_no_single_value() -> None:
    """It cannot be ordered by; the message says what can."""
    with pytest.raises(UsageError, match="aggregate"):
        POSTS.order_by(Post.comments.text.desc())
    found = blog().fetch(POSTS.where(Post.author.is_not_null()).order_by(Post.author.name.desc(), "id"))
    assert [post.id for post in found] == [2, 1, 3]


def test_wrong_names_on_a_path_are_told() -> None:
    """As everywhere."""
    with pytest.raises(UnknownName, match="Did you mean 'name'"):
        _ = Post.author.nam
    with pytest.raises(AttributeError):
        _ = Post.author.name.no_such_method
    with pytest.raises(AttributeError):
        _ = Post.author.__wrapped__
    with pytest.raises(UnknownName):
        split_path("__".join("a" * 20))


def test_joins_are_found_anywhere_in_an_expression() -> None:
    """Also deep inside a tree."""
    tree = ~((Post.views > 3) | (Post.author.name == "x"))
    assert [key[1] for key in joins_of(tree)] == ["_author"]  # type: ignore[index]
    assert joins_of(Post.views > 3) == {}


def test_key_of_a_record_and_of_anything_else() -> None:
    """A class is no record."""
    assert key_of(Author(id=3)) == 3
    assert key_of("x") == "x"
    assert repr(Post.author) == "<path Post.author>"
