"""The models of the pages face keep their promises on every database, plain and async.

One suite: each test runs on SQLite, PostgreSQL and MariaDB, once with the plain
methods and once with their `_async` twins on an event loop.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asok.orm.errors import (
    ModelError,
    NotLoaded,
    NotUnique,
    RecordNotFound,
    UnknownName,
)
from asok_engine.database.databases import databases
from asok_engine.database.observing import watch_statements
from asok_engine.database.running import run_one
from asok_engine.errors import DatabaseError, InputError, UsageError
from asok_engine.records.fields.secret import CannotDecrypt, use_secrets
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw
from tests.asok.orm.blog import (
    Account,
    Comment,
    Doc,
    Note,
    Person,
    Post,
    Remark,
    Spot,
    Tag,
    create_tables,
    empty_tables,
)

pytestmark = pytest.mark.servers

Do = Callable[..., Any]


@pytest.fixture(scope="module", params=["sqlite", "postgres", "mariadb"])
def _tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One database of each kind with the tables of the blog."""
    use_secrets(["a secret of the tests that is long enough"])
    if request.param == "sqlite":
        create_tables(f"sqlite:///{tmp_path_factory.mktemp('models') / 'blog.sqlite3'}")
        yield
        databases.close()
        return
    server = request.getfixturevalue(f"_{request.param}_process")
    url = server.create_database()
    create_tables(url)
    yield
    databases.close()
    server.drop_database(url)


