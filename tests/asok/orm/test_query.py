"""How a set is used from Python; what it finds on databases is held by `tests/contracts/test_models.py`."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from asok.orm.query import Query
from asok_engine.errors import UsageError
from asok_engine.records.query import Query as EngineQuery
from tests.asok.orm.blog import Person, Post

ENDS = (
    "all get first last first_or_fail count exists sum avg min max pluck values paginate update delete "
    "force_delete restore stream create first_or_create update_or_create"
).split()


@pytest.mark.parametrize("name", ENDS)
def test_every_end_has_an_async_twin_with_the_same_arguments(name: str) -> None:
    """`x` and `x_async` differ by nothing but the await."""
    plain, twin = getattr(Query, name), getattr(Query, f"{name}_async")
    assert inspect.signature(plain).parameters == inspect.signature(twin).parameters
    assert inspect.iscoroutinefunction(twin) or inspect.isasyncgenfunction(twin)


def test_no_async_end_is_without_a_plain_one() -> None:
    """The list above is complete."""
    assert {name.removesuffix("_async") for name in dir(Query) if name.endswith("_async")} == set(ENDS)


def test_set_is_iterated_indexed_and_true_when_it_has_a_record(blog: None) -> None:
    """A set that was not read is used where a list would be."""
    assert not Person.query()
    for name in "abc":
        Person.create(name=name, email=f"{name}@x.org")
    people = Person.order_by("-name")
    assert [person.name for person in people] == ["c", "b", "a"]
    assert people[0].name == "c"
    assert [person.name for person in people[1:]] == ["b", "a"]
    assert people
    assert repr(people) == "<Query of Person>"
    with pytest.raises(IndexError):
        _ = people[3]
    with pytest.raises(UsageError):
        _ = people[-1]


def test_set_is_awaited_and_iterated_on_an_event_loop(blog: None) -> None:
    """`await` gives a list, `async for` the records, a stream only a few at a time."""
    for name in "abc":
        Person.create(name=name, email=f"{name}@x.org")

    async def read() -> list[list[str]]:
        people = Person.order_by("name")
        return [
            [person.name for person in await people],
            [person.name async for person in people],
            [person.name async for person in people.stream_async(2)],
        ]

    assert asyncio.run(read()) == [["a", "b", "c"]] * 3
    assert [person.name for person in Person.order_by("name").stream(2)] == ["a", "b", "c"]


def test_query_is_made_of_a_model_or_of_a_query_of_the_engine() -> None:
    """And knows its model."""
    assert Query(Person).model is Person
    assert Query(EngineQuery(Person.__description__)).model is Person


def test_wrong_forms_of_a_condition_are_told() -> None:
    """With the forms that there are."""
    with pytest.raises(UsageError, match="column and a value"):
        Person.where("name", "=", "x", "y")
    with pytest.raises(UsageError, match="does not understand"):
        Person.where(5)


def test_private_names_are_no_scopes() -> None:
    """Copying and pickling ask for such names."""
    assert not hasattr(Post.query(), "_anything")
    assert hasattr(Post.query(), "popular")


def test_lock_is_part_of_the_statement(blog: None) -> None:
    """A set whose records are locked is read on the primary; SQLite locks the whole file instead."""
    query = Person.query().select_for_update(skip_locked=True)
    assert query._query.locking is not None
    assert query._query.locking.skip_locked


def test_protected_fields_take_nothing_where_a_record_is_found_or_made(blog: None) -> None:
    """Neither from the values that are looked for nor from the defaults, unless they are trusted (CWE-915)."""
    sent = {"name": "Eve", "email": "eve@example.com", "is_admin": True}
    assert Person.first_or_create(**sent).is_admin is False
    assert (
        asyncio.run(Person.query().first_or_create_async(**{**sent, "email": "e2@example.com"})).is_admin
        is False
    )
    assert Person.update_or_create({"age": 3}, **{**sent, "email": "e3@example.com"}).is_admin is False
    made = Person.query().update_or_create_async({"age": 3}, **{**sent, "email": "e4@example.com"})
    assert asyncio.run(made).is_admin is False
    assert Person.first_or_create(_trust=True, **{**sent, "email": "e5@example.com"}).is_admin is True
    assert Person.update_or_create({}, _trust=True, **{**sent, "email": "e6@example.com"}).is_admin is True


def test_update_of_a_set_refuses_protected_fields(blog: None) -> None:
    """Loudly, since code that takes a right away must not believe that it has; `_trust` lets it (CWE-915)."""
    Person.create(name="Eve", email="eve@example.com")
    with pytest.raises(UsageError, match="'is_admin' of Person is protected"):
        Person.where(name="Eve").update(name="Eva", is_admin=True)
    with pytest.raises(UsageError, match="'is_admin' of Person is protected"):
        asyncio.run(Person.where(name="Eve").update_async(is_admin=True))
    assert Person.find_or_fail(name="Eve").is_admin is False
    assert Person.where(name="Eve").update(_trust=True, is_admin=True) == 1
    assert asyncio.run(Person.where(name="Eve").update_async(_trust=True, age=3, is_admin=False)) == 1


def test_update_moves_no_record_to_another_key(blog: None) -> None:
    """A form that sends an id changes the record that the code has chosen, and that one only (CWE-915)."""
    ada, eve = (Person.create(name=name, email=f"{name}@example.com") for name in ("ada", "eve"))
    ada.update(id=77, name="Ada")
    asyncio.run(eve.update_async(pk=ada.id, name="Eve"))
    Person.update_or_create({"id": 78, "age": 3}, email="ada@example.com")
    assert [(one.id, one.name, one.age) for one in Person.order_by("id")] == [
        (ada.id, "Ada", 3),
        (eve.id, "Eve", None),
    ]
    with pytest.raises(UsageError, match="'id' of Person"):
        Person.where(name="Eve").update(id=79)
    eve.update(_trust=True, id=80)
    assert Person.find_or_fail(80).name == "Eve"
    assert Person(name="new", email="new@example.com").update(id=90).id == 90
