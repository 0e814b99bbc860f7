"""Whatever begins in one database stays there: the default one has no tables here, so a deed that strays fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.database.databases import databases
from asok_engine.database.running import run
from asok_engine.database.urls import parse_url
from asok_engine.errors import UsageError
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.slug import Slug
from asok_engine.records.fields.text import String
from asok_engine.records.plans.bulk import bulk_create, bulk_update, upsert_all, upsert_one
from asok_engine.records.plans.change import delete_all, increment, update_all
from asok_engine.records.plans.count import aggregate_one, count, exists
from asok_engine.records.plans.delete import delete
from asok_engine.records.plans.find import find, find_by_key, find_by_values, find_or_fail
from asok_engine.records.plans.get_or_create import get_or_create, update_or_create
from asok_engine.records.plans.load import load_for_peers, load_relations, query_of
from asok_engine.records.plans.paginate import paginate
from asok_engine.records.plans.pick import first, only_one
from asok_engine.records.plans.pivot import attach, attached_keys, detach, sync, toggle
from asok_engine.records.plans.raw import raw
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.plans.related import (
    add_related,
    clear_related,
    create_related,
    find_or_create_related,
    related_keys,
    remove_related,
    set_related,
)
from asok_engine.records.plans.save import save
from asok_engine.records.plans.stream import stream
from asok_engine.records.plans.tables import create_tables
from asok_engine.records.plans.values import pluck
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.has import HasMany, HasOne
from asok_engine.records.relations.many_to_many import ManyToMany
from asok_engine.records.relations.morph import MorphMany, MorphTo
from asok_engine.records.relations.through import Through
from asok_engine.records.steps import Plan

Perform = Callable[[Plan[Any]], Any]


class Person(Record):
    """Somebody who keeps ships."""

    name = String(50, unique=True)
    slug = Slug(populate_from="name", unique=True)
    age = Integer(default=0)
    ships = HasMany["list[Ship]"]("Ship")
    ports = Through["list[Port]"]("ships.ports")
    flag = HasOne["Flag"]("Flag")
    marks = MorphMany["list[Mark]"]("Mark", "subject")

    class Meta:
        table_name = "two_people"


class Ship(Record):
    """What somebody keeps."""

    name = String(50)
    person_id = ForeignKey(Person, nullable=True, on_delete="CASCADE")
    ports = ManyToMany["list[Port]"]("Port")

    def before_delete(self) -> None:
        """Have deeds."""

    class Meta:
        table_name = "two_ships"


class Port(Record):
    """Where ships go."""

    name = String(50, unique=True)

    class Meta:
        table_name = "two_ports"


class Flag(Record):
    """What a person shows."""

    person_id = ForeignKey(Person)

    class Meta:
        table_name = "two_flags"


class Mark(Record):
    """A mark on anything."""

    subject = MorphTo["Any"]()

    class Meta:
        table_name = "two_marks"


class Entry(Record):
    """A line about a person, in a database of its own."""

    person_id = ForeignKey(Person)
    text = String(20, default="")

    class Meta:
        table_name = "two_entries"
        database = "log"


MODELS = [each.__description__ for each in (Person, Ship, Port, Flag, Mark)]
PERSON, SHIP, PORT, FLAG, MARK = MODELS
ENTRY = Entry.__description__


@pytest.fixture
def there(perform: Perform, tmp_path: Path) -> Iterator[Perform]:
    """Fill the database `other`, and `log` with what belongs there; leave `default` without tables."""
    databases.configure(
        {name: parse_url(f"sqlite:///{tmp_path / name}.sqlite3") for name in ("default", "other", "log")}
    )

    def rows() -> Plan[None]:
        yield from create_tables(MODELS, "other")
        yield from create_tables([ENTRY])
        ada = yield from save(Person(name="Ada"), "other")
        port = yield from save(Port(name="Kiel"), "other")
        for name in ("Argo", "Beagle"):
            ship = yield from save(Ship(name=name, person_id=ada.id), "other")
            yield from attach(ship, "ports", port)
        yield from save(Flag(person_id=ada.id), "other")
        yield from save(Mark(subject=ada), "other")
        yield from save(Entry(person_id=ada.id))

    perform(rows())
    yield perform
    databases.close()


def people() -> Query:
    """Give the query for the people of the other database."""
    return Query(PERSON, database_alias="other")


def ways() -> dict[str, Callable[[], Plan[Any]]]:
    """Give the ways to read Ada."""
    return {
        "query": lambda: first(people()),
        "key": lambda: find_by_key(PERSON, 1, "other"),
        "values": lambda: find_by_values(PERSON, {"name": "Ada"}, "other"),
        "find": lambda: find(PERSON, values={"name": "Ada"}, database="other"),
        "lookup": lambda: find(PERSON, values={"name__startswith": "A"}, database="other"),
        "fail": lambda: find_or_fail(PERSON, 1, database="other"),
        "raw": lambda: _first_of(raw(PERSON, "SELECT * FROM two_people", database="other")),
        "page": lambda: _item_of(paginate(people())),
        "owner": lambda: _owner(),
        "joined": lambda: _joined(),
        "annotated": lambda: first(people().annotate(older=Person.age + 1)),
        "get": lambda: _first_of(get_or_create(people(), {"name": "Ada"})),
        "upsert": lambda: upsert_one(PERSON, {"name": "Ada"}, {"slug": "ada"}, database="other"),
        "only one": lambda: only_one(people().where(name="Ada")),
    }


def _first_of(plan: Plan[Any]) -> Plan[Any]:
    return (yield from plan)[0]


def _item_of(plan: Plan[Any]) -> Plan[Any]:
    return (yield from plan).items[0]


def _owner() -> Plan[Any]:
    ship = yield from find_by_key(SHIP, 1, "other")
    return (yield from load_for_peers(ship, SHIP.relations["person"]))


def _joined() -> Plan[Any]:
    ships = yield from Query(SHIP, database_alias="other").join("person").fetch()
    return ships[0].person


@pytest.mark.parametrize("way", list(ways()))
def test_record_knows_where_it_came_from(there: Perform, way: str) -> None:
    """However it was read, what is done with it is done there."""
    ada = there(ways()[way]())
    ada.age = 36
    there(save(ada))
    assert there(refresh(ada)).age == 36
    assert there(increment(ada, "age")).age == 37
    assert [ship.name for ship in there(query_of(ada, "ships").order_by("id").fetch())] == ["Argo", "Beagle"]
    there(bulk_update(PERSON, [ada], ["age"]))
    assert there(delete(ada)) == 1
    assert there(count(people())) == 0


def test_streamed_record_knows_it_too(there: Perform) -> None:
    """Each piece says where it came from."""
    ada = next(iter(run(stream(people()))))
    ada.age = 36
    there(save(ada))
    assert there(pluck(people(), "age")) == [36]


@pytest.mark.parametrize("name", ["ships", "ports", "flag", "marks"])
def test_relations_are_read_there(there: Perform, name: str) -> None:
    """With the records, for all peers at once, and by the query of one record."""
    for plan in (people().include(name).fetch(), people().fetch()):
        records = there(plan)
        if name not in records[0].__dict__:
            there(load_relations(records, name))
        found = records[0].__dict__[name]
        found = found if isinstance(found, list) else [found]
        assert found
        assert {each._origin.database for each in found} == {"other"}
    assert there(exists(query_of(records[0], name)))


def test_narrowed_relation_is_read_there_unless_it_says_where(there: Perform) -> None:
    """A query that narrows may name a database of its own."""
    narrowed = {"ships": Query(SHIP).where(name="Argo")}
    assert [ship.name for ship in there(people().include(narrowed=narrowed).fetch())[0].ships] == ["Argo"]
    mark = there(first(Query(MARK, database_alias="other")))
    assert there(load_for_peers(mark, MARK.relations["subject"])).name == "Ada"


def test_relations_are_changed_there(there: Perform) -> None:
    """Records that they gain are made there as well."""
    ada = there(find_by_key(PERSON, 1, "other"))
    made = there(create_related(ada, "ships", {"name": "Calypso"}))
    assert made._origin.database == "other"
    assert there(related_keys(ada, "ships")) == [1, 2, 3]
    assert there(remove_related(ada, "ships", [made])) == 1
    there(add_related(ada, "ships", [made, Ship(name="Dove")]))
    there(set_related(ada, "ships", [1, 3]))
    assert there(related_keys(ada, "ships")) == [1, 3]
    assert there(find_or_create_related(ada, "ships", get_or_create, {"name": "Erebus"}, {}))[1]
    there(clear_related(ada, "ships"))
    port = there(create_related(made, "ports", {"name": "Oslo"}))
    assert port._origin.database == "other"
    assert there(attached_keys(made, "ports")) == [2]
    there(add_related(made, "ports", [Port(name="Bergen")]))
    assert there(related_keys(made, "ports")) == [2, 3]
    assert there(find_or_create_related(made, "ports", update_or_create, {"name": "Rome"}, {}))[1]
    there(sync(made, "ports", [1, 2]))
    there(toggle(made, "ports", [1, 3]))
    assert there(detach(made, "ports", 3)) == 1
    assert there(attached_keys(made, "ports")) == [2]
    there(set_related(made, "ports", [1]))
    assert there(pluck(query_of(made, "ports"), "id")) == [1]


def test_what_is_made_is_unlike_what_is_there(there: Perform) -> None:
    """A slug is compared with those of the database that the record goes to."""
    bob = there(save(Person(name="ada"), "other"))
    assert bob.slug == "ada-2"
    bulk = there(bulk_create(PERSON, [Person(name="aDa")], database="other"))
    assert bulk[0].slug == "ada-3"
    there(upsert_all(PERSON, [Person(name="adA")], unique=["name"], database="other"))
    assert there(pluck(people().order_by("-id"), "slug"))[0] == "ada-4"
    assert there(get_or_create(people(), {"name": "ADA"}))[0].slug == "ada-5"
    assert there(aggregate_one(people(), "count", "id")) == 5
    assert there(update_all(people().where(ships__name="Argo"), {"age": 2})) == 1


def test_models_of_another_database_stay_in_theirs(there: Perform) -> None:
    """Whichever database their neighbours were read from."""
    entry = there(find_by_key(ENTRY, 1))
    assert entry._origin.database == "log"
    entry.text = "seen"
    there(save(entry))
    assert there(pluck(Query(ENTRY), "text")) == ["seen"]
    ada = there(find_by_key(PERSON, 1, "other"))
    assert there(delete(ada)) == 1
    assert there(count(Query(ENTRY))) == 0
    assert there(delete_all(people())) == 0


def test_records_of_two_databases_do_not_mix(there: Perform) -> None:
    """Each has its relations from its own; one statement cannot change them all."""
    ada = there(find_by_key(PERSON, 1, "other"))

    def rows() -> Plan[Any]:
        yield from create_tables(MODELS)
        bob = yield from save(Person(name="Bob"))
        yield from save(Ship(name="Erebus", person_id=bob.id))
        return bob

    bob = there(rows())
    assert (ada.id, bob.id) == (1, 1)
    there(load_relations([ada, bob], "ships"))
    assert [[ship.name for ship in each.ships] for each in (ada, bob)] == [["Argo", "Beagle"], ["Erebus"]]
    with pytest.raises(UsageError, match="of the databases other, default"):
        there(bulk_update(PERSON, [ada, bob], ["age"]))
