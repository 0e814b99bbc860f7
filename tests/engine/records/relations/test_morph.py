"""Relations to records of several models go by a name and a key."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.fields.text import String, Text
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.morph import MorphMany, MorphOne, MorphTo
from tests.engine.records.driver import Driver


class Photo(Record):
    """Something to remark on."""

    id: int
    name = String()
    remarks = MorphMany["list[Remark]"]("Remark", "subject")
    cover = MorphOne["Remark | None"]("Remark", "subject")

    class Meta:
        morph_name = "photo"


class Song(Record):
    """Something else to remark on."""

    id: int
    name = String()
    remarks = MorphMany["list[Remark]"]("Remark", "subject")


class Remark(Record):
    """A remark on anything."""

    id: int
    text = Text()
    subject = MorphTo["Photo | Song | None"]()


def filled() -> Driver:
    """Make remarks on a photo and a song of the same key."""
    driver = Driver(Photo, Song, Remark)
    photo, song = driver.save(Photo(name="p"), Song(name="s"))
    driver.save(
        Remark(text="a", subject=photo), Remark(text="b", subject=song), Remark(text="c", subject=song)
    )
    driver.save(Remark(text="d"))
    driver.texts.clear()
    return driver


def test_target_is_of_any_model() -> None:
    """Read model by model for all remarks at once."""
    driver = filled()
    remarks = driver.fetch(Query(Remark.__description__).order_by("id"))
    assert [type(remark.subject).__name__ for remark in remarks] == ["Photo", "Song", "Song", "NoneType"]
    assert len(driver.texts) == 3
    assert (remarks[0].subject_type, remarks[0].subject_id) == ("photo", 1)


def test_way_back_finds_its_own_only() -> None:
    """A photo and a song may have the same key."""
    driver = filled()
    photo = driver.fetch(Query(Photo.__description__).include("remarks"))[0]
    assert [remark.text for remark in photo.remarks] == ["a"]
    assert photo.cover.text == "a"
    song = driver.fetch(Query(Song.__description__))[0]
    assert [remark.text for remark in song.remarks] == ["b", "c"]
    assert len(driver.fetch(Song.__description__.relations["remarks"].query(song))) == 2
    assert len(driver.fetch(Query(Song.__description__).where(remarks__text="a"))) == 0
    assert len(driver.fetch(Query(Photo.__description__).where(remarks__text="a"))) == 1


def test_fields_and_object_follow_each_other() -> None:
    """A target that was saved later gives its key."""
    driver = filled()
    song = Song(name="later")
    remark = Remark(text="x", subject=song)
    driver.save(song)
    driver.save(remark)
    assert (remark.subject_type, remark.subject_id) == ("Song", song.id)
    assert remark.subject is song
    remark.subject_id = 1
    assert remark.subject.name == "s"
    remark.subject = None
    assert (remark.subject_type, remark.subject_id, remark.subject) == (None, None, None)


def test_name_of_no_model_is_told() -> None:
    """A row may name a model that is gone."""
    driver = filled()
    remark = driver.save(Remark(text="x", subject_type="NoSuchThing", subject_id=1))
    with pytest.raises(SetupError, match="no model 'NoSuchThing'"):
        _ = remark.subject
    driver.connection.execute("UPDATE remarks SET subject_id = 99 WHERE id = 1")
    lost = driver.fetch(Query(Remark.__description__).where(id=1))[0]
    assert lost.subject is None
    assert lost.subject is None
