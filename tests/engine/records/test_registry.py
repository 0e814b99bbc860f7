"""Models are found by full names, and by short ones where these are clear."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record
from asok_engine.records.registry import Registry, full_name, registry


def test_model_beside_the_asking_one_is_meant() -> None:
    """Two applications may both have a model Person."""

    class Person(Record):
        pass

    class Asking(Record):
        pass

    def elsewhere() -> type[Record]:
        class Person(Record):
            pass

        return Person

    other = elsewhere()
    assert registry.get("Person", Asking) is Person
    assert registry.get(full_name(other)) is other
    with pytest.raises(SetupError, match="ambiguous"):
        registry.get("Person")


def test_unknown_model_is_told_with_the_known_ones() -> None:
    """The usual reason is a module that nobody imported."""
    with pytest.raises(SetupError, match="Import the module"):
        registry.get("NoSuchModel")
    assert Registry().lookup("NoSuchModel") is None


def test_unknown_model_is_told_with_who_names_it_and_what_was_meant() -> None:
    """A short slip, a table in the place of its model; abstract models are not among the known."""

    class Ground(Record):
        __abstract__ = True

    class Walking(Ground):
        name = String(5)

    with pytest.raises(
        SetupError, match=r"'Walkin', which Walking names;.*Did you mean 'Walking'\?"
    ) as caught:
        registry.get("Walkin", Walking)
    assert "Ground" not in str(caught.value)
    with pytest.raises(SetupError, match="It is the table of Walking; write the name of the model"):
        registry.get("walkings")


def test_one_who_waits_for_a_model_is_asked_again() -> None:
    """A relation may be declared before its target."""
    asked: list[int] = []
    own = Registry()

    def settle() -> bool:
        asked.append(1)
        return len(asked) == 2

    own.when_known(settle)
    own.settle()
    own.settle()
    assert len(asked) == 2


def test_abstract_models_have_no_place_among_the_tables() -> None:
    """Migrations and the admin see real tables only."""

    class Base(Record):
        __abstract__ = True

    class Real(Base):
        pass

    models = registry.models()
    assert Real in models
    assert Base not in models


def test_model_can_be_forgotten() -> None:
    """One that took its place under the same name stays; nobody finds the other one any more."""

    class Passing(Record):
        name = String(5)

    assert registry.lookup("Passing") is Passing
    registry.remove(Passing)
    assert registry.lookup("Passing") is None
    registry.remove(Passing)


def test_model_is_found_by_its_table() -> None:
    """As long as it is there, also after another one was made."""

    class Standing(Record):
        name = String(5)

    assert registry.of_table("standings") is Standing

    class Lying(Record):
        name = String(5)

    assert registry.of_table("lyings") is Lying
    assert registry.of_table("standings") is Standing
    assert registry.of_table("nothing_at_all") is None


def test_what_a_name_meant_is_forgotten_with_the_next_model() -> None:
    """A look-up that was answered before sees the model that makes the name ambiguous, and the one that is gone."""

    class Twin(Record):
        name = String(5)

    first = Twin
    assert registry.lookup("Twin") is registry.lookup("Twin") is first
    other = type("Twin", (Record,), {"name": String(5), "__module__": "elsewhere"})
    with pytest.raises(SetupError, match="ambiguous"):
        registry.lookup("Twin")
    registry.remove(other)
    assert registry.lookup("Twin") is first
    registry.remove(first)
    assert registry.lookup("Twin") is None
