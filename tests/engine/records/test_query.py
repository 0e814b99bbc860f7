"""A query is a value; its scopes hold around everything, and each part gives the statement it should."""

from __future__ import annotations

import re

import pytest

from asok_engine.errors import InputError, UsageError
from asok_engine.records.errors import NotLoaded, UnknownName
from asok_engine.records.query import Query
from asok_engine.sql.dialects.postgresql import PostgresqlDialect
from asok_engine.sql.expressions import Order
from asok_engine.sql.functions import Aggregate
from asok_engine.sql.select import Lock
from tests.engine.records.blog import Author, Comment, Post, blog

POSTS = Query(Post.__description__)


def ids(query: Query) -> list[int]:
    """Give the keys of what a query finds."""
    return [record.id for record in blog().fetch(query)]


def test_query_is_a_value() -> None:
    """Every method gives another query and leaves this one."""
    narrowed = POSTS.where(views=10)
    assert POSTS.conditions == ()
    assert ids(narrowed.order_by("id")) == [1]
    assert ids(POSTS.order_by("id")) == [1, 2, 3, 4]


def test_conditions_combine() -> None:
    """All that were given hold; `either` adds another way in; `exclude` leaves out, and keeps what is missing."""
    assert ids(POSTS.where(Post.views > 10, Post.views < 40).order_by("id")) == [2, 3]
    assert ids(POSTS.where(id=1).either(id=4).order_by("id")) == [1, 4]
    assert ids(POSTS.either(id=2)) == [2]
    assert ids(POSTS.exclude(author__name="Ada").order_by("id")) == [2, 4]
    assert ids(POSTS.exclude(views__gt=10)) == [1]
    assert POSTS.exclude() is POSTS


def test_only_conditions_are_accepted() -> None:
    """`Post.views == 1 and ...` gives a truth; it is refused."""
    with pytest.raises(UsageError, match="no condition"):
        POSTS.where(True)  # type: ignore[arg-type]


def test_orders_add_up() -> None:
    """A further call orders what the earlier leave equal (asok 3.4 C12)."""
    assert ids(POSTS.order_by("-live").order_by("-id")) == [4, 3, 1, 2]
    assert ids(POSTS.order_by("-id").reorder("id")) == [1, 2, 3, 4]
    assert ids(POSTS.order_by(Post.views.desc())) == [4, 3, 2, 1]
    assert ids(POSTS.where(author__isnull=False).order_by("author__name", "-id")) == [3, 1, 2]
    assert ids(POSTS.order_by(Order(Post.author_id, nulls="last"), "id")) == [1, 3, 2, 4]
    assert sorted(ids(POSTS.order_by("?"))) == [1, 2, 3, 4]
    assert ids(POSTS.where(author__isnull=False).order_by("-author", "id")) == [2, 1, 3]
    assert ids(POSTS.where(author__isnull=False).order_by(Post.author.name, "+id")) == [1, 3, 2]


@pytest.mark.parametrize(
    ("name", "message", "fix"),
    [
        ("title__foo", "The field 'title' of Post has no part 'foo'.", "a path .* that ends at one: 'title'"),
        ("author__name__gt", "The field 'name' of Author has no part 'gt'.", "ends at one: 'name'"),
        ("comments__text", "The path 'comments.text' of Post leads to many records", "Use an aggregate"),
        ("titel", "Post has no field 'titel'.", "Did you mean 'title'"),
        ("author__nam", "Author has no field 'nam'.", "Did you mean 'name'"),
    ],
)
def test_name_without_a_single_value_says_what_is_accepted(name: str, message: str, fix: str) -> None:
    """A name that exists is not offered in its own place; whoever sent it is answered with 400."""
    with pytest.raises(UnknownName) as told:
        POSTS.order_by(name)
    assert told.value.message.startswith(message)
    assert re.search(fix, told.value.fix)
    assert told.value.status == 400
    if name != "comments__text":
        with pytest.raises(UnknownName, match=re.escape(message)):
            POSTS.compare(name, "=", "a")


def test_model_has_an_order_of_its_own() -> None:
    """Meta.ordering holds where no other was asked for (aksara 3.3)."""
    options = Post.__description__.options
    options.ordering = ("-views",)
    try:
        assert ids(POSTS) == [4, 3, 2, 1]
        assert ids(POSTS.order_by("id")) == [1, 2, 3, 4]
        assert "ORDER BY" not in blog_text(POSTS.reorder())
    finally:
        options.ordering = ()


def blog_text(query: Query) -> str:
    """Give the statement of a query."""
    driver = blog()
    driver.fetch(query)
    return driver.since(0)[-1]


