"""A relation that names its way back adds it to the target, whenever that comes."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.has import HasMany, HasOne
from asok_engine.records.relations.many_to_many import ManyToMany
from tests.engine.records.driver import Driver

pytestmark = pytest.mark.usefixtures("no_other_models")


def test_way_back_is_there_whichever_model_comes_first() -> None:
    """Many, or one where the key is unique; a pivot is turned round."""

    class Chapter(Record):
        id: int
        title = String()
        book_id = ForeignKey("Book", related_name="chapters")
        parent_id = ForeignKey("self", related_name="sections", nullable=True)
        words = ManyToMany["list[Word]"]("Word", related_name="chapters")

    class Book(Record):
        id: int
        name = String()

    class Cover(Record):
        id: int
        book_id = ForeignKey(Book, unique=True, related_name="cover")
        other_id = ForeignKey(Book, related_name="+", nullable=True)

    class Word(Record):
        id: int
        text = String()

    assert isinstance(Book.__description__.relations["chapters"], HasMany)
    assert isinstance(Book.__description__.relations["cover"], HasOne)
    assert Book.__description__.relations.keys() == {"chapters", "cover"}
    driver = Driver(Book, Word, Chapter, Cover)
    book, word = driver.save(Book(name="b"), Word(text="w"))
    chapter = driver.save(Chapter(title="c", book=book))
    driver.save(Chapter(title="d", book=book, parent=chapter), Cover(book=book))
    driver.connection.execute("INSERT INTO chapter_word VALUES (1, 1)")
    assert [each.title for each in book.chapters] == ["c", "d"]
    assert [each.title for each in chapter.sections] == ["d"]
    assert book.cover.book_id == book.id
    assert word.chapters == [chapter]
    assert chapter.words == [word]
    assert len(driver.fetch(Query(Word.__description__).where(chapters__title="c"))) == 1
    assert Word.__description__.relations["chapters"].tables()[0].name == "chapter_word"


def test_name_that_is_taken_is_told_or_left() -> None:
    """A field or another way back is an error; a relation of the target's own stays."""

    class Room(Record):
        id: int
        size = String()
        doors = HasMany["list[Door]"]("Door", "room_id")

    class Door(Record):
        room_id = ForeignKey(Room, related_name="doors")

    assert Room.__description__.relations["doors"].__class__ is HasMany
    with pytest.raises(SetupError, match="another related_name"):

        class Window(Record):
            room_id = ForeignKey(Room, related_name="size")

    class Lamp(Record):
        room_id = ForeignKey(Room, related_name="things")

    with pytest.raises(SetupError, match="lead back"):

        class Chair(Record):
            room_id = ForeignKey(Room, related_name="things")

    assert Door.__name__ + Lamp.__name__ == "DoorLamp"


def test_model_that_is_made_again_takes_the_place() -> None:
    """A development server loads modules again."""

    class Shelf(Record):
        id: int

    def make() -> type[Record]:
        class Item(Record):
            shelf_id = ForeignKey(Shelf, related_name="items")

        return Item

    first = make()
    second = make()
    assert first is not second
    assert Shelf.__description__.relations["items"].target.model is second


def test_abstract_model_leads_nobody_back() -> None:
    """Its heirs do, each under a name of its own."""

    class Owner(Record):
        id: int

    class Owned(Record):
        owner_id = ForeignKey(Owner, related_name="%(class)s_list")
        __abstract__ = True

    class Cat(Owned):
        pass

    class Dog(Owned):
        pass

    assert Owner.__description__.relations.keys() == {"cat_list", "dog_list"}
    assert Cat.__name__ + Dog.__name__ == "CatDog"


def test_two_keys_of_one_model_need_two_names_for_the_way_back() -> None:
    """The second would silently take the place of the first."""

    class Wharf(Record):
        id: int

    with pytest.raises(SetupError, match="related_name"):

        class Ferry(Record):
            id: int
            home_id = ForeignKey(Wharf, related_name="ferries")
            away_id = ForeignKey(Wharf, related_name="ferries")
