"""Records joined by a pivot, whose table and columns are named after both sides."""

from __future__ import annotations

from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.many_to_many import ManyToMany
from tests.engine.records.blog import Post, Tag, blog
from tests.engine.records.driver import Driver


def test_both_sides_share_one_pivot() -> None:
    """Named in alphabetical order, with a key over both columns and foreign keys that cascade."""
    of_post = Post.__description__.relations["tags"].tables()[0]
    assert of_post.name == "post_tag"
    assert set(of_post.column_names) == {"post_id", "tag_id"}
    assert Tag.__description__.relations["posts"].tables()[0].name == "post_tag"
    assert {key.on_delete for key in of_post.foreign_keys} == {"cascade"}


def test_records_come_to_everyone_who_has_them() -> None:
    """A tag of two posts stands with both."""
    driver = blog()
    posts = driver.fetch(Query(Post.__description__).include("tags").order_by("id"))
    assert [[tag.name for tag in post.tags] for post in posts] == [["python", "sql"], [], ["python"], []]
    assert not hasattr(posts[0].tags[0], "__beside")


def test_query_of_one_record() -> None:
    """Narrowed before it is read."""
    driver = blog()
    post = driver.fetch(Query(Post.__description__).where(id=1))[0]
    tags = Post.__description__.relations["tags"].query(post)
    assert [tag.name for tag in driver.fetch(tags.where(name__startswith="s"))] == ["sql"]


def test_pivot_may_be_a_model() -> None:
    """With fields of its own; the relation brings no table then."""

    class Actor(Record):
        id: int
        name = String()
        films = ManyToMany["list[Film]"]("Film", through="Role")

    class Film(Record):
        id: int
        name = String()
        actors = ManyToMany["list[Actor]"](Actor, through="Role")

    class Role(Record):
        actor_id = ForeignKey(Actor)
        film_id = ForeignKey(Film)
        salary = Integer(default=0)

    driver = Driver(Actor, Film, Role)
    actor, film = driver.save(Actor(name="a"), Film(name="f"))
    driver.save(Role(actor_id=1, film_id=1))
    assert Actor.__description__.relations["films"].tables() == ()
    assert actor.films == [film]
    assert film.actors == [actor]


def test_model_may_relate_to_itself() -> None:
    """The columns say from whom and to whom."""

    class Person(Record):
        id: int
        name = String()
        friends = ManyToMany["list[Person]"]("self")

    table = Person.__description__.relations["friends"].tables()[0]
    assert table.column_names == ("from_person_id", "to_person_id")
    driver = Driver(Person)
    ada, bob = driver.save(Person(name="Ada"), Person(name="Bob"))
    driver.connection.execute("INSERT INTO person_person VALUES (1, 2)")
    assert ada.friends == [bob]
    assert bob.friends == []
    assert [
        person.id for person in driver.fetch(Query(Person.__description__).where(friends__name="Bob"))
    ] == [1]