def test_cut_and_slices() -> None:
    """Slices count from what is there already."""
    ordered = POSTS.order_by("id")
    assert ids(ordered.limit(2)) == [1, 2]
    assert ids(ordered.limit(2).offset(1)) == [2, 3]
    assert ids(ordered.slice(slice(1, 3))) == [2, 3]
    assert ids(ordered.slice(slice(1, None)).slice(slice(1, 2))) == [3]
    assert ids(ordered.limit(2).slice(slice(1, 10))) == [2]
    assert ids(ordered.slice(slice(3, 1))) == []
    for wrong in (slice(-1, None), slice(0, -1), slice(0, 4, 2)):
        with pytest.raises(UsageError):
            ordered.slice(wrong)
    for count in (-1, "5", 1.5, True):
        with pytest.raises(InputError):
            ordered.limit(count)  # type: ignore[arg-type]


def test_rows_come_once() -> None:
    """Distinct over what is read."""
    assert "SELECT DISTINCT" in blog_text(POSTS.distinct())


def test_first_row_of_each_value_at_the_end_of_a_path_is_joined() -> None:
    """What a path leads through stands in FROM, once, also where the query is ordered by it."""
    query = POSTS.distinct("author__name").reorder("author__name", "id")
    text = " ".join(query.select().compile(PostgresqlDialect((15,))).text.split())
    assert "DISTINCT ON (" in text
    assert text.count("LEFT OUTER JOIN authors") == 1


def test_only_and_defer_read_less() -> None:
    """The key comes always; a field that was not read says so."""
    driver = blog()
    post = driver.fetch(POSTS.only("title").where(id=1))[0]
    assert post.title == "Post 1"
    assert post.id == 1
    with pytest.raises(NotLoaded, match="views"):
        _ = post.views
    assert driver.fetch(POSTS.defer("title", "pk").where(id=1))[0].views == 10
    with pytest.raises(NotLoaded, match="title"):
        _ = driver.fetch(POSTS.defer("title"))[0].title


def test_annotations_can_be_asked_about() -> None:
    """In conditions, orders and operators, by their names."""
    query = POSTS.annotate(double=Post.views * 2)
    assert ids(query.where(double__gte=60).order_by("-double")) == [4, 3]
    assert ids(query.where(double=40)) == [2]
    assert ids(query.where(double__in=[20, 40]).order_by("id")) == [1, 2]
    assert ids(query.compare("double", ">", 60)) == [4]
    with pytest.raises(UnknownName):
        query.where(double__year=1)
    with pytest.raises(UsageError, match="another name"):
        POSTS.annotate(title=Post.views)


def test_groups_and_having() -> None:
    """One row per group, and only those that meet the condition."""
    count = Aggregate("count")
    query = POSTS.only("author_id").group_by("author_id").annotate(n=count).having(count > 1)
    select = query.scoped().statement(
        (*Post.__description__.outputs(("author_id",)), *[]), Post.__description__.reader(("author_id",)), ()
    )
    assert "GROUP BY posts.author_id HAVING count(*) > ?" in " ".join(
        select.compile(blog().dialect).text.split()
    )
    both = query.having(Aggregate("sum", Post.views) > 5)
    assert both.having_condition is not None
    assert ids(POSTS.group_by("id", "author__name").order_by("id").having(Post.id < 3)) == [1, 2]


def test_relations_are_included() -> None:
    """One statement for each relation on the path, whatever the number of records."""
    driver = blog()
    authors = driver.fetch(
        Query(Author.__description__).include("posts.comments", "posts.tags", "profile").order_by("id")
    )
    assert len(driver.texts) == 5
    assert [len(post.comments) for post in authors[0].posts] == [2, 0]
    assert [tag.name for tag in authors[0].posts[0].tags] == ["python", "sql"]
    assert authors[0].profile.bio == "counts"
    assert authors[1].profile is None
    assert len(driver.texts) == 5


def test_included_relation_can_be_narrowed() -> None:
    """By a query of its own."""
    driver = blog()
    narrow = Query(Post.__description__).where(views__gt=10)
    ada = driver.fetch(Query(Author.__description__).include(narrowed={"posts": narrow}).where(id=1))[0]
    assert [post.id for post in ada.posts] == [3]


def test_unknown_relation_is_told() -> None:
    """A field is no relation."""
    with pytest.raises(UnknownName, match="Did you mean 'comments'"):
        POSTS.include("coments")
    with pytest.raises(UnknownName):
        POSTS.include("title")
    with pytest.raises(UsageError, match="Prefetch"):
        POSTS.join("comments")


def test_joined_relations_come_in_one_statement() -> None:
    """Nested ones too."""
    driver = blog()
    comments = driver.fetch(Query(Comment.__description__).join("post.author", "author").order_by("id"))
    assert len(driver.texts) == 1
    assert [comment.post.title for comment in comments] == ["Post 1", "Post 1", "Post 2"]
    assert comments[0].post.author.name == "Ada"
    assert comments[0].author.name == "Bob"
    assert comments[1].__dict__["author"] is None
    assert len(driver.texts) == 1


