"""Events of models: told after the commit, of every way to write, and for nothing where nobody listens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asok.orm.model import Model
from asok_engine.database.blocks import Block
from asok_engine.database.databases import databases
from asok_engine.records.events import ModelEvent, ModelEvents, model_events
from asok_engine.records.plans.save import save
from asok_engine.records.steps import Plan
from tests.asok.orm.blog import Comment, Note, Person, Post, Tag, create_tables

Heard = list[tuple[str, str, tuple[Any, ...], tuple[str, ...]]]


@pytest.fixture
def blog(database_url: str) -> Iterator[None]:
    """The tables of the blog, on every kind of database."""
    create_tables(database_url)
    yield
    databases.close()


@pytest.fixture
def listen() -> Iterator[Callable[..., Heard]]:
    """Listen to models, all without any; give the list of what is heard."""
    heard: Heard = []

    def note(event: ModelEvent) -> None:
        heard.append((event.model.__name__, event.kind, event.keys, event.names))

    def begin(*models: type) -> Heard:
        model_events.listen(note, *models)
        return heard

    yield begin
    model_events.unlisten(note)


@pytest.mark.usefixtures("blog")
def test_saves_and_deletions_are_told(listen: Callable[..., Heard]) -> None:
    """With the key, and the names of what has changed; nothing changed is nothing told."""
    heard = listen(Tag)
    tag = Tag.create(name="red")
    tag.save()
    tag.update(name="blue")
    tag.delete()
    Person.create(name="Ada", email="ada@example.org")
    assert heard == [
        ("Tag", "created", (tag.id,), ()),
        ("Tag", "updated", (tag.id,), ("name",)),
        ("Tag", "deleted", (tag.id,), ()),
    ]


@pytest.mark.usefixtures("blog")
def test_soft_deletion_is_one_and_restoring_makes_again(listen: Callable[..., Heard]) -> None:
    """Who does not see what is softly deleted sees it come and go."""
    heard = listen(Note)
    note = Note.create(text="a")
    note.delete()
    note.restore()
    Note.where(text="a").delete()
    Note.where(text="a").restore()
    note.refresh().force_delete()
    assert [kind for _, kind, _, _ in heard] == [
        "created", "deleted", "created", "deleted", "created", "deleted"
    ]  # fmt: skip
    assert {keys for _, _, keys, _ in heard} == {(note.id,)}


@pytest.mark.usefixtures("blog")
def test_many_at_once_are_one_event(listen: Callable[..., Heard]) -> None:
    """In bulk the keys are told together, as far as they are known."""
    heard = listen(Tag)
    tags = Tag.bulk_create([{"name": "a"}, {"name": "b"}, {"name": "c"}])
    keys = tuple(tag.id for tag in tags)
    for tag in tags:
        tag.name += "!"
    Tag.bulk_update(tags, ["name"])
    Tag.where("name", "!=", "c!").update(name=Tag.name)
    Tag.where(name="nobody").update(name="x")
    Tag.where_in("id", keys[:2]).delete()
    assert heard[0] == ("Tag", "created", keys, ())
    assert heard[1] == ("Tag", "updated", keys, ("name",))
    assert heard[2] == ("Tag", "updated", keys[:2], ("name",))
    assert [(kind, gone) for _, kind, gone, _ in heard[3:]] == [
        ("deleted", (keys[0],)),
        ("deleted", (keys[1],)),
    ]


@pytest.mark.usefixtures("blog")
def test_rows_that_go_with_others_are_told(listen: Callable[..., Heard]) -> None:
    """What the database would delete or empty by its own constraints is told where somebody listens."""
    ada = Person.create(name="Ada", email="ada@example.org")
    post = Post.create(title="a", person_id=ada.id)
    comment = Comment.create(text="b", post_id=post.id)
    heard = listen(Post, Comment)
    ada.delete()
    assert sorted(heard) == [
        ("Comment", "deleted", (comment.id,), ()),
        ("Post", "deleted", (post.id,), ()),
    ]
    assert (Post.count(), Comment.count()) == (0, 0)


@pytest.mark.usefixtures("blog")
def test_change_of_very_many_rows_names_no_keys(
    listen: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hears of it looks at everything again."""
    monkeypatch.setattr("asok_engine.records.plans.change.MOST_TOLD", 2)
    Tag.bulk_create([{"name": "a"}, {"name": "b"}, {"name": "c"}])
    heard = listen(Tag)
    Tag.query().order_by("-name").limit(2).update(name=Tag.name)
    Tag.query().update(name=Tag.name)
    assert [len(keys) for _, _, keys, _ in heard] == [2, 0]


@pytest.mark.usefixtures("blog")
def test_nothing_is_told_before_the_commit_and_after_a_rollback(listen: Callable[..., Heard]) -> None:
    """What is not there was not made."""
    heard = listen()
    with Person.transaction():
        Person.create(name="Ada", email="ada@example.org")
        assert heard == []
    assert [kind for _, kind, _, _ in heard] == ["created"]
    block = Block("default", "", True)
    block.begin()
    Person.create(name="Bob", email="bob@example.org")
    block.end(ValueError())
    assert len(heard) == 1


@pytest.mark.usefixtures("blog")
def test_listener_that_fails_stops_nobody(
    listen: Callable[..., Heard], caplog: pytest.LogCaptureFixture
) -> None:
    """The deed is done; the failure is logged."""

    def fail(event: ModelEvent) -> None:
        raise RuntimeError("no ears")

    model_events.listen(fail, "Tag")
    try:
        heard = listen(Tag)
        with caplog.at_level(logging.ERROR, "asok.events"):
            assert Tag.create(name="red").id
    finally:
        model_events.unlisten(fail)
    assert len(heard) == 1
    assert "no ears" in caplog.text


def test_models_are_listened_to_by_class_base_and_name() -> None:
    """A listener hears once, however many of its wishes an event meets."""
    events, heard = ModelEvents(), []
    assert not events
    assert not events.wants(Tag)
    events.listen(heard.append, Tag, "Tag")
    assert events.wants(Tag)
    assert not events.wants(Post)
    events.happened(ModelEvent(Tag, "created", (1,)))
    events.happened(ModelEvent(Post, "created", (1,)))
    assert [event.model for event in heard] == [Tag]
    events.listen(heard.append, Model)
    events.happened(ModelEvent(Tag, "created", (2,)))
    events.happened(ModelEvent(Post, "created", (2,)))
    assert [(event.model, *event.keys) for event in heard] == [(Tag, 1), (Tag, 2), (Post, 2)]
    events.unlisten(heard.append)
    assert not events


def test_nobody_listening_adds_no_step() -> None:
    """The plan of a save yields its statement and nothing else."""

    def steps(plan: Plan[Any]) -> int:
        count, answer = 0, None
        while True:
            try:
                plan.send(answer)
            except StopIteration:
                return count
            count, answer = count + 1, 1

    assert not model_events
    assert steps(save(Tag(name="red"))) == 1
    model_events.listen(print, Post)
    try:
        assert steps(save(Tag(name="red"))) == 1
        model_events.listen(print, Tag)
        assert steps(save(Tag(name="red"))) == 2
    finally:
        model_events.unlisten(print)
