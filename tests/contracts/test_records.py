"""Records behave the same on SQLite, PostgreSQL and MariaDB, plain and async."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal as D
from typing import Any
from uuid import UUID as Identity
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from asok_engine.database.databases import Database
from asok_engine.database.running import run
from asok_engine.errors import ForeignKeyError, InputError, UniqueError, UsageError
from asok_engine.records.aggregates import aggregate_at
from asok_engine.records.changes import changed
from asok_engine.records.fields.address import Email, IPAddress
from asok_engine.records.fields.choice import Enum
from asok_engine.records.fields.identity import UUID
from asok_engine.records.fields.moment import Date, DateTime, Duration, SoftDelete, Time
from asok_engine.records.fields.number import BigInteger, Boolean, Decimal, Float, Integer, SmallInteger
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.secret import Encrypted, Password, use_secrets
from asok_engine.records.fields.structure import JSON, Array, Binary, Vector
from asok_engine.records.fields.text import SearchableText, String, Text
from asok_engine.records.plans.bulk import bulk_create, bulk_update, upsert_all
from asok_engine.records.plans.change import delete_all, increment, update_all
from asok_engine.records.plans.count import aggregate, count, exists
from asok_engine.records.plans.delete import delete, force_delete
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.plans.get_or_create import get_or_create, update_or_create
from asok_engine.records.plans.paginate import paginate
from asok_engine.records.plans.pick import first, last
from asok_engine.records.plans.pivot import attach, attached_keys, detach, sync
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.plans.save import save
from asok_engine.records.plans.search import nearest, search
from asok_engine.records.plans.values import pluck, values
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.has import HasMany
from asok_engine.records.relations.many_to_many import ManyToMany
from asok_engine.records.relations.morph import MorphMany, MorphTo
from asok_engine.records.relations.through import Through
from asok_engine.records.steps import AskDialect, Atomic, Call, Plan
from asok_engine.records.zones import active_zone
from asok_engine.sql.expressions import Order, any_of
from asok_engine.sql.functions import Cast, Function
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.raw import Raw
from asok_engine.sql.select import Lock, Select
from asok_engine.sql.tables import NOW
from asok_engine.sql.types import text as text_type

pytestmark = [pytest.mark.servers, pytest.mark.slow]

Perform = Callable[[Plan[Any]], Any]


class Mood(enum.Enum):
    """How somebody feels."""

    GOOD = "good"
    BAD = "not so good"


class Writer(Record):
    """Somebody who writes; the order of her fields is not that of their names."""

    name = String(50)
    email = Email(unique=True)
    books = HasMany["list[Book]"]("Book")
    reviews = Through["list[Review]"]("books.reviews")
    notes = MorphMany["list[Note]"]("Note", "subject")

    class Meta:
        table_name = "contract_writers"


class Book(Record):
    """Something that was written."""

    title = SearchableText()
    pages = Integer(default=0)
    rating = Float(nullable=True)
    price = Decimal(8, 2, default=D("0"))
    out = Boolean(default=False)
    at = DateTime(auto_now_add=True)
    info = JSON(default={})
    writer_id = ForeignKey(Writer, nullable=True)
    labels = ManyToMany["list[Label]"]("Label")
    reviews = HasMany["list[Review]"]("Review")
    gone_at = SoftDelete()

    class Meta:
        table_name = "contract_books"


class Review(Record):
    """What is said about a book."""

    book_id = ForeignKey(Book)
    text = Text()

    class Meta:
        table_name = "contract_reviews"


class Label(Record):
    """A word for books."""

    name = String(20, unique=True)
    uses = Integer(default=0)

    class Meta:
        table_name = "contract_labels"


class Reply(Record):
    """An answer to another one."""

    parent_id = ForeignKey("self", nullable=True, on_delete="CASCADE")
    told: list[int] = []

    def before_delete(self) -> None:
        """Note the key."""
        self.told.append(self.id)

    class Meta:
        table_name = "contract_replies"


class Note(Record):
    """A note on anything."""

    text = Text()
    subject = MorphTo["Writer | None"]()

    class Meta:
        table_name = "contract_notes"


class Everything(Record):
    """A field of each kind, with a random key."""

    id = UUID(primary_key=True)
    small = SmallInteger(nullable=True)
    big = BigInteger(nullable=True)
    mood = Enum(Mood, nullable=True)
    day = Date(nullable=True)
    clock = Time(nullable=True)
    span = Duration(nullable=True)
    moment = DateTime(nullable=True)
    money = Decimal(12, 3, nullable=True)
    ratio = Float(nullable=True)
    yes = Boolean(nullable=True)
    address = IPAddress(nullable=True)
    words = Array(String(10), nullable=True)
    numbers = Array(Integer(), nullable=True)
    document = JSON(nullable=True)
    raw = Binary(nullable=True)
    other = UUID(nullable=True)
    password = Password(nullable=True)
    sealed = Encrypted(nullable=True)
    long = Text(nullable=True)

    class Meta:
        table_name = "contract_everything"


class Reading(Record):
    """A field of each kind that travels in lists where a database has them, with a counted key."""

    small = SmallInteger(nullable=True)
    big = BigInteger(nullable=True)
    name = String(20, nullable=True)
    long = Text(nullable=True)
    ratio = Float(nullable=True)
    yes = Boolean(nullable=True)
    day = Date(nullable=True)
    moment = DateTime(nullable=True)
    other = UUID(nullable=True)
    mood = Enum(Mood, nullable=True)
    clock = Time(nullable=True)
    money = Decimal(12, 3, nullable=True)
    address = IPAddress(nullable=True)
    document = JSON(nullable=True)

    class Meta:
        table_name = "contract_readings"


class Ticket(Record):
    """What the database fills in where nobody says anything else."""

    name = String(20)
    state = String(10, server_default="open")
    rank = Integer(server_default=3)
    opened_at = DateTime(server_default=NOW)

    class Meta:
        table_name = "contract_tickets"


class Spot(Record):
    """A place among others."""

    name = String(20)
    place = Vector(3, nullable=True)

    class Meta:
        table_name = "contract_spots"


MODELS = (Writer, Book, Review, Label, Note, Everything, Reading, Ticket, Reply)
WRITERS, BOOKS, LABELS = (Query(model.__description__) for model in (Writer, Book, Label))


@pytest.fixture
def ready(database: Database, perform: Perform) -> Perform:
    """Make the tables and a few rows."""

    def tables() -> Plan[None]:
        described = {model.__description__.table.name: model.__description__.table for model in MODELS}
        for model in MODELS:
            for relation in model.__description__.relations.values():
                described |= {table.name: table for table in relation.tables()}
        dialect = yield AskDialect()
        for statement in create_statements(described.values(), dialect.spelling):
            yield Raw(statement.replace("?", "??"), returns="count", writes=True)

    def rows() -> Plan[None]:
        ada = yield from save(Writer(name="Ada", email="ada@example.com"))
        bob = yield from save(Writer(name="Bob", email="bob@example.com"))
        for number, writer in enumerate((ada, bob, ada, None), 1):
            yield from save(
                Book(
                    title=f"Book {number} about {'python' if number % 2 else 'sql'}",
                    pages=number * 100,
                    rating=number / 2,
                    price=D(number) / 4,
                    out=number != 2,
                    writer=writer,
                    info={"n": number, "tags": ["x", str(number)], "deep": {"on": number == 1}},
                )
            )
        yield from save(Review(book_id=1, text="good"))
        yield from save(Review(book_id=1, text="bad"))
        yield from save(Review(book_id=2, text="bad"))
        for name in ("a", "b"):
            yield from save(Label(name=name))
        book = yield from find_by_key(Book.__description__, 1)
        yield from attach(book, "labels", [1, 2])

    use_secrets(["the secret of this contract"])
    perform(tables())
    perform(rows())
    return perform


def ids(perform: Perform, query: Query) -> list[int]:
    """Give the keys of what a query finds, in order of the key unless it has one."""
    return [record.id for record in perform((query if query.is_ordered else query.order_by("id")).fetch())]


def test_every_kind_of_value_comes_back(ready: Perform) -> None:
    """As it went in, in its own type, and unchanged is unchanged."""
    moment = datetime(2026, 7, 4, 12, 30, 45, 123456, tzinfo=UTC)
    full: dict[str, Any] = {
        "small": -3,
        "big": 2**60,
        "mood": Mood.BAD,
        "day": date(2026, 7, 4),
        "clock": time(12, 30, 45, 250000),
        "span": timedelta(days=-1, microseconds=7),
        "moment": moment,
        "money": D("123456.789"),
        "ratio": 0.1,
        "yes": True,
        "address": "2001:db8::1",
        "words": ["a", "ü", "it's"],
        "numbers": [1, -2],
        "document": {"a": [1, None, {"b": "ü"}], "c": 1.5},
        "raw": b"\x00\xff",
        "other": uuid4(),
        "sealed": "likes cats",
        "long": "x" * 70_000,
    }
    first_one = Everything(**full, password="opensesame")
    ready(save(first_one))
    ready(save(Everything()))
    found = ready(find_by_key(Everything.__description__, first_one.id))
    assert {name: getattr(found, name) for name in full} == full
    assert all(isinstance(getattr(found, name), type(value)) for name, value in full.items())
    assert isinstance(found.id, Identity)
    assert found.moment.tzinfo is UTC
    assert found.password.matches("opensesame")
    empty = ready(Query(Everything.__description__).where(moment__isnull=True).fetch())[0]
    assert all(getattr(empty, name) is None for name in full)
    assert changed(found) == changed(first_one) == changed(empty) == {}
    found.document["a"].append(2)
    found.words.append("z")
    ready(save(found))
    again = ready(refresh(first_one))
    assert (again.document["a"][-1], again.words[-1]) == (2, "z")
    for lookup in (
        {"moment": moment},
        {"day": date(2026, 7, 4)},
        {"money": D("123456.789")},
        {"mood": "not so good"},
        {"other": str(full["other"])},
        {"address": "2001:db8::1"},
        {"span": full["span"]},
        {"yes": True},
        {"raw": b"\x00\xff"},
    ):
        assert ready(count(Query(Everything.__description__).where(**lookup))) == 1, lookup


@pytest.mark.parametrize(
    ("lookups", "found"),
    [
        ({"pages__gt": 100, "pages__lt": 400}, [2, 3]),
        ({"pages__in": [100, 300, 999]}, [1, 3]),
        ({"pages__range": (200, 300)}, [2, 3]),
        ({"title__contains": "PYTHON"}, []),
        ({"title__icontains": "PYTHON"}, [1, 3]),
        ({"title__startswith": "Book 2"}, [2]),
        ({"title__istartswith": "book 2"}, [2]),
        ({"title__endswith": "sql"}, [2, 4]),
        ({"title__iexact": "BOOK 1 ABOUT PYTHON"}, [1]),
        ({"title__regex": "Book [12]"}, [1, 2]),
        ({"title__iregex": "book [34]"}, [3, 4]),
        ({"title__contains": "%"}, []),
        ({"pages__startswith": "3"}, [3]),
        ({"writer": None}, [4]),
        ({"writer__isnull": False}, [1, 2, 3]),
        ({"writer__name": "Ada"}, [1, 3]),
        ({"writer__email__startswith": "bob"}, [2]),
        ({"reviews__text": "bad"}, [1, 2]),
        ({"reviews__isnull": True}, [3, 4]),
        ({"labels__name": "a"}, [1]),
        ({"out": False}, [2]),
        ({"rating__gte": 1.5}, [3, 4]),
        ({"price": "0.50"}, [2]),
        ({"info__n": 2}, [2]),
        ({"info__n__gte": 3}, [3, 4]),
        ({"info__tags__1": "4"}, [4]),
        ({"info__deep__on": True}, [1]),
        ({"info__tags__0__in": ["x", "y"]}, [1, 2, 3, 4]),
        ({"info__nothing__isnull": True}, [1, 2, 3, 4]),
    ],
)
def test_lookup_finds(ready: Perform, lookups: dict[str, Any], found: list[int]) -> None:
    """The same rows on every database."""
    assert ids(ready, BOOKS.where(**lookups)) == found


@pytest.mark.parametrize("lookups", [{"title__regex": "("}, {"title__iregex": "[a"}, {"title__regex": "*"}])
def test_bad_pattern_is_the_clients_fault(ready: Perform, lookups: dict[str, Any]) -> None:
    """Whoever runs it: the answer is 400, never 500."""
    with pytest.raises(InputError) as raised:
        ids(ready, BOOKS.where(**lookups))
    assert raised.value.status == 400


def test_condition_of_thousands_of_parts_is_no_outage(ready: Perform) -> None:
    """It is answered, or refused as too much."""
    condition = any_of([Book.pages == number for number in range(3000)])
    try:
        found = ids(ready, BOOKS.where(condition))
    except InputError as error:
        assert error.status == 400
    else:
        assert found == [1, 2, 3, 4]


def test_parts_of_moments(ready: Perform) -> None:
    """In UTC everywhere; in a zone where the server knows it."""
    for number, moment in enumerate(
        ("2025-12-31T23:30:00", "2026-02-28T10:00:00", "2026-07-04T12:30:45", "2026-01-01T00:00:00"), 1
    ):
        ready(update_all(BOOKS.where(id=number), {"at": f"{moment}+00:00"}))
    for lookups, found in (
        ({"at__year": 2026}, [2, 3, 4]),
        ({"at__month": 2}, [2]),
        ({"at__quarter": 3}, [3]),
        ({"at__week": 1}, [1, 4]),
        ({"at__week_day": 7}, [2, 3]),
        ({"at__hour__gte": 12}, [1, 3]),
        ({"at__second": 45}, [3]),
        ({"at__date": "2026-02-28"}, [2]),
        ({"at__year_day": 1}, [4]),
    ):
        assert ids(ready, BOOKS.where(**lookups)) == found, lookups
    token = active_zone.set(ZoneInfo("Europe/Berlin"))
    try:
        assert ids(ready, BOOKS.where(at__year=2026)) == [1, 2, 3, 4]
    finally:
        active_zone.reset(token)


def test_conditions_orders_and_cuts(ready: Perform) -> None:
    """Groups, exclusions, orders over relations, nulls, slices, unions and subqueries."""
    assert ids(ready, BOOKS.where(id=1).either(id=4)) == [1, 4]
    assert ids(ready, BOOKS.exclude(writer__name="Ada")) == [2, 4]
    assert ids(ready, BOOKS.where((Book.pages + 1 > 300) | (Book.writer.name == "Bob"))) == [2, 3, 4]
    assert ids(ready, BOOKS.order_by(Order(Book.writer_id, True, "last"), "id")) == [2, 1, 3, 4]
    assert ids(ready, BOOKS.order_by(Order(Book.writer_id, False, "first"), "-id")) == [4, 3, 1, 2]
    assert ids(ready, BOOKS.where(writer__isnull=False).order_by("-writer__name", "id")) == [2, 1, 3]
    assert ids(ready, BOOKS.order_by("-pages").slice(slice(1, 3))) == [3, 2]
    assert ids(ready, BOOKS.order_by("id").offset(2)) == [3, 4]
    assert ids(ready, BOOKS.where(writer_id__in=WRITERS.where(name="Ada"))) == [1, 3]
    assert ids(ready, BOOKS.where(id__in=BOOKS.order_by("-id").limit(2))) == [3, 4]
    assert ids(ready, BOOKS.where(id=1).combine("union", BOOKS.where(id=3)).order_by("-id")) == [3, 1]
    assert ids(ready, BOOKS.where(id__lt=3).combine("intersect", BOOKS.where(id__gt=1)).order_by("id")) == [2]
    assert sorted(ids(ready, BOOKS.order_by("?"))) == [1, 2, 3, 4]
    assert ready(first(BOOKS.order_by("-pages"))).id == 4
    assert ready(last(BOOKS)).id == 4
    page = ready(paginate(BOOKS.order_by("out"), 2, 3))
    assert (len(page.items), page.total, page.pages) == (1, 4, 2)
    assert ready(exists(BOOKS.where(title__contains="sql")))
    assert not ready(exists(BOOKS.where(id=99)))
    annotated = BOOKS.annotate(
        double=Book.pages * 2, lower=Function("lower", (Book.title,)), text=Cast(Book.pages, text_type())
    )
    found = ready(annotated.where(double__gte=600).order_by("-double").fetch())
    assert [(book.id, book.double, book.text) for book in found] == [(4, 800, "400"), (3, 600, "300")]
    assert found[0].lower == "book 4 about sql"


def test_aggregates_are_plain_numbers(ready: Perform) -> None:
    """Numbers of plain types: sums of whole numbers are whole, averages are floats."""
    total = ready(
        aggregate(
            BOOKS,
            n=aggregate_at(Book.__description__, "count"),
            pages=aggregate_at(Book.__description__, "sum", "pages"),
            mean=aggregate_at(Book.__description__, "avg", "pages"),
            price=aggregate_at(Book.__description__, "sum", "price"),
            best=aggregate_at(Book.__description__, "max", "rating"),
            writers=aggregate_at(Book.__description__, "count", "writer", distinct=True),
            out=aggregate_at(Book.__description__, "count", condition=lambda place: place.ref("out") == True),  # noqa: E712
        )
    )
    expected = {"n": 4, "pages": 1000, "mean": 250.0, "price": D("2.50"), "best": 2.0, "writers": 2, "out": 3}
    assert total == expected
    assert [type(value) for value in total.values()] == [type(value) for value in expected.values()]
    heard = WRITERS.annotate(
        books_n=aggregate_at(Writer.__description__, "count", "books"),
        heard=aggregate_at(Writer.__description__, "count", "books.reviews"),
        pages=aggregate_at(Writer.__description__, "sum", "books.pages"),
    )
    rows = [
        (each.name, each.books_n, each.heard, each.pages) for each in ready(heard.order_by("-heard").fetch())
    ]
    assert rows == [("Ada", 2, 2, 400), ("Bob", 1, 1, 200)]
    grouped = BOOKS.annotate(
        n=aggregate_at(Book.__description__, "count"),
        pages_sum=aggregate_at(Book.__description__, "sum", "pages"),
    )
    assert ready(values(grouped.order_by("out"), "out")) == [
        {"out": False, "n": 1, "pages_sum": 200},
        {"out": True, "n": 3, "pages_sum": 800},
    ]
    many = grouped.having(aggregate_at(Book.__description__, "count") > 1)  # type: ignore[operator]
    assert [row["writer__name"] for row in ready(values(many, "writer__name"))] == ["Ada"]
    assert ready(count(BOOKS.limit(2))) == 2
    assert ready(count(BOOKS.only("out").distinct())) == 4


def test_first_row_of_each_value_of_a_path(ready: Perform) -> None:
    """On PostgreSQL; elsewhere it is refused in words."""
    query = BOOKS.distinct("writer__name").reorder("writer__name", "-id")
    try:
        found = [book.id for book in ready(query.fetch())]
    except UsageError as error:
        assert "distinct" in str(error).lower()
    else:
        assert found == [3, 2, 4]


def test_relations_are_loaded_and_changed(ready: Perform) -> None:
    """Loaded in few statements, joined, attached, synced, through others and of any model."""
    writers = ready(WRITERS.include("books.reviews", "books.labels", "reviews").order_by("id").fetch())
    assert [len(book.reviews) for book in writers[0].books] == [2, 0]
    assert [label.name for label in sorted(writers[0].books[0].labels, key=lambda label: label.id)] == [
        "a",
        "b",
    ]
    assert len(writers[0].reviews) == 2
    joined = ready(BOOKS.join("writer").order_by("id").fetch())
    assert [book.writer.name if book.writer else None for book in joined] == ["Ada", "Bob", "Ada", None]
    book = joined[1]
    assert ready(attach(book, "labels", [1])) == [1]
    assert ready(attach(book, "labels", [1, 2])) == [2]
    done = ready(sync(book, "labels", [2]))
    assert (done.attached, done.detached) == ([], [1])
    assert ready(detach(book, "labels")) == 1
    assert ready(attached_keys(book, "labels")) == []
    note = Note(text="on Ada", subject=writers[0])
    ready(save(note))
    assert len(ready(Writer.__description__.relations["notes"].query(writers[0]).fetch())) == 1
    assert len(ready(Writer.__description__.relations["reviews"].query(writers[0]).fetch())) == 2
    loaded = ready(Query(Note.__description__).include("subject").fetch())[0]
    assert loaded.subject == writers[0]


def test_many_records_are_changed_at_once(ready: Perform) -> None:
    """Updates, increments, upserts, bulk deeds and deletions."""
    assert ready(update_all(BOOKS.where(writer__name="Ada"), {"pages": Book.pages + 5})) == 2
    assert ready(update_all(BOOKS.order_by("-id").limit(1), {"title": "last"})) == 1
    assert ready(pluck(BOOKS.order_by("id"), "pages")) == [105, 200, 305, 400]
    book = ready(find_by_key(Book.__description__, 1))
    assert ready(increment(book, "pages", 10)).pages == 115
    labels = [Label(name=f"bulk{number}", uses=number) for number in range(150)]
    ready(bulk_create(Label.__description__, labels))
    assert [label.id for label in labels] == list(range(labels[0].id, labels[0].id + 150))
    assert ready(find_by_key(Label.__description__, labels[77].id)).name == "bulk77"
    for label in labels:
        label.uses += 1
    assert ready(bulk_update(Label.__description__, labels, ["uses"])) == 150
    assert ready(find_by_key(Label.__description__, labels[9].id)).uses == 10
    ready(
        bulk_create(Label.__description__, [Label(name="bulk1"), Label(name="extra")], ignore_conflicts=True)
    )
    ready(
        upsert_all(
            Label.__description__,
            [Label(name="bulk1", uses=99), Label(name="more")],
            unique=["name"],
            update=["uses"],
        )
    )
    assert ready(pluck(LABELS.where(name__in=["bulk1", "extra", "more"]).order_by("name"), "uses")) == [
        99,
        0,
        0,
    ]
    assert ready(delete_all(LABELS.where(name__startswith="bulk"))) == 150
    ready(delete(book))
    assert ids(ready, BOOKS) == [2, 3, 4]
    assert ids(ready, BOOKS.with_trashed()) == [1, 2, 3, 4]
    ready(force_delete(book))
    assert ready(count(Query(Review.__description__))) == 1
    assert ready(delete_all(BOOKS)) == 3
    found, made = ready(get_or_create(LABELS, {"name": "a"}, {"uses": 5}))
    assert (found.uses, made) == (0, False)
    found, made = ready(update_or_create(LABELS, {"name": "fresh"}, {"uses": 5}))
    assert (found.uses, made) == (5, True)
    found, made = ready(update_or_create(LABELS, {"name": "fresh"}, {"uses": 6}))
    assert (found.uses, made) == (6, False)


def test_values_of_every_kind_travel_in_numbers(ready: Perform) -> None:
    """Inserted together and looked for together, None and what looks like an array of SQL among them."""
    full: dict[str, list[Any]] = {
        "small": [-32768, 32767],
        "big": [2**62, -(2**62)],
        "name": ["NULL", '{a,"b"}'],
        "long": ["back\\slash, 'quotes'", "\u00fc\n" * 1000],
        "ratio": [0.1, -1e300],
        "yes": [True, False],
        "day": [date.min, date.max],
        "moment": [datetime(2026, 7, 4, 12, 30, 15, 123456, UTC), datetime(1970, 1, 1, tzinfo=UTC)],
        "other": [uuid4(), uuid4()],
        "mood": [*Mood][:2],
        "clock": [time(0, 0), time(23, 59, 59, 999999)],
        "money": [D("-0.001"), D("1234567.890")],
        "document": [{"a": 'b"},{\\', "n": [1, None]}, "text"],
    }
    made = [Reading(**{name: pair[number] for name, pair in full.items()}) for number in (0, 1)]
    made += [Reading(), Reading(ratio=1)]
    ready(bulk_create(Reading.__description__, made))
    readings = Query(Reading.__description__).order_by("id")
    found = ready(readings.fetch())
    assert [each.__dict__ for each in found] == [each.__dict__ for each in made]
    assert all(changed(each) == {} for each in (*found, *made))
    for name, pair in full.items():
        if name not in ("ratio", "long", "document"):
            assert ready(readings.where(**{f"{name}__in": pair}).fetch()) == made[:2], name
            assert ready(count(readings.where(**{f"{name}__in": pair[:1]}))) == 1, name


def test_bulk_insert_is_whole_or_not_at_all(ready: Perform) -> None:
    """Alone it leaves nothing; inside of a transaction it undoes itself, and the transaction goes on."""

    def twice_a() -> Plan[Any]:
        return bulk_create(Label.__description__, [Label(name="half"), Label(name="a")])

    def deed() -> Plan[None]:
        yield from save(Label(name="before"))
        with pytest.raises(UniqueError):
            yield from twice_a()
        yield from save(Label(name="after"))

    def whole() -> Plan[None]:
        yield Atomic(deed())

    with pytest.raises(UniqueError):
        ready(twice_a())
    ready(whole())
    assert sorted(ready(pluck(LABELS.where(name__in=["half", "before", "after"]), "name"))) == [
        "after",
        "before",
    ]


def test_what_the_database_fills_in_is_read_with_the_insert(ready: Perform) -> None:
    """The record is as its row, unless it has values of its own; nothing differs from the row then."""
    made = ready(save(Ticket(name="a", rank=5)))
    assert (made.state, made.rank) == ("open", 5)
    assert abs(datetime.now(UTC) - made.opened_at) < timedelta(minutes=1)
    assert changed(made) == {}
    found = ready(find_by_key(Ticket.__description__, made.id))
    assert found.__dict__ == made.__dict__
    made.state = "closed"
    ready(save(made))
    assert ready(pluck(Query(Ticket.__description__), "state")) == ["closed"]


def test_rules_of_the_database_are_told(ready: Perform) -> None:
    """A unique key and a missing row, whatever the driver says."""
    with pytest.raises(UniqueError):
        ready(save(Label(name="a")))
    with pytest.raises(ForeignKeyError):
        ready(save(Review(book_id=999, text="x")))
    explicit = Label(id=500, name="explicit")
    ready(save(explicit))
    assert ready(find_by_key(Label.__description__, 500)).name == "explicit"


def test_rows_are_locked_in_a_transaction(ready: Perform) -> None:
    """Where there are locks; elsewhere the same plan reads them."""

    def deed() -> Plan[list[int]]:
        books = (
            yield from BOOKS.where(writer__isnull=False).order_by("id").lock(Lock(skip_locked=False)).fetch()
        )
        return [book.id for book in books]

    def whole() -> Plan[list[int]]:
        return (yield Atomic(deed()))

    assert ready(whole()) == [1, 2, 3]


def test_words_are_found(ready: Perform) -> None:
    """By the index of each database."""
    assert ids(ready, search(BOOKS, "python").order_by("id")) == [1, 3]
    assert {book.id for book in ready(search(BOOKS, "about sql").fetch())} == {2, 4}
    assert ready(search(BOOKS, "nothing like this").fetch()) == []


def test_near_vectors_are_found(ready: Perform, database: Database) -> None:
    """By the database where it has vectors, by comparison where it has none."""

    def deed() -> Plan[list[Any]]:
        dialect = yield AskDialect()
        if dialect.spelling == "postgresql" and not dialect.supports_vectors:
            return []
        for statement in create_statements([Spot.__description__.table], dialect.spelling):
            yield Raw(statement, returns="count", writes=True)
        for number in range(1, 5):
            yield from save(Spot(name=str(number), place=[number, 1, 0]))
        return (yield from nearest(Query(Spot.__description__), "place", [4, 1, 0], limit=2))

    near = ready(deed())
    if not near:
        pytest.skip("this PostgreSQL has no pgvector")
    assert [spot.name for spot in near] == ["4", "3"]
    assert near[0].distance == pytest.approx(0, abs=1e-6)
    assert near[0].place == [4.0, 1.0, 0.0]


def test_chains_and_circles_go_whole_and_once(ready: Perform) -> None:
    """However long the chain is, and whatever the database itself takes along."""

    def pointing(parents: list[int | None]) -> Plan[None]:
        made = yield from bulk_create(Reply.__description__, [Reply() for _ in parents])
        for reply, place in zip(made, parents, strict=True):
            reply.parent_id = None if place is None else made[place].id
        yield from bulk_update(Reply.__description__, made, ["parent_id"])

    replies = Query(Reply.__description__).order_by("id")
    for parents in ([None, *range(1200)], [2, 0, 1, None], [0], [1, 0]):
        ready(pointing(parents))
        keys = ids(ready, replies)
        Reply.told.clear()
        assert ready(delete_all(replies)) == len(keys)
        assert sorted(Reply.told) == keys
        assert ready(count(replies)) == 0
    ready(pointing([2, 0, 1]))
    assert ready(delete(ready(first(replies)))) == 1
    assert ready(count(replies)) == 0


def test_two_who_join_the_same_at_once_both_succeed(ready: Perform) -> None:
    """A double click is no error, and joins once."""
    if ready(_dialect()).spelling == "sqlite":
        pytest.skip("a writer of SQLite waits until the one before it has committed")
    book = ready(find_by_key(Book.__description__, 3))

    def meddle() -> None:
        def other() -> None:
            run(attach(run(find_by_key(Book.__description__, 3)), "labels", [2, 1]))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    def meddled(plan: Plan[Any]) -> Plan[Any]:
        """Let the other one come between what a plan reads and what it writes."""
        step = next(plan)
        while True:
            if isinstance(step, Atomic):
                step.plan = meddled(step.plan)
            result = yield step
            if isinstance(step, Select):
                yield Call(meddle)
            try:
                step = plan.send(result)
            except StopIteration as end:
                return end.value

    assert ready(meddled(attach(book, "labels", [1, 2]))) == [1, 2]
    assert ready(attached_keys(book, "labels")) == [1, 2]
    with pytest.raises(ForeignKeyError):
        ready(attach(book, "labels", 999))


def _dialect() -> Plan[Any]:
    return (yield AskDialect())
