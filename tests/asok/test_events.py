"""`events`: functions of this process hear by name of models' changes, and of what is the project's own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.events import Events
from asok_engine.errors import UsageError
from asok_engine.records.events import ModelEvent, model_events
from tests.asok.orm.blog import Note, Tag, create_tables


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Events]:
    """A bus of the test's own, and the tables of the blog."""
    create_tables(f"sqlite:///{tmp_path / 'blog.sqlite3'}")
    made = Events()
    yield made
    for name in list(made._functions):
        made.off(name)
    assert not model_events


def test_models_are_heard_by_kind_name_and_key(events: Events) -> None:
    """`saved` is created or updated; nothing else of other models or keys is heard."""
    heard: list[tuple[str, str]] = []

    def note(name: str) -> None:
        @events.on(name)
        def hear(event: ModelEvent) -> None:
            heard.append((name, event.kind))

    for name in (
        "model:saved",
        "model:Tag:created",
        "model:Tag:1:updated",
        "model:Tag:2:updated",
        "model:deleted",
    ):
        note(name)
    tag = Tag.create(name="red")
    assert tag.id == 1
    assert heard == [("model:Tag:created", "created"), ("model:saved", "created")]
    heard.clear()
    tag.update(name="blue")
    Note.create(text="x")
    tag.delete()
    assert sorted(heard) == [
        ("model:Tag:1:updated", "updated"),
        ("model:deleted", "deleted"),
        ("model:saved", "created"),
        ("model:saved", "updated"),
    ]


def test_own_events_carry_what_they_are_given(events: Events, caplog: pytest.LogCaptureFixture) -> None:
    """In the order of connection; one that fails is logged and stops nobody."""
    heard: list[Any] = []

    def fail(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("not today")

    events.on("order:paid", fail)
    events.on("order:paid", lambda number, by: heard.append((number, by)))
    events.on("order:paid", heard.append)
    with caplog.at_level(logging.ERROR, "asok.events"):
        events.emit("order:paid", 7, by="card")
    assert heard == [(7, "card")]
    assert "not today" in caplog.text
    events.off("order:paid", heard.append)
    events.off("order:paid", fail)
    events.emit("order:paid", 8, by="cash")
    assert heard == [(7, "card"), (8, "cash")]
    events.off("order:paid")
    events.emit("order:paid", 9, by="cash")
    assert len(heard) == 2


def test_nobody_listens_after_off(events: Events) -> None:
    """A model that nobody hears of any more costs nothing; the others are heard on."""
    heard: list[Any] = []
    events.on("model:Tag:created", heard.append)
    events.on("model:Note:created", heard.append)
    events.off("model:Tag:created", heard.append)
    assert not model_events.wants(Tag)
    assert model_events.wants(Note)
    Tag.create(name="red")
    Note.create(text="x")
    assert [event.model for event in heard] == [Note]


def test_slips_are_said(events: Events) -> None:
    """A name that no model's event has, and a function that nothing would await."""
    for name in ("model:", "model:Tag", "model:Tag:made", "model::created", "model:a:b:c:created"):
        with pytest.raises(UsageError, match="There is no event"):
            events.on(name, print)

    async def later(event: ModelEvent) -> None:
        return None

    with pytest.raises(UsageError, match="nothing awaits"):
        events.on("model:created", later)
