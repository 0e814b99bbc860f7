"""Signals tell functions of saves and deletions, of one model or of all."""

from __future__ import annotations

from typing import Any

from asok_engine.records.fields.text import String
from asok_engine.records.plans.delete import delete
from asok_engine.records.record import Record
from asok_engine.records.signals import Signal, post_delete, post_save, pre_delete, pre_save
from tests.engine.records.driver import Driver


class Thing(Record):
    """Something with a name."""

    id: int
    name = String()


class Other(Record):
    """Something else."""

    id: int
    name = String()


def test_receivers_hear_of_their_model() -> None:
    """Before and after, with whether the record is being made."""
    heard: list[tuple[Any, ...]] = []

    def note(name: str) -> Any:
        return lambda sender, instance, **more: heard.append((name, sender, instance.name, more))

    signals = {"pre": pre_save, "post": post_save, "gone": pre_delete, "away": post_delete}
    notes = {name: note(name) for name in signals}
    for name, signal in signals.items():
        signal.connect(notes[name], Thing)
    try:
        driver = Driver(Thing, Other)
        thing, other = driver.save(Thing(name="a"), Other(name="x"))
        thing.name = "b"
        driver.save(thing)
        driver.run(delete(thing))
        driver.run(delete(other))
    finally:
        for name, signal in signals.items():
            assert signal.disconnect(notes[name], Thing)
    assert heard == [
        ("pre", Thing, "a", {"created": True}),
        ("post", Thing, "a", {"created": True}),
        ("pre", Thing, "b", {"created": False}),
        ("post", Thing, "b", {"created": False}),
        ("gone", Thing, "b", {}),
        ("away", Thing, "b", {}),
    ]


def test_decorator_connects_for_some_models_or_all() -> None:
    """A function that is connected twice is called once."""
    signal = Signal("made")

    @signal(Thing, Other)
    def some(sender: type, **_: object) -> None:
        """Hear of two models."""

    @signal()
    def all_of_them(sender: type, **_: object) -> None:
        """Hear of everything."""

    signal.connect(all_of_them)
    assert signal.receivers(Thing) == [some, all_of_them]
    assert signal.receivers(Record) == [all_of_them]
    assert not signal.disconnect(some)
    assert signal
    assert repr(signal) == "<Signal made, 3 receivers>"


def test_bound_method_is_held_weakly() -> None:
    """An object that is gone hears nothing and is kept by nobody."""

    class Listener:
        def hear(self, sender: type, **_: object) -> None:
            """Hear."""

    signal, listener = Signal("made"), Listener()
    signal.connect(listener.hear)
    assert len(signal.receivers(Thing)) == 1
    del listener
    assert signal.receivers(Thing) == []
