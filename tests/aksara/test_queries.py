"""Sets in plain terms: what they are, which class they have, and what they refuse."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from aksara.expressions import Count, Sum
from aksara.queries import Manager, Prefetch, QuerySet
from asok_engine.errors import UsageError
from tests.aksara.library import Author, Team, Writing, WritingSet


def test_objects_gives_a_set_of_the_class_that_was_named() -> None:
    """A fresh one each time; on a record there is none."""
    assert type(Writing.objects) is WritingSet
    assert type(Writing.objects.filter(live=True).order_by("views")[1:5]) is WritingSet
    assert type(Author.objects) is QuerySet
    assert Writing.objects is not Writing.objects
    with pytest.raises(AttributeError, match="class Writing"):
        _ = Writing().objects


@pytest.mark.usefixtures("library")
def test_set_never_changes() -> None:
    """Each method gives another one."""
    found = Writing.objects.filter(live=True)
    before = found.to_sql()
    found.filter(views=1)
    found.order_by("views")
    found.annotate(n=Count("reviews"))
    found.limit(1)
    assert found.to_sql() == before


def test_aggregate_without_a_name_gets_one_or_is_refused() -> None:
    """`Count()` of rows has no source to be named after."""
    assert dict(Author.objects.annotate(Sum("writings__views"))._query.annotations).keys() == {
        "writings__views__sum"
    }
    with pytest.raises(UsageError, match="no name"):
        Author.objects.annotate(Count())


def test_set_of_values_inside_another_has_one_field() -> None:
    """Two would be no list of values."""
    with pytest.raises(UsageError, match="one field"):
        Author.objects.filter(pk__in=Writing.objects.values("author_id", "title"))


def test_prefetch_without_a_set_is_the_path_alone() -> None:
    """Both spellings load the same."""
    narrow: Any = Author.objects.prefetch_related(Prefetch("writings"))
    assert narrow._query.included == Author.objects.prefetch_related("writings")._query.included
    assert isinstance(Manager(), Manager)


@pytest.mark.usefixtures("library")
def test_set_asks_the_database_that_it_is_told() -> None:
    """An alias that is not configured is told when it is asked."""

    async def ask() -> Any:
        return await Writing.objects.using("elsewhere")

    with pytest.raises(Exception, match="elsewhere"):
        asyncio.run(ask())


@pytest.mark.usefixtures("library")
def test_place_behind_the_end_is_an_index_error() -> None:
    """As in a list; also of values."""

    async def at(found: Any) -> Any:
        return await found[3]

    with pytest.raises(IndexError):
        asyncio.run(at(Writing.objects))
    with pytest.raises(IndexError):
        asyncio.run(at(Writing.objects.values_list("title")))


@pytest.mark.usefixtures("library")
def test_protected_fields_take_nothing_from_many_values_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the other face: whoever passes a visitor's dict on gives no rights away (CWE-915)."""
    monkeypatch.setattr(Author.__description__.fields["age"], "protected", True)
    objects: Any = Author.objects

    async def ages() -> list[Any]:
        sent = {"name": "Eve", "age": 99}
        made = [
            await objects.create(email="a@example.com", **sent),
            (await objects.get_or_create({"age": 99, "name": "Eve"}, email="b@example.com"))[0],
            (await objects.get_or_create(email="c@example.com", **sent))[0],
            (await objects.update_or_create({"age": 99, "name": "Eve"}, email="d@example.com"))[0],
            (await objects.update_or_create({"age": 99}, email="d@example.com"))[0],
            await objects.upsert({"age": 99, "name": "Eve"}, email="e@example.com"),
            await objects.upsert({"age": 99, "name": "Eva"}, ["age", "name"], email="e@example.com"),
        ]
        team = await Team.objects.create(name="t")
        made.append(await team.authors.create(email="f@example.com", **sent))
        made.append((await team.authors.get_or_create({"age": 9, "name": "Eve"}, email="g@example.com"))[0])
        made.append((await team.authors.update_or_create({"age": 9}, email="g@example.com"))[0])
        return [author.age for author in made]

    async def trusted() -> list[Any]:
        return [
            (await objects.create(_trust=True, name="Eve", email="h@example.com", age=1)).age,
            (await objects.get_or_create({"age": 2, "name": "Eve"}, _trust=True, email="i@example.com"))[
                0
            ].age,
            (await objects.update_or_create({"age": 3}, _trust=True, email="i@example.com"))[0].age,
            (await objects.upsert({"age": 4, "name": "Eve"}, _trust=True, email="i@example.com")).age,
            await objects.filter(email="i@example.com").update(_trust=True, age=5),
        ]

    assert asyncio.run(ages()) == [None] * 10
    assert asyncio.run(trusted()) == [1, 2, 3, 4, 1]
    for values in ({"age": 99}, {"id": uuid.uuid4()}, {"pk": uuid.uuid4()}):
        with pytest.raises(UsageError, match="protected"):
            asyncio.run(objects.all().update(**values))


@pytest.mark.usefixtures("library")
def test_record_that_is_found_keeps_its_key() -> None:
    """Changes that bring another key change the record and not where it is."""

    async def change() -> bool:
        made = await Author.objects.create(name="Ada", email="ada@example.com")
        found, _ = await Author.objects.update_or_create(
            {"id": uuid.uuid4(), "age": 3}, email="ada@example.com"
        )
        return (found.pk, found.age) == (made.pk, 3)

    assert asyncio.run(change())
