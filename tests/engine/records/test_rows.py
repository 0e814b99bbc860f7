"""Rows become records by a generated function that decodes, keeps the row, and knows the peers."""

from __future__ import annotations

import copy
import gc
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from asok_engine.records import rows
from asok_engine.records.fields.text import String
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.rows import FILLS_BLANKS, MANY_ROWS, Layout, Origin, RecordReader, Records
from asok_engine.records.steps import Plan
from tests.engine.records.blog import Author, Post, blog
from tests.engine.sql.tables import SQLITE


def test_record_has_decoded_values_and_keeps_its_row() -> None:
    """The row stays as the driver gave it, for the comparison at the next save."""
    driver = blog()
    driver.connection.execute("UPDATE posts SET at = '2026-01-02 03:04:05.000000' WHERE id = 2")
    post = driver.fetch(Query(Post.__description__).where(id=2))[0]
    assert post.at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert post.live is False
    assert post._row[4] == "2026-01-02 03:04:05.000000"
    assert vars(post).keys() == Post.__description__.fields.keys()


def _decoded(model: Any, annotations: tuple[str, ...] = ()) -> Any:
    """Give the record of one row, which has the places of its columns as values."""
    fields = list(model.__description__.fields.values())
    reader = RecordReader(model, fields, (), annotations)
    row = tuple(range(len(fields) + len(annotations)))
    return reader.decode(SQLITE, [None] * len(row))([row])[0]