def test_members_of_a_union_keep_their_conditions() -> None:
    """Members keep their conditions; the order and the cut are those of the whole."""
    both = POSTS.where(id=1).combine("union", POSTS.where(id=3)).order_by("-id")
    assert ids(both) == [3, 1]
    assert ids(POSTS.where(id__lt=3).combine("intersect", POSTS.where(id__gt=1))) == [2]
    assert ids(POSTS.combine("except", POSTS.where(id__gt=1))) == [1]
    with pytest.raises(UsageError, match="one model"):
        POSTS.combine("union", Query(Author.__description__))


def test_empty_query_asks_nothing() -> None:
    """`none` finds nothing, without a statement."""
    driver = blog()
    assert driver.fetch(POSTS.none()) == []
    assert driver.texts == []


def test_locked_query_writes() -> None:
    """It runs on the primary, in a transaction."""
    select = POSTS.lock(Lock(nowait=True)).select()
    assert select.writes
    assert select.lock == Lock(nowait=True)
    assert POSTS.lock().select().lock == Lock()
    assert not POSTS.select().writes


def test_query_says_its_database() -> None:
    """And the records that it finds belong there."""
    driver = blog()
    assert POSTS.using("archive").select().database == "archive"
    records = driver.fetch(POSTS.using("archive").limit(1))
    assert records[0]._origin.database == "archive"
    assert POSTS.database == "default"
    assert POSTS.using("archive").database == "archive"


def test_global_scope_holds_unless_one_says_otherwise() -> None:
    """Around OR groups and in union members too (asok 3.4 C2)."""
    scopes = Post.__description__.scopes
    scopes["live"] = lambda query: query.where(live=True)
    try:
        assert ids(POSTS.order_by("id")) == [1, 3, 4]
        assert ids(POSTS.where(id=1).either(id=2)) == [1]
        assert ids(POSTS.where(id=1).combine("union", POSTS.where(id=2))) == [1]
        assert ids(POSTS.without_scopes("live").where(id=2)) == [2]
        assert ids(POSTS.without_scopes().where(id=2)) == [2]
        assert ids(POSTS.where(id__in=POSTS.where(id=2))) == []
        with pytest.raises(UnknownName):
            POSTS.without_scopes("liv")
    finally:
        scopes.clear()


def test_groups_join_as_one() -> None:
    """What is said of a group stands in brackets, whatever stood before; without conditions it says nothing."""
    group = POSTS.group().where(id=1).or_group(POSTS.group().where(id=4))
    assert ids(POSTS.where(Post.views < 40).and_group(group)) == [1]
    assert ids(POSTS.where(id=2).or_group(POSTS.group().where(author__name="Ada")).order_by("id")) == [
        1,
        2,
        3,
    ]
    assert ids(POSTS.or_group(POSTS.group().where(id=2))) == [2]
    assert POSTS.and_group(POSTS.group()) is POSTS
    assert POSTS.or_group(POSTS.group()) is POSTS


def test_groups_of_rows_are_kept_by_a_group_of_conditions() -> None:
    """The conditions of a group of conditions are those of HAVING."""
    query = POSTS.annotate(n=Aggregate("count", None)).group_by("author_id")
    found = query.having_group(query.group().where(n__gt=1))
    assert found.having_condition is not None
    assert query.having_group(query.group()) is query


def test_query_of_nothing_finds_nothing_in_a_larger_one() -> None:
    """As a subquery or a member of a union: an answer of nobody must not become one of everybody (CWE-863)."""
    driver = blog()
    nothing, authors = POSTS.none(), Query(Author.__description__)
    for query, found in (
        (POSTS.where(author__in=authors.none()), []),
        (POSTS.where(pk__in=nothing), []),
        (POSTS.exclude(pk__in=nothing), [1, 2, 3, 4]),
        (POSTS.where(id=1).combine("union", nothing), [1]),
        (nothing.combine("union", POSTS.where(id=1)), [1]),
        (nothing.combine("union", POSTS.where(id=1)).either(id=2), [1]),
        (POSTS.combine("intersect", nothing), []),
        (POSTS.combine("except", nothing), [1, 2, 3, 4]),
    ):
        assert sorted(post.id for post in driver.fetch(query)) == found


def test_query_that_narrows_is_not_cut() -> None:
    """The cut would hold for the records of all together."""
    for narrowed in (POSTS.limit(1), POSTS.offset(1)):
        with pytest.raises(UsageError, match="'posts' is cut"):
            Query(Author.__description__).include(narrowed={"posts": narrowed})