@pytest.fixture(scope="module")
def _loop(_tables: None) -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["plain", "async"])
def do(request: pytest.FixtureRequest, _loop: asyncio.Runner) -> Do:
    """Call a method of a model, a record or a query by name: itself, or its `_async` twin on a loop."""
    empty_tables()
    if request.param == "plain":
        return lambda target, name, /, *arguments, **named: getattr(target, name)(*arguments, **named)

    def call(target: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
        async def deed() -> Any:
            return await getattr(target, f"{name}_async")(*arguments, **named)

        return _loop.run(deed(), context=contextvars.copy_context())

    return call


@pytest.fixture
def people(do: Do) -> tuple[Person, Person]:
    """Ada, who has posts 10, 20 and 30 times seen, and Bob, who has one that was seen 100 times."""
    ada = do(Person, "create", name="Ada", email="ada@x.org", age=36)
    bob = do(Person, "create", name="Bob", email="bob@x.org")
    for views in (10, 20, 30):
        do(Post, "create", title=f"Ada {views}", views=views, person=ada)
    do(Post, "create", title="Bob 100", views=100, person_id=bob.id, live=False)
    return ada, bob


def titles(posts: Any) -> list[str]:
    """Give the titles, in order."""
    return [post.title for post in posts]


# --- one record -------------------------------------------------------------------------------------


def test_created_record_is_stored_with_its_key(do: Do) -> None:
    """It has a key of its own, defaults, time stamps, and can be found."""
    post = do(Post, "create", title="One")
    assert isinstance(post.id, int)
    assert (post.views, post.live, post.body, post.person_id) == (0, True, "", None)
    again = do(Post, "find", post.id)
    assert again == post
    assert again is not post
    assert again.title == "One"


def test_moments_come_back_as_moments(do: Do) -> None:
    """In UTC and aware, set by the framework (C10)."""
    before = datetime.now(UTC) - timedelta(seconds=2)
    post = do(Post, "find", do(Post, "create", title="x").id)
    assert isinstance(post.created_at, datetime)
    assert post.created_at.tzinfo is not None
    assert before < post.created_at < datetime.now(UTC) + timedelta(seconds=2)


def test_given_key_is_inserted(do: Do) -> None:
    """A new record with a key is an insert, never an update of nothing (C1)."""
    person = do(Person, "create", id=7700, name="Eve", email="eve@x.org")
    assert person.id == 7700
    assert do(Person, "find", 7700).name == "Eve"
    assert do(Person, "count") == 1


def test_find_takes_a_key_or_values(do: Do, people: tuple[Person, Person]) -> None:
    """By position or by name; what is not there is None; what no key could be finds nothing."""
    ada, bob = people
    assert do(Person, "find", ada.id) == ada
    assert do(Person, "find", str(bob.id)) == bob
    assert do(Person, "find", id=str(bob.id)) == bob
    assert do(Person, "find", email="bob@x.org", name="Bob") == bob
    assert do(Person, "find", email="bob@x.org", name="Ada") is None
    assert do(Person, "find", age=None) == bob
    assert do(Person, "find", id="abc") is None
    assert do(Person, "find", "1 OR 1=1") is None
    assert do(Person, "find", id=None) is None
    assert do(Person, "find", 2**80) is None


def test_find_and_exists_without_a_condition(do: Do) -> None:
    """They mean any record, and are no broken SQL (C3)."""
    assert do(Person, "find") is None
    assert do(Person, "exists") is False
    first = do(Person, "create", name="Ada", email="a@x.org")
    do(Person, "create", name="Bob", email="b@x.org")
    assert do(Person, "find") == first
    assert do(Person, "first") == first
    assert do(Person, "exists") is True


def test_missing_record_is_an_error_where_one_must_be(do: Do, people: tuple[Person, Person]) -> None:
    """A page that lets it through answers 404."""
    ada, _ = people
    assert do(Person, "find_or_fail", ada.id) == ada
    assert do(Person, "find_or_fail", name="Ada") == ada
    assert do(Person, "first_or_fail", name="Ada") == ada
    for failing in (
        lambda: do(Person, "find_or_fail", 0),
        lambda: do(Person, "find_or_fail", name="Nobody"),
        lambda: do(Person, "first_or_fail", name="Nobody"),
        lambda: do(Person.where(name="Nobody"), "first_or_fail"),
    ):
        with pytest.raises(RecordNotFound) as caught:
            failing()
        assert caught.value.status == 404


def test_unknown_names_are_errors(do: Do) -> None:
    """Wherever a name is given, with the name that was probably meant."""
    for wrong in (
        lambda: do(Person, "find", nmae="x"),
        lambda: do(Person, "create", nmae="x"),
        lambda: do(Person, "count", nmae="x"),
        lambda: do(Person, "all", order_by="nmae"),
        lambda: Person.where("nmae", "x"),
        lambda: Person.where(nmae="x"),
        lambda: Person.where_in("nmae", [1]),
        lambda: Person.order_by("nmae"),
        lambda: Person.select("nmae"),
        lambda: Person.with_("nmae"),
        lambda: Person.where("name", "~~~", "x"),
        lambda: do(Person.query(), "update", nmae="x"),
        lambda: do(Person.query(), "pluck", "nmae"),
    ):
        with pytest.raises(UnknownName):
            wrong()
    with pytest.raises(UnknownName, match="'name'"):
        Person.where(nmae="x")


def test_only_what_has_changed_is_written(do: Do, people: tuple[Person, Person]) -> None:
    """Nothing changed, no statement; two who change different fields do not undo each other."""
    ada, _ = people
    with watch_statements() as seen:
        do(ada, "save")
    assert seen.count == 0
    one, two = do(Person, "find", ada.id), do(Person, "find", ada.id)
    one.name, two.age = "Ada L.", 37
    do(one, "save")
    do(two, "save")
    again = do(Person, "find", ada.id)
    assert (again.name, again.age) == ("Ada L.", 37)


def test_values_are_checked_and_told_per_field(do: Do) -> None:
    """Lengths, types and missing values, all at once, before anything is written (C11)."""
    with pytest.raises(ModelError) as caught:
        do(Person, "create", name="x" * 51, age="old")
    assert set(caught.value.errors) == {"name", "age", "email"}
    assert caught.value.status == 422
    assert caught.value.field in caught.value.errors
    assert do(Person, "count") == 0


def test_taken_value_is_told_with_its_field(do: Do, people: tuple[Person, Person]) -> None:
    """The database's refusal becomes a ModelError that names the field, at creation and at change."""
    ada, bob = people
    for failing in (
        lambda: do(Person, "create", name="Ann", email="ada@x.org"),
        lambda: do(bob, "update", email="ada@x.org"),
    ):
        with pytest.raises(NotUnique) as caught:
            failing()
        assert isinstance(caught.value, ModelError)
        assert caught.value.field == "email"
        assert caught.value.status == 409
    assert do(Person, "count") == 2


def test_protected_fields_are_not_set_by_mass_assignment(do: Do) -> None:
    """Neither at creation nor at change, unless the values are trusted; an attribute sets them."""
    eve = do(Person, "create", name="Eve", email="e@x.org", is_admin=True)
    assert do(Person, "find", eve.id).is_admin is False
    do(eve, "update", is_admin=True, name="Eva")
    assert (eve.is_admin, eve.name) == (False, "Eva")
    do(eve, "update_safe", is_admin=True, name="Evi", nonsense=1)
    assert (eve.is_admin, eve.name) == (False, "Evi")
    trusted = do(Person, "create", _trust=True, name="Root", email="r@x.org", is_admin=True)
    assert do(Person, "find", trusted.id).is_admin is True
    eve.is_admin = True
    do(eve, "save")
    assert do(Person, "find", eve.id).is_admin is True


def test_hidden_fields_do_not_leave_in_a_dict(do: Do) -> None:
    """A dict has what may be shown; loaded relations when they are asked for."""
    ada = do(Person, "create", name="Ada", email="a@x.org", secret="s3")
    made = ada.to_dict()
    assert made == {"id": ada.id, "name": "Ada", "email": "a@x.org", "age": None, "is_admin": False}
    do(Post, "create", title="x", person=ada)
    do(ada, "load", "posts")
    assert ada.to_dict("name", "posts")["posts"][0]["title"] == "x"


def test_record_is_updated_and_refreshed(do: Do, people: tuple[Person, Person]) -> None:
    """An update writes at once; a refresh reads what others have written."""
    ada, _ = people
    other = do(Person, "find", ada.id)
    assert do(other, "update", name="Countess", age="37") is other
    assert other.age == 37
    assert ada.name == "Ada"
    assert do(ada, "refresh") is ada
    assert (ada.name, ada.age) == ("Countess", 37)


def test_record_is_deleted(do: Do, people: tuple[Person, Person]) -> None:
    """Its row goes, and those that point to it as they were told to."""
    ada, bob = people
    assert do(ada, "delete") == 1
    assert do(Person, "find", name="Ada") is None
    assert titles(do(Post, "all")) == ["Bob 100"]
    assert do(ada, "delete") == 0
    with pytest.raises(RecordNotFound):
        do(ada, "refresh")


def test_numbers_are_counted_in_the_database(do: Do, people: tuple[Person, Person]) -> None:
    """Two who hold the same record lose no step."""
    post = do(Post, "find", title="Ada 10")
    other = do(Post, "find", post.id)
    do(post, "increment", "views")
    do(other, "increment", "views", 5)
    assert other.views == 16
    assert do(other, "decrement", "views", 6).views == 10
    assert do(post, "refresh").views == 10


# --- sets ---------------------------------------------------------------------------------------------


def test_conditions_come_in_every_form(do: Do, people: tuple[Person, Person]) -> None:
    """Column and value, with an operator, by keyword, as an expression, as a group."""
    forms = {
        ("Ada 10",): [
            Post.where("views", 10),
            Post.where("views", "=", "10"),
            Post.where(views=10),
            Post.where(Post.views == 10),
            Post.where("views", "<", 20),
            Post.filter_by(views=10, title="Ada 10"),
            Post.where(Post.views.in_([10, 11])),
            Post.where(Post.title.like("%10"), Post.views < 50),
        ],
        ("Ada 10", "Bob 100"): [
            Post.where((Post.views == 10) | (Post.views == 100)),
            Post.where("views", 10).or_where("views", 100),
            Post.where(views=10).or_where(Post.views > 50),
            Post.where(lambda q: q.where(views=10).or_where("views", ">", 50)),
            Post.where_in("views", [10, 100]),
            Post.where(~(Post.views.in_([20, 30]))),
            Post.where_not_in("views", [20, 30]),
            Post.where("views", "NOT IN", (20, 30)),
            Post.where("title", "LIKE", "%10%"),
            Post.query().like("title", "%10%"),
            Post.query().where_contains("title", "10"),
        ],
        ("Ada 20", "Ada 30"): [
            Post.where("views", "BETWEEN", (20, 30)),
            Post.query().where_between("views", 20, 30),
            Post.where(Post.views > 10).where(Post.views < 100),
            Post.where("person.name", "Ada").where("views", "!=", 10),
            Post.where(Post.person.name == "Ada", views__gte=20),
            Post.where(person__name="Ada").exclude(views=10),
            Post.where(live=True).where(lambda q: q.where(views=20).or_where(views=30).or_where(views=100)),
        ],
    }
    for expected, queries in forms.items():
        for query in queries:
            assert titles(do(query.order_by("views"), "all")) == list(expected), query.raw_sql()


def test_none_means_no_value(do: Do, people: tuple[Person, Person]) -> None:
    """In every form, and its opposite too."""
    for query in (
        Person.where("age", None),
        Person.where(age=None),
        Person.where("age", "=", None),
        Person.where(Person.age.is_null()),
        Person.query().where_null("age"),
    ):
        assert do(query, "pluck", "name") == ["Bob"]
    assert do(Person.query().where_not_null("age"), "pluck", "name") == ["Ada"]
    assert do(Person.where("age", "!=", None), "pluck", "name") == ["Ada"]


def test_wildcards_in_a_text_mean_themselves(do: Do) -> None:
    """`100%` is found where it stands, and nothing else is (C4)."""
    for title in ("100% sure", "100 times", "a_b", "axb"):
        do(Post, "create", title=title)
    assert do(Post.query().where_contains("title", "100%"), "pluck", "title") == ["100% sure"]
    assert do(Post.query().where_contains("title", "a_b"), "pluck", "title") == ["a_b"]
    assert do(Post.query().like("title", "a_b", escape_wildcards=True), "pluck", "title") == ["a_b"]
    assert sorted(do(Post.query().like("title", "a_b"), "pluck", "title")) == ["a_b", "axb"]


def test_orders_add_up_and_parts_are_cut(do: Do, people: tuple[Person, Person]) -> None:
    """The first order counts most (C12); limit, offset and slices cut."""
    ordered = Post.order_by("live").order_by("-views")
    assert titles(do(ordered, "all")) == ["Bob 100", "Ada 30", "Ada 20", "Ada 10"]
    assert titles(do(Post.order_by("-live", "views"), "all"))[0] == "Ada 10"
    assert titles(do(ordered.limit(2).offset(1), "all")) == ["Ada 30", "Ada 20"]
    assert titles(do(ordered[1:3], "all")) == ["Ada 30", "Ada 20"]
    assert titles(do(ordered[1:][:1], "all")) == ["Ada 30"]
    assert titles(do(Post.latest("views"), "all"))[0] == "Bob 100"
    assert titles(do(Post.query().oldest("views"), "all"))[0] == "Ada 10"
    assert titles(do(Post, "all", order_by="-views", limit=1)) == ["Bob 100"]
    assert titles(do(Post, "all", views=20)) == ["Ada 20"]


def test_a_set_is_a_value(do: Do, people: tuple[Person, Person]) -> None:
    """What is made of it leaves it alone, and it asks anew each time."""
    live = Post.where(live=True)
    live.where(views=10)
    live.clone().limit(1)
    assert do(live, "count") == 3
    do(Post, "create", title="late")
    assert do(live, "count") == 4
    assert ordered_first(do, live) == "Ada 10"


def ordered_first(do: Do, query: Any) -> str:
    """Give the title of the first record by key."""
    return str(do(query, "first").title)


def test_aggregates_are_taken_over_a_set(do: Do, people: tuple[Person, Person]) -> None:
    """Over all records of a set, also of a part; without records they are None, a count is 0."""
    posts = Post.where(live=True)
    assert do(posts, "count") == 3
    assert do(posts, "sum", "views") == 60
    assert do(posts, "avg", "views") == 20
    assert (do(posts, "min", "views"), do(posts, "max", "views")) == (10, 30)
    assert do(posts.order_by("-views").limit(2), "sum", "views") == 50
    assert do(posts.limit(2), "count") == 2
    nothing = Post.where(views=0)
    assert (do(nothing, "count"), do(nothing, "sum", "views")) == (0, None)
    assert do(nothing, "exists") is False
    assert do(posts, "exists") is True
    assert do(Post, "count", live=False) == 1
    assert do(posts.order_by("views"), "last").views == 30


def test_values_are_read_without_records(do: Do, people: tuple[Person, Person]) -> None:
    """One field, some fields, groups with aggregates and conditions on them."""
    assert do(Post.order_by("-views"), "pluck", "views") == [100, 30, 20, 10]
    assert do(Post.where(views=10), "values", "title", "live") == [{"title": "Ada 10", "live": True}]
    groups = Post.select("person.name AS writer", "COUNT(*) AS n", "SUM(views) AS total")
    groups = groups.group_by("person.name").order_by("writer")
    assert [(each.writer, each.n, each.total) for each in do(groups, "all")] == [
        ("Ada", 3, 60),
        ("Bob", 1, 100),
    ]
    assert [each.writer for each in do(groups.having("n", ">", 1), "all")] == ["Ada"]
    assert [each.writer for each in do(groups.having(total__gt=60), "all")] == ["Bob"]


def test_fields_that_were_left_out_say_so(do: Do, people: tuple[Person, Person]) -> None:
    """A record of some fields has the key and them."""
    post = do(Post.select("title").where(views=10), "first")
    assert (post.title, post.id > 0) == ("Ada 10", True)
    with pytest.raises(NotLoaded, match="views"):
        _ = post.views
    post.title = "changed"
    do(post, "save")
    assert do(Post, "find", post.id).views == 10


def test_page_knows_where_it_stands(do: Do, people: tuple[Person, Person]) -> None:
    """A page has items and knows where it stands, by attribute and by key."""
    page = do(Post.order_by("views"), "paginate", 2, 3)
    assert titles(page.items) == ["Bob 100"]
    assert dict(page) == {
        "items": page["items"],
        "total": 4,
        "pages": 2,
        "current_page": 2,
        "per_page": 3,
        "has_prev": True,
        "has_next": False,
        "prev_page": 1,
        "next_page": None,
    }
    first = do(Post, "paginate", 1, 3, order_by="-views", live=True)
    assert (titles(first), first.total, first.has_next) == (["Ada 30", "Ada 20", "Ada 10"], 3, False)
    uncounted = do(Post, "paginate", page="1", per_page="1", count=False)
    assert (uncounted.total, uncounted.has_next) == (None, True)
    with pytest.raises(InputError) as caught:
        do(Post, "paginate", "x")
    assert caught.value.status == 422


def test_sets_combine(do: Do, people: tuple[Person, Person]) -> None:
    """Unions, intersections, and sets as values of a condition."""
    few, many = Post.where("views", "<", 20), Post.where("views", ">", 20)
    assert sorted(titles(do(few.union(many), "all"))) == ["Ada 10", "Ada 30", "Bob 100"]
    assert titles(do(many.intersect(Post.where(live=True)), "all")) == ["Ada 30"]
    writers = Person.where_in("id", Post.where(live=False).select("person_id"))
    assert do(writers, "pluck", "name") == ["Bob"]
    assert do(Person.where_not_in("id", Post.where(live=False).select("person_id")), "pluck", "name") == [
        "Ada"
    ]


def test_sets_are_changed_without_reading(do: Do, people: tuple[Person, Person]) -> None:
    """Values are checked; expressions count in the database; deletions give their number."""
    assert do(Post.where(live=True), "update", body="new", views=Post.views + 1) == 3
    assert do(Post.order_by("views"), "pluck", "views") == [11, 21, 31, 100]
    with pytest.raises(ModelError) as caught:
        do(Post.query(), "update", title="x" * 101)
    assert caught.value.field == "title"
    assert do(Post.where("views", "<", 30), "delete") == 2
    assert do(Post, "destroy", title="Ada 30") == 1
    assert do(Post, "count") == 1
    with pytest.raises(UsageError, match="without a condition"):
        do(Post, "destroy")


def test_many_are_written_at_once(do: Do) -> None:
    """In few statements, all or none, every wrong one told; and merged into what is there."""
    rows = [{"name": f"P{n}", "email": f"p{n}@x.org"} for n in range(700)]
    with watch_statements() as seen:
        made = do(Person, "bulk_create", rows)
    assert seen.count < 20
    assert len({person.id for person in made}) == 700
    assert do(Person, "find", made[699].id).email == "p699@x.org"
    with pytest.raises(ModelError) as caught:
        do(
            Person,
            "bulk_create",
            [{"name": "ok", "email": "ok@x.org"}, {"name": "x" * 60, "email": "no@x.org"}],
        )
    assert "1.name" in caught.value.errors
    assert do(Person, "count") == 700
    for person in made[:3]:
        person.name = "Renamed"
    assert do(Person, "bulk_update", made[:3], ["name"]) == 3
    assert do(Person, "count", name="Renamed") == 3
    merged = [{"name": "Merged", "email": "p5@x.org"}, {"name": "Fresh", "email": "fresh@x.org"}]
    do(Person, "upsert", merged, unique=["email"])
    assert do(Person, "find", email="p5@x.org").name == "Merged"
    assert do(Person, "count") == 701
    do(Person, "bulk_create", [{"name": "Other", "email": "p5@x.org"}], ignore_conflicts=True)
    assert do(Person, "find", email="p5@x.org").name == "Merged"


# --- relations ------------------------------------------------------------------------------------------


def test_relations_are_loaded_in_one_statement_each(do: Do, people: tuple[Person, Person]) -> None:
    """By path, however many records there are; narrowed where asked; nothing is asked again."""
    for post in do(Post, "all"):
        do(Comment, "create", text="good", post=post, person=people[1])
        do(Comment, "create", text="bad", post=post)
    with watch_statements() as seen:
        found = do(Person.with_("posts.comments.person").order_by("name"), "all")
        comments = [comment for person in found for post in person.posts for comment in post.comments]
        assert {comment.person.name for comment in comments if comment.person} == {"Bob"}
        assert seen.count == 4
    assert [len(person.posts) for person in found] == [3, 1]
    assert found[0].posts.count() == 3
    narrowed = do(Person.with_(posts=Post.where(views=20)).order_by("name"), "all")
    assert [titles(person.posts) for person in narrowed] == [["Ada 20"], []]
    joined = do(Post.query().join("person").order_by("views"), "all")
    assert [post.person.name for post in joined] == ["Ada", "Ada", "Ada", "Bob"]


def test_relation_is_a_query(do: Do, people: tuple[Person, Person]) -> None:
    """Of one record, to be narrowed."""
    ada, _ = people
    assert titles(do(ada.related("posts").where("views", ">", 10).order_by("-views"), "all")) == [
        "Ada 30",
        "Ada 20",
    ]


def test_joined_by_a_pivot(do: Do, people: tuple[Person, Person]) -> None:
    """Attached once however often; parted; synced in one transaction (C13)."""
    post = do(Post, "find", title="Ada 10")
    tags = [do(Tag, "create", name=name) for name in ("a", "b", "c")]
    assert do(post, "attach", "tags", tags[:2]) == [tags[0].id, tags[1].id]
    assert do(post, "attach", "tags", tags[0].id) == []
    assert names_of(do, post) == ["a", "b"]
    done = do(post, "sync", "tags", [tags[1], tags[2]])
    assert (done.attached, done.detached) == ([tags[2].id], [tags[0].id])
    assert names_of(do, post) == ["b", "c"]
    assert do(post, "detach", "tags", tags[1]) == 1
    assert names_of(do, post) == ["c"]
    assert titles(do(Post.where(tags__name="c"), "all")) == ["Ada 10"]
    with pytest.raises(InputError):
        do(post, "sync", "tags", [tags[0].id, "no key"])
    assert names_of(do, post) == ["c"]
    do(post, "detach", "tags")
    assert names_of(do, post) == []


def names_of(do: Do, post: Post) -> list[str]:
    """Give the names of a post's tags."""
    return [str(name) for name in do(post.related("tags").order_by("name"), "pluck", "name")]


# --- soft deletion and scopes -----------------------------------------------------------------------------


def test_softly_deleted_records_are_out_of_sight(do: Do) -> None:
    """In every way of looking, in OR groups and unions too (C2), until they are restored or forced out."""
    kept, gone = do(Note, "create", text="kept", rank=1), do(Note, "create", text="gone", rank=2)
    assert do(gone, "delete") == 1
    assert gone.deleted_at is not None
    assert do(Note, "find", gone.id) is None
    assert do(Note, "find", text="gone") is None
    assert do(Note, "count") == 1
    assert do(Note, "exists", text="gone") is False
    either = Note.where(rank=1).or_where(rank=2)
    assert do(either, "pluck", "text") == ["kept"]
    assert do(Note.where(rank=1).union(Note.where(rank=2)), "all") == [kept]
    assert do(Note.with_trashed().order_by("id"), "pluck", "text") == ["kept", "gone"]
    assert do(Note.only_trashed(), "pluck", "text") == ["gone"]
    assert do(gone, "restore").deleted_at is None
    assert do(Note, "count") == 2
    assert do(Note.where(rank=1), "delete") == 1
    assert do(Note.only_trashed(), "restore") == 1
    assert do(Note, "destroy", rank=2) == 1
    assert do(Note, "force_destroy", rank=2) == 1
    assert do(Note.with_trashed(), "count") == 1
    assert do(kept, "force_delete") == 1
    assert do(Note.with_trashed(), "count") == 0


def test_scopes_of_a_model_are_methods_of_its_queries(do: Do, people: tuple[Person, Person]) -> None:
    """With their arguments, anywhere in a chain; a name that is none is an AttributeError."""
    assert titles(do(Post.query().popular(), "all")) == ["Bob 100"]
    assert titles(do(Post.where(live=True).popular(30), "all")) == ["Ada 30"]
    with pytest.raises(AttributeError, match="scope_unpopular"):
        Post.query().unpopular()


# --- what a column must not show ----------------------------------------------------------------------------


def column(name: str) -> Any:
    """Give what the column of the only account holds."""
    return run_one(Raw(f"SELECT {name} FROM accounts", ()))[0][0]  # noqa: S608


def test_password_is_kept_as_a_hash_whichever_way_it_comes(do: Do) -> None:
    """At creation, at change and by a change of the whole set (C5); what looks like a hash is a password."""
    account = do(Account, "create", name="Ada", password="open sesame")
    assert column("password").startswith("$argon2id$")
    assert do(account, "check_password", "password", "open sesame") is True
    assert do(account, "check_password", "password", "close sesame") is False
    assert "password" not in account.to_dict()
    do(Account.where(name="Ada"), "update", password="new one")
    assert column("password").startswith("$argon2id$")
    again = do(Account, "find", account.id)
    assert do(again, "check_password", "password", "new one") is True
    forged = column("password")
    do(again, "update", password=forged)
    assert column("password") != forged
    assert do(again, "check_password", "password", "new one") is False
    assert do(again, "check_password", "password", forged) is True
    again.password = "not saved"
    assert do(again, "check_password", "password", "not saved") is False
    with pytest.raises(UnknownName):
        do(Account, "find", password=forged)
    with pytest.raises(UsageError):
        do(again, "check_password", "name", "Ada")


def test_encrypted_text_is_sealed_whichever_way_it_comes(do: Do) -> None:
    """At creation and by a change of the whole set (C5); a value that cannot be opened is an error (C15)."""
    account = do(Account, "create", name="Ada", password="x", token="t0ken")
    assert "t0ken" not in column("token")
    assert do(Account, "find", account.id).token == "t0ken"
    do(Account.query(), "update", token="0ther")
    assert "0ther" not in column("token")
    assert do(Account, "find", account.id).token == "0ther"
    run_one(Raw("UPDATE accounts SET token = 'plain'", returns="count", writes=True))
    with pytest.raises(CannotDecrypt):
        do(Account, "all")


# --- words, nearness, anything ------------------------------------------------------------------------------


def test_words_are_found(do: Do) -> None:
    """All of them, in the index, also narrowed; a term that is no word finds nothing and breaks nothing."""
    for title in ("Bread and butter", "Butter alone", "Nothing of it"):
        do(Doc, "create", title=title, kind=title[0])
    assert {doc.title for doc in do(Doc, "search", "butter")} == {"Bread and butter", "Butter alone"}
    assert [doc.title for doc in do(Doc, "search", "bread butter")] == ["Bread and butter"]
    narrowed = Doc.query().search("butter").where(kind="B").order_by("-title")
    assert do(narrowed.limit(1), "pluck", "title") == ["Butter alone"]
    assert do(Doc, "search", "\" ' * ( OR") == []
    assert do(Person.query().search("ada", "name", "email"), "all") == []


def test_nearest_may_be_narrowed_before_and_after(do: Do) -> None:
    """The condition and the vector do not mix (C9)."""
    dialect = Spot.get_engine().dialect
    if dialect.spelling == "postgresql" and not dialect.supports_vectors:
        pytest.skip("this PostgreSQL has no pgvector: apt-get install postgresql-15-pgvector")
    run_one(Raw("DROP TABLE IF EXISTS spots", returns="count", writes=True))
    for text in create_statements([Spot.__description__.table], dialect.spelling):
        run_one(Raw(text, returns="count", writes=True))
    for kind, place in (("a", [1, 0]), ("b", [0.9, 0.1]), ("a", [0, 1]), ("b", None)):
        do(Spot, "create", title=str(place), kind=kind, place=place)
    assert [doc.title for doc in do(Spot.nearest("place", [1, 0], limit=2), "all")] == [
        "[1, 0]",
        "[0.9, 0.1]",
    ]
    for query in (
        Spot.nearest("place", [1, 0]).where(kind="a"),
        Spot.where(kind="a").nearest("place", [1, 0]),
        Spot.where(kind="a").nearest("place", [1, 0], "euclidean"),
    ):
        found = do(query, "all")
        assert [doc.title for doc in found] == ["[1, 0]", "[0, 1]"]
        assert found[0].distance == pytest.approx(0)
    assert do(Spot.nearest("place", [0, 1]).where(kind="a"), "first").title == "[0, 1]"
    with pytest.raises(UnknownName):
        Spot.nearest("place", [0, 1], "manhattan")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 are needed"):
        Spot.nearest("place", [0, 1, 2])


def test_relation_leads_to_any_model(do: Do) -> None:
    """By its name and its key, both ways."""
    doc, note = do(Doc, "create", title="d"), do(Note, "create", text="n")
    do(Remark, "create", text="on a doc", subject=doc)
    do(Remark, "create", text="on a note", subject=note)
    found = do(Remark.with_("subject").order_by("id"), "all")
    assert [remark.subject for remark in found] == [doc, note]
    assert [remark.text for remark in do(Doc.with_("remarks"), "first").remarks] == ["on a doc"]


def test_statement_of_ones_own_gives_records(do: Do, people: tuple[Person, Person]) -> None:
    """With values apart, by place or by name; what lacks a column or is no SQL is told."""
    found = do(Post, "raw", "SELECT * FROM posts WHERE views > ? ORDER BY views DESC", [10])
    assert titles(found) == ["Bob 100", "Ada 30", "Ada 20"]
    assert found[0].created_at.tzinfo is not None
    found[0].title = "changed"
    do(found[0], "save")
    assert titles(
        do(Post, "raw", "SELECT 1 AS one, posts.* FROM posts WHERE title = :t;", {"t": "changed"})
    ) == ["changed"]
    with pytest.raises(DatabaseError):
        do(Post, "raw", "SELEKT * FROM posts")
    with pytest.raises(UsageError, match="key"):
        do(Post, "raw", "SELECT title FROM posts")
    with pytest.raises(UsageError):
        do(Post, "raw", "SELECT * FROM posts WHERE views > ?")


def test_record_is_got_or_made(do: Do) -> None:
    """Once, with defaults only when it is made; or changed; protected fields take nothing from defaults."""
    ada = do(Person, "first_or_create", {"name": "Ada", "is_admin": True}, email="a@x.org")
    assert (ada.name, ada.is_admin) == ("Ada", False)
    assert do(Person, "first_or_create", {"name": "Other"}, email="a@x.org") == ada
    assert do(Person, "update_or_create", {"name": "Other"}, email="a@x.org").name == "Other"
    assert (
        do(Person.where(name="Other"), "update_or_create", {"name": "Bob"}, email="b@x.org").email
        == "b@x.org"
    )
    assert do(Person, "count") == 2
    assert do(Person.query(), "create", name="Eve", email="e@x.org").name == "Eve"


def test_relations_are_counted(do: Do, people: tuple[Person, Person]) -> None:
    """Beside the fields, in conditions and orders, and as an aggregate of a selected column."""
    counted = Person.with_count("posts").order_by("-posts_count")
    assert [(person.name, person.posts_count) for person in do(counted, "all")] == [("Ada", 3), ("Bob", 1)]
    assert do(counted.where("posts_count", ">", 1), "pluck", "name") == ["Ada"]
    summed = Person.select("name", "SUM(posts.views) AS seen", "MAX(posts.views) AS most").order_by("name")
    assert [(each.name, each.seen, each.most) for each in do(summed, "all")] == [
        ("Ada", 60, 30),
        ("Bob", 100, 100),
    ]


# --- streams and locks -----------------------------------------------------------------------------------------


def test_stream_holds_few_records_at_once(_loop: asyncio.Runner) -> None:
    """A thousand records pass, a few at a time; one may stop early and ask again."""
    empty_tables()
    Tag.bulk_create([{"name": f"t{number:04}"} for number in range(1000)])
    names = [tag.name for tag in Tag.order_by("name").stream(50)]
    assert (len(names), names[999]) == (1000, "t0999")
    for tag in Tag.order_by("name").stream(50):
        assert tag.name == "t0000"
        break

    async def read() -> list[str]:
        found = [tag.name async for tag in Tag.order_by("name").stream_async(50)]
        async for _ in Tag.query().stream_async(10):
            break
        assert await Tag.count_async() == 1000
        return found

    assert _loop.run(read()) == names


def test_locked_records_are_skipped_where_one_asks(do: Do, people: tuple[Person, Person]) -> None:
    """Inside of a transaction; SQLite locks its file instead, and the question is answered all the same."""
    with Person.transaction():
        first = Person.order_by("id").select_for_update().first()
        assert first is not None
        assert first.name == "Ada"


# --- statements ---------------------------------------------------------------------------------------------


def test_statement_can_be_read(do: Do) -> None:
    """The text and its parameters apart, and both together for people."""
    query = Post.where("title", "it's").limit(1)
    text, parameters = query.to_sql()
    assert "it's" in parameters
    assert "it's" not in text
    assert "'it''s'" in query.raw_sql()
    assert do(query, "all").to_sql() == (text, parameters)