@pytest.mark.parametrize("fills_blanks", sorted({False, FILLS_BLANKS}))
def test_record_that_was_filled_is_wholly_of_its_model(
    fills_blanks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take its values as an object without fields; nothing of that is left, and names keep their order."""
    monkeypatch.setattr(rows, "FILLS_BLANKS", fills_blanks)
    author = _decoded(Author, ("more",))
    assert type(author) is Author
    assert list(vars(author)) == ["id", "name", "more"]
    assert vars(author) == {"id": 0, "name": 1, "more": 2}
    assert author._row == (0, 1)
    again = copy.copy(author)
    assert (type(again), vars(again)) == (Author, vars(author))
    author.name = "Eve"
    del author.__dict__["more"]
    author.other = 1
    assert vars(author) == {"id": 0, "name": "Eve", "other": 1}
    assert vars(_decoded(Author)) == {"id": 0, "name": 1}


@pytest.mark.skipif(not FILLS_BLANKS, reason="Python 3.13 and later fill a dict")
def test_records_of_one_reader_share_the_names_of_their_values() -> None:
    """Each needs less memory than with a dict of its own."""
    driver = blog()
    posts = driver.fetch(Query(Post.__description__))
    assert sys.getsizeof(vars(posts[1])) < sys.getsizeof(dict(vars(posts[1])))


class Narrow(Record):
    """A model with slots of its own."""

    __slots__ = ("note",)

    name = String(50)


@pytest.mark.parametrize(
    ("model", "annotations"),
    [(Narrow, ()), (Author, ("class",)), (Author, ("\ufb01t",))],
)
def test_models_and_names_of_every_kind_are_read(model: Any, annotations: tuple[str, ...]) -> None:
    """Also those for which a program cannot set one attribute after the other."""
    record = _decoded(model, annotations)
    assert type(record) is model
    assert list(vars(record).items()) == [*zip(("id", "name", *annotations), range(3), strict=False)]


def test_null_stays_null() -> None:
    """A decoder never sees NULL."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).where(id=4))[0]
    assert post.author_id is None


def test_peers_are_those_of_one_result_while_it_lives() -> None:
    """A record that is alone has no peers but itself."""
    driver = blog()
    posts = driver.fetch(Query(Post.__description__))
    assert posts[0]._origin.peers(posts[0]) == list(posts)
    alone = posts[0]
    del posts
    assert alone._origin.peers(alone) == [alone]


def test_joined_records_are_made_once_per_row_of_theirs() -> None:
    """Two posts of one author share the author; a missing one is None."""
    driver = blog()
    posts = driver.fetch(Query(Post.__description__).join("author").order_by("id"))
    assert posts[0].author is posts[2].author
    assert posts[0].author.name == "Ada"
    assert posts[3].__dict__["author"] is None
    assert len(driver.texts) == 1
    ada = posts[0].author
    assert ada._origin.peers(ada) == [ada, posts[1].author]
    ada.name = "Eve"
    driver.save(ada)
    assert driver.fetch(Query(Author.__description__).where(name="Eve")) == [ada]


def test_annotations_stand_beside_the_fields() -> None:
    """Under the name that they were given."""
    driver = blog()
    query = Query(Post.__description__).annotate(double=Post.views * 2)
    assert [post.double for post in driver.fetch(query)] == [20, 40, 60, 80]


def test_layout_of_written_rows_needs_no_dialect() -> None:
    """After a save the row is in the form of the columns."""
    fields = tuple(Post.__description__.fields.values())
    layout = Layout.of(fields)
    assert layout.decoders == (None,) * len(fields)
    assert layout.places["title"] == 1
    assert Origin(layout, None).peers(Post(title="a")) != []
    assert isinstance(Records(), list)


def test_records_come_in_the_list_of_their_model() -> None:
    """A face says which list its records come in, empty and full, from a query and from a relation."""

    class Posts(Records[Post]):
        pass

    Post.list_class = Posts
    try:
        description = Post.__description__
        description.refresh()
        assert type(description.empty()) is Posts
        assert type(blog().fetch(Query(description))) is Posts
        author = blog().fetch(Query(Author.__description__).include("posts"))[0]
        assert type(author.posts) is Posts
    finally:
        del Post.list_class
        Post.__description__.refresh()


def test_rows_are_grouped_while_they_are_read() -> None:
    """By the decoded value of a field, whatever order the rows have, and all of them group by group."""
    driver = blog()
    reader = Post.__description__.reader()
    select = Query(Post.__description__).order_by("id").select()
    select.reader = reader.grouped("author_id")
    posts, groups = driver.run(iter_of(select))
    assert reader.grouped("author_id") is select.reader
    assert [post.id for post in posts] == [1, 3, 2, 4]
    assert {value: [post.id for post in found] for value, found in groups.items()} == {
        1: [1, 3],
        2: [2],
        None: [4],
    }
    select.reader = reader.grouped("live")
    assert [*driver.run(iter_of(select))[1]] == [True, False]


def iter_of(select: Any) -> Plan[Any]:
    """Give the plan of one statement."""
    return (yield select)


class _Row(tuple[Any, ...]):
    """A row that notes whether the garbage collector works while it is read."""

    seen: list[bool]

    def __iter__(self) -> Iterator[Any]:
        self.seen.append(gc.isenabled())
        return super().__iter__()


def _read(count: int) -> set[bool]:
    """Read rows of authors; give whether the collector worked meanwhile."""
    fields = list(Author.__description__.fields.values())
    _Row.seen = []
    RecordReader(Author, fields).decode(SQLITE, [])([_Row((number, "Ada")) for number in range(count)])
    return set(_Row.seen)


def test_garbage_collector_waits_for_many_rows_and_goes_on() -> None:
    """Few rows are not worth it; where it was off it stays off; a broken row does not leave it off."""
    assert _read(MANY_ROWS - 1) == {True}
    assert _read(MANY_ROWS) == {False}
    assert gc.isenabled()
    broken = RecordReader(Author, list(Author.__description__.fields.values())).decode(SQLITE, [])
    with pytest.raises(ValueError, match="unpack"):
        broken([(1,)] * MANY_ROWS)
    assert gc.isenabled()
    gc.disable()
    try:
        assert _read(MANY_ROWS) == {False}
        assert not gc.isenabled()
    finally:
        gc.enable()
