"""Lookups are a fixed list, coerce their values, and mean the same on every database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from asok_engine.errors import InputError
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.structure import JSON
from asok_engine.records.plans.count import aggregate
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.zones import active_zone
from asok_engine.sql.functions import Aggregate
from tests.engine.records.blog import Author, Post, blog
from tests.engine.records.driver import Driver

POSTS = Query(Post.__description__)


class Parcel(Record):
    """Something with JSON in it."""

    id: int
    data = JSON(default=dict)


@pytest.fixture
def driver() -> Driver:
    """A blog whose posts were written at known moments."""
    made = blog()
    for number, moment in enumerate(
        (
            "2025-12-31 23:30:00.000000",
            "2026-01-01 10:00:00.000000",
            "2026-02-28 23:59:59.999999",
            "2026-07-04 12:30:45.500000",
        ),
        1,
    ):
        made.connection.execute("UPDATE posts SET at = ? WHERE id = ?", (moment, number))
    return made


@pytest.mark.parametrize(
    ("lookup", "value", "found"),
    [
        ("views", 10, [1]),
        ("views__exact", "10", [1]),
        ("views__ne", 10, [2, 3, 4]),
        ("views__gt", 20, [3, 4]),
        ("views__gte", 20, [2, 3, 4]),
        ("views__lt", 20, [1]),
        ("views__lte", 20, [1, 2]),
        ("views__in", [10, "30"], [1, 3]),
        ("views__in", [], []),
        ("views__range", (15, 35), [2, 3]),
        ("views__contains", "0", [1, 2, 3, 4]),
        ("views__startswith", "3", [3]),
        ("author_id__isnull", True, [4]),
        ("author_id__isnull", "false", [1, 2, 3]),
        ("author_id__in", [2, None], [2, 4]),
        ("author_id", None, [4]),
        ("author__isnull", True, [4]),
        ("author", Author(id=1), [1, 3]),
        ("author__in", [Author(id=1), Author(id=2)], [1, 2, 3]),
        ("author__name__icontains", "AD", [1, 3]),
        ("title__iexact", "POST 2", [2]),
        ("title__contains", "post", []),
        ("title__icontains", "pOST 1", [1]),
        ("title__startswith", "Post", [1, 2, 3, 4]),
        ("title__istartswith", "post 4", [4]),
        ("title__endswith", "3", [3]),
        ("title__iendswith", "T 3", [3]),
        ("title__like", "P_st 1", [1]),
        ("title__regex", r"[12]$", [1, 2]),
        ("title__iregex", r"^POST 3", [3]),
        ("at__year", 2026, [2, 3, 4]),
        ("at__year__gte", 2026, [2, 3, 4]),
        ("at__month", "2", [3]),
        ("at__month__in", [1, 12], [1, 2]),
        ("at__day", 28, [3]),
        ("at__quarter", 3, [4]),
        ("at__week", 1, [1, 2]),
        ("at__week_day", 7, [3, 4]),
        ("at__year_day", 1, [2]),
        ("at__hour", 23, [1, 3]),
        ("at__minute", 30, [1, 4]),
        ("at__second", 45, [4]),
        ("at__date", date(2026, 2, 28), [3]),
        ("at__date", "2026-01-01", [2]),
        ("at__date__gt", datetime(2026, 1, 1, 5, tzinfo=UTC), [3, 4]),
        ("at__date__gte", "2026-01-01", [2, 3, 4]),
        ("at__date__lt", "2026-01-01", [1]),
        ("at__date__lte", "2026-01-01", [1, 2]),
        ("at__date__range", ("2026-01-01", "2026-02-28"), [2, 3]),
        ("at__gte", "2026-02-01T00:00:00+00:00", [3, 4]),
        ("comments__text", "bad", [1, 2]),
        ("comments__isnull", True, [3, 4]),
        ("comments__isnull", False, [1, 2]),
        ("tags__name__in", ["sql"], [1]),
        ("tags", 1, [1, 3]),
        ("pk", 3, [3]),
        ("author__pk", 2, [2]),
        ("author.name", "Bob", [2]),
    ],
)
def test_lookup_finds(driver: Driver, lookup: str, value: Any, found: list[int]) -> None:
    """Each word, over fields, relations to one and relations to many."""
    assert [post.id for post in driver.fetch(POSTS.where(**{lookup: value}).order_by("id"))] == found


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("=", 10, [1]),
        ("==", "10", [1]),
        ("!=", 10, [2, 3, 4]),
        ("<>", 10, [2, 3, 4]),
        ("in", [10, 20], [1, 2]),
        ("not  in", [10, 20], [3, 4]),
        ("NOT IN", [10, None], [2, 3, 4]),
        ("between", (10, 20), [1, 2]),
        ("not between", (10, 20), [3, 4]),
        (">", 30, [4]),
        ("<", 20, [1]),
        (">=", 40, [4]),
        ("<=", 10, [1]),
        ("is not", None, [1, 2, 3, 4]),
        ("is", None, []),
        ("like", "1%", [1]),
        ("not like", "1%", [2, 3, 4]),
        ("ilike", "4_", [4]),
    ],
)
def test_operator_finds(driver: Driver, operator: str, value: Any, found: list[int]) -> None:
    """The words of `where(field, operator, value)`, in any case and spacing."""
    assert [post.id for post in driver.fetch(POSTS.compare("views", operator, value).order_by("id"))] == found


def test_parts_of_moments_are_seen_in_the_active_zone(driver: Driver) -> None:
    """Half past eleven in the evening in London is the next year in Berlin."""
    token = active_zone.set(ZoneInfo("Europe/Berlin"))
    try:
        for lookup in ({"at__year": 2026}, {"at__year__gte": 2026}, {"at__date__gte": "2026-01-01"}):
            assert len(driver.fetch(POSTS.where(**lookup))) == 4
        assert [post.id for post in driver.fetch(POSTS.where(at__hour=0).order_by("id"))] == [1, 3]
    finally:
        active_zone.reset(token)


@pytest.mark.parametrize(
    "lookup",
    [
        {"views": "many"},
        {"views__in": "5"},
        {"views__in": 5},
        {"views__isnull": "perhaps"},
        {"views__range": [1]},
        {"at__date": "soon"},
        {"at__date__contains": "2"},
        {"at__year": "x"},
        {"at__month": "x"},
        {"at": "yesterday"},
        {"author__id": "x"},
        {"title__contains": Post.views},
        {"views": 2**80},
    ],
)
def test_value_that_does_not_fit_is_the_clients_fault(lookup: dict[str, Any]) -> None:
    """422 or 400, and never an error of the database (aksara 3.3)."""
    with pytest.raises(InputError) as error:
        POSTS.where(**lookup)
    assert error.value.status in (400, 422)


HOSTILE = [
    "titel",
    "title__nothing",
    "title__contains__more",
    'title" OR 1=1 --',
    "title'; DROP TABLE posts; --",
    "title__contains) OR (1=1",
    "author__name__exact__x",
    "author__nam",
    "author__gt",
    "comments__nothing",
    "at__fortnight",
    "at__month__month",
    "_connector",
    "__class__",
    "posts.title",
    "title\x00",
    "title\n",
    "",
    "a" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_never_reaches_sql(name: str) -> None:
    """Names resolve against the model or are refused: lookups, operators, orders, groups (reliability 96)."""
    with pytest.raises(UnknownName):
        POSTS.where(**{name: 1})
    for use in (
        POSTS.order_by,
        POSTS.group_by,
        POSTS.only,
        POSTS.defer,
        POSTS.include,
        POSTS.join,
        POSTS.distinct,
    ):
        with pytest.raises(UnknownName):
            use(name)
    with pytest.raises(UnknownName):
        POSTS.compare(name, "=", 1)
    with pytest.raises(UnknownName):
        POSTS.compare("title", name, 1)


@pytest.mark.parametrize("name", ["a b", 'a"', "a'; --", "a.b", "a%s", "a\n", "1a", "", "x" * 61])
def test_hostile_alias_never_reaches_sql(name: str) -> None:
    """The name of an annotation or an aggregate is an identifier or it is refused (reliability 96)."""
    with pytest.raises(UnknownName):
        POSTS.annotate(**{name: Post.views})
    with pytest.raises(UnknownName):
        blog().run(aggregate(POSTS, **{name: Aggregate("count")}))


@pytest.mark.parametrize(
    "lookup",
    [
        {"at__year": "9" * 23},
        {"at__year": float("inf")},
        {"at__hour": float("inf")},
        {"at__date": "9999-12-31"},
        {"at__date__range": ("2026-01-01", "9999-12-31")},
        {"at__date": "0001-01-01"},
    ],
)
def test_moment_at_the_end_of_time_is_the_clients_fault(lookup: dict[str, Any]) -> None:
    """Calendars and machines have limits, and whoever sends more is told so instead of failing inside."""
    token = active_zone.set(ZoneInfo("Asia/Tokyo"))
    try:
        with pytest.raises(InputError):
            POSTS.where(**lookup)
    finally:
        active_zone.reset(token)


def test_json_is_looked_into_with_whatever_is_sent() -> None:
    """A step of thousands of digits is a key, and a number beyond every float is the client's fault."""
    found = Query(Parcel.__description__)
    driver = Driver(Parcel)
    driver.save(Parcel(data={"7" * 5000: "x", "a": [5]}))
    assert len(driver.run(found.where(**{"data__" + "7" * 5000: "x"}).fetch())) == 1
    assert len(driver.run(found.where(data__a__0=5).fetch())) == 1
    with pytest.raises(InputError):
        found.where(data__a__0=10**400)


@pytest.mark.parametrize("value", [{"a": 1}, [1], object(), b"x", [{"a": 1}], {1}])
def test_json_is_compared_with_single_values(value: Any) -> None:
    """A body may bring anything; what no database could compare is told as the client's fault."""
    found = Query(Parcel.__description__)
    word = "data__a__in" if isinstance(value, list) and value != [1] else "data__a"
    with pytest.raises(InputError, match="inside JSON") as raised:
        found.where(**{word: value})
    assert raised.value.status == 422
    assert found.where(data__a__in=[1, "x", None], data__b=None, data__c__isnull=True)


@pytest.mark.parametrize("pattern", ["(", "(a+)+$", "a*b*c*d*", "a" * 300])
def test_pattern_that_is_bad_or_slow_is_the_clients_fault(pattern: str) -> None:
    """Where it runs in Python, nothing runs (CWE-1333)."""
    for word in ("title__regex", "title__iregex"):
        with pytest.raises(InputError) as raised:
            blog().fetch(POSTS.where(**{word: pattern}))
        assert raised.value.status == 400
